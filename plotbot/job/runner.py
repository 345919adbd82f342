"""Plot a job: mount each pen, draw what is not ink yet, write down what has become ink.

Every way out of `run` that the host can still control lifts the pen, parks it, and leaves a journal
from which the next `run` goes on with the same frozen plan.
"""

from __future__ import annotations

import contextlib
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from types import FrameType
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from plotbot.errors import Cancelled, JobMismatch, LinkLost, Paused, PlotbotError
from plotbot.job.folder import Job
from plotbot.job.inhibit import awake
from plotbot.job.journal import Journal, JournalDamaged
from plotbot.job.pace import Pace, planned_seconds
from plotbot.job.selection import Selection, choose, spans_to_redraw
from plotbot.machine.base import Control, Machine, PausedAt
from plotbot.pens.model import Pen
from plotbot.plan.model import Pass, Plan, Stroke
from plotbot.plan.motion import flatten, stroke_seconds

__all__ = [
    "Answer",
    "KeepsPosition",
    "Outcome",
    "PenSwap",
    "Progress",
    "Prompter",
    "Start",
    "resume_line",
    "run",
]

ALMOST_MM = 0.001
"""What is left of a stroke below the plan's resolution counts as drawn."""

Asking: TypeAlias = Callable[[], contextlib.AbstractContextManager[None]]

Answer: TypeAlias = Literal["stop", "go on", "next pen"]
"""What to do after a pause: leave resumably, go on where it stopped, or leave the rest of this pen."""


@dataclass(frozen=True, slots=True)
class Start:
    """What the person is asked to confirm before the first move.

    resuming: some of the drawing is ink already, so the same sheet must lie where it lay.
    position_kept: whether the machine still knows where it is; None when it cannot tell.
    """

    job: Path
    plan: Plan
    machine: str
    hardware: bool
    resuming: bool
    position_kept: bool | None
    strokes: int


@dataclass(frozen=True, slots=True)
class PenSwap:
    """The pen to mount now; `number` of `of` counts the pens of the whole plan, in drawing order."""

    number: int
    of: int
    pen: Pen
    strokes: int
    ink_mm: float
    seconds: float
    hardware: bool

    def __str__(self) -> str:
        return f"Mount pen {self.number} of {self.of}: {self.pen}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plot is. Strokes and mm count the whole plan, what was ink before included; `pen_*` count
    the mounted pen. `seconds_left` and `pen_seconds_left` are never negative; pauses do not count, and
    `seconds_left` includes the pen swaps still to come."""

    number: int
    of: int
    pen: Pen
    strokes_done: int
    strokes_total: int
    mm_done: float
    mm_total: float
    seconds_left: float
    pen_strokes_done: int
    pen_strokes_total: int
    pen_mm_done: float
    pen_mm_total: float
    pen_seconds_left: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended that was not interrupted. `remaining` strokes were not asked for, or left out."""

    strokes: int
    ink_mm: float
    seconds: float
    remaining: int

    @property
    def complete(self) -> bool:
        """The whole plan is ink."""
        return self.remaining == 0


class Prompter(Protocol):
    """What a plot must ask the person. Each raises `Cancelled` (or KeyboardInterrupt) for no."""

    def start(self, start: Start) -> None:
        """Paper in place, pen over the starting corner? Asked once, before the first move."""

    def mount(self, swap: PenSwap) -> None:
        """Have the pen mounted; returns when it is."""

    def paused(self, where: Progress) -> Answer:
        """The plot stopped on request, pen up and parked; decide how to go on."""


@runtime_checkable
class KeepsPosition(Protocol):
    """A machine that can tell where it is, and whether it still knows."""

    def position_mm(self) -> tuple[float, float]:
        """Where the pen is, sheet mm."""

    def position_kept(self, expected_mm: tuple[float, float] | None) -> bool:
        """Whether the controller has kept its position since a plot that left the pen at `expected_mm`
        (sheet mm; None when the plot was killed, so that only a reset or power loss can be told)."""


def run(
    job: Job,
    machine: Machine,
    prompts: Prompter,
    control: Control,
    progress: Callable[[Progress], None],
    *,
    selection: Selection | None = None,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Draw what is left of a job, or the span that `selection` names, on a machine not yet entered.

    While the machine moves, the first Ctrl-C (or SIGTERM, SIGHUP) pauses at the end of the stroke, a
    second one inside it. `say` takes remarks for the person. Raises `JobMismatch` when plan, journal
    and pen file do not belong together; `BadInput` when the job is being plotted already or the machine
    cannot draw the plan; `Cancelled` when the person declined before anything was drawn; `Paused` and
    `LinkLost`, with the line to type to go on, when the plot stopped early.
    """
    selection = selection or Selection()
    with job.locked():
        job.check_pens()
        plan = job.plan
        selection.check(plan)
        with _journal(job, plan, selection) as journal, contextlib.ExitStack() as stack:
            redraw = dict(spans_to_redraw(plan, journal, selection))
            wanted = choose(plan, journal, selection, redraw)
            if not wanted:
                return Outcome(0, 0.0, 0.0, plan.stroke_count - len(journal.executed))
            # Entered before the machine, so that Ctrl-C cannot cut its lifting and closing short.
            asking = stack.enter_context(_stop_on_signals(control))
            try:
                with asking():
                    stack.enter_context(machine)
                    machine.check(plan)
                    if machine.hardware and say is not None:
                        say(stack.enter_context(awake(f"plotting {job.folder.name}")))
            except KeyboardInterrupt as error:
                raise _declined(job, journal) from error
            plot = _Plot(
                job,
                journal,
                wanted,
                redraw,
                machine=machine,
                prompts=prompts,
                asking=asking,
                control=control,
                progress=progress,
            )
            return plot.run()


def resume_line(folder: Path) -> str:
    """What to type to go on with a job."""
    with contextlib.suppress(ValueError):
        folder = folder.relative_to(Path.cwd())
    return f"plotbot resume {shlex.quote(str(folder))}"


@dataclass
class _Leg:
    """The strokes of one pass to draw now, each from where it is not ink yet."""

    number: int
    one_pass: Pass
    indices: list[int]
    offsets: list[float]
    strokes: list[Stroke]
    seconds: npt.NDArray[np.float64]
    mm: npt.NDArray[np.float64]


class _Plot:
    """One run of one job; `run` once."""

    def __init__(
        self,
        job: Job,
        journal: Journal,
        wanted: list[int],
        redraw: dict[int, float],
        *,
        machine: Machine,
        prompts: Prompter,
        asking: Asking,
        control: Control,
        progress: Callable[[Progress], None],
    ) -> None:
        self._job = job
        plan = job.plan
        self._plan = plan
        self._journal = journal
        self._machine = machine
        self._prompts = prompts
        self._asking = asking
        self._control = control
        self._progress = progress
        self._lengths = _geometry(plan)
        self._redraw = redraw
        self._legs = _legs(plan, wanted, {**journal.drawn_mm, **redraw})
        self._pass_mm_total, self._pass_mm_done, self._pass_done = _ink_so_far(plan, journal, self._lengths)
        self._seconds_left = [float(leg.seconds.sum()) for leg in self._legs]
        same_machine = bool(journal.sessions()) and journal.sessions()[-1].machine == machine.name
        self._pace = Pace(plan, journal.observed if same_machine else {})
        self._drawn = 0
        self._drawn_mm = 0.0
        self._machine_s = 0.0

    def run(self) -> Outcome:
        """Draw all legs; see `run` of the module."""
        start = Start(
            self._job.folder,
            self._plan,
            self._machine.name,
            self._machine.hardware,
            self._journal.begun,
            _position_kept(self._machine, self._journal),
            sum(len(leg.indices) for leg in self._legs),
        )
        self._journal.begin(self._machine.name)
        how = "failed"
        try:
            with self._leaving_resumably():
                with self._asking():
                    self._prompts.start(start)
                for position, leg in enumerate(self._legs):
                    self._draw_leg(position, leg)
                self._park()
            how = "done" if self._journal.complete else "part done"
        except PlotbotError as error:
            how = {Paused: "paused", Cancelled: "cancelled", LinkLost: "link lost"}.get(type(error), how)
            raise
        finally:
            with contextlib.suppress(PlotbotError):  # never in the way of why the plot ended
                self._journal.end(how)
        remaining = self._plan.stroke_count - len(self._journal.executed)
        return Outcome(self._drawn, self._drawn_mm, self._machine_s, remaining)

    def _draw_leg(self, position: int, leg: _Leg) -> None:
        pen = leg.one_pass.pen
        if position > 0:
            self._park()
            if self._control.pausing and self._asked_after_pause(position, f"pen {pen.id}") == "next pen":
                self._seconds_left[position] = 0.0
                return
        swap = PenSwap(
            leg.number + 1,
            len(self._plan.passes),
            pen,
            len(leg.indices),
            float(leg.mm.sum()),
            self._seconds_left[position] * self._pace.ratio,
            self._machine.hardware,
        )
        with self._asking():
            self._prompts.mount(swap)
        self._journal.record("mounted", pen.id)
        self._reopen()
        begin = 0
        while begin < len(leg.indices):
            self._report(position)
            stopped = self._draw(position, leg, begin)
            if stopped is None:
                return
            begin = leg.indices.index(stopped.index)
            self._take_over_partial(position, leg, begin, stopped.drawn_mm)
            begin += stopped.index in self._journal.executed
            if self._asked_after_pause(position, f"stroke {stopped.index}") == "next pen":
                self._seconds_left[position] = 0.0
                return

    def _reopen(self) -> None:
        """Write down what is to be drawn again, once it certainly will be: a wish that was declined must
        not go back twice when it is repeated."""
        if self._redraw:
            self._journal.reopen(self._redraw.items())
            self._redraw = {}
            _, self._pass_mm_done, self._pass_done = _ink_so_far(self._plan, self._journal, self._lengths)

    def _asked_after_pause(self, position: int, where: str) -> Answer:
        """Park, ask the person how to go on, and leave from here if that is not at all."""
        self._park()
        self._journal.record("paused", where)
        with self._asking():
            answer = self._prompts.paused(self._where(position))
        if answer == "stop":
            raise Paused(f"Paused, pen up. {_how_far(self._job, self._journal)}")
        self._journal.record("went on", answer)
        self._control.clear()
        return answer

    def _draw(self, position: int, leg: _Leg, begin: int) -> PausedAt | None:
        """Have the machine draw a leg from its stroke number `begin` on, journalling each stroke."""
        upcoming = iter(range(begin, len(leg.indices)))
        last = time.monotonic()

        def on_executed(index: int) -> None:
            nonlocal last
            number = next(upcoming)
            if leg.indices[number] != index:
                raise RuntimeError(f"the machine reported stroke {index} instead of {leg.indices[number]}")
            now = time.monotonic()
            took, last = now - last, now
            self._journal.record_executed(index, float(self._lengths[index]), took)
            self._count(position, leg, number, took)
            self._report(position)

        strokes = zip(leg.indices[begin:], leg.strokes[begin:], strict=True)
        self._machine.mount(leg.one_pass.pen)
        return self._machine.plot(strokes, on_executed, self._control)

    def _count(self, position: int, leg: _Leg, number: int, took: float) -> None:
        planned, mm = float(leg.seconds[number]), float(leg.mm[number])
        self._pace.observe(planned, took)
        self._seconds_left[position] -= planned
        self._pass_mm_done[leg.number] += mm
        self._pass_done[leg.number] += 1
        self._drawn += 1
        self._drawn_mm += mm
        self._machine_s += took

    def _take_over_partial(self, position: int, leg: _Leg, number: int, drawn_mm: float) -> None:
        """Write down a stroke that was stopped inside, and leave its rest to be drawn."""
        if drawn_mm <= 0:
            return
        index = leg.indices[number]
        drawn_mm = min(drawn_mm, float(leg.mm[number]))
        offset = leg.offsets[number] + drawn_mm
        if leg.mm[number] - drawn_mm <= ALMOST_MM:
            self._journal.record_executed(index, float(self._lengths[index]))
            self._count(position, leg, number, float(leg.seconds[number]))
            return
        self._journal.record_partial(index, offset)
        rest = rest_of(leg.strokes[number], drawn_mm)
        seconds, mm = planned_seconds([rest], leg.one_pass, self._plan.motion)
        self._seconds_left[position] += float(seconds[0]) - float(leg.seconds[number])
        self._pass_mm_done[leg.number] += drawn_mm
        self._drawn_mm += drawn_mm
        leg.offsets[number], leg.strokes[number] = offset, rest
        leg.seconds[number], leg.mm[number] = seconds[0], mm[0]

    def _report(self, position: int) -> None:
        self._progress(self._where(position))

    def _where(self, position: int) -> Progress:
        leg = self._legs[position]
        ratio = self._pace.ratio
        left = max(self._seconds_left[position], 0.0) * ratio
        later = max(sum(self._seconds_left[position + 1 :]), 0.0) * ratio
        swaps = (len(self._legs) - position - 1) * self._plan.motion.swap_s
        return Progress(
            number=leg.number + 1,
            of=len(self._plan.passes),
            pen=leg.one_pass.pen,
            strokes_done=sum(self._pass_done),
            strokes_total=self._plan.stroke_count,
            mm_done=sum(self._pass_mm_done),
            mm_total=sum(self._pass_mm_total),
            seconds_left=left + later + swaps,
            pen_strokes_done=self._pass_done[leg.number],
            pen_strokes_total=len(leg.one_pass.strokes),
            pen_mm_done=self._pass_mm_done[leg.number],
            pen_mm_total=self._pass_mm_total[leg.number],
            pen_seconds_left=left,
        )

    def _park(self) -> None:
        """Pen up and out of the way; where that is, for a resume."""
        self._machine.park()
        if isinstance(self._machine, KeepsPosition):
            x, y = self._machine.position_mm()
            self._journal.record("parked", f"{x:.3f} {y:.3f}")

    @contextlib.contextmanager
    def _leaving_resumably(self) -> Iterator[None]:
        """Lift the pen however the plot ends, and say how to go on where that is possible."""
        try:
            try:
                yield
            except (KeyboardInterrupt, Cancelled) as error:
                self._park()
                raise _declined(self._job, self._journal) from error
            except Paused:
                self._park()
                raise
        except (Paused, Cancelled):
            raise
        except LinkLost as error:
            with contextlib.suppress(Exception):
                self._machine.lift()
            with contextlib.suppress(PlotbotError):
                self._journal.record("link lost", str(error))
            raise LinkLost(f"{error} {_how_far(self._job, self._journal)}") from error
        except BaseException:
            with contextlib.suppress(Exception):
                self._machine.lift()
            raise


def _how_far(job: Job, journal: Journal) -> str:
    return (
        f"{len(journal.executed)} of {journal.strokes} strokes are ink. Go on with: {resume_line(job.folder)}"
    )


def _declined(job: Job, journal: Journal) -> PlotbotError:
    """The person said no: a pause when there is ink already, else as if nothing had been asked."""
    if journal.begun:
        return Paused(f"Stopped, pen up. {_how_far(job, journal)}")
    return Cancelled(f"Cancelled, nothing was drawn. To plot it: {resume_line(job.folder)}")


@contextlib.contextmanager
def _journal(job: Job, plan: Plan, selection: Selection) -> Iterator[Journal]:
    """The job's journal; a damaged one is set aside once the person has said which strokes are ink."""
    try:
        journal = job.journal()
    except JournalDamaged:
        if selection.from_stroke is None or selection.only_pen is not None:
            raise
        drawn = islice(plan.strokes(), selection.from_stroke)
        journal = job.renew_journal([stroke.length_mm for _, _, stroke in drawn])
    if journal.strokes != plan.stroke_count:
        journal.close()
        raise JobMismatch(
            f"The journal in {job.folder} counts {journal.strokes} strokes, its plan {plan.stroke_count}."
        )
    with journal:
        yield journal


def _position_kept(machine: Machine, journal: Journal) -> bool | None:
    """Whether the machine still knows where it is since ink was drawn; None when nobody can tell."""
    if not journal.begun or not isinstance(machine, KeepsPosition):
        return None
    events = journal.events()
    if events and events[-1].kind == "parked":
        x, y = events[-1].text.split()
        return machine.position_kept((float(x), float(y)))
    return machine.position_kept(None)


def _geometry(plan: Plan) -> npt.NDArray[np.float64]:
    """Length of every stroke of the plan in mm."""
    points, offsets = flatten([stroke.points for _, _, stroke in plan.strokes()])
    return stroke_seconds(points / 1000.0, offsets, 1.0, 1.0, 0.0)[0]


def _legs(plan: Plan, wanted: list[int], drawn_mm: Mapping[int, float]) -> list[_Leg]:
    """The strokes to draw, pass by pass, each from where it is ink; passes without any are left out."""
    chosen, legs, first = set(wanted), [], 0
    for number, one_pass in enumerate(plan.passes):
        indices = [first + k for k in range(len(one_pass.strokes)) if first + k in chosen]
        if indices:
            offsets = [drawn_mm.get(index, 0.0) for index in indices]
            strokes = [
                rest_of(one_pass.strokes[index - first], offset)
                if offset
                else one_pass.strokes[index - first]
                for index, offset in zip(indices, offsets, strict=True)
            ]
            seconds, mm = planned_seconds(strokes, one_pass, plan.motion)
            legs.append(_Leg(number, one_pass, indices, offsets, strokes, seconds, mm))
        first += len(one_pass.strokes)
    return legs


def _ink_so_far(
    plan: Plan, journal: Journal, lengths: npt.NDArray[np.float64]
) -> tuple[list[float], list[float], list[int]]:
    """Per pass: mm in all, mm that are ink, strokes that are ink."""
    executed = np.zeros(plan.stroke_count, dtype=bool)
    executed[list(journal.executed)] = True
    ink = np.where(executed, lengths, 0.0)
    for index, drawn_mm in journal.drawn_mm.items():
        ink[index] = drawn_mm
    ends = np.cumsum([0, *(len(one.strokes) for one in plan.passes)])
    parts = [slice(begin, end) for begin, end in pairwise(ends)]
    return (
        [float(lengths[part].sum()) for part in parts],
        [float(ink[part].sum()) for part in parts],
        [int(executed[part].sum()) for part in parts],
    )


def rest_of(stroke: Stroke, drawn_mm: float) -> Stroke:
    """What is left of a stroke of which `drawn_mm` are ink: the same path, from there to its end."""
    points = stroke.mm
    steps = np.diff(points, axis=0)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])
    drawn_mm = min(drawn_mm, float(along[-1]))
    first = [np.interp(drawn_mm, along, points[:, 0]), np.interp(drawn_mm, along, points[:, 1])]
    keep = along > drawn_mm
    keep[-1] = True
    return Stroke.from_mm(np.concatenate([[first], points[keep]]), stroke.sources)


@contextlib.contextmanager
def _stop_on_signals(control: Control) -> Iterator[Asking]:
    """Turn Ctrl-C and the end of the terminal into requests to stop, except while a person is asked.

    Yields a context manager to ask in, where Ctrl-C is what it was before. Only the main thread can do
    this; elsewhere signals stay as they are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield contextlib.nullcontext
        return

    def request(number: int, frame: FrameType | None) -> None:
        if control.pausing or number != signal.SIGINT:
            control.halt()
        else:
            control.pause()

    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in numbers}

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def listen() -> None:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # nohup: the end of the terminal is not to stop the plot
                signal.signal(number, request)

    @contextlib.contextmanager
    def asking() -> Iterator[None]:
        put_back()
        try:
            yield
        finally:
            listen()

    listen()
    try:
        yield asking
    finally:
        put_back()
