# ruff: noqa: E501  (SVGs on one line)
"""SVGs of any make come out as strokes that look like them, or are refused in one sentence."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plotbot.art.picture.judge import film_of_strokes
from plotbot.art.picture.quantize import QuantizeOptions
from plotbot.art.vector import ArtworkOptions, read_artwork
from plotbot.art.vector.areas import filled_areas
from plotbot.art.vector.hiding import uppermost
from plotbot.art.vector.shapes import read_shapes
from plotbot.errors import BadInput
from plotbot.ink.film import film_to_lab
from plotbot.layers import LayerMap, parse_layer_name
from plotbot.pens.inventory import load_inventory
from tests.art.vector.corpus import CORPUS

AREA = (10.0, 10.0, 70.0, 60.0)
QUICK = QuantizeOptions(marks="hatch", shortest=1.0, detail=0.5)


@pytest.fixture(scope="module")
def tin():
    return load_inventory("staedtler12")


def written(tmp_path, text):
    path = tmp_path / "art.svg"
    path.write_text(text, encoding="utf-8")
    return path


def simple(body):
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="60mm" height="40mm" viewBox="0 0 60 40">{body}</svg>'
    )


@pytest.mark.parametrize("name", sorted(CORPUS))
def test_the_look_is_kept(tmp_path, tin, name):
    art = read_artwork(written(tmp_path, CORPUS[name]), tin, AREA, ArtworkOptions(tones=QUICK))
    points = np.concatenate([points for _, points in art.strokes])
    left, top, right, bottom = art.box_mm
    assert points.min(axis=0) == pytest.approx([max(left, points[:, 0].min()), max(top, points[:, 1].min())])
    assert points[:, 0].max() <= right + 1e-6
    assert points[:, 1].max() <= bottom + 1e-6
    assert art.difference.mean < 5.5
    assert {pen for pen, _ in art.strokes} <= {pen.id for pen in tin.pens}


@pytest.mark.parametrize("name", sorted(set(CORPUS) - {"image", "text"}))
def test_centre_lines_alone(tmp_path, tin, name):
    art = read_artwork(written(tmp_path, CORPUS[name]), tin, AREA, ArtworkOptions(svg_mode="lines"))
    assert art.strokes
    assert all(np.isfinite(points).all() for _, points in art.strokes)


def test_an_opaque_shape_hides_the_line_below_it_exactly(tmp_path, tin):
    body = (
        '<path d="M0 20H60" stroke="#000" stroke-width=".3" fill="none"/>'
        '<rect x="20" y="10" width="20" height="20" fill="#fff"/>'
    )
    art = read_artwork(written(tmp_path, simple(body)), tin, (0, 0, 60, 40))
    across = [
        points for _, points in art.strokes if np.ptp(points[:, 1]) < 1e-6 and abs(points[0, 1] - 20) < 1e-6
    ]
    ends = sorted((float(p[:, 0].min()), float(p[:, 0].max())) for p in across)
    assert ends == [pytest.approx((0, 20), abs=0.02), pytest.approx((40, 60), abs=0.02)]


def test_what_is_wholly_hidden_is_listed(tmp_path, tin):
    body = '<path d="M25 20H35" stroke="#000" stroke-width=".3"/><rect x="20" y="10" width="20" height="20" fill="#d90005"/>'
    art = read_artwork(written(tmp_path, simple(body)), tin, (0, 0, 60, 40))
    assert art.dropped["hidden by what lies above"] >= 1


def test_a_wide_line_becomes_as_wide_in_ink(tmp_path, tin):
    body = '<path d="M10 20H50" stroke="#000" stroke-width="4" fill="none"/>'
    art = read_artwork(written(tmp_path, simple(body)), tin, (0, 0, 60, 40))
    film = film_of_strokes(art.strokes, tin, (0, 0, 60, 40), 10)
    light = film_to_lab(film[:, 150:450].mean(axis=1), tin.paper.lab)[:, 0]
    dark = np.flatnonzero(light < 60) / 10
    assert (dark[0], dark[-1] + 0.1) == pytest.approx((18, 22), abs=0.25)
    assert len(dark) == pytest.approx(40, abs=4)


def test_layers_are_honoured(tmp_path, tin):
    art = read_artwork(
        written(tmp_path, CORPUS["inkscape"]),
        tin,
        AREA,
        ArtworkOptions("lines", ("layer 2=20", "ground=Black")),
    )
    assert {pen for pen, _ in art.strokes} == {"20", "9"}
    assert art.dropped == {"in a layer marked % as not to be plotted": 1}


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("!3 outlines +S40", (3, True, True, "outlines", None, 40, None)),
        ("% notes", (None, False, False, "notes", None, None, None)),
        ("12 - sky +H30+D500", (12, True, False, "sky", 30, None, 500)),
        ("plain", (None, True, False, "plain", None, None, None)),
    ],
)
def test_layer_names(label, expected):
    order = parse_layer_name(label)
    found = (
        order.number, order.plotted, order.pause, order.name,
        order.height_percent, order.speed_percent, order.delay_ms,
    )  # fmt: skip
    assert found == expected


def test_layer_orders_out_of_range_and_maps_that_make_no_sense(tin):
    with pytest.raises(BadInput, match=r"\+S must be from 1 to 110"):
        parse_layer_name("2 fast +S400")
    with pytest.raises(BadInput, match="write it like"):
        LayerMap(["layer 2"], tin)
    with pytest.raises(BadInput, match="no pen"):
        LayerMap(["layer 2=nope"], tin)


@given(
    squares=st.lists(
        st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 4), st.booleans(), st.integers(-1, 1)),
        min_size=1,
        max_size=24,
    ),
    depth=st.sampled_from([0.2, 0.7, 100.0]),
)
def test_hidden_parts_are_what_painting_hides(squares, depth):
    """Against painting the squares one after the other on a grid of cells, in one layer and in several."""
    areas = np.array([shapely.box(x, y, x + size, y + size) for x, y, size, *_ in squares])
    hides = np.array([opaque for *_, opaque, _ in squares])
    inks = np.array([ink for *_, ink in squares])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("plotbot.art.vector.hiding._LAYER_DEPTH", depth)
        parts, owners = uppermost(areas, hides, inks)
    assert (np.diff(owners) >= 0).all()
    for x, y in itertools.product(range(12), repeat=2):
        cell = shapely.Point(x + 0.4871, y + 0.5313)  # on no edge of a tile
        has = [k for k, area in enumerate(areas) if area.contains(cell)]
        hidden = [[j for j in has if j > k and hides[j]] for k in has]
        seen = {int(owner) for part, owner in zip(parts, owners, strict=True) if part.contains(cell)}
        for k, above in zip(has, hidden, strict=True):
            if not above:
                assert k in seen
            elif inks[k] < 0 or any(inks[j] != inks[k] for j in above):
                # Of one ink all may stay, as long as no other is between them and the top.
                assert k not in seen
        assert seen <= set(has)


def test_fill_rules():
    def area(rule, inner):
        path = f'<path fill="#000" fill-rule="{rule}" d="M0 0H30V30H0Z {inner}"/>'
        (shape,) = read_shapes(simple(path).encode(), Path("x")).shapes
        return filled_areas([shape])[0].area

    same, other = "M10 10H20V20H10Z", "M10 10V20H20V10Z"
    assert area("nonzero", same) == pytest.approx(900, rel=1e-3)
    assert area("nonzero", other) == pytest.approx(800, rel=1e-3)
    assert area("evenodd", same) == pytest.approx(800, rel=1e-3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a readable SVG"),
        ("<html/>", "refused"),
        ('<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>', "entities"),
        (simple('<image href="http://example.org/a.png" width="9" height="9"/>'), "outside itself"),
        (simple('<image href="/etc/passwd" width="9" height="9"/>'), "outside itself"),
        (simple("<style>@import 'http://example.org/a.css';</style>"), "outside itself"),
        (
            simple('<rect width="9" height="9" style="fill:url(http://example.org/p.svg#a)"/>'),
            "outside itself",
        ),
        (simple(""), "draws nothing"),
        (
            '<svg xmlns="http://www.w3.org/2000/svg" width="-5" height="5"><path d="M0 0L9 9" stroke="red"/></svg>',
            "over 0|render",
        ),
    ],
)
def test_hostile_and_broken_files_are_refused(tmp_path, tin, text, words):
    with pytest.raises(BadInput, match=words) as caught:
        read_artwork(written(tmp_path, text), tin, AREA)
    assert "\n" not in str(caught.value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from(sorted(set(CORPUS) - {"image"})),
    cuts=st.lists(
        st.tuples(
            st.floats(0, 1),
            st.integers(0, 6),
            st.sampled_from(["", "nan", "1e999", "-", "<g>", '"', "0", "M"]),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_mutated_files_are_drawn_or_refused(tmp_path, tin, name, cuts):
    text = CORPUS[name]
    for place, length, new in cuts:
        at = int(place * len(text))
        text = text[:at] + new + text[at + length :]
    try:
        art = read_artwork(written(tmp_path, text), tin, AREA, ArtworkOptions(svg_mode="lines"))
    except BadInput as error:
        assert "\n" not in str(error)
        assert len(str(error)) < 500
    else:
        assert all(np.isfinite(points).all() for _, points in art.strokes)
