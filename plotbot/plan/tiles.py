"""Draw what is larger than a sheet on several: each gets its part, cut at the edge, and crop marks.

The parts fill the sheets' drawable areas up to a gutter for the marks, and meet edge to edge: cut every
sheet along its marks and lay the parts side by side. The marks lie outside the part, in line with its
edges, and are drawn with the darkest pen that the whole drawing uses.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from plotbot.drawing import from_strokes, sources
from plotbot.errors import BadInput
from plotbot.paper import Paper
from plotbot.pens.model import Inventory

if TYPE_CHECKING:
    import vpype

__all__ = ["GUTTER_MM", "MOST_SHEETS", "Tile", "tiles", "whole_sheet"]

FloatArray = npt.NDArray[np.float64]

GUTTER_MM = 6.0
"""Kept free around each part, for its marks."""

MOST_SHEETS = 100

_MARK_GAP_MM, _MARK_MM = 1.0, 4.0
_OVER_MM = 0.002
"""How far art may reach over the whole area: rounding, not a mistake."""


@dataclass(frozen=True, slots=True, eq=False)
class Tile:
    """The part of one sheet; row and column count from 1, from the top left."""

    row: int
    column: int
    drawing: vpype.Document


def whole_sheet(paper: Paper, columns: int, rows: int) -> Paper:
    """The sheet that the parts make together, without margins; raises `BadInput` when that is impossible."""
    if not (columns >= 1 and rows >= 1 and 2 <= columns * rows <= MOST_SHEETS):
        raise BadInput(
            f"{columns}x{rows} sheets cannot be; use 2 to {MOST_SHEETS}, such as 2x1 (columns by rows)."
        )
    width, height = _part(paper)
    return Paper(columns * width, rows * height, 0.0)


def tiles(drawing: vpype.Document, inventory: Inventory, paper: Paper, columns: int, rows: int) -> list[Tile]:
    """Cut a drawing, whose layers are pens and which lies on `whole_sheet`, into its parts, row by row.

    Sheets without a stroke are left out. Raises `BadInput` when the art reaches over the whole sheet.
    """
    whole = whole_sheet(paper, columns, rows)
    width, height = _part(paper)
    drawn = [one for one in sources(drawing) if not one.drop]
    boxes = [(one.points.min(axis=0), one.points.max(axis=0)) for one in drawn]
    size = np.array([whole.width, whole.height])
    for one, (low, high) in zip(drawn, boxes, strict=True):
        if not ((low >= -_OVER_MM).all() and (high <= size + _OVER_MM).all()):
            raise BadInput(
                f"Stroke {one.index} reaches from {low[0]:.1f}, {low[1]:.1f} to {high[0]:.1f}, "
                f"{high[1]:.1f} mm, over the {size[0]:g} x {size[1]:g} mm of {columns}x{rows} sheets. "
                "Fit it to them (--fit) or use more sheets."
            )
    used = [inventory[pen] for pen in dict.fromkeys(one.pen for one in drawn)]
    if not used:
        raise BadInput("The drawing is empty: there is no stroke to put on sheets.")
    darkest = min(used, key=lambda pen: pen.lab[0])
    found = []
    for row in range(rows):
        for column in range(columns):
            corner = np.array([column * width, row * height])
            shift = paper.margin + GUTTER_MM - corner
            edges = corner, corner + np.array([width, height])
            last = column == columns - 1, row == rows - 1
            parts = [
                (one.pen, piece + shift)
                for one, (low, high) in zip(drawn, boxes, strict=True)
                if (high >= edges[0] - _OVER_MM).all() and (low <= edges[1] + _OVER_MM).all()
                for piece in (
                    [one.points]
                    if (low >= edges[0]).all() and (high < edges[1]).all()
                    else clipped(one.points, *edges, last=last)
                )
            ]
            if parts:
                parts += [(darkest.id, mark) for mark in _marks(paper)]
                found.append(Tile(row + 1, column + 1, from_strokes(parts, inventory, paper)))
    return found


def clipped(
    points: FloatArray, low: FloatArray, high: FloatArray, *, last: tuple[bool, bool]
) -> Iterator[FloatArray]:
    """The pieces [n >= 2, 2] of a polyline [m, 2] inside a rectangle, by Liang and Barsky's parameters.

    What runs along an edge belongs to the part right of it or below; `last` says for x and y whether there
    is none. A dot is a piece if it lies inside.
    """
    piece: list[FloatArray] = []
    for a, b in pairwise(points):
        span = _inside(a, b, low, high, last)
        if span is None:
            if piece:
                yield np.array(piece)
            piece = []
            continue
        begin, end = (a + share * (b - a) for share in span)
        if not piece:
            piece = [begin]
        elif span[0] > 0:
            yield np.array(piece)
            piece = [begin]
        piece.append(end)
        if span[1] < 1:
            yield np.array(piece)
            piece = []
    if piece:
        yield np.array(piece)


def _inside(
    a: FloatArray, b: FloatArray, low: FloatArray, high: FloatArray, last: tuple[bool, bool]
) -> tuple[float, float] | None:
    """From which share of a segment to which it lies inside; None when nowhere, or only touching."""
    begin, end = 0.0, 1.0
    for axis in (0, 1):
        step = b[axis] - a[axis]
        if step == 0:
            above = a[axis] <= high[axis] + _OVER_MM if last[axis] else a[axis] < high[axis]
            below = a[axis] >= low[axis] - (_OVER_MM if low[axis] == 0 else 0.0)
            if not (above and below):
                return None
            continue
        first, second = sorted(((low[axis] - a[axis]) / step, (high[axis] - a[axis]) / step))
        begin, end = max(begin, first), min(end, second)
    dot = bool((a == b).all())
    return (begin, end) if begin < end or (dot and begin <= end) else None


def _part(paper: Paper) -> tuple[float, float]:
    left, top, right, bottom = paper.drawable
    width, height = right - left - 2 * GUTTER_MM, bottom - top - 2 * GUTTER_MM
    if min(width, height) < 10:
        raise BadInput(
            f"{paper} with a margin of {paper.margin:g} mm leaves {width:.0f} x {height:.0f} mm for a part "
            "of the drawing; it needs at least 10 mm each way."
        )
    return width, height


def _marks(paper: Paper) -> list[FloatArray]:
    """Two short lines at each corner of the part, in line with its edges."""
    left, top, right, bottom = paper.drawable
    near, far = GUTTER_MM - _MARK_GAP_MM, GUTTER_MM - _MARK_GAP_MM - _MARK_MM
    marks = []
    for x, out_x in ((left, 1.0), (right, -1.0)):
        for y, out_y in ((top, 1.0), (bottom, -1.0)):
            corner = np.array([x + out_x * GUTTER_MM, y + out_y * GUTTER_MM])
            marks.append(np.array([[x + out_x * far, corner[1]], [x + out_x * near, corner[1]]]))
            marks.append(np.array([[corner[0], y + out_y * far], [corner[0], y + out_y * near]]))
    return marks
