"""The virtual machine draws what the plan says, in the time the plan says, and refuses nonsense."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotbot.errors import BadInput
from plotbot.machine.base import Control, PausedAt
from plotbot.machine.virtual import VirtualMachine, read_ink
from plotbot.plan.clock import estimate
from plotbot.plan.model import Motion, Pass, Plan, Stroke
from plotbot.plan.motion import draw_limits, profile
from tests.job.plans import PENS, plan_of


def drawn_lengths(path: Path) -> dict[int, float]:
    """mm of ink per stroke."""
    lengths: dict[int, float] = {}
    for piece in read_ink(path):
        steps = np.diff(piece.points / 1000.0, axis=0)
        lengths[piece.stroke] = lengths.get(piece.stroke, 0.0) + float(np.hypot(*steps.T).sum())
    return lengths


def draw(plan: Plan, machine: VirtualMachine, control: Control | None = None) -> PausedAt | None:
    """Draw a whole plan, without a job."""
    control, stopped, first = control or Control(), None, 0
    with machine:
        machine.check(plan)
        for one in plan.passes:
            machine.mount(one.pen)
            numbered = list(enumerate(one.strokes, first))
            stopped = stopped or machine.plot(numbered, lambda index: None, control)
            first += len(one.strokes)
            machine.park()
    return stopped


class HaltsAtLook(Control):
    """Asks to stop inside the stroke the n-th time the machine looks."""

    def __init__(self, looks: int) -> None:
        super().__init__()
        self.left = looks

    @property
    def halting(self) -> bool:
        self.left -= 1
        if self.left == 0:
            self.halt()
        return super().halting


@pytest.mark.parametrize("speed", [0, 200])
def test_paper_gets_what_the_plan_says(tmp_path: Path, speed: float) -> None:
    plan = plan_of((6, 5, 4), points=9)
    assert draw(plan, VirtualMachine(speed=speed, ink=tmp_path / "ink")) is None
    ink = list(read_ink(tmp_path / "ink"))
    assert {(piece.stroke, piece.pen) for piece in ink} == {
        (index, one.pen.id) for index, one, _ in plan.strokes()
    }
    for index, _, stroke in plan.strokes():
        pieces = [piece.points for piece in ink if piece.stroke == index]
        joined = np.concatenate([pieces[0], *(piece[1:] for piece in pieces[1:])])
        assert (joined[0] == stroke.points[0]).all()
        assert (joined[-1] == stroke.points[-1]).all()
        assert {tuple(point) for point in stroke.points.tolist()} <= {tuple(p) for p in joined.tolist()}
        assert drawn_lengths(tmp_path / "ink")[index] == pytest.approx(stroke.length_mm, abs=0.01)


def test_ink_of_a_long_stroke_is_left_while_it_is_drawn(tmp_path: Path) -> None:
    """At half a second of real time a stroke comes in pieces, so that a killed process leaves its part."""
    line = Stroke.from_mm(np.array([[10.0, 10.0], [130.0, 10.0], [130.0, 150.0]]), (0,))
    base = plan_of((1,))
    plan = Plan(base.paper, base.inventory, base.paper_lab, (Pass(PENS.pens[0], (line,)),))
    draw(plan, VirtualMachine(speed=8, ink=tmp_path / "ink"))
    pieces = list(read_ink(tmp_path / "ink"))
    assert len(pieces) >= 2
    for before, after in pairwise(pieces):
        assert (before.points[-1] == after.points[0]).all()
    assert drawn_lengths(tmp_path / "ink")[0] == pytest.approx(260.0, abs=0.01)


def test_its_clock_agrees_with_the_estimate_of_the_plan() -> None:
    for seed, motion in enumerate(
        (Motion(), Motion(draw_speed=15, lift_s=0.4), Motion(junction_deviation=0.2))
    ):
        plan = plan_of((12, 7), seed=seed, points=15, motion=motion)
        machine = VirtualMachine(speed=0)
        draw(plan, machine)
        assert machine.clock_s == pytest.approx(estimate(plan).machine_s, rel=1e-9)


def test_a_pen_with_its_own_limits_is_drawn_more_slowly() -> None:
    slow = PENS.pens[0].model_copy(
        update={"mechanical": PENS.pens[0].mechanical.model_copy(update={"max_speed_mm_s": 5.0})}
    )
    base = plan_of((4,))
    plans = [
        Plan(base.paper, base.inventory, base.paper_lab, (Pass(pen, base.passes[0].strokes),))
        for pen in (PENS.pens[0], slow)
    ]
    clocks = []
    for plan in plans:
        machine = VirtualMachine(speed=0)
        draw(plan, machine)
        clocks.append(machine.clock_s)
        assert machine.clock_s == pytest.approx(estimate(plan).machine_s, rel=1e-9)
    assert clocks[1] > 2 * clocks[0]


@given(looks=st.integers(1, 40))
def test_halting_brakes_within_the_stroke(looks: int) -> None:
    """It stops v²/2a beyond where it was when told to, unless the stroke ends before that.

    It looks once on arrival and then every quarter of a second, beginning with pen down.
    """
    line = Stroke.from_mm(np.array([[10.0, 10.0], [130.0, 10.0], [130.0, 150.0]]), (0,))
    base = plan_of((1,))
    plan = Plan(base.paper, base.inventory, base.paper_lab, (Pass(PENS.pens[0], (line,)),))
    stopped = draw(plan, VirtualMachine(speed=0), HaltsAtLook(looks))
    if looks == 1:
        assert stopped == PausedAt(0)
        return
    timing = profile(line.mm, *draw_limits(plan.motion, PENS.pens[0]))
    _, reached, speed = timing.at((looks - 2) * 0.25)
    expected = float(reached) + float(speed) ** 2 / (2 * plan.motion.draw_acceleration)
    if (looks - 2) * 0.25 >= timing.duration or expected >= line.length_mm:
        assert stopped is None
    else:
        assert stopped is not None
        assert stopped.drawn_mm == pytest.approx(expected, abs=1e-6)


def test_a_pause_ends_the_stroke_and_a_halt_in_travel_draws_nothing(tmp_path: Path) -> None:
    plan, control = plan_of((5,)), Control()
    machine = VirtualMachine(speed=0, ink=tmp_path / "ink")
    executed: list[int] = []

    def on_executed(index: int) -> None:
        executed.append(index)
        if index == 2:
            control.pause()

    with machine:
        machine.check(plan)
        machine.mount(PENS.pens[0])
        strokes = list(enumerate(plan.passes[0].strokes))
        assert machine.plot(strokes, on_executed, control) == PausedAt(3)
        assert executed == [0, 1, 2]
        control.clear()
        control.halt()
        assert machine.plot(strokes[3:], on_executed, control) == PausedAt(3)
        control.clear()
        assert machine.plot(strokes[3:], on_executed, control) is None
    assert executed == [0, 1, 2, 3, 4]
    assert sorted(drawn_lengths(tmp_path / "ink")) == [0, 1, 2, 3, 4]


def test_nonsense_is_refused() -> None:
    plan = plan_of((2,))
    strokes = list(enumerate(plan.passes[0].strokes))
    machine = VirtualMachine(speed=0)
    with pytest.raises(RuntimeError, match="before it was connected"):
        machine.mount(PENS.pens[0])
    with machine:
        with pytest.raises(RuntimeError, match="connected already"):
            machine.__enter__()
        machine.check(plan)
        with pytest.raises(RuntimeError, match="before check"):
            machine.plot(strokes, lambda index: None, Control())
        machine.mount(PENS.pens[0])
        off = Stroke.from_mm(np.array([[10.0, 10.0], [149.0, 10.0]]), (0,))
        with pytest.raises(BadInput, match="Stroke 9 reaches from 10, 10 to 149, 10 mm"):
            machine.plot([(9, off)], lambda index: None, Control())
    with pytest.raises(RuntimeError, match="before it was connected"):
        machine.plot(strokes, lambda index: None, Control())


@pytest.mark.parametrize("speed", [-1.0, float("nan"), float("inf")])
def test_an_impossible_speed_is_refused(speed: float) -> None:
    with pytest.raises(BadInput, match="use 1 for real time"):
        VirtualMachine(speed=speed)


def test_the_ink_file_must_be_writable(tmp_path: Path) -> None:
    with (
        pytest.raises(BadInput, match="cannot be written"),
        VirtualMachine(speed=0, ink=tmp_path / "no" / "ink"),
    ):
        pass


def test_ink_after_a_torn_line_is_on_lines_of_its_own(tmp_path: Path) -> None:
    """A process killed inside a write leaves half a line; what the next one draws is not lost in it."""
    ink, plan = tmp_path / "ink", plan_of((3,))
    draw(plan, VirtualMachine(speed=0, ink=ink))
    whole = ink.read_bytes()
    for size in range(len(whole) - 60, len(whole)):
        ink.write_bytes(whole[:size])
        before = len(list(read_ink(ink)))
        draw(plan, VirtualMachine(speed=0, ink=ink))
        assert len(list(read_ink(ink))) == before + 3
    assert list(read_ink(tmp_path / "none")) == []
    assert os.path.getsize(ink) > len(whole)  # noqa: PTH202
