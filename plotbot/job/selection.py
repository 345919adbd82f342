"""Which strokes a run draws: by default all that are not ink yet, or a span that the person names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from plotbot.errors import BadInput
from plotbot.job.journal import Journal
from plotbot.plan.model import Plan

__all__ = ["Selection", "choose", "spans_to_redraw"]


@dataclass(frozen=True, slots=True)
class Selection:
    """A span of a plan. Strokes count from 0 in drawing order, pens are named by id.

    from_stroke, from_pen: draw everything from this stroke (this pen's first stroke) on, again where it
    is ink already. to_stroke: nothing after this stroke. only_pen: only strokes of this pen; by itself
    it draws what is left of that pen, with one of the two above that pen's strokes again.
    redo_last_mm: go back this far along the ink that was drawn last, for a pen that skipped.
    """

    from_stroke: int | None = None
    from_pen: str | None = None
    to_stroke: int | None = None
    only_pen: str | None = None
    redo_last_mm: float = 0.0

    def check(self, plan: Plan) -> None:
        """Raise `BadInput` when a stroke or pen is not in the plan, or options contradict each other."""
        last = plan.stroke_count - 1
        if last < 0:
            raise BadInput("The plan of this job has no strokes, so there is nothing to draw.")
        for option, stroke in (("--from-stroke", self.from_stroke), ("--to-stroke", self.to_stroke)):
            if stroke is not None and not 0 <= stroke <= last:
                raise BadInput(f"{option} {stroke} is not in the plan, whose strokes are 0 to {last}.")
        pens = [one.pen.id for one in plan.passes]
        for option, pen in (("--from-pen", self.from_pen), ("--pen", self.only_pen)):
            if pen is not None and pen not in pens:
                raise BadInput(f"{option} {pen!r} is not in the plan, whose pens are {', '.join(pens)}.")
        if self.from_stroke is not None and self.from_pen is not None:
            raise BadInput("--from-stroke and --from-pen both say where to begin; give one of them.")
        if not (math.isfinite(self.redo_last_mm) and self.redo_last_mm >= 0):
            raise BadInput(f"--redo-last {self.redo_last_mm:g} mm must be 0 mm or more.")
        if self.redo_last_mm and (self.from_stroke is not None or self.from_pen is not None):
            raise BadInput("--redo-last goes back from the last ink; leave out --from-stroke and --from-pen.")
        if not any(self._spans(plan)):
            raise BadInput(
                "No stroke of the plan lies in the chosen span; --from, --to and --pen exclude each other."
            )

    def strokes(self, plan: Plan) -> list[int]:
        """The strokes of the span, in drawing order."""
        return [index for index, inside in enumerate(self._spans(plan)) if inside]

    def _spans(self, plan: Plan) -> list[bool]:
        begin = self.from_stroke or 0
        inside, reached = [], self.from_pen is None
        for index, one_pass, _ in plan.strokes():
            reached = reached or one_pass.pen.id == self.from_pen
            inside.append(
                reached
                and index >= begin
                and (self.to_stroke is None or index <= self.to_stroke)
                and self.only_pen in (None, one_pass.pen.id)
            )
        return inside


def spans_to_redraw(plan: Plan, journal: Journal, selection: Selection) -> list[tuple[int, float]]:
    """What of the ink is to be drawn again: strokes, each with the mm from its first point that stay."""
    if selection.from_stroke is not None or selection.from_pen is not None:
        begun = journal.executed | journal.drawn_mm.keys()
        return [(index, 0.0) for index in selection.strokes(plan) if index in begun]
    left, redraw = selection.redo_last_mm, []
    for index, drawn_mm in reversed(journal.ink_in_order()):
        if left <= 0:
            break
        back = min(left, drawn_mm)
        redraw.append((index, drawn_mm - back))
        left -= back
    return redraw


def choose(plan: Plan, journal: Journal, selection: Selection, redraw: Mapping[int, float]) -> list[int]:
    """The strokes to draw now, in drawing order: those of the span that are not ink or drawn again."""
    span = selection.strokes(plan)
    return [index for index in span if index in redraw or index not in journal.executed]
