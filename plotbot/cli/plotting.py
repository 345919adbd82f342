"""Plot a job from a command: choose the machine, show progress, say how it ended."""

from __future__ import annotations

import time
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn

from plotbot.cli.console import minutes, people
from plotbot.cli.prompts import TerminalPrompter, check_answerable
from plotbot.errors import BadInput
from plotbot.job import runner
from plotbot.job.folder import INK, Job
from plotbot.job.selection import Selection
from plotbot.machine.base import Control, Machine
from plotbot.machine.profile import Profile, find_profile

__all__ = ["choose_profile", "plot_job"]

_LINE_EVERY_S = 20.0
"""How often progress is said where there is no terminal to draw a bar in."""


def choose_profile(name: str, *, speed: float | None, yes: bool, json: bool) -> Profile:
    """The machine profile a plot will use, checked together with the options before any work is done."""
    profile = find_profile(name)
    if speed is not None and profile.kind != "virtual":
        raise BadInput(f"--speed is for the virtual machine; {profile.name} moves as its profile says.")
    check_answerable(hardware=profile.kind != "virtual", yes=yes, json=json)
    return profile


def plot_job(
    job: Job,
    profile: Profile,
    *,
    port: str | None = None,
    speed: float | None = None,
    yes: bool = False,
    selection: Selection | None = None,
) -> dict[str, Any]:
    """Draw what is left of a job; returns its outcome for JSON. Raises what `plotbot.job.runner.run` does."""
    machine = _open(job, profile, port, speed)
    with _ProgressBars() as bars:
        outcome = runner.run(
            job,
            machine,
            TerminalPrompter(yes=yes, before_asking=bars.hide),
            Control(),
            bars.show,
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


def _open(job: Job, profile: Profile, port: str | None, speed: float | None) -> Machine:
    from plotbot.machine.opening import open_machine  # noqa: PLC0415

    return open_machine(
        profile, port=port, speed=1.0 if speed is None else speed, ink=job.path(INK), motion=job.plan.motion
    )


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
