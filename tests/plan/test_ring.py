"""The ring in blocks turns stretches as a plain list does, short and long, however often."""

from __future__ import annotations

import numpy as np
import pytest

from plotbot.plan.ring import across, leaving, ring_of, tour_of, turn


def links(tour: np.ndarray) -> dict[int, int]:
    """Which ends the hops of a tour link."""
    found: dict[int, int] = {}
    for one, other in zip(tour.tolist(), np.roll(tour, -1).tolist(), strict=True):
        found[one ^ 1], found[other] = other, one ^ 1
    return found


@pytest.mark.parametrize("count", [2, 3, 40, 1500, 9000])
def test_turning_a_stretch_relinks_two_hops_and_nothing_else(count: int) -> None:
    rng = np.random.default_rng(count)
    tour = 2 * rng.permutation(count) + rng.integers(0, 2, count)
    ring, wanted = ring_of(tour), links(tour)
    assert tour_of(ring).tolist() == tour.tolist()
    for number in range(300):  # often enough that blocks are laid out anew
        a = int(rng.integers(2 * count))
        b = across(ring, a)
        # Far away, or a few strokes on, in the direction of the ring.
        c = int(rng.integers(2 * count)) if number % 2 else a ^ 1
        d = across(ring, c)
        if leaving(ring, c) != leaving(ring, a):
            c, d = d, c
        if c in (a, b):
            continue
        turn(ring, a, b, c, d)
        for one, other in ((a, c), (b, d)):
            wanted[one], wanted[other] = other, one
        assert across(ring, a) == c and across(ring, b) == d
    assert links(tour_of(ring)) == wanted
    assert sorted(tour_of(ring) // 2) == list(range(count))
    assert all(across(ring, end) == other for end, other in wanted.items())
