"""Art lies where it is asked to lie, and no pen goes over its own ink."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from plotbot.art.vector.overdraw import remove_overdrawing
from plotbot.errors import BadInput
from plotbot.pens.inventory import load_inventory
from plotbot.placement import Placement, bounds, cells, crop, parse_grid
from plotbot.preview.raster import pen_coverage

AREA = (15.0, 20.0, 195.0, 280.0)
ART = [("9", np.array([[0.0, 0.0], [30.0, 0.0], [30.0, 10.0]])), ("2", np.array([[5.0, 2.0], [6.0, 9.0]]))]


@pytest.fixture(scope="module")
def tin():
    return load_inventory("staedtler12")


def around(strokes):
    return bounds([points for _, points in strokes])


def place(art, placement):
    pose = placement.pose(around(art), AREA)
    return [(pen, pose.apply(points)) for pen, points in art]


@given(
    rotate=st.floats(-360, 360),
    align=st.sampled_from(["center", "top", "bottom-left", "right"]),
    points=st.lists(st.tuples(st.floats(-500, 500), st.floats(-500, 500)), min_size=2, max_size=9),
)
def test_fitted_art_fills_its_area_and_stays_inside(rotate, align, points):
    placed = place([("9", np.array(points))], Placement(rotate=rotate, align=align))
    left, top, right, bottom = around(placed)
    assert left >= AREA[0] - 1e-6
    assert top >= AREA[1] - 1e-6
    assert right <= AREA[2] + 1e-6
    assert bottom <= AREA[3] + 1e-6


@given(rotate=st.floats(-360, 360), wide=st.floats(1, 300), high=st.floats(1, 300))
def test_cropped_art_covers_all_of_its_area(rotate, wide, high):
    pose = Placement(rotate=rotate, crop=True).pose((0, 0, wide, high), AREA)
    corners = pose.undo(np.array([[x, y] for x in AREA[::2] for y in AREA[1::2]]))
    assert (corners >= -1e-6).all()
    assert (corners <= np.array([wide, high]) + 1e-6).all()


@given(rotate=st.floats(-360, 360), scale=st.floats(0.1, 3))
def test_undoing_a_pose_brings_points_back(rotate, scale):
    pose = Placement(fit=False, rotate=rotate, scale=scale).pose((0, 0, 30, 10), AREA)
    points = np.array([[3.0, 4.0], [-7.0, 50.0]])
    assert np.allclose(pose.undo(pose.apply(points)), points)


def test_scale_turn_and_corner():
    placed = place(ART, Placement(fit=False, scale=2, rotate=90, align="bottom-right"))
    assert around(placed) == pytest.approx((195 - 20, 280 - 60, 195, 280))
    # a quarter turn clockwise, y down: what pointed right points down
    first = placed[0][1]
    assert first[1, 1] > first[0, 1]


@given(st.lists(st.tuples(st.floats(0, 40), st.floats(0, 40)), min_size=2, max_size=12))
def test_cropping_keeps_exactly_what_is_inside(points):
    line = np.array(points)
    area = (10.0, 10.0, 30.0, 30.0)
    parts = crop([("9", line)], area)
    if parts:
        left, top, right, bottom = around(parts)
        assert min(left, top) >= 10 - 1e-6
        assert max(right, bottom) <= 30 + 1e-6
    found = sum(np.hypot(*np.diff(points, axis=0).T).sum() for _, points in parts)
    frame = shapely.box(*area)
    expected = sum(shapely.LineString(pair).intersection(frame).length for pair in itertools.pairwise(line))
    assert found == pytest.approx(expected, abs=1e-5)


def test_a_stroke_that_stays_inside_stays_one_stroke():
    spiral = np.array([[t * np.cos(t), t * np.sin(t)] for t in np.linspace(0, 30, 400)])
    assert len(crop([("9", spiral)], (-40, -40, 40, 40))) == 1
    half = crop([("9", spiral)], (-40, -40, 40, 0))
    assert len(half) == 5  # one piece per turn above the axis
    assert all(np.ptp(points[[0, -1], 1]) < 1e-9 for _, points in half[:-1])


def test_the_cells_of_a_grid_fill_the_sheet_and_do_not_touch():
    boxes = cells(AREA, 3, 2, 10)
    assert len(boxes) == 6
    assert boxes[0][:2] == AREA[:2]
    assert boxes[-1][2:] == pytest.approx(AREA[2:])
    for one, other in itertools.combinations(boxes, 2):
        assert shapely.box(*one).distance(shapely.box(*other)) >= 10 - 1e-9
    with pytest.raises(BadInput, match="no room"):
        cells(AREA, 5, 1, 60)


@pytest.mark.parametrize("text", ["2", "0x3", "2x", "-1x2", "999x999", "axb"])
def test_grids_that_are_none(text):
    assert parse_grid(" 2x3") == (2, 3)
    with pytest.raises(BadInput, match="columns by rows"):
        parse_grid(text)


@pytest.mark.parametrize("change", [{"scale": 0.0}, {"rotate": float("nan")}, {"align": "middle"}])
def test_impossible_placements(change):
    with pytest.raises(BadInput):
        Placement(**change)


def test_a_line_drawn_twice_is_drawn_once(tin):
    line = np.array([[0.0, 0.0], [40.0, 3.0]])
    left = remove_overdrawing([("9", line), ("9", line[::-1].copy()), ("2", line)], tin)
    assert [pen for pen, _ in left.strokes] == ["9", "2"]
    assert left.repeated_mm == pytest.approx(40.1, abs=0.3)
    assert [stroke.tolist() for stroke in left.gone] == [line[::-1].tolist()]


def test_half_covered_strokes_are_shortened(tin):
    left = remove_overdrawing(
        [("9", np.array([[0, 0], [20.0, 0]])), ("9", np.array([[10, 0], [30.0, 0]]))], tin
    )
    assert len(left.strokes) == 2
    assert left.strokes[1][1][:, 0].min() == pytest.approx(20, abs=0.4)
    assert left.repeated_mm == pytest.approx(10, abs=0.5)


def test_crossings_and_neighbours_stay(tin):
    hatch = [("9", np.array([[0.0, y], [20.0, y]])) for y in np.arange(0, 5, 0.3)]
    hatch += [("9", np.array([[x, 0.0], [x, 4.5]])) for x in np.arange(0.5, 20, 3)]
    left = remove_overdrawing(hatch[:17], tin)
    assert left.repeated_mm == 0
    assert len(left.strokes) == 17


def test_the_ink_looks_the_same_afterwards(tin):
    rng = np.random.default_rng(5)
    strokes = [("9", rng.uniform(0, 30, (4, 2))) for _ in range(60)]
    left = remove_overdrawing([*strokes, *strokes[:30]], tin)
    before = pen_coverage([points for _, points in strokes], 0.3, (-1, -1, 31, 31), 10)
    after = pen_coverage([points for _, points in left.strokes], 0.3, (-1, -1, 31, 31), 10)
    assert np.abs(before - after).mean() < 0.01
    assert left.repeated_mm > 0.9 * sum(np.hypot(*np.diff(p, axis=0).T).sum() for _, p in strokes[:30])


def test_wet_paper_takes_no_more_layers(tin):
    line = np.array([[0.0, 0.0], [30.0, 0.0]])
    left = remove_overdrawing([(pen.id, line) for pen in tin.pens[:6]], tin, most_ink=3)
    assert len(left.strokes) == 3
    assert left.soaked_mm == pytest.approx(90, abs=1)
