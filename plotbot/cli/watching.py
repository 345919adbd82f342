"""Follow a plot in the browser: the live report of a job, served while a block runs."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

from plotbot.cli.making import machine_clock
from plotbot.errors import BadInput
from plotbot.job.folder import LOCK, Job
from plotbot.job.journal import Journal
from plotbot.job.lock import is_locked
from plotbot.job.requests import ask, awaited
from plotbot.machine.handling import within
from plotbot.machine.profile import Profile, find_profile
from plotbot.preview.live import LOOPBACK, Address, Status, serving
from plotbot.preview.report import report_page

__all__ = ["live_report", "planned_for", "status_of"]

_LAST_LOOK_S = 2.0


@contextmanager
def live_report(
    job: Job, *, host: str = LOOPBACK, port: int = 0, profile: Profile | None = None
) -> Iterator[Address]:
    """Serve the report of a job, following its journal. A page that is open sees how the plot ended.

    profile: the machine, where it is known, for the times on the page.
    """
    title = job.about.title or job.folder.name
    provenance = {"Command": shlex.join(job.about.command), "Job": str(job.folder)}
    page = report_page(
        job.plan,
        title=title,
        provenance={key: text for key, text in provenance.items() if text},
        live=True,
        clock=None if profile is None else machine_clock(within(profile, job.plan.motion))(job.plan),
    )
    with serving(page, lambda: status_of(job), lambda request: ask(job, request), host=host, port=port) as at:
        try:
            yield at
        finally:
            ended = time.monotonic()
            while at.seen > ended - 5 and at.seen <= ended and time.monotonic() < ended + _LAST_LOOK_S:
                time.sleep(0.05)


def planned_for(job: Job) -> Profile | None:
    """The machine that a job was planned for; None when its profile is not found any more."""
    try:
        return find_profile(str(job.about.settings.get("machine", "")))
    except BadInput:
        return None


def status_of(job: Job) -> Status:
    """How far a job is at this moment; raises `PlotbotError` when its journal cannot be read."""
    plotting = is_locked(job.folder / LOCK)
    with job.journal(read_only=True) as journal:
        done, count = _runs(journal), len(journal.executed)
        sessions, complete, begun = journal.sessions(), journal.complete, journal.begun
        events = [event for event in journal.events() if sessions and event.session == sessions[-1].id]
    latest = events[-1].kind if events else ""
    how_far = f"{count} of {job.plan.stroke_count} strokes are ink"
    if plotting:
        return _while_plotting(job, latest, how_far, done)
    if complete:
        return Status("done", "Done: all strokes are ink.", done)
    if begun or sessions:
        resume = f"plotbot resume {shlex.quote(str(_short(job.folder)))}"
        return Status("unfinished", f"Not being plotted; {how_far}. Go on with: {resume}", done)
    return Status("planned", "Not begun yet.", done)


def _while_plotting(job: Job, latest: str, how_far: str, done: tuple[tuple[int, int], ...]) -> Status:
    """latest: what happened last in this session besides ink, as the journal calls it."""
    if latest == "paused" and awaited(job):
        return Status("paused", f"Paused, pen up; {how_far}.", done, can_go_on=True)
    if latest == "paused":
        return Status("paused", f"Paused at the plotter, which is asked how to go on; {how_far}.", done)
    if latest in ("", "parked"):
        return Status("plotting", f"Waiting for an answer at the plotter; {how_far}.", done)
    return Status("plotting", f"Plotting; {how_far}.", done, can_pause=True)


def _runs(journal: Journal) -> tuple[tuple[int, int], ...]:
    """The strokes that are ink as runs: first and last of each."""
    ink = sorted(journal.executed)
    if not ink:
        return ()
    breaks = [k for k, (one, following) in enumerate(pairwise(ink), 1) if following != one + 1]
    starts, ends = [0, *breaks], [*breaks, len(ink)]
    return tuple((ink[start], ink[end - 1]) for start, end in zip(starts, ends, strict=True))


def _short(folder: Path) -> Path:
    try:
        return folder.relative_to(Path.cwd())
    except (ValueError, OSError):
        return folder
