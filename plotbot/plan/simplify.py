"""Leave out points that a pen cannot show: Ramer–Douglas–Peucker over many polylines at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from plotbot.compiled import compiled

__all__ = ["kept_points"]

_LONGEST = 4096
"""Points looked at together. It bounds the work on hostile input to n × 4096 where plain RDP takes n²,
and keeps one point in 4096 that might have gone."""


def kept_points(
    points: npt.NDArray[np.float64], offsets: npt.NDArray[np.int64], tolerance: float
) -> npt.NDArray[np.bool_]:
    """Which points [n] of polylines to keep so that none moves by more than `tolerance`.

    points: [n, 2], all polylines one after the other; polyline k is points offsets[k]:offsets[k + 1].
    First and last points stay. With tolerance 0 only points exactly on the line between others go.
    """
    keep = np.zeros(len(points), dtype=np.bool_)
    _keep(points, offsets, tolerance * tolerance, keep, np.empty((_LONGEST + 2, 2), dtype=np.int64))
    return keep


@compiled
def _keep(
    points: npt.NDArray[np.float64],
    offsets: npt.NDArray[np.int64],
    limit: float,
    keep: npt.NDArray[np.bool_],
    stack: npt.NDArray[np.int64],
) -> None:
    for line in range(len(offsets) - 1):
        first, stop = offsets[line], offsets[line + 1]
        if stop <= first:
            continue
        keep[first] = True
        while first < stop - 1:
            last = min(first + _LONGEST, stop - 1)
            keep[last] = True
            stack[0, 0], stack[0, 1] = first, last
            depth = 1
            while depth:
                depth -= 1
                a, b = stack[depth, 0], stack[depth, 1]
                ax, ay = points[a, 0], points[a, 1]
                dx, dy = points[b, 0] - ax, points[b, 1] - ay
                square = dx * dx + dy * dy
                worst, at = limit, -1
                for i in range(a + 1, b):
                    x, y = points[i, 0] - ax, points[i, 1] - ay
                    share = 0.0
                    if square > 0:
                        share = min(max((x * dx + y * dy) / square, 0.0), 1.0)
                    ox, oy = x - share * dx, y - share * dy
                    away = ox * ox + oy * oy
                    if away > worst:
                        worst, at = away, i
                if at >= 0:
                    keep[at] = True
                    stack[depth, 0], stack[depth, 1] = a, at
                    stack[depth + 1, 0], stack[depth + 1, 1] = at, b
                    depth += 2
            first = last
