"""Where closed strokes begin: at the point that makes travel along a tour fastest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from plotbot.compiled import compiled
from plotbot.plan.tour import Limits, hop_s

__all__ = ["Lines", "choose_starts"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_STARTS = 32
"""Points of a closed stroke at which it may begin, before the exact one is chosen."""


class Lines(NamedTuple):
    """The points of strokes: stroke k has points[first[k]:first[k] + size[k]]."""

    points: FloatArray
    first: IntArray
    size: IntArray


def choose_starts(
    tour: IntArray,
    xy: FloatArray,
    lines: Lines,
    closed: npt.NDArray[np.bool_],
    start_point: IntArray,
    motion: Limits,
) -> None:
    """Begin every closed stroke where travel along this tour is fastest; moves its ends in `xy`.

    First all of them together, among a few points of each, by dynamic programming along the tour; then
    one by one among all their points.
    """
    at_home = int(np.argmax(tour))  # its ends have the highest numbers
    turned = np.roll(tour, -at_home)
    came_from = np.zeros((len(tour), _STARTS), dtype=np.int16)
    _best_starts(turned, xy, lines, closed, start_point, came_from, motion)
    _refine_starts(turned, xy, lines, closed, start_point, motion)


@compiled
def _best_starts(
    tour: IntArray,
    xy: FloatArray,
    lines: Lines,
    closed: npt.NDArray[np.bool_],
    start_point: IntArray,
    came_from: npt.NDArray[np.int16],
    motion: Limits,
) -> None:
    """The tour begins at the park position, whose two ends are the same place."""
    seconds, places, known = np.zeros(_STARTS), np.zeros((_STARTS, 2)), 1
    places[0] = xy[tour[0]]
    nexts, there = np.zeros(_STARTS), np.zeros((_STARTS, 2))
    for p in range(1, len(tour) + 1):
        end = tour[p % len(tour)]
        stroke = end >> 1
        ring = stroke < len(closed) and closed[stroke]
        first = lines.first[stroke] if ring else 0
        size = lines.size[stroke] - 1 if ring else 1
        count = min(size, _STARTS)
        for k in range(count):
            x, y = xy[end, 0], xy[end, 1]
            if ring:
                x, y = lines.points[first + k * size // count, 0], lines.points[first + k * size // count, 1]
            best, at = np.inf, 0
            for j in range(known):
                total = seconds[j] + hop_s(places[j, 0] - x, places[j, 1] - y, motion)
                if total < best:
                    best, at = total, j
            nexts[k] = best
            if p < len(tour):
                came_from[p, k] = at
            else:
                came_from[0, 0] = at
            # An open stroke is left by its other end.
            there[k, 0], there[k, 1] = (x, y) if ring else (xy[end ^ 1, 0], xy[end ^ 1, 1])
        seconds, nexts = nexts, seconds
        places, there = there, places
        known = count
    chosen = came_from[0, 0]
    for p in range(len(tour) - 1, 0, -1):
        stroke = tour[p] >> 1
        if stroke < len(closed) and closed[stroke]:
            size = lines.size[stroke] - 1
            start_point[stroke] = chosen * size // min(size, _STARTS)
            at = lines.first[stroke] + start_point[stroke]
            for end in (2 * stroke, 2 * stroke + 1):
                xy[end, 0], xy[end, 1] = lines.points[at, 0], lines.points[at, 1]
        chosen = came_from[p, chosen]


@compiled
def _refine_starts(
    tour: IntArray,
    xy: FloatArray,
    lines: Lines,
    closed: npt.NDArray[np.bool_],
    start_point: IntArray,
    motion: Limits,
) -> None:
    count = len(tour)
    for p in range(count):
        stroke = tour[p] >> 1
        if stroke >= len(closed) or not closed[stroke]:
            continue
        before, after = tour[p - 1] ^ 1, tour[(p + 1) % count]
        best, at = np.inf, 0
        for index in range(lines.first[stroke], lines.first[stroke] + lines.size[stroke] - 1):
            x, y = lines.points[index, 0], lines.points[index, 1]
            total = hop_s(xy[before, 0] - x, xy[before, 1] - y, motion)
            total += hop_s(xy[after, 0] - x, xy[after, 1] - y, motion)
            if total < best:
                best, at = total, index
        start_point[stroke] = at - lines.first[stroke]
        for end in (2 * stroke, 2 * stroke + 1):
            xy[end, 0], xy[end, 1] = lines.points[at, 0], lines.points[at, 1]
