"""Settling lets strokes of all pens make up for one another, and reckons rightly what that does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from plotbot.art.picture.guides import choose, covered, fineness, parallel_guides, strokes_on
from plotbot.art.picture.judge import colour_difference, film_of_strokes, resized
from plotbot.art.picture.search import Sheet, search_dots, search_lines, stamp_discs, stamp_lines, workplace
from plotbot.art.picture.settle import Dots, Ground, Lines, settle
from plotbot.art.picture.stipple import dot, dot_scale, dot_sizes, stipple
from plotbot.ink.film import film_to_relative
from plotbot.pens.ink_set import InkSet
from plotbot.pens.inventory import load_inventory

CELL, SIZE = 0.5, (40.0, 30.0)
SHAPE = (60, 80)


@pytest.fixture(scope="module")
def tin():
    return load_inventory("staedtler12")


def two_pens(tin):
    """Red and blue hatchings of a ramp, each laid for itself, and the ground to settle them on."""
    pens = [tin["2"], tin["3"]]
    inks = InkSet.of(tin, pens)
    fine = fineness(0.3, CELL)
    want = np.tile(np.linspace(0.05, 0.5, SHAPE[1]), (SHAPE[0], 1))
    marks = []
    for number in range(2):
        guides = parallel_guides(SIZE, 0.4 + number, 0.3, 0.5)
        drawn = choose(guides, want, CELL, 0.3, 2.5, fine)
        marks.append(Lines(number, guides, drawn, want, 10, False))
    goal = np.prod([1 - want[..., None] * (1 - film) for film in inks.films], axis=0)
    ground = Ground(CELL, fineness(0.3, CELL), inks, goal, {})
    return pens, ground, marks


def strokes_of(pens, marks):
    return [(pens[one.pen].id, line) for one in marks for line in strokes_on(one.guides, one.drawn, 0.3)]


def difference(strokes, ground, tin, viewing=1.0):
    """As resvg and the ink model see it, which settling does not use."""
    cells = resized(film_of_strokes(strokes, tin, (0, 0, *SIZE), 10.0), SHAPE)
    return colour_difference(cells, film_to_relative(ground.goal), tin.paper.lab, CELL, viewing).mean


def test_settled_lines_come_nearer_from_near_and_far_and_stay_strokes(tin):
    pens, ground, marks = two_pens(tin)
    before = strokes_of(pens, marks)
    off = [difference(before, ground, tin, viewing) for viewing in (0.5, 1.0, 2.0)]
    told: list[float] = []
    settle(ground, marks, 3.0, told.append)
    after = strokes_of(pens, marks)
    now = [difference(after, ground, tin, viewing) for viewing in (0.5, 1.0, 2.0)]
    assert now[0] < 0.9 * off[0]
    assert now[1] < 0.6 * off[1]
    assert now[2] < 0.6 * off[2]
    # Only where a guide ends at the border are strokes shorter than they should be, and no more than were.
    short = [sum(np.hypot(*(line[-1] - line[0])) < 2.0 for _, line in lines) for lines in (before, after)]
    assert short[1] <= short[0]
    assert len(after) < 1.1 * len(before)
    assert told == sorted(told)
    # No guide is drawn where its rank has nothing to do with the tone.
    for one in marks:
        rank = one.guides.rank[one.guides.owner]
        tone = np.interp(one.guides.points[:, 0], (0.25, 39.75), (0.05, 0.5))
        assert (one.drawn[rank > tone + 0.3]).mean() < 0.02


def test_places_take_about_as_much_ink_as_they_may(tin):
    layers = []
    for most_ink in (0.8, 3.0):
        _, ground, marks = two_pens(tin)
        for one in marks:
            one.want = np.ones(SHAPE)
        settle(replace(ground, goal=0.02 * np.ones_like(ground.goal)), marks, most_ink)
        layers.append(sum(covered(one.guides, one.drawn, 0.3, (360, 480), 12.0).mean() for one in marks))
    assert 0.7 < layers[0] < 1.1
    assert layers[1] > 1.5


def test_strokes_that_stay_count(tin):
    """Where all is inked already and stays so, nothing is to be added."""
    _, ground, marks = two_pens(tin)
    full = {0: np.ones((360, 480), np.bool_), 1: np.ones((360, 480), np.bool_)}
    solid = replace(ground, goal=np.ones_like(ground.goal) * ground.inks.films.prod(axis=0), fixed=full)
    before = [one.drawn.copy() for one in marks]
    settle(solid, marks, 3.0)
    assert all((one.drawn <= drawn).all() for one, drawn in zip(marks, before, strict=True))


def test_settled_dots_come_nearer(tin):
    pens = [tin["2"], tin["3"]]
    inks = InkSet.of(tin, pens)
    want = np.tile(np.linspace(0.05, 0.6, SHAPE[1]), (SHAPE[0], 1))
    scale = dot_scale(np.repeat(want.reshape(-1, 1), 2, axis=1), [0.3, 0.3], 1200 / CELL**2)
    marks = [Dots(number, *stipple(want, CELL, 0.3, scale, number), dot_sizes(0.3)) for number in range(2)]
    goal = np.prod([1 - want[..., None] * (1 - film) for film in inks.films], axis=0)
    ground = Ground(CELL, fineness(0.3, CELL), inks, goal, {})

    def drawn():
        return [
            (pens[one.pen].id, dot(middle, size, 0.3))
            for one in marks
            for middle, size in zip(one.middles, one.diameters, strict=True)
            if size
        ]

    before = drawn()
    settle(ground, marks, 3.0)
    after = drawn()
    assert difference(after, ground, tin) < 0.8 * difference(before, ground, tin)
    assert 0.9 * len(before) < len(after) <= len(before)
    for one in marks:
        used = one.diameters > 0
        assert set(one.diameters[used]) <= set(one.sizes)
        half = one.diameters[used, None] / 2
        assert (one.middles[used] >= half - 1e-9).all()
        assert (one.middles[used] <= np.array(SIZE) - half + 1e-9).all()


def plain_sheet(error, kernel):
    """Bare paper without straying light, on which a black pen would be welcome or not as `error` says."""
    fine, shape = 4, error.shape[:2]
    px = (shape[0] * fine, shape[1] * fine)
    metric = np.zeros((*shape, 6), np.float32)
    metric[..., [0, 3, 5]] = 1
    return Sheet(
        np.zeros(px, np.uint8), np.ones((*px, 3), np.float32),
        np.ones((px[0] // 2, px[1] // 2, 3), np.float32),
        np.full(3, 0.3, np.float32), np.float32(1.0), fine, fine / 0.5, error, metric, kernel,
        np.ones(shape, np.float32), np.float32(0), *workplace(30, len(kernel)),
    )  # fmt: skip


def test_the_reckoned_error_is_that_of_the_ink_on_the_sheet():
    """After a pass, what the search believes of the sheet is what a new look at its pixels says."""
    rng = np.random.default_rng(5)
    error = np.zeros((40, 50, 3), np.float32) + np.float32(0.3)
    error += rng.normal(0, 0.05, error.shape).astype(np.float32)
    kernel = np.array([0.25, 0.5, 0.25], np.float32)
    sheet = plain_sheet(error.copy(), kernel)
    guides = parallel_guides((25, 20), 0.5, 0.3, 0.5)
    drawn = np.zeros(len(guides.points), np.bool_)
    yes = np.ones(len(drawn), np.bool_)
    assert search_lines(sheet, guides.points, guides.offsets, drawn, yes, ~yes, 8, 40, 1.2) > 20
    assert drawn.any()
    # Counts are those of the strokes, laid afresh.
    fresh = np.zeros_like(sheet.count)
    stamp_lines(guides.points, guides.offsets, drawn, 1.2, 8.0, fresh)
    np.testing.assert_array_equal(sheet.count, fresh)
    # 2 · step + step² of the root is what a film of 0.09 takes away from bare paper.
    inked = (fresh > 0).reshape(40, 4, 50, 4).mean(axis=(1, 3))
    lost = -(1 - 0.09) * inked
    from scipy.ndimage import correlate1d  # noqa: PLC0415

    seen = correlate1d(correlate1d(lost, kernel, axis=0, mode="constant"), kernel, axis=1, mode="constant")
    np.testing.assert_allclose(sheet.error, error + seen[..., None], atol=2e-4)


def test_dots_are_counted_as_they_end_up():
    error = np.full((40, 50, 3), 0.4, np.float32)
    error[:, 25:] = -0.4
    kernel = np.array([0.25, 0.5, 0.25], np.float32)
    sheet = plain_sheet(error, kernel)
    middles = np.random.default_rng(1).uniform(2, (23, 18), (60, 2))
    sizes = dot_sizes(0.3)[:8]
    diameters = np.full(60, sizes[3])
    stamp_discs(middles, diameters, 8.0, sheet.count)
    sheet.root[sheet.count > 0] = 0.3
    left = middles[:, 0] < 12
    assert search_dots(sheet, middles, diameters, sizes, np.array([25.0, 20.0]), 0.25) > 60
    assert diameters[left].mean() > sizes[3]  # too light: dots grow
    assert diameters[~left].mean() < sizes[3]
    fresh = np.zeros_like(sheet.count)
    stamp_discs(middles, diameters, 8.0, fresh)
    np.testing.assert_array_equal(sheet.count, fresh)
