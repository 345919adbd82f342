"""Reachable colours, the ink that is missing, the few that are enough, and where a picture is off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotbot import ink
from plotbot.errors import BadInput
from plotbot.ink.matching import (
    best_addition,
    choose_inks,
    heat_map,
    match_colours,
    palette_of,
    reachable,
)
from plotbot.ink.names import colour_name
from plotbot.pens.inventory import load_inventory, matchable_pens

TIN = load_inventory("staedtler12")
PAPER = TIN.paper.lab
FILMS = ink.transmittance([pen.lab for pen in TIN.pens], PAPER)
STABILO = matchable_pens(load_inventory("stabilo88"))


def number(pen: str) -> int:
    return [one.id for one in TIN.pens].index(pen)


@settings(max_examples=60)
@given(
    pens=st.lists(st.integers(0, 11), min_size=3, max_size=3, unique=True),
    cover=st.lists(st.floats(0, 1), min_size=3, max_size=3),
)
def test_what_three_inks_make_is_reached(pens: list[int], cover: list[float]) -> None:
    wanted = ink.film_to_lab(ink.compose(np.array([cover]), FILMS[pens]), PAPER)
    labs, coverage = reachable(wanted, FILMS, PAPER)
    assert float(ink.delta_e00(labs, wanted)[0]) < 1.5
    np.testing.assert_allclose(ink.film_to_lab(ink.compose(coverage, FILMS), PAPER), labs, atol=1e-6)
    assert ((coverage >= 0) & (coverage <= 1)).all()
    assert ((coverage > 0).sum(axis=1) <= 3).all()


def test_the_search_is_as_good_as_a_long_one() -> None:
    rng = np.random.default_rng(5)
    wanted = np.stack([rng.uniform(30, 90, 12), rng.uniform(-50, 50, 12), rng.uniform(-50, 50, 12)], axis=1)
    found = ink.delta_e00(reachable(wanted, FILMS, PAPER)[0], wanted)
    # Random mixtures of all twelve inks, sparse ones too, with many more tries than the search makes.
    cover = rng.uniform(0, 1, (400_000, 12)) * (rng.uniform(0, 1, (400_000, 12)) < 0.2)
    colours = ink.film_to_lab(ink.compose(cover, FILMS), PAPER)
    best = np.array([ink.delta_e00(colours, one).min() for one in wanted])
    assert (found < best + 0.8).all()
    assert found.mean() < best.mean()


def test_bare_paper_and_solids_cost_nothing() -> None:
    wanted = np.array([PAPER, *(pen.lab for pen in TIN.pens)])
    labs, coverage = reachable(wanted, FILMS, PAPER)
    assert coverage[0].max() < 0.02
    model = ink.film_to_lab(FILMS, PAPER)
    assert ink.delta_e00(labs[1:], model).max() < 1


def test_a_bright_blue_is_missed_and_the_pen_that_makes_it_is_named() -> None:
    azure = next(pen for pen in STABILO if pen.id == "57")
    others = ink.transmittance([pen.lab for pen in STABILO], PAPER)
    few = FILMS[[number(pen) for pen in ("1", "2", "3", "5", "76", "9")]]
    wanted = np.array([azure.lab, TIN["1"].lab])
    added = best_addition(wanted, [3.0, 1.0], few, others, PAPER)
    assert STABILO[added.ink].id == "57"
    assert added.before > 5
    assert added.after < 1


def test_the_inks_a_drawing_was_made_with_are_chosen() -> None:
    made_with = [number(pen) for pen in ("1", "20", "30", "9")]
    rng = np.random.default_rng(2)
    wanted = ink.film_to_lab(ink.compose(rng.uniform(0, 0.8, (40, 4)), FILMS[made_with]), PAPER)
    chosen, left = choose_inks(wanted, np.ones(40), FILMS, PAPER, 4)
    # Another black, or none, may do as well: what counts is how near they come.
    assert left < 0.5
    assert {number("1"), number("20"), number("30")} <= set(chosen)
    assert len(set(chosen)) == 4
    assert choose_inks(wanted, np.ones(40), FILMS, PAPER, 2)[1] > 2


def test_one_or_two_inks_are_chosen_as_well_as_many() -> None:
    orange, blue = number("4"), number("3")
    wanted = ink.film_to_lab(FILMS[[orange, blue]], PAPER)
    assert choose_inks(wanted, [2.0, 1.0], FILMS, PAPER, 1)[0] == [orange]
    chosen, left = choose_inks(wanted, [2.0, 1.0], FILMS, PAPER, 2)
    assert set(chosen) == {orange, blue}
    assert left < 0.5


@pytest.mark.parametrize("count", [0, 13])
def test_an_impossible_number_of_pens_is_refused(count: int) -> None:
    with pytest.raises(BadInput, match="1 to 12"):
        choose_inks([PAPER], [1.0], FILMS, PAPER, count)


def test_a_report_finds_the_place_that_is_off() -> None:
    target = np.tile(np.array(PAPER), (40, 60, 1))
    target[25:35, 40:55] = (60.0, -60.0, 60.0)  # a green no pen has
    found = match_colours(target, FILMS, PAPER)
    assert found.planned is None
    assert found.tin.mean < 1.5 < found.tin.p95
    left, top, right, bottom = found.worst[0].box
    assert 40 <= left < right <= 55 and 25 <= top < bottom <= 35
    assert found.worst[0].wanted == pytest.approx((60, -60, 60))
    planned = target.copy()
    planned[:10] = (50.0, 0.0, 0.0)
    drawn = match_colours(target, FILMS, PAPER, planned)
    assert drawn.planned is not None
    assert drawn.planned.mean > drawn.tin.mean
    assert drawn.worst[0].box[3] <= 12
    heat = heat_map(drawn.apart)
    assert heat[2, 2].sum() < 300 < heat[20, 20].sum()


def test_a_palette_keeps_colours_and_their_shares() -> None:
    target = np.zeros((10, 10, 3))
    target[:7] = TIN["2"].lab
    target[7:] = TIN["3"].lab
    colours, share = palette_of(target)
    order = np.argsort(-share)
    np.testing.assert_allclose(share[order], [0.7, 0.3])
    assert ink.delta_e00(colours[order], np.array([TIN["2"].lab, TIN["3"].lab])).max() < 0.5
    many = np.random.default_rng(0).uniform([20, -60, -60], [95, 60, 60], (5000, 3))
    colours, share = palette_of(many, 32)
    assert len(colours) <= 32
    assert share.sum() == pytest.approx(1)


def test_what_inks_cannot_make_is_told_colour_by_colour() -> None:
    """Two vivid colours, one much larger: both are named, and neither twice."""
    target = np.broadcast_to(np.array(PAPER), (40, 60, 3)).copy()
    target[5:35, 2:40] = (34.0, 46.0, -94.0)
    target[10:20, 46:56] = (75.0, -60.0, 5.0)
    found = match_colours(target, FILMS, PAPER)
    told = [colour_name(one.wanted) for one in found.missed if one.apart > 4]
    assert sorted(told) == ["bright blue", "bright turquoise"]


@pytest.mark.parametrize(
    ("srgb", "name"),
    [
        ((0, 0, 255), "bright blue"),
        ((65, 105, 225), "bright blue"),
        ((0, 0, 90), "dark blue"),
        ((138, 43, 226), "bright violet"),
        ((255, 0, 0), "bright red"),
        ((30, 30, 30), "black"),
        ((90, 60, 30), "dark brown"),
    ],
)
def test_colours_have_the_names_that_people_give_them(srgb: tuple[int, int, int], name: str) -> None:
    lab = ink.srgb_to_lab(np.array(srgb) / 255)
    assert colour_name((float(lab[0]), float(lab[1]), float(lab[2]))) == name
    for pen, called in (("6", "violet"), ("3", "blue"), ("30", "blue"), ("2", "red")):
        assert called in colour_name(TIN[pen].lab)
