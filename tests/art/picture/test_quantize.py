"""Pictures come out as strokes of the pens in the tin, and look like the picture from a distance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data

from plotbot.art.picture import MARKS, QuantizeOptions, quantize
from plotbot.art.picture.guides import (
    choose,
    covered,
    crossed_guides,
    fineness,
    parallel_guides,
    strokes_on,
)
from plotbot.art.picture.joining import joined
from plotbot.art.picture.judge import colour_difference, film_of_strokes, resized
from plotbot.art.picture.pen_choice import worth_mounting
from plotbot.art.picture.separation import colour_weights, loss, separate
from plotbot.art.picture.stipple import dot, dot_scale, dot_sizes, stipple
from plotbot.errors import BadInput
from plotbot.ink.film import compose, film_to_lab, film_to_relative, relative_to_film, transmittance
from plotbot.ink.spaces import delta_e00, lab_to_rec2020, srgb_to_rec2020
from plotbot.pens.ink_set import InkSet
from plotbot.pens.inventory import load_inventory
from plotbot.plan.model import Motion
from plotbot.preview.raster import pen_coverage


@pytest.fixture(scope="module")
def tin():
    return load_inventory("staedtler12")


@pytest.fixture(scope="module")
def cat():
    return srgb_to_rec2020(data.chelsea()[:280, 90:370] / 255)


def test_separation_meets_colours_that_the_pens_can_mix(tin):
    films = transmittance([pen.lab for pen in tin.pens], tin.paper.lab)
    rng = np.random.default_rng(0)
    mixed = np.zeros((300, len(films)))
    for row in mixed:
        row[rng.choice(len(films), 3, replace=False)] = rng.uniform(0, 0.6, 3)
    target = compose(mixed, films)
    found = separate(target, films, tin.paper.lab, cap=2.5)
    apart = delta_e00(
        film_to_lab(compose(found.astype(float), films), tin.paper.lab), film_to_lab(target, tin.paper.lab)
    )
    assert np.mean(apart) < 0.5
    assert found.min() >= 0
    assert found.max() <= 0.95
    assert found.sum(axis=1).max() < 2.5 * 1.1
    assert (found > 0.03).sum(axis=1).mean() < 4.5  # few pens per place


def test_dark_pens_stay_out_of_light_areas(tin):
    films = transmittance([pen.lab for pen in tin.pens], tin.paper.lab)
    grey = lab_to_rec2020(np.array([[88.0, 0, 1.5]])) / lab_to_rec2020(np.array(tin.paper.lab))
    found = separate(relative_to_film(grey), films, tin.paper.lab)[0]
    dark = [index for index, pen in enumerate(tin.pens) if pen.lab[0] < 35]
    assert found.sum() > 0.05
    assert found[dark].sum() < 0.05


def test_colour_weights_are_ciede2000_for_small_steps():
    rng = np.random.default_rng(3)
    lab = np.stack([rng.uniform(20, 90, 400), rng.uniform(-60, 60, 400), rng.uniform(-5, 60, 400)], axis=1)
    step = rng.normal(0, 0.05, lab.shape)
    exact = delta_e00(lab, lab + step)
    linear = np.linalg.norm(np.einsum("nij,nj->ni", colour_weights(lab), step), axis=1)
    assert np.median(np.abs(linear / exact - 1)) < 0.02


@settings(max_examples=25, deadline=None)
@given(angle=st.floats(0, 3.1), tone=st.floats(0.05, 0.98), crossed=st.booleans())
def test_hatching_covers_what_was_wanted(angle, tone, crossed):
    width, cell = 0.3, 0.5
    guides = parallel_guides((40, 30), angle, width, 0.5)
    if crossed:
        guides = crossed_guides(guides, parallel_guides((40, 30), angle + np.pi / 2, width, 0.5))
    fine = fineness(width, cell)
    drawn = choose(guides, np.full((60, 80), tone), cell, width, 2.0, fine)
    lines = strokes_on(guides, drawn, width)
    rendered = pen_coverage(lines, width, (0, 0, 40, 30), 10)[30:-30, 30:-30].mean()
    assert rendered == pytest.approx(tone, abs=0.05)
    inked = covered(guides, drawn, width, (60 * fine, 80 * fine), fine / cell)
    assert inked[3 * fine : -3 * fine, 3 * fine : -3 * fine].mean() == pytest.approx(rendered, abs=0.02)
    points = np.concatenate(lines)
    assert (points >= 0).all()
    assert (points <= [40, 30]).all()


def test_a_darker_tone_only_adds_lines():
    guides = parallel_guides((30, 30), 0.6, 0.3, 0.5)
    assert set(np.flatnonzero(guides.rank < 0.2)) < set(np.flatnonzero(guides.rank < 0.5))
    # and they are evenly spread: no gap is much wider than the others
    places = np.flatnonzero(guides.rank < 0.27)
    assert np.diff(places).max() <= 2 * np.diff(places).min()


@pytest.mark.parametrize("diameter", [0.3, 0.6, 1.4])
def test_a_dot_inks_its_disc(diameter):
    line = dot(np.array([3.0, 3.0]), diameter, 0.3)
    area = pen_coverage([line], 0.3, (0, 0, 6, 6), 40).sum() / 40**2
    assert area == pytest.approx(np.pi * diameter**2 / 4, rel=0.12)


@pytest.mark.parametrize("most", [80, 300])
def test_stipples_follow_the_tone_with_as_many_dots_as_may_be(most):
    want = np.zeros((60, 60))
    want[:, 30:] = 0.6
    want[:, :30] = 0.2
    scale = dot_scale(want.reshape(-1, 1), [0.3], most / 0.5**2)
    middles, diameters = stipple(want, 0.5, 0.3, scale, seed=2)
    assert 0.9 * most < len(middles) <= most
    assert set(diameters) <= set(dot_sizes(0.3))
    dark = middles[:, 0] >= 15
    assert 1 < dark.mean() / (1 - dark.mean()) < 2.5
    lines = [dot(middle, size, 0.3) for middle, size in zip(middles, diameters, strict=True)]
    ink = pen_coverage(lines, 0.3, (0, 0, 30, 30), 10)
    assert ink[:, :140].mean() == pytest.approx(0.2, abs=0.03)
    assert ink[:, 160:].mean() == pytest.approx(0.6, abs=0.05)
    assert (middles - diameters[:, None] / 2 >= -1e-9).all()
    assert (middles + diameters[:, None] / 2 <= 30 + 1e-9).all()


@pytest.mark.parametrize("marks", [*MARKS, "flow+lines"])
def test_strokes_stay_in_their_box_and_use_pens_of_the_tin(cat, tin, marks):
    result = quantize(cat, tin, (20, 30, 60, 90), QuantizeOptions(marks=marks, dots=1500))
    left, top, right, bottom = result.box_mm
    assert right - left == pytest.approx(40)
    assert (top + bottom) / 2 == pytest.approx(60)
    points = np.concatenate([points for _, points in result.strokes])
    assert points[:, 0].min() >= left - 1e-6
    assert points[:, 1].min() >= top - 1e-6
    assert points[:, 0].max() <= right + 1e-6
    assert points[:, 1].max() <= bottom + 1e-6
    assert {pen for pen, _ in result.strokes} <= {pen.id for pen in tin.pens}
    assert result.report.strokes == len(result.strokes)


@pytest.mark.parametrize(("marks", "bar"), [("hatch", 2.6), ("flow", 2.8), ("cross", 2.6), ("stipple", 3.0)])
def test_drawings_look_like_their_picture_from_a_distance(cat, tin, marks, bar):
    result = quantize(cat, tin, (0, 0, 70, 70), QuantizeOptions(marks=marks))
    film = film_of_strokes(result.strokes, tin, result.box_mm, 10.0)
    cells = resized(film, result.target.shape)
    seen = colour_difference(cells, result.target, tin.paper.lab, result.cell_mm, 1.0)
    assert seen.mean == pytest.approx(result.report.drawn.mean, abs=0.05)
    assert seen.mean < bar
    bare = colour_difference(np.ones_like(cells), result.target, tin.paper.lab, result.cell_mm, 1.0)
    assert seen.mean < bare.mean / 4
    lengths = [np.hypot(*np.diff(points, axis=0).T).sum() for _, points in result.strokes]
    assert np.mean(lengths) > (1.5 if marks == "stipple" else 3)  # strokes, not specks


def test_the_same_seed_gives_the_same_strokes(cat, tin):
    one, two = (quantize(cat, tin, (0, 0, 30, 30), QuantizeOptions(seed=4)) for _ in range(2))
    assert len(one.strokes) == len(two.strokes)
    assert all(
        a == b and np.array_equal(x, y) for (a, x), (b, y) in zip(one.strokes, two.strokes, strict=True)
    )


@pytest.mark.parametrize(("share", "off"), [(0.8, 3.0), (0.3, 12.0)])
def test_a_time_budget_spares_lifts_and_pens_and_keeps_tones(cat, tin, share, off):
    options = QuantizeOptions(marks="hatch", motion=Motion(swap_s=5))
    free = quantize(cat, tin, (0, 0, 40, 40), options)
    budget = free.report.seconds * share
    short = quantize(cat, tin, (0, 0, 40, 40), replace(options, time_budget_s=budget))
    assert 0.85 * budget < short.report.seconds <= budget
    assert short.report.tone == 1
    assert short.report.drawn.mean < off
    assert short.report.strokes < share * free.report.strokes
    assert len(short.report.pens) < len(free.report.pens)


def test_a_picture_of_greys_short_of_time_takes_a_dark_pen(tin):
    inks = InkSet.of(tin)
    ids = [pen.id for pen in inks.pens]
    greys = 1 - np.linspace(0.05, 0.95, 200)[:, None] * (1 - inks.films[ids.index("9")])
    pens, price = worth_mounting(greys, inks, 2.8, budget_s=700.0, layer_s=1000.0, swap_s=45.0)
    assert len(pens) < 6
    assert min(inks.pens[pen].lab[0] for pen in pens) < 35
    (only,) = worth_mounting(greys, inks, 2.8, budget_s=700.0, layer_s=1000.0, swap_s=600.0)[0]
    assert inks.pens[only].lab[0] < 35
    assert price < 500
    red = np.concatenate([greys, np.tile(inks.films[ids.index("2")], (200, 1))])
    assert ids.index("2") in worth_mounting(red, inks, 2.8, budget_s=700.0, layer_s=1000.0, swap_s=45.0)[0]


def test_joining_neighbours_lifts_less_and_inks_no_more():
    lines = [np.array([[0.0, y], [20.0, y]]) for y in range(10)]
    (one,) = joined(lines, 1.5)
    assert np.hypot(*np.diff(one, axis=0).T).sum() == pytest.approx(200)
    assert len(joined(lines, 0.9)) == 10
    ring = [np.array([[0.0, 0], [9, 0]]), np.array([[9.0, 0.5], [0, 0.5]])]
    assert len(joined(ring, 1.0)) == 1


@pytest.mark.slow
def test_a_stippling_short_of_time_has_fewer_and_larger_dots(cat, tin):
    options = QuantizeOptions(marks="stipple", dots=800, pens=("9", "76", "4"))
    free = quantize(cat, tin, (0, 0, 30, 30), options)
    budget = 0.7 * free.report.seconds
    short = quantize(cat, tin, (0, 0, 30, 30), replace(options, time_budget_s=budget))
    assert 0.8 * budget < short.report.seconds <= budget
    assert short.report.tone == 1
    ink = [
        np.mean([np.hypot(*np.diff(line, axis=0).T).sum() for _, line in one.strokes])
        for one in (free, short)
    ]
    assert ink[1] > 1.1 * ink[0]
    assert short.report.strokes < 0.8 * free.report.strokes


def test_refining_leaves_dots_as_they_are(cat, tin):
    from plotbot.art.picture.refine import _spaced, refine  # noqa: PLC0415

    for diameter in dot_sizes(0.3):
        assert len(_spaced(dot(np.array([9.0, 9.0]), diameter, 0.3))) == 1
    bend = np.linspace(0, 1.5 * np.pi, 60)
    assert len(_spaced(5 * np.stack([np.cos(bend), np.sin(bend)], axis=1))) == 7
    before = quantize(cat, tin, (0, 0, 15, 15), QuantizeOptions(marks="stipple", dots=100))
    after = refine(before, tin, QuantizeOptions(marks="stipple", dots=100))
    assert after.strokes is before.strokes


def test_no_time_at_all_is_refused(cat, tin):
    with pytest.raises(BadInput, match="cannot be held"):
        quantize(cat, tin, (0, 0, 40, 40), QuantizeOptions(time_budget_s=10))


def test_refining_brings_strokes_nearer_as_plotted(cat, tin):
    from plotbot.art.picture.refine import refine  # noqa: PLC0415

    options = QuantizeOptions(marks="hatch")
    before = quantize(cat, tin, (10, 20, 40, 50), options)
    said = []
    after = refine(before, tin, options, lambda what, share: said.append(share))
    assert after.report.refined_from == before.report.drawn.mean
    assert after.report.drawn.mean < 0.75 * before.report.drawn.mean
    film = film_of_strokes(after.strokes, tin, after.box_mm, 10.0)
    cells = resized(film, after.target.shape)
    seen = colour_difference(cells, after.target, tin.paper.lab, after.cell_mm, 1.0)
    assert seen.mean == pytest.approx(after.report.drawn.mean, abs=0.05)
    assert [pen for pen, _ in after.strokes] == [pen for pen, _ in before.strokes]
    # The lines stay lines: none gets much longer or shorter as a whole.
    assert after.report.seconds == pytest.approx(before.report.seconds, rel=0.1)
    assert said == sorted(said)


def test_the_frame_of_a_picture_is_no_darker_than_the_picture(tin):
    """Ink that stops at the edge must not be made up for along it."""
    grey = np.full((60, 90, 3), 0.3)
    result = quantize(grey, tin, (0, 0, 60, 40), QuantizeOptions(marks="hatch"))
    film = film_of_strokes(result.strokes, tin, result.box_mm, 10.0)
    lab = film_to_lab(film, tin.paper.lab)[..., 0]
    band = np.concatenate(
        [lab[2:12].ravel(), lab[-12:-2].ravel(), lab[:, 2:12].ravel(), lab[:, -12:-2].ravel()]
    )
    assert band.mean() == pytest.approx(lab[50:-50, 50:-50].mean(), abs=3)


def test_dark_places_take_one_dark_pen_and_not_many_light_ones(tin):
    films = transmittance([pen.lab for pen in tin.pens], tin.paper.lab)
    near_black = lab_to_rec2020(np.array([[22.0, 1, 1]])) / lab_to_rec2020(np.array(tin.paper.lab))
    goal = relative_to_film(near_black)
    plain = separate(goal, films, tin.paper.lab, cap=2.8, limit=1.0)
    dark = separate(goal, films, tin.paper.lab, cap=2.8, limit=1.0, dark_first=True)
    assert dark.sum() < 0.75 * plain.sum()
    assert loss(dark, goal, films, tin.paper.lab)[0] < loss(plain, goal, films, tin.paper.lab)[0]


def test_only_the_named_pens_are_used(cat, tin):
    result = quantize(cat, tin, (0, 0, 40, 40), QuantizeOptions(marks="hatch", pens=("9", "Orange")))
    assert {pen for pen, _ in result.strokes} == {"9", "4"}


def test_fluorescent_pens_are_never_used(cat):
    stabilo = load_inventory("stabilo88")
    neon = {pen.id for pen in stabilo.pens if pen.fluorescent}
    assert neon
    result = quantize(cat, stabilo, (0, 0, 25, 25), QuantizeOptions(marks="hatch"))
    assert not neon & {pen for pen, _ in result.strokes}


def test_a_grey_ramp_in_one_pen_keeps_its_tones():
    mono = load_inventory("mono")
    inked = compose(
        np.repeat(np.linspace(0.0, 0.9, 120)[None, :, None], 60, axis=0),
        transmittance([mono.pens[0].lab], mono.paper.lab),
    )
    ramp = np.clip(film_to_relative(inked), 0, 1)
    result = quantize(ramp, mono, (0, 0, 60, 30), QuantizeOptions(marks="hatch"))
    film = film_of_strokes(result.strokes, mono, result.box_mm, 10.0)
    columns = film_to_lab(film[50:-50].mean(axis=0).reshape(30, 20, 3).mean(axis=1), mono.paper.lab)[:, 0]
    wanted = film_to_lab(inked[0].reshape(30, 4, 3).mean(axis=1), mono.paper.lab)[:, 0]
    assert np.abs(columns - wanted)[1:-1].max() < 6
    assert np.abs(columns - wanted).mean() < 2


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"marks": "dots"}, "unknown"),
        ({"most_ink": float("nan")}, "most_ink"),
        ({"detail": 0.0}, "detail"),
        ({"time_budget_s": 1.0}, "time_budget_s"),
    ],
)
def test_bad_options_are_named(change, word):
    with pytest.raises(BadInput, match=word):
        QuantizeOptions(**change)


def test_pictures_that_cannot_be_drawn(tin):
    with pytest.raises(BadInput, match="as light as the paper"):
        quantize(np.ones((20, 20, 3)), tin, (0, 0, 40, 40))
    with pytest.raises(BadInput, match="each side"):
        quantize(np.ones((20, 20, 3)), tin, (0, 0, 4, 40))
    with pytest.raises(BadInput, match="no numbers"):
        quantize(np.full((20, 20, 3), np.nan), tin, (0, 0, 40, 40))
    with pytest.raises(BadInput, match="has no pen"):
        quantize(np.zeros((20, 20, 3)), tin, (0, 0, 40, 40), QuantizeOptions(pens=("99",)))
