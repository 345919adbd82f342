"""Plot a job from a command: choose the machine, show progress, say how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn

from plotbot.cli.console import minutes, people
from plotbot.cli.durations import parse_duration
from plotbot.cli.inking import counted_ink
from plotbot.cli.keys import HINT, Keys
from plotbot.cli.prompts import TerminalPrompter
from plotbot.errors import BadInput
from plotbot.job import runner
from plotbot.job.folder import INK, Job
from plotbot.job.requests import AttendedPrompter, attending
from plotbot.job.selection import Selection
from plotbot.machine.base import Control
from plotbot.machine.handling import within
from plotbot.machine.opening import AUTO, connected_profile, open_machine
from plotbot.machine.ports import find_ports
from plotbot.machine.profile import Profile, find_profile

__all__ = ["Plotter", "check_live", "choose_plotter", "plot_job", "stop_seconds"]

_LONGEST_PLOT_S = 30 * 24 * 3600.0
_LINE_EVERY_S = 20.0
"""How often progress is said where there is no terminal to draw a bar in."""


@dataclass(frozen=True, slots=True)
class Plotter:
    """The machine a plot will use, and how it is reached."""

    profile: Profile
    port: str | None = None
    driver: str | None = None
    speed: float | None = None

    @property
    def hardware(self) -> bool:
        """Something real moves."""
        return self.profile.kind != "virtual"


def choose_plotter(
    name: str,
    *,
    port: str | None = None,
    driver: str | None = None,
    speed: float | None = None,
    moves: bool = True,
) -> Plotter:
    """The plotter that options and settings name.

    moves: False for a dry run, which then looks at no port: an automatic choice plans for the virtual
    machine. Raises `BadInput` for options that do not go together, `NoPlotter` when none is connected.
    """
    if name == AUTO and not moves:
        name = "virtual"
    if name == AUTO and port is None:
        profile, port = connected_profile()
    elif name == AUTO:
        profile, _ = connected_profile(lambda: [one for one in find_ports() if one.device == port])
    else:
        profile = find_profile(name)
    plotter = Plotter(profile, port, driver, speed)
    if speed is not None and plotter.hardware:
        raise BadInput(f"--speed is for the virtual machine; {profile.name} moves as its profile says.")
    open_machine(profile, port=port, driver=driver)
    return plotter


def stop_seconds(stop_after: str | None, *, moves: bool = True) -> float | None:
    """What --stop-after says; raises `BadInput` when that is no time, or where nothing moves."""
    if stop_after is None:
        return None
    if not moves:
        raise BadInput(f"Nothing is plotted with --dry-run, so it cannot stop after {stop_after}.")
    return parse_duration(stop_after, "--stop-after", most_s=_LONGEST_PLOT_S)


def check_live(live: bool, *, moves: bool) -> None:
    """Refuse --live where nothing is plotted; raises `BadInput`."""
    if live and not moves:
        raise BadInput("Nothing is plotted with --dry-run, so there is nothing to follow with --live.")


def plot_job(
    job: Job,
    plotter: Plotter,
    *,
    yes: bool = False,
    selection: Selection | None = None,
    stop_s: float | None = None,
    live: bool = False,
) -> dict[str, Any]:
    """Draw what is left of a job; returns its outcome for JSON. Raises what `plotbot.job.runner.run` does.

    stop_s: pause at the end of the stroke that is drawn so many seconds after the first pen was mounted,
    by the clock on the wall. live: serve the report meanwhile, following the plot. However it is plotted,
    `plotbot watch` of another process may ask for a pause.
    """
    machine = open_machine(
        within(plotter.profile, job.plan.motion),
        port=plotter.port,
        driver=plotter.driver,
        speed=1.0 if plotter.speed is None else plotter.speed,
        ink=job.path(INK),
        motion=job.plan.motion,
    )
    control = Control()
    with (
        counted_ink(job, machine) as count_fresh,
        attending(job, control) as attendant,
        _served(job, plotter.profile) if live else nullcontext(),
        _ProgressBars() as bars,
        Keys(control, people.print) as keys,
    ):

        def quiet() -> None:
            keys.rest()
            bars.hide()

        def show(where: runner.Progress) -> None:
            keys.listen()
            bars.show(where)

        def wait_for_page() -> None:
            quiet()
            people.print("Paused, pen up. Go on from the page, or press Ctrl-C to leave it resumable.")

        prompts = TerminalPrompter(
            yes=yes, before_asking=quiet, profile=plotter.profile, keys=keys, fresh=count_fresh
        )
        if keys.there:
            people.print(HINT)
        outcome = runner.run(
            job,
            machine,
            AttendedPrompter(prompts, attendant, wait_for_page),
            control,
            show if stop_s is None else _stopping(show, control, stop_s),
            selection=selection,
            say=people.print,
        )
    if outcome.complete:
        people.print(f"[bold green]Done.[/bold green] {outcome.strokes} strokes drawn now, all are ink.")
    else:
        people.print(f"{outcome.strokes} strokes drawn; {outcome.remaining} of the plan are not ink.")
    return {
        "strokes": outcome.strokes,
        "ink_mm": round(outcome.ink_mm, 3),
        "seconds": round(outcome.seconds, 3),
        "remaining": outcome.remaining,
        "complete": outcome.complete,
    }


@contextmanager
def _served(job: Job, profile: Profile) -> Iterator[None]:
    """Serve the report on this computer while the job is plotted, and say where."""
    from plotbot.cli.watching import live_report  # noqa: PLC0415

    with live_report(job, profile=profile) as at:
        people.print(f"Follow it at {at.url}", soft_wrap=True)
        yield


def _stopping(
    show: Callable[[runner.Progress], None], control: Control, stop_s: float
) -> Callable[[runner.Progress], None]:
    """Show progress, and ask for a pause once the time is up. The clock starts with the first progress."""
    end: float | None = None

    def watch(where: runner.Progress) -> None:
        nonlocal end
        show(where)
        if end is None:
            end = time.monotonic() + stop_s
        elif time.monotonic() >= end and not control.pausing:
            people.print(f"Pausing, as asked, after {minutes(stop_s)}.")
            control.leave()

    return watch


class _ProgressBars:
    """A bar for the mounted pen and one for the whole plot, or a line now and then without a terminal."""

    def __init__(self) -> None:
        self._live = people.is_terminal
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[done]}"),
            TextColumn("{task.fields[left]} left"),
            console=people,
            disable=not self._live,
            transient=True,
            expand=True,
        )
        self._pen_task = self._bars.add_task("", total=None, done="", left="", visible=False)
        self._whole_task = self._bars.add_task("", total=None, done="", left="", visible=False)
        self._said = 0.0

    def __enter__(self) -> _ProgressBars:
        return self

    def __exit__(self, *exc: object) -> None:
        self.hide()

    def hide(self) -> None:
        """Take the bars away, so that a question can be asked."""
        self._bars.stop()

    def show(self, where: runner.Progress) -> None:
        """Show how far the plot is."""
        pen = f"Pen {where.number}/{where.of} {where.pen}"
        whole = f"{where.strokes_done}/{where.strokes_total} strokes"
        metres = f"{where.mm_done / 1000:.1f}/{where.mm_total / 1000:.1f} m"
        if not self._live:
            if time.monotonic() - self._said >= _LINE_EVERY_S:
                self._said = time.monotonic()
                people.print(f"{pen}: {whole}, {metres}, {minutes(where.seconds_left)} left", soft_wrap=True)
            return
        if not self._bars.live.is_started:
            self._bars.start()
        self._bars.update(
            self._pen_task,
            description=pen,
            completed=where.pen_mm_done,
            total=max(where.pen_mm_total, 1e-9),
            done=f"{where.pen_strokes_done}/{where.pen_strokes_total} strokes "
            f"{where.pen_mm_done / 1000:.1f}/{where.pen_mm_total / 1000:.1f} m",
            left=minutes(where.pen_seconds_left),
            visible=True,
        )
        self._bars.update(
            self._whole_task,
            description="In all",
            completed=where.mm_done,
            total=max(where.mm_total, 1e-9),
            done=f"{whole} {metres}",
            left=minutes(where.seconds_left),
            visible=True,
        )
