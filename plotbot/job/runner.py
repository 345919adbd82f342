"""Plot a job: mount each pen, draw what is not ink yet, write down what has become ink.

Every way out of `run` that the host can still control lifts the pen, parks it, and leaves a journal
from which the next `run` goes on with the same frozen plan.
"""

from __future__ import annotations

import contextlib
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol, runtime_checkable

from plotbot.errors import Cancelled, JobMismatch, LinkLost, Paused, PlotbotError
from plotbot.job.asking import Answer, DrawAt, PenSwap, Progress, Prompter, Start
from plotbot.job.folder import Job
from plotbot.job.inhibit import awake
from plotbot.job.journal import Journal, JournalDamaged
from plotbot.job.legs import ALMOST_MM, Leg, Tally, make_legs, stroke_lengths
from plotbot.job.pace import Pace
from plotbot.job.selection import Selection, choose, spans_to_redraw
from plotbot.job.stopping import Asking, stop_on_signals
from plotbot.machine.base import Control, Machine, PausedAt
from plotbot.plan.model import Plan

__all__ = [
    "Answer",
    "DrawAt",
    "KeepsPosition",
    "Outcome",
    "PenSwap",
    "Progress",
    "Prompter",
    "Start",
    "resume_line",
    "run",
]


_DRYING_TICK_S = 0.1


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
            asking = stack.enter_context(stop_on_signals(control, say))
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
                say=say,
            )
            return plot.run()


def resume_line(folder: Path) -> str:
    """What to type to go on with a job."""
    with contextlib.suppress(ValueError, OSError):
        folder = folder.relative_to(Path.cwd())
    return f"plotbot resume {shlex.quote(str(folder))}"


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
        say: Callable[[str], None] | None,
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
        self._say = say
        self._pass_ended = time.monotonic() - _seconds_since(journal)
        same_machine = bool(journal.sessions()) and journal.sessions()[-1].machine == machine.name
        pace = Pace(plan, journal.observed if same_machine else {})
        self._redraw = redraw
        self._lengths = stroke_lengths(plan)
        self._legs = make_legs(plan, wanted, {**journal.drawn_mm, **redraw})
        self._tally = Tally(plan, self._legs, journal, pace)

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
            _cut_off(self._journal, self._legs[0].indices[0]),
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
        return Outcome(self._tally.strokes, self._tally.ink_mm, self._tally.seconds, remaining)

    def _draw_leg(self, position: int, leg: Leg) -> None:
        pen = leg.one_pass.pen
        if position > 0:
            self._park()
            self._pass_ended = time.monotonic()
            if self._control.pausing and self._is_next_pen_asked_for(position, f"pen {pen.id}"):
                self._tally.leave(position)
                return
        if leg.one_pass.pause or not self._tally.keeps_pen(position):
            with self._asking():
                self._prompts.mount(self._tally.swap(position, hardware=self._machine.hardware))
            self._journal.record("mounted", pen.id)
        self._reopen()
        self._delay(leg)
        begin = 0
        while begin < len(leg.indices):
            self._progress(self._tally.progress(position))
            self._let_dry(leg)
            stopped = self._draw(position, leg, begin)
            if stopped is None:
                return
            begin = leg.indices.index(stopped.index)
            self._take_over_partial(position, leg, begin, stopped.drawn_mm)
            begin += stopped.index in self._journal.executed
            if self._is_next_pen_asked_for(position, f"stroke {stopped.index}"):
                self._tally.leave(position)
                return

    def _let_dry(self, leg: Leg) -> None:
        """Wait until the ink that this pass crosses is dry, or a stop is asked for; virtual ink always is."""
        dry_at = self._pass_ended + leg.one_pass.wait_s
        left = dry_at - time.monotonic()
        if leg.number == 0 or left <= 0 or not self._machine.hardware:
            return
        if self._say is not None:
            self._say(f"Letting the ink dry for {left:.0f} s, before pen {leg.one_pass.pen} crosses it.")
        self._wait_until(dry_at)

    def _delay(self, leg: Leg) -> None:
        """Stand still as long as the layer asks for, or until a stop is asked for; like drying, a virtual
        machine does not."""
        if self._machine.hardware and leg.one_pass.delay_s:
            self._wait_until(time.monotonic() + leg.one_pass.delay_s)

    def _wait_until(self, moment: float) -> None:
        while (left := moment - time.monotonic()) > 0 and not self._control.pausing:
            time.sleep(min(left, _DRYING_TICK_S))

    def _reopen(self) -> None:
        """Write down what is to be drawn again, once it certainly will be: a wish that was declined must
        not go back twice when it is repeated."""
        if self._redraw:
            self._journal.reopen(self._redraw.items())
            self._redraw = {}
            self._tally.recount(self._journal)

    def _is_next_pen_asked_for(self, position: int, where: str) -> bool:
        """Park and ask the person how to go on: with this leg, with the next one, or not at all."""
        self._park()
        self._journal.record("paused", where)
        answer: Answer = "stop"
        if not self._control.leaving:
            with self._asking():
                answer = self._prompts.paused(self._tally.progress(position))
        if answer == "stop":
            raise Paused(f"Paused, pen up. {_how_far(self._job, self._journal)}")
        self._control.clear()
        if isinstance(answer, DrawAt):
            self._legs[position].draw_at(answer.down_height)
            self._journal.record("went on", f"at pen height {answer.down_height:g} %")
            return False
        self._journal.record("went on", answer)
        return answer == "next pen"

    def _draw(self, position: int, leg: Leg, begin: int) -> PausedAt | None:
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
            self._tally.executed(position, number, took)
            self._progress(self._tally.progress(position))

        strokes = zip(leg.indices[begin:], leg.strokes[begin:], strict=True)
        self._machine.mount(leg.one_pass.pen)
        return self._machine.plot(strokes, on_executed, self._control)

    def _take_over_partial(self, position: int, leg: Leg, number: int, drawn_mm: float) -> None:
        """Write down a stroke that was stopped inside, and leave its rest to be drawn."""
        if drawn_mm <= 0:
            return
        index = leg.indices[number]
        if leg.mm[number] - drawn_mm <= ALMOST_MM:
            self._journal.record_executed(index, float(self._lengths[index]))
            self._tally.executed(position, number, float(leg.seconds[number]))
        else:
            self._journal.record_partial(index, leg.offsets[number] + drawn_mm)
            self._tally.cut(position, number, drawn_mm)

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


def _seconds_since(journal: Journal) -> float:
    """How long ago the run before ended, by the clock on the wall; 0 when nobody knows."""
    sessions = journal.sessions()
    ended = sessions[-1].ended if sessions else None
    return 0.0 if ended is None else max(time.time() - ended, 0.0)


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


def _cut_off(journal: Journal, first: int) -> int | None:
    """The first stroke to draw, where the last plot had no time to write down whether it was ink."""
    sessions = journal.sessions()
    cut = bool(sessions) and sessions[-1].how not in {"paused", "cancelled", "done", "part done"}
    return first if cut and first not in journal.executed and first not in journal.drawn_mm else None


def _position_kept(machine: Machine, journal: Journal) -> bool | None:
    """Whether the machine still knows where it is since ink was drawn; None when nobody can tell."""
    if not journal.begun or not isinstance(machine, KeepsPosition):
        return None
    events = journal.events()
    if events and events[-1].kind == "parked":
        x, y = events[-1].text.split()
        return machine.position_kept((float(x), float(y)))
    return machine.position_kept(None)
