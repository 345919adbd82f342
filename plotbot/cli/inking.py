"""Keep the ink ledger while plotting: warn before a pen runs dry, write down what was drawn.

Only plots on hardware count. A ledger that cannot be used is said, and never in the way of a plot.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from plotbot.cli.console import people
from plotbot.errors import PlotbotError
from plotbot.job.folder import Job
from plotbot.machine.base import Machine
from plotbot.pens.ledger import Ledger
from plotbot.pens.model import Pen
from plotbot.plan.capacity import begins_fresh

__all__ = ["counted_ink", "dry_warnings"]

_Ink: TypeAlias = dict[str, tuple[float, int]]
"""Metres and strokes by pen."""


@contextmanager
def counted_ink(job: Job, machine: Machine) -> Iterator[Callable[[Pen], None]]:
    """Count what the block draws of a job, however it ends, as ink of the pens it was drawn with.

    Gives what to call when a fresh pen has taken the place of one that is nearly dry.
    """
    if not machine.hardware:
        yield lambda pen: None
        return
    try:
        before = _ink_of(job)
        for warning in dry_warnings(job):
            people.print(f"[yellow]{warning}[/yellow]", soft_wrap=True)
    except PlotbotError:
        before = {}  # a damaged journal: the runner says so, and what to do

    def count(fresh: Pen | None = None) -> None:
        try:
            _record(job, before)
            if fresh is not None:
                with Ledger() as ledger:
                    ledger.refill(job.plan.inventory, fresh.id)
        except PlotbotError as error:
            people.print(f"The ink of this plot was not counted: {error}", soft_wrap=True)

    try:
        yield count
    finally:
        count()


def dry_warnings(job: Job) -> list[str]:
    """A sentence for each layer of what is left of a job that its pen will not last for."""
    with job.journal(read_only=True) as journal:
        executed = set(journal.executed)
    left: dict[str, tuple[Pen, list[float]]] = {}
    first = 0
    for one in job.plan.passes:
        lengths = [
            stroke.length_mm for index, stroke in enumerate(one.strokes, first) if index not in executed
        ]
        first += len(one.strokes)
        if lengths:  # further passes with the same pen begin with a fresh one, and so may the first
            fresh = begins_fresh(one) and len(lengths) == len(one.strokes)
            left.setdefault(one.pen.id, (one.pen, [] if fresh else lengths))
    with Ledger() as ledger:
        return ledger.warnings(job.plan.inventory, left.values())


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
