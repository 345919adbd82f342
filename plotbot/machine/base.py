"""The Machine protocol: the little that a plot needs from any plotter.

A machine knows millimetres on the sheet, pen up and pen down. It knows nothing of jobs, prompts or
networks. `plot` reports a stroke only when the controller has *executed* it, with the pen lifted
again; accepted is not executed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from plotbot.pens.model import Pen
from plotbot.plan.model import Plan, Stroke

__all__ = ["Control", "Executed", "Machine", "PausedAt"]

Executed = Callable[[int], None]
"""Called with a stroke's index once that stroke is ink and the pen is up."""


@dataclass(frozen=True, slots=True)
class PausedAt:
    """Where a plot stopped on request, pen up: `index` is the next stroke to draw, and `drawn_mm` how
    much of it is ink already (0 at a clean point between strokes)."""

    index: int
    drawn_mm: float = 0.0


class Control:
    """Requests from the person to a running plot; safe to set from a signal handler or another thread.

    `pause` asks to stop at the end of the running stroke, `halt` to stop inside it, decelerating; `leave`
    is a pause after which the plot is to end without a question. A machine polls `pausing` between strokes
    and `halting` while it moves.
    """

    def __init__(self) -> None:
        self._pause = threading.Event()
        self._halt = threading.Event()
        self._leave = threading.Event()

    def pause(self) -> None:
        """Stop at the end of the stroke being drawn."""
        self._pause.set()

    def halt(self) -> None:
        """Stop as soon as the machine can decelerate, even inside a stroke."""
        self._pause.set()
        self._halt.set()

    def leave(self) -> None:
        """Stop at the end of the stroke being drawn, and leave the plot to be resumed."""
        self._leave.set()
        self._pause.set()

    def clear(self) -> None:
        """Forget all requests, before going on."""
        self._leave.clear()
        self._pause.clear()
        self._halt.clear()

    @property
    def pausing(self) -> bool:
        """A stop was asked for."""
        return self._pause.is_set()

    @property
    def halting(self) -> bool:
        """A stop inside the stroke was asked for."""
        return self._halt.is_set()

    @property
    def leaving(self) -> bool:
        """The plot is to end where it stops."""
        return self._leave.is_set()


class Machine(Protocol):
    """A plotter. Lengths mm from the top left corner of the sheet, y down.

    Use it as a context manager: entering connects and checks the device (`NoPlotter`, exit code 3),
    leaving lifts the pen where the link still allows it, and closes the port.
    """

    name: str
    """Shown to people, e.g. ``virtual`` or ``grbl on /dev/ttyUSB0``."""

    hardware: bool
    """True when something real moves; `--yes` never confirms a pen swap there."""

    def __enter__(self) -> Machine: ...

    def __exit__(self, *exc: object) -> None: ...

    def check(self, plan: Plan) -> None:
        """Refuse, before the first move, a plan the machine cannot draw (`BadInput`)."""

    def mount(self, pen: Pen) -> None:
        """Take over the mechanical settings of the pen that is now in the holder; pen stays up."""

    def plot(
        self, strokes: Iterable[tuple[int, Stroke]], on_executed: Executed, control: Control
    ) -> PausedAt | None:
        """Draw strokes in order, each from its first point to its last.

        Calls `on_executed(index)` once per stroke, after it was executed and the pen lifted, and sends
        nothing of a later stroke's pen-down path before that call returned. Returns None when all are
        drawn, or where it stopped when `control` asked for it. Raises `LinkLost` when the controller
        is gone or was reset; strokes not reported by then are not known to be ink.
        """

    def lift(self) -> None:
        """Pen up, where it stands."""

    def park(self) -> None:
        """Pen up and go to the swap position (the origin unless the profile says otherwise)."""
