"""Ink of one pen on a grid: whether a point lies within half the pen's width of a polyline.

Every segment is listed in the cells that it goes through, which are at least as wide as the pen, so that only
the nine cells around a point have to be looked at. What was dropped is struck off the lists when it is met,
so that thousands of strokes on one spot cost little.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from plotbot.compiled import compiled
from plotbot.plan.lines import Lines

__all__ = ["Ink", "covered_points", "drop_covered", "ink_of", "segments_of"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

_MOST_ACROSS = 2000
"""Cells on a side: on a large sheet they are wider than the pen."""


class Ink(NamedTuple):
    """segments: [m, 4], x and y of both ends in mm. owner: the polyline of each. dropped: polylines that
    cover nothing. listed: segments cell by cell; cell k has listed[first[k]:first[k] + many[k]].
    low: corner of the grid, mm. columns: of the grid. cell: its side, mm. reach: half the pen's width, mm.
    """

    segments: FloatArray
    owner: IntArray
    dropped: BoolArray
    listed: IntArray
    first: IntArray
    many: IntArray
    low: FloatArray
    columns: int
    cell: float
    reach: float


def segments_of(lines: Lines) -> tuple[FloatArray, IntArray]:
    """All segments [m, 2, 2] and the polyline each belongs to."""
    owner = np.repeat(np.arange(len(lines)), np.diff(lines.offsets))
    inside = np.flatnonzero(owner[1:] == owner[:-1])
    return np.stack([lines.points[inside], lines.points[inside + 1]], axis=1), owner[inside]


def ink_of(lines: Lines, width: float) -> Ink:
    """The bands that a pen of this width draws along the polylines."""
    segments, owner = segments_of(lines)
    low, high = lines.points.min(axis=0), lines.points.max(axis=0)
    cell = max(width, float((high - low).max()) / _MOST_ACROSS)
    columns, rows = (np.floor((high - low) / cell).astype(int) + 3).tolist()  # an empty cell all around
    steps = segments[:, 1] - segments[:, 0]
    counts = np.ceil(2 * np.hypot(*steps.T) / cell).astype(np.int64) + 1
    at = np.repeat(np.arange(len(segments)), counts)
    share = (np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)) / np.maximum(counts - 1, 1)[
        at
    ]
    place = np.floor((segments[at, 0] + share[:, None] * steps[at] - low) / cell).astype(np.int64) + 1
    pairs = np.unique((place[:, 1] * columns + place[:, 0]) * len(segments) + at)
    cells, listed = np.divmod(pairs, len(segments))
    many = np.bincount(cells, minlength=columns * rows)
    return Ink(
        np.ascontiguousarray(segments.reshape(-1, 4)),
        owner,
        np.zeros(len(lines), dtype=np.bool_),
        listed,
        np.cumsum(many) - many,
        many,
        low,
        columns,
        cell,
        width / 2,
    )


@compiled
def covered_points(points: FloatArray, ink: Ink) -> BoolArray:
    """Which points [n, 2] have ink."""
    found = np.zeros(len(points), dtype=np.bool_)
    for point in range(len(points)):
        found[point] = _has_ink(points[point, 0], points[point, 1], -1, ink)
    return found


@compiled
def drop_covered(points: FloatArray, bounds: IntArray, order: IntArray, ink: Ink) -> BoolArray:
    """Which polylines go, one after the other in `order`, because all their points have others' ink.

    points: polyline k has the points bounds[k]:bounds[k + 1] of its band.
    """
    for line in order:
        covered = bounds[line + 1] > bounds[line]
        for point in range(bounds[line], bounds[line + 1]):
            if not _has_ink(points[point, 0], points[point, 1], line, ink):
                covered = False
                break
        if covered:
            ink.dropped[line] = True
    return ink.dropped


@compiled
def _has_ink(x: float, y: float, own: int, ink: Ink) -> bool:
    """Whether a polyline other than `own` that was not dropped has ink at a point."""
    column, row = math.floor((x - ink.low[0]) / ink.cell) + 1, math.floor((y - ink.low[1]) / ink.cell) + 1
    rows = len(ink.many) // ink.columns
    for near_row in range(max(row - 1, 0), min(row + 2, rows)):
        for near_column in range(max(column - 1, 0), min(column + 2, ink.columns)):
            cell = near_row * ink.columns + near_column
            index, end = ink.first[cell], ink.first[cell] + ink.many[cell]
            while index < end:
                segment = ink.listed[index]
                if ink.dropped[ink.owner[segment]]:
                    end -= 1
                    ink.listed[index] = ink.listed[end]
                    ink.many[cell] -= 1
                    continue
                if ink.owner[segment] != own and _near(x, y, segment, ink):
                    return True
                index += 1
    return False


@compiled
def _near(x: float, y: float, segment: int, ink: Ink) -> bool:
    px, py = x - ink.segments[segment, 0], y - ink.segments[segment, 1]
    dx = ink.segments[segment, 2] - ink.segments[segment, 0]
    dy = ink.segments[segment, 3] - ink.segments[segment, 1]
    square = dx * dx + dy * dy
    along = min(max((px * dx + py * dy) / square, 0.0), 1.0) if square > 0 else 0.0
    away = (px - along * dx) ** 2 + (py - along * dy) ** 2
    return bool(away <= ink.reach * ink.reach)
