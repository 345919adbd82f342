"""Order and direction of strokes, and where closed ones begin: the fastest travel that can be found."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from plotbot.plan.compiled import compiled
from plotbot.plan.ends import chains, match_ends
from plotbot.plan.tour import hop_total, improve, kick, nearest_first

__all__ = ["Effort", "order_strokes"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_NEIGHBOURS = 8
_NEAREST_FIRST_UP_TO = 3000
"""Up to here the plain nearest-first order is tried as a start too: on few strokes it can win."""

_STARTS = 32
"""Points of a closed stroke at which it may begin, before the exact one is chosen."""

_KICKS_PER_ROUND = 2000
_KICKS_PER_STROKE = 20


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to search. The same `kicks` always give the same order; `seconds` searches on by the
    clock, so the order depends on how fast the computer is."""

    kicks: int = 20_000
    seconds: float = 0.0
    seed: int = 1

    def share(self, strokes: int, of: int) -> Effort:
        """The part of the effort for one pen's strokes out of all; few strokes soon need no more kicks."""
        kicks = min(self.kicks * strokes // of, _KICKS_PER_STROKE * strokes)
        return Effort(kicks, self.seconds * strokes / of, self.seed)


def order_strokes(
    points: FloatArray,
    offsets: IntArray,
    *,
    home: tuple[float, float],
    speed: float,
    acceleration: float,
    effort: Effort,
) -> tuple[IntArray, IntArray]:
    """Order strokes for a pen that starts at `home` and returns there.

    points: [n, 2] mm, all strokes one after the other; stroke k is points offsets[k]:offsets[k + 1].
    Returns for each stroke in drawing order the end by which it is entered (2k: forwards, 2k + 1:
    backwards), and for each stroke k the point at which it begins, 0 unless it is closed. The order is
    never slower than the one the strokes came in, nor than nearest-first where that was tried.
    """
    count = len(offsets) - 1
    start_point = np.zeros(count, dtype=np.int64)
    if not count:
        return np.zeros(0, dtype=np.int64), start_point
    xy = np.empty((2 * count + 2, 2))
    xy[0:-2:2], xy[1:-2:2], xy[-2:] = points[offsets[:-1]], points[offsets[1:] - 1], home
    motion = (speed**2 / acceleration, speed, acceleration)
    given = np.arange(count + 1) * 2
    given_time = hop_total(given, xy, *motion)

    candidates = [_greedy(xy)]
    if count <= _NEAREST_FIRST_UP_TO:
        candidates.append(nearest_first(xy, 0, 2 * count))
    near = _nearest_ends(xy)
    best, best_time = given, np.inf
    for candidate in candidates:
        start_time = hop_total(candidate, xy, *motion) - improve(candidate, xy, near, motion)
        if start_time < best_time:
            best, best_time = candidate, start_time
    tour = best
    closed = (xy[0:-2:2] == xy[1:-2:2]).all(axis=1) & (np.diff(offsets) > 2)
    if closed.any():
        for _ in range(2):
            _choose_starts(tour, xy, (points, offsets), closed, start_point, motion)
            near = _nearest_ends(xy)
            improve(tour, xy, near, motion)
    _search(tour, xy, near, motion, effort)
    if closed.any():
        _choose_starts(tour, xy, (points, offsets), closed, start_point, motion)
    if hop_total(tour, xy, *motion) > given_time:
        return given[:-1], np.zeros(count, dtype=np.int64)
    return _from_home(tour, 2 * count), start_point


def _search(
    tour: IntArray, xy: FloatArray, near: IntArray, motion: tuple[float, float, float], effort: Effort
) -> None:
    """Kick until the effort is spent. The first kicks are the same on every computer."""
    seed = max(effort.seed % 2147483646, 1)
    if effort.kicks:
        _, seed = kick(tour, xy, near, motion, effort.kicks, seed)
    end = time.monotonic() + effort.seconds
    while effort.seconds > 0 and time.monotonic() < end:
        _, seed = kick(tour, xy, near, motion, _KICKS_PER_ROUND, seed)


def _greedy(xy: FloatArray) -> IntArray:
    """A tour that joins the nearest ends first, all over the sheet at once."""
    partner = match_ends(xy, np.inf)
    one, other = np.flatnonzero(partner < 0)
    entered, _ = chains(partner, np.array([min(one, other)]))
    return entered


def _from_home(tour: IntArray, home_end: int) -> IntArray:
    """The ring cut open at the park position, in the direction it is written."""
    at = int(np.flatnonzero(tour // 2 == home_end // 2)[0])
    return np.concatenate([tour[at + 1 :], tour[:at]])


def _nearest_ends(xy: FloatArray) -> IntArray:
    """For each end the nearest other ends, nearest first, [ends, k]; a stroke's own other end may be one."""
    known = min(_NEIGHBOURS + 1, len(xy))
    # Many ends in one place would make the tree degenerate into a list: spread them, far below the grid.
    by_place = np.lexsort((xy[:, 1], xy[:, 0]))
    same = np.zeros(len(xy), dtype=np.int64)
    repeated = (xy[by_place][1:] == xy[by_place][:-1]).all(axis=1)
    run = np.arange(len(xy) - 1)
    same[by_place[1:]] = np.where(repeated, run - np.maximum.accumulate(np.where(repeated, -1, run)), 0)
    spread = xy + np.column_stack([same, np.zeros(len(xy))]) * 1e-8
    near = np.asarray(cKDTree(spread, balanced_tree=False).query(spread, k=known)[1]).reshape(len(xy), known)
    return _without_self(near.astype(np.int64))


@compiled
def _without_self(near: IntArray) -> IntArray:
    others = np.empty((near.shape[0], max(near.shape[1] - 1, 0)), dtype=np.int64)
    for end in range(near.shape[0]):
        used = 0
        for index in range(near.shape[1]):
            if near[end, index] != end and used < others.shape[1]:
                others[end, used] = near[end, index]
                used += 1
    return others


def _choose_starts(
    tour: IntArray,
    xy: FloatArray,
    lines: tuple[FloatArray, IntArray],
    closed: npt.NDArray[np.bool_],
    start_point: IntArray,
    motion: tuple[float, float, float],
) -> None:
    """Begin every closed stroke where travel along this tour is fastest; moves its ends in `xy`.

    First all of them together, among a few points of each, by dynamic programming along the tour; then
    one by one among all their points.
    """
    at_home = int(np.argmax(tour))  # its ends have the highest numbers
    turned = np.roll(tour, -at_home)
    came_from = np.zeros((len(tour), _STARTS), dtype=np.int16)
    _best_starts(turned, xy, *lines, closed, start_point, came_from, *motion)
    _refine_starts(turned, xy, *lines, closed, start_point, *motion)


@compiled
def _best_starts(
    tour: IntArray,
    xy: FloatArray,
    points: FloatArray,
    offsets: IntArray,
    closed: npt.NDArray[np.bool_],
    start_point: IntArray,
    came_from: npt.NDArray[np.int16],
    ramp: float,
    speed: float,
    acceleration: float,
) -> None:
    """The tour begins at the park position, whose two ends are the same place."""
    seconds, places, known = np.zeros(_STARTS), np.zeros((_STARTS, 2)), 1
    places[0] = xy[tour[0]]
    nexts, there = np.zeros(_STARTS), np.zeros((_STARTS, 2))
    for p in range(1, len(tour) + 1):
        end = tour[p % len(tour)]
        stroke = end >> 1
        ring = stroke < len(closed) and closed[stroke]
        first = offsets[stroke] if ring else 0
        size = offsets[stroke + 1] - 1 - first if ring else 1
        count = min(size, _STARTS)
        for k in range(count):
            x, y = xy[end, 0], xy[end, 1]
            if ring:
                x, y = points[first + k * size // count, 0], points[first + k * size // count, 1]
            best, at = np.inf, 0
            for j in range(known):
                total = seconds[j] + _seconds(places[j, 0] - x, places[j, 1] - y, ramp, speed, acceleration)
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
            size = offsets[stroke + 1] - 1 - offsets[stroke]
            start_point[stroke] = chosen * size // min(size, _STARTS)
            at = offsets[stroke] + start_point[stroke]
            for end in (2 * stroke, 2 * stroke + 1):
                xy[end, 0], xy[end, 1] = points[at, 0], points[at, 1]
        chosen = came_from[p, chosen]


@compiled
def _refine_starts(
    tour: IntArray,
    xy: FloatArray,
    points: FloatArray,
    offsets: IntArray,
    closed: npt.NDArray[np.bool_],
    start_point: IntArray,
    ramp: float,
    speed: float,
    acceleration: float,
) -> None:
    count = len(tour)
    for p in range(count):
        stroke = tour[p] >> 1
        if stroke >= len(closed) or not closed[stroke]:
            continue
        before, after = tour[p - 1] ^ 1, tour[(p + 1) % count]
        best, at = np.inf, 0
        for index in range(offsets[stroke], offsets[stroke + 1] - 1):
            x, y = points[index, 0], points[index, 1]
            total = _seconds(xy[before, 0] - x, xy[before, 1] - y, ramp, speed, acceleration)
            total += _seconds(xy[after, 0] - x, xy[after, 1] - y, ramp, speed, acceleration)
            if total < best:
                best, at = total, index
        start_point[stroke] = at - offsets[stroke]
        for end in (2 * stroke, 2 * stroke + 1):
            xy[end, 0], xy[end, 1] = points[at, 0], points[at, 1]


@compiled
def _seconds(dx: float, dy: float, ramp: float, speed: float, acceleration: float) -> float:
    distance = math.sqrt(dx * dx + dy * dy)
    if distance >= ramp:
        return distance / speed + speed / acceleration
    return 2 * math.sqrt(distance / acceleration)
