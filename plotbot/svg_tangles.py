"""Outlines that cross themselves so often that no exact geometry of them can be made in time or memory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["is_tangled", "raster_load"]

_FEW = 1000
"""So many segments may cross as they like."""

_MOST_CROSSINGS = 300_000
_SAMPLE = 400


def is_tangled(lines: Sequence[npt.NDArray[np.complex128]]) -> bool:
    """Whether complex polylines cross themselves and one another more often than areas can be made of.

    Estimated from a sample of their segments, the same for the same lines.
    """
    import shapely  # noqa: PLC0415  (only very long lines need it)

    if sum(map(len, lines)) <= _FEW:
        return False
    starts = np.concatenate([line[:-1] for line in lines])
    ends = np.concatenate([line[1:] for line in lines])
    pairs = np.stack([starts, ends], axis=1)
    segments = shapely.linestrings(np.stack([pairs.real, pairs.imag], axis=-1))
    chosen = np.linspace(0, len(segments) - 1, min(_SAMPLE, len(segments))).astype(int)
    met = shapely.STRtree(segments).query(segments[chosen], predicate="crosses").shape[1]
    return bool(met / len(chosen) * len(segments) / 2 > _MOST_CROSSINGS)


def raster_load(lines: Sequence[npt.NDArray[np.complex128]]) -> float:
    """What outlines cost a rasteriser that goes by rows: their segments times how many a row meets."""
    moves = [np.abs(np.diff(line.imag)) for line in lines if len(line) > 1]
    if not moves:
        return 0.0
    every = np.concatenate([line.imag for line in lines])
    height = float(every.max() - every.min())
    count = sum(map(len, moves))
    return count * float(sum(move.sum() for move in moves)) / height if height > 0 else 0.0
