"""Ink by brute force: many samples in every pixel, each inside a stroke or not; no code of plotbot."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def inside(
    points: Floats, width: float, height_px: int, width_px: int, fine: int, steps: int = 400
) -> NDArray[np.bool_]:
    """Which of the fine × fine samples of each pixel lie within half a width of a Bézier chain.

    `points` [3K+1, 2] and `width` in pixels. [height · fine, width · fine].
    """
    hit = np.zeros((height_px * fine, width_px * fine), bool)
    line = polyline(points, steps)
    for a, b in itertools.pairwise(line):
        low = np.floor((np.minimum(a, b) - width / 2) * fine - 1).astype(int)
        high = np.ceil((np.maximum(a, b) + width / 2) * fine + 1).astype(int)
        x0, x1 = np.clip([low[0], high[0]], 0, hit.shape[1])
        y0, y1 = np.clip([low[1], high[1]], 0, hit.shape[0])
        if x0 >= x1 or y0 >= y1:
            continue
        x, y = (np.arange(x0, x1) + 0.5) / fine, (np.arange(y0, y1) + 0.5)[:, None] / fine
        step = b - a
        along = np.clip(((x - a[0]) * step[0] + (y - a[1]) * step[1]) / max(step @ step, 1e-30), 0, 1)
        away = np.hypot(x - a[0] - along * step[0], y - a[1] - along * step[1])
        hit[y0:y1, x0:x1] |= away <= width / 2
    return hit


def image(
    strokes: Sequence[Floats],
    pens: Sequence[int],
    pen_width: Sequence[float],
    transmittance: Floats,
    opacity: Sequence[float],
    size: tuple[int, int],
    fine: int = 16,
) -> Floats:
    """The drawing [3, H, W] as the mean over samples; pens that hide what is below come last."""
    height, width = size
    ink = np.zeros((len(pen_width), height * fine, width * fine), bool)
    for points, pen in zip(strokes, pens, strict=True):
        ink[pen] |= inside(points, pen_width[pen], height, width, fine)
    seen = np.ones((3, height * fine, width * fine))
    for pen in sorted(range(len(pen_width)), key=lambda p: opacity[p] > 0):
        own = transmittance[pen][:, None, None]
        seen = np.where(ink[pen], (1 - opacity[pen]) * seen * own + opacity[pen] * own, seen)
    return pixels(seen, fine)


def pixels(samples: Floats, fine: int) -> Floats:
    """Mean over the samples of each pixel, over the last two axes."""
    *rest, height, width = samples.shape
    return samples.reshape(*rest, height // fine, fine, width // fine, fine).mean((-3, -1))


def polyline(points: Floats, steps: int) -> Floats:
    t = np.linspace(0, 1, steps + 1)[:, None]
    parts = []
    for k in range(0, len(points) - 1, 3):
        level = [np.broadcast_to(p, (steps + 1, 2)) for p in points[k : k + 4]]
        while len(level) > 1:  # de Casteljau
            level = [p * (1 - t) + q * t for p, q in itertools.pairwise(level)]
        parts.append(level[0])
    return np.concatenate(parts)
