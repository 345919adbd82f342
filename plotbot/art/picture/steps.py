"""Lines in short steps: what is asked of every place along a line is asked at the points of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from plotbot.plan.motion import flatten

__all__ = ["finely", "finely_all"]

Floats = npt.NDArray[np.float64]


def finely(line: Floats, step: float = 0.5) -> Floats:
    """The same line with no step longer than `step` mm."""
    return finely_all([line], step)[0]


def finely_all(lines: Sequence[Floats], step: float = 0.5) -> tuple[Floats, npt.NDArray[np.int64]]:
    """Lines [n, 2] with no step longer than `step` mm, one after the other: points, and offsets [m + 1] where
    each begins."""
    points, offsets = flatten(list(lines))
    last = np.zeros(len(points), np.bool_)
    last[offsets[1:][np.diff(offsets) > 0] - 1] = True
    following = np.minimum(np.arange(len(points)) + 1, max(len(points) - 1, 0))
    ahead = np.where(last[:, None], 0.0, points[following] - points)
    counts = np.maximum(np.ceil(np.hypot(*ahead.T) / step).astype(np.int64), 1)
    ends = np.concatenate([[0], np.cumsum(counts)])
    start = np.repeat(np.arange(len(points)), counts)
    share = (np.arange(ends[-1]) - ends[:-1][start]) / counts[start]
    return points[start] + share[:, None] * ahead[start], ends[offsets]
