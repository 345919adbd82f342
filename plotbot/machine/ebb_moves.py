"""From a planned path to moves of two motors: short slices of time, whole steps, whole ticks.

A path is cut into slices of 5 to 40 ms whose chords stay within a few micrometres of it. Every slice
ends on an absolute step position, so rounding never adds up, and both motors end it on the same tick.
Firmware from 2.7.0 gets LM, accelerating within the slice; older firmware gets SM, at constant speed:
LM exists there since 2.5.3, but its start rate and its accumulators follow other rules than the ones the
maker documents, and it has no way to clear them, so that the two motors would not end together.

Steps of motor 1 and 2 are those of x + y and x − y. Rates and accelerations are the LM command's: the
rate is added to an accumulator every tick of 40 µs, the acceleration to the rate, and a step is taken
each time the accumulator passes 2^31 (EiBotBoard command reference 2.8.1, "LM").
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from plotbot.plan.motion import Profile

__all__ = [
    "FULL",
    "MAX_STEP_RATE",
    "STEPS_PER_MM",
    "TICKS_PER_MS",
    "Braking",
    "LowLevelMove",
    "Path",
    "Planned",
    "Slice",
    "low_level",
    "mm_from_steps",
    "motor_speed_limit",
    "slices",
    "steps_from_mm",
]

FloatArray = npt.NDArray[np.float64]
Steps = tuple[int, int]

STEPS_PER_MM = 80.0
"""At 1/16 step; 2032 steps per inch along x or y."""

MAX_STEP_RATE = 24_900.0
"""Steps per second of one motor; the board's interrupt runs at 25,000."""

TICKS_PER_MS = 25
FULL = 1 << 31

SHORTEST_MS = 5
LONGEST_MS = 40
CHORD_MM = 0.008
_CHUNK = 8192
# The slowest speed inside a slice, as a share of its mean: at rate 0 with steps left a move never ends.
_SLOWEST = 0.08


class Path(Protocol):
    """Where the pen is at each moment. points [n, 2] mm and along [n] mm are its corners."""

    points: FloatArray
    along: FloatArray
    duration: float

    def at(self, seconds: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Distance along the path in mm and speed in mm/s at times in s."""


class Planned:
    """A planned stroke or travel, from rest to rest."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.points = profile.points
        self.along = np.concatenate([[0.0], np.cumsum(profile.length)])
        self.duration = profile.duration

    def at(self, seconds: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Distance along the path in mm and speed in mm/s at times in s."""
        _, distance, speed = self.profile.at(seconds)
        return distance, speed


class Braking:
    """From a place and speed on a path straight to a stop along it.

    No corner is taken too fast: the plan could brake for each of them from here, and so does this.
    """

    def __init__(self, path: Path, start_mm: float, speed: float, acceleration: float) -> None:
        self.points, self.along = path.points, path.along
        self._start, self._speed, self._acceleration = start_mm, speed, acceleration
        self._end = min(start_mm + speed**2 / (2 * acceleration), float(path.along[-1]))
        self.duration = speed / acceleration

    def at(self, seconds: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Distance along the path in mm and speed in mm/s at times in s."""
        time = np.clip(seconds, 0.0, self.duration)
        distance = self._start + self._speed * time - self._acceleration * time**2 / 2
        return np.minimum(distance, self._end), self._speed - self._acceleration * time


@dataclass(frozen=True, slots=True)
class Slice:
    """One move: both motors go by `steps` in `ticks` of 40 µs, the speed changing evenly by `change`.

    change: (end − start) / (end + start) of the speed, −1 < change < 1. end_mm, end_speed: where on the
    path the slice ends, and how fast.
    """

    steps: Steps
    ticks: int
    change: float
    end_mm: float
    end_speed: float

    @property
    def milliseconds(self) -> int:
        """Duration in whole milliseconds."""
        return max(1, round(self.ticks / TICKS_PER_MS))


def slices(path: Path, start: Steps, frame: Frame, *, whole_ms: bool = False) -> Iterator[Slice]:
    """Cut a path into moves, beginning at step position `start`.

    frame: sheet mm to motor steps. whole_ms: durations are whole milliseconds, as SM needs them, and
    slices half as long, since each is driven at one speed.
    """
    sampled = _Sampled(path)
    longest = LONGEST_MS // 2 if whole_ms else LONGEST_MS
    here, now = np.array(start, dtype=np.int64), 0
    while now < sampled.total:
        sampled.cover(now, longest)
        end = sampled.chord_end(now, min(now + longest, sampled.total))
        target = frame.steps(sampled.place(end))
        while (target == here).all() and end < sampled.total:
            # Too slow for a whole step: wait until there is one.
            end += 1
            sampled.cover(now, end - now)
            target = frame.steps(sampled.place(end))
        steps = target - here
        if steps.any():
            distance, speed = sampled.between(now, end)
            told = frame.told_per_mm(sampled.place(end) - sampled.place(now))
            yield _slice((int(steps[0]), int(steps[1])), distance, speed, told, whole_ms=whole_ms)
        here, now = target, end


def low_level(piece: Slice) -> LowLevelMove:
    """Rates and accelerations with which both motors take their steps in exactly the slice's ticks."""
    return LowLevelMove(
        _axis(abs(piece.steps[0]), piece.ticks, piece.change),
        _axis(abs(piece.steps[1]), piece.ticks, piece.change),
        piece.steps,
    )


@dataclass(frozen=True, slots=True)
class LowLevelMove:
    """The arguments of LM: (start rate, acceleration) of each motor, and signed steps."""

    first: tuple[int, int]
    second: tuple[int, int]
    steps: Steps


class Frame(Protocol):
    """How sheet positions become motor steps."""

    def steps(self, points_mm: FloatArray) -> npt.NDArray[np.int64]:
        """Absolute motor steps [..., 2] of sheet positions [..., 2] in mm."""

    def told_per_mm(self, move_mm: FloatArray) -> float:
        """Machine mm for each mm of a move [2] on the sheet, as the profile corrects lengths."""


def steps_from_mm(machine_mm: FloatArray) -> npt.NDArray[np.int64]:
    """Motor steps [..., 2] of machine positions [..., 2] in mm from the home corner."""
    x, y = machine_mm[..., 0], machine_mm[..., 1]
    return np.rint(STEPS_PER_MM * np.stack([x + y, x - y], axis=-1)).astype(np.int64)


def mm_from_steps(steps: npt.ArrayLike) -> FloatArray:
    """Machine position [..., 2] in mm of motor steps [..., 2]."""
    motors = np.asarray(steps, dtype=np.float64)
    first, second = motors[..., 0], motors[..., 1]
    return np.stack([first + second, first - second], axis=-1) / (2 * STEPS_PER_MM)


def motor_speed_limit(points_mm: FloatArray) -> float:
    """Highest speed in mm/s along a polyline [n, 2] at which no motor exceeds its step rate.

    A motor turns with |x + y| or |x − y|: along a diagonal one of them does 1.41 times the pen's speed.
    """
    moves = np.diff(points_mm, axis=0)
    length = np.hypot(moves[:, 0], moves[:, 1])
    moving = length > 0
    if not moving.any():
        return MAX_STEP_RATE / STEPS_PER_MM
    share = (np.abs(moves[moving]).sum(axis=1) / length[moving]).max()
    return float(MAX_STEP_RATE / (STEPS_PER_MM * share))


class _Sampled:
    """A path at every millisecond, worked out a few seconds at a time; the last one is its very end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        milliseconds = path.duration * 1000
        self.total = max(1, math.ceil(milliseconds - 1e-9)) if milliseconds > 0 else 0
        self._stretch = self.total / milliseconds if self.total else 1.0
        self._first, self._last = 0, -1
        self._distance = self._speed = np.zeros(0)
        self._places = np.zeros((0, 2))

    def cover(self, first: int, count: int) -> None:
        """Have the milliseconds from `first` to `first + count` at hand."""
        if first >= self._first and min(first + count, self.total) <= self._last:
            return
        self._first, self._last = first, min(first + max(_CHUNK, 2 * count), self.total)
        time = np.arange(self._first, self._last + 1) / 1000.0 / self._stretch
        path = self._path
        self._distance, self._speed = path.at(time)
        columns = [np.interp(self._distance, path.along, path.points[:, axis]) for axis in (0, 1)]
        self._places = np.stack(columns, axis=-1)

    def place(self, ms: int) -> FloatArray:
        """Sheet position [2]."""
        place: FloatArray = self._places[ms - self._first]
        return place

    def between(self, first: int, last: int) -> tuple[FloatArray, FloatArray]:
        """Distances and speeds at every millisecond from first to last."""
        span = slice(first - self._first, last - self._first + 1)
        return self._distance[span], self._speed[span]

    def chord_end(self, first: int, last: int) -> int:
        """The last millisecond up to which a straight move from `first` stays close to the path."""
        shortest = min(first + SHORTEST_MS, last)
        while last > shortest:
            i, j = first - self._first, last - self._first
            low = int(np.searchsorted(self._path.along, self._distance[i], side="right"))
            high = int(np.searchsorted(self._path.along, self._distance[j], side="left"))
            corners = self._path.points[low:high]
            if low >= high or _stray(corners, self._places[i], self._places[j]) <= CHORD_MM:
                break
            last = max(first + (last - first) * 2 // 3, shortest)
        return last


def _stray(corners: FloatArray, start: FloatArray, end: FloatArray) -> float:
    """How far corners [n, 2] lie from the straight move between two places."""
    move = end - start
    offset = corners - start
    length = float(move @ move)
    if length == 0:
        return float(np.hypot(offset[:, 0], offset[:, 1]).max())
    share = np.clip(offset @ move / length, 0.0, 1.0)
    off = offset - share[:, None] * move
    return float(np.hypot(off[:, 0], off[:, 1]).max())


def _slice(
    steps: Steps, distance: FloatArray, speed: FloatArray, told_per_mm: float, *, whole_ms: bool
) -> Slice:
    """One slice from its distance and speed at every millisecond, on the sheet.

    Its time is adjusted to the whole steps it does instead of the planned way, so that rounding never
    makes it faster than planned; over a stroke these adjustments cancel.
    """
    ms = len(distance) - 1
    way, top = float(distance[-1] - distance[0]), float(speed.max())
    done = float(np.hypot(*mm_from_steps(steps))) / told_per_mm
    longer = min(max(done / way, 0.8), 1.25) if way > 0 else 1.0
    ticks = round(ms * TICKS_PER_MS * longer)
    if whole_ms:
        whole = max(1, round(ms * longer))
        whole += done * 1000 > 1.01 * top * whole
        ticks = whole * TICKS_PER_MS
    at_least = math.ceil(max(map(abs, steps)) * 1000 * TICKS_PER_MS / MAX_STEP_RATE)
    if ticks < at_least:
        ticks = math.ceil(at_least / TICKS_PER_MS) * TICKS_PER_MS if whole_ms else at_least
    # Never faster inside the slice than the plan is there, never so slow that the end is not reached.
    average = way / ms * 1000
    room = max(top - average, 0.0)
    half = min(max((float(speed[-1]) - float(speed[0])) / 2, -room), room)
    change = min(max(half / average, _SLOWEST - 1), 1 - _SLOWEST) if average > 0 else 0.0
    return Slice(steps, ticks, change, float(distance[-1]), float(speed[-1]))


def _axis(steps: int, ticks: int, change: float) -> tuple[int, int]:
    """Start rate and acceleration that take `steps` steps in `ticks` ticks, the last one on the last tick.

    After T ticks the accumulator has gained rate·T + acceleration·(T² + T)/2 − T·trunc(acceleration/2):
    the board first takes half the acceleration off the rate.
    """
    if steps == 0:
        return 0, 0
    acceleration = round(2 * change * steps * FULL / ticks**2)
    gained = acceleration * (ticks * ticks + ticks) // 2 - ticks * math.trunc(acceleration / 2)
    rate = -((gained - steps * FULL) // ticks)
    return min(max(rate, 1), FULL - 1), acceleration
