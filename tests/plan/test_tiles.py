"""Drawings over several sheets: all ink is on some sheet once, and the marks say where to cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotbot.drawing import from_strokes, sources
from plotbot.errors import BadInput
from plotbot.paper import Paper
from plotbot.pens.model import Inventory
from plotbot.plan.build import make_plan
from plotbot.plan.tiles import GUTTER_MM, tiles, whole_sheet
from tests.plan.conftest import make_pen

SHEET = Paper(100, 80, 10)
PART = np.array([100 - 20 - 2 * GUTTER_MM, 80 - 20 - 2 * GUTTER_MM])
TIN = Inventory.model_validate(
    {
        "id": "t",
        "name": "T",
        "paper": {"name": "white", "lab": (95, 0, 2)},
        "pens": (make_pen("light", 80), make_pen("dark", 20)),
    }
)
coordinates = st.tuples(st.floats(0, 3 * PART[0]), st.floats(0, 2 * PART[1])).map(
    lambda xy: (round(xy[0], 2), round(xy[1], 2))
)


def pieces(art: list[np.ndarray], columns: int = 3, rows: int = 2) -> list[np.ndarray]:
    """What lies on the sheets, moved back to where it is in the whole drawing, without the marks."""
    found = []
    drawing = from_strokes([("light", points) for points in art], TIN, whole_sheet(SHEET, columns, rows))
    for tile in tiles(drawing, TIN, SHEET, columns, rows):
        corner = np.array([tile.column - 1, tile.row - 1]) * PART
        strokes = sources(tile.drawing)
        for mark in strokes[-8:]:
            outside = (mark.points < 10 + GUTTER_MM) | (mark.points > np.array([100, 80]) - 10 - GUTTER_MM)
            assert outside.any(axis=1).all()
        found += [one.points - 10 - GUTTER_MM + corner for one in strokes[:-8]]
        make_plan(tile.drawing, TIN, SHEET)  # inside the margins
    return found


def length(points: np.ndarray) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(coordinates, min_size=2, max_size=6), min_size=1, max_size=5))
def test_all_ink_is_on_one_sheet_each(art: list[list[tuple[float, float]]]) -> None:
    lines = [np.array(points, dtype=float) for points in art]
    found = pieces(lines)
    assert sum(map(length, found)) == pytest.approx(sum(map(length, lines)), abs=0.02 * len(lines))


def test_a_line_is_cut_where_the_sheets_meet() -> None:
    line = np.array([[10.0, 10.0], [3 * PART[0] - 10, 10.0]])
    ends = sorted(points[:, 0].tolist() for points in pieces([line]))
    assert np.allclose(
        ends, [[10, PART[0]], [PART[0], 2 * PART[0]], [2 * PART[0], 3 * PART[0] - 10]], atol=1e-6
    )


def test_the_marks_are_in_line_with_the_part_and_of_the_darkest_pen() -> None:
    art = [("light", [[0.0, 0.0], PART * (2, 1)]), ("dark", [[1.0, 1.0], [5.0, 1.0]])]
    found = tiles(from_strokes(art, TIN, whole_sheet(SHEET, 2, 1)), TIN, SHEET, 2, 1)
    assert [(tile.row, tile.column) for tile in found] == [(1, 1), (1, 2)]
    for tile in found:
        marks = [one for one in sources(tile.drawing) if one.pen == "dark"][-8:]
        edges = {10 + GUTTER_MM, 100 - 10 - GUTTER_MM}, {10 + GUTTER_MM, 80 - 10 - GUTTER_MM}
        for mark in marks:
            (across,) = np.flatnonzero(np.ptp(mark.points, axis=0) < 1e-9)
            assert round(float(mark.points[0, across]), 6) in edges[across]


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (0, 2), (20, 20)])
def test_impossible_numbers_of_sheets_are_refused(columns: int, rows: int) -> None:
    with pytest.raises(BadInput, match="sheets"):
        whole_sheet(SHEET, columns, rows)


def test_art_over_all_sheets_is_refused() -> None:
    drawing = from_strokes([("dark", [[0.0, 0.0], PART * (2.1, 1)])], TIN, SHEET)
    with pytest.raises(BadInput, match=r"Stroke 0 .*--fit"):
        tiles(drawing, TIN, SHEET, 2, 1)
