"""Match the ends of strokes, nearest first, into chains that never close: the core of merging and of
a good first order.

Ends are numbered 2k (first point of stroke k) and 2k + 1 (last point).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from plotbot.compiled import compiled

__all__ = ["along_curve", "chains", "match_ends"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_NEIGHBOURS = 6


def along_curve(points: FloatArray) -> IntArray:
    """The order of points [n, 2] along a curve that fills their rectangle (G. M. Morton, 1966).

    Work on neighbours is faster by far where neighbours in space are near in memory.
    """
    low = points.min(axis=0)
    grid = (points - low) * (65535 / max(float((points - low).max()), 1e-9))
    bits = grid.astype(np.uint32)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        bits = (bits | (bits << shift)) & mask
    return np.argsort(bits[:, 0] | (bits[:, 1] << 1), kind="stable")


def match_ends(ends: FloatArray, tolerance: float) -> IntArray:
    """Join ends [2n, 2] that are at most `tolerance` apart, shortest joins first.

    Returns, for every end, the end it is joined to, or -1. No join closes a ring, so the joined strokes
    form chains; with an infinite tolerance a single one. Equal distances go by number, so the result
    is deterministic.
    """
    along = along_curve(ends[0::2])
    partner = _matched(ends.reshape(-1, 4)[along].reshape(-1, 2), tolerance)
    found = np.full((len(along), 2), -1, dtype=np.int64)
    # From numbers along the curve to the caller's.
    found[along] = np.where(partner >= 0, 2 * along[partner // 2] + partner % 2, -1).reshape(-1, 2)
    return found.ravel()


def _matched(ends: FloatArray, tolerance: float) -> IntArray:
    partner = np.full(len(ends), -1, dtype=np.int64)
    parent = np.arange(len(ends) // 2, dtype=np.int64)
    # Ends in the very same place first: any number of them costs one sort, whatever a tree would do.
    by_place = np.lexsort((np.arange(len(ends)), ends[:, 1], ends[:, 0]))
    _match_coincident(ends, by_place, partner, parent)
    while tolerance > 0:
        free = np.flatnonzero(partner < 0)
        if len(free) <= 2:
            break
        known = min(_NEIGHBOURS, len(free))
        tree = cKDTree(ends[free], balanced_tree=False)
        bound = np.nextafter(tolerance, np.inf)  # the tree's bound is exclusive
        apart, near = tree.query(ends[free], k=known, distance_upper_bound=bound)
        one, other, apart = np.repeat(free, known), near.ravel(), apart.ravel()
        found = other < len(free)
        one, other, apart = one[found], free[other[found]], apart[found]
        shortest_first = np.argsort(apart, kind="stable")
        if not _match_nearest(one[shortest_first], other[shortest_first], partner, parent):
            break
    return partner


def chains(partner: IntArray, starts: IntArray) -> tuple[IntArray, IntArray]:
    """Walk the chains that `match_ends` made, each from one of the ends in `starts`.

    starts: free ends in the order wanted; both ends of a chain give it twice. Returns the entered end
    of every stroke in order (even: drawn forwards, odd: backwards), and the offsets at which chains
    begin, with the total at the end.
    """
    entered = np.empty(len(partner), dtype=np.int64)
    offsets = np.zeros(len(starts) + 1, dtype=np.int64)
    used = _walk(partner, starts, entered, offsets)
    return entered[:used], offsets


@compiled
def _find(parent: IntArray, item: int) -> int:
    while parent[item] != item:
        parent[item] = parent[parent[item]]
        item = parent[item]
    return item


@compiled
def _match_coincident(ends: FloatArray, by_place: IntArray, partner: IntArray, parent: IntArray) -> None:
    # The ends of a chain that wait in one place: both belong to the same chain, so there are at most two.
    waiting = np.empty(2, dtype=np.int64)
    count = 0
    for index in range(len(by_place)):
        end = by_place[index]
        if count and (ends[end, 0] != ends[waiting[0], 0] or ends[end, 1] != ends[waiting[0], 1]):
            count = 0
        if count:
            mine, theirs = _find(parent, end // 2), _find(parent, waiting[0] // 2)
            if mine != theirs:
                partner[end], partner[waiting[0]] = waiting[0], end
                parent[max(mine, theirs)] = min(mine, theirs)
                waiting[0] = waiting[1]
                count -= 1
                continue
        waiting[count] = end
        count += 1


@compiled
def _match_nearest(ones: IntArray, others: IntArray, partner: IntArray, parent: IntArray) -> int:
    matched = 0
    for index in range(len(ones)):
        one, other = ones[index], others[index]
        if partner[one] >= 0 or partner[other] >= 0:
            continue
        mine, theirs = _find(parent, one // 2), _find(parent, other // 2)
        if mine != theirs:
            partner[one], partner[other] = other, one
            parent[max(mine, theirs)] = min(mine, theirs)
            matched += 1
    return matched


@compiled
def _walk(partner: IntArray, starts: IntArray, entered: IntArray, offsets: IntArray) -> int:
    used = 0
    for chain in range(len(starts)):
        end = starts[chain]
        while end >= 0:
            entered[used] = end
            used += 1
            end = partner[end ^ 1]
        offsets[chain + 1] = used
    return used
