"""Drawings: numbered strokes, layers for pens, and SVG files that nobody has checked."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
import vpype
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from plotbot import svg, svg_geometry, svg_plain, svg_tree
from plotbot.drawing import assign_pens, fit, from_strokes, read_svg, sources, write_svg
from plotbot.errors import BadInput
from plotbot.paper import Paper
from plotbot.pens.model import Inventory

SHEET = Paper(210, 297, 15)
TIN = Inventory.model_validate(
    {
        "id": "tin",
        "name": "Tin",
        "paper": {"name": "white", "lab": (95, 0, 2)},
        "pens": [
            {"id": pen_id, "name": name, "lab": lab, "provenance": "guess", "uncertainty": 9,
             "nominal_mm": 0.3, "width_mm": 0.3}
            for pen_id, name, lab in (
                ("9", "Black", (20, 0, 0)), ("2", "Red", (49, 69, 60)), ("3", "Blue", (35, 20, -60)),
                ("8", "Grey & <Silver>", (60, 0, 0)),
            )
        ],
    }
)  # fmt: skip


def wrap(body: str, attributes: str = 'width="210mm" height="297mm" viewBox="0 0 210 297"') -> str:
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" {attributes}>{body}</svg>'
    )


def read(tmp_path: Path, text: str | bytes) -> vpype.Document:
    path = tmp_path / "drawing.svg"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_svg(path)


def pens_of(drawing: vpype.Document) -> list[tuple[str, str]]:
    return [(one.pen, one.drop) for one in sources(assign_pens(drawing, TIN))]


def test_strokes_are_numbered_through_the_layers() -> None:
    given_strokes = [("2", [[20, 20], [30, 20]]), ("9", [[20, 30], [30, 30]]), ("2", [[1, 2]])]
    drawing = from_strokes(given_strokes, TIN, SHEET)  # type: ignore[arg-type]
    found = sources(drawing)
    assert [one.index for one in found] == [0, 1, 2]
    assert [one.pen for one in found] == ["9", "2", "2"]
    assert np.allclose(found[0].points, [[20, 30], [30, 30]])
    assert np.allclose(found[2].points, [[1, 2], [1, 2]])
    layer = drawing.layers[2]
    assert layer.property("vp_name") == "2"
    assert layer.property("vp_pen_width") == pytest.approx(0.3 * 96 / 25.4)
    assert layer.property("vp_color").red > 150 > layer.property("vp_color").green
    assert drawing.page_size == pytest.approx((210 * 96 / 25.4, 297 * 96 / 25.4))


@pytest.mark.parametrize("points", [[], [[1, 2, 3]], "spam", [[1], [2, 3]], [1, 2]])
def test_what_is_no_stroke_is_refused(points: object) -> None:
    with pytest.raises(BadInput, match="Stroke 0"):
        from_strokes([("9", points)], TIN, SHEET)  # type: ignore[list-item]


def test_unknown_pens_are_refused() -> None:
    with pytest.raises(BadInput, match=r"no pen '7'; it has 9, 2, 3, 8"):
        from_strokes([("7", [[1, 2], [3, 4]])], TIN, SHEET)


def test_written_files_come_back(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    strokes = [(pen.id, np.round(rng.uniform(0, 200, (5, 2)), 3)) for pen in TIN.pens for _ in range(3)]
    drawing = from_strokes(strokes, TIN, SHEET)
    write_svg(drawing, tmp_path / "out.svg", TIN)
    assert [path.name for path in tmp_path.iterdir()] == ["out.svg"]
    text = (tmp_path / "out.svg").read_text()
    assert 'inkscape:groupmode="layer" inkscape:label="2 - 2 Red"' in text
    back = assign_pens(read_svg(tmp_path / "out.svg"), TIN)
    for one, other in zip(sources(drawing), sources(back), strict=True):
        assert one.pen == other.pen and np.allclose(one.points, other.points, atol=1e-6)
    vpype_sees = vpype.read_multilayer_svg(str(tmp_path / "out.svg"), quantization=0.1)
    assert sorted(vpype_sees.layers) == [1, 2, 3, 4]


def test_nothing_is_written_where_nothing_can_be(tmp_path: Path) -> None:
    drawing = from_strokes([("9", [[1, 2], [3, 4]])], TIN, SHEET)
    with pytest.raises(BadInput, match=r"cannot be written"):
        write_svg(drawing, tmp_path / "no" / "out.svg")
    assert not list(tmp_path.iterdir())


def test_layers_named_like_pens_win_over_their_colour(tmp_path: Path) -> None:
    body = "".join(
        f'<g inkscape:groupmode="layer" inkscape:label="{label}" stroke="#000">'
        f'<path d="M20 {20 + k} L30 {20 + k}"/></g>'
        for k, label in enumerate(["2", "1 - 3 Blue", "red", "7 - Blue", "Layer 2", "sketch"])
    )
    assert [pen for pen, _ in pens_of(read(tmp_path, wrap(body)))] == ["2", "2", "3", "3", "9", "9"]


def test_colours_go_to_the_nearest_pen_and_paper_white_to_none(tmp_path: Path) -> None:
    colours = ["#e02020", "rgb(10,20,200)", "black", "#fefefe", "#1a1a1a", "#999"]
    body = "".join(
        f'<path stroke="{colour}" fill="none" d="M20 {20 + k} h9"/>' for k, colour in enumerate(colours)
    )
    assert pens_of(read(tmp_path, wrap(body))) == [
        ("2", ""), ("3", ""), ("9", ""), ("9", ""), ("8", ""), ("", "the colour of the bare paper"),
    ]  # fmt: skip


def test_see_through_lines_are_judged_over_the_paper_and_invisible_ones_kept_as_dropped(
    tmp_path: Path,
) -> None:
    body = (
        '<path stroke="#000" stroke-opacity="0.45" d="M20 20 h9"/>'
        '<path stroke="#000" opacity="0" d="M20 30 h9"/>'
        '<path stroke="none" fill="none" d="M20 40 h9"/>'
        '<path fill="#00f" d="M20 50 h9 v9 z"/>'
    )
    found = pens_of(read(tmp_path, wrap(body)))
    assert found == [
        ("8", ""), ("3", ""),
        ("", "invisible: its opacity is 0"), ("", "invisible: neither line nor filling"),
    ]  # fmt: skip


numbers = st.floats(-99, 299, width=16).map(lambda x: f"{x:.4f}".rstrip("0").rstrip("."))


@st.composite
def path_data(draw: st.DrawFn) -> str:
    parts = ["M", draw(numbers), draw(numbers)]
    for letter in draw(st.lists(st.sampled_from("mLlHhVvCcSsQqTtZz"), min_size=1, max_size=8)):
        parts.append(letter)
        parts += [
            draw(numbers)
            for _ in range(
                {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}[letter.upper()]
            )
        ]
        if letter in "Zz":
            parts += ["M", draw(numbers), draw(numbers), "l 1 1"]
    return draw(st.sampled_from([" ", ","])).join(parts).replace("Z,", "Z ").replace("z,", "z ")


def _unreadable(text: str, flatness: float) -> None:
    raise svg_plain.Unreadable


@settings(max_examples=150)
@given(data=path_data())
def test_the_quick_reader_sees_what_the_complete_one_sees(
    data: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # svgelements takes the handle of a quadratic curve for a smooth cubic one, and the other way round.
    assume(not re.search(r"[QT][^A-Z]*S|[CS][^A-Z]*T", data.upper()))
    text = wrap(f'<g stroke="red" fill="none"><path d="{data}"/></g>')
    quick = svg.read_plain(text.encode(), svg._FLATNESS_PX)
    assert quick is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(svg_geometry, "path_lines", _unreadable)  # so that svgelements reads the path
        complete, page, _ = svg._parse(text.encode(), Path("x.svg"), text=False)
    assert [key for key, lines in quick[0].items() if lines] == list(complete)
    assert quick[1] == pytest.approx(page, rel=1e-5)
    for key, lines in quick[0].items():
        others = complete.get(key, [])
        assert len(lines) == len(others)
        for line, other in zip(lines, others, strict=True):
            shared = min(len(line), len(other))
            if len(line) == len(other):
                assert np.allclose(line, other, atol=2e-2)
            else:  # one chord more or less, by rounding
                assert np.allclose(line[[0, -1]], other[[0, -1]], atol=2e-2) and shared > 1


def test_shapes_transforms_and_uses_are_drawn(tmp_path: Path) -> None:
    body = (
        '<defs><path id="p" d="M0 0 L10 0"/></defs>'
        '<g transform="translate(50 60) rotate(90)" stroke="#000"><use xlink:href="#p"/></g>'
        '<circle cx="100" cy="100" r="20" stroke="#000" fill="none"/>'
        '<rect x="10" y="10" width="30" height="20" stroke="#000" fill="none"/>'
        '<path d="M20 200 A30 30 0 0 1 80 200" stroke="#000" fill="none"/>'
    )
    lines = [one.points for one in sources(read(tmp_path, wrap(body)))]
    assert np.allclose(lines[0], [[50, 60], [50, 70]], atol=1e-3)
    assert np.abs(np.hypot(*(lines[1] - (100, 100)).T) - 20).max() < 0.006
    assert np.hypot(*np.diff(lines[1], axis=0).T).sum() == pytest.approx(40 * math.pi, rel=1e-3)
    assert np.allclose(lines[2][0], lines[2][-1]) and np.allclose(lines[2].max(axis=0), (40, 30), atol=1e-3)
    assert np.abs(np.hypot(*(lines[3] - (50, 200)).T) - 30).max() < 0.006


@pytest.mark.parametrize("dot", ["M20 20 L20 20", "M20 20 z", "M20 20 h0"])
def test_dots_stay_and_lone_moves_do_not(dot: str, tmp_path: Path) -> None:
    for extra in ("", "<circle cx='5' cy='5' r='1' stroke='#000'/>"):  # read plainly, and completely
        body = f'<path stroke="#000" d="{dot} M50 50 M60 60 L70 60 M80 80"/>{extra}'
        found = sources(read(tmp_path, wrap(body)))
        assert len(found) == 2 + bool(extra)
        assert np.allclose(found[0].points, [[20, 20]] * len(found[0].points), atol=1e-4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "not a readable SVG"),
        (b"\x00\x01\x02 nonsense", "not a readable SVG"),
        (b"<svg", "not a readable SVG"),
        (b"<html><body/></html>", "root element is <html>"),
        (b'<!DOCTYPE s [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>', "entities"),
        (b'<!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>', "entities"),
        (wrap("").encode(), "draws nothing"),
        (wrap("<text>hello</text>").encode(), "draws nothing"),
        (wrap('<g id="a"><use xlink:href="#a"/></g>').encode(), "contains itself"),
        (wrap("<g>" * 300 + "</g>" * 300).encode(), "nested more than 200"),
        (wrap('<path d="M 1 1 L nan 5" stroke="#000"/>').encode(), ""),
        (wrap('<path d="M 1e999 1 C 1 1 2 2 3 3" stroke="#000"/>').encode(), ""),
    ],
)
def test_files_that_cannot_be_used_say_so_in_a_sentence(text: bytes, words: str, tmp_path: Path) -> None:
    try:
        drawing = read(tmp_path, text)
    except BadInput as error:
        assert words in str(error) and "\n" not in str(error)
    else:
        assert not words and sources(drawing)


def test_a_bomb_of_copies_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    body = '<path id="a0" d="M1 1 L2 2"/>' + "".join(
        f'<g id="a{k + 1}">' + f'<use xlink:href="#a{k}"/>' * 10 + "</g>" for k in range(12)
    )
    with pytest.raises(BadInput, match="unfolds to more than"):
        read(tmp_path, wrap(body))


SAMPLE = wrap(
    "<title>x</title><style>.a{stroke:#f00}</style>"
    '<g inkscape:label="1 - 2 Red" transform="rotate(9 5 5) scale(2)">'
    '<path class="a" d="M1 1C2,3 4-5 6e0 7q1 1 2 2z"/>'
    '<use xlink:href="#k" x="3"/></g>'
    '<ellipse id="k" cx="9" cy="8" rx="3" ry="2" style="fill:none;stroke:blue"/>'
    '<polygon points="1,2 3,4 5,1" opacity=".5"/><text x="1">t</text><line x1="1" y1="2" x2="3" y2="4"/>'
).encode()


POISON = [b"1e999", b"nan", b"-", b"url(#k)", b"M", b"A", b'"', b"<", b"99999999999", b"matrix(0 0 0 0 0 0)"]
damage = st.tuples(
    st.integers(0, len(SAMPLE) - 1), st.integers(0, 3), st.binary(max_size=3) | st.sampled_from(POISON)
)


@settings(max_examples=300)
@given(edits=st.lists(damage, min_size=1, max_size=4))
def test_a_damaged_file_is_read_or_refused_in_one_sentence(
    edits: list[tuple[int, int, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = bytearray(SAMPLE)
    for at, gone, new in edits:
        text[at : at + gone] = new
    path = tmp_path_factory.getbasetemp() / "damaged.svg"
    path.write_bytes(text)
    try:
        drawing = assign_pens(read_svg(path), TIN)
    except BadInput as error:
        assert "\n" not in str(error)
    else:
        assert sources(drawing)


def test_curves_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = '<path d="M0 0' + " C 1e9 0 -1e9 1e9 5 5" * 30 + '" stroke="#000"/>'
    for extra in ("", "<circle r='1'/>"):
        monkeypatch.setattr(svg_plain, "MAX_POINTS", 100_000)
        monkeypatch.setattr(svg, "MAX_POINTS", 100_000)
        monkeypatch.setattr(svg_tree, "MAX_POINTS", 100_000)
        with pytest.raises(BadInput, match="more than 100000 points"):
            read(tmp_path, wrap(body + extra))


def test_large_and_missing_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="There is no file"):
        read_svg(tmp_path / "none.svg")
    with pytest.raises(BadInput, match="is not a file"):
        read_svg(tmp_path)
    monkeypatch.setattr(svg, "MAX_SVG_BYTES", 100)
    with pytest.raises(BadInput, match="at most"):
        read(tmp_path, wrap("<path d='M1 1 L2 2'/>"))


def test_a_doctype_without_entities_is_harmless(tmp_path: Path) -> None:
    head = '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/x.dtd">'
    assert len(sources(read(tmp_path, head + wrap('<path stroke="#000" d="M20 20 L30 30"/>')))) == 1


def test_fit_fills_the_drawable_area_and_keeps_the_shape(tmp_path: Path) -> None:
    drawing = read(tmp_path, wrap('<path stroke="#000" d="M-5 3 L7 3 L7 9"/>', 'width="24" height="24"'))
    fitted = fit(assign_pens(drawing, TIN), SHEET)
    points = sources(fitted)[0].points
    assert points.min(axis=0) == pytest.approx((15, 148.5 - 45)) and points.max(axis=0) == pytest.approx(
        (195, 148.5 + 45)
    )
    dot = fit(from_strokes([("9", [[3, 4]])], TIN, SHEET), SHEET)
    assert sources(dot)[0].points[0] == pytest.approx((105, 148.5))
