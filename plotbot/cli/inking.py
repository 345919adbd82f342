"""Keep the ink ledger while plotting: warn before a pen runs dry, write down what was drawn.

Only plots on hardware count. A ledger that cannot be used is said, and never in the way of a plot.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from plotbot.cli.console import people
from plotbot.errors import PlotbotError
from plotbot.job.folder import Job
from plotbot.machine.base import Machine
from plotbot.pens.ledger import Ledger

__all__ = ["counted_ink", "dry_warnings"]

_Ink: TypeAlias = dict[str, tuple[float, int]]
"""Metres and strokes by pen."""


@contextmanager
def counted_ink(job: Job, machine: Machine) -> Iterator[None]:
    """Count what the block draws of a job, however it ends, as ink of the pens it was drawn with."""
    if not machine.hardware:
        yield
        return
    try:
        before = _ink_of(job)
        for warning in dry_warnings(job):
            people.print(f"[yellow]{warning}[/yellow]", soft_wrap=True)
    except PlotbotError:
        before = {}  # a damaged journal: the runner says so, and what to do
    try:
        yield
    finally:
        try:
            _record(job, before)
        except PlotbotError as error:
            people.print(f"The ink of this plot was not counted: {error}", soft_wrap=True)


def dry_warnings(job: Job) -> list[str]:
    """A sentence for each layer of what is left of a job that its pen will not last for."""
    with job.journal(read_only=True) as journal:
        executed = set(journal.executed)
    left: dict[str, list[float]] = {one.pen.id: [] for one in job.plan.passes}
    for index, one, stroke in job.plan.strokes():
        if index not in executed:
            left[one.pen.id].append(stroke.length_mm)
    with Ledger() as ledger:
        return ledger.warnings(
            job.plan.inventory, [(one.pen, left[one.pen.id]) for one in job.plan.passes if left[one.pen.id]]
        )


def _record(job: Job, before: _Ink) -> None:
    with job.journal(read_only=True) as journal:
        sessions = journal.sessions()
    name, drawn = str(job.folder.resolve()), _ink_of(job)
    if any(session.machine.startswith("virtual") for session in sessions):
        # Part of this job is ink on no paper: only what was drawn just now counts.
        name = f"{name}#{len(sessions)}"
        none = (0.0, 0)
        drawn = {
            pen: (max(0.0, ink[0] - before.get(pen, none)[0]), max(0, ink[1] - before.get(pen, none)[1]))
            for pen, ink in drawn.items()
        }
    with Ledger() as ledger:
        for pen, (metres, lifts) in drawn.items():
            ledger.record(name, job.plan.inventory, pen, metres, lifts)


def _ink_of(job: Job) -> _Ink:
    """What is ink of a job now. A stroke drawn twice counts once: pens give no receipt for a second go."""
    with job.journal(read_only=True) as journal:
        drawn = dict(journal.ink_in_order())
    total: _Ink = {}
    for index, one, _ in job.plan.strokes():
        if index in drawn:
            metres, lifts = total.get(one.pen.id, (0.0, 0))
            total[one.pen.id] = (metres + drawn[index] / 1000, lifts + 1)
    return total
