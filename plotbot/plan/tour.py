"""Local search for the order and direction of strokes: 2-opt and Or-opt, then small kicks.

The tour is a ring of strokes and one more, the park position, a stroke whose two ends are the same
place. `tour[p]` is the end by which the stroke at place p is entered, so its other end is
`tour[p] ^ 1`, and turning a stretch of the ring round turns every stroke in it. All moves are made of
such turns; a turn is given by the two hops that it replaces, which makes undoing it easy.

The cost is the travel time of a straight hop from rest to rest, not its length: short hops never reach
full speed. Neighbour lists and a queue of ends worth looking at (don't-look bits) keep the search
local (J. Bentley, "Fast Algorithms for Geometric Traveling Salesman Problems", 1992); kicks swap two short
neighbouring stretches, repair around them and are undone when nothing was won (Johnson and McGeoch,
"The Traveling Salesman Problem: A Case Study in Local Optimization", 1997).
"""

# Compiled functions take the arrays and numbers they work on one by one; there is nothing to bundle them in.

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from plotbot.plan.compiled import compiled

__all__ = ["hop_total", "improve", "kick", "nearest_first"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Limits = tuple[float, float, float]
"""How travel is timed: the distance over which full speed is reached, speed, acceleration (mm, s)."""

_SEGMENT = 3
"""Longest stretch of strokes that Or-opt moves to another place."""

_STRETCH = 30
"""Longest stretch of strokes that a kick moves."""

_LOG = 100_000
"""Turns that one kick and its repair may take; with more it is given up half way, which is only rarely."""

_LEAST = 1e-9
"""Seconds that a move must win: rounding must not keep the search going for ever."""


@compiled
def hop_total(tour: IntArray, xy: FloatArray, ramp: float, speed: float, acceleration: float) -> float:
    """Seconds of travel along the whole ring."""
    total = 0.0
    for p in range(len(tour)):
        total += _hop(xy, tour[p - 1] ^ 1, tour[p], ramp, speed, acceleration)
    return total


@compiled
def nearest_first(xy: FloatArray, first: int, home: int) -> IntArray:
    """The order that goes from the first stroke to whatever end is nearest, as most plotter software sorts.

    Takes n² steps. Returns a tour with the park position last.
    """
    count = len(xy) // 2
    left = np.arange(count)
    tour = np.empty(count, dtype=np.int64)
    tour[0] = first
    tour[count - 1] = home
    remaining = 0
    for stroke in range(count):
        if stroke not in (first // 2, home // 2):
            left[remaining] = stroke
            remaining += 1
    for place in range(1, count - 1):
        x, y = xy[tour[place - 1] ^ 1, 0], xy[tour[place - 1] ^ 1, 1]
        best, at, entered = np.inf, 0, 0
        for index in range(remaining):
            for end in range(2 * left[index], 2 * left[index] + 2):
                away = (xy[end, 0] - x) ** 2 + (xy[end, 1] - y) ** 2
                if away < best:
                    best, at, entered = away, index, end
        tour[place] = entered
        remaining -= 1
        left[at] = left[remaining]
    return tour


def improve(tour: IntArray, xy: FloatArray, near: IntArray, motion: Limits) -> float:
    """Improve the tour in place until no move of 2-opt or Or-opt among near ends helps; returns seconds won.

    xy: [ends, 2] mm. near: [ends, k], the nearest other ends of each end, nearest first.
    """
    place = _places(tour)
    queue = np.empty(len(xy) + 1, dtype=np.int64)
    queue[0:-1:2], queue[1:-1:2] = tour, tour ^ 1  # along the tour, so that the search walks through memory
    queued = np.ones(len(xy), dtype=np.bool_)
    log = np.empty((0, 4), dtype=np.int64)
    won, _ = _run(tour, place, xy, near, *motion, queue, queued, len(xy), log, 0, 1)
    return won


def kick(
    tour: IntArray, xy: FloatArray, near: IntArray, motion: Limits, kicks: int, seed: int
) -> tuple[float, int]:
    """Kick the tour in place `kicks` times and keep what helps; returns seconds won and the next seed."""
    place = _places(tour)
    queue = np.empty(len(xy) + 1, dtype=np.int64)
    queued = np.zeros(len(xy), dtype=np.bool_)
    log = np.empty((_LOG, 4), dtype=np.int64)
    return _run(tour, place, xy, near, *motion, queue, queued, 0, log, kicks, seed)


def _places(tour: IntArray) -> IntArray:
    place = np.empty(len(tour), dtype=np.int64)
    place[tour // 2] = np.arange(len(tour))
    return place


@compiled
def _run(
    tour: IntArray,
    place: IntArray,
    xy: FloatArray,
    near: IntArray,
    ramp: float,
    speed: float,
    acceleration: float,
    queue: IntArray,
    queued: npt.NDArray[np.bool_],
    waiting: int,
    log: IntArray,
    kicks: int,
    seed: int,
) -> tuple[float, int]:
    """Settle what waits in the queue, then kick, settle, and undo what won nothing, again and again."""
    count = len(tour)
    won = 0.0
    stretch = min(_STRETCH, (count - 2) // 2)
    logged = 0
    gain = 0.0
    for number in range(kicks + 1 if stretch >= 1 else 1):
        if number:
            seed = _random(seed)
            start = seed % count
            seed = _random(seed)
            middle = (start + 1 + seed % stretch) % count
            seed = _random(seed)
            stop = (middle + 1 + seed % stretch) % count
            a, b = tour[start] ^ 1, tour[(start + 1) % count]
            d, c = tour[middle] ^ 1, tour[(middle + 1) % count]
            e, f = tour[stop] ^ 1, tour[(stop + 1) % count]
            gain = 0.0
            for old, one, other in ((b, a, c), (c, d, f), (f, e, b)):
                gain += _hop(xy, one, old, ramp, speed, acceleration)
                gain -= _hop(xy, one, other, ramp, speed, acceleration)
            logged = _swap(tour, place, a, b, d, c, e, f, log, 0)
            waiting = 0
            for end in (a, b, c, d, e, f):
                if not queued[end]:
                    queue[waiting] = end
                    queued[end] = True
                    waiting += 1
        repaired, logged = _settle(
            tour, place, xy, near, ramp, speed, acceleration, queue, queued, waiting, log, logged
        )
        if gain + repaired > _LEAST or not number:
            won += gain + repaired
        else:
            for index in range(logged - 1, -1, -1):
                _turn(tour, place, log[index, 0], log[index, 2], log[index, 1], log[index, 3])
    return won, seed


@compiled
def _settle(  # noqa: PLR0912, PLR0915 - one loop; calls would cost more than its work
    tour: IntArray,
    place: IntArray,
    xy: FloatArray,
    near: IntArray,
    ramp: float,
    speed: float,
    acceleration: float,
    queue: IntArray,
    queued: npt.NDArray[np.bool_],
    waiting: int,
    log: IntArray,
    logged: int,
) -> tuple[float, int]:
    """Work the queue until it is empty; returns seconds won and how many turns the log holds.

    A log without room at all is not written; one that is nearly full ends the search early.
    """
    count = len(tour)
    size = len(queue)
    head, tail = 0, waiting
    won = 0.0
    while head != tail:
        a = queue[head]
        head = (head + 1) % size
        queued[a] = False
        if len(log) and logged + 3 > len(log):
            continue
        p = place[a >> 1]
        s = 1 if tour[p] != a else -1  # seen along s, the pen leaves its stroke by end a
        b = _entry(tour, p + s, s)
        before = _hop(xy, a, b, ramp, speed, acceleration)
        best, kind = _LEAST, 0
        c, d, e, f = a, b, a, b
        for index in range(near.shape[1]):
            m = near[a, index]
            link = _hop(xy, a, m, ramp, speed, acceleration)
            if link >= before:
                break
            q = place[m >> 1]
            same = _entry(tour, q, s) != m
            # The hop at m that goes too: the one after it, or the one before it.
            n = _entry(tour, q + s, s) if same else _entry(tour, q - s, s) ^ 1
            if n == a:
                continue
            base = before + _hop(xy, m, n, ramp, speed, acceleration) - link
            if same:
                gain = base - _hop(xy, b, n, ramp, speed, acceleration)
                if gain > best:
                    best, kind, c, d = gain, 1, m, n
            # Move a stretch that ends at m next to a, or one that ends at a next to m.
            for side in range(2):
                at, stay = (q, p) if side == 0 else (p, q)
                step = s if side == 0 and not same else -s
                joins, leaves = (b, n) if side == 0 else (n, b)
                for _ in range(_SEGMENT):
                    if at % count == stay or (same and (at + step) % count == stay):
                        break
                    inner, outer = _entry(tour, at, step) ^ 1, _entry(tour, at + step, step)
                    if outer == joins or (not same and outer == leaves):
                        break
                    gain = base + _hop(xy, inner, outer, ramp, speed, acceleration)
                    gain -= _hop(xy, inner, joins, ramp, speed, acceleration)
                    gain -= _hop(xy, outer, leaves, ramp, speed, acceleration)
                    if gain > best:
                        best, c, d, e, f = gain, m, n, inner, outer
                        kind = (2 if same else 4) + side
                    at += step
        if kind == 0:
            continue
        for end in (a, b, c, d, e, f):
            if not queued[end]:
                queued[end] = True
                queue[tail] = end
                tail = (tail + 1) % size
        won += best
        if kind == 3:
            a, b, c, d = c, d, a, b
        elif kind == 5:
            a, b, d, c, e, f = d, c, f, e, a, b
        if kind >= 4:
            logged = _swap(tour, place, a, b, d, c, e, f, log, logged)
        else:
            logged = _turn_logged(tour, place, a, b, c, d, log, logged)
            if kind >= 2:
                logged = _turn_logged(tour, place, e, f, b, d, log, logged)
    return won, logged


@compiled
def _swap(
    tour: IntArray,
    place: IntArray,
    a: int,
    b: int,
    d: int,
    c: int,
    e: int,
    f: int,
    log: IntArray,
    logged: int,
) -> int:
    """Make a, b..d, c..e, f into a, c..e, b..d, f by three turns."""
    logged = _turn_logged(tour, place, a, b, e, f, log, logged)
    logged = _turn_logged(tour, place, a, e, c, d, log, logged)
    return _turn_logged(tour, place, e, d, b, f, log, logged)


@compiled
def _turn_logged(
    tour: IntArray, place: IntArray, a: int, b: int, c: int, d: int, log: IntArray, logged: int
) -> int:
    _turn(tour, place, a, b, c, d)
    if not len(log):
        return 0
    log[logged, 0], log[logged, 1], log[logged, 2], log[logged, 3] = a, b, c, d
    return logged + 1


@compiled
def _turn(tour: IntArray, place: IntArray, a: int, b: int, c: int, d: int) -> None:
    """Replace the hops a-b and c-d by a-c and b-d: turn b..c round, or, if that is shorter, the rest."""
    count = len(tour)
    first, last = place[b >> 1], place[c >> 1]
    if tour[first] != b:  # the ring is written the other way round
        first, last = last, first
    length = (last - first) % count + 1
    if 2 * length > count:
        first, last = (last + 1) % count, (first - 1) % count
        length = count - length
    for _ in range(length // 2):
        one, other = tour[first] ^ 1, tour[last] ^ 1
        tour[first], tour[last] = other, one
        place[other >> 1], place[one >> 1] = first, last
        first += 1
        if first == count:
            first = 0
        last -= 1
        if last < 0:
            last = count - 1
    if length % 2:
        tour[first] ^= 1


@compiled
def _entry(tour: IntArray, p: int, s: int) -> int:
    """The end by which the stroke at place p is entered by who goes along s (1 or -1)."""
    end: int = tour[p % len(tour)]
    return end if s > 0 else end ^ 1


@compiled
def _hop(xy: FloatArray, a: int, b: int, ramp: float, speed: float, acceleration: float) -> float:
    """Seconds from end a to end b; see `plotbot.plan.motion.hop_seconds`."""
    distance = math.sqrt((xy[a, 0] - xy[b, 0]) ** 2 + (xy[a, 1] - xy[b, 1]) ** 2)
    if distance >= ramp:
        return distance / speed + speed / acceleration
    return 2 * math.sqrt(distance / acceleration)


@compiled
def _random(seed: int) -> int:
    """The next number, 0 to 2**31 - 1 (Park and Miller's generator of 1988)."""
    return seed * 48271 % 2147483647
