"""Strokes as GRBL's G-code: what is sent to a board and what `export --to gcode` writes, the same bytes.

Work coordinates begin at the sheet's starting corner (`Frame`): X and Y run along the machine's axes.
Numbers have at most three decimals, no spaces, and words that repeat are left out. Every stroke stands
for itself: its lines depend on the stroke, the pen and the profile, not on what went before.

Travel is absolute, the path of a stroke relative (G91). So a digit lost on the cable, which GRBL cannot
notice, shifts everything behind it up to the stroke's end, and the position there gives it away. The
increments are differences of rounded positions; they add up to exactly the end.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plotbot.compiled import compiled
from plotbot.errors import BadInput
from plotbot.machine.profile import EbbServo, Lines, Profile, ServoS, ZAxis
from plotbot.paper import Paper
from plotbot.pens.model import Pen
from plotbot.plan.model import UM_PER_MM, Plan, Stroke

__all__ = [
    "BARRIER",
    "MODES",
    "OWN_Z_MM",
    "Coordinates",
    "StrokeProgram",
    "gcode_lines",
    "kept_points",
    "opening_lines",
    "origin_line",
    "pen_lines",
    "stroke_program",
    "travel_line",
]

FloatArray = npt.NDArray[np.float64]

MODES = "G21G90G94G17G54"
"""Millimetres, absolute, feed per minute, XY plane, first work system: set before anything else."""

BARRIER = "G4P0.01"
"""A dwell: its ok comes only when all motion before it has ended."""

OWN_Z_MM = 7.0
"""Work Z of a plotter without a Z axis while the work offset is plotbot's."""

_WINDOW = 12  # segments; within GRBL's 15 planner blocks
_SHORTEST_DWELL_S = 0.01


@dataclass(frozen=True)
class Coordinates:
    """Sheet millimetres to work coordinates and back, for one frame, sheet and pen.

    work = scale · axes · (sheet − tip − corner), with `axes` a signed permutation matrix and `scale` the
    profile's length correction of each machine axis; `tip` is where the mounted pen's tip is off the place
    that a reference pen's tip would have.
    """

    axes: np.ndarray
    corner: np.ndarray
    tip: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, profile: Profile, paper: Paper | None, pen: Pen | None) -> Coordinates:
        """For a profile, the sheet (None: not known yet) and the mounted pen."""
        unit = {"+x": (1, 0), "-x": (-1, 0), "+y": (0, 1), "-y": (0, -1)}
        frame = profile.frame
        axes = np.array([unit[frame.paper_x], unit[frame.paper_y]], dtype=float).T
        tip = pen.mechanical.tip_offset_mm if pen else (0.0, 0.0)
        corner, scale = np.array(frame.corner_mm(paper)), np.array(frame.scale)
        return cls(axes, corner, np.array(tip, dtype=float), scale)

    def work(self, sheet_mm: np.ndarray) -> np.ndarray:
        """Work coordinates [n, 2] of sheet points [n, 2], mm."""
        out: np.ndarray = (
            (np.asarray(sheet_mm, dtype=float) - self.tip - self.corner) @ self.axes.T * self.scale
        )
        return out

    def told_per_mm(self, move_mm: np.ndarray) -> float:
        """How much longer the machine is told to move than this move [2] on the sheet is; 1 for no move."""
        length = float(np.hypot(*move_mm))
        return float(np.hypot(*(move_mm @ self.axes.T * self.scale))) / length if length > 0 else 1.0

    def sheet(self, work_mm: np.ndarray) -> np.ndarray:
        """Sheet points [n, 2] of work coordinates [n, 2], mm: where the pen's tip is."""
        out: np.ndarray = np.asarray(work_mm, dtype=float) / self.scale @ self.axes + self.corner + self.tip
        return out


@dataclass(frozen=True, slots=True)
class StrokeProgram:
    """The lines of one stroke. Line `path[k]` draws to the stroke's point `kept[k + 1]`; the dwell that
    ends `lift` is the barrier after which the stroke is ink."""

    travel: str
    lower: tuple[str, ...]
    path: tuple[str, ...]
    kept: np.ndarray
    lift: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """All lines in order."""
        yield self.travel
        yield from self.lower
        yield from self.path
        yield from self.lift


def gcode_lines(plan: Plan, profile: Profile) -> Iterator[str]:
    """The whole plan as a program for this machine.

    The pen stands over the starting corner and lifted when the program begins; before every further pen,
    and where a layer asks for a pause, the program goes to the swap position and stops with M0. A board
    driven by plotbot gets the same lines without M0 and comments. Raises `BadInput` for a machine that
    does not take G-code.
    """
    if profile.kind != "grbl":
        raise BadInput(f"Machine profile {profile.name} is of kind {profile.kind}; G-code needs kind grbl.")
    if profile.homing:
        yield "$H"
    yield from opening_lines(profile)
    reference = Coordinates.of(profile, plan.paper, None)
    for number, one_pass in enumerate(plan.passes):
        pen = one_pass.pen
        if number:
            yield travel_line(reference.work(np.array([profile.swap]))[0], profile)
            yield BARRIER
        change = "change to " if number and not one_pass.kept else ""
        yield f"({_plain(f'{change}pen {pen.id} {pen.name}')})"
        if change or one_pass.pause:
            yield "M0"
        if one_pass.delay_s:
            yield f"G4P{one_pass.delay_s:g}"
        yield from pen_lines(profile, profile.pen.up_height, profile.settle(pen)[1])
        coordinates = Coordinates.of(profile, plan.paper, pen)
        for stroke in one_pass.strokes:
            yield from stroke_program(stroke, pen, profile, coordinates).lines()
    yield travel_line(reference.work(np.array([profile.swap]))[0], profile)
    yield BARRIER


def opening_lines(profile: Profile) -> Iterator[str]:
    """What a program begins with: modes, pen up, to the sheet's corner where it is known, origin there."""
    yield MODES
    if profile.homing and profile.frame.origin is not None:
        lift = profile.pen
        if isinstance(lift, ZAxis):
            yield "G53G0Z" + _number(round(lift.z_at(lift.up_height) * UM_PER_MM))
        else:
            yield from pen_lines(profile, lift.up_height, profile.settle(None)[1])
        yield "G53G0" + _words(*(round(value * UM_PER_MM) for value in profile.frame.origin))
        yield BARRIER
    yield origin_line(profile, (0.0, 0.0))


def origin_line(profile: Profile, work_mm: tuple[float, float], z_mm: float | None = None) -> str:
    """``G92`` that calls the present position `work_mm`, and a Z axis `z_mm` or its upper height.

    Without a Z axis, Z gets a number that a fresh board does not have: it tells that the offset is ours.
    """
    line = "G92" + _words(*(round(value * UM_PER_MM) for value in work_mm))
    if isinstance(profile.pen, ZAxis):
        z = profile.pen.z_at(profile.pen.up_height) if z_mm is None else z_mm
    else:
        z = OWN_Z_MM
    return f"{line}Z{_number(round(z * UM_PER_MM))}"


def travel_line(work_mm: np.ndarray, profile: Profile) -> str:
    """A move with the pen up, at the profile's travel speed (G0 would go as fast as the board can)."""
    x, y = (round(float(value) * UM_PER_MM) for value in work_mm)
    return f"G90G1{_words(x, y)}F{_feed(profile.motion.travel_speed)}"


def pen_lines(profile: Profile, height: float, settle_s: float) -> tuple[str, ...]:
    """Bring the pen to a height in per cent and wait `settle_s`; the last line is a dwell."""
    lift = profile.pen
    wait = f"G4P{_number(round(max(settle_s, _SHORTEST_DWELL_S) * 1000))}"
    if isinstance(lift, ServoS):
        return (f"M3S{_number(round(lift.s_at(height) * 1000))}", wait)
    if isinstance(lift, ZAxis):
        z = _number(round(lift.z_at(height) * UM_PER_MM))
        # The planner waits for the axis itself; only the settling is dwelt.
        moving = abs(lift.z_at(lift.up_height) - lift.z_at(lift.down_height)) / lift.z_speed
        rest = f"G4P{_number(round(max(settle_s - moving, _SHORTEST_DWELL_S) * 1000))}"
        return (f"G90G1Z{z}F{_feed(lift.z_speed)}", rest)
    if isinstance(lift, Lines):
        own = lift.up if height >= lift.up_height else lift.down
        return ("G90", *(line.replace("{height}", f"{height:.4g}") for line in own), wait)
    assert isinstance(lift, EbbServo)
    raise BadInput(f"Machine profile {profile.name} has pen.mechanism 'ebb', which G-code cannot move.")


def stroke_program(
    stroke: Stroke, pen: Pen | None, profile: Profile, coordinates: Coordinates
) -> StrokeProgram:
    """One stroke for one machine: points joined within the tolerance, feeds that the link can keep up.

    A segment's feed is lowered where the `_WINDOW` segments around it would be drawn faster than
    `stream.lines_per_s` can bring them, so that the planner never runs empty inside a stroke.
    """
    points = stroke.mm
    ends = np.array([0, len(points)])
    kept = np.flatnonzero(kept_points(points, ends, profile.stream.tolerance_mm))
    work = np.rint(coordinates.work(points[kept]) * UM_PER_MM).astype(np.int64)
    moves = np.any(np.diff(work, axis=0) != 0, axis=1)
    keep = np.concatenate([[True], moves])
    kept, work = kept[keep], work[keep]
    speed = profile.draw_speed(pen)
    feeds = _feeds(work / UM_PER_MM, speed, profile.stream.lines_per_s)
    path: list[str] = []
    last_feed = ""
    for (dx, dy), feed in zip(np.diff(work, axis=0).tolist(), feeds, strict=True):
        words = (f"X{_number(dx)}" if dx else "") + (f"Y{_number(dy)}" if dy else "")
        text = _feed(feed)
        path.append(f"{'' if path else 'G91G1'}{words}{'' if text == last_feed else 'F' + text}")
        last_feed = text
    lower_s, lift_s = profile.settle(pen)
    return StrokeProgram(
        travel_line(work[0] / UM_PER_MM, profile),
        pen_lines(profile, profile.down_height(pen), lower_s),
        tuple(path),
        kept,
        pen_lines(profile, profile.pen.up_height, lift_s),
    )


def kept_points(
    points: FloatArray, offsets: npt.NDArray[np.int64], tolerance: float
) -> npt.NDArray[np.bool_]:
    """Which points [n] paths need to stay within `tolerance` mm of themselves (Douglas-Peucker).

    points: [n, 2], all paths one after the other; path k is points offsets[k]:offsets[k + 1]. First and last
    points are always kept. A path that doubles back on itself keeps its turning points: they are ink twice.
    """
    keep = np.zeros(len(points), dtype=np.bool_)
    spans = np.empty((int(np.diff(offsets).max(initial=0)) + 1, 2), dtype=np.int64)
    _keep(np.ascontiguousarray(points), offsets, tolerance, keep, spans)
    return keep


@compiled
def _keep(
    points: FloatArray,
    offsets: npt.NDArray[np.int64],
    tolerance: float,
    keep: npt.NDArray[np.bool_],
    spans: npt.NDArray[np.int64],
) -> None:
    for path in range(len(offsets) - 1):
        spans[0, 0], spans[0, 1] = offsets[path], offsets[path + 1] - 1
        keep[spans[0, 0]] = keep[spans[0, 1]] = True
        waiting = 1
        while waiting:
            waiting -= 1
            first, last = spans[waiting, 0], spans[waiting, 1]
            x, y = points[first, 0], points[first, 1]
            dx, dy = points[last, 0] - x, points[last, 1] - y
            square = dx * dx + dy * dy
            worst, middle, back, before = tolerance * tolerance, -1, -1, 0.0
            for i in range(first + 1, last):
                px, py = points[i, 0] - x, points[i, 1] - y
                along = min(max((px * dx + py * dy) / square, 0.0), 1.0) if square > 0 else 0.0
                away = (px - along * dx) ** 2 + (py - along * dy) ** 2
                if away > worst:
                    worst, middle = away, i
                if back < 0 and i > first + 1 and (along - before) * math.sqrt(square) < -tolerance:
                    back = i - 1
                before = along
            if middle < 0:
                middle = back
            if middle >= 0:
                keep[middle] = True
                spans[waiting, 0], spans[waiting, 1] = first, middle
                spans[waiting + 1, 0], spans[waiting + 1, 1] = middle, last
                waiting += 2


def _feeds(points: np.ndarray, speed: float, lines_per_s: float) -> np.ndarray:
    """Speed in mm/s per segment, see `stroke_program`."""
    lengths = np.hypot(*np.diff(points, axis=0).T)
    count = len(lengths)
    if count <= _WINDOW:
        return np.full(count, speed)
    total = np.concatenate([[0.0], np.cumsum(lengths)])
    window = (total[_WINDOW:] - total[:-_WINDOW]) * lines_per_s / _WINDOW
    padded = np.concatenate([np.full(_WINDOW - 1, np.inf), window, np.full(_WINDOW - 1, np.inf)])
    allowed = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW).min(axis=1)
    # Whole 5 per cent steps: a feed word at every segment would cost more time than it saves.
    share = np.floor(np.minimum(allowed / speed, 1.0) * 20.0) / 20.0
    return np.asarray(speed * np.maximum(share, 0.05))


def _words(x: int, y: int) -> str:
    return f"X{_number(x)}Y{_number(y)}"


def _number(thousandths: int) -> str:
    """A number of thousandths with no more digits than it needs."""
    whole, rest = divmod(abs(thousandths), 1000)
    text = f"{whole}.{rest:03d}".rstrip("0").rstrip(".") if rest else str(whole)
    return f"-{text}" if thousandths < 0 else text


def _feed(mm_per_s: float) -> str:
    return _number(max(1, round(mm_per_s * 60)) * 1000)


def _plain(text: str) -> str:
    """Text that is safe inside a G-code comment of a line of 80 characters."""
    return re.sub(r"[^A-Za-z0-9 ._-]", " ", text)[:70]
