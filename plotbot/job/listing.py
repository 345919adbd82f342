"""Find jobs: what lies in a folder of jobs, how far each is, and which one to go on with."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from plotbot.errors import BadInput, PlotbotError
from plotbot.job.folder import ABOUT, LOCK, Job, open_job
from plotbot.job.lock import is_locked

__all__ = ["JobStatus", "State", "find_jobs", "job_status", "last_unfinished"]

State: TypeAlias = Literal["planned", "plotting", "unfinished", "done", "broken"]
"""*planned*: never plotted; *plotting*: by some process at this moment; *broken*: see `problem`."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One line of `plotbot jobs`. Counts are None where a broken job does not tell."""

    folder: Path
    state: State
    title: str = ""
    created: dt.datetime | None = None
    last_used: dt.datetime | None = None
    strokes: int | None = None
    executed: int | None = None
    how_ended: str | None = None
    problem: str = ""


def find_jobs(jobs: Path) -> list[JobStatus]:
    """Every job in the folder `jobs`, last used first; none where there is no such folder."""
    if not jobs.exists():
        return []
    try:
        folders = [entry for entry in jobs.iterdir() if not entry.name.startswith(".")]
        found = [job_status(folder) for folder in folders if (folder / ABOUT).is_file()]
    except OSError as error:
        raise BadInput(f"The folder of jobs {jobs} cannot be read: {error.strerror or error}.") from error
    beginning = dt.datetime.min.replace(tzinfo=dt.UTC)
    return sorted(found, key=lambda one: (one.last_used or beginning, one.folder.name), reverse=True)


def job_status(folder: Path) -> JobStatus:
    """How far one job is; a job that cannot be read is *broken*, not an error."""
    try:
        job = open_job(folder)
    except PlotbotError as error:
        return JobStatus(folder, "broken", problem=str(error))
    title, created = job.about.title, job.about.created.astimezone(dt.UTC)
    try:
        with job.journal(read_only=True) as journal:
            sessions = journal.sessions()
            executed, strokes, complete = len(journal.executed), journal.strokes, journal.complete
    except PlotbotError as error:
        return JobStatus(job.folder, "broken", title, created, created, problem=str(error))
    state: State = "done" if complete else "unfinished" if sessions else "planned"
    if is_locked(job.folder / LOCK):
        state = "plotting"
    last = max([created, *(_time(one.ended or one.began) for one in sessions)])
    how = sessions[-1].how or ("running" if state == "plotting" else "killed") if sessions else None
    return JobStatus(job.folder, state, title, created, last, strokes, executed, how)


def last_unfinished(jobs: Path) -> Job:
    """The job to go on with when none is named: the one last used of those begun and not finished.

    Raises `BadInput` when there is none, naming a job that was planned and never begun if there is one.
    """
    found = find_jobs(jobs)
    for status in found:
        if status.state == "unfinished":
            return open_job(status.folder)
    message = f"There is no unfinished job in {jobs}."
    for state, hint in (
        ("plotting", "is being plotted at this moment"),
        ("planned", "was planned and never begun: plotbot resume {folder}"),
        ("broken", "cannot be read: {problem}"),
    ):
        for status in found:
            if status.state == state:
                shown = hint.format(folder=status.folder, problem=status.problem)
                raise BadInput(f"{message} {status.folder.name} {shown}")
    raise BadInput(f"{message} Make one with plotbot draw, or name a job folder.")


def _time(seconds: float) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
