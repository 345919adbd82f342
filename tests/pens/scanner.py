"""A simulated scanner: a drawn card, seen through other eyes, on a glass, in a file.

What it shares with plotbot is the plan, nothing else: lines are drawn by resvg, inks are spectra
(tests/pens/inks.py), light strays in the paper by another law than plotbot's (the transfer function
1 / (1 + (2πdf)²) that Inoue, Tsumura and Miyake measured on papers, J. Imaging Sci. Technol. 41, 657, 1997),
and the scanner sees by its own sensitivities, through a matrix to sRGB that its maker fitted to others.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import resvg_py
from PIL import Image
from scipy.fft import dctn, idctn
from scipy.ndimage import gaussian_filter, map_coordinates

from plotbot.plan.model import Pass, Plan
from tests.pens.inks import Eyes, Floats, encoded, spectrum, usual_eyes

_FLAT: dict[object, Floats] = {}
"""Sheets that were seen before: the same one is scanned in many ways."""

FLAT_PX_PER_MM = 18.0


@dataclass(frozen=True)
class Scanner:
    """dpi; rotation in degrees; skew: how much shorter the far side looks; blur in mm; noise and
    vignetting as shares of white; exposure: encoded white; spread: of light in the paper, mm. eyes:
    others than the usual ones of the kind. inks, paper: spectra, other than the smoothest of their Labs.
    takes: how much of an ink stays where it is drawn on another, by (under, over): 1 unless given."""

    kind: str = "ccd"
    eyes: Eyes | None = None
    inks: Mapping[str, Floats] = field(default_factory=dict)
    paper: Floats | None = None
    dpi: float = 300
    rotation: float = 1.3
    skew: float = 0.0
    blur: float = 0.03
    noise: float = 0.006
    vignetting: float = 0.04
    exposure: float = 0.86
    spread: float = 0.06
    tint: tuple[float, float, float] = (1.01, 1.0, 0.97)
    seed: int = 7
    widths: dict[str, float] = field(default_factory=dict)
    takes: dict[tuple[str, str], float] = field(default_factory=dict)

    def scan(self, plan: Plan) -> np.ndarray[Any, np.dtype[np.uint8]]:
        """The file a person gets, sRGB [H, W, 3]."""
        linear = self.on_glass(plan)
        rng = np.random.default_rng(self.seed)
        linear = linear * (1 + rng.normal(0, self.noise, linear.shape)) + rng.normal(
            0, self.noise / 4, linear.shape
        )
        return np.rint(encoded(linear) * 255).astype(np.uint8)

    def on_glass(self, plan: Plan) -> Floats:
        """Linear sRGB, as this scanner's maker means it, of the turned sheet on a dark glass."""
        flat_per_mm = FLAT_PX_PER_MM
        key = (plan.hash, self.kind, self.spread, *self.widths.items(), *self.takes.items())
        if self.eyes is not None or self.inks or self.paper is not None:
            flat = self.flat(plan)
        elif key in _FLAT:
            flat = _FLAT[key]
        else:
            flat = _FLAT[key] = self.flat(plan)
        height, width = flat.shape[:2]
        per_mm = self.dpi / 25.4
        room = 6.0
        angle = np.deg2rad(self.rotation)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        size_mm = np.array([width, height]) / flat_per_mm
        reach = np.abs(turn) @ size_mm / 2 + room
        columns, rows = (int(side * 2 * per_mm) for side in reach)
        y, x = np.mgrid[0:rows, 0:columns] / per_mm
        centred = np.stack([x - reach[0], y - reach[1]])
        # A sheet that is lifted on one side is seen in perspective.
        depth = 1 + self.skew * centred[1] / reach[1]
        on_sheet = np.tensordot(turn.T, centred * depth, axes=1) + size_mm[:, None, None] / 2
        where = [on_sheet[1] * flat_per_mm - 0.5, on_sheet[0] * flat_per_mm - 0.5]
        sigma = np.hypot(self.blur, 0.3 / per_mm) * flat_per_mm
        picture = np.empty((rows, columns, 3))
        falloff = 1 - self.vignetting * ((centred[0] / reach[0]) ** 2 + (centred[1] / reach[1]) ** 2) / 2
        for band in range(3):
            soft = gaussian_filter(flat[..., band], sigma, mode="nearest")
            picture[..., band] = map_coordinates(soft, where, order=1, cval=0.02)
            picture[..., band] *= self.exposure**2.2 * falloff * self.tint[band]
        return picture

    def flat(self, plan: Plan) -> Floats:
        """The flat sheet, linear sRGB [H, W, 3] relative to a perfect white: every mixture of inks is one
        colour to the scanner, and light strays between them."""
        eyes = self.eyes or usual_eyes(self.kind)
        paper = spectrum(plan.paper_lab) if self.paper is None else self.paper
        # Where pens meet, the parts of a point under none, one, two, … of them.
        parts: list[tuple[Floats, Floats, str]] = []
        for one in plan.passes:
            cover = coverage(one, self.widths.get(one.pen.id, one.pen.width_mm), plan)
            film = self.inks.get(one.pen.id, spectrum(one.pen.lab)) / paper
            grown = []
            for weight, light, top in parts or [(np.ones(cover.shape, np.float32), paper, "")]:
                both = weight * cover
                if both.any():
                    hidden = one.pen.opacity * paper + (1 - one.pen.opacity) * light
                    taken = film ** self.takes.get((top, one.pen.id), 1.0)
                    grown.append((both, hidden * taken, one.pen.id))
                grown.append((weight - both, light, top))
            parts = grown
        # Light goes in through the root of an ink, strays, and comes out through one.
        strayed = [_stray(weight, self.spread * FLAT_PX_PER_MM) for weight, _, _ in parts]
        total = np.zeros((*parts[0][0].shape, 3), np.float32)
        for inside, (weight, light, _) in enumerate(parts):
            for outside, (_, other, _) in enumerate(parts):
                product = weight * strayed[outside] if self.spread else weight * (inside == outside)
                if product.max() > 1e-4:
                    colour = eyes.linear(np.sqrt(light * other)).astype(np.float32)
                    for band in range(3):
                        total[..., band] += colour[band] * product
        return np.asarray(np.clip(total, 0, None))


def coverage(one: Pass, width_mm: float, plan: Plan) -> Floats:
    """Share [H, W] of every pixel that a pen's lines, so wide and with round ends, cover: by resvg."""
    width, height = (round(side * FLAT_PX_PER_MM) for side in (plan.paper.width, plan.paper.height))
    path = "".join("M" + " ".join(f"{x:.4f},{y:.4f}" for x, y in stroke.mm) for stroke in one.strokes)
    picture = resvg_py.svg_to_bytes(
        svg_string=f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width / FLAT_PX_PER_MM} {height / FLAT_PX_PER_MM}"><path fill="none" stroke="#000" '
        f'stroke-linecap="round" stroke-linejoin="round" stroke-width="{width_mm}" d="{path}"/></svg>'
    )
    with Image.open(io.BytesIO(bytes(picture))) as drawn:
        return np.asarray(drawn.getchannel("A"), dtype=np.float32) / 255


def _stray(part: Floats, spread_px: float) -> Floats:
    down = np.arange(part.shape[0])[:, None] / (2 * part.shape[0])
    across = np.arange(part.shape[1])[None, :] / (2 * part.shape[1])
    transfer = (1 / (1 + (2 * np.pi * spread_px) ** 2 * (down**2 + across**2))).astype(np.float32)
    return np.asarray(idctn(dctn(part) * transfer))
