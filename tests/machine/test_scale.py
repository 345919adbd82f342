"""A length correction bends both drivers, and the exported program, by the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotbot.errors import BadInput
from plotbot.machine.base import Control
from plotbot.machine.ebb import EbbMachine
from plotbot.machine.grbl import GrblMachine
from plotbot.machine.grbl_gcode import Coordinates
from plotbot.machine.profile import Frame, read_profile
from plotbot.paper import Paper
from plotbot.plan.clock import estimate
from plotbot.plan.model import Plan
from tests.emulators.ebb import TICKS_PER_S, EbbEmulator
from tests.emulators.grbl import BoardOptions, GrblEmulator, hausdorff, rest_of_motion
from tests.machine import ebb_plots
from tests.machine.grbl_plans import curves_plan, pen, profile

SCALE = (1.04, 0.97)
SHEET = Paper(148, 210)


@given(
    st.sampled_from([("+x", "+y"), ("-x", "+y"), ("+y", "-x"), ("-y", "+x")]),
    st.sampled_from(["top-left", "top-right", "bottom-left", "bottom-right"]),
    st.tuples(st.floats(0.9, 1.1), st.floats(0.9, 1.1)),
    st.tuples(st.floats(0, 148), st.floats(0, 210)),
)
def test_there_and_back(
    axes: tuple[str, str], corner: str, scale: tuple[float, float], place: tuple[float, float]
) -> None:
    frame = Frame.model_validate({"paper_x": axes[0], "paper_y": axes[1], "corner": corner, "scale": scale})
    coordinates = Coordinates.of(profile(frame=frame), SHEET, pen(tip_offset_mm=(1, -2)))
    work = coordinates.work(np.array([place]))
    assert coordinates.sheet(work)[0] == pytest.approx(place, abs=1e-9)
    # Each machine axis is told its own share more.
    plain = Coordinates.of(
        profile(frame=frame.model_copy(update={"scale": (1, 1)})), SHEET, pen(tip_offset_mm=(1, -2))
    )
    assert work == pytest.approx(plain.work(np.array([place])) * scale, abs=1e-9)


def test_a_grbl_board_is_told_the_corrected_lengths() -> None:
    bench = profile(frame=Frame(paper_y="+y", scale=SCALE))
    plan = curves_plan(2, size_mm=30)
    with GrblEmulator(BoardOptions(scale=20.0, boot_s=0.3)) as board:
        with GrblMachine(bench, port=board.port) as machine:
            machine.check(plan)
            machine.mount(plan.passes[0].pen)
            assert machine.plot(_strokes(plan), lambda index: None, Control()) is None
            end = plan.passes[0].strokes[-1].mm[-1]
            assert machine.position_mm() == pytest.approx(end, abs=0.02)
        rest_of_motion(board)
        for stroke, ink in zip(plan.passes[0].strokes, board.ink(), strict=True):
            assert hausdorff(stroke.mm * SCALE, ink) < 0.05


@pytest.mark.parametrize("version", [(2, 8, 1), (2, 6, 6)])
def test_an_axidraw_is_told_the_corrected_lengths_and_keeps_its_time(version: tuple[int, int, int]) -> None:
    plan = ebb_plots.plan_of(ebb_plots.circle(60, 60, 12.0), ebb_plots.scribble(3, 20))
    bench = ebb_plots.profile(frame={"paper_y": "+y", "scale": list(SCALE)})
    with EbbEmulator(version) as board, EbbMachine(bench, port=board.path) as machine:
        machine.check(plan)
        machine.mount(plan.passes[0].pen)
        begin = board.now
        assert machine.plot(_strokes(plan), lambda index: None, Control()) is None
        machine.park()
        assert (board.now - begin) / TICKS_PER_S == pytest.approx(estimate(plan).machine_s, rel=0.03)
        for (_, _, stroke), ink in zip(plan.strokes(), board.ink(), strict=True):
            assert ebb_plots.astray_mm(stroke.mm * SCALE, ink) < 0.05
        assert board.problems == []


def test_a_correction_beyond_reason_is_refused(tmp_path: object) -> None:
    path = tmp_path / "odd.toml"  # type: ignore[operator]
    path.write_text(
        'kind = "grbl"\n[travel]\nx = 300\ny = 300\n[frame]\nscale = [1.0, 1.2]\n'
        '[pen]\nmechanism = "servo"\ns_low = 0\ns_high = 9\n'
    )
    with pytest.raises(BadInput, match=r"frame\.scale\.1 is 1\.2; .*1\.1"):
        read_profile(path)


def _strokes(plan: Plan) -> list[tuple[int, object]]:
    return [(index, stroke) for index, _, stroke in plan.strokes()]
