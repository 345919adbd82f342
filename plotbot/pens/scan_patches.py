"""Light of a card's patches relative to its paper, and whether the scan can be trusted at all."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.ink.spaces import delta_e00, lab_to_rec2020, rec2020_to_lab, rec2020_to_linear_srgb
from plotbot.pens.chart import Card, Patch
from plotbot.pens.scan_markers import Placed

__all__ = ["PROFILE", "Seen", "see_patches"]

Floats = npt.NDArray[Any]

PROFILE = 48
"""Samples of a ladder's mean period."""

_INSET_MM = 1.2
"""Left out along a patch's edges: tips of different pens sit up to half a millimetre apart."""

_INK_FREE_MM = 1.3
_CLIPPED_WHITE, _CLIPPED_BLACK = 0.9985, 0.0004
_DARKEST_PAPER = 0.12
_MOST_UNEVEN = 0.05
_MOST_CAST_DE = 18.0


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A patch on a scan. relative: its mean light relative to the paper, linear Rec.2020 [3]. uneven: ΔE00
    between its quarters. clipped: share of it that is black to the scanner in some band. profile: of a
    ladder, one period of it, [samples, 3] from the middle of a line on."""

    patch: Patch
    relative: Floats
    uneven: float
    clipped: float
    profile: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Surface:
    """A smooth light over the card: coefficients [6, 3] of a second-order polynomial around `middle`."""

    coefficients: Floats
    middle: Floats

    @classmethod
    def fit(cls, points: Floats, light: Floats, middle: Floats) -> _Surface:
        return cls(np.linalg.lstsq(_terms(points - middle), light, rcond=None)[0], middle)

    def at(self, points: Floats) -> Floats:
        return np.asarray(_terms(points - self.middle) @ self.coefficients)


def _terms(points: Floats) -> Floats:
    x, y = (points / 100).T
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def see_patches(placed: Placed, card: Card, paper_lab: tuple[float, float, float]) -> list[Seen]:
    """Measure all patches of a card; raises `BadInput` for a scan whose light cannot be trusted."""
    paper = _paper_light(placed, card, paper_lab)
    seen = [_see(placed, patch, paper, paper_lab) for patch in card.patches]
    solids = [one for one in seen if one.patch.kind == "solid"]
    blackest = min(solids, key=lambda one: one.relative.sum())
    if blackest.clipped > 0.5 and (blackest.relative < 0.004).all():
        raise BadInput(
            f"Pen {blackest.patch.pen} is pure black on the scan: the shadows are clipped. Scan again with "
            "all automatic corrections of contrast and colour switched off."
        )
    return seen


def _paper_light(placed: Placed, card: Card, paper_lab: tuple[float, float, float]) -> _Surface:
    """The bare paper's light over the card."""
    points = _bare_points(card)
    offsets = np.stack(np.meshgrid(*[np.linspace(-0.3, 0.3, 5)] * 2), axis=-1).reshape(-1, 2)
    light = placed.at(points[:, None] + offsets)
    inside = np.isfinite(light).all(axis=(1, 2))
    points, light = points[inside], light[inside]
    if len(points) < 12:
        raise BadInput("Too little of the bare paper is on the scan; scan the whole card.")
    clipped = (rec2020_to_linear_srgb(light.astype(float)) >= _CLIPPED_WHITE).any(axis=-1).mean()
    if clipped > 0.02:
        raise BadInput(
            f"The paper is pure white in {clipped:.0%} of the scan, so its light is lost. Scan again with "
            "automatic exposure, contrast and colour switched off, or a little darker."
        )
    means = np.median(light, axis=1)
    if np.median(means) < _DARKEST_PAPER:
        raise BadInput(
            f"The paper is at {np.median(means):.0%} of white, too dark to measure on; scan again brighter."
        )
    keep = np.ones(len(points), dtype=bool)
    for _ in range(3):
        surface = _Surface.fit(points[keep], means[keep], card.markers.mean(axis=0))
        off = np.abs(surface.at(points) / means - 1).max(axis=1)
        limit = max(3 * float(np.median(off)), 0.01)
        keep = off < limit
    if np.median(off) > _MOST_UNEVEN or keep.mean() < 0.6:
        raise BadInput(
            "The light on the paper is uneven: a shadow, a fold or glare. Scan the card flat, under the lid."
        )
    middle = surface.at(card.markers.mean(axis=0)[None])[0]
    meant = lab_to_rec2020(np.array(paper_lab))
    cast = middle / meant * (meant.mean() / middle.mean())
    apart = float(delta_e00(rec2020_to_lab(meant * cast), np.array(paper_lab)))
    if apart > _MOST_CAST_DE:
        raise BadInput(
            f"The paper's colour is {apart:.0f} ΔE00 off what the pen file says of it: the scan has a colour "
            "cast, or it is another paper. Switch automatic colour off, or correct the paper's lab."
        )
    return surface


def _bare_points(card: Card) -> Floats:
    """Points of the card, 2 mm apart, that are well away from all ink."""
    from PIL import Image, ImageDraw  # noqa: PLC0415
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415

    per_mm = 4
    size = (math.ceil(card.paper.width * per_mm), math.ceil(card.paper.height * per_mm))
    sheet = Image.new("1", size, 1)
    pencil = ImageDraw.Draw(sheet)
    for _, points in card.strokes:
        pencil.line([(float(x) * per_mm, float(y) * per_mm) for x, y in points], fill=0)
    far = distance_transform_edt(np.asarray(sheet)) > _INK_FREE_MM * per_mm
    left, top = card.markers.min(axis=0) - 3
    right, bottom = card.markers.max(axis=0) + 3
    x, y = np.meshgrid(np.arange(left, right, 1.7), np.arange(top, bottom, 1.7))
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    at = np.minimum((points * per_mm).astype(int), np.array(size) - 1)
    bare = points[far[at[:, 1], at[:, 0]]]
    # A few thousand places say as much of a smooth surface as all of them.
    return np.asarray(bare[:: max(1, len(bare) // 3000)])


def _see(placed: Placed, patch: Patch, paper: _Surface, paper_lab: tuple[float, float, float]) -> Seen:
    left, top, right, bottom = patch.box
    inset = min(_INSET_MM, 0.22 * min(right - left, bottom - top))
    step = 0.7 / placed.px_per_mm
    x = np.arange(left + inset, right - inset, step)
    y = np.arange(top + inset, bottom - inset, step)
    points = np.stack(np.meshgrid(x, y), axis=-1)
    light = placed.at(points)
    if not np.isfinite(light).all():
        raise BadInput("A part of the card is beyond the edge of the scan; scan the whole card.")
    middle = np.array([[(left + right) / 2, (top + bottom) / 2]])
    relative = light / paper.at(middle)[0]
    clipped = float((rec2020_to_linear_srgb(light.astype(float)) < _CLIPPED_BLACK).any(axis=-1).mean())
    if patch.kind in ("solid", "repeat", "overprint"):
        rows, columns = len(y) // 2, len(x) // 2
        quarters = [
            np.median(part, axis=(0, 1))
            for half in (relative[:rows], relative[rows:])
            for part in (half[:, :columns], half[:, columns:])
        ]
        labs = rec2020_to_lab(np.array(quarters, dtype=float) * lab_to_rec2020(np.array(paper_lab)))
        uneven = float(delta_e00(labs, rec2020_to_lab(lab_to_rec2020(labs).mean(axis=0))).max())
        return Seen(patch, np.mean(relative, axis=(0, 1), dtype=float), uneven, clipped)
    across = np.mean(relative, axis=0, dtype=float)
    # A window that falls to nothing at both ends, so that a line more or less at an edge makes no odds.
    window = np.hanning(len(x) + 2)[1:-1, None]
    mean = (across * window).sum(axis=0) / window.sum()
    profile = _folded(x, across, patch.pitch_mm) if patch.kind == "lines" else None
    return Seen(patch, mean, 0.0, clipped, profile)


def _folded(x: Floats, across: Floats, pitch: float) -> Floats:
    """The mean period of a ladder, `PROFILE` samples of it [samples, 3] from the middle of a line on."""
    dark = across.mean() - across.mean(axis=1)
    window = np.hanning(len(x) + 2)[1:-1]
    phase = np.angle(np.sum(window * dark * np.exp(-2j * np.pi * x / pitch)))
    place = (x / pitch + phase / (2 * np.pi)) % 1 * PROFILE
    # Each sample goes to the two places it lies between, by its distance from them.
    low = np.floor(place).astype(int)
    share = place - low
    total, weight = np.zeros((PROFILE, 3)), np.zeros(PROFILE)
    for index, part in ((low % PROFILE, 1 - share), ((low + 1) % PROFILE, share)):
        np.add.at(total, index, across * part[:, None])
        np.add.at(weight, index, part)
    if (weight == 0).any():
        known = np.flatnonzero(weight)
        where = np.arange(PROFILE)
        return np.stack(
            [
                np.interp(where, known, (total[known, band] / weight[known]), period=PROFILE)
                for band in range(3)
            ],
            axis=1,
        )
    return np.asarray(total / weight[:, None])
