"""Which colours a file holds, and the few pens that are enough for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plotbot.art.colours import colours_of
from plotbot.drawing import assign_pens, read_svg
from plotbot.errors import BadInput
from plotbot.ink.spaces import srgb_hex
from plotbot.pens.advice import choose_pens
from plotbot.pens.inventory import load_inventory

TIN = load_inventory("staedtler12")
PAPER = TIN.paper.lab


def svg(path: Path, body: str) -> Path:
    path.write_text(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 60">{body}</svg>')
    return path


def test_lines_are_drawn_with_one_pen_each_and_white_is_bare(tmp_path: Path) -> None:
    red, blue = srgb_hex(TIN["2"].lab), srgb_hex(TIN["3"].lab)
    art = svg(
        tmp_path / "lines.svg",
        f'<path d="M0 10H90" stroke="{red}"/><path d="M0 20H60" stroke="{blue}"/>'
        '<path d="M0 30H95M0 40H95" stroke="#fff"/>',
    )
    found = colours_of(art, PAPER)
    assert not found.mixed
    assert found.share.sum() == pytest.approx(1)
    chosen = choose_pens(found.labs, found.share, TIN, 2, mixed=found.mixed)
    assert [pen.id for pen in chosen.pens] == ["2", "3"]
    assert chosen.mean < 3


def test_how_an_svg_looks_counts_by_area_without_the_bare_paper(tmp_path: Path) -> None:
    orange = srgb_hex(TIN["4"].lab)
    art = svg(
        tmp_path / "shapes.svg",
        f'<rect width="60" height="30" fill="{orange}"/>'
        f'<rect x="70" width="10" height="10" fill="{srgb_hex(TIN["3"].lab)}"/>',
    )
    found = colours_of(art, PAPER, "faithful")
    assert found.mixed
    assert found.picture is not None
    assert found.picture.shape[1] > found.picture.shape[0]
    heaviest = found.labs[np.argmax(found.share)]
    assert heaviest[2] > 30
    assert found.share.max() > 0.8
    assert choose_pens(found.labs, found.share, TIN, 1).pens[0].id in ("4", "2")


def test_what_has_no_colours_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nothing that can be told from the paper"):
        colours_of(svg(tmp_path / "white.svg", '<rect width="9" height="9" fill="#fff"/>'), PAPER, "faithful")


def test_a_colour_never_takes_a_neon_pen_that_was_not_named(tmp_path: Path) -> None:
    tin = load_inventory("stabilo88")
    neon = next(pen for pen in tin.pens if pen.fluorescent)
    line = f'<path d="M0 10H90" stroke="{srgb_hex(neon.lab)}"/>'
    (layer,) = assign_pens(read_svg(svg(tmp_path / "neon.svg", line)), tin).layers.values()
    assert not tin[str(layer.property("vp_name")).split()[0]].fluorescent
