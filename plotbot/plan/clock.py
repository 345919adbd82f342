"""When what happens: seconds of every stroke of a plan, and what they add up to.

`plan_clock` times a plan by its own motion. A board that moves by other rules brings its own clock of the
same kind (`plotbot.machine.grbl_timing`); estimate, report and playback take either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plotbot.pens.model import Pen
from plotbot.plan.model import UM_PER_MM, Motion, Plan, Stroke
from plotbot.plan.motion import (
    PARK_MM,
    draw_limits,
    flatten,
    hop_seconds,
    mounting_seconds,
    pen_times,
    stroke_seconds,
)

__all__ = ["Estimate", "PassClock", "PassEstimate", "estimate", "pass_clock", "plan_clock", "stroke_times"]

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class PassClock:
    """What the strokes of one pass take, one after the other, from the park position and back to it.

    travel_s, travel_mm: [n + 1], the way to each stroke and the last one back (none at all without strokes);
    draw_s, draw_mm: [n]; lower_s, lift_s: for every stroke alike.
    """

    travel_s: FloatArray
    travel_mm: FloatArray
    draw_s: FloatArray
    draw_mm: FloatArray
    lower_s: float
    lift_s: float

    @property
    def down_at(self) -> FloatArray:
        """When the pen is down for each stroke, [n] s from the first move of the pass."""
        whole = self.travel_s[:-1] + self.lower_s + self.draw_s + self.lift_s
        return np.cumsum(whole) - self.lift_s - self.draw_s

    @property
    def seconds(self) -> float:
        """From the first move until the pen is parked again."""
        lifts = len(self.draw_s) * (self.lower_s + self.lift_s)
        return float(self.travel_s.sum() + self.draw_s.sum()) + lifts


@dataclass(frozen=True, slots=True)
class PassEstimate:
    """What one mounted pen will do. Travel is from the park position and back to it."""

    pen: str
    strokes: int
    down_mm: float
    up_mm: float
    lifts: int
    draw_s: float
    travel_s: float
    lift_s: float

    @property
    def seconds(self) -> float:
        """Machine time of the pass, without mounting the pen."""
        return self.draw_s + self.travel_s + self.lift_s


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan will do, pass by pass. `swap_s` is the person's time for all pens but the first, `wait_s`
    what ink needs to dry beyond that, and what layers ask for as delays."""

    passes: tuple[PassEstimate, ...]
    swap_s: float
    wait_s: float = 0.0

    @property
    def machine_s(self) -> float:
        """Time the machine moves."""
        return sum(one.seconds for one in self.passes)

    @property
    def seconds(self) -> float:
        """Machine time, pen swaps and waits together."""
        return self.machine_s + self.swap_s + self.wait_s


def pass_clock(strokes: Sequence[Stroke], pen: Pen, motion: Motion) -> PassClock:
    """The clock of strokes drawn one after the other with one pen under a plan's motion."""
    points, offsets = flatten([stroke.points for stroke in strokes])
    points = points / UM_PER_MM
    length, draw = stroke_seconds(points, offsets, *draw_limits(motion, pen))
    park = np.array([PARK_MM])
    starts = np.concatenate([points[offsets[:-1]], park]) if len(strokes) else park[:0]
    stops = np.concatenate([park, points[offsets[1:] - 1]]) if len(strokes) else park[:0]
    travel = np.hypot(*(starts - stops).T)
    hops = hop_seconds(travel, motion.travel_speed, motion.travel_acceleration)
    return PassClock(hops, travel, draw, length, *pen_times(motion, pen))


def plan_clock(plan: Plan) -> tuple[PassClock, ...]:
    """The clock of every pass by the plan's own motion."""
    return tuple(pass_clock(one.strokes, one.pen, plan.motion) for one in plan.passes)


def estimate(plan: Plan, clock: Sequence[PassClock] | None = None) -> Estimate:
    """Length, travel, lifts and time of each pass and of the whole plan; clock: the plan's own by default."""
    passes = tuple(
        PassEstimate(
            pen=one.pen.id,
            strokes=len(one.strokes),
            down_mm=float(times.draw_mm.sum()),
            up_mm=float(times.travel_mm.sum()),
            lifts=len(one.strokes),
            draw_s=float(times.draw_s.sum()),
            travel_s=float(times.travel_s.sum()),
            lift_s=len(one.strokes) * (times.lower_s + times.lift_s),
        )
        for one, times in zip(plan.passes, clock or plan_clock(plan), strict=True)
    )
    swaps = plan.motion.swap_s * plan.swaps
    return Estimate(passes, swaps, float(mounting_seconds(plan).sum()) - swaps)


def stroke_times(plan: Plan, clock: Sequence[PassClock] | None = None) -> FloatArray:
    """When each stroke is drawn, seconds since the start of the plot, [strokes, 3].

    The columns: travel to the stroke begins, the pen is down, the pen begins to lift. Between passes there
    is what `mounting_seconds` says.
    """
    rows = [np.zeros((0, 3))]
    now = 0.0
    for times, mounting in zip(clock or plan_clock(plan), mounting_seconds(plan).tolist(), strict=True):
        now += mounting
        down = now + times.down_at
        rows.append(np.stack([down - times.lower_s - times.travel_s[:-1], down, down + times.draw_s], axis=1))
        now += times.seconds
    return np.concatenate(rows)
