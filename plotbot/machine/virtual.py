"""A plotter without a plotter: it moves as the plan's timing says, and remembers what it drew.

Its paper is a file to which every finished piece of line is appended with one write, so that what was
drawn survives the end of the process at any moment, as ink does. Each line is a JSON object: ``pen``,
``stroke`` (its place in the plan) and ``um``, the piece's points x, y, x, y, … in whole micrometres.
A long stroke is several pieces that join; a stroke that comes twice was drawn twice.

The machine refuses what a real plotter could not do, such as drawing before a pen is mounted.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput, PlotbotError
from plotbot.machine.base import Control, Executed, PausedAt
from plotbot.pens.model import Pen
from plotbot.plan.model import Motion, Plan, Stroke
from plotbot.plan.motion import PARK_MM, Profile, draw_limits, hop_seconds, pen_times, profile

__all__ = ["InkPiece", "VirtualMachine", "read_ink"]

TICK_S = 0.02
"""How often a moving machine looks for a request to stop, in its own time."""

FLUSH_S = 0.25
"""How much ink, in seconds of the person's time, is drawn before it is written down."""

SHEET_TOLERANCE_MM = 0.001

FloatArray = npt.NDArray[np.float64]


class VirtualMachine:
    """A simulated plotter.

    speed: 1 is real time, 10 ten times that, 0 as fast as possible. ink: file that takes what is drawn,
    kept if it exists; nothing is kept without one. After use, `clock_s` is the time the machine took in
    its own seconds, without swaps.
    """

    hardware = False

    def __init__(self, motion: Motion | None = None, *, speed: float = 1.0, ink: Path | None = None) -> None:
        if not (math.isfinite(speed) and speed >= 0):
            raise BadInput(
                f"A speed of {speed:g} is impossible; use 1 for real time, 10 for ten times, 0 for no wait."
            )
        self.name = (
            "virtual" if speed == 1 else f"virtual, {f'{speed:g} times as fast' if speed else 'not waiting'}"
        )
        self.clock_s = 0.0
        self._motion = motion
        self._speed = speed
        self._ink = ink
        self._paper: int | None = None
        self._connected = False
        self._pen: Pen | None = None
        self._down = False
        self._position = np.array(PARK_MM, dtype=np.float64)
        self._size: tuple[float, float] | None = None
        self._due = 0.0

    def __enter__(self) -> VirtualMachine:
        if self._connected:
            raise RuntimeError("the virtual plotter is connected already")
        if self._ink is not None:
            try:
                self._paper = os.open(self._ink, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
                _end_torn_line(self._paper)
            except OSError as error:
                raise BadInput(
                    f"The ink file {self._ink} cannot be written: {error.strerror or error}."
                ) from error
        self._connected = True
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            self.lift()
        finally:
            self._connected = False
            self._pen = None
            if self._paper is not None:
                os.close(self._paper)
                self._paper = None

    def check(self, plan: Plan) -> None:
        """Refuse a plan that leaves its sheet; takes over the plan's motion unless one was given."""
        self._size = (plan.paper.width, plan.paper.height)
        self._motion = self._motion or plan.motion
        for index, _, stroke in plan.strokes():
            self._check_on_sheet(index, stroke)

    def mount(self, pen: Pen) -> None:
        """Take over the settings of the pen that is now in the holder."""
        self._check_ready("mount a pen")
        self._pen = pen

    def plot(
        self, strokes: Iterable[tuple[int, Stroke]], on_executed: Executed, control: Control
    ) -> PausedAt | None:
        """Draw strokes in order; see `plotbot.machine.base.Machine.plot`."""
        self._check_ready("draw")
        if self._pen is None or self._motion is None:
            raise RuntimeError("the virtual plotter was asked to draw before check() and mount()")
        limits = draw_limits(self._motion, self._pen)
        lower_s, lift_s = pen_times(self._motion, self._pen)
        for index, stroke in strokes:
            if control.pausing:
                return PausedAt(index)
            self._check_on_sheet(index, stroke)
            timing = profile(stroke.mm, *limits)
            self._travel(timing.points[0])
            if control.halting:
                return PausedAt(index)
            self._wait(lower_s)
            self._down = True
            stopped_mm = self._draw(index, stroke, timing, control)
            self._wait(lift_s)
            self._down = False
            if stopped_mm is not None:
                return PausedAt(index, stopped_mm)
            on_executed(index)
        return None

    def lift(self) -> None:
        """Pen up, where it stands."""
        if self._down:
            self._wait(self._motion.lift_s if self._motion else 0.0)
            self._down = False

    def park(self) -> None:
        """Pen up and back to the swap position."""
        self.lift()
        self._travel(np.array(PARK_MM))

    def position_mm(self) -> tuple[float, float]:
        """Where the pen is on the sheet."""
        return (float(self._position[0]), float(self._position[1]))

    def _draw(self, index: int, stroke: Stroke, timing: Profile, control: Control) -> float | None:
        """Draw one stroke with the pen down; the length drawn when told to stop inside it, else None."""
        trace = _Trace(stroke)
        elapsed, written, duration = 0.0, 0.0, timing.duration
        tick = TICK_S if self._speed else FLUSH_S
        while elapsed < duration and not control.halting:
            step = min(tick, duration - elapsed)
            self._wait(step)
            elapsed += step
            if self._speed and elapsed - written >= FLUSH_S * self._speed and elapsed < duration:
                self._leave_ink(index, trace.up_to(float(timing.at(elapsed)[1])))
                written = elapsed
        if elapsed < duration:
            _, reached, speed = timing.at(elapsed)
            end_mm = float(reached) + float(speed) ** 2 / (2 * timing.acceleration)
            if end_mm < timing.length_mm:
                self._wait(float(speed) / timing.acceleration)
                self._leave_ink(index, trace.up_to(end_mm))
                self._position = trace.point_at(end_mm)
                return end_mm
        self._leave_ink(index, trace.up_to(timing.length_mm))
        self._position = timing.points[-1].copy()
        return None

    def _travel(self, to: FloatArray) -> None:
        if self._down:
            raise RuntimeError("the virtual plotter was asked to travel with the pen down")
        if self._motion is not None:
            way = float(np.hypot(*(to - self._position)))
            self._wait(float(hop_seconds(way, self._motion.travel_speed, self._motion.travel_acceleration)))
        self._position = to.copy()

    def _wait(self, seconds: float) -> None:
        """Let machine time pass; each sleep ends where the last one should have, so that none adds up."""
        self.clock_s += seconds
        if not self._speed:
            return
        now = time.monotonic()
        if now - self._due > 1.0:  # it stood still: a prompt, a pause
            self._due = now
        self._due += seconds / self._speed
        if self._due > now:
            time.sleep(self._due - now)

    def _check_ready(self, doing: str) -> None:
        if not self._connected:
            raise RuntimeError(f"the virtual plotter was asked to {doing} before it was connected")
        if self._down:
            raise RuntimeError(f"the virtual plotter was asked to {doing} with the pen down")

    def _check_on_sheet(self, index: int, stroke: Stroke) -> None:
        if self._size is None:
            return
        low, high = stroke.points.min(axis=0) / 1000, stroke.points.max(axis=0) / 1000
        size = np.array(self._size)
        if (low < -SHEET_TOLERANCE_MM).any() or (high > size + SHEET_TOLERANCE_MM).any():
            raise BadInput(
                f"Stroke {index} reaches from {low[0]:g}, {low[1]:g} to {high[0]:g}, {high[1]:g} mm, "
                f"off the sheet of {size[0]:g} x {size[1]:g} mm."
            )

    def _leave_ink(self, index: int, points_um: npt.NDArray[np.int32]) -> None:
        """Put a piece of line on the paper, with one write."""
        if self._paper is None or self._pen is None:
            return
        piece = {"pen": self._pen.id, "stroke": index, "um": points_um.ravel().tolist()}
        line = (json.dumps(piece, separators=(",", ":")) + "\n").encode()
        try:
            whole = os.write(self._paper, line) == len(line)
        except OSError as error:
            raise PlotbotError(f"The ink file {self._ink} cannot be written: {error.strerror}.") from error
        if not whole:
            raise PlotbotError(f"The ink file {self._ink} cannot be written: the disk is full.")


class _Trace:
    """The line of one stroke, handed out in pieces while it is drawn."""

    def __init__(self, stroke: Stroke) -> None:
        self._points = stroke.mm
        steps = np.diff(self._points, axis=0)
        self._along = np.concatenate([[0.0], np.cumsum(np.hypot(steps[:, 0], steps[:, 1]))])
        self._from_mm = 0.0

    def up_to(self, end_mm: float) -> npt.NDArray[np.int32]:
        """The line since the last call, as whole micrometres [n >= 2, 2]."""
        end_mm = min(end_mm, float(self._along[-1]))
        inner = (self._along > self._from_mm) & (self._along < end_mm)
        ends = self.point_at(self._from_mm)[None], self.point_at(end_mm)[None]
        self._from_mm = end_mm
        piece: FloatArray = np.concatenate([ends[0], self._points[inner], ends[1]])
        return np.rint(piece * 1000).astype(np.int32)

    def point_at(self, distance_mm: float) -> FloatArray:
        """The point this far along the line."""
        x, y = self._points.T
        return np.array([np.interp(distance_mm, self._along, x), np.interp(distance_mm, self._along, y)])


@dataclass(frozen=True, slots=True, eq=False)
class InkPiece:
    """A piece of line on the virtual paper: with which pen, of which stroke, int32 µm [n, 2]."""

    pen: str
    stroke: int
    points: npt.NDArray[np.int32]


def read_ink(path: Path) -> Iterator[InkPiece]:
    """What the virtual machine drew, piece by piece in order; nothing where there is no file.

    A line that was cut off because the process ended inside its last write is left out.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                piece: dict[str, Any] = json.loads(line)
            except ValueError:
                continue
            yield InkPiece(
                piece["pen"], piece["stroke"], np.array(piece["um"], dtype=np.int32).reshape(-1, 2)
            )


def _end_torn_line(handle: int) -> None:
    """Begin a new line after one that the end of an earlier process cut off."""
    size = os.lseek(handle, 0, os.SEEK_END)
    if size:
        os.lseek(handle, size - 1, os.SEEK_SET)
        if os.read(handle, 1) != b"\n":
            os.write(handle, b"\n")
