"""Motion timing: how fast the pen goes where, and how long everything takes.

A stroke is driven under one acceleration limit, with a speed limit at every corner, and enters and
leaves at rest; look-ahead runs over the whole stroke in both directions. Travel between strokes is a
straight line from rest to rest. Everything is vectorised: one call times all strokes of a plan.

Lengths are mm, times s, speeds mm/s, accelerations mm/s².
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.pens.model import Pen
from plotbot.plan.model import Motion, Plan

__all__ = [
    "HANDLING",
    "PARK_MM",
    "Profile",
    "check_motion",
    "draw_limits",
    "flatten",
    "hop_seconds",
    "junction_speeds",
    "mounting_seconds",
    "pen_times",
    "profile",
    "stroke_seconds",
]

FloatArray = npt.NDArray[np.float64]

PARK_MM = (0.0, 0.0)
"""Where every pass begins and ends: the swap position of a machine without a profile."""

HANDLING: dict[str, Motion] = {
    "technical": Motion(
        draw_speed=25.0, draw_acceleration=250.0, travel_speed=100.0, travel_acceleration=600.0,
        junction_deviation=0.005, lower_s=0.25, lift_s=0.18,
    ),
    "sketch": Motion(),
    "handwriting": Motion(
        draw_speed=35.0, draw_acceleration=900.0, travel_speed=120.0, travel_acceleration=1200.0,
        junction_deviation=0.03, lower_s=0.16, lift_s=0.12,
    ),
}  # fmt: skip
"""Presets: `technical` for straight lines and sharp corners, `sketch` for most art (the default),
`handwriting` for many short curved strokes."""

_LIMITS: dict[str, tuple[float, float, str]] = {
    "draw_speed": (0.01, 1000.0, "mm/s"),
    "draw_acceleration": (0.1, 100_000.0, "mm/s²"),
    "travel_speed": (0.01, 1000.0, "mm/s"),
    "travel_acceleration": (0.1, 100_000.0, "mm/s²"),
    "junction_deviation": (0.0, 5.0, "mm"),
    "lower_s": (0.0, 60.0, "s"),
    "lift_s": (0.0, 60.0, "s"),
    "swap_s": (0.0, 3600.0, "s"),
    "lower_move_s": (0.0, 60.0, "s"),
    "lift_move_s": (0.0, 60.0, "s"),
    "up_height": (0.0, 100.0, "%"),
    "down_height": (0.0, 100.0, "%"),
}

# As in GRBL's planner: within these cosines a corner is a full reversal or no corner at all.
_STRAIGHT = 0.999999


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Speed over time along one stroke; block i runs from point i to point i + 1.

    points: float64 [m + 1, 2] mm, without repeated points; segment: for each block, which segment
    of the input polyline it is. length, entry, cruise, exit: float64 [m], mm and mm/s; accelerating,
    cruising, decelerating: float64 [m], s. A dot has no blocks and no duration.
    """

    points: FloatArray
    segment: npt.NDArray[np.int64]
    acceleration: float
    length: FloatArray
    entry: FloatArray
    cruise: FloatArray
    exit: FloatArray
    accelerating: FloatArray
    cruising: FloatArray
    decelerating: FloatArray

    @property
    def durations(self) -> FloatArray:
        """Seconds per block, [m]."""
        return self.accelerating + self.cruising + self.decelerating

    @property
    def duration(self) -> float:
        """Seconds from rest to rest."""
        return float(self.durations.sum())

    @property
    def length_mm(self) -> float:
        """Length of the path."""
        return float(self.length.sum())

    def at(self, seconds: npt.ArrayLike) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Where the pen is at times since the start: points [..., 2] mm, distance [...] mm, speed [...] mm/s.

        Times before the start or after the end give the ends of the stroke, at rest.
        """
        time = np.asarray(seconds, dtype=np.float64)
        if not len(self.length):
            zeros = np.zeros(time.shape)
            return np.broadcast_to(self.points[0], (*time.shape, 2)).copy(), zeros, zeros.copy()
        ends = np.cumsum(self.durations)
        starts = np.concatenate([[0.0], np.cumsum(self.length)])
        block = np.minimum(np.searchsorted(ends, time, side="right"), len(ends) - 1)
        inside = np.clip(time - (ends[block] - self.durations[block]), 0.0, self.durations[block])
        up = np.minimum(inside, self.accelerating[block])
        flat = np.clip(inside - self.accelerating[block], 0.0, self.cruising[block])
        down = np.clip(
            inside - self.accelerating[block] - self.cruising[block], 0.0, self.decelerating[block]
        )
        a = self.acceleration
        gone = (
            self.entry[block] * up
            + a * up**2 / 2
            + self.cruise[block] * flat
            + self.cruise[block] * down
            - a * down**2 / 2
        )
        gone = np.clip(gone, 0.0, self.length[block])
        speed = np.maximum(self.entry[block] + a * up - a * down, 0.0)
        speed = np.where((time <= 0) | (time >= ends[-1]), 0.0, speed)
        share = (gone / self.length[block])[..., None]
        points = self.points[block] * (1 - share) + self.points[block + 1] * share
        return points, starts[block] + gone, speed


def profile(
    points_mm: npt.ArrayLike,
    speed: float,
    acceleration: float,
    junction_deviation: float,
    *,
    look_ahead: int | None = None,
) -> Profile:
    """Plan the speed along one polyline [n >= 1, 2] from rest to rest.

    The speed at a point is the highest from which every later corner can still be met by braking, and
    which can be reached from every earlier one, so the whole is time-optimal under the limits of speed,
    acceleration along the path, and `junction_speeds`. `look_ahead` limits how many blocks a controller
    sees: it must be able to stop at the end of the last of them (GRBL: its planner's blocks less one).
    """
    xy = np.ascontiguousarray(points_mm, dtype=np.float64)
    if xy.ndim != 2 or xy.shape[1:] != (2,) or not len(xy) or not np.isfinite(xy).all():
        raise ValueError(f"a profile needs finite points of shape [n >= 1, 2], not {xy.shape}")
    steps = np.diff(xy, axis=0)
    length = np.hypot(steps[:, 0], steps[:, 1])
    segment = np.flatnonzero(length > 0)
    points = np.concatenate([xy[:1], xy[segment + 1]])
    length = length[segment]
    corner = np.zeros(len(length) + 1)
    corner[1:-1] = junction_speeds(steps[segment], length, speed, acceleration, junction_deviation)
    squared = _look_ahead(corner**2, length, acceleration)
    if look_ahead is not None and len(length):
        way = np.concatenate([[0.0], np.cumsum(length)])
        sight = way[np.minimum(np.arange(len(way)) + look_ahead, len(way) - 1)] - way
        squared = _look_ahead(np.minimum(squared, 2 * acceleration * sight), length, acceleration)
    entry, leave = np.sqrt(squared[:-1]), np.sqrt(squared[1:])
    cruise = _cruise(squared, length, speed, acceleration)
    accelerating = np.maximum(cruise - entry, 0.0) / acceleration
    decelerating = np.maximum(cruise - leave, 0.0) / acceleration
    ramps = (2 * cruise**2 - squared[:-1] - squared[1:]) / (2 * acceleration)
    cruising = np.maximum(length - ramps, 0.0) / cruise if len(length) else np.zeros(0)
    return Profile(
        points,
        segment,
        float(acceleration),
        length,
        entry,
        cruise,
        leave,
        accelerating,
        cruising,
        decelerating,
    )


def junction_speeds(
    steps: FloatArray,
    length: FloatArray,
    speed: float | FloatArray,
    acceleration: float | FloatArray,
    deviation: float,
) -> FloatArray:
    """Highest speed at each inner point of a polyline given by its steps [m, 2] and their lengths [m] > 0.

    Returns [m - 1] mm/s. The corner is rounded in thought by a circle that leaves it by `deviation` mm,
    driven at the centripetal acceleration: v² = a·δ·sin(θ/2) / (1 − sin(θ/2)), where θ is the angle
    between the two steps (GRBL 1.1 planner.c, after S. Jeon, "Improving Grbl: Cornering Algorithm", 2011).
    The real path keeps its corner.
    """
    if len(length) < 2:
        return np.zeros(0)
    unit = steps / length[:, None]
    cosine = -np.einsum("ij,ij->i", unit[:-1], unit[1:])
    half_sine = np.sqrt(np.clip((1 - cosine) / 2, 0.0, 1.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = acceleration * deviation * half_sine / (1 - half_sine)
    squared = np.where(cosine > _STRAIGHT, 0.0, np.where(cosine < -_STRAIGHT, np.inf, squared))
    return np.minimum(np.sqrt(squared), speed)


def hop_seconds(distance_mm: npt.ArrayLike, speed: float, acceleration: float) -> FloatArray:
    """Seconds for straight moves from rest to rest, any shape: a trapezoid, or a triangle when short."""
    distance = np.asarray(distance_mm, dtype=np.float64)
    ramp = speed**2 / acceleration
    return np.where(
        distance >= ramp, distance / speed + speed / acceleration, 2 * np.sqrt(distance / acceleration)
    )


def stroke_seconds(
    points_mm: FloatArray, offsets: npt.NDArray[np.int64], speed: float, acceleration: float, deviation: float
) -> tuple[FloatArray, FloatArray]:
    """Length in mm and drawing time in s of many strokes at once, each [s].

    points_mm: [n, 2], all strokes one after the other; stroke k is points offsets[k]:offsets[k + 1].
    The same numbers as `profile` gives one by one.
    """
    count = len(offsets) - 1
    if not count or not len(points_mm):
        return np.zeros(count), np.zeros(count)
    steps = np.diff(points_mm, axis=0)
    owner = np.repeat(np.arange(count), np.diff(offsets))
    length = np.hypot(steps[:, 0], steps[:, 1])
    keep = (owner[1:] == owner[:-1]) & (length > 0)
    steps, length, owner = steps[keep], length[keep], owner[1:][keep]
    if not len(length):
        return np.zeros(count), np.zeros(count)
    # All strokes as one path: every stroke ends at rest, so look-ahead never reaches across an end.
    corner = np.zeros(len(length) + 1)
    corner[1:-1] = junction_speeds(steps, length, speed, acceleration, deviation)
    corner[1:-1][owner[1:] != owner[:-1]] = 0.0
    squared = _look_ahead(corner**2, length, acceleration)
    cruise = _cruise(squared, length, speed, acceleration)
    ramps = (2 * cruise**2 - squared[:-1] - squared[1:]) / (2 * acceleration)
    seconds = (2 * cruise - np.sqrt(squared[:-1]) - np.sqrt(squared[1:])) / acceleration
    seconds += np.maximum(length - ramps, 0.0) / cruise
    return (
        np.bincount(owner, weights=length, minlength=count).astype(np.float64),
        np.bincount(owner, weights=seconds, minlength=count).astype(np.float64),
    )


def draw_limits(motion: Motion, pen: Pen) -> tuple[float, float, float]:
    """Speed, acceleration and junction deviation for a pen: the motion's, with the pen's own speed limit."""
    limit = pen.mechanical.max_speed_mm_s
    speed = motion.draw_speed if limit is None else min(motion.draw_speed, limit)
    return speed, motion.draw_acceleration, motion.junction_deviation


def pen_times(motion: Motion, pen: Pen) -> tuple[float, float]:
    """Seconds to lower and to lift a pen.

    A pen's own settle times stand in for the motion's, on top of the time the lift moves; at its own
    height the lift moves as much longer or shorter as the way is.
    """
    own, span = pen.mechanical, motion.up_height - motion.down_height
    share = 1.0
    if own.down_height is not None and span > 0:
        share = max(motion.up_height - own.down_height, 0.0) / span

    def seconds(whole_s: float, move_s: float, own_settle_s: float | None) -> float:
        settle = max(whole_s - move_s, 0.0) if own_settle_s is None else own_settle_s
        return move_s * share + settle

    return (
        seconds(motion.lower_s, motion.lower_move_s, own.lower_settle_s),
        seconds(motion.lift_s, motion.lift_move_s, own.lift_settle_s),
    )


def mounting_seconds(plan: Plan) -> FloatArray:
    """Seconds before each pass, [passes]: the change of pens, none for the first and for a pen that is kept,
    or what the ink needs to dry where that is longer; then the delay that the layer asks for. A pause that
    a layer asks for takes as long as the person likes, and is not counted."""
    change = np.array([0.0 if one.kept else plan.motion.swap_s for one in plan.passes])
    wait = np.array([one.wait_s for one in plan.passes])
    seconds = np.maximum(change, wait)
    seconds[:1] = 0.0
    return np.asarray(seconds + [one.delay_s for one in plan.passes])


def check_motion(motion: Motion) -> Motion:
    """Return the motion if a machine could drive it; raises `BadInput` naming the value and its range."""
    for name, (low, high, unit) in _LIMITS.items():
        value = getattr(motion, name)
        if not (math.isfinite(value) and low <= value <= high):
            raise BadInput(f"{name} is {value:g} {unit}; it must be between {low:g} and {high:g} {unit}.")
    return motion


def flatten(strokes: Sequence[FloatArray]) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Many [n, 2] arrays as one, with the offsets where each begins and the last one ends."""
    offsets = np.zeros(len(strokes) + 1, dtype=np.int64)
    np.cumsum([len(points) for points in strokes], out=offsets[1:])
    return (np.concatenate(strokes) if strokes else np.zeros((0, 2))), offsets


def _look_ahead(corner_squared: FloatArray, length: FloatArray, acceleration: float) -> FloatArray:
    """Highest v² at each point [m + 1] that all corner limits allow under constant acceleration.

    v² may change by 2·a·d over a distance d, so it is the lower envelope of cones of that slope over
    the corners: two running minima instead of GRBL's two sequential passes, with the same result.
    """
    rise = 2 * acceleration * np.concatenate([[0.0], np.cumsum(length)])
    backward = np.minimum.accumulate((corner_squared + rise)[::-1])[::-1] - rise
    forward = np.minimum.accumulate(corner_squared - rise) + rise
    # The running sums lose a few last digits; a corner's own limit holds exactly.
    return np.maximum(np.minimum(np.minimum(backward, forward), corner_squared), 0.0)


def _cruise(squared: FloatArray, length: FloatArray, speed: float, acceleration: float) -> FloatArray:
    """Highest speed inside each block [m] between its entry and exit v²."""
    peak = np.sqrt(acceleration * length + (squared[:-1] + squared[1:]) / 2)
    return np.maximum(np.minimum(peak, speed), np.sqrt(np.maximum(squared[:-1], squared[1:])))
