"""How long a GRBL board needs for a plan, by its own rules.

GRBL limits each axis by itself: a diagonal move accelerates with up to 1.41 times the axes' acceleration and
may go 1.41 times as fast. It plans corners from whole motor steps, which bends short segments, and starts
a stroke only when its planner is full or no line waits. A plan's own estimate knows one limit for all
directions; this one knows the board's, and times the very points that are sent. mm, s, mm/s, mm/s².
"""

from __future__ import annotations

import numpy as np

from plotbot.machine.grbl_gcode import Coordinates, kept_points
from plotbot.machine.grbl_settings import Settings
from plotbot.machine.profile import Profile
from plotbot.plan.clock import PassClock
from plotbot.plan.model import UM_PER_MM, Plan
from plotbot.plan.motion import flatten, stroke_seconds

__all__ = ["LINE_S", "board_clock", "plotting_seconds"]

LINE_S = 1 / 270
"""What an ATmega328P needs for one line, before the first of a stroke moves."""


def plotting_seconds(
    plan: Plan, profile: Profile, settings: Settings | None = None, *, line_s: float = LINE_S
) -> float:
    """Seconds from the first travel to the last return to the swap position, without changing pens;
    arguments as for `board_clock`."""
    return sum(one.seconds for one in board_clock(plan, profile, settings, line_s=line_s))


def board_clock(
    plan: Plan, profile: Profile, settings: Settings | None = None, *, line_s: float = LINE_S
) -> tuple[PassClock, ...]:
    """What each stroke of each pass takes on the board. The first pass begins over the sheet's corner.

    settings: the board's, where it was asked; else the profile's numbers stand for each axis. line_s: what
    the board needs for one line, which counts as drawing; 0 for the least time that the path can take.
    """
    limits = _Limits(profile, settings or Settings())
    home = Coordinates.of(profile, plan.paper, None).work(np.array([profile.swap]))
    at = Coordinates.of(profile, plan.paper, None).work(np.array([profile.frame.corner_mm(plan.paper)]))
    clock: list[PassClock] = []
    for one in plan.passes:
        points, offsets = flatten([stroke.points for stroke in one.strokes])
        points = points / UM_PER_MM
        length, _ = stroke_seconds(points, offsets, 1.0, 1.0, 0.0)
        keep = kept_points(points, offsets, profile.stream.tolerance_mm)
        offsets = np.concatenate([[0], np.cumsum(keep)])[offsets]
        work = limits.on_steps(Coordinates.of(profile, plan.paper, one.pen).work(points[keep]))
        draw = limits.seconds(work, offsets, profile.draw_speed(one.pen))
        lines = np.minimum(np.diff(offsets) - 1, limits.planner_blocks)
        way = np.stack(
            [np.concatenate([at, work[offsets[1:] - 1]]), np.concatenate([work[offsets[:-1]], home])]
        )
        hops = way.transpose(1, 0, 2).reshape(-1, 2)
        travel = limits.seconds(hops, np.arange(0, len(hops) + 1, 2), profile.motion.travel_speed)
        clock.append(
            PassClock(
                travel,
                np.hypot(*(way[1] - way[0]).T),
                draw + line_s * lines,
                length,
                *profile.settle(one.pen),
            )
        )
        at = home
    return tuple(clock)


class _Limits:
    """Rates and accelerations per axis and the junction deviation of one board."""

    def __init__(self, profile: Profile, settings: Settings) -> None:
        acceleration = profile.motion.draw_acceleration
        self.rate = np.array([(settings.max_rate(axis) or np.inf) / 60.0 for axis in (0, 1)])
        self.acceleration = np.array([settings.acceleration(axis) or acceleration for axis in (0, 1)])
        self.steps = np.array([settings.get(100 + axis) or 0.0 for axis in (0, 1)])
        self.planner_blocks = 15
        self.junction = settings.get(11) or profile.motion.junction_deviation

    def on_steps(self, points: np.ndarray) -> np.ndarray:
        """Points [n, 2] where the motors can stand; as they are while the steps are not known."""
        if not self.steps.all():
            return points
        return np.asarray(np.rint(points * self.steps) / self.steps)

    def seconds(self, points: np.ndarray, offsets: np.ndarray, speed: float) -> np.ndarray:
        """From rest to rest along each of many polylines; polyline k is points offsets[k]:offsets[k + 1]."""
        count = len(offsets) - 1
        steps = np.diff(points, axis=0)
        owner = np.repeat(np.arange(count), np.diff(offsets))
        length = np.hypot(steps[:, 0], steps[:, 1])
        moves = (owner[1:] == owner[:-1]) & (length > 0)
        steps, length, owner = steps[moves], length[moves], owner[1:][moves]
        if not len(length):
            return np.zeros(count)
        unit = steps / length[:, None]
        nominal = np.minimum(speed, _along(self.rate, unit))
        acceleration = _along(self.acceleration, unit)
        corner = np.zeros(len(length) + 1)
        corner[1:-1] = np.minimum(self._junction_squared(unit), np.minimum(nominal[1:], nominal[:-1]) ** 2)
        corner[1:-1][owner[1:] != owner[:-1]] = 0.0  # at rest between polylines
        # v² may change by 2·a·d over a block: the lower envelope of all corners, from both sides.
        rise = np.concatenate([[0.0], np.cumsum(2 * acceleration * length)])
        backward = np.minimum.accumulate((corner + rise)[::-1])[::-1] - rise
        forward = np.minimum.accumulate(corner - rise) + rise
        squared = np.maximum(np.minimum(np.minimum(backward, forward), corner), 0.0)
        first, last = squared[:-1], squared[1:]
        peak = np.minimum(np.sqrt(acceleration * length + (first + last) / 2), nominal)
        peak = np.maximum(peak, np.sqrt(np.maximum(first, last)))
        ramps = (2 * peak**2 - first - last) / (2 * acceleration)
        ramping = (2 * peak - np.sqrt(first) - np.sqrt(last)) / acceleration
        took = ramping + np.maximum(length - ramps, 0.0) / peak
        return np.bincount(owner, weights=took, minlength=count)

    def _junction_squared(self, unit: np.ndarray) -> np.ndarray:
        """Highest v² at each inner corner, [n - 1] (GRBL 1.1, junction deviation with axis limits)."""
        before, after = unit[:-1], unit[1:]
        cosine = -np.einsum("ij,ij->i", before, after)
        between = after - before
        norm = np.hypot(between[:, 0], between[:, 1])
        acceleration = _along(self.acceleration, between / np.maximum(norm, 1e-12)[:, None])
        half_sine = np.sqrt(np.clip((1 - cosine) / 2, 0.0, 1.0))
        with np.errstate(divide="ignore", invalid="ignore"):
            squared = acceleration * self.junction * half_sine / (1 - half_sine)
        squared = np.where(cosine > 0.999999, 0.0, np.where(cosine < -0.999999, np.inf, squared))
        return np.asarray(squared)


def _along(per_axis: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """What a limit per axis allows along each direction [n, 2]."""
    with np.errstate(divide="ignore"):
        allowed = per_axis / np.abs(unit)
    return np.asarray(allowed.min(axis=1))
