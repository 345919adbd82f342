"""How large a calibration card's parts are: as large as the sheet allows, within what is worth its ink.

Width and height are free of each other, so both scales are found alone: 0 is the smallest that can be
measured, 1 the largest that is any use. All lengths are mm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from plotbot.errors import BadInput
from plotbot.paper import Paper

__all__ = ["APART_MM", "GAP_MM", "HEAD_MM", "TINTS", "Layout", "fit_layout"]

TINTS = (0.25, 0.4, 0.55, 0.7, 0.85)
"""Nominal coverage of the hatchings of a row."""

GAP_MM = 1.2
HEAD_MM = 4.0
"""Above the rows, and above the crossings: a line that says what is below it."""

_LABEL_MM = (16.0, 27.0)
_PATCH_MM, _PATCH_HIGH_MM = (5.5, 12.0), (5.5, 11.0)
_LADDER_MM, _LONGEST_LADDER_MM = (11.0, 46.0), 74.0
_CELL_MM, _CELL_HIGH_MM = (5.0, 11.0), (5.0, 9.0)
_CELL_LABEL_MM = (8.0, 10.0)
APART_MM = 5.0
"""Between two columns of rows, and between the rows and the crossings."""

_MOST_COLUMNS = 4
_STEPS = 200


@dataclass(frozen=True, slots=True)
class Layout:
    """rows of pens in so many columns; `column` is the width of one. patch, cell: width and height of a solid
    or hatching, and of a crossing with the gap after it. width, height: of all of it. crossings: left and top
    of theirs, from the left and top of the whole."""

    columns: int
    rows: int
    column: float
    label: float
    patch: tuple[float, float]
    ladder: float
    cell: tuple[float, float]
    cell_label: float
    crossings: tuple[float, float]
    width: float
    height: float


def fit_layout(pens: int, crossed: int, room: tuple[float, float], paper: Paper) -> Layout:
    """The layout that is largest where it is smallest, for `pens` rows and as many by `crossed` crossings.

    room: width and height for it. Raises `BadInput` that says how many pens fit.
    """
    found = _largest(pens, crossed, room)
    if found is not None:
        return found
    every = crossed == pens
    crossing = max((n for n in range(1, pens) if _largest(n, n if every else crossed, room)), default=0)
    plain = max((n for n in range(1, pens + 1) if _largest(n, 0, room)), default=0)
    if not plain:
        raise BadInput(f"A calibration card does not fit on {paper}; choose a larger sheet, such as a5.")
    if not crossed:
        raise BadInput(
            f"A card for {pens} pens does not fit on {paper}: at most {plain} do. Choose a larger sheet, or "
            "make several cards, each with some of the pens (--only 1,2,3)."
        )
    what = "with all crossings" if every else f"crossed by {crossed} of them"
    with_crossings = f"at most {crossing} do" if crossing else "none does"
    raise BadInput(
        f"A card for {pens} pens {what} does not fit on {paper}: {with_crossings}, and without "
        f"crossings (--cross none) {plain}. Choose a larger sheet, fewer pens to cross (--cross 3,9), or "
        "make several cards, each with some of the pens (--only 1,2,3)."
    )


def _largest(pens: int, crossed: int, room: tuple[float, float]) -> Layout | None:
    best: tuple[float, float, Layout] | None = None
    for columns in range(1, min(_MOST_COLUMNS, pens) + 1):
        for beside in (False, True) if crossed else (False,):
            across = _scale(partial(_width, columns=columns, crossed=crossed, beside=beside), room[0])
            down = _scale(
                partial(_height, columns=columns, pens=pens, crossed=crossed, beside=beside), room[1]
            )
            if across is None or down is None:
                continue
            score = (min(across, down), across + down)
            if best is None or score > best[:2]:
                best = (*score, _layout(columns, pens, crossed, (across, down), room[0], beside))
    return None if best is None else best[2]


def _scale(needed: Callable[[float], float], room: float) -> float | None:
    """The largest scale, 0 to 1, at which no more than `room` is needed."""
    for step in range(_STEPS, -1, -1):
        if needed(step / _STEPS) <= room + 1e-9:
            return step / _STEPS
    return None


def _between(ends: tuple[float, float], scale: float) -> float:
    return ends[0] + scale * (ends[1] - ends[0])


def _row_width(scale: float) -> float:
    """Of one pen's row: label, solid, hatchings and ladder."""
    patches = 1 + len(TINTS)
    return (_between(_LABEL_MM, scale) + patches * (_between(_PATCH_MM, scale) + GAP_MM)) + _between(
        _LADDER_MM, scale
    )


def _crossings_width(scale: float, crossed: int) -> float:
    return _between(_CELL_LABEL_MM, scale) + crossed * _between(_CELL_MM, scale)


def _rows_height(scale: float, rows: int) -> float:
    return HEAD_MM + rows * (_between(_PATCH_HIGH_MM, scale) + GAP_MM)


def _crossings_height(scale: float, pens: int) -> float:
    return 2 * HEAD_MM + pens * _between(_CELL_HIGH_MM, scale)


def _width(scale: float, *, columns: int, crossed: int, beside: bool) -> float:
    rows = columns * (_row_width(scale) + APART_MM) - APART_MM
    if not crossed:
        return rows
    crossings = _crossings_width(scale, crossed)
    return rows + APART_MM + crossings if beside else max(rows, crossings)


def _height(scale: float, *, columns: int, pens: int, crossed: int, beside: bool) -> float:
    rows = _rows_height(scale, math.ceil(pens / columns))
    if not crossed:
        return rows
    crossings = _crossings_height(scale, pens)
    return max(rows, crossings) if beside else rows + GAP_MM + crossings


def _layout(
    columns: int, pens: int, crossed: int, scales: tuple[float, float], room: float, beside: bool
) -> Layout:
    across, down = scales
    rows = math.ceil(pens / columns)
    row = _row_width(across)
    # Longer ladders cost next to no ink, so they take what is left.
    others = APART_MM + _crossings_width(across, crossed) if beside else 0.0
    left = (room - others + APART_MM) / columns - APART_MM - row
    row += max(0.0, min(left, _LONGEST_LADDER_MM - _between(_LADDER_MM, across)))
    rows_wide = columns * (row + APART_MM) - APART_MM
    rows_high = _rows_height(down, rows)
    wide, high = rows_wide, rows_high
    crossings = (0.0, 0.0)
    if crossed:
        crossings = (rows_wide + APART_MM, 0.0) if beside else (0.0, rows_high + GAP_MM)
        wide = max(wide, crossings[0] + _crossings_width(across, crossed))
        high = max(high, crossings[1] + _crossings_height(down, pens))
    label, patch = _between(_LABEL_MM, across), _between(_PATCH_MM, across)
    return Layout(
        columns,
        rows,
        row,
        label,
        (patch, _between(_PATCH_HIGH_MM, down)),
        row - label - (1 + len(TINTS)) * (patch + GAP_MM),
        (_between(_CELL_MM, across), _between(_CELL_HIGH_MM, down)),
        _between(_CELL_LABEL_MM, across),
        crossings,
        wide,
        high,
    )
