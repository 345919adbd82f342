# ruff: noqa: PLR0912  (kernels are one loop; calls would cost more than their work)
"""Guides: the families of lines along which a pen may draw, and how dark a tone asks for each of them.

A family is dense enough to cover the paper when all of it is drawn. Every guide has a rank in 0..1: it
is drawn where the wanted coverage is over its rank. Ranks are dealt out so that the guides under any
rank are as evenly spaced as they can be: half of them at 0.5, every fourth at 0.25, and so on. Tone
becomes spacing, and lines are long, beginning and ending only where the tone crosses their rank.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt
from numba import njit

__all__ = [
    "Guides",
    "cell_means",
    "choose",
    "compiled",
    "coverage_of_share",
    "covered",
    "covered_by",
    "crossed_guides",
    "fineness",
    "parallel_guides",
    "sample",
    "strokes_on",
]

Floats = npt.NDArray[np.float64]
Function = TypeVar("Function", bound=Callable[..., object])

CLOSE = 0.85
"""Neighbouring lines of a solid are this part of a pen's width apart: paper must not show between them."""

_FINE = 3.5
"""Pixels in a pen's width when ink is counted."""

_LEVELS = 64
"""Ranks of parallel guides repeat after so many lines."""


def compiled(function: Function) -> Function:
    """Compile a function on arrays and numbers, with the code kept on disk."""
    return cast(Function, njit(cache=True, nogil=True)(function))


@dataclass(frozen=True, slots=True, eq=False)
class Guides:
    """Lines by their points: guide k is points[offsets[k]:offsets[k + 1]], `step` mm from one to the next.

    points: [n, 2] mm; offsets: [m + 1]; rank: [m], 0..1.
    """

    points: Floats
    offsets: npt.NDArray[np.int64]
    rank: Floats
    step: float

    @property
    def owner(self) -> npt.NDArray[np.int64]:
        """The guide that each point belongs to, [n]."""
        return np.repeat(np.arange(len(self.rank)), np.diff(self.offsets))


def parallel_guides(
    size_mm: tuple[float, float], angle: float, width_mm: float, phase: float = 0.0, step: float = 0.25
) -> Guides:
    """Straight guides at an angle (radians, from x towards y), so close that all of them close the paper.

    They fill a rectangle from (0, 0) to `size_mm`; ink goes over its edges by a quarter of a width.
    phase: shift across, in lines.
    """
    inset = width_mm / 4
    low, high = np.array([inset, inset]), np.asarray(size_mm, dtype=float) - inset
    if (high <= low).any():
        return Guides(np.zeros((0, 2)), np.zeros(1, np.int64), np.zeros(0), step)
    pitch = CLOSE * width_mm
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    corners = np.array([[x, y] for x in (low[0], high[0]) for y in (low[1], high[1])])
    reach = corners @ across
    first = math.ceil(reach.min() / pitch - phase)
    last = math.floor(reach.max() / pitch - phase)
    numbers = np.arange(first, last + 1)
    start = ((numbers + phase) * pitch)[:, None] * across
    # Where each line enters and leaves the rectangle, as distances from its foot point.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        one, other = (low - start) / along, (high - start) / along
    enters = np.where(np.abs(along) > 1e-9, np.minimum(one, other), -np.inf).max(axis=1)
    leaves = np.where(np.abs(along) > 1e-9, np.maximum(one, other), np.inf).min(axis=1)
    keep = leaves - enters > 2 * step
    numbers, start, enters, leaves = numbers[keep], start[keep], enters[keep], leaves[keep]
    counts = np.floor((leaves - enters) / step).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    inside = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    spare = (leaves - enters - counts * step) / 2
    distance = np.repeat(enters + spare, counts) + (inside + 0.5) * step
    points = np.repeat(start, counts, axis=0) + distance[:, None] * along
    return Guides(points, offsets, _even_ranks(numbers), step)


def _even_ranks(numbers: npt.NDArray[Any]) -> Floats:
    """Bit reversal (van der Corput 1935): any beginning of the order is nearly evenly spread."""
    bits = _LEVELS.bit_length() - 1
    reversed_bits = np.zeros(_LEVELS, np.int64)
    for bit in range(bits):
        reversed_bits |= (np.arange(_LEVELS) >> bit & 1) << (bits - 1 - bit)
    return coverage_of_share((reversed_bits[numbers % _LEVELS] + 0.5) / _LEVELS)


def coverage_of_share(share: Floats) -> Floats:
    """About how much of the paper an evenly spread share of a close family covers."""
    return np.minimum(share / CLOSE, 0.5 + share / 2)


def crossed_guides(one: Guides, other: Guides) -> Guides:
    """Two families for cross-hatching: half of the one in light tones, all of the other on top in dark ones.

    Where half of the paper is under lines of the one, a share r of the other brings that to 0.5 + r/2.
    """
    kept = np.flatnonzero(one.rank < 0.5)
    sizes = np.diff(one.offsets)[kept]
    inside = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    points = one.points[np.repeat(one.offsets[kept], sizes) + inside]
    return Guides(
        np.concatenate([points, other.points]),
        np.concatenate([[0], np.cumsum(sizes), sizes.sum() + other.offsets[1:]]),
        np.concatenate([one.rank[kept], 0.5 + other.rank / 2]),
        one.step,
    )


def sample(field: npt.NDArray[Any], points: Floats, cell_mm: float) -> Floats:
    """A field [H, W], given at the middles of square cells, at points [n, 2] mm, bilinear."""
    return cast(Floats, _sample(np.ascontiguousarray(field, dtype=np.float64), points, 1 / cell_mm))


def strokes_on(guides: Guides, drawn: npt.NDArray[np.bool_], width_mm: float) -> list[Floats]:
    """The runs of drawn points [n] as strokes whose ink, round caps included, covers what was chosen."""
    if not drawn.any():
        return []
    edges = np.zeros(len(drawn) + 1, np.bool_)
    edges[guides.offsets] = True
    on = np.concatenate([[False], drawn, [False]])
    starts = np.flatnonzero(drawn & (~on[:-2] | edges[:-1]))
    ends = np.flatnonzero(drawn & (~on[2:] | edges[1:])) + 1
    # A cap is half a disc beyond the end: half a step out, and in again by what covers as much.
    out = guides.step / 2 - math.pi / 8 * width_mm
    strokes = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        line = guides.points[start:end].copy()
        if end - start > 1:
            line[0] += (line[0] - line[1]) * (out / guides.step)
            line[-1] += (line[-1] - line[-2]) * (out / guides.step)
        strokes.append(line)
    return strokes


def choose(
    guides: Guides,
    want: npt.NDArray[Any],
    cell_mm: float,
    width_mm: float,
    shortest_mm: float,
    factor: int,
    rounds: int = 3,
    spread_mm: float = 1.0,
) -> npt.NDArray[np.bool_]:
    """Which points of the guides to draw, [n], so that the ink comes to a wanted coverage [H, W].

    What a first choice gives too much or too little, seen over `spread_mm`, is put right in the next.
    Ink is counted on `factor` pixels to the side of a cell. Runs shorter than `shortest_mm`, and gaps
    shorter than half of it, are closed over.
    """
    from scipy.ndimage import gaussian_filter  # noqa: PLC0415

    owner = guides.owner
    rank = guides.rank[owner]
    shape = want.shape
    sigma = spread_mm / cell_mm
    goal = gaussian_filter(np.asarray(want, dtype=np.float64), sigma, mode="constant")
    ask = np.asarray(want, dtype=np.float64).copy()
    drawn = np.zeros(len(rank), np.bool_)
    least = max(1, round(shortest_mm / guides.step))
    for _ in range(rounds):
        drawn = _smooth_runs(sample(ask, guides.points, cell_mm) - rank, guides.offsets, least)
        fine = covered(guides, drawn, width_mm, (shape[0] * factor, shape[1] * factor), factor / cell_mm)
        got = cell_means(fine, factor)
        missing = goal - gaussian_filter(got, sigma, mode="constant")
        ask = np.where(want > 0.004, ask + missing, ask)
    return drawn


def fineness(width_mm: float, cell_mm: float) -> int:
    """Pixels to the side of a cell, an even number, at which ink of a pen is counted well."""
    return 2 * max(1, round(cell_mm * _FINE / 2 / width_mm))


def covered_by(
    points: Floats,
    offsets: npt.NDArray[np.int64],
    width_mm: float,
    shape: tuple[int, int],
    px_per_mm: float,
) -> npt.NDArray[np.bool_]:
    """Which pixels [H, W] have their middle under lines made of short steps: line k is
    points[offsets[k]:offsets[k + 1]]."""
    paper = np.zeros(shape, np.bool_)
    _cover(points, offsets, np.ones(len(points), np.bool_), width_mm / 2 * px_per_mm, px_per_mm, paper)
    return paper


def covered(
    guides: Guides, drawn: npt.NDArray[np.bool_], width_mm: float, shape: tuple[int, int], px_per_mm: float
) -> npt.NDArray[np.bool_]:
    """Which pixels [H, W] have their middle under the ink of the drawn points."""
    paper = np.zeros(shape, np.bool_)
    _cover(guides.points, guides.offsets, drawn, width_mm / 2 * px_per_mm, px_per_mm, paper)
    return paper


@compiled
def cell_means(cover: Any, factor: int) -> Any:
    """The share [H, W] of every `factor` by `factor` pixels of a mask that is set."""
    height, width = cover.shape[0] // factor, cover.shape[1] // factor
    means = np.zeros((height, width))
    for y in range(height * factor):
        for x in range(width * factor):
            if cover[y, x]:
                means[y // factor, x // factor] += 1
    return means / (factor * factor)


@compiled
def _cover(points: Any, offsets: Any, drawn: Any, radius: float, px_per_mm: float, paper: Any) -> None:
    """A capsule from half way before every drawn point to half way behind it."""
    height, width = paper.shape
    for k in range(len(offsets) - 1):
        start, end = offsets[k], offsets[k + 1]
        for i in range(start, end):
            if not drawn[i]:
                continue
            before = i - 1 if i > start and drawn[i - 1] else i
            after = i + 1 if i + 1 < end and drawn[i + 1] else i
            ax = (points[i, 0] + points[before, 0]) / 2 * px_per_mm - 0.5
            ay = (points[i, 1] + points[before, 1]) / 2 * px_per_mm - 0.5
            bx = (points[i, 0] + points[after, 0]) / 2 * px_per_mm - 0.5
            by = (points[i, 1] + points[after, 1]) / 2 * px_per_mm - 0.5
            dx, dy = bx - ax, by - ay
            size = dx * dx + dy * dy
            for y in range(
                max(0, math.ceil(min(ay, by) - radius)), min(height - 1, int(max(ay, by) + radius)) + 1
            ):
                for x in range(
                    max(0, math.ceil(min(ax, bx) - radius)), min(width - 1, int(max(ax, bx) + radius)) + 1
                ):
                    if paper[y, x]:
                        continue
                    t = 0.0
                    if size > 0:
                        t = min(max(((x - ax) * dx + (y - ay) * dy) / size, 0.0), 1.0)
                    ex, ey = x - ax - t * dx, y - ay - t * dy
                    if ex * ex + ey * ey <= radius * radius:
                        paper[y, x] = True


@compiled
def _sample(field: Any, points: Any, per_mm: float) -> Any:
    height, width = field.shape
    out = np.empty(len(points))
    for i in range(len(points)):
        x = min(max(points[i, 0] * per_mm - 0.5, 0.0), width - 1.0)
        y = min(max(points[i, 1] * per_mm - 0.5, 0.0), height - 1.0)
        left, top = int(x), int(y)
        right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
        u, v = x - left, y - top
        out[i] = (field[top, left] * (1 - u) + field[top, right] * u) * (1 - v) + (
            field[bottom, left] * (1 - u) + field[bottom, right] * u
        ) * v
    return out


@compiled
def _smooth_runs(excess: Any, offsets: Any, least: int) -> Any:
    """Where the excess is positive, without gaps shorter than half of `least` and runs shorter than it.

    A run too short for itself is drawn at full length where it wants at least half of that.
    """
    drawn = excess > 0
    gap = max(1, least // 2)
    for k in range(len(offsets) - 1):
        start, end = offsets[k], offsets[k + 1]
        last = -1
        for i in range(start, end):
            if drawn[i]:
                if last >= 0 and i - last - 1 <= gap:
                    for j in range(last + 1, i):
                        drawn[j] = True
                last = i
        i = start
        while i < end:
            if not drawn[i]:
                i += 1
                continue
            j = i
            while j < end and drawn[j]:
                j += 1
            size = j - i
            if size < least:
                if 2 * size < least:
                    for m in range(i, j):
                        drawn[m] = False
                else:
                    grow = least - size
                    low = max(start, i - grow // 2)
                    high = min(end, low + least)
                    for m in range(low, high):
                        drawn[m] = True
                    j = max(j, high)
            i = j
    return drawn
