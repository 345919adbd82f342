"""Order and direction of strokes, and where closed ones begin: the fastest travel that can be found."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from plotbot.compiled import compiled
from plotbot.plan.ends import along_curve, chains, match_ends
from plotbot.plan.ring import Ring, ring_of, tour_of
from plotbot.plan.starts import Lines, choose_starts
from plotbot.plan.tour import Limits, NearArray, hop_total, improve, kick, nearest_first

__all__ = ["Effort", "order_strokes"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_NEIGHBOURS = 8
_NEAREST_FIRST_UP_TO = 3000
"""Up to here the plain nearest-first order is tried as a start too: on few strokes it can win."""

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
    if not count:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    # The search numbers strokes along a curve that fills the sheet: what is near is near in memory.
    along = along_curve(points[offsets[:-1]])
    lines = Lines(points, offsets[:-1][along], np.diff(offsets)[along])
    xy = np.empty((2 * count + 2, 2))
    xy[0:-2:2], xy[1:-2:2], xy[-2:] = points[lines.first], points[lines.first + lines.size - 1], home
    motion = (speed**2 / acceleration, speed, acceleration)
    given = np.append(2 * np.argsort(along), 2 * count)
    given_time = hop_total(given, xy, motion)
    tour, start_point = _fastest(xy, lines, motion, effort)
    if hop_total(tour, xy, motion) > given_time:
        tour, start_point = given, np.zeros(count, dtype=np.int64)
    entered = _from_home(tour, 2 * count)
    return 2 * along[entered // 2] + entered % 2, start_point[np.argsort(along)]


def _fastest(xy: FloatArray, lines: Lines, motion: Limits, effort: Effort) -> tuple[IntArray, IntArray]:
    """The fastest tour found, and where closed strokes begin in it; moves their ends in `xy`."""
    tours = [_greedy(xy)]
    if len(lines.size) <= _NEAREST_FIRST_UP_TO:
        tours.append(nearest_first(xy, 0, len(xy) - 2))
    near = _nearest_ends(xy)
    rings = [ring_of(tour) for tour in tours]
    for ring in rings:
        improve(ring, xy, near, motion)
    ring = min(rings, key=lambda one: hop_total(tour_of(one), xy, motion))
    start_point = np.zeros(len(lines.size), dtype=np.int64)
    closed = (xy[0:-2:2] == xy[1:-2:2]).all(axis=1) & (lines.size > 2)
    if closed.any():
        for _ in range(2):
            choose_starts(tour_of(ring), xy, lines, closed, start_point, motion)
            near = _nearest_ends(xy)
            improve(ring, xy, near, motion)
    _kick(ring, xy, near, motion, effort)
    tour = tour_of(ring)
    if closed.any():
        choose_starts(tour, xy, lines, closed, start_point, motion)
    return tour, start_point


def _kick(ring: Ring, xy: FloatArray, near: NearArray, motion: Limits, effort: Effort) -> None:
    """Kick until the effort is spent. The first kicks are the same on every computer."""
    seed = max(effort.seed % 2147483646, 1)
    if effort.kicks:
        _, seed = kick(ring, xy, near, motion, effort.kicks, seed)
    end = time.monotonic() + effort.seconds
    while effort.seconds > 0 and time.monotonic() < end:
        _, seed = kick(ring, xy, near, motion, _KICKS_PER_ROUND, seed)


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


def _nearest_ends(xy: FloatArray) -> NearArray:
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
    return _without_self(near.astype(np.int32))


@compiled
def _without_self(near: NearArray) -> NearArray:
    others = np.empty((near.shape[0], max(near.shape[1] - 1, 0)), dtype=np.int32)
    for end in range(near.shape[0]):
        used = 0
        for index in range(near.shape[1]):
            if near[end, index] != end and used < others.shape[1]:
                others[end, used] = near[end, index]
                used += 1
    return others
