"""A ring of strokes in which any stretch can be turned round quickly, however long it is.

The ring is written down in blocks: a block lies in one piece in `ends`, forwards or flipped, and the order
of the blocks is a list of its own. A short stretch is turned stroke by stroke; for a long one the blocks at
both its ends are cut in two, and whole blocks change places: about √n steps where a plain list takes n
(M. Fredman and others, "Data Structures for Traveling Salesmen", 1995, compare such lists).

A stroke k has the ends 2k and 2k + 1. What is linked by a hop is two ends, so most questions need no
direction of the ring: `across` an end lies the other end of its hop, and `end ^ 1` is the far end of the
same stroke.
"""

# Compiled functions take the arrays they work on in a tuple, and change them in place.

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from plotbot.compiled import compiled, compiled_into

__all__ = ["Ring", "across", "leaving", "ring_of", "tour_of", "turn"]

IntArray = npt.NDArray[np.int64]

_SHORT = 100
"""Strokes up to which a stretch is turned one by one."""

_LEAST_BLOCK = 1000

_SPARE = 3
"""How many times the first number of blocks there may be before all are laid out anew."""

_LOW, _HIGH, _FLIPPED, _RANK, _BEFORE, _ORDER = range(6)


class Ring(NamedTuple):
    """ends: the end by which each stroke is entered, block by block, [n]; of a flipped block the strokes come
    last first and are entered by their other ends. where: for each stroke its place in `ends` and its block,
    [n, 2]. blocks: [m, 6]: the part of `ends` from _LOW to _HIGH, 1 if it is flipped, its place among
    blocks, the strokes before it; and _ORDER, the block that has the row's number as its place. used: how
    many blocks there are, and how many there are after laying out, [2].
    """

    ends: IntArray
    where: IntArray
    blocks: IntArray
    used: IntArray


def ring_of(tour: IntArray) -> Ring:
    """The ring whose strokes are entered by the ends in `tour`, in that order."""
    count = len(tour)
    least = max(count // max(_LEAST_BLOCK, math.isqrt(5 * count)), 1)
    blocks = np.zeros((_SPARE * least + 2, 6), dtype=np.int64)
    ring = Ring(tour.astype(np.int64), np.empty((count, 2), dtype=np.int64), blocks, np.array([least, least]))
    _lay_out(ring)
    return ring


@compiled
def tour_of(ring: Ring) -> IntArray:
    """The ends by which the strokes are entered, once round."""
    tour = np.empty(len(ring.ends), dtype=np.int64)
    written = 0
    for rank in range(ring.used[0]):
        block = ring.blocks[rank, _ORDER]
        low, high = ring.blocks[block, _LOW], ring.blocks[block, _HIGH]
        for inside in range(high - low):
            if ring.blocks[block, _FLIPPED]:
                tour[written] = ring.ends[high - 1 - inside] ^ 1
            else:
                tour[written] = ring.ends[low + inside]
            written += 1
    return tour


@compiled_into
def leaving(ring: Ring, end: int) -> bool:
    """Whether the pen leaves a stroke by this end, as the ring is written."""
    stroke = end >> 1
    entered = ring.ends[ring.where[stroke, 0]] ^ ring.blocks[ring.where[stroke, 1], _FLIPPED]
    return bool(entered != end)


@compiled_into
def across(ring: Ring, end: int) -> int:
    """The other end of the hop that begins or stops at an end."""
    stroke = end >> 1
    at, block = ring.where[stroke, 0], ring.where[stroke, 1]
    # Upwards in `ends` lies what comes after the stroke, or, in a flipped block, what comes before it.
    upwards = ring.ends[at] != end
    at += 1 if upwards else -1
    if not ring.blocks[block, _LOW] <= at < ring.blocks[block, _HIGH]:
        after = upwards != (ring.blocks[block, _FLIPPED] == 1)
        block = ring.blocks[(ring.blocks[block, _RANK] + (1 if after else -1)) % ring.used[0], _ORDER]
        upwards = after != (ring.blocks[block, _FLIPPED] == 1)
        at = ring.blocks[block, _LOW] if upwards else ring.blocks[block, _HIGH] - 1
    found: int = ring.ends[at] if upwards else ring.ends[at] ^ 1
    return found


@compiled
def turn(ring: Ring, a: int, b: int, c: int, d: int) -> None:
    """Replace the hops a-b and c-d by a-c and b-d: turn b..c round, or, if that is shorter, the rest."""
    count = len(ring.ends)
    first, last = b, c
    if leaving(ring, b):  # the ring is written the other way round
        first, last = c, b
    length = (_index(ring, last) - _index(ring, first)) % count + 1
    if 2 * length > count:
        first, last = across(ring, last), across(ring, first)
        length = count - length
    one, other = first >> 1, last >> 1
    block = ring.where[one, 1]
    here, there = ring.where[one, 0], ring.where[other, 0]
    if block == ring.where[other, 1] and abs(there - here) == length - 1:
        _turn_inside(ring, min(here, there), max(here, there))
    elif length > _SHORT:
        _turn_blocks(ring, first, last)
    else:
        _turn_one_by_one(ring, first, last, length)


@compiled
def _turn_inside(ring: Ring, low: int, high: int) -> None:
    """Turn round a stretch that lies in one piece in `ends`."""
    while low <= high:
        one, other = ring.ends[low] ^ 1, ring.ends[high] ^ 1
        ring.ends[low], ring.ends[high] = other, one
        ring.where[other >> 1, 0], ring.where[one >> 1, 0] = low, high
        low += 1
        high -= 1


@compiled
def _turn_one_by_one(ring: Ring, first: int, last: int, length: int) -> None:
    for _ in range(length // 2):
        following = across(ring, first ^ 1)
        preceding = across(ring, last ^ 1)
        one, other = first >> 1, last >> 1
        here, block = ring.where[one, 0], ring.where[one, 1]
        there, block_there = ring.where[other, 0], ring.where[other, 1]
        # Each is entered by the end by which it was left, written as its new block is.
        ring.ends[here] = last ^ ring.blocks[block, _FLIPPED]
        ring.ends[there] = first ^ 1 ^ ring.blocks[block_there, _FLIPPED]
        ring.where[one, 0], ring.where[one, 1] = there, block_there
        ring.where[other, 0], ring.where[other, 1] = here, block
        first, last = following, preceding
    if length % 2:
        ring.ends[ring.where[first >> 1, 0]] ^= 1


@compiled_into
def _index(ring: Ring, end: int) -> int:
    """Place of an end's stroke along the ring."""
    at, block = ring.where[end >> 1, 0], ring.where[end >> 1, 1]
    inside = (
        ring.blocks[block, _HIGH] - 1 - at if ring.blocks[block, _FLIPPED] else at - ring.blocks[block, _LOW]
    )
    place: int = ring.blocks[block, _BEFORE] + inside
    return place


@compiled
def _turn_blocks(ring: Ring, first: int, last: int) -> None:
    """Turn round all from the stroke entered by `first` to the one left by `last`."""
    if ring.used[0] + 2 > len(ring.blocks):
        tour = tour_of(ring)
        for index in range(len(ring.ends)):
            ring.ends[index] = tour[index]
        _lay_out(ring)
    _cut(ring, first)
    _cut(ring, last)
    one, other = ring.blocks[ring.where[first >> 1, 1], _RANK], ring.blocks[ring.where[last >> 1, 1], _RANK]
    for _ in range(((other - one) % ring.used[0] + 2) // 2):
        left, right = ring.blocks[one, _ORDER], ring.blocks[other, _ORDER]
        ring.blocks[one, _ORDER], ring.blocks[other, _ORDER] = right, left
        ring.blocks[right, _RANK], ring.blocks[left, _RANK] = one, other
        ring.blocks[left, _FLIPPED] ^= 1
        if left != right:
            ring.blocks[right, _FLIPPED] ^= 1
        one, other = (one + 1) % ring.used[0], (other - 1) % ring.used[0]
    before = 0
    for rank in range(ring.used[0]):
        block = ring.blocks[rank, _ORDER]
        ring.blocks[block, _BEFORE] = before
        before += ring.blocks[block, _HIGH] - ring.blocks[block, _LOW]


@compiled
def _cut(ring: Ring, end: int) -> None:
    """Cut a block in two at the hop that begins or stops at an end, where no border is yet."""
    at, block = ring.where[end >> 1, 0], ring.where[end >> 1, 1]
    at += 1 if ring.ends[at] != end else 0
    low, high = ring.blocks[block, _LOW], ring.blocks[block, _HIGH]
    if at in (low, high):
        return
    # The smaller part becomes a new block, before or after the old one.
    upper, new = high - at <= at - low, ring.used[0]
    ring.blocks[new, _LOW], ring.blocks[new, _HIGH] = (at, high) if upper else (low, at)
    ring.blocks[block, _LOW], ring.blocks[block, _HIGH] = (low, at) if upper else (at, high)
    ring.blocks[new, _FLIPPED] = ring.blocks[block, _FLIPPED]
    for index in range(ring.blocks[new, _LOW], ring.blocks[new, _HIGH]):
        ring.where[ring.ends[index] >> 1, 1] = new
    rank = ring.blocks[block, _RANK] + (1 if upper != (ring.blocks[block, _FLIPPED] == 1) else 0)
    for later in range(new, rank, -1):
        ring.blocks[later, _ORDER] = ring.blocks[later - 1, _ORDER]
        ring.blocks[ring.blocks[later, _ORDER], _RANK] = later
    ring.blocks[rank, _ORDER], ring.blocks[new, _RANK] = new, rank
    ring.used[0] = new + 1


@compiled
def _lay_out(ring: Ring) -> None:
    """Make blocks of equal size of what is in `ends`, in the order in which it stands there."""
    count = len(ring.ends)
    ring.used[0] = ring.used[1]
    for block in range(ring.used[0]):
        low, high = count * block // ring.used[0], count * (block + 1) // ring.used[0]
        ring.blocks[block, _LOW], ring.blocks[block, _HIGH], ring.blocks[block, _BEFORE] = low, high, low
        ring.blocks[block, _FLIPPED], ring.blocks[block, _RANK], ring.blocks[block, _ORDER] = 0, block, block
        for index in range(low, high):
            ring.where[ring.ends[index] >> 1, 0] = index
            ring.where[ring.ends[index] >> 1, 1] = block
