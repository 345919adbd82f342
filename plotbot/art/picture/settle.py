"""Settle the strokes of all pens together: the last step before a drawing is done.

Each pen's strokes were laid for its own share of the tone, and what they come to between them is grain:
here two pens pile up, there both left a gap. So ends of strokes move along their guides, short strokes go,
others come into gaps, and dots move, shrink and grow, whenever the drawing as seen from the viewing distance
gets nearer to what is wanted by that. It is the direct binary search of halftoning (Analoui and Allebach,
"Model-based halftoning using direct binary search", 1992) with strokes of real pens instead of pixels, in
colour, and on the paper of `plotbot.ink`: light that strays makes a lone line darker than the same ink in
a solid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.guides import Guides, compiled, sample
from plotbot.art.picture.judge import low_passed
from plotbot.art.picture.search import Sheet, search_dots, search_lines, stamp_discs, stamp_lines, workplace
from plotbot.art.picture.separation import colour_weights
from plotbot.ink.coverage import hatch_n, strayed
from plotbot.ink.film import film_to_lab
from plotbot.ink.sheet import InkedSheet
from plotbot.pens.ink_set import InkSet

__all__ = ["Dots", "Ground", "Lines", "settle"]

Floats = npt.NDArray[np.float64]

_REACH = 2.75
"""The view is cut off at so many sigmas."""

_VIEW_MM = 0.85
"""Sigma of the Gaussian through which the sheet is seen. Somewhat nearer than drawings are judged from: less
would let tones drift that the eye compares from afar."""

_ROUNDS = 5

_PRICE = 5.0
"""What a stroke more has to bring, and one less may cost, in ΔE00 squared times cells: about what one in
twenty brings. Fewer strokes are less time on the plotter."""

_AGAINST = 0.25
"""How far the share of the paper that is wanted may be under the rank of a guide that is drawn, or over that
of one that is not: lines stay as evenly spaced as they were laid."""

_FAINTEST = 0.012
"""Shares less than this are none."""


@dataclass(slots=True, eq=False)
class Lines:
    """Guides of one pen and where they are `drawn` [n], which settling changes. want: [H, W], the share of
    the paper to cover; least: of a stroke, in steps; bends: whether guides are not straight."""

    pen: int
    guides: Guides
    drawn: npt.NDArray[np.bool_]
    want: Floats
    least: int
    bends: bool


@dataclass(slots=True, eq=False)
class Dots:
    """Discs of one pen, middles [n, 2] and diameters [n] in mm, which settling changes; diameter 0 is none.
    sizes: those a dot may have, from small to large."""

    pen: int
    middles: Floats
    diameters: Floats
    sizes: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The sheet: cells, pens and what is wanted.

    fine: pixels to the side of a cell. goal: [H, W, 3], the film that is wanted. fixed: by the pen number in
    `inks`, fine pixels [H · fine, W · fine] that are inked whatever is settled.
    """

    cell_mm: float
    fine: int
    inks: InkSet
    goal: Floats
    fixed: Mapping[int, npt.NDArray[np.bool_]]

    @property
    def px_per_mm(self) -> float:
        """Fine pixels."""
        return self.fine / self.cell_mm

    @property
    def size_mm(self) -> Floats:
        """Width and height."""
        return np.array(self.goal.shape[1::-1]) * self.cell_mm


def settle(
    ground: Ground,
    marks: Sequence[Lines | Dots],
    most_ink: float,
    tell: Callable[[float], None] = lambda _share: None,
    price: float = 0.0,
) -> None:
    """Change marks so that the film seen from a distance comes as near to the goal as single changes bring
    it; places with more than `most_ink` layers get no more."""
    height, width = ground.goal.shape[:2]
    counts = [np.zeros((height * ground.fine, width * ground.fine), np.uint8) for _ in ground.inks.pens]
    for pen, inked in ground.fixed.items():
        counts[pen][inked] = 1
    for one in marks:
        if isinstance(one, Lines):
            radius = ground.inks.pens[one.pen].width_mm / 2 * ground.px_per_mm
            stamp_lines(
                one.guides.points, one.guides.offsets, one.drawn, radius, ground.px_per_mm, counts[one.pen]
            )
        else:
            stamp_discs(one.middles, one.diameters, ground.px_per_mm, counts[one.pen])
    sigma = _VIEW_MM / ground.cell_mm
    reach = max(1, math.ceil(_REACH * sigma))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    kernel = (kernel / kernel.sum()).astype(np.float32)
    goal = low_passed(ground.goal, sigma)
    weights = colour_weights(film_to_lab(goal, ground.inks.paper_lab).reshape(-1, 3))
    for turn in range(_ROUNDS):
        root, seen, shade, layers = _look(ground, counts)
        error = (low_passed(seen, sigma) - goal).astype(np.float32)
        metric = _metric(goal, error, weights, ground.inks.paper_lab)
        room = (most_ink - low_passed(layers[..., None], sigma, 0.0)[..., 0]).astype(np.float32)
        for number, one in enumerate(marks):
            tell((turn + number / len(marks)) / _ROUNDS)
            sheet = Sheet(
                counts[one.pen],
                root,
                shade,
                np.sqrt(ground.inks.films[one.pen]).astype(np.float32),
                np.float32(_kept(ground.inks.pens[one.pen].width_mm, ground.inks.spread_mm)),
                ground.fine,
                ground.px_per_mm,
                error,
                metric,
                kernel,
                room,
                np.float32(_PRICE + price),
                *workplace(_side(one, ground), len(kernel)),
            )
            _search(sheet, one, ground)


def _search(sheet: Sheet, one: Lines | Dots, ground: Ground) -> int:
    if isinstance(one, Dots):
        stride = ground.cell_mm / 2
        return search_dots(sheet, one.middles, one.diameters, one.sizes, ground.size_mm, stride)
    want = sample(one.want, one.guides.points, ground.cell_mm)
    rank = one.guides.rank[one.guides.owner]
    may, must = (want > _FAINTEST) & (rank < want + _AGAINST), rank < want - _AGAINST
    radius = ground.inks.pens[one.pen].width_mm / 2 * ground.px_per_mm
    longest = (len(sheet.patch) - 4) * ground.cell_mm - ground.inks.pens[one.pen].width_mm
    steps = int(longest / one.guides.step)
    return search_lines(
        sheet, one.guides.points, one.guides.offsets, one.drawn, may, must, one.least, steps, radius
    )


def _side(one: Lines | Dots, ground: Ground) -> int:
    """Cells that the largest change may touch."""
    longest = 1.5 * one.least * one.guides.step if isinstance(one, Lines) else 1.5 * one.sizes.max(initial=0)
    return math.ceil((longest + 2 * max(pen.width_mm for pen in ground.inks.pens)) / ground.cell_mm) + 4


def _look(ground: Ground, counts: list[Any]) -> tuple[Any, Any, Any, Any]:
    """Root of the film [h, w, 3] at fine pixels; film that the paper shows in cells [H, W, 3]; light that has
    strayed to where it leaves [h / 2, w / 2, 3]; and layers of ink in cells [H, W]."""
    height, width = ground.goal.shape[:2]
    fine = ground.fine
    half = (height * fine // 2, width * fine // 2)
    root = np.ones((*counts[0].shape, 3), np.float32)
    layers = np.zeros((height, width))
    inks = ground.inks
    sheet = InkedSheet(half, ground.px_per_mm / 2, inks.spread_mm, inks.films, inks.opacity, inks.trapping)
    for pen, count in enumerate(counts):
        if count.any():
            _dim(count, np.sqrt(inks.films[pen]).astype(np.float32), root)
            cover = _quarters(count > 0)
            sheet.lay(pen, cover)
            layers += cover.reshape(height, fine // 2, width, fine // 2).mean(axis=(1, 3))
    seen = sheet.seen().reshape(height, fine // 2, width, fine // 2, 3).mean(axis=(1, 3))
    coarse = _quarters(root)
    shade = strayed(coarse, ground.px_per_mm / 2, ground.inks.spread_mm) if ground.inks.spread_mm else coarse
    return root, seen, np.ascontiguousarray(shade, dtype=np.float32), layers


def _quarters(fine: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """The mean of every two by two pixels."""
    total = fine[::2, ::2].astype(np.float32)
    for part in (fine[1::2, ::2], fine[::2, 1::2], fine[1::2, 1::2]):
        total += part
    return np.asarray(total / 4, dtype=np.float32)


@compiled
def _dim(count: Any, ink: Any, root: Any) -> None:
    for y in range(count.shape[0]):
        for x in range(count.shape[1]):
            if count[y, x] > 0:
                for k in range(3):
                    root[y, x, k] *= ink[k]


def _metric(goal: Floats, error: Any, weights: Floats, paper_lab: tuple[float, float, float]) -> Any:
    """Matrices that turn an error of film into the square of ΔE00, [H, W, 6], the upper half by rows.

    Lab is curved, so its slope is taken half way between what is seen and what is wanted. What is far off
    counts by its distance, not by the square of that: the mean is what drawings are judged by.
    """
    middle = np.clip(goal + error / 2, 2e-3, None).reshape(-1, 3)
    step = 1e-3 * np.eye(3)
    slope = np.stack(
        [film_to_lab(middle + one, paper_lab) - film_to_lab(middle - one, paper_lab) for one in step], axis=-1
    ) / (2e-3)
    to_delta = weights @ slope
    off = np.einsum("nij,nj->ni", to_delta, error.reshape(-1, 3))
    matrix = np.swapaxes(to_delta, 1, 2) @ to_delta / (1 + np.linalg.norm(off, axis=1))[:, None, None]
    rows, columns = np.triu_indices(3)
    return np.ascontiguousarray(matrix[:, rows, columns].reshape(*goal.shape[:2], 6), dtype=np.float32)


def _kept(width_mm: float, spread_mm: float) -> float:
    """Share of the light under a lone line that came in under it as well."""
    return 0.0 if spread_mm == 0 else 2 - hatch_n(width_mm, 1e3 * width_mm, spread_mm)
