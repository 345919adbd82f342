"""Stippling: dots spread as a weighted centroidal Voronoi diagram (Secord 2002), on a short tour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["dot", "dot_scale", "dot_sizes", "stipple"]

Floats = npt.NDArray[np.float64]

_ROUNDS = 8
_WIDER = 8 / 7
_LARGEST = 10.0
"""Widths of a pen in the widest of its dots."""

_OVERLAP = 0.5
"""Share of a solid that dots cover twice before no paper shows between them."""

_CLOSEST = 3.0
"""In a solid, dots are no nearer to one another than so many widths of the pen."""

_GROWS = 0.4
"""Twice the tone takes this power of two more dots, and those are larger."""


def dot_sizes(width_mm: float) -> Floats:
    """Diameters that dots of a pen have, mm: a touch, and spirals, each a seventh wider than the last."""
    spirals = math.floor(math.log(_LARGEST / 1.3) / math.log(_WIDER))
    return np.concatenate([[width_mm], 1.3 * width_mm * _WIDER ** np.arange(spirals + 1)])


def dot_scale(wants: npt.NDArray[Any], widths_mm: Sequence[float], most: float) -> float:
    """Dots per mm² of a solid for which wanted coverages [n, pens] come to no more than `most` dots, if each
    of the n stood for a mm²; on a small sheet fewer, as large as dots should be."""
    wants = np.asarray(wants, dtype=np.float64)
    risen, touches = wants**_GROWS, wants / (math.pi * np.square(widths_mm) / 4)
    low, high = 1e-6, 1 / (_CLOSEST * max(widths_mm)) ** 2
    for _ in range(40):
        middle = math.sqrt(low * high)
        fits = float(np.minimum(middle * risen, touches).sum()) <= most
        low, high = (middle, high) if fits else (low, middle)
    return low


def stipple(
    want: npt.NDArray[Any], cell_mm: float, width_mm: float, scale: float, seed: int = 0
) -> tuple[Floats, Floats]:
    """Middles [n, 2] and diameters [n] in mm of dots for a wanted coverage [H, W], in touring order.

    Each dot inks what is wanted in its part of the paper (its Voronoi cell). scale: from `dot_scale`.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415

    want = np.clip(np.asarray(want, dtype=np.float64), 0, 1)
    rows, columns = np.nonzero(want > 0.004)
    tones = want[rows, columns]
    # More dots in darker tones, but larger ones too, and never more than it takes of mere touches.
    weights = np.minimum(scale * tones**_GROWS, tones / (math.pi * width_mm**2 / 4))
    places = (np.stack([columns, rows], axis=1) + 0.5) * cell_mm
    count = min(round(float(weights.sum()) * cell_mm**2), len(rows))
    if not count:
        return np.zeros((0, 2)), np.zeros(0)
    rng = np.random.default_rng(seed)
    # Even steps along a curve that fills the plane are a good start for the diagram.
    order = np.argsort(_hilbert(columns, rows), kind="stable")
    total = np.cumsum(weights[order])
    steps = (np.arange(count) + rng.uniform(0.2, 0.8, count)) * (total[-1] / count)
    points = places[order][np.minimum(np.searchsorted(total, steps), len(order) - 1)]
    points = points + rng.uniform(-0.4, 0.4, points.shape) * cell_mm
    nearest = np.zeros(0, np.int64)
    for _ in range(_ROUNDS):
        nearest = cKDTree(points).query(places)[1]
        mass = np.bincount(nearest, weights=weights, minlength=count)
        middle = np.stack(
            [np.bincount(nearest, weights=weights * places[:, k], minlength=count) for k in (0, 1)], axis=1
        )
        points = np.where(mass[:, None] > 0, middle / np.maximum(mass, 1e-12)[:, None], points)
    # Where discs meet they overlap before they close the paper.
    area = np.bincount(nearest, weights=tones + _OVERLAP * tones**6, minlength=count) * cell_mm**2
    sizes = dot_sizes(width_mm)
    between = (sizes[1:] + sizes[:-1]) / 2
    diameters = sizes[np.searchsorted(between, np.sqrt(4 / math.pi * area))]
    low = diameters[:, None] / 2
    high = np.array([want.shape[1], want.shape[0]]) * cell_mm - low
    points = np.clip(points, np.minimum(low, high), np.maximum(low, high))
    tour = np.argsort(_hilbert(*(np.floor(points / cell_mm * 4).astype(np.int64).T)), kind="stable")
    return points[tour], diameters[tour]


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
