"""AxiDraw and NextDraw plotters, driven straight through their EiBotBoard.

The pen stands over the sheet's starting corner when the machine first moves; from there the board counts
steps. As long as it is neither reset nor released it keeps that count, so after a crash of this computer
the plot goes on where it was. A stroke counts as ink once the pen is up again, the counters are exactly
where they should be, and the motors still have power.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput, LinkLost, NoPlotter
from plotbot.machine.axidraw_models import Model, find_model
from plotbot.machine.base import Control, Executed, PausedAt
from plotbot.machine.ebb_drive import MIN_MOTOR_VOLTS, Drive, Servo
from plotbot.machine.ebb_link import Board, EbbLink
from plotbot.machine.ebb_moves import Planned, Steps, mm_from_steps, motor_speed_limit, steps_from_mm
from plotbot.machine.grbl_gcode import Coordinates
from plotbot.machine.ports import choose_port, find_ports, open_port
from plotbot.machine.profile import EbbServo, Profile
from plotbot.paper import Paper
from plotbot.pens.model import Pen
from plotbot.plan.model import UM_PER_MM, Motion, Plan, Stroke
from plotbot.plan.motion import profile as plan_speed

__all__ = ["EbbMachine"]

_SLACK_MM = 0.01
_SAME_PLACE_MM = 0.1
_LONG_STROKE_S = 2.0
_QUEUE_S = 0.4
# Widths a servo may stand at when the board is switched on, whatever the firmware.
_ANY_PULSE = (7500, 28000)

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _SheetFrame:
    """Sheet mm to counters: `base` is where the counters are zero, in steps from the home corner."""

    coordinates: Coordinates
    base: npt.NDArray[np.int64]

    def steps(self, points_mm: FloatArray) -> npt.NDArray[np.int64]:
        work = self.coordinates.work(np.atleast_2d(points_mm))
        return (steps_from_mm(work) - self.base).reshape(points_mm.shape)

    def told_per_mm(self, move_mm: FloatArray) -> float:
        return self.coordinates.told_per_mm(move_mm)

    def sheet(self, steps: Steps) -> FloatArray:
        place: FloatArray = self.coordinates.sheet(mm_from_steps(np.array([steps]) + self.base))[0]
        return place


class EbbMachine:
    """An AxiDraw or NextDraw; see `plotbot.machine.base.Machine`. Use it as a context manager.

    port: overrides the profile's; without either, the one EiBotBoard that is connected. After entering,
    `board` is what the board says of itself.
    """

    hardware = True

    def __init__(self, profile: Profile, *, port: str | None = None) -> None:
        if profile.kind != "axidraw" or not isinstance(profile.pen, EbbServo):
            raise BadInput(f"Machine profile {profile.name} is of kind {profile.kind}, not axidraw.")
        self.profile = profile
        self.model: Model | None = find_model(profile.model) if profile.model else None
        self.board = Board((0, 0, 0), "")
        self.name = f"axidraw on {port or profile.port or 'a port to be found'}"
        self._lift: EbbServo = profile.pen
        self._port_name = port or profile.port
        self._open: Drive | None = None
        self._paper: Paper | None = None
        self._motion: Motion | None = None
        self._pen: Pen | None = None
        self._base = np.zeros(2, dtype=np.int64)
        self._placed = False
        self._released = False
        self._control = Control()
        self._left_s = 0.0

    # -- connecting ----------------------------------------------------------------------------------

    def __enter__(self) -> EbbMachine:
        profile = self.profile
        name = self._port_name
        if name is None:
            name = choose_port(
                find_ports(),
                lambda port: port.is_ebb,
                what="AxiDraw or NextDraw",
                usb=profile.usb,
                tag=profile.tag,
            ).device
        self.name = f"axidraw on {name}"
        link = EbbLink(open_port(name, profile.baud), timeout_s=profile.stream.timeout_s)
        try:
            self.board = link.connect()
            self._open = Drive(link, self._button)
            self._get_to_know(self._open)
        except LinkLost as error:
            self._close(link)
            raise NoPlotter(f"{name} stopped answering while connecting: {error}") from None
        except BaseException:
            self._close(link)
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        drive = self._open
        if drive is None:
            return
        try:
            if drive.pen_up is not True:
                self._rescue(stop=False)
        finally:
            self._close(drive.link)

    def _close(self, link: EbbLink) -> None:
        self._open = None
        with contextlib.suppress(OSError):
            link.port.close()

    def _get_to_know(self, drive: Drive) -> None:
        link, tag = drive.link, self.profile.tag
        if (
            tag
            and self._port_name
            and self.board.version >= (2, 5, 5)
            and tag.lower() != self.board.tag.lower()
        ):
            raise NoPlotter(
                f"{self.name} carries the name tag {self.board.tag or '(none)'!r}, not {tag!r}; "
                "connect the other machine, or correct tag in the profile."
            )
        drive.wait()
        volts = link.motor_volts()
        if volts < MIN_MOTOR_VOLTS:
            raise NoPlotter(
                f"{self.name}: the motors have no power ({volts:.1f} V, at least {MIN_MOTOR_VOLTS:g} V is "
                "needed). Plug the power supply in and switch it on; USB alone moves nothing."
            )
        drive.take_counters()
        self._base[:] = 0
        self._placed = self._released = False
        self._use_servo(drive)
        # Nobody knows where the pen is: assume the far end of what a servo can do.
        drive.move_pen(up=True, start=max(_ANY_PULSE, key=lambda pulse: abs(pulse - self._servo().up)))
        drive.check_place()

    @property
    def _drive(self) -> Drive:
        if self._open is None:
            raise RuntimeError("the plotter was asked to do something before it was connected")
        return self._open

    # -- before drawing ------------------------------------------------------------------------------

    def check(self, plan: Plan) -> None:
        """Refuse a plan that leaves the machine's travel or has a pen it cannot lift; see `Machine.check`."""
        travel = np.array([self.profile.travel.x, self.profile.travel.y])
        if self.model is not None:
            travel = np.minimum(travel, [self.model.x, self.model.y])
        swap = Coordinates.of(self.profile, plan.paper, None).work(np.array([self.profile.swap]))
        if _outside(swap, travel).any():
            raise self._too_far("The swap position", swap, travel)
        index = 0
        for one_pass in plan.passes:
            self._check_pen(one_pass.pen)
            coordinates = Coordinates.of(self.profile, plan.paper, one_pass.pen)
            boxes = [(stroke.points.min(axis=0), stroke.points.max(axis=0)) for stroke in one_pass.strokes]
            work = coordinates.work(np.array(boxes).reshape(-1, 2) / UM_PER_MM).reshape(-1, 2, 2)
            beyond = np.flatnonzero(_outside(work, travel).any(axis=(1, 2)))
            if len(beyond):
                first = int(beyond[0])
                what = f"Stroke {index + first} with pen {one_pass.pen.id}"
                raise self._too_far(what, work[first], travel)
            index += len(boxes)
        self._paper, self._motion = plan.paper, plan.motion

    def mount(self, pen: Pen) -> None:
        """Take over height, times, speed and tip offset of the pen now in the holder; it stays up."""
        self._check_pen(pen)
        drive = self._drive
        self._pen = pen
        self._ready()
        self._use_servo(drive)
        drive.move_pen(up=True)

    def set_origin(self) -> None:
        """The sheet's starting corner is where the pen stands now."""
        self._drive.wait()
        self._drive.enable()
        self._base[:] = 0
        self._placed, self._released = True, False

    def forget_origin(self) -> None:
        """The starting corner of now is not to be taken for a plot's later on; the motors are let go."""
        self._drive.wait()
        self._drive.release()
        self._base[:] = 0
        self._placed = self._released = False

    def position_kept(self, expected_mm: tuple[float, float] | None) -> bool:
        """Whether the board has kept its position since a plot that left the pen at `expected_mm`.

        Sheet mm as `position_mm` gives them; None when the plot was killed. If so, it goes on from there.
        Counters at zero mean that the board lost power, unless it still holds its motors.
        """
        drive = self._drive
        drive.wait()
        counted = drive.take_counters()
        kept = counted != (0, 0)
        if expected_mm is not None:
            expected = self._frame(None).coordinates.work(np.array([expected_mm]))[0]
            there = bool(np.hypot(*(mm_from_steps(counted) - expected)) <= _SAME_PLACE_MM)
            kept = there and (kept or drive.link.step_modes() == (16, 16))
        if kept:
            self._base[:] = 0
            self._placed = True
        return kept

    def position_mm(self) -> tuple[float, float]:
        """Where the pen holder is on the sheet, by the board's count; a pen's tip offset is left out."""
        self._ready()
        x, y = self._frame(None).sheet(self._drive.link.steps())
        return (float(x), float(y))

    # -- drawing -------------------------------------------------------------------------------------

    def plot(
        self, strokes: Iterable[tuple[int, Stroke]], on_executed: Executed, control: Control
    ) -> PausedAt | None:
        """Draw strokes in order; see `plotbot.machine.base.Machine.plot`. The PRG button pauses."""
        drive = self._drive
        try:
            self._ready()
            drive.check_power()
            if drive.pen_up is not True:
                drive.move_pen(up=True)
            # A press of the button from before the plot is not meant for it.
            drive.wait()
            self._control, self._left_s = control, 0.0
            return self._plot(drive, strokes, on_executed, control)
        except LinkLost:
            self._rescue(stop=False)
            raise
        except BaseException:
            self._rescue(stop=True)
            raise
        finally:
            self._control = Control()

    def _plot(
        self, drive: Drive, strokes: Iterable[tuple[int, Stroke]], on_executed: Executed, control: Control
    ) -> PausedAt | None:
        frame = self._frame(self._pen)
        for index, stroke in strokes:
            if control.pausing:
                return PausedAt(index)
            planned = self._planned(stroke.mm)
            self._travel(planned.points[0], frame, control)
            if control.pausing:
                drive.wait()
                return PausedAt(index)
            delay = drive.begin_pen(up=False)
            drive.check_place()
            stopped_mm = drive.follow(planned, frame, lambda left: self._halting(control, left))
            self._left_s = 0.0
            delay = drive.begin_pen(up=True)
            drive.check_place()
            drive.check_power()
            drive.finish_pen(delay)
            if stopped_mm is not None:
                return PausedAt(index, stopped_mm)
            on_executed(index)
        return None

    def _halting(self, control: Control, left_s: float) -> bool:
        self._left_s = left_s
        return control.halting

    def _button(self) -> None:
        """PRG was pressed: stop after this stroke, or inside it when it would take long."""
        if self._left_s > _LONG_STROKE_S:
            self._control.halt()
        else:
            self._control.pause()

    # -- pen, places ---------------------------------------------------------------------------------

    def lift(self) -> None:
        """Pen up, where it stands."""
        self._drive.move_pen(up=True)

    def lower(self, height: float | None = None) -> None:
        """Pen down to a height in per cent, by default the mounted pen's."""
        if height is not None and not 0 <= height <= 100:
            raise BadInput(f"A pen height of {height:g} is impossible; it must be between 0 and 100.")
        before = self._servo().up
        self._use_servo(self._drive, height)
        self._drive.move_pen(up=False, start=before)

    def park(self) -> None:
        """Pen up and to the swap position; lets go of the motors there if the profile says so."""
        self._ready()
        drive = self._drive
        if drive.pen_up is not True:
            drive.move_pen(up=True)
        frame = self._frame(None)
        self._travel(np.array(self.profile.swap, dtype=float), frame, Control())
        drive.wait()
        drive.check_place()
        if self.profile.release_at_swap or self.profile.hold_motors is False:
            self._base = self._base + np.array(drive.here)
            drive.release()
            self._released = True

    def home(self) -> None:
        """Pen up and back over the sheet's starting corner; an AxiDraw has no switches to find it by."""
        self._ready()
        if self._drive.pen_up is not True:
            self.lift()
        frame = self._frame(None)
        self._travel(frame.coordinates.corner, frame, Control())
        self._drive.wait()
        self._drive.check_place()

    def jog_square(self, side_mm: float = 20.0) -> None:
        """Pen up and once around a square from where it stands, away from home; for a first test."""
        if not 0 < side_mm <= min(self.profile.travel.x, self.profile.travel.y):
            raise BadInput(
                f"A square of {side_mm:g} mm does not fit; it must be more than 0 and at most "
                f"{min(self.profile.travel.x, self.profile.travel.y):g} mm."
            )
        self._ready()
        self.lift()
        frame = self._frame(None)
        start = frame.coordinates.work(frame.sheet(self._drive.here)[None])[0]
        for corner in ((1, 0), (1, 1), (0, 1), (0, 0)):
            there = start + np.array(corner) * side_mm
            self._travel(frame.coordinates.sheet(there[None])[0], frame, Control())
        self._drive.wait()
        self._drive.check_place()

    def stop(self) -> None:
        """Stop the motors at once, wherever they are, and lift the pen (ES)."""
        self._rescue(stop=True)

    # -- inside --------------------------------------------------------------------------------------

    def _ready(self) -> None:
        """Motors held, and a position to count from: where the pen stands, unless it was kept."""
        if not self._placed:
            self.set_origin()
        elif self._released:
            self._drive.enable()
            self._released = False

    def _frame(self, pen: Pen | None) -> _SheetFrame:
        return _SheetFrame(Coordinates.of(self.profile, self._paper, pen), self._base)

    def _limits(self) -> Motion:
        """The slower of what the plan was timed with and what the machine can do."""
        own, plan = self.profile.timing(), self._motion
        if plan is None:
            return own
        return Motion(
            draw_speed=min(own.draw_speed, plan.draw_speed),
            draw_acceleration=min(own.draw_acceleration, plan.draw_acceleration),
            travel_speed=min(own.travel_speed, plan.travel_speed),
            travel_acceleration=min(own.travel_acceleration, plan.travel_acceleration),
            junction_deviation=min(own.junction_deviation, plan.junction_deviation),
        )

    def _planned(self, points_mm: FloatArray) -> Planned:
        limits = self._limits()
        speed = min(limits.draw_speed, self.profile.draw_speed(self._pen), motor_speed_limit(points_mm))
        return Planned(plan_speed(points_mm, speed, limits.draw_acceleration, limits.junction_deviation))

    def _travel(self, to_mm: FloatArray, frame: _SheetFrame, control: Control) -> None:
        """Move with the pen up; when told to halt it stops on the way."""
        limits = self._limits()
        way = np.stack([frame.sheet(self._drive.here), to_mm])
        speed = min(limits.travel_speed, motor_speed_limit(way))
        planned = Planned(plan_speed(way, speed, limits.travel_acceleration, limits.junction_deviation))
        self._drive.follow(planned, frame, lambda _: control.halting)

    def _servo(self, down_height: float | None = None) -> Servo:
        lift = self._lift
        own = self._pen.mechanical if self._pen else None
        down = self.profile.down_height(self._pen) if down_height is None else down_height
        settle_up = lift.lift_s if own is None or own.lift_settle_s is None else own.lift_settle_s
        settle_down = lift.lower_s if own is None or own.lower_settle_s is None else own.lower_settle_s
        return Servo(
            up=lift.pulse_at(lift.up_height),
            down=lift.pulse_at(down),
            rate_up=lift.rate_at(lift.lift_rate),
            rate_down=lift.rate_at(lift.lower_rate),
            settle_up_s=settle_up,
            settle_down_s=settle_down,
            pin=self.model.servo_pin if self.model else 1,
        )

    def _use_servo(self, drive: Drive, down_height: float | None = None) -> None:
        servo = self._servo(down_height)
        drive.set_servo(servo)
        longest = max(servo.delay_ms(up=True), servo.delay_ms(up=False)) / 1000
        drive.link.timeout_s = self.profile.stream.timeout_s + longest

    def _check_pen(self, pen: Pen) -> None:
        down, up = self.profile.down_height(pen), self.profile.pen.up_height
        if down >= up:
            raise BadInput(
                f"Pen {pen} draws at height {down:g}, not below the {up:g} to which machine profile "
                f"{self.profile.name} lifts it; lower the pen's down_height or raise pen.up_height."
            )

    def _too_far(self, what: str, work: FloatArray, travel: FloatArray) -> BadInput:
        axis = int(np.flatnonzero(_outside(work, travel).any(axis=0))[0])
        low, high = float(work[:, axis].min()), float(work[:, axis].max())
        model = f" ({self.model.name})" if self.model else ""
        return BadInput(
            f"{what} reaches {'xy'[axis]} {low:g} to {high:g} mm from the home corner; the machine{model} "
            f"can go from 0 to {travel[axis]:g} mm. Use a smaller or turned sheet, or correct model, frame "
            "and travel in the profile."
        )

    def _comes_to_rest(self, drive: Drive) -> bool:
        """Whether the board, asked through a confused line, ends its moves within a moment."""
        end = time.monotonic() + _QUEUE_S
        while time.monotonic() < end:
            drive.link.settle(0.1)
            with contextlib.suppress(LinkLost):
                if not drive.link.busy():
                    return True
        return drive.link.dead

    def _rescue(self, *, stop: bool) -> None:
        """Lift the pen, motors stopped first if asked, as far as the board still listens. Never raises."""
        drive = self._open
        if drive is None or drive.link.dead:
            return
        link = drive.link
        usual = link.timeout_s
        servo = self._servo()
        delay = servo.delay_ms(up=True)
        link.timeout_s = min(usual, 0.5 + delay / 1000)
        pin = f",{servo.pin}" if servo.pin != 1 else ""
        try:
            # Moves in the queue are short; a garbled one may go on for minutes.
            if stop or not self._comes_to_rest(drive):
                link.insist("ES")
            drive.pen_up = True if link.insist(f"SP,1,{delay}{pin}") else None
            with contextlib.suppress(LinkLost):
                drive.wait(delay / 1000)
                drive.recount()
                self._placed = self._placed and not drive.position_lost
        finally:
            link.timeout_s = usual


def _outside(work: FloatArray, travel: FloatArray) -> npt.NDArray[np.bool_]:
    """Which coordinates [..., 2] from the home corner the machine cannot reach."""
    beyond: npt.NDArray[np.bool_] = (work < -_SLACK_MM) | (work > travel + _SLACK_MM)
    return beyond
