"""The strokes of one run, pen by pen, and how far along it they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from plotbot.job.asking import PenSwap, Progress
from plotbot.job.journal import Journal
from plotbot.job.pace import Pace, planned_seconds
from plotbot.plan.capacity import begins_fresh
from plotbot.plan.model import Pass, Plan, Stroke
from plotbot.plan.motion import flatten, mounting_seconds, stroke_seconds

__all__ = ["ALMOST_MM", "Leg", "Tally", "make_legs", "rest_of", "stroke_lengths"]

ALMOST_MM = 0.001
"""What is left of a stroke below the plan's resolution counts as drawn."""


@dataclass
class Leg:
    """The strokes of pass `number` to draw now, each from where it is not ink yet.

    indices: their places in the plan; offsets: mm of each that are ink; seconds and mm: planned, per stroke.
    """

    number: int
    one_pass: Pass
    indices: list[int]
    offsets: list[float]
    strokes: list[Stroke]
    seconds: npt.NDArray[np.float64]
    mm: npt.NDArray[np.float64]

    def draw_at(self, down_height: float) -> None:
        """Draw the rest with the pen lowered to another height, in per cent; the plan stays as it is."""
        pen = self.one_pass.pen
        mechanical = pen.mechanical.model_copy(update={"down_height": down_height})
        self.one_pass = replace(self.one_pass, pen=pen.model_copy(update={"mechanical": mechanical}))


class Tally:
    """Strokes, mm and seconds of a run: what is done and what is left. `position` counts the legs."""

    def __init__(self, plan: Plan, legs: list[Leg], journal: Journal, pace: Pace) -> None:
        self.strokes = 0
        self.ink_mm = 0.0
        self.seconds = 0.0
        self._plan = plan
        self._legs = legs
        self._pace = pace
        self._lengths = stroke_lengths(plan)
        self._seconds_left = [float(leg.seconds.sum()) for leg in legs]
        self.recount(journal)

    def recount(self, journal: Journal) -> None:
        """Take over what the journal says is ink."""
        self._mm_total, self._mm_done, self._done = _ink_so_far(self._plan, journal, self._lengths)

    def executed(self, position: int, number: int, took_s: float) -> None:
        """Stroke `number` of a leg has become ink in so many seconds."""
        leg = self._legs[position]
        planned, mm = float(leg.seconds[number]), float(leg.mm[number])
        self._pace.observe(planned, took_s)
        # After the last stroke nothing is left, not even what rounding leaves.
        self._seconds_left[position] -= planned
        if number == len(leg.strokes) - 1:
            self._seconds_left[position] = 0.0
        self._mm_done[leg.number] += mm
        self._done[leg.number] += 1
        self.strokes += 1
        self.ink_mm += mm
        self.seconds += took_s

    def cut(self, position: int, number: int, drawn_mm: float) -> None:
        """Stroke `number` of a leg was stopped after `drawn_mm` more of it; the leg keeps its rest."""
        leg = self._legs[position]
        rest = rest_of(leg.strokes[number], drawn_mm)
        seconds, mm = planned_seconds([rest], leg.one_pass, self._plan.motion)
        self._seconds_left[position] += float(seconds[0]) - float(leg.seconds[number])
        self._mm_done[leg.number] += drawn_mm
        self.ink_mm += drawn_mm
        leg.strokes[number], leg.offsets[number] = rest, leg.offsets[number] + drawn_mm
        leg.seconds[number], leg.mm[number] = seconds[0], mm[0]

    def leave(self, position: int) -> None:
        """The rest of a leg will not be drawn in this run."""
        self._seconds_left[position] = 0.0

    def swap(self, position: int, *, hardware: bool) -> PenSwap:
        """The pen to mount for a leg."""
        leg = self._legs[position]
        seconds = self._seconds_left[position] * self._pace.ratio
        pens = len(self._plan.passes)
        untouched = len(leg.indices) == len(leg.one_pass.strokes) and not any(leg.offsets)
        before = self._plan.passes[leg.number - 1].pen.id if leg.number else None
        layer = leg.one_pass.layer
        return PenSwap(
            leg.number + 1,
            pens,
            leg.one_pass.pen,
            len(leg.indices),
            float(leg.mm.sum()),
            seconds,
            hardware,
            fresh=untouched
            and not leg.one_pass.kept
            and (before == leg.one_pass.pen.id or begins_fresh(leg.one_pass)),
            kept=self.keeps_pen(position),
            layer=layer.name if layer is not None and leg.one_pass.pause else "",
        )

    def keeps_pen(self, position: int) -> bool:
        """Whether the pen of the leg before is the one that this leg is drawn with."""
        leg = self._legs[position]
        return (
            position > 0
            and leg.one_pass.kept
            and self._legs[position - 1].one_pass.pen.id == leg.one_pass.pen.id
        )

    def progress(self, position: int) -> Progress:
        """How far the plot is, on a leg."""
        leg, ratio = self._legs[position], self._pace.ratio
        left = max(self._seconds_left[position], 0.0) * ratio
        later = max(sum(self._seconds_left[position + 1 :]), 0.0) * ratio
        mounting = mounting_seconds(self._plan)
        swaps = float(sum(mounting[one.number] for one in self._legs[position + 1 :]))
        return Progress(
            number=leg.number + 1,
            of=len(self._plan.passes),
            pen=leg.one_pass.pen,
            strokes_done=sum(self._done),
            strokes_total=self._plan.stroke_count,
            mm_done=sum(self._mm_done),
            mm_total=sum(self._mm_total),
            seconds_left=left + later + swaps,
            pen_strokes_done=self._done[leg.number],
            pen_strokes_total=len(leg.one_pass.strokes),
            pen_mm_done=self._mm_done[leg.number],
            pen_mm_total=self._mm_total[leg.number],
            pen_seconds_left=left,
        )


def stroke_lengths(plan: Plan) -> npt.NDArray[np.float64]:
    """Length of every stroke of the plan in mm."""
    points, offsets = flatten([stroke.points for _, _, stroke in plan.strokes()])
    return stroke_seconds(points / 1000.0, offsets, 1.0, 1.0, 0.0)[0]


def make_legs(plan: Plan, wanted: list[int], drawn_mm: Mapping[int, float]) -> list[Leg]:
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
            legs.append(Leg(number, one_pass, indices, offsets, strokes, seconds, mm))
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
