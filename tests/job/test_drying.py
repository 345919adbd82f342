"""Waits for wet ink while plotting: as long as the plan says, less what has gone by, and never in the way
of a stop."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from plotbot.errors import Paused
from plotbot.job.asking import PenSwap
from plotbot.job.folder import INK, Job
from plotbot.machine.base import Control
from plotbot.machine.virtual import VirtualMachine
from plotbot.plan.model import Plan
from tests.job.plans import plan_of
from tests.job.plotting import Person, make_job, plot, times_drawn

WAIT_S = 0.5


class RealMachine(VirtualMachine):
    """Leaves ink that has to dry."""

    hardware = True


class Watch(Person):
    """Notes when pens were asked for and what was said, and may stop the plot while ink dries."""

    def __init__(self, control: Control | None = None, slow_s: float = 0.0) -> None:
        super().__init__()
        self.control = control
        self.slow_s = slow_s
        self.said: list[str] = []
        self.mounted: list[float] = []

    def mount(self, swap: PenSwap) -> None:
        super().mount(swap)
        time.sleep(self.slow_s if len(self.swaps) > 1 else 0)
        self.mounted.append(time.monotonic())

    def say(self, text: str) -> None:
        self.said.append(text)
        if self.control is not None and "dry" in text:
            self.control.leave()


def wet_plan() -> Plan:
    plan = plan_of((3, 3))
    return replace(plan, passes=(plan.passes[0], replace(plan.passes[1], wait_s=WAIT_S)))


def real(job: Job) -> RealMachine:
    return RealMachine(speed=0, ink=job.folder / INK)


def test_a_pass_waits_for_the_ink_below_it(tmp_path: Path) -> None:
    job, watch = make_job(tmp_path / "job", wet_plan()), Watch()
    at: dict[int, float] = {}
    machine = real(job)
    plot(
        job,
        machine=machine,
        person=watch,
        say=watch.say,
        progress=lambda where: at.update({where.strokes_done: time.monotonic()}),
    )
    # The first pass has ended a moment after its last stroke.
    assert at[4] - at[3] >= WAIT_S - 0.1
    assert sum("dry" in text for text in watch.said) == 1


def test_a_slow_change_of_pens_is_wait_enough(tmp_path: Path) -> None:
    job, watch = make_job(tmp_path / "job", wet_plan()), Watch(slow_s=WAIT_S)
    assert plot(job, machine=real(job), person=watch, say=watch.say).complete
    assert not any("dry" in text for text in watch.said)


def test_virtual_ink_is_dry_at_once(tmp_path: Path) -> None:
    plan = wet_plan()
    plan = replace(plan, passes=(plan.passes[0], replace(plan.passes[1], wait_s=80_000.0)))
    assert plot(make_job(tmp_path / "job", plan)).complete


def test_a_stop_does_not_wait_for_ink_and_the_ink_dries_meanwhile(tmp_path: Path) -> None:
    plan = wet_plan()
    plan = replace(plan, passes=(plan.passes[0], replace(plan.passes[1], wait_s=80_000.0)))
    job, control = make_job(tmp_path / "job", plan), Control()
    watch = Watch(control)
    with pytest.raises(Paused):
        plot(job, machine=real(job), person=watch, say=watch.say, control=control)
    assert times_drawn(job) == [1, 1, 1, 0, 0, 0]
    job = make_job(tmp_path / "other", wet_plan())
    control = Control()
    watch = Watch(control)
    with pytest.raises(Paused):
        plot(job, machine=real(job), person=watch, say=watch.say, control=control)
    time.sleep(WAIT_S)
    late = Watch()
    assert plot(job, machine=real(job), person=late, say=late.say).complete
    assert not any("dry" in text for text in late.said)
    assert times_drawn(job) == [1] * 6
