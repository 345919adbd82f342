"""AxiDraw through pyaxidraw, the maker's own Python package, where that is installed.

pyaxidraw plans the motion itself; here it is given one stroke at a time in interactive mode, so that the
journal is as exact as with `plotbot.machine.ebb`. A stroke counts as ink once the motors stand still, the
pen is up and the board's step counters are at the end of the stroke. pyaxidraw cannot stop inside a stroke
on request; its PRG button does, and what was drawn until then is read from the counters.

Source: the AxiDraw Python API documentation (interactive mode) and axidraw_conf.py for the scales.
"""

from __future__ import annotations

import importlib
import re
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput, LinkLost, NoPlotter
from plotbot.machine.axidraw_models import Model, find_model
from plotbot.machine.base import Control, Executed, PausedAt
from plotbot.machine.ebb import EbbMachine
from plotbot.machine.ebb_drive import MIN_MOTOR_VOLTS
from plotbot.machine.ebb_link import volts
from plotbot.machine.ebb_moves import mm_from_steps
from plotbot.machine.grbl_gcode import Coordinates
from plotbot.machine.profile import EbbServo, Profile
from plotbot.paper import Paper
from plotbot.pens.model import Mechanical, Pen
from plotbot.plan.model import Motion, Plan, Stroke

__all__ = ["AxidrawMachine"]

FloatArray = npt.NDArray[np.float64]

_NO_CONNECTION, _BUTTON, _KEYBOARD, _LOST = 101, 102, 103, 104
_MILLIMETRES = 2
# axidraw_conf.py: what 100 per cent is on its scales, in mm/s, mm/s², and 1/12 µs every 24 ms.
_FULL_SPEED = 8.6979 * 25.4 / 1.1
_FULL_ACCELERATION = 40.0 * 25.4
_FULL_SERVO_RATE = 500.0
_SAME_PLACE_MM = 0.1
_NAP_S = 0.005
_PATIENCE_S = 30.0


class AxidrawMachine:
    """An AxiDraw driven by pyaxidraw; see `plotbot.machine.base.Machine`. Use it as a context manager."""

    hardware = True

    def __init__(self, profile: Profile, *, port: str | None = None) -> None:
        if profile.kind != "axidraw" or not isinstance(profile.pen, EbbServo):
            raise BadInput(f"Machine profile {profile.name} is of kind {profile.kind}, not axidraw.")
        self.profile = profile
        self.model: Model = find_model(profile.model or "V3")
        self.name = f"axidraw by pyaxidraw on {port or profile.port or 'the first one found'}"
        self._lift: EbbServo = profile.pen
        self._port_name = port or profile.port or profile.tag
        self._open: Any = None
        self._paper: Paper | None = None
        self._motion: Motion | None = None
        self._pen: Pen | None = None
        self._lost = False
        self._limits = EbbMachine(profile)

    # -- connecting ----------------------------------------------------------------------------------

    def __enter__(self) -> AxidrawMachine:
        try:
            module = importlib.import_module("pyaxidraw.axidraw")
        except ImportError:
            raise NoPlotter(
                "The driver pyaxidraw is not installed, and it is not on the Python package index: install "
                "the AxiDraw Python API from the maker's download page, or leave --driver out to use "
                "plotbot's own."
            ) from None
        axidraw = module.AxiDraw()
        axidraw.interactive()
        self._open = axidraw
        self._lost = False
        try:
            self._set_options(axidraw)
            if not axidraw.connect():
                raise NoPlotter(
                    f"pyaxidraw finds no AxiDraw{f' called {self._port_name}' if self._port_name else ''}. "
                    "Check the USB cable and the power, and that no other program uses it."
                )
            supply = volts(self._numbers("QC")[1])
            if supply < MIN_MOTOR_VOLTS:
                axidraw.disconnect()
                raise NoPlotter(
                    f"{self.name}: the motors have no power ({supply:.1f} V, at least {MIN_MOTOR_VOLTS:g} V "
                    "is needed). Plug the power supply in; USB alone moves nothing."
                )
            axidraw.penup()
        except BaseException:
            self._open = None
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        axidraw, self._open = self._open, None
        if axidraw is None:
            return
        if not self._lost:
            axidraw.penup()
        axidraw.disconnect()

    def check(self, plan: Plan) -> None:
        """Refuse a plan that leaves the machine's travel; see `Machine.check`."""
        self._limits.check(plan)
        self._paper, self._motion = plan.paper, plan.motion

    def mount(self, pen: Pen) -> None:
        """Take over height, settling, speed and tip offset of the pen now in the holder; it stays up."""
        self._pen = pen
        axidraw = self._axidraw
        self._set_options(axidraw)
        axidraw.update()
        axidraw.penup()
        self._raise_for_errors()

    # -- drawing -------------------------------------------------------------------------------------

    def plot(
        self, strokes: Iterable[tuple[int, Stroke]], on_executed: Executed, control: Control
    ) -> PausedAt | None:
        """Draw strokes in order; see `plotbot.machine.base.Machine.plot`. A halt waits for a stroke's end."""
        axidraw = self._axidraw
        coordinates = Coordinates.of(self.profile, self._paper, self._pen)
        for index, stroke in strokes:
            if control.pausing:
                return PausedAt(index)
            path = coordinates.work(stroke.mm)
            axidraw.moveto(float(path[0, 0]), float(path[0, 1]))
            if self._paused():
                return PausedAt(index)
            if (path == path[0]).all():
                axidraw.pendown()
                axidraw.penup()
            else:
                axidraw.draw_path([[float(x), float(y)] for x, y in path])
            paused = self._paused()
            self._come_to_rest()
            axidraw.penup()
            self._raise_for_errors()
            here = self._machine_mm()
            if paused:
                drawn = _drawn_mm(stroke.mm, coordinates.sheet(here[None])[0])
                if drawn < stroke.length_mm - _SAME_PLACE_MM:
                    return PausedAt(index, drawn)
            elif np.hypot(*(here - path[-1])) > _SAME_PLACE_MM:
                self._lost = True
                raise LinkLost(
                    f"The AxiDraw stands at {here[0]:.2f}, {here[1]:.2f} mm instead of {path[-1][0]:.2f}, "
                    f"{path[-1][1]:.2f}: it was reset or stopped. Put the pen over the sheet's starting "
                    "corner, then resume."
                )
            self._check_power()
            on_executed(index)
            if paused:
                control.pause()
        return None

    def lift(self) -> None:
        """Pen up, where it stands."""
        self._axidraw.penup()
        self._raise_for_errors()

    def park(self) -> None:
        """Pen up and to the swap position."""
        axidraw = self._axidraw
        axidraw.penup()
        x, y = Coordinates.of(self.profile, self._paper, None).work(np.array([self.profile.swap]))[0]
        axidraw.moveto(float(x), float(y))
        self._paused()
        self._come_to_rest()

    def position_mm(self) -> tuple[float, float]:
        """Where the pen holder is on the sheet, by the board's count; a pen's tip offset is left out."""
        here = self._machine_mm()
        x, y = Coordinates.of(self.profile, self._paper, None).sheet(here[None])[0]
        return (float(x), float(y))

    def position_kept(self, expected_mm: tuple[float, float] | None) -> bool:
        """Never: connecting with pyaxidraw starts the count anew, where the pen stands."""
        return False

    # -- inside --------------------------------------------------------------------------------------

    @property
    def _axidraw(self) -> Any:
        if self._open is None:
            raise RuntimeError("the plotter was asked to do something before it was connected")
        return self._open

    def _set_options(self, axidraw: Any) -> None:
        """Units, travel, speeds and heights, in the scales of pyaxidraw."""
        options, own, plan = axidraw.options, self.profile.timing(), self._motion
        draw = min(own.draw_speed, self.profile.draw_speed(self._pen))
        travel, acceleration = own.travel_speed, own.draw_acceleration
        if plan is not None:
            draw, travel = min(draw, plan.draw_speed), min(travel, plan.travel_speed)
            acceleration = min(acceleration, plan.draw_acceleration)
        lift = self._lift
        mechanical = self._pen.mechanical if self._pen else Mechanical()
        lower_s = lift.lower_s if mechanical.lower_settle_s is None else mechanical.lower_settle_s
        lift_s = lift.lift_s if mechanical.lift_settle_s is None else mechanical.lift_settle_s
        options.units = _MILLIMETRES
        options.model = self.model.number
        if self._port_name:
            options.port = self._port_name
        options.speed_pendown = _per_cent(draw, _FULL_SPEED, 110)
        options.speed_penup = _per_cent(travel, _FULL_SPEED, 110)
        options.accel = _per_cent(acceleration, _FULL_ACCELERATION, 110)
        options.pen_pos_up = round(lift.up_height)
        options.pen_pos_down = round(self.profile.down_height(self._pen))
        options.pen_rate_raise = _per_cent(lift.rate_at(lift.lift_rate), _FULL_SERVO_RATE, 100)
        options.pen_rate_lower = _per_cent(lift.rate_at(lift.lower_rate), _FULL_SERVO_RATE, 100)
        options.pen_delay_up = round(lift_s * 1000)
        options.pen_delay_down = round(lower_s * 1000)

    def _paused(self) -> bool:
        """Whether the last motion was stopped by the button or the keyboard; raises for a lost link."""
        code = self._axidraw.errors.code
        if code in (_BUTTON, _KEYBOARD):
            self._axidraw.errors.code = 0
            return True
        self._raise_for_errors()
        return False

    def _raise_for_errors(self) -> None:
        code = self._axidraw.errors.code
        if code == _LOST:
            self._lost = True
            raise LinkLost(
                "pyaxidraw lost the USB connection to the AxiDraw; whether the pen is up is unknown."
            )
        if code == _NO_CONNECTION:
            raise NoPlotter("pyaxidraw has no connection to an AxiDraw. Check the USB cable and the power.")
        if code and code not in (_BUTTON, _KEYBOARD):
            raise LinkLost(f"pyaxidraw stopped with error {code}, which its documentation does not name.")

    def _come_to_rest(self) -> None:
        """pyaxidraw returns while the last moves still run; wait until the board is idle."""
        end = time.monotonic() + _PATIENCE_S
        while any(self._numbers("QM")):
            if time.monotonic() > end:
                self._lost = True
                raise LinkLost("The AxiDraw does not come to rest; switch it off and on, then resume.")
            time.sleep(_NAP_S)

    def _check_power(self) -> None:
        supply = volts(self._numbers("QC")[1])
        if supply < MIN_MOTOR_VOLTS:
            raise LinkLost(
                f"The motors have lost their power ({supply:.1f} V, {MIN_MOTOR_VOLTS:g} V is needed). Plug "
                "it in, put the pen over the sheet's starting corner, then resume."
            )

    def _machine_mm(self) -> FloatArray:
        first, second = self._numbers("QS")[:2]
        return mm_from_steps((first, second))

    def _numbers(self, query: str) -> list[int]:
        """Ask the board itself through pyaxidraw."""
        answer = self._axidraw.usb_query(f"{query}\r")
        self._raise_for_errors()
        words = str(answer or "").strip().removeprefix(f"{query},").split(",")
        if len(words) < 2 or not all(re.fullmatch(r"-?\d+", word) for word in words):
            self._lost = True
            raise LinkLost(f"The AxiDraw answered {answer!r} to {query}; whether the pen is up is unknown.")
        return [int(word) for word in words]


def _per_cent(value: float, full: float, most: int) -> int:
    """A value on pyaxidraw's scale, rounded down so that no limit is exceeded."""
    return max(1, min(most, int(value / full * 100)))


def _drawn_mm(path: FloatArray, here: FloatArray) -> float:
    """Length of a path behind the place on it that is nearest to `here`, the first one if several are."""
    moves = np.diff(path, axis=0)
    length = np.hypot(moves[:, 0], moves[:, 1])
    squared = np.maximum(length**2, 1e-12)
    share = np.clip(((here - path[:-1]) * moves).sum(axis=1) / squared, 0.0, 1.0)
    off = np.hypot(*(path[:-1] + share[:, None] * moves - here).T)
    nearest = int(np.flatnonzero(off <= off.min() + 0.02)[0])
    return float(length[:nearest].sum() + share[nearest] * length[nearest])
