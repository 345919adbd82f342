"""Plotting a job: what is drawn, asked and said, and every way to stop and to go on."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotbot.errors import BadInput, Cancelled, LinkLost, NoPlotter, Paused, PlotbotError
from plotbot.job.asking import Answer, DrawAt, PenSwap, Progress, Start
from plotbot.job.folder import Job
from plotbot.job.legs import rest_of
from plotbot.job.pace import Pace, planned_seconds
from plotbot.job.runner import resume_line
from plotbot.job.selection import Selection
from plotbot.machine.base import Control
from plotbot.machine.virtual import VirtualMachine
from plotbot.pens.model import Pen
from plotbot.plan.clock import estimate
from plotbot.plan.model import Motion, Plan, Stroke
from tests.job.plans import RAM, plan_of
from tests.job.plotting import Person, forked, ink_mm, make_job, plot, times_drawn

LONG = Motion(draw_speed=20.0)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Twelve strokes with three pens."""
    return make_job(tmp_path / "job", plan_of((5, 3, 4)))


class Watched(VirtualMachine):
    """A virtual machine that tells what it did last, and can be made to fail."""

    def __init__(self, job: Job, *, speed: float = 0.0, fails: Exception | None = None, at: int = -1) -> None:
        super().__init__(speed=speed, ink=job.folder / "ink.jsonl")
        self.fails, self.at, self.done = fails, at, list[str]()

    @property
    def pen_is_down(self) -> bool:
        return self._down

    def lift(self) -> None:
        self.done.append("lift")
        super().lift()

    def park(self) -> None:
        self.done.append("park")
        super().park()

    def _draw(self, index: int, *rest: object) -> float | None:
        if index == self.at and self.fails is not None:
            raise self.fails  # with the pen down
        return super()._draw(index, *rest)  # type: ignore[arg-type]


class ActsWhileDrawing(Control):
    """Does things at given looks of the machine for a stop, which it takes all along a stroke."""

    def __init__(self, **at: Callable[[], None]) -> None:
        super().__init__()
        self.looks = 0
        self.at = {int(look.removeprefix("look")): do for look, do in at.items()}

    @property
    def halting(self) -> bool:
        self.looks += 1
        self.at.pop(self.looks, lambda: None)()
        return super().halting


def press(number: int) -> Callable[[], None]:
    """Send a signal to this process."""
    return lambda: os.kill(os.getpid(), number)


def on_stroke(number: int, do: Callable[[], None]) -> Callable[[Progress], None]:
    """Progress that does something once when so many strokes are ink."""
    done = []

    def progress(where: Progress) -> None:
        if where.strokes_done == number and not done:
            done.append(number)
            do()

    return progress


# -- the whole plot ------------------------------------------------------------------------------------


def test_everything_is_drawn_once_with_each_pen_asked_for_in_order(job: Job) -> None:
    person = Person()
    outcome = plot(job, person=person)
    assert times_drawn(job) == [1] * 12
    assert (outcome.strokes, outcome.remaining, outcome.complete) == (12, 0, True)
    assert outcome.ink_mm == pytest.approx(ink_mm(job), abs=0.01)
    assert [str(swap) for swap in person.swaps] == [
        "Mount pen 1 of 3: 1 Yellow",
        "Mount pen 2 of 3: 2 Red",
        "Mount pen 3 of 3: 20 Magenta",
    ]
    assert [swap.strokes for swap in person.swaps] == [5, 3, 4]
    (start,) = person.starts
    assert (start.resuming, start.position_kept, start.strokes) == (False, None, 12)
    with job.journal() as journal:
        assert [(event.kind, event.text) for event in journal.events() if event.kind == "mounted"] == [
            ("mounted", "1"), ("mounted", "2"), ("mounted", "20"),
        ]  # fmt: skip
        assert journal.sessions()[0].how == "done"
        assert set(journal.observed) == set(range(12))


def test_a_finished_job_moves_nothing(job: Job) -> None:
    plot(job)
    person = Person()
    outcome = plot(job, person=person, machine=Watched(job, fails=AssertionError("moved"), at=0))
    assert (outcome.strokes, outcome.complete, person.starts) == (0, True, [])
    assert times_drawn(job) == [1] * 12


def test_progress_counts_up_to_the_plan_and_down_to_nothing(job: Job) -> None:
    seen: list[Progress] = []
    plot(job, progress=seen.append)
    timing = estimate(job.plan)
    metres = sum(one.down_mm for one in timing.passes)
    assert [where.strokes_done for where in seen] == [*range(6), *range(5, 9), *range(8, 13)]
    assert seen[-1].mm_done == pytest.approx(metres) == seen[-1].mm_total
    assert seen[-1].seconds_left == seen[-1].pen_seconds_left == 0
    # Before anything was observed it is the plan's own estimate, less the ways back to the swap position.
    assert 0 <= timing.seconds - seen[0].seconds_left < 3 * 2.5
    for where in seen:
        assert where.seconds_left >= where.pen_seconds_left >= 0
        assert 0 <= where.pen_strokes_done <= where.pen_strokes_total
        assert where.pen_mm_done <= where.pen_mm_total + 1e-6


def test_pauses_and_prompts_are_not_drawing_time(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that only persons and strokes move: a person takes an hour each time, a stroke 2 s."""
    clock = [0.0]
    monkeypatch.setattr("plotbot.job.runner.time", SimpleNamespace(monotonic=lambda: clock[0]))

    class Slow(Person):
        def mount(self, swap: PenSwap) -> None:
            clock[0] += 3600

        def paused(self, where: Progress) -> Answer:
            clock[0] += 3600
            return "go on"

    class TwoSeconds(Watched):
        def _draw(self, *args: object) -> float | None:
            clock[0] += 2
            return super()._draw(*args)  # type: ignore[arg-type]

    control, seen = Control(), list[Progress]()
    pause = on_stroke(3, control.pause)

    def progress(where: Progress) -> None:
        seen.append(where)
        pause(where)

    outcome = plot(job, person=Slow(), control=control, machine=TwoSeconds(job), progress=progress)
    assert clock[0] == 4 * 3600 + 24
    assert outcome.complete
    assert outcome.seconds == 24
    with job.journal() as journal:
        assert journal.observed == dict.fromkeys(range(12), 2.0)
    assert max(where.seconds_left for where in seen) < 3600


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(0, 1000)), max_size=40))
def test_time_left_follows_what_was_observed(strokes: list[tuple[float, float]]) -> None:
    """The pace lies between the plan's own and those observed, and goes to what is observed for long."""
    pace = Pace(plan_of((2,)), {})
    assert pace.ratio == 1
    for planned, took in strokes:
        pace.observe(planned, took)
    observed = [1.0, *(took / planned for planned, took in strokes)]
    assert min(observed) * 0.999 <= pace.ratio <= max(observed) * 1.001
    pace.observe(1e9, 2e9)
    assert pace.ratio == pytest.approx(2, rel=1e-3)


def test_the_pace_of_an_earlier_session_is_remembered() -> None:
    plan = plan_of((40, 40))
    planned = np.concatenate([planned_seconds(one.strokes, one, plan.motion)[0] for one in plan.passes])
    pace = Pace(plan, {index: float(2 * planned[index]) for index in range(80)})
    assert 1.8 < pace.ratio < 2.0


# -- stopping and going on ------------------------------------------------------------------------------


def test_a_pause_ends_the_stroke_parks_and_says_how_to_go_on(job: Job) -> None:
    control, machine = Control(), Watched(job)
    with pytest.raises(Paused) as raised:
        plot(job, machine=machine, control=control, progress=on_stroke(6, control.pause))
    assert str(raised.value).endswith(f"6 of 12 strokes are ink. Go on with: {resume_line(job.folder)}")
    assert raised.value.exit_code == 4
    assert "park" in machine.done
    assert not machine.pen_is_down
    assert times_drawn(job) == [1] * 6 + [0] * 6
    person = Person()
    assert plot(job, person=person).complete
    assert person.starts[0].resuming
    assert [swap.number for swap in person.swaps] == [2, 3]
    assert times_drawn(job) == [1] * 12
    with job.journal() as journal:
        assert [session.how for session in journal.sessions()] == ["paused", "done"]


@pytest.mark.parametrize("strokes", [0, 5, 8, 12])
def test_a_pause_between_pens_or_at_the_ends(job: Job, strokes: int) -> None:
    control = Control()
    try:
        plot(job, control=control, progress=on_stroke(strokes, control.pause))
        assert strokes == 12  # asked for during the last stroke: there is nothing left to pause
    except Paused:
        assert strokes < 12
    assert times_drawn(job) == [1] * strokes + [0] * (12 - strokes)
    assert plot(job).complete
    assert times_drawn(job) == [1] * 12


def test_halting_inside_a_stroke_goes_on_from_that_very_point(tmp_path: Path) -> None:
    """A long stroke stopped five times is drawn once: no gap, no overlap."""
    line = Stroke.from_mm(np.array([[10.0, 10.0], [140.0, 12.0], [10.0, 30.0], [140.0, 200.0]]), (0,))
    plan = plan_of((2, 1), motion=LONG)
    first = plan.passes[0]
    passes = (type(first)(first.pen, (first.strokes[0], line, first.strokes[1])), plan.passes[1])
    job = make_job(tmp_path / "job", Plan(plan.paper, plan.inventory, plan.paper_lab, passes, plan.motion))
    for look in (20, 25, 12, 9, 15):
        control = ActsWhileDrawing()
        control.at[look] = control.halt
        machine = Watched(job)
        with pytest.raises(Paused):
            plot(job, machine=machine, control=control)
        assert not machine.pen_is_down
        with job.journal() as journal:
            assert list(journal.drawn_mm) == [1]
    assert plot(job).complete
    whole = sum(stroke.length_mm for _, _, stroke in job.plan.strokes())
    assert ink_mm(job) == pytest.approx(whole, abs=0.01)


@given(
    st.lists(
        st.tuples(st.sampled_from(["halt", "pause", "lose"]), st.integers(1, 60), st.integers(0, 11)),
        max_size=8,
    )
)
@settings(max_examples=25)
def test_however_often_it_is_stopped_all_is_drawn_and_nothing_twice(
    stops: list[tuple[str, int, int]],
) -> None:
    folder = Path(mkdtemp(dir=RAM))
    job = make_job(folder / "job", plan_of((5, 3, 4), points=30, motion=LONG))
    whole = sum(stroke.length_mm for _, _, stroke in job.plan.strokes())
    before = 0.0
    for kind, look, stroke in stops:
        control = ActsWhileDrawing()
        machine = Watched(job, fails=LinkLost("Lost."), at=stroke if kind == "lose" else -1)
        control.at[look] = {"halt": control.halt, "pause": control.pause, "lose": lambda: None}[kind]
        with contextlib.suppress(Paused, LinkLost):
            plot(job, machine=machine, control=control)
        assert not machine.pen_is_down
        drawn = ink_mm(job)
        with job.journal() as journal:
            known = sum(mm for _, mm in journal.ink_in_order())
        assert drawn == pytest.approx(known, abs=0.02)
        assert before <= drawn <= whole + 0.02
        before = drawn
    assert plot(job).complete
    assert ink_mm(job) == pytest.approx(whole, abs=0.03)
    shutil.rmtree(folder)


@given(st.data())
@settings(max_examples=60)
def test_the_rest_of_a_stroke_is_its_rest(data: st.DataObject) -> None:
    points = data.draw(
        st.lists(st.tuples(st.integers(0, 300_000), st.integers(0, 300_000)), min_size=2, max_size=12)
    )
    stroke = Stroke(np.array(points), (0,))
    drawn = data.draw(st.floats(0, stroke.length_mm))
    rest = rest_of(stroke, drawn)
    assert rest.length_mm == pytest.approx(stroke.length_mm - drawn, abs=0.002)
    assert (rest.points[-1] == stroke.points[-1]).all()
    inner = {tuple(point) for point in rest.points[1:].tolist()}
    assert inner <= {tuple(point) for point in stroke.points.tolist()}


def test_the_person_can_go_on_or_leave_the_rest_of_a_pen(job: Job) -> None:
    control, person = Control(), Person("go on")
    assert plot(job, person=person, control=control, progress=on_stroke(2, control.pause)).complete
    assert len(person.pauses) == 1
    assert times_drawn(job) == [1] * 12


def test_the_rest_of_a_pen_can_be_left_for_later(job: Job) -> None:
    control, person = Control(), Person("next pen")
    outcome = plot(job, person=person, control=control, progress=on_stroke(2, control.pause))
    assert (outcome.strokes, outcome.remaining, outcome.complete) == (9, 3, False)
    assert times_drawn(job) == [1, 1, 0, 0, 0] + [1] * 7
    assert plot(job).complete
    assert times_drawn(job) == [1] * 12


def test_the_rest_of_a_pen_can_be_drawn_at_another_height(job: Job) -> None:
    control, person = Control(), Person(DrawAt(42.5))
    mounted: list[float | None] = []

    class Mounting(VirtualMachine):
        def mount(self, pen: Pen) -> None:
            mounted.append(pen.mechanical.down_height)
            super().mount(pen)

    machine = Mounting(speed=0.0, ink=job.folder / "ink.jsonl")
    pause = on_stroke(2, control.pause)
    assert plot(job, machine=machine, person=person, control=control, progress=pause).complete
    assert mounted[:2] == [None, 42.5]
    assert set(mounted[2:]) == {None}  # the other pens keep theirs
    assert times_drawn(job) == [1] * 12
    with job.journal() as journal:
        assert ("went on", "at pen height 42.5 %") in [(one.kind, one.text) for one in journal.events()]


def test_a_wish_to_leave_is_not_questioned(job: Job) -> None:
    control, person = Control(), Person("go on")
    with pytest.raises(Paused):
        plot(job, person=person, control=control, progress=on_stroke(2, control.leave))
    assert person.pauses == []
    assert plot(job).complete
    assert times_drawn(job) == [1] * 12


@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_pauses_and_a_second_one_stops_inside_the_stroke(tmp_path: Path, presses: int) -> None:
    job = make_job(tmp_path / "job", plan_of((1, 1), points=80, motion=LONG))
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    control = ActsWhileDrawing(look8=press(signal.SIGINT))
    if presses == 2:
        control.at[12] = press(signal.SIGINT)
    machine, said = Watched(job), list[str]()
    with pytest.raises(Paused, match="Go on with: plotbot resume"):
        plot(job, machine=machine, control=control, say=said.append)
    assert said == ["Pausing after this stroke; Ctrl-C again stops in it.", "Stopping."][:presses]
    assert not machine.pen_is_down
    assert "park" in machine.done
    with job.journal() as journal:
        assert (0 in journal.drawn_mm) == (presses == 2)
        assert (0 in journal.executed) == (presses == 1)
    assert before == [signal.getsignal(number) for number in numbers]
    assert plot(job).complete
    assert ink_mm(job) == pytest.approx(sum(s.length_mm for _, _, s in job.plan.strokes()), abs=0.01)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_the_end_of_the_terminal_stops_inside_the_stroke(tmp_path: Path, number: int) -> None:
    job = make_job(tmp_path / "job", plan_of((1, 1), points=80, motion=LONG))
    with pytest.raises(Paused):
        plot(job, control=ActsWhileDrawing(look8=press(number)))
    with job.journal() as journal:
        assert 0 in journal.drawn_mm


def test_a_terminal_that_is_gone_does_not_stop_the_plot(job: Job) -> None:
    def fails(text: str) -> None:
        raise OSError("no terminal")

    with pytest.raises(Paused):
        plot(job, control=ActsWhileDrawing(look3=press(signal.SIGINT)), say=fails)
    assert plot(job).complete
    assert times_drawn(job) == [1] * 12


def test_under_nohup_the_end_of_the_terminal_changes_nothing(job: Job) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert plot(job, progress=on_stroke(2, press(signal.SIGHUP))).complete
    finally:
        signal.signal(signal.SIGHUP, before)


class Declines(Person):
    """Presses Ctrl-C, or says no, at one of the questions."""

    def __init__(self, at: str, error: BaseException) -> None:
        super().__init__()
        self.at, self.error = at, error

    def start(self, start: Start) -> None:
        if self.at == "start":
            raise self.error

    def mount(self, swap: PenSwap) -> None:
        if self.at == swap.pen.id:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Cancelled("No.")])
@pytest.mark.parametrize(
    ("at", "kind", "strokes"), [("start", Cancelled, 0), ("1", Cancelled, 0), ("2", Paused, 5)]
)
def test_no_at_a_prompt(
    job: Job, at: str, kind: type[PlotbotError], strokes: int, error: BaseException
) -> None:
    machine = Watched(job)
    with pytest.raises(kind, match="plotbot resume") as raised:
        plot(job, machine=machine, person=Declines(at, error))
    assert raised.value.exit_code == (130 if kind is Cancelled else 4)
    assert "park" in machine.done
    assert sum(times_drawn(job)) == strokes
    assert plot(job).complete


# -- things that go wrong -------------------------------------------------------------------------------


def test_a_lost_link_is_noted_and_the_job_goes_on_later(job: Job) -> None:
    machine = Watched(job, fails=LinkLost("The plotter stopped answering; the pen may be down."), at=7)
    with pytest.raises(LinkLost) as raised:
        plot(job, machine=machine)
    assert str(raised.value) == (
        "The plotter stopped answering; the pen may be down. 7 of 12 strokes are ink. "
        f"Go on with: {resume_line(job.folder)}"
    )
    assert raised.value.exit_code == 5
    assert "lift" in machine.done
    with job.journal() as journal:
        assert journal.sessions()[0].how == "link lost"
        assert journal.events()[-1].kind == "link lost"
        assert journal.executed == set(range(7))
    assert plot(job).complete
    assert times_drawn(job) == [1] * 12


@pytest.mark.parametrize(
    "error",
    [RuntimeError("a bug"), OSError("no such device"), MemoryError(), BadInput("odd"), KeyboardInterrupt()],
)
@pytest.mark.parametrize("at", [0, 6, 11])
def test_the_pen_is_lifted_however_the_plot_ends(job: Job, error: BaseException, at: int) -> None:
    machine = Watched(job, fails=error, at=at)  # type: ignore[arg-type]
    with pytest.raises((type(error), Paused, Cancelled)):
        plot(job, machine=machine)
    assert "lift" in machine.done
    assert not machine.pen_is_down
    assert plot(job).complete
    assert times_drawn(job) == [1] * 12


def test_a_person_who_cannot_be_asked_leaves_a_job_to_resume(job: Job) -> None:
    with pytest.raises(BadInput, match="stdin"):
        plot(job, person=Declines("20", BadInput("stdin is closed.")))
    assert plot(job).strokes == 4


def test_a_full_disk_stops_the_plot_with_the_pen_up(tmp_path: Path) -> None:
    """In a process whose files may not grow beyond 60 kB, which the journal soon wants to."""
    job = make_job(tmp_path / "job", plan_of((60, 60), points=3))

    def child() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
        machine = Watched(job)
        with pytest.raises(PlotbotError, match=r"journal .* cannot be written") as raised:
            plot(job, machine=machine)
        assert raised.value.exit_code == 1
        assert "lift" in machine.done
        assert not machine.pen_is_down

    _, status = os.waitpid(forked(child), 0)
    assert status == 0
    drawn = sum(times_drawn(job))
    assert 0 < drawn < 120
    assert plot(job).complete
    assert min(times_drawn(job)) == 1
    assert sum(times_drawn(job)) <= 121


def test_a_plotter_that_is_not_there_changes_nothing(job: Job) -> None:
    class Absent(Watched):
        def __enter__(self) -> VirtualMachine:
            raise NoPlotter("No plotter answers.")

    plot(job, selection=Selection(to_stroke=4))
    for _ in range(3):
        with pytest.raises(NoPlotter):
            plot(job, machine=Absent(job), selection=Selection(redo_last_mm=3.0))
    with job.journal() as journal:
        assert journal.executed == set(range(5))


# -- what to draw ---------------------------------------------------------------------------------------


def test_from_a_stroke_on_everything_is_drawn_again(job: Job) -> None:
    plot(job)
    outcome = plot(job, selection=Selection(from_stroke=9))
    assert (outcome.strokes, outcome.complete) == (3, True)
    assert times_drawn(job) == [1] * 9 + [2] * 3


def test_from_a_pen_on(job: Job) -> None:
    plot(job)
    assert plot(job, selection=Selection(from_pen="20")).strokes == 4
    assert times_drawn(job) == [1] * 8 + [2] * 4


def test_a_span_of_one_pen_is_drawn_again(job: Job) -> None:
    plot(job)
    person = Person()
    plot(job, person=person, selection=Selection(only_pen="2", from_stroke=6, to_stroke=10))
    assert times_drawn(job) == [1] * 6 + [2] * 2 + [1] * 4
    assert [swap.pen.id for swap in person.swaps] == ["2"]


def test_one_pen_alone_draws_what_is_left_of_it(job: Job) -> None:
    outcome = plot(job, selection=Selection(only_pen="2"))
    assert (outcome.strokes, outcome.remaining) == (3, 9)
    assert plot(job, selection=Selection(only_pen="2")).strokes == 0
    assert plot(job).complete
    assert times_drawn(job) == [1] * 12


def test_a_skipped_stroke_keeps_the_job_unfinished(job: Job) -> None:
    assert plot(job, selection=Selection(from_stroke=4)).remaining == 4
    assert plot(job).complete
    assert times_drawn(job) == [1] * 12


def test_an_interrupted_redraw_goes_on_as_a_redraw(job: Job) -> None:
    plot(job)
    control = Control()
    with pytest.raises(Paused):
        plot(job, selection=Selection(from_stroke=6), control=control, progress=on_stroke(8, control.pause))
    assert plot(job).complete
    assert times_drawn(job) == [1] * 6 + [2] * 6


@pytest.mark.parametrize("back", [0.5, 8.0, 30.0, 1000.0])
def test_the_last_ink_is_drawn_again(job: Job, back: float) -> None:
    plot(job, selection=Selection(to_stroke=6))
    before = ink_mm(job)
    seen: list[Progress] = []
    plot(job, selection=Selection(to_stroke=6, redo_last_mm=back), progress=seen.append)
    assert ink_mm(job) - before == pytest.approx(min(back, before), abs=0.01)
    assert seen[-1].strokes_done == 7
    assert plot(job).complete
    whole = sum(stroke.length_mm for _, _, stroke in job.plan.strokes())
    assert ink_mm(job) == pytest.approx(whole + min(back, before), abs=0.01)


def test_a_redraw_that_was_declined_does_not_go_back_twice(job: Job) -> None:
    plot(job)
    before = ink_mm(job)
    with pytest.raises(Paused):
        plot(job, selection=Selection(redo_last_mm=5.0), person=Declines("20", Cancelled("no")))
    plot(job, selection=Selection(redo_last_mm=5.0))
    assert ink_mm(job) - before == pytest.approx(5.0, abs=0.01)


@pytest.mark.parametrize(
    ("selection", "message"),
    [
        (Selection(from_stroke=12), "--from-stroke 12 is not in the plan, whose strokes are 0 to 11"),
        (Selection(from_stroke=-1), "--from-stroke -1"),
        (Selection(to_stroke=99), "--to-stroke 99"),
        (Selection(from_pen="76"), "--from-pen '76' is not in the plan, whose pens are 1, 2, 20"),
        (Selection(only_pen="x"), "--pen 'x'"),
        (Selection(from_pen="2", from_stroke=1), "both say where to begin"),
        (Selection(redo_last_mm=-1.0), "--redo-last -1 mm"),
        (Selection(redo_last_mm=float("nan")), "--redo-last nan mm"),
        (Selection(redo_last_mm=5.0, from_stroke=2), "leave out"),
        (Selection(only_pen="1", from_stroke=9), "No stroke of the plan"),
    ],
)
def test_impossible_selections_are_one_sentence(job: Job, selection: Selection, message: str) -> None:
    with pytest.raises(BadInput, match=message.replace("(", r"\(")):
        plot(job, selection=selection)
    assert times_drawn(job) == [0] * 12


# -- does the machine still know where it is ------------------------------------------------------------


class Remembers(Watched):
    """A machine that keeps its position, like a real one with counters."""

    asked: list[tuple[float, float] | None]

    def position_kept(self, expected_mm: tuple[float, float] | None) -> bool:
        self.asked.append(expected_mm)
        return False


def test_a_resume_asks_the_machine_whether_it_kept_its_position(job: Job) -> None:
    Remembers.asked = []
    control, person = Control(), Person()
    with pytest.raises(Paused):
        plot(job, machine=Remembers(job), control=control, progress=on_stroke(2, control.pause))
    assert Remembers.asked == []  # a new job has no position to keep
    with pytest.raises(LinkLost):
        plot(job, machine=Remembers(job, fails=LinkLost("gone."), at=6), person=person)
    plot(job, machine=Remembers(job), person=person)
    assert Remembers.asked == [(0.0, 0.0), None]
    assert [start.position_kept for start in person.starts] == [False, False]
