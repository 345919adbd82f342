# ruff: noqa: E501  (SVGs on one line)
"""What a file means is what is drawn: style sheets, symbols, text, layers with pens of their own, ink once."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from plotbot.art.picture.judge import film_of_strokes
from plotbot.art.picture.quantize import QuantizeOptions, estimate_seconds
from plotbot.art.vector import ArtworkOptions, read_artwork
from plotbot.art.vector.scan import spans
from plotbot.errors import BadInput
from plotbot.ink.film import film_to_lab, relative_to_film
from plotbot.ink.spaces import delta_e00, srgb_to_rec2020
from plotbot.pens.inventory import load_inventory

WHOLE = (0.0, 0.0, 60.0, 40.0)
QUICK = QuantizeOptions(marks="hatch", shortest=1.0, detail=0.5)


@pytest.fixture(scope="module")
def tin():
    return load_inventory("staedtler12")


@pytest.fixture
def read(tmp_path, tin):
    def reads(body, **options):
        path = tmp_path / "art.svg"
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" width="60mm" height="40mm" viewBox="0 0 60 40">{body}</svg>'
        )
        return read_artwork(path, tin, WHOLE, ArtworkOptions(**{"tones": QUICK, **options}))

    return reads


def pens_of(art):
    return {str(pen) for pen, _ in art.strokes}


@pytest.mark.parametrize("mode", ["lines", "faithful"])
def test_the_more_specific_rule_wins_wherever_it_stands(read, mode):
    """An id over classes, two classes over one, a style attribute over both, !important over all."""
    art = read(
        "<style>#a{stroke:#0033aa} .x.y{stroke:#00803c} .x{stroke:#d90005} path{stroke:#000}"
        " .z{stroke:#0033aa!important}</style><g fill='none' stroke-width='.3'>"
        "<path id='a' class='x y' d='M5 5H55'/><path class='x y' d='M5 10H55'/>"
        "<path class='x y' style='stroke:#d90005' d='M5 15H55'/><path class='z' style='stroke:#d90005' d='M5 20H55'/></g>",
        svg_mode=mode,
    )
    by_row = {round(float(points[:, 1].mean())): str(pen) for pen, points in art.strokes}
    assert by_row == {5: "3", 10: "5", 15: "2", 20: "3"}


@pytest.mark.parametrize("mode", ["lines", "faithful"])
def test_a_symbol_is_drawn_where_and_as_large_as_it_is_used(read, mode):
    art = read(
        "<symbol id='s' viewBox='0 0 10 10'><path d='M0 5H10' stroke='currentColor' fill='none' stroke-width='.15'/></symbol>"
        "<use href='#s' x='5' y='0' width='20' height='20' color='#d90005'/>"
        "<use href='#s' x='30' y='20' width='10' height='10' color='#0033aa'/>",
        svg_mode=mode,
    )
    found = sorted((str(pen), *points.min(axis=0), *points.max(axis=0)) for pen, points in art.strokes)
    assert [one[0] for one in found] == ["2", "3"]
    assert found[0][1:] == pytest.approx((5, 10, 25, 10), abs=0.02)
    assert found[1][1:] == pytest.approx((30, 25, 40, 25), abs=0.02)


def test_text_is_drawn_solid_or_in_single_lines(read, tin):
    body = "<text x='4' y='28' font-size='20' font-family='DejaVu Sans, sans-serif'>Ink</text>"
    outlines, lines = read(body), read(body, text="lines")
    assert pens_of(outlines) == pens_of(lines) == {"9"}

    def ink(art):
        return sum(float(np.hypot(*np.diff(points, axis=0).T).sum()) for _, points in art.strokes)

    # Both are judged by the letters that the file has.
    assert lines.target.min() < 0.05
    np.testing.assert_array_equal(lines.target, outlines.target)
    # A letter's own stroke takes several of the pen's.
    assert ink(outlines) > 2 * ink(lines)
    # The stem of the I is solid, not hollow.
    film = film_of_strokes(outlines.strokes, tin, WHOLE, 10.0)
    dark = film_to_lab(film, tin.paper.lab)[200:260, :, 0] < 60
    assert dark[:, 40:100].sum(axis=1).min() > 15
    for art in (outlines, lines):
        points = np.concatenate([points for _, points in art.strokes])
        assert points[:, 0].min() > 3
        assert 10 < points[:, 1].min() < points[:, 1].max() < 29


def test_a_layer_with_a_pen_of_its_own_is_tinted_in_that_pen(read):
    """Its solid, its lines and its tones alike; what is in no such layer keeps its colours."""
    body = (
        '<g id="sky"><rect x="2" y="2" width="26" height="36" fill="#101010"/><path d="M5 5H25" stroke="#fff" stroke-width="2"/></g>'
        '<g id="land"><rect x="32" y="2" width="26" height="36" fill="#d90005"/></g>'
    )
    art = read(body, layer_map=("sky=20",))
    left = {str(pen) for pen, points in art.strokes if points[:, 0].max() < 30}
    right = {str(pen) for pen, points in art.strokes if points[:, 0].min() > 30}
    assert left == {"20"}
    assert right == {"2"}
    with pytest.raises(BadInput, match="does not have"):
        read(body, layer_map=("sea=20",))
    paler = read(body.replace("#101010", "#909090"), layer_map=("sky=20",))
    assert {str(pen) for pen, points in paler.strokes if points[:, 0].max() < 30} == {"20"}


def test_a_time_budget_is_kept_by_the_tones_of_an_svg(read, tin):
    body = (
        "<defs><linearGradient id='g'><stop offset='0' stop-color='#ffe000'/><stop offset='1' stop-color='#c00020'/>"
        "</linearGradient></defs><rect x='10' y='5' width='30' height='20' fill='url(#g)'/>"
        "<path d='M5 30L55 35' stroke='#000' stroke-width='.3'/>"
    )
    free = read(body)
    took = estimate_seconds(free.strokes, tin, QUICK.motion)
    budget = QuantizeOptions(marks="hatch", shortest=1.0, detail=0.5, time_budget_s=0.6 * took)
    short = read(body, tones=budget)
    assert estimate_seconds(short.strokes, tin, QUICK.motion) <= 0.6 * took
    assert "9" in pens_of(short)
    with pytest.raises(BadInput, match="cannot be held"):
        lines = "".join(f"<path d='M5 {y}H55' stroke='#000' stroke-width='.3'/>" for y in range(2, 39))
        read(lines, tones=QuantizeOptions(marks="hatch", time_budget_s=10.0))


def test_rows_through_an_area_begin_and_end_at_its_edge():
    area = shapely.Point(10, 10).buffer(5).difference(shapely.box(8, 8, 12, 12))
    _, row, ends = spans(np.array([area]), 0.05, 0.1)
    for number, (left, right) in zip(row.tolist(), ends.tolist(), strict=True):
        y = 0.05 + 0.1 * number
        across = shapely.intersection(shapely.LineString([(0, y), (20, y)]), area)
        parts = [part.bounds[::2] for part in shapely.get_parts(across)]
        assert any(part == pytest.approx((left, right), abs=1e-6) for part in parts)
    assert 0.1 * np.diff(ends, axis=1).sum() == pytest.approx(area.area, rel=2e-3)


def test_letters_are_of_one_pen_and_as_solid_as_they_are_wide(read, tin):
    """Also small ones of a second colour, whose soft edges are as dark as other pens are."""
    art = read(
        "<text x='4' y='18' font-size='16' font-family='DejaVu Sans, sans-serif'>Ink</text>"
        "<text x='4' y='32' font-size='6' font-family='serif' fill='#b01010'>on paper</text>"
    )
    upper = {str(pen) for pen, points in art.strokes if points[:, 1].max() < 22}
    lower = {str(pen) for pen, points in art.strokes if points[:, 1].min() > 22}
    assert (upper, lower) == ({"9"}, {"2"})


@pytest.mark.parametrize("width", [0.5, 0.65, 0.8, 1.0, 1.25])
def test_a_line_of_any_width_is_solid(read, tin, width):
    art = read(f"<path d='M5 20 Q30 5 55 20' fill='none' stroke='#000' stroke-width='{width}'/>")
    film = film_of_strokes(art.strokes, tin, WHOLE, 20.0)
    dark = film_to_lab(film, tin.paper.lab)[..., 0] < 40
    # Across its top, at (30, 12.5).
    assert dark[:, 600].sum() / 20 == pytest.approx(width, abs=0.12)
    run = np.flatnonzero(dark[:, 600])
    assert np.diff(run).max() == 1


def test_a_colour_between_pens_is_one_pen_with_others_over_it(read, tin):
    """Its edge is as clean as that of one pen, its tone that of the mixture; no pen goes over itself."""
    art = read("<circle cx='30' cy='20' r='15' fill='#88c040'/>")
    film = film_of_strokes(art.strokes, tin, WHOLE, 20.0)
    y, x = (np.indices(film.shape[:2]) + 0.5) / 20
    inside = film[np.hypot(x - 30, y - 20) < 12].mean(axis=0)
    wanted = relative_to_film(srgb_to_rec2020(np.array([0x88, 0xC0, 0x40]) / 255))
    assert delta_e00(film_to_lab(inside, tin.paper.lab), film_to_lab(wanted, tin.paper.lab)) < 3.5
    assert pens_of(art) > {"51"}
    ring = np.abs(np.hypot(x - 30, y - 20) - 14.9) < 0.05
    assert (film_to_lab(film[ring], tin.paper.lab)[:, 2] > 20).mean() > 0.97
    drawn = sum(float(np.hypot(*np.diff(points, axis=0).T).sum()) for _, points in art.strokes)
    assert art.overdrawn.repeated_mm < 0.02 * drawn


def test_hatching_ends_at_the_edge(read):
    """Within a quarter of a cell of 0.5 mm, on both sides, with the ink of its round ends."""
    art = read("<circle cx='30' cy='20' r='15' fill='#3a7ab0' opacity='.5'/>")
    ends = np.concatenate([points[[0, -1]] for _, points in art.strokes if len(points) == 2])
    reach = np.hypot(*(ends - (30, 20)).T) + 0.15
    assert np.quantile(reach, 0.99) < 15.3
    near = reach[reach > 14.4]
    assert len(near) > 100
    assert np.mean(np.abs(near - 15) < 0.2) > 0.85
