"""The G-code of a stroke: short, within the tolerance, never faster than the link can bring it."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plotbot.errors import BadInput
from plotbot.machine.grbl_gcode import (
    MODES,
    Coordinates,
    _number,
    gcode_lines,
    pen_lines,
    stroke_program,
    travel_line,
)
from plotbot.machine.profile import Frame, Lines, Stream, find_profile
from plotbot.paper import Paper
from plotbot.plan.model import Stroke
from tests.emulators.grbl import hausdorff
from tests.machine.grbl_plans import Z_LIFT, curves_plan, pen, plan_of, profile

PATHS = hnp.arrays(
    np.int32, st.tuples(st.integers(2, 60), st.just(2)), elements=st.integers(0, 148_000), fill=st.nothing()
)


def drawn(path: tuple[str, ...], start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points [n + 1, 2] in work mm and feed [n] in mm/s that these lines draw, read by GRBL's modal rules."""
    assert not path or path[0].startswith("G91G1")
    at, feed = np.round(start, 3), float("nan")
    points, feeds = [at.copy()], []
    for line in path:
        words = dict(re.findall(r"([A-Z])(-?[\d.]+)", line))
        at = at + np.array([float(words.get("X", 0)), float(words.get("Y", 0))])
        feed = float(words["F"]) / 60 if "F" in words else feed
        points.append(at)
        feeds.append(feed)
    return np.array(points), np.array(feeds)


@given(st.integers(-10_000_000, 10_000_000))
def test_numbers_are_exact_and_short(thousandths: int) -> None:
    text = _number(thousandths)
    assert round(float(text) * 1000) == thousandths
    assert not re.search(r"\.\d*0$|\.$|^-0$|\.\d{4}", text)


@given(PATHS)
def test_any_stroke_stays_within_the_tolerance_and_the_line_length(points: np.ndarray) -> None:
    bench = profile()
    stroke = Stroke(points, (0,))
    coordinates = Coordinates.of(bench, Paper(148, 210), None)
    program = stroke_program(stroke, None, bench, coordinates)
    start = coordinates.work(stroke.mm[:1])[0]
    assert program.travel == travel_line(start, bench)
    path, feeds = drawn(program.path, start.copy())
    assert hausdorff(coordinates.sheet(path), stroke.mm, step=1.0) <= bench.stream.tolerance_mm + 1e-3
    assert np.allclose(path[-1], coordinates.work(stroke.mm[-1:])[0], atol=1e-9 * len(path) + 1e-9)
    assert len(program.kept) == len(program.path) + 1
    assert all(len(line) < 80 and " " not in line for line in program.lines())
    assert not np.isnan(feeds).any()
    assert (feeds <= bench.motion.draw_speed + 1e-9).all()


@given(st.integers(0, 10_000), st.floats(0.02, 0.4))
def test_dense_points_never_come_faster_than_the_link(seed: int, step: float) -> None:
    """Every window of 12 segments takes at least the time that 12 lines take."""
    bench = profile(stream=Stream(lines_per_s=180, tolerance_mm=0.001))
    rng = np.random.default_rng(seed)
    points = 70 + np.cumsum(rng.uniform(-step, step, (300, 2)), axis=0)
    stroke = Stroke.from_mm(points, (0,))
    coordinates = Coordinates.of(bench, None, None)
    program = stroke_program(stroke, None, bench, coordinates)
    path, feeds = drawn(program.path, coordinates.work(stroke.mm[:1])[0])
    seconds = np.hypot(*np.diff(path, axis=0).T) / feeds
    windows = np.lib.stride_tricks.sliding_window_view(seconds, 12).sum(axis=1)
    slowest = np.isclose(feeds, bench.motion.draw_speed * 0.05, atol=0.02)
    allowed = np.lib.stride_tricks.sliding_window_view(slowest, 12).any(axis=1)
    assert (windows[~allowed] >= 12 / 180 * 0.99).all()


def test_words_that_repeat_are_left_out() -> None:
    bench = profile()
    points = np.array([[10, 10], [20, 10], [20, 30.5], [25, 35]])
    program = stroke_program(Stroke.from_mm(points, (0,)), None, bench, Coordinates.of(bench, None, None))
    assert program.travel == "G90G1X10Y-10F6000"
    assert program.lower == ("M3S300", "G4P0.2")
    assert program.path == ("G91G1X10F2400", "Y-20.5", "X5Y-4.5")
    assert program.lift == ("M3S600", "G4P0.15")


def test_a_dot_is_lowered_and_lifted() -> None:
    bench = profile()
    dot = Stroke(np.array([[10_000, 10_000], [10_000, 10_000]]), (0,))
    program = stroke_program(dot, None, bench, Coordinates.of(bench, None, None))
    assert program.path == ()
    assert program.lower and program.lift


def test_turning_points_on_a_line_are_kept() -> None:
    bench = profile()
    there_and_back = Stroke.from_mm(np.array([[10, 10], [40, 10], [20, 10], [60, 10]]), (0,))
    program = stroke_program(there_and_back, None, bench, Coordinates.of(bench, None, None))
    assert program.path == ("G91G1X30F2400", "X-20", "X40")


def test_points_on_a_line_are_joined() -> None:
    bench = profile()
    points = np.stack([np.linspace(0, 100, 500), np.full(500, 20.0)], axis=1)
    program = stroke_program(Stroke.from_mm(points, (0,)), None, bench, Coordinates.of(bench, None, None))
    assert program.path == ("G91G1X100F2400",)


@pytest.mark.parametrize(
    ("frame", "sheet", "work"),
    [
        (Frame(), (10, 20), (10, -20)),
        (Frame(paper_y="+y"), (10, 20), (10, 20)),
        (Frame(corner="bottom-left"), (10, 20), (10, 190)),
        (Frame(corner="top-right", paper_x="-x", paper_y="+y"), (10, 20), (138, 20)),
        (Frame(paper_x="+y", paper_y="+x"), (10, 20), (20, 10)),
        (Frame(paper_x="-y", paper_y="+x", corner="bottom-right"), (10, 20), (-190, 138)),
    ],
)
def test_the_sheet_lies_as_the_frame_says(
    frame: Frame, sheet: tuple[float, float], work: tuple[float, float]
) -> None:
    coordinates = Coordinates.of(profile(frame=frame), Paper(148, 210), None)
    assert coordinates.work(np.array([sheet]))[0] == pytest.approx(work)
    assert coordinates.sheet(np.array([work]))[0] == pytest.approx(sheet)


@given(st.floats(0, 148), st.floats(0, 210), st.floats(-5, 5), st.floats(-5, 5))
def test_tip_offsets_are_taken_off_and_put_back(x: float, y: float, dx: float, dy: float) -> None:
    coordinates = Coordinates.of(profile(), Paper(148, 210), pen(tip_offset_mm=(dx, dy)))
    assert coordinates.work(np.array([[x, y]]))[0] == pytest.approx((x - dx, -(y - dy)))
    assert coordinates.sheet(coordinates.work(np.array([[x, y]])))[0] == pytest.approx((x, y))


def test_pen_lines_of_every_mechanism() -> None:
    assert pen_lines(profile(), 50.0, 0.0) == ("M3S450", "G4P0.01")
    z = profile(pen=Z_LIFT)
    assert pen_lines(z, 100.0, z.settle(None)[1]) == ("G90G1Z3F480", "G4P0.02")
    assert pen_lines(z, 0.0, z.settle(None)[0]) == ("G90G1Z0F480", "G4P0.05")
    own = profile(pen=Lines(up=("M5",), down=("M3 S{height}", "G4 P0.1"), down_height=30))
    assert pen_lines(own, 100.0, 0.1) == ("G90", "M5", "G4P0.1")
    assert pen_lines(own, 30.0, 0.2) == ("G90", "M3 S30", "G4 P0.1", "G4P0.2")


def test_a_program_changes_pens_at_the_swap_position() -> None:
    line = np.array([[20.0, 20.0], [30.0, 20.0]])
    odd = pen("2").model_copy(update={"name": "röd) (!?~ pen"})
    lines = list(gcode_lines(plan_of((pen("1"), [line]), (odd, [line])), profile(swap=(5, 6))))
    assert lines[:2] == [MODES, "G92X0Y0Z7"]
    change = lines.index("M0")
    assert lines[change - 3 : change] == ["G90G1X5Y-6F6000", "G4P0.01", "(change to pen 2 r d       pen)"]
    assert lines[change + 1 : change + 3] == ["M3S600", "G4P0.15"]
    assert lines[-2:] == ["G90G1X5Y-6F6000", "G4P0.01"]
    assert all(text.isascii() and len(text) < 80 for text in lines)


def test_a_homed_program_goes_to_the_corner_first() -> None:
    homed = profile(homing=True, frame=Frame(origin=(-290, -10)))
    lines = list(gcode_lines(curves_plan(1), homed))
    assert lines[:7] == ["$H", MODES, "M3S600", "G4P0.15", "G53G0X-290Y-10", "G4P0.01", "G92X0Y0Z7"]


def test_only_grbl_machines_take_gcode() -> None:
    with pytest.raises(BadInput, match="kind axidraw; G-code needs kind grbl"):
        list(gcode_lines(curves_plan(1), find_profile("axidraw")))
