"""Areas row by row: where lines across them begin and end."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["spans"]

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


def spans(polygons: npt.NDArray[Any], first: float, step: float) -> tuple[Indices, Indices, Floats]:
    """Where rows at y = first + row · step lie in polygons [n]: the polygon and the row of each span [m], and
    its two ends [m, 2] in x."""
    rings, owner = shapely.get_rings(polygons, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    edge = np.flatnonzero(ring[1:] == ring[:-1])
    a, b, polygon = points[edge], points[edge + 1], owner[ring[edge]]
    # A row that meets a corner meets one of the two edges there.
    low = np.ceil((np.minimum(a[:, 1], b[:, 1]) - first) / step).astype(np.int64)
    high = np.ceil((np.maximum(a[:, 1], b[:, 1]) - first) / step).astype(np.int64)
    counts = high - low
    which = np.repeat(np.arange(len(edge)), counts)
    row = low[which] + np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    (x0, y0), (x1, y1) = a[which].T, b[which].T
    x = x0 + (first + row * step - y0) / (y1 - y0) * (x1 - x0)
    polygon = polygon[which]
    order = np.lexsort((x, row, polygon))
    begins = order[::2]
    return polygon[begins], row[begins], x[order].reshape(-1, 2)
