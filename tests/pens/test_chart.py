"""The calibration card: everything on it is inside the sheet, where it is said to be, and told apart."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotbot.errors import BadInput
from plotbot.paper import PAPER_SIZES_MM, Paper
from plotbot.pens.chart import bit_centres, checked_code, code_bits, make_card
from plotbot.pens.chart_layout import TINTS
from plotbot.pens.inventory import load_inventory
from plotbot.preview.raster import pen_coverage
from tests.pens.cards import SHEET, TIN, drawn, small_card


@given(st.integers(0, 0xFFFFF))
def test_a_number_is_read_as_it_was_drawn(number):
    assert checked_code(code_bits(number)) == number


@given(st.integers(0, 0xFFFFF), st.integers(0, 25))
def test_bars_read_backwards_or_wrong_are_seldom_a_number(number, place):
    bits = code_bits(number)
    assert checked_code([not bit for bit in bits]) is None
    bits[place] = not bits[place]
    assert checked_code(bits) != number


@settings(max_examples=25)
@given(
    tin=st.sampled_from(["staedtler12", "staedtler20", "stabilo88", "micron", "mono"]),
    size=st.sampled_from(["a3", "a4", "a5", "letter"]),
    landscape=st.booleans(),
    count=st.integers(1, 12),
)
def test_patches_lie_apart_inside_the_sheet(tin, size, landscape, count):
    inventory = load_inventory(tin)
    paper = Paper.parse(size, landscape=landscape)
    card = make_card(inventory, paper, pens=[pen.id for pen in inventory.pens[:count]])
    left, top, right, bottom = paper.drawable
    boxes = np.array([patch.box for patch in card.patches])
    assert (boxes[:, :2] >= (left, top)).all() and (boxes[:, 2:] <= (right, bottom)).all()
    points = np.concatenate([points for _, points in card.strokes])
    assert (points >= (left, top)).all() and (points <= (right, bottom)).all()
    for one, other in combinations(boxes, 2):
        assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    for pen in card.order:
        kinds = [patch.kind for patch in card.patches if patch.pen == pen and not patch.over]
        assert (kinds.count("solid"), kinds.count("tint"), kinds.count("lines")) == (1, len(TINTS), 1)
    pairs = {frozenset((one.pen, one.over)) for one in card.patches if one.over}
    assert len(pairs) == len(card.order) * (len(card.order) - 1) / 2


def test_what_is_drawn_covers_what_the_patches_say():
    card, plan = small_card()
    per_mm = 20.0
    for one in plan.passes:
        cover = pen_coverage(
            [stroke.mm for stroke in one.strokes], one.pen.nominal_mm, (0, 0, 80, 80), per_mm
        )
        for patch in card.patches:
            if one.pen.id not in (patch.pen, patch.over) or patch.kind == "lines":
                continue
            left, top, right, bottom = (round(side * per_mm) for side in patch.box)
            if patch.kind == "tint":
                inner = cover[top + 20 : bottom - 20, left:right]
                # Whole lines: the patch has one more than it has gaps.
                lines = int((right - left - 6) / (patch.pitch_mm * per_mm)) + 1
                meant = lines * 0.3 / (patch.box[2] - patch.box[0])
                assert inner.mean() == pytest.approx(meant, rel=0.03)
            else:
                assert cover[top + 2 : bottom - 2, left + 2 : right - 2].min() > 0.95


def test_a_card_stays_the_same_when_its_pens_are_known_better():
    card, _ = small_card()
    pens = tuple(pen.model_copy(update={"width_mm": 0.37, "uncertainty": 1.0}) for pen in TIN.pens)
    again = make_card(TIN.model_copy(update={"pens": pens}), SHEET, pens=card.order)
    assert (again.number, again.patches) == (card.number, card.patches)
    numbers = {
        make_card(TIN, SHEET, pens=pens, cross=cross).number
        for pens, cross in ((["2", "3"], None), (["2", "9"], None), (["2", "3"], ()), (["2", "3"], ("2",)))
    }
    assert len(numbers) == 4


def test_the_darkest_pen_marks_and_dark_pens_come_last():
    card = make_card(TIN, Paper.parse("a4"))
    assert card.marker_pen == "9"
    assert [pen.id for pen in (one.pen for one in drawn(TIN, card).passes)] == list(card.order)
    lights = [TIN[pen].lab[0] for pen in card.order]
    assert lights == sorted(lights, reverse=True)


@pytest.mark.parametrize(("size", "landscape"), [("a4", False), ("a4", True), ("a5", False)])
def test_a_tin_of_twelve_uses_the_sheet(size, landscape):
    paper = Paper.parse(size, landscape=landscape)
    card = make_card(TIN, paper)
    left, top, right, bottom = paper.drawable
    across, down = np.ptp(card.markers, axis=0) + 9
    assert across * down > 0.8 * (right - left) * (bottom - top)
    reach = np.max([patch.box for patch in card.patches], axis=0)
    assert reach[2] > card.markers[1, 0] - 10
    assert reach[3] > card.markers[2, 1] - 12


def test_a_small_card_leaves_the_rest_of_a_large_sheet_free():
    card = make_card(TIN, Paper.parse("a3"), pens=["2", "3", "9"])
    assert (card.markers < (210, 148)).all()


def test_every_pen_is_seen_twice_where_pens_are_crossed():
    card, _ = small_card()
    assert sorted(one.pen for one in card.patches if one.kind == "repeat") == ["2", "3", "9"]
    assert len([one for one in card.patches if one.over]) == 3


def test_an_order_that_was_drawn_is_kept():
    card = make_card(TIN, SHEET, pens=["2", "3", "9"], order=["9", "2", "3"])
    assert card.order == ("9", "2", "3")
    assert {(one.pen, one.over) for one in card.patches if one.over} == {("9", "2"), ("9", "3"), ("2", "3")}


def test_a_tin_of_47_fits_on_a4_without_crossings():
    card = make_card(load_inventory("stabilo88"), Paper.parse("a4"))
    assert len(card.order) == 47
    assert card.crossed == ()
    assert card.marker_pen not in {"024", "031", "033", "040", "054", "056"}


@pytest.mark.parametrize(
    ("options", "size", "says"),
    [
        ({}, "a6", "at most 6 do.*--cross none.*--only"),
        ({"cross": ()}, "110x110mm", "at most 7 do.*larger sheet.*--only"),
        ({"cross": ("3",)}, "a6", "crossed by 1 of them"),
        ({"pens": ["2", "nope"]}, "a4", "no pen 'nope'"),
        ({"cross": ["88"]}, "a4", "no pen '88'"),
        ({}, "20x20mm", "margin"),
        ({}, "62x62mm", "larger sheet"),
    ],
)
def test_what_does_not_fit_is_said(options, size, says):
    with pytest.raises(BadInput, match=says):
        make_card(TIN, Paper.parse(size), **options)


def test_pens_too_wide_for_a_patch_are_named():
    brush = TIN.pens[0].model_copy(update={"nominal_mm": 4.0})
    with pytest.raises(BadInput, match="1 Yellow"):
        make_card(TIN.model_copy(update={"pens": (brush,)}), Paper.parse("a4"))


def test_bars_fit_between_the_markers_of_every_sheet():
    for size in PAPER_SIZES_MM:
        card = make_card(TIN, Paper.parse(size, margin="5mm"), pens=["2"])
        assert bit_centres(card.bars)[-1, 0] + 2 < card.markers[1, 0] - 4
