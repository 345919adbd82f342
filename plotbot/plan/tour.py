"""Local search for the order and direction of strokes: 2-opt and Or-opt, then small kicks.

The tour is a ring of strokes (`plotbot.plan.ring`) and one more, the park position, a stroke whose two ends
are the same place. Turning a stretch of the ring round turns every stroke in it. All moves are made of
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

from plotbot.compiled import compiled, compiled_into
from plotbot.plan.ring import Ring, across, leaving, tour_of, turn

__all__ = ["Limits", "NearArray", "hop_s", "hop_total", "improve", "kick", "nearest_first"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
NearArray = npt.NDArray[np.int32]

Limits = tuple[float, float, float]
"""How travel is timed: the distance over which full speed is reached, speed, acceleration (mm, s)."""

_NONE, _TURN, _TURN_TO, _TURN_FROM, _SWAP_TO, _SWAP_FROM = range(6)
"""Kinds of moves: 2-opt; a stretch moved by two turns, to an end or from it; one moved by three turns."""

_SEGMENT = 3
"""Longest stretch of strokes that Or-opt moves to another place."""

_STRETCH = 30
"""Longest stretch of strokes that a kick moves."""

_LOG = 100_000
"""Turns that one kick and its repair may take; with more it is given up half way, which is only rarely."""

_LEAST = 1e-9
"""Seconds that a move must win: rounding must not keep the search going for ever."""


@compiled
def hop_total(tour: IntArray, xy: FloatArray, motion: Limits) -> float:
    """Seconds of travel along the whole ring."""
    total = 0.0
    for p in range(len(tour)):
        total += _hop(xy, tour[p - 1] ^ 1, tour[p], motion)
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


def improve(ring: Ring, xy: FloatArray, near: NearArray, motion: Limits) -> float:
    """Improve the tour in place until no move of 2-opt or Or-opt among near ends helps; returns seconds won.

    xy: [ends, 2] mm. near: [ends, k], the nearest other ends of each end, nearest first.
    """
    tour = tour_of(ring)
    queue = np.empty(len(xy) + 1, dtype=np.int64)
    queue[0:-1:2], queue[1:-1:2] = tour, tour ^ 1  # along the tour, so that the search walks through memory
    queued = np.ones(len(xy), dtype=np.bool_)
    log = np.empty((0, 4), dtype=np.int64)
    won, _ = _run(ring, xy, near, motion, queue, queued, len(xy), log, 0, 1)
    return won


def kick(
    ring: Ring, xy: FloatArray, near: NearArray, motion: Limits, kicks: int, seed: int
) -> tuple[float, int]:
    """Kick the tour in place `kicks` times and keep what helps; returns seconds won and the next seed."""
    queue = np.empty(len(xy) + 1, dtype=np.int64)
    queued = np.zeros(len(xy), dtype=np.bool_)
    log = np.empty((_LOG, 4), dtype=np.int64)
    return _run(ring, xy, near, motion, queue, queued, 0, log, kicks, seed)


@compiled
def _run(
    ring: Ring,
    xy: FloatArray,
    near: NearArray,
    motion: Limits,
    queue: IntArray,
    queued: npt.NDArray[np.bool_],
    waiting: int,
    log: IntArray,
    kicks: int,
    seed: int,
) -> tuple[float, int]:
    """Settle what waits in the queue, then kick, settle, and undo what won nothing, again and again."""
    count = len(ring.ends)
    won = 0.0
    stretch = min(_STRETCH, (count - 2) // 2)
    gain = 0.0
    for number in range(kicks + 1 if stretch >= 1 else 1):
        if number:
            seed = _random(seed)
            a = 2 * (seed % count)
            b = across(ring, a)
            seed = _random(seed)
            d = _far_end(ring, b, seed % stretch)
            c = across(ring, d)
            seed = _random(seed)
            e = _far_end(ring, c, seed % stretch)
            f = across(ring, e)
            gain = 0.0
            for old, one, other in ((b, a, c), (c, d, f), (f, e, b)):
                gain += _hop(xy, one, old, motion)
                gain -= _hop(xy, one, other, motion)
            log[0, 0] = 0
            _swap(ring, a, b, d, c, e, f, log)
            waiting = 0
            for end in (a, b, c, d, e, f):
                if not queued[end]:
                    queue[waiting] = end
                    queued[end] = True
                    waiting += 1
        repaired = _settle(
            ring,
            xy,
            near,
            motion,
            queue,
            queued,
            waiting,
            log,
        )
        if gain + repaired > _LEAST or not number:
            won += gain + repaired
        else:
            for row in range(log[0, 0], 0, -1):
                turn(ring, log[row, 0], log[row, 2], log[row, 1], log[row, 3])
    return won, seed


@compiled
def _settle(
    ring: Ring,
    xy: FloatArray,
    near: NearArray,
    motion: Limits,
    queue: IntArray,
    queued: npt.NDArray[np.bool_],
    waiting: int,
    log: IntArray,
) -> float:
    """Work the queue until it is empty; returns seconds won.

    A log without room at all is not written; one that is nearly full ends the search early.
    """
    size = len(queue)
    head, tail = 0, waiting
    won = 0.0
    while head != tail:
        a = queue[head]
        head = (head + 1) % size
        queued[a] = False
        if len(log) and log[0, 0] + 4 > len(log):
            continue
        gain, kind, b, c, d, e, f = _best_move(ring, xy, near, motion, a)
        if kind == _NONE:
            continue
        for end in (a, b, c, d, e, f):
            if not queued[end]:
                queued[end] = True
                queue[tail] = end
                tail = (tail + 1) % size
        won += gain
        if kind == _SWAP_TO:
            _swap(ring, a, b, d, c, e, f, log)
        elif kind == _SWAP_FROM:
            _swap(ring, d, c, f, e, a, b, log)
        elif kind == _TURN_FROM:
            _turn_logged(ring, c, d, a, b, log)
            _turn_logged(ring, e, f, d, b, log)
        else:
            _turn_logged(ring, a, b, c, d, log)
            if kind == _TURN_TO:
                _turn_logged(ring, e, f, b, d, log)
    return won


@compiled
def _best_move(
    ring: Ring,
    xy: FloatArray,
    near: NearArray,
    motion: Limits,
    a: int,
) -> tuple[float, int, int, int, int, int, int]:
    """The best move that links end `a` to a near one: seconds won, its kind, and the ends of its hops.

    It replaces the hops a-b and c-d, and, where it moves a stretch of strokes, e-f, by c-a and others.
    """
    b = across(ring, a)
    before = _hop(xy, a, b, motion)
    best, kind = _LEAST, _NONE
    c, d, e, f = a, b, a, b
    for index in range(near.shape[1]):
        m = int(near[a, index])
        link = _hop(xy, a, m, motion)
        if link >= before:
            break
        n = across(ring, m)
        if n == a:
            continue
        same = leaving(ring, a) == leaving(ring, m)
        base = before + _hop(xy, m, n, motion) - link
        if same:
            gain = base - _hop(xy, b, n, motion)
            if gain > best:
                best, kind, c, d = gain, _TURN, m, n
        # Move a stretch that ends at m next to a, or one that ends at a next to m.
        for side in range(2):
            inner, stay = (m ^ 1, a >> 1) if side == 0 else (a ^ 1, m >> 1)
            joins, leaves = (b, n) if side == 0 else (n, b)
            for _ in range(_SEGMENT):
                outer = across(ring, inner)
                if inner >> 1 == stay or (same and outer >> 1 == stay):
                    break
                if outer == joins or (not same and outer == leaves):
                    break
                gain = base + _hop(xy, inner, outer, motion)
                gain -= _hop(xy, inner, joins, motion)
                gain -= _hop(xy, outer, leaves, motion)
                if gain > best:
                    best, c, d, e, f = gain, m, n, inner, outer
                    kind = (_TURN_TO if side == 0 else _TURN_FROM) if same else _SWAP_TO + side
                inner = outer ^ 1
    return best, kind, b, c, d, e, f


@compiled
def _far_end(ring: Ring, end: int, strokes: int) -> int:
    """The far end of the stroke that comes so many strokes after the one entered by `end`."""
    end ^= 1
    for _ in range(strokes):
        end = across(ring, end) ^ 1
    return end


@compiled
def _swap(
    ring: Ring,
    a: int,
    b: int,
    d: int,
    c: int,
    e: int,
    f: int,
    log: IntArray,
) -> None:
    """Make a, b..d, c..e, f into a, c..e, b..d, f by three turns."""
    _turn_logged(ring, a, b, e, f, log)
    _turn_logged(ring, a, e, c, d, log)
    _turn_logged(ring, e, d, b, f, log)


@compiled
def _turn_logged(ring: Ring, a: int, b: int, c: int, d: int, log: IntArray) -> None:
    turn(ring, a, b, c, d)
    if len(log):
        log[0, 0] += 1
        row = log[0, 0]
        log[row, 0], log[row, 1], log[row, 2], log[row, 3] = a, b, c, d


@compiled_into
def _hop(xy: FloatArray, a: int, b: int, motion: Limits) -> float:
    """Seconds from end a to end b."""
    return hop_s(xy[a, 0] - xy[b, 0], xy[a, 1] - xy[b, 1], motion)


@compiled_into
def hop_s(dx: float, dy: float, motion: Limits) -> float:
    """Seconds for a hop by (dx, dy); see `plotbot.plan.motion.hop_seconds`."""
    ramp, speed, acceleration = motion
    distance = math.sqrt(dx * dx + dy * dy)
    if distance >= ramp:
        return distance / speed + speed / acceleration
    return 2 * math.sqrt(distance / acceleration)


@compiled
def _random(seed: int) -> int:
    """The next number, 0 to 2**31 - 1 (Park and Miller's generator of 1988)."""
    return seed * 48271 % 2147483647
