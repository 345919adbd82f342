# ruff: noqa: PLR0912  (kernels are one loop; calls would cost more than their work)
"""Edges of a picture as lines: Canny's edges, linked into chains and smoothed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.guides import compiled

__all__ = ["edge_lines", "link"]

Floats = npt.NDArray[np.float64]


def edge_lines(
    lightness: npt.NDArray[Any], cell_mm: float, shortest_mm: float = 2.5, sigma_mm: float = 0.7
) -> list[Floats]:
    """Polylines [n, 2] in mm along the edges of L* [H, W] given on square cells."""
    from scipy.ndimage import gaussian_filter1d  # noqa: PLC0415
    from skimage.feature import canny  # noqa: PLC0415

    # An edge is a step of at least a few L*, however contrasty the rest of the picture is.
    edges = canny(  # type: ignore[no-untyped-call]
        np.asarray(lightness, dtype=np.float64),
        sigma=sigma_mm / cell_mm,
        low_threshold=1.5,
        high_threshold=4.0,
    )
    chains, offsets = link(np.ascontiguousarray(edges))
    lines = []
    for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        if end - start < 3:
            continue
        cells = chains[start:end].astype(np.float64)
        smooth = gaussian_filter1d(cells, 1.0, axis=0, mode="nearest")
        smooth[0], smooth[-1] = cells[0], cells[-1]
        line = (smooth[:, ::-1] + 0.5) * cell_mm
        if np.hypot(*np.diff(line, axis=0).T).sum() >= shortest_mm:
            lines.append(line)
    return lines


@compiled
def link(edges: Any) -> Any:
    """Chains of touching edge cells, each cell in one chain, straight continuations first."""
    height, width = edges.shape
    total = 0
    for row in range(height):
        for column in range(width):
            total += edges[row, column]
    chains = np.empty((total, 2), np.int64)
    offsets = np.zeros(total + 1, np.int64)
    left = edges.copy()
    around = np.array([[0, 1], [1, 0], [0, -1], [-1, 0], [1, 1], [1, -1], [-1, -1], [-1, 1]])
    count = 0
    at = 0
    buffer = np.empty((total, 2), np.int64)
    for row in range(height):
        for column in range(width):
            if not left[row, column]:
                continue
            left[row, column] = False
            lengths = np.zeros(2, np.int64)
            start = at
            for way in range(2):
                r, c = row, column
                dr, dc = 0, 0
                n = 0
                while True:
                    best = -1
                    most = -10
                    for k in range(8):
                        y, x = r + around[k, 0], c + around[k, 1]
                        if 0 <= y < height and 0 <= x < width and left[y, x]:
                            score = around[k, 0] * dr + around[k, 1] * dc
                            if score > most:
                                most = score
                                best = k
                    if best < 0:
                        break
                    dr, dc = around[best, 0], around[best, 1]
                    r, c = r + dr, c + dc
                    left[r, c] = False
                    if way == 0:
                        buffer[n, 0], buffer[n, 1] = r, c
                    else:
                        chains[at, 0], chains[at, 1] = r, c
                        at += 1
                    n += 1
                lengths[way] = n
                if way == 0:
                    for k in range(n):
                        chains[at, 0], chains[at, 1] = buffer[n - 1 - k, 0], buffer[n - 1 - k, 1]
                        at += 1
                    chains[at, 0], chains[at, 1] = row, column
                    at += 1
            if at - start > 0:
                count += 1
                offsets[count] = at
    return chains[:at], offsets[: count + 1]
