"""Stippling: dots spread as a weighted centroidal Voronoi diagram (Secord 2002), on a short tour."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["dot", "stipple"]

Floats = npt.NDArray[np.float64]

_ROUNDS = 8


def stipple(want: npt.NDArray[Any], cell_mm: float, dot_mm: float, seed: int = 0) -> Floats:
    """Middles [n, 2] in mm of discs of one diameter that cover a wanted coverage [H, W], in touring order."""
    from scipy.spatial import cKDTree  # noqa: PLC0415

    want = np.clip(np.asarray(want, dtype=np.float64), 0, 1)
    rows, columns = np.nonzero(want > 0.004)
    weights = want[rows, columns]
    places = (np.stack([columns, rows], axis=1) + 0.5) * cell_mm
    count = round(float(weights.sum()) * cell_mm**2 / (math.pi * dot_mm**2 / 4))
    if not count or not len(rows):
        return np.zeros((0, 2))
    count = min(count, len(rows))
    rng = np.random.default_rng(seed)
    # Even steps of ink along a curve that fills the plane are a good start for the diagram.
    order = np.argsort(_hilbert(columns, rows), kind="stable")
    total = np.cumsum(weights[order])
    steps = (np.arange(count) + rng.uniform(0.2, 0.8, count)) * (total[-1] / count)
    points = places[order][np.minimum(np.searchsorted(total, steps), len(order) - 1)]
    points = points + rng.uniform(-0.4, 0.4, points.shape) * cell_mm
    for _ in range(_ROUNDS):
        nearest = cKDTree(points).query(places)[1]
        mass = np.bincount(nearest, weights=weights, minlength=count)
        middle = np.stack(
            [np.bincount(nearest, weights=weights * places[:, k], minlength=count) for k in (0, 1)], axis=1
        )
        points = np.where(mass[:, None] > 0, middle / np.maximum(mass, 1e-12)[:, None], points)
    inside = np.minimum(points, np.array([want.shape[1], want.shape[0]]) * cell_mm)
    tour = _hilbert(*(np.floor(inside / cell_mm * 4).astype(np.int64).T))
    return np.asarray(inside[np.argsort(tour, kind="stable")])


def dot(middle: Floats, dot_mm: float, width_mm: float, turn: float = 0.0) -> Floats:
    """A stroke [n, 2] that inks a disc: a touch of the pen, or a spiral from the middle when it is wider."""
    radius = (dot_mm - width_mm) / 2
    if radius < width_mm / 8:
        return np.repeat(middle[None], 2, axis=0)
    pitch = 0.9 * width_mm
    turns = radius / pitch
    # Out along a spiral, then once round the rim.
    end = 2 * math.pi * turns
    angles = np.linspace(0, end + 2 * math.pi, max(8, math.ceil((turns + 1) * 14)))
    r = np.minimum(angles / (2 * math.pi) * pitch, radius)
    return np.asarray(middle + np.stack([r * np.cos(angles + turn), r * np.sin(angles + turn)], axis=1))


def _hilbert(x: npt.NDArray[Any], y: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Place along Hilbert's curve (1891) of points on a grid, up to 2^20 a side."""
    x, y = x.astype(np.int64).copy(), y.astype(np.int64).copy()
    bits = max(1, int(max(x.max(initial=0), y.max(initial=0), 1)).bit_length())
    index = np.zeros(len(x), np.int64)
    for bit in range(bits - 1, -1, -1):
        side = 1 << bit
        rx, ry = (x & side) > 0, (y & side) > 0
        index += side * side * ((3 * rx) ^ ry)
        flip = ~ry & rx
        x, y = (
            np.where(flip, side - 1 - (x & (side - 1)), x & (side - 1)),
            np.where(flip, side - 1 - (y & (side - 1)), y & (side - 1)),
        )
        x, y = np.where(ry, x, y), np.where(ry, y, x)
    return index
