"""Where on the sheet there is ink, on a grid of half millimetres."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from plotbot.compiled import compiled
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
    """The cells that polylines go through, and the polyline in each: every pair once.

    points: [n, 2] mm, all polylines one after the other; polyline k is points offsets[k]:offsets[k + 1].
    """
    columns, rows = _shape(paper)
    points, offsets = np.ascontiguousarray(points), np.asarray(offsets, dtype=np.int64)
    none = np.empty(0, dtype=np.int64)
    count = _visit(points, offsets, columns, rows, none, none)  # first counted, so that memory is enough
    cells, owner = np.empty((2, count), dtype=np.int64)
    _visit(points, offsets, columns, rows, cells, owner)
    return cells, owner


def touched(cells: IntArray, paper: Paper) -> IntArray:
    """The cells with those to the right of and below them, [4, n]: two lines that cross where four cells
    meet share one of these, though they may have none of their own in common."""
    columns, _ = _shape(paper)
    return np.asarray(cells + np.array([[0], [1], [columns], [columns + 1]]))


def _shape(paper: Paper) -> tuple[int, int]:
    return math.ceil(paper.width / CELL_MM) + 1, math.ceil(paper.height / CELL_MM) + 1


@compiled
def _visit(
    points: FloatArray, offsets: IntArray, columns: int, rows: int, cells: IntArray, owner: IntArray
) -> int:
    """Write down each cell of each polyline while there is room; returns how many there are."""
    latest = np.full(columns * rows, -1, dtype=np.int64)
    found = 0
    for line in range(len(offsets) - 1):
        for at in range(offsets[line], offsets[line + 1]):
            x, y = points[at, 0] / CELL_MM, points[at, 1] / CELL_MM
            dx, dy, samples = 0.0, 0.0, 1
            if at + 1 < offsets[line + 1]:  # never further apart than half a cell
                dx, dy = points[at + 1, 0] / CELL_MM - x, points[at + 1, 1] / CELL_MM - y
                samples = max(math.ceil(2 * math.sqrt(dx * dx + dy * dy)), 1)
            for sample in range(samples):
                column = min(max(math.floor(x + dx * sample / samples), 0), columns - 1)
                row = min(max(math.floor(y + dy * sample / samples), 0), rows - 1)
                cell = row * columns + column
                if latest[cell] != line:
                    latest[cell] = line
                    if found < len(cells):
                        cells[found], owner[found] = cell, line
                    found += 1
    return found
