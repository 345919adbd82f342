"""Motion: limits are never exceeded, and nothing under them is faster."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plotbot.errors import BadInput
from plotbot.pens.model import Inventory
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.clock import estimate
from plotbot.plan.model import Motion, Pass, Plan, Stroke
from plotbot.plan.motion import (
    HANDLING,
    check_motion,
    draw_limits,
    flatten,
    hop_seconds,
    pen_times,
    profile,
    stroke_seconds,
)
from tests.plan.conftest import make_pen

coordinates = st.one_of(st.integers(-50, 50).map(float), st.floats(-100, 100, width=32))
polylines = hnp.arrays(np.float64, st.tuples(st.integers(1, 25), st.just(2)), elements=coordinates)
limits = st.tuples(st.floats(1, 200), st.floats(10, 5000), st.floats(0, 0.5))


def corner_limit(one: np.ndarray, other: np.ndarray, acceleration: float, deviation: float) -> float:
    """GRBL's junction speed, straight from the drawing of the corner: a circle of radius R touches both
    sides, its middle is `deviation` from the corner, R = δ·sin(θ/2) / (1 − sin(θ/2)), v² = a·R."""
    turn = math.atan2(abs(one[0] * other[1] - one[1] * other[0]), float(one @ other))
    half = math.sin((math.pi - turn) / 2)
    return math.inf if half >= 1 else math.sqrt(acceleration * deviation * half / (1 - half))


@given(polylines, limits)
def test_no_limit_is_exceeded(points: np.ndarray, limit: tuple[float, float, float]) -> None:
    speed, acceleration, deviation = limit
    plan = profile(points, speed, acceleration, deviation)
    assert (plan.cruise <= speed * (1 + 1e-9)).all()
    assert (np.maximum(plan.entry, plan.exit) <= plan.cruise * (1 + 1e-9) + 1e-9).all()
    # v² changes by at most 2·a·d within a block.
    assert (np.abs(plan.exit**2 - plan.entry**2) <= 2 * acceleration * plan.length * (1 + 1e-6) + 1e-6).all()
    assert np.array_equal(plan.exit[:-1], plan.entry[1:])
    if len(plan.length):
        assert plan.entry[0] == plan.exit[-1] == 0
    steps = np.diff(plan.points, axis=0)
    for index in range(len(steps) - 1):
        limit_here = corner_limit(steps[index], steps[index + 1], acceleration, deviation)
        # So near to straight that GRBL sees no corner, the cosine has no digits left to compare.
        if math.isfinite(limit_here) and limit_here < 1e3:
            assert plan.exit[index] <= limit_here * 1.001 + 1e-6


@given(polylines, limits, st.integers(2, 400))
def test_sampled_motion_obeys_the_same_limits(
    points: np.ndarray, limit: tuple[float, float, float], samples: int
) -> None:
    speed, acceleration, _ = limit
    plan = profile(points, *limit)
    times = np.linspace(0, plan.duration, samples)
    where, gone, fast = plan.at(times)
    step = times[1] - times[0]
    assert (np.diff(gone) >= -1e-9).all()
    assert (np.diff(gone) <= speed * step * (1 + 1e-6) + 1e-6).all()
    assert (np.abs(np.diff(fast)) <= acceleration * step * (1 + 1e-6) + 1e-5 * speed).all()
    assert np.hypot(*np.diff(where, axis=0).T).sum() <= plan.length_mm + 1e-6
    assert gone[-1] == pytest.approx(plan.length_mm, abs=1e-6)
    assert np.allclose(where[[0, -1]], points[[0, -1]], atol=1e-6)


@given(polylines, limits)
def test_never_slower_than_stopping_at_each_point_nor_faster_than_one_straight_line(
    points: np.ndarray, limit: tuple[float, float, float]
) -> None:
    speed, acceleration, _ = limit
    plan = profile(points, *limit)
    lengths = np.hypot(*np.diff(points, axis=0).T)
    stopping = float(hop_seconds(lengths, speed, acceleration).sum())
    straight = float(hop_seconds(lengths.sum(), speed, acceleration))
    assert straight * (1 - 1e-9) - 1e-9 <= plan.duration <= stopping * (1 + 1e-9) + 1e-9


@given(st.floats(0.001, 500), st.integers(1, 300), st.floats(0, 2 * math.pi), limits)
def test_a_straight_line_is_time_optimal_however_it_is_cut(
    length: float, pieces: int, angle: float, limit: tuple[float, float, float]
) -> None:
    speed, acceleration, _ = limit
    along = np.linspace(0, length, pieces + 1)[:, None]
    plan = profile(along * (math.cos(angle), math.sin(angle)), *limit)
    ramp = speed**2 / acceleration
    best = length / speed + speed / acceleration if length >= ramp else 2 * math.sqrt(length / acceleration)
    assert plan.duration == pytest.approx(best, rel=1e-6)


@given(polylines, limits, st.integers(1, 20))
def test_short_sight_costs_time_and_can_always_stop_in_sight(
    points: np.ndarray, limit: tuple[float, float, float], sight: int
) -> None:
    plan = profile(points, *limit)
    careful = profile(points, *limit, look_ahead=sight)
    assert careful.duration >= plan.duration - 1e-9
    for index in range(len(careful.length)):
        way = careful.length[index : index + sight].sum()
        assert careful.entry[index] ** 2 <= 2 * limit[1] * way * (1 + 1e-6) + 1e-6


def test_no_speed_profile_on_the_same_corners_is_faster() -> None:
    # Brute force over entry speeds on a grid: the profile's own must be the highest feasible ones.
    points = np.array([[0, 0], [3, 0], [3, 2], [4, 2], [9, 3], [9, 9.0]])
    plan = profile(points, 40, 400, 0.05)
    steps, lengths = np.diff(points, axis=0), plan.length
    caps = [
        0.0,
        *(min(40, corner_limit(a, b, 400, 0.05)) for a, b in itertools.pairwise(steps)),
        0.0,
    ]
    grids = [np.linspace(0, cap, 60) for cap in caps]

    def block_time(length: float, entry: np.ndarray, leave: np.ndarray) -> np.ndarray:
        peak = np.minimum(np.sqrt(400 * length + (entry**2 + leave**2) / 2), 40)
        ramps = (2 * peak**2 - entry**2 - leave**2) / 800
        time = (2 * peak - entry - leave) / 400 + (length - ramps) / np.maximum(peak, 1e-9)
        return np.where(np.abs(entry**2 - leave**2) <= 800 * length + 1e-9, time, np.inf)

    best = np.zeros(1)
    for index, length in enumerate(lengths):
        table = best[:, None] + block_time(length, grids[index][:, None], grids[index + 1][None])
        best = table.min(axis=0)[::1] if index < len(lengths) - 1 else table[:, :1].min(axis=0)
    assert plan.duration <= best[0] + 1e-9
    assert plan.duration == pytest.approx(best[0], rel=0.02)


@given(st.lists(polylines, max_size=8), limits)
def test_many_strokes_at_once_take_as_long_as_one_by_one(
    strokes: list[np.ndarray], limit: tuple[float, float, float]
) -> None:
    lengths, seconds = stroke_seconds(*flatten(strokes), *limit)
    for points, length, time in zip(strokes, lengths, seconds, strict=True):
        plan = profile(points, *limit)
        assert time == pytest.approx(plan.duration, rel=1e-6, abs=1e-9)
        assert length == pytest.approx(plan.length_mm)


def test_a_dot_takes_no_time_and_a_reversal_stops() -> None:
    dot = profile([[5, 5], [5, 5]], 40, 400, 0.02)
    assert dot.duration == 0 and len(dot.length) == 0
    assert dot.at(0.0)[0].tolist() == [5, 5]
    back = profile([[0, 0], [10, 0], [0, 0]], 40, 400, 0.02)
    assert back.exit[0] == 0
    assert back.duration == pytest.approx(2 * profile([[0, 0], [10, 0]], 40, 400, 0.02).duration)


def test_points_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        profile([[0, 0], [math.nan, 1]], 40, 400, 0.02)


def test_the_estimate_adds_up(tin: Inventory, sheet: object) -> None:
    pen = tin["dark"]
    strokes = (
        Stroke.from_mm(np.array([[30.0, 40.0], [130.0, 40.0]]), (0,)),
        Stroke.from_mm(np.array([[130.0, 45.0], [130.0, 145.0]]), (1,)),
    )
    motion = Motion()
    plan = Plan(sheet, "greys", (95, 0, 2), (Pass(pen, strokes), Pass(tin["light"], strokes)), motion)  # type: ignore[arg-type]
    timing = estimate(plan)
    one = timing.passes[0]
    draw = 100 / motion.draw_speed + motion.draw_speed / motion.draw_acceleration
    back = math.hypot(130, 145)
    assert one.down_mm == pytest.approx(200)
    assert one.up_mm == pytest.approx(50 + 5 + back)
    assert one.lifts == 2
    assert one.draw_s == pytest.approx(2 * draw)
    travel = [hop_seconds(d, motion.travel_speed, motion.travel_acceleration) for d in (50.0, 5.0, back)]
    assert one.travel_s == pytest.approx(float(sum(travel)))
    assert one.lift_s == pytest.approx(2 * (motion.lower_s + motion.lift_s))
    assert timing.seconds == pytest.approx(2 * one.seconds + motion.swap_s)


def test_a_pens_own_speed_and_settle_times_count() -> None:
    slow = make_pen("gel", 30, mechanical={"max_speed_mm_s": 10, "lift_settle_s": 0.5})
    assert draw_limits(Motion(), slow)[0] == 10
    assert pen_times(Motion(), slow) == (Motion().lower_s, 0.5)


@pytest.mark.parametrize("name", [one.name for one in dataclasses.fields(Motion)])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_impossible_motion_is_refused_by_name(name: str, value: float, tin: Inventory, sheet: object) -> None:
    from plotbot.drawing import from_strokes  # noqa: PLC0415

    drawing = from_strokes([("dark", [[20, 20], [30, 30]])], tin, sheet)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match=f"{name} is .*between"):
        make_plan(drawing, tin, sheet, dataclasses.replace(Motion(), **{name: value}), PlanOptions())  # type: ignore[arg-type]


def test_presets_can_be_driven() -> None:
    for motion in HANDLING.values():
        assert check_motion(motion) is motion
