"""Order and direction of strokes: the shortest travel that can be found between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from plotbot.plan.ends import chains, match_ends

__all__ = ["order_strokes"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def order_strokes(ends: FloatArray, home: tuple[float, float]) -> IntArray:
    """Order strokes given by their ends [2n, 2] for a pen that starts at `home` and returns there.

    Returns the end by which each stroke is entered, in drawing order (even: forwards, odd: backwards).
    """
    if not len(ends):
        return np.zeros(0, dtype=np.int64)
    everything = np.concatenate([ends, [home, home]])
    partner = match_ends(everything, np.inf)
    home_end = len(ends)
    free = np.flatnonzero(partner < 0)
    partner[free[0]], partner[free[1]] = free[1], free[0]
    partner[partner[home_end]] = -1
    start = partner[home_end]
    partner[home_end] = -1
    entered, _ = chains(partner, np.array([start]))
    return entered[entered < len(ends)]
