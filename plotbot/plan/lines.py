"""Many polylines as a few flat arrays: how planning holds the strokes of one pen.

Hundreds of thousands of small arrays would cost more than the points in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from plotbot.plan.ends import chains, match_ends
from plotbot.plan.model import UM_PER_MM, Stroke
from plotbot.plan.simplify import kept_points

__all__ = ["Lines", "begun_at", "join", "merge", "on_grid", "pick", "simplify", "strokes_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_GRID_PER_MM = 1000.0
_FARTHEST_MM = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Polylines one after the other: polyline k is points offsets[k]:offsets[k + 1], float64 [n, 2] mm.

    sources: numbers of the drawing's strokes; polyline k is made of
    source_offsets[k]:source_offsets[k + 1] of them.
    """

    points: FloatArray
    offsets: IntArray
    sources: IntArray
    source_offsets: IntArray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, number: int) -> FloatArray:
        return self.points[self.offsets[number] : self.offsets[number + 1]]

    @classmethod
    def build(cls, points: FloatArray, offsets: IntArray, sources: IntArray) -> Lines:
        """Polylines that are one stroke of the drawing each."""
        return cls(points, offsets, sources, np.arange(len(sources) + 1))

    @property
    def ends(self) -> FloatArray:
        """First and last points of each polyline, alternating: [2 * lines, 2]."""
        ends = np.empty((2 * len(self), 2))
        ends[0::2], ends[1::2] = self.points[self.offsets[:-1]], self.points[self.offsets[1:] - 1]
        return ends

    def lengths(self) -> FloatArray:
        """Length of each polyline in mm."""
        if not len(self):
            return np.zeros(0)
        steps = np.hypot(*np.diff(self.points, axis=0).T)
        steps[self.offsets[1:-1] - 1] = 0.0
        return np.diff(np.concatenate([[0.0], np.cumsum(np.append(steps, 0.0))])[self.offsets])

    def who(self, number: int) -> tuple[int, ...]:
        """The drawing's strokes that polyline `number` is made of."""
        a, b = self.source_offsets[number : number + 2]
        return tuple(self.sources[a:b].tolist())


def on_grid(lines: Lines) -> Lines:
    """The points on the micrometre grid, repeated ones left out; a dot keeps two equal points.

    A polyline further out than any sheet stays as it is: the check against the margins will say so.
    """
    if not len(lines) or np.abs(lines.points).max() > _FARTHEST_MM:
        return lines
    grid = np.rint(lines.points * _GRID_PER_MM)
    return _without_repeats(replace(lines, points=grid / _GRID_PER_MM))


def merge(lines: Lines, tolerance: float) -> tuple[Lines, FloatArray]:
    """Join ends that are at most `tolerance` mm apart, nearest first.

    Returns the joined polylines, in the order of their first strokes, and the length of each join in mm.
    """
    ends = lines.ends
    partner = match_ends(ends, tolerance)
    joined = np.flatnonzero(partner > np.arange(len(partner)))
    gaps = np.hypot(*(ends[joined] - ends[partner[joined]]).T)
    free = np.flatnonzero(partner < 0)
    entered, bounds = chains(partner, free)  # every chain twice, once from each of its ends
    first = free < (entered[bounds[1:] - 1] ^ 1)
    entered, bounds = chains(partner, free[first])
    sizes = np.diff(lines.source_offsets)[entered // 2]
    merged = pick(lines, entered)
    return _without_repeats(
        Lines(
            merged.points,
            merged.offsets[bounds],
            merged.sources,
            np.concatenate([[0], np.cumsum(sizes)])[bounds],
        )
    ), gaps


def simplify(lines: Lines, tolerance: float) -> Lines:
    """Leave out points so that no line moves by more than `tolerance` mm."""
    keep = kept_points(lines.points, lines.offsets, tolerance)
    counts = np.concatenate([[0], np.cumsum(keep)])
    return replace(lines, points=lines.points[keep], offsets=counts[lines.offsets])


def pick(lines: Lines, entered: IntArray) -> Lines:
    """The polylines in the order and direction of the ends by which they are entered.

    entered: 2k draws polyline k forwards, 2k + 1 backwards.
    """
    line, backwards = entered // 2, entered % 2 == 1
    points, offsets = _gather(lines.offsets, line, backwards)
    sources, source_offsets = _gather(lines.source_offsets, line, backwards)
    return Lines(lines.points[points], offsets, lines.sources[sources], source_offsets)


def begun_at(lines: Lines, begin: IntArray) -> Lines:
    """The polylines with the closed ones turned so that they begin at point `begin`, counted from their
    own first; 0 leaves a polyline as it is."""
    sizes = np.diff(lines.offsets)
    inside = np.arange(len(lines.points)) - np.repeat(lines.offsets[:-1], sizes)
    size, start = np.repeat(sizes, sizes), np.repeat(begin, sizes)
    # A closed polyline of n points has n - 1 places; its last point repeats its first.
    turned = np.where(start > 0, (inside + start) % np.maximum(size - 1, 1), inside)
    return replace(lines, points=lines.points[np.repeat(lines.offsets[:-1], sizes) + turned])


def strokes_of(lines: Lines) -> tuple[Stroke, ...]:
    """The polylines as strokes, in their order and direction."""
    micrometres = np.rint(lines.points * UM_PER_MM).astype(np.int32)
    sources = lines.sources.tolist()
    return tuple(
        Stroke(micrometres[a:b], tuple(sources[c:d]))
        for (a, b), (c, d) in zip(
            pairwise(lines.offsets.tolist()), pairwise(lines.source_offsets.tolist()), strict=True
        )
    )


def join(parts: Sequence[Lines]) -> Lines:
    """Several sets of polylines as one."""
    points = np.concatenate([part.points for part in parts])
    sources = np.concatenate([part.sources for part in parts])
    sizes = np.concatenate([np.diff(part.offsets) for part in parts])
    source_sizes = np.concatenate([np.diff(part.source_offsets) for part in parts])
    return Lines(points, _offsets(sizes), sources, _offsets(source_sizes))


def _offsets(sizes: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)


def _gather(offsets: IntArray, line: IntArray, backwards: npt.NDArray[np.bool_]) -> tuple[IntArray, IntArray]:
    """Where the items of the chosen groups are, each group forwards or backwards, and their new offsets."""
    sizes = np.diff(offsets)[line]
    bounds = _offsets(sizes)
    inside = np.arange(bounds[-1]) - np.repeat(bounds[:-1], sizes)
    first = np.where(backwards, offsets[line + 1] - 1, offsets[line])
    return np.repeat(first, sizes) + inside * np.repeat(np.where(backwards, -1, 1), sizes), bounds


def _without_repeats(lines: Lines) -> Lines:
    points, offsets = lines.points, lines.offsets
    keep = np.ones(len(points), dtype=np.bool_)
    keep[1:] = (points[1:] != points[:-1]).any(axis=1)
    keep[offsets[:-1]] = True
    # What is all in one place keeps its last point too, and is a dot.
    counts = np.concatenate([[0], np.cumsum(keep)])
    dots = (np.diff(counts[offsets]) == 1) & (np.diff(offsets) > 1)
    keep[offsets[1:][dots] - 1] = True
    counts = np.concatenate([[0], np.cumsum(keep)])
    return replace(lines, points=points[keep], offsets=counts[offsets])
