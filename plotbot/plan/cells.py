"""Where on the sheet there is ink, on a grid of half millimetres."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from plotbot.paper import Paper

__all__ = ["CELL_MM", "cell_count", "inked_cells", "touched"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

CELL_MM = 0.5


def cell_count(paper: Paper) -> int:
    """How many cells a sheet has, with a row to spare for `touched`."""
    columns, rows = _shape(paper)
    return columns * (rows + 1) + 1


def inked_cells(points: FloatArray, offsets: IntArray, paper: Paper) -> tuple[IntArray, IntArray]:
    """The cells that polylines go through, and the polyline in each; a cell comes as often as it is met.

    points: [n, 2] mm, all polylines one after the other; polyline k is points offsets[k]:offsets[k + 1].
    """
    if not len(points):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    # Samples never further apart than half a cell; what ends a polyline is its own only sample.
    steps = np.diff(points, axis=0, append=points[-1:])
    steps[offsets[1:] - 1] = 0.0
    counts = np.maximum(np.ceil(np.hypot(*steps.T) / (CELL_MM / 2)).astype(np.int64), 1)
    at = np.repeat(np.arange(len(steps)), counts)
    share = (np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)) / counts[at]
    columns, rows = _shape(paper)
    cells = np.floor((points[at] + share[:, None] * steps[at]) / CELL_MM).astype(np.int64)
    cells = np.clip(cells, 0, (columns - 1, rows - 1))
    owner = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    return cells[:, 1] * columns + cells[:, 0], owner[at]


def touched(cells: IntArray, paper: Paper) -> IntArray:
    """The cells with those to the right of and below them, [4, n]: two lines that cross where four cells
    meet share one of these, though they may have none of their own in common."""
    columns, _ = _shape(paper)
    return np.asarray(cells + np.array([[0], [1], [columns], [columns + 1]]))


def _shape(paper: Paper) -> tuple[int, int]:
    return math.ceil(paper.width / CELL_MM) + 1, math.ceil(paper.height / CELL_MM) + 1
