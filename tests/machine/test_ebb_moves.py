"""Slicing a path into moves: whole steps that never add up to an error, both motors ending together."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plotink import ebb_calc

from plotbot.machine.ebb_moves import (
    FULL,
    MAX_STEP_RATE,
    Braking,
    Planned,
    Slice,
    low_level,
    mm_from_steps,
    motor_speed_limit,
    slices,
    steps_from_mm,
)
from plotbot.plan.motion import profile


class Bare:
    """The sheet lies with its corner at home."""

    def steps(self, points_mm: np.ndarray) -> np.ndarray:
        return steps_from_mm(points_mm)

    def told_per_mm(self, move_mm: np.ndarray) -> float:
        return 1.0


COORDINATE = st.integers(0, 60_000).map(lambda um: um / 1000)
POINT = st.tuples(COORDINATE, COORDINATE)


def planned(points: object, speed: float = 60.0) -> Planned:
    line = np.array(points, float)
    return Planned(profile(line, min(speed, motor_speed_limit(line)), 500.0, 0.02))


def run_axis(rate: int, accel: int, steps: int) -> tuple[int, list[int]]:
    """The documented interrupt, tick by tick: (last tick, rate of every tick)."""
    speed, total, done, tick, rates = rate - int(accel / 2), 0, 0, 0, []
    while done < steps:
        tick += 1
        speed += accel
        assert speed >= 0, "the rate rolled over"
        total += speed
        rates.append(speed)
        if total >= FULL:
            total -= FULL
            done += 1
        assert tick < 100_000
    return tick, rates


@given(st.lists(POINT, min_size=2, max_size=20), st.floats(15, 200))
@settings(max_examples=50)
def test_moves_end_where_the_path_ends_and_stay_on_it(
    points: list[tuple[float, float]], speed: float
) -> None:
    path = planned(points, speed)
    for whole_ms in (False, True):
        start = tuple(int(n) for n in steps_from_mm(path.points[0]))
        here, places = np.array(start), [mm_from_steps(start)]
        for piece in slices(path, (start[0], start[1]), Bare(), whole_ms=whole_ms):
            here = here + piece.steps
            places.append(mm_from_steps(here))
            assert piece.ticks >= 1
            assert max(map(abs, piece.steps)) / piece.ticks * 25_000 <= MAX_STEP_RATE * 1.001
            if whole_ms:
                assert piece.ticks % 25 == 0
        assert (here == steps_from_mm(path.points[-1])).all()
        assert _off_path(np.array(places), path.points) < 0.03


@given(st.lists(POINT, min_size=2, max_size=12))
@settings(max_examples=60)
def test_time_is_the_planned_time(points: list[tuple[float, float]]) -> None:
    path = planned(points)
    ticks = sum(piece.ticks for piece in slices(path, _start(path), Bare()))
    # Rounding to whole steps leaves a little, relatively more on very short strokes.
    assert ticks / 25_000 == pytest.approx(path.duration, rel=0.01, abs=0.03)


@given(
    st.integers(0, 900),
    st.integers(0, 900),
    st.integers(125, 1250),
    st.floats(-0.92, 0.92),
)
@settings(max_examples=200)
def test_both_motors_end_on_the_last_tick(first: int, second: int, ticks: int, change: float) -> None:
    ticks = max(ticks, math.ceil(max(first, second) * 2.1))
    move = low_level(Slice((first, -second), ticks, change, 0.0, 0.0))
    for (rate, accel), steps in ((move.first, first), (move.second, second)):
        if not steps:
            assert (rate, accel) == (0, 0)
            continue
        end, rates = run_axis(rate, accel, steps)
        # A motor whose last step needs more than one tick's rate may be early by a tick, never late.
        assert ticks - 2 <= end <= ticks
        assert max(rates) < FULL
        assert ebb_calc.calculate_lm(steps, rate, accel)[0] == end


def test_a_slice_speeds_up_as_the_plan_does() -> None:
    path = planned([(0, 0), (60, 0)])
    pieces = list(slices(path, (0, 0), Bare()))
    assert pieces[0].change > 0.9
    assert pieces[-1].change < -0.9
    middle = pieces[len(pieces) // 2]
    assert middle.change == 0
    assert middle.steps[0] / middle.ticks * 25_000 / 80 == pytest.approx(60, rel=1e-3)
    assert all(piece.ticks <= 41 * 25 for piece in pieces[1:-1])


def test_braking_stops_on_the_path_after_the_braking_distance() -> None:
    path = planned([(10, 10), (50, 10), (50, 40)])
    began = list(slices(path, _start(path), Bare()))[:12]
    here = np.array(_start(path)) + np.sum([piece.steps for piece in began], axis=0)
    last = began[-1]
    rest = list(slices(Braking(path, last.end_mm, last.end_speed, 500.0), tuple(here), Bare()))
    distance = last.end_speed**2 / 1000.0
    assert rest[-1].end_mm == pytest.approx(last.end_mm + distance, abs=1e-6)
    assert rest[-1].end_speed == pytest.approx(0, abs=1e-9)
    assert sum(piece.ticks for piece in rest) / 25_000 == pytest.approx(last.end_speed / 500.0, abs=0.005)


def test_a_long_stroke_is_not_held_in_memory_at_once() -> None:
    path = planned([(0, 0), (59, 0)], 0.5)
    count = sum(1 for _ in slices(path, (0, 0), Bare()))
    assert path.duration > 100
    assert count > 2000


def test_a_diagonal_is_limited_by_one_motor() -> None:
    assert motor_speed_limit(np.array([[0, 0], [10, 0.0]])) == pytest.approx(24_900 / 80)
    assert motor_speed_limit(np.array([[0, 0], [10, 10.0]])) == pytest.approx(24_900 / 80 / 2**0.5)
    assert motor_speed_limit(np.array([[5, 5], [5, 5.0]])) > 0


@given(st.tuples(st.integers(-90_000, 90_000), st.integers(-90_000, 90_000)))
def test_steps_and_millimetres_agree(steps: tuple[int, int]) -> None:
    assert tuple(steps_from_mm(mm_from_steps(steps))) == steps


def test_geometry_is_the_axidraws() -> None:
    assert steps_from_mm(np.array([1.0, 0.0])).tolist() == [80, 80]
    assert steps_from_mm(np.array([0.0, 1.0])).tolist() == [80, -80]


def _start(path: Planned) -> tuple[int, int]:
    first, second = steps_from_mm(path.points[0])
    return int(first), int(second)


def _off_path(places: np.ndarray, corners: np.ndarray) -> float:
    import shapely  # noqa: PLC0415

    if len(corners) < 2:
        return float(np.hypot(*(places - corners[0]).T).max())
    line = shapely.LineString(corners)
    return float(shapely.distance(shapely.points(places), line).max())
