"""Large drawings: a small one grows on a torus, paves the sheet, and is fitted window by window."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from plotbot.art.artwork import Artwork, Step
from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.ground import Torus
from plotbot.art.growth import growth_pictures
from plotbot.art.ink_renderer import Canvas
from plotbot.art.judge import _corners
from plotbot.art.multiscale import Enlargement, _paved, large_steps
from plotbot.art.networks import Network
from plotbot.art.optimiser import Candidate
from plotbot.art.pace import Pace
from plotbot.art.scale import check_scale, fitting_scale, parse_scale
from plotbot.art.strokes import bezier_points
from plotbot.art.studio import Studio
from plotbot.errors import BadInput

Grown = tuple[Artwork, list[Step]]


@pytest.fixture(scope="module")
def large(small: GenerateSettings) -> GenerateSettings:
    """Three small drawings across and two down."""
    width, height = small.area_mm
    return replace(small, area_mm=(3 * width, 2 * height), scale=(3, 2), steps=40)


@pytest.fixture(scope="module")
def enlarged(large: GenerateSettings) -> Grown:
    steps: list[Step] = []
    return generate(large, steps.append), steps


@pytest.fixture(scope="module")
def paved(large: GenerateSettings, network: Network) -> Enlargement:
    """A large drawing that nobody has fitted yet, of random strokes in all pens."""
    return pavement(large, network)


def pavement(large: GenerateSettings, network: Network) -> Enlargement:
    studio = Studio.of(large.part(), network, endless=True)
    generator = torch.Generator().manual_seed(1)
    vertices = studio.ground.scatter(large.strokes, large.spans, 8.0, generator)
    drawing = Candidate(0.0, vertices, torch.arange(large.strokes) % 12)
    return Enlargement(studio, drawing, large.scale, large.area_mm, generator, 0)


def assert_same(film: torch.Tensor, other: torch.Tensor) -> None:
    """The same but for pixels that lie between two parts of a stroke, where the last digit decides."""
    difference = (film - other).abs()
    assert difference.mean() < 1e-5
    assert difference.max() < 0.02


def test_a_large_drawing_is_about_as_good_as_the_small_one_it_grew_out_of(
    enlarged: Grown, large: GenerateSettings
) -> None:
    artwork, steps = enlarged
    assert artwork.ended == "done"
    assert artwork.area_mm == large.area_mm
    assert artwork.activations.refitted > 0.8 * artwork.activations.free
    assert artwork.activations.as_plotted == pytest.approx(artwork.activations.refitted, rel=0.1)
    phases = [(name, len(list(own))) for name, own in itertools.groupby(step.phase for step in steps)]
    assert [name for name, _ in phases] == ["choosing", "refitting", "enlarging"]
    assert phases[2][1] == large_steps(large.steps, large.scale) == large.steps
    assert list(artwork.history) == steps
    assert [step.index for step in steps] == list(range(2 * large.steps))
    done = [step.done for step in steps]
    assert done == sorted(done) and done[-1] == 1.0
    assert steps[-1].left_s == 0.0


def test_it_has_the_small_ones_strokes_in_every_part_and_all_on_the_sheet(
    enlarged: Grown, large: GenerateSettings
) -> None:
    artwork, _ = enlarged
    small_pens = artwork.pen_of.reshape(6, -1)
    assert (small_pens == small_pens[0]).all()
    part = np.array(large.part().area_mm)
    middles = (artwork.points_mm.mean(1) / part).astype(int)
    counts = np.bincount(middles[:, 0] + 3 * middles[:, 1], minlength=6)
    assert counts.min() > 0.7 * counts.mean()
    half = max(pen.width_mm for pen in artwork.pens) / 2
    assert artwork.points_mm.min() >= half - 1e-4
    assert (artwork.points_mm <= np.array(large.area_mm) - half + 1e-4).all()


def test_parts_do_not_stay_copies_of_one_another(enlarged: Grown, large: GenerateSettings) -> None:
    artwork, _ = enlarged
    parts = artwork.points_mm.reshape(6, -1, *artwork.points_mm.shape[1:])
    corners = np.array([[x, y] for x in range(3) for y in range(2)]) * np.array(large.part().area_mm)
    relative = parts - corners[:, None, None]
    apart = np.hypot(*(relative[1:] - relative[0]).reshape(-1, 2).T)
    px = min(large.part().area_mm) / large.view_px
    assert np.median(apart) > px


def test_fitting_excites_the_whole_sheet(large: GenerateSettings, network: Network) -> None:
    drawing = pavement(large, network)
    before = drawing._judged(drawing.vertices).activation
    drawing.fit(Pace(30), lambda _step: None)
    assert drawing.chosen().activation > before + 0.5


def test_how_it_grew_is_kept_from_the_first_small_strokes_on(enlarged: Grown) -> None:
    artwork, steps = enlarged
    pictures = growth_pictures(artwork, 60)
    assert [one.step for one in artwork.growth] == sorted({one.step for one in artwork.growth})
    assert artwork.growth[0].step == 0 and artwork.growth[-1].step == len(steps)
    assert len(pictures) <= 12 and pictures[-1][0] == "final"
    assert len(artwork.growth[0].points_mm) == len(artwork.growth[0].ink)
    np.testing.assert_array_equal(artwork.growth[-1].points_mm, artwork.points_mm)


@pytest.mark.parametrize("count", [0, 14])
def test_stopping_at_any_stage_keeps_a_whole_sheet(large: GenerateSettings, count: int) -> None:
    calls = itertools.count()
    settings = replace(large, steps=10, strokes=20)
    artwork = generate(settings, stop=lambda: next(calls) >= count)
    assert artwork.ended == "stopped"
    assert len(artwork.history) == count
    assert len(artwork.pen_of) % 6 == 0 and np.isfinite(artwork.points_mm).all()
    assert math.isfinite(artwork.activations.as_plotted)


def test_same_seed_same_large_drawing(large: GenerateSettings) -> None:
    short = replace(large, steps=6, strokes=20, tries=2)
    one, two = generate(short), generate(short)
    np.testing.assert_array_equal(one.points_mm, two.points_mm)
    np.testing.assert_array_equal(one.pen_of, two.pen_of)
    assert one.tries == two.tries and [each.seed for each in one.tries] == [4, 5]


def test_a_time_limit_is_shared_by_all_stages(large: GenerateSettings) -> None:
    artwork = generate(replace(large, steps=100_000, strokes=20, seconds=2.0, tries=2))
    assert artwork.ended == "out of time"
    phases = {step.phase for step in artwork.history}
    assert phases == {"choosing", "refitting", "enlarging"}
    assert len(artwork.tries) == 2


# --- windows --------------------------------------------------------------------------------------


def test_a_window_shows_what_the_whole_shows_there_from_the_strokes_near_it_alone(paved: Enlargement) -> None:
    canvas = paved.studio.canvas
    whole = paved._film(paved.studio.whole, torch.arange(len(paved.vertices)), paved.vertices)
    seen = 0
    for top, left in [(0, 0), (50, 100), (canvas.height_px - 96, canvas.width_px - 128), (-20, -20)]:
        window = paved._part(top, left, 96, 128)
        rows = paved._near(window, paved.vertices)
        film = paved._film(window, rows, paved.vertices[rows])
        y, x = max(0, -top), max(0, -left)
        expected = whole[:, top + y : top + 96, left + x : left + 128]
        assert_same(film[:, y:, x:], expected)
        assert len(rows) < 0.6 * len(paved.vertices)
        seen += len(rows)
    assert seen > 0


def test_a_step_costs_no_more_on_a_larger_sheet(large: GenerateSettings, network: Network) -> None:
    def near(scale: tuple[int, int]) -> int:
        width, height = large.part().area_mm
        settings = replace(large, scale=scale, area_mm=(scale[0] * width, scale[1] * height))
        drawing = pavement(settings, network)
        return max(
            len(drawing._near(window, drawing.vertices))
            for window in (drawing._window() for _ in range(11))
            if window.canvas.mm_per_px == drawing.studio.canvas.mm_per_px
        )

    assert near((6, 5)) < 1.25 * near((3, 3))


def test_every_place_is_looked_at_and_now_and_then_the_whole(paved: Enlargement) -> None:
    canvas = paved.studio.canvas
    looked = np.zeros((canvas.height_px, canvas.width_px))
    wholes = 0
    margin = (paved._window().canvas.width_px - paved.studio.view[1]) // 2
    for _ in range(1200):
        window = paved._window()
        if window.canvas.mm_per_px > canvas.mm_per_px:
            wholes += 1
            assert window.canvas.width_px * window.canvas.mm_per_px == pytest.approx(
                canvas.width_px * canvas.mm_per_px, rel=0.01
            )
            continue
        top, left = round(window.top / canvas.mm_per_px), round(window.left / canvas.mm_per_px)
        down, across = top + window.canvas.height_px - margin, left + window.canvas.width_px - margin
        looked[top + margin : down, left + margin : across] += 1
    assert wholes == 100
    assert looked.min() > 0.15 * looked.max()  # in the corners


def test_judges_windows_cover_a_large_drawing_to_its_edges() -> None:
    corners = _corners((448, 672), (224, 224))
    assert len(corners) == 3 * 5
    assert (min(corners), max(corners)) == ((0, 0), (224, 448))
    assert _corners((300, 200), (320, 224)) == [(-10, -12)]


# --- the torus ------------------------------------------------------------------------------------


def test_a_tile_moved_by_whole_pixels_shows_the_same_rolled(
    large: GenerateSettings, network: Network
) -> None:
    studio = Studio.of(large.part(), network, endless=True)
    vertices = studio.ground.scatter(40, 3, 9.0, torch.Generator().manual_seed(0))
    pens = torch.arange(40) % 12

    def film(vertices: torch.Tensor) -> torch.Tensor:
        points, laid = studio.around(bezier_points(vertices), pens)
        return studio.inks.render_assigned(points, laid, studio.canvas)

    here = film(vertices)
    moved = vertices + torch.tensor([31.0, -17.0]) * studio.canvas.mm_per_px
    studio.ground.hold(moved)
    assert (moved.mean(1) >= 0).all() and (moved.mean(1) < torch.tensor(studio.ground.period)).all()
    assert_same(film(moved), here.roll((-17, 31), (1, 2)))


def test_tiles_side_by_side_fit_at_their_edges() -> None:
    tile = Canvas(64, 48, 0.5)
    torus = Torus(tile, 2.0, 60.0, 0.6)
    vertices = torus.scatter(50, 3, 9.0, torch.Generator().manual_seed(3))
    area = (3 * 32.0, 2 * 24.0)
    paved = _paved(vertices, tile, (3, 2), area)
    assert paved.shape == (300, 6, 2)

    def film(vertices: torch.Tensor, canvas: Canvas) -> torch.Tensor:
        from plotbot.art.ink_renderer import render_free  # noqa: PLC0415

        points = bezier_points(vertices)
        if (copies := torus.copies(points)) is not None and canvas is tile:
            points = copies.points(points)
        width = torch.full((len(points),), 0.6)
        return render_free(points, width, torch.full((len(points), 3), 0.3), canvas)

    whole = film(paved, Canvas(192, 96, 0.5))
    one = film(vertices, tile)
    inner = whole[:, 20:76, 24:168]
    repeated = one.repeat(1, 2, 3)[:, 20:76, 24:168]
    assert_same(inner, repeated)


# --- scales ---------------------------------------------------------------------------------------


def test_scales_as_people_write_them() -> None:
    assert parse_scale("3x2") == (3, 2)
    assert parse_scale(" 1X4 ") == (1, 4)
    for text in ("3", "3x", "axb", "0x2", "3x2x1", "-1x2", "1.5x2", ""):
        with pytest.raises(BadInput, match="write parts across and down, as 3x2"):
            parse_scale(text)


def test_a_scale_larger_than_the_paper_is_refused_with_what_fits(small: GenerateSettings) -> None:
    check_scale((3, 2), (390.0, 267.0), 0.3)
    with pytest.raises(BadInput, match=r"30x20 is larger than the paper.*22 x 22 mm.*room for 1x1 to 3x5"):
        check_scale((30, 20), (75.0, 118.0), 0.3)
    with pytest.raises(BadInput, match="larger than the paper"):
        generate(replace(small, scale=(4, 1)))


@pytest.mark.parametrize(
    ("area", "pen", "expected"),
    [
        ((180.0, 267.0), 0.3, (1, 1)),
        ((390.0, 267.0), 0.3, (3, 2)),
        ((267.0, 390.0), 0.3, (2, 3)),
        ((267.0, 390.0), 1.0, (1, 1)),
        ((800.0, 250.0), 0.3, (6, 2)),
    ],
)
def test_sheets_grow_in_as_many_parts_as_lines_need_to_be_seen(
    area: tuple[float, float], pen: float, expected: tuple[int, int]
) -> None:
    scale = fitting_scale(area, pen)
    assert scale == expected
    check_scale(scale, area, pen)
