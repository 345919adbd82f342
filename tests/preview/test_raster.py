"""Pictures of plans: how much ink where, in which colour, in a file that is whole or absent."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from plotbot.errors import BadInput
from plotbot.ink.film import film_to_srgb, lay, transmittance
from plotbot.ink.spaces import delta_e00, srgb_to_lab, srgb_uint8
from plotbot.plan.model import Pass, Plan, Stroke
from plotbot.preview.picture import plan_film, render_plan, write_png
from plotbot.preview.raster import MAX_PIXELS, pen_coverage
from plotbot.preview.stroking import Strokes


@given(st.floats(0.1, 3), st.floats(2, 40), st.floats(0, 6.28))
def test_a_straight_stroke_covers_its_area(width: float, length: float, angle: float) -> None:
    half = length / 2 * np.array([np.cos(angle), np.sin(angle)])
    cover = pen_coverage([np.array([25 - half, 25 + half])], width, (0, 0, 50, 50), 8.0)
    area = cover.sum() / 64
    # resvg samples rows in quarters of a pixel, so a level line may be an eighth of a pixel off.
    assert area == pytest.approx(length * width + np.pi * width**2 / 4, rel=0.04, abs=0.02 + length / 8 / 8)
    assert 0 <= cover.min() <= cover.max() <= 1


@settings(max_examples=30)
@given(st.integers(0, 2**32), st.floats(0.15, 1.5), st.integers(80, 480))
def test_quick_strokes_cover_what_resvg_covers(seed: int, width: float, side_px: int) -> None:
    px_per_mm = side_px / 40
    rng = np.random.default_rng(seed)
    lines = [np.cumsum(rng.normal(0, 3, (9, 2)), axis=0) + 20 for _ in range(4)]
    wanted = pen_coverage(lines, width, (0, 0, 40, 40), px_per_mm)
    strokes = Strokes(lines, width, (0, 0), px_per_mm)
    height = wanted.shape[0] // 2
    halves = [
        strokes.cover(top, (rows, wanted.shape[1]))
        for top, rows in ((0, height), (height, wanted.shape[0] - height))
    ]
    cover = np.concatenate([np.zeros((height, wanted.shape[1])) if half is None else half for half in halves])
    inked = (wanted > 0) | (cover > 0)
    assert 0 <= cover.min() <= cover.max() <= 1
    assert np.abs(cover - wanted)[inked].mean() < 0.06
    # Within a pixel, ink of strokes that cross is added up: a little more than there is.
    assert cover.sum() == pytest.approx(wanted.sum(), rel=0.05)


@pytest.mark.parametrize("width_px", [0.2, 0.5, 1.0, 1.6, 2.5])
def test_fine_hatchings_that_cross_are_not_darker_than_they_are(width_px: float) -> None:
    width = width_px / 2.0
    lines = [np.array([[at, 0.0], [at, 40.0]]) for at in np.arange(1, 39, 1.7 * width + 0.11)]
    lines += [line[:, ::-1] for line in lines]
    bare = 1 - width / (1.7 * width + 0.11)
    cover = Strokes(lines, width, (0, 0), 2.0).cover(0, (80, 80))
    assert cover is not None
    assert cover[8:-8, 8:-8].mean() == pytest.approx(1 - bare**2, rel=0.05)


def test_lines_side_by_side_fill_the_sheet_between_them() -> None:
    comb = [np.array([[2.0, y], [18.0, y]]) for y in np.arange(2, 18, 0.3)]
    snake = [np.concatenate([line if k % 2 else line[::-1] for k, line in enumerate(comb)])]
    for lines in (comb, snake):
        cover = Strokes(lines, 0.3, (0, 0), 5.9).cover(0, (118, 118))
        assert cover is not None
        assert cover[20:100, 20:100].min() > 0.95


def test_a_stroke_that_does_not_move_is_a_dot() -> None:
    cover = pen_coverage([np.full((2, 2), 5.0)], 2.0, (0, 0, 10, 10), 20.0)
    assert cover.sum() / 400 == pytest.approx(np.pi, rel=0.03)


def test_a_pen_over_itself_covers_once() -> None:
    line = np.array([[1.0, 5.0], [9.0, 5.0]])
    once = pen_coverage([line], 1.0, (0, 0, 10, 10), 10.0)
    twice = pen_coverage([line, line[::-1]], 1.0, (0, 0, 10, 10), 10.0)
    inside = once == 1
    assert inside.sum() > 500
    assert (twice[inside] == 1).all()
    assert np.abs(twice - once).mean() < 0.005


def test_a_picture_too_large_is_refused_with_its_limit() -> None:
    with pytest.raises(BadInput, match=f"{MAX_PIXELS / 1e6:g} megapixels"):
        pen_coverage([], 0.3, (0, 0, 1000, 1000), 100.0)


def test_solid_ink_has_the_pen_s_colour_and_bare_paper_the_paper_s(plan: Plan) -> None:
    pen = plan.passes[1].pen
    solid = Stroke.from_mm(np.array([[20.0, 40.0], [80.0, 40.0]]), (0,))
    wide = pen.model_copy(update={"width_mm": 20.0})
    picture = render_plan(Plan(plan.paper, plan.inventory, plan.paper_lab, (Pass(wide, (solid,)),)), 2.0)
    seen = srgb_to_lab(picture[80, 100] / 255)
    assert float(delta_e00(np.asarray(pen.lab), seen)) < 1.5
    assert float(delta_e00(np.asarray(plan.paper_lab), srgb_to_lab(picture[5, 5] / 255))) < 1.0  # 8 bits


@pytest.mark.parametrize("opacity", [0.0, 0.7, 1.0])
def test_a_picture_lays_inks_as_the_ink_model_does(plan: Plan, opacity: float) -> None:
    pens = [plan.passes[0].pen, plan.passes[1].pen.model_copy(update={"opacity": opacity})]
    lines = [np.array([[20.0, 21.3], [60.0, 47.7]]), np.array([[20.0, 47.0], [60.0, 20.0]])]
    passes = tuple(Pass(pen, (Stroke.from_mm(line, (0,)),)) for pen, line in zip(pens, lines, strict=True))
    sharp = Plan(plan.paper, plan.inventory, plan.paper_lab, passes, paper_spread_mm=0.0)
    film = np.ones((40, 60, 3))
    for pen, line in zip(pens, lines, strict=True):
        cover = Strokes([line], pen.width_mm, (30.0, 30.0), 5.0).cover(0, (40, 60))
        assert cover is not None and cover.max() > 0.5
        film = lay(film, cover[..., None], transmittance(pen.lab, plan.paper_lab), pen.opacity)
    area = (30.0, 30.0, 42.0, 38.0)
    assert np.abs(plan_film(sharp, 5.0, area) - film).max() < 1e-5
    shown = srgb_uint8(film_to_srgb(film, plan.paper_lab)).astype(int)
    assert np.abs(render_plan(sharp, 5.0, area) - shown).max() <= 1


def test_a_detail_is_the_same_as_that_part_of_the_sheet(plan: Plan) -> None:
    whole = render_plan(plan, 4.0)
    part = render_plan(plan, 4.0, (30.0, 40.0, 60.0, 80.0))
    difference = np.abs(part.astype(int) - whole[160:320, 120:240])
    assert difference.mean() < 0.5
    assert np.percentile(difference, 99) <= 8


def test_a_png_appears_whole_or_not_at_all(plan: Plan, tmp_path: Path) -> None:
    picture = render_plan(plan, 2.0)
    target = tmp_path / "sheet.png"
    write_png(target, picture, 300, [("Title", "waves")])
    with Image.open(target) as image:
        assert image.info["Title"] == "waves"
        assert image.info["dpi"][0] == pytest.approx(300, abs=0.1)
        assert (np.asarray(image) == picture).all()
    with pytest.raises(OSError, match="not-there"):
        write_png(tmp_path / "not-there" / "sheet.png", picture, 300)
    assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]
