"""What a plot tells the person and asks of them; a command line, or a test, answers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from plotbot.pens.model import Pen
from plotbot.plan.model import Plan

__all__ = ["Answer", "DrawAt", "PenSwap", "Progress", "Prompter", "Start"]


@dataclass(frozen=True, slots=True)
class DrawAt:
    """Go on where it stopped, with the pen lowered to this height in per cent for the rest of its strokes."""

    down_height: float


Answer: TypeAlias = Literal["stop", "go on", "next pen"] | DrawAt
"""What to do after a pause: leave resumably, go on where it stopped, or leave the rest of this pen."""


@dataclass(frozen=True, slots=True)
class Start:
    """What the person is asked to confirm before the first move.

    resuming: some of the drawing is ink already, so the same sheet must lie where it lay.
    position_kept: whether the machine still knows where it is; None when it cannot tell.
    again: the stroke that may have got ink when an earlier plot was cut off, and is drawn again.
    """

    job: Path
    plan: Plan
    machine: str
    hardware: bool
    resuming: bool
    position_kept: bool | None
    strokes: int
    again: int | None = None


@dataclass(frozen=True, slots=True)
class PenSwap:
    """The pen to mount now; `number` of `of` counts the passes of the whole plan, in drawing order. fresh:
    the one that drew until now is nearly dry, so another of its kind is to follow. kept: the pen stays
    where it is, and a layer of the file asks for a pause. layer: its name."""

    number: int
    of: int
    pen: Pen
    strokes: int
    ink_mm: float
    seconds: float
    hardware: bool
    fresh: bool = False
    kept: bool = False
    layer: str = ""

    def __str__(self) -> str:
        if self.kept:
            name = f" {self.layer!r}" if self.layer else ""
            return f"Pause before layer{name}, {self.number} of {self.of}, with the same pen: {self.pen}"
        if self.fresh:
            return f"Mount a fresh pen, {self.number} of {self.of}: {self.pen}"
        return f"Mount pen {self.number} of {self.of}: {self.pen}"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plot is. Strokes and mm count the whole plan, what was ink before included; `pen_*` count
    the mounted pen. `seconds_left` and `pen_seconds_left` are never negative; pauses do not count, and
    `seconds_left` includes the pen swaps still to come."""

    number: int
    of: int
    pen: Pen
    strokes_done: int
    strokes_total: int
    mm_done: float
    mm_total: float
    seconds_left: float
    pen_strokes_done: int
    pen_strokes_total: int
    pen_mm_done: float
    pen_mm_total: float
    pen_seconds_left: float


class Prompter(Protocol):
    """What a plot must ask the person. Each raises `Cancelled` (or KeyboardInterrupt) for no."""

    def start(self, start: Start) -> None:
        """Paper in place, pen over the starting corner? Asked once, before the first move."""

    def mount(self, swap: PenSwap) -> None:
        """Have the pen mounted, or whatever a layer's pause is for done; returns when it is."""

    def paused(self, where: Progress) -> Answer:
        """The plot stopped on request, pen up and parked; decide how to go on."""
