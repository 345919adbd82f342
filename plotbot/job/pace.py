"""Time left: the plan's timing of what is still to draw, corrected by how long strokes really took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from plotbot.plan.clock import pass_clock
from plotbot.plan.model import Motion, Pass, Plan, Stroke

__all__ = ["Pace", "planned_seconds"]

FloatArray = npt.NDArray[np.float64]

PRIOR_S = 10.0
"""Planned seconds that count as observed to the second before anything was, so that the first strokes
do not throw the estimate about."""


class Pace:
    """How much slower or faster the machine is than the plan says; 1 before anything was observed."""

    def __init__(self, plan: Plan, observed: Mapping[int, float]) -> None:
        """Start from seconds that strokes took in earlier sessions on the same machine."""
        self._planned = self._took = PRIOR_S
        if observed:
            planned = np.concatenate(
                [planned_seconds(one.strokes, one, plan.motion)[0] for one in plan.passes]
            )
            for stroke, seconds in observed.items():
                self.observe(float(planned[stroke]), seconds)

    def observe(self, planned_s: float, took_s: float) -> None:
        """A stroke with its travel and lifts was planned to take one and took the other."""
        self._planned += planned_s
        self._took += took_s

    @property
    def ratio(self) -> float:
        """Real seconds per planned second."""
        return self._took / self._planned


def planned_seconds(
    strokes: Sequence[Stroke], one_pass: Pass, motion: Motion
) -> tuple[FloatArray, FloatArray]:
    """Planned machine seconds [n] and length [n] in mm of strokes drawn one after another with one pen.

    Seconds include the travel to the stroke (from the park position for the first), lowering and lifting.
    """
    times = pass_clock(strokes, one_pass.pen, motion)
    return times.travel_s[:-1] + times.lower_s + times.draw_s + times.lift_s, times.draw_mm
