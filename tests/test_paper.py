"""Lengths, sheets and margins: what people write, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotbot.errors import BadInput
from plotbot.paper import Paper, mm_from_px, parse_length, parse_paper, px_from_mm


@pytest.mark.parametrize(
    ("text", "mm"),
    [
        ("15mm", 15),
        ("15", 15),
        ("1.5cm", 15),
        ("1in", 25.4),
        ("72pt", 25.4),
        ("96px", 25.4),
        (" .5 IN ", 12.7),
    ],
)
def test_a_length_is_read_in_every_unit(text: str, mm: float) -> None:
    assert parse_length(text) == pytest.approx(mm)


@pytest.mark.parametrize("text", ["", "mm", "15 m", "1,5mm", "nan", "inf", "1e999mm", "15mm 3"])
def test_what_is_no_length_is_refused_by_name(text: str) -> None:
    with pytest.raises(BadInput, match="margin"):
        parse_length(text, "margin")


@given(st.floats(-1e4, 1e4))
def test_pixels_and_millimetres_are_inverse(mm: float) -> None:
    assert mm_from_px(px_from_mm(mm)) == pytest.approx(mm)
    assert mm_from_px(np.array([96.0])) == pytest.approx([25.4])


def test_papers_by_name_and_by_size() -> None:
    assert parse_paper("A4") == (210, 297)
    assert parse_paper("210x297mm") == (210, 297)
    assert parse_paper("8.5x11in") == pytest.approx((215.9, 279.4))
    assert parse_paper("21cm x 297mm") == pytest.approx((210, 297))


@pytest.mark.parametrize("text", ["a99", "210", "0x10mm", "-5x10mm", "1e9x10mm", "10x", "nanx5mm"])
def test_impossible_papers_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Paper.parse(text)


def test_landscape_turns_the_sheet_and_margins_bound_the_drawable_area() -> None:
    sheet = Paper.parse("a4", margin="1cm", landscape=True)
    assert (sheet.width, sheet.height) == (297, 210)
    assert sheet.drawable == (10, 10, 287, 200)
    assert str(sheet) == "A4 (297 x 210 mm)"


def test_a_margin_that_leaves_nothing_is_refused_with_its_limit() -> None:
    with pytest.raises(BadInput, match=r"under 52\.5 mm"):
        Paper.parse("a6", margin="60mm")
