"""Moving an EiBotBoard's motors and pen, and making sure that they really did.

Commands go one per answer, so that never more than one waits in the board's queue beside the one that
runs; while a third would wait, the board reads nothing, not even a stop. Counters of steps are compared
with what was sent, loosely while moving and exactly at rest.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from plotink import ebb_motion

from plotbot.errors import LinkLost
from plotbot.machine.ebb_link import EbbLink
from plotbot.machine.ebb_moves import Braking, Frame, Path, Planned, Slice, Steps, low_level, slices

__all__ = ["LOW_LEVEL_SINCE", "MIN_MOTOR_VOLTS", "Drive", "Servo"]

LOW_LEVEL_SINCE = (2, 7, 0)
"""First firmware whose LM does what its documentation says."""

MIN_MOTOR_VOLTS = 7.7
"""Below this the motors' supply counts as missing: the maker's own limit, a QC reading of 250."""

SERVO_FRAME_MS = 24
_NAP_S = 0.002
_LOOK_MS = 30
_BUTTON_MS = 80
_STRAY_STEPS = 4.0


@dataclass(frozen=True, slots=True)
class Servo:
    """Pulse widths in 1/12 µs, rates in 1/12 µs per 24 ms, and settle times in s for one mounted pen."""

    up: int
    down: int
    rate_up: int
    rate_down: int
    settle_up_s: float
    settle_down_s: float
    pin: int = 1

    def delay_ms(self, *, up: bool, start: int | None = None) -> int:
        """Milliseconds until the pen stands still, coming from its other height (or from `start`)."""
        rate, settle = (self.rate_up, self.settle_up_s) if up else (self.rate_down, self.settle_down_s)
        way = abs((self.up if up else self.down) - (start or (self.down if up else self.up)))
        moving = math.ceil(way / rate) * SERVO_FRAME_MS
        return min(max(1, moving + math.ceil(settle * 1000 - 1e-9)), 65535)


class Drive:
    """Motors and pen of one connected board.

    here: counters after everything that was sent. pen_up: None while unknown. position_lost: the counters
    restarted by themselves. on_button: called whenever PRG was pressed.
    """

    def __init__(self, link: EbbLink, on_button: Callable[[], None]) -> None:
        self.link = link
        self.here: Steps = (0, 0)
        self.pen_up: bool | None = None
        self.position_lost = False
        self.fresh_accumulators = False
        self.on_button = on_button
        self._servo: Servo | None = None
        self._low_level = link.version >= LOW_LEVEL_SINCE
        self._always_clear = link.version >= (3, 0, 0)
        self._trail: deque[Steps] = deque(maxlen=3)
        self._unchecked = 0
        self._since_look = self._since_button = 0.0

    # -- pen -----------------------------------------------------------------------------------------

    def set_servo(self, servo: Servo) -> None:
        """Set heights and rates; the values a board starts with are not the ones it is documented with."""
        self._servo = servo
        ebb_motion.setPenUpPos(self.link, servo.up)
        ebb_motion.setPenDownPos(self.link, servo.down)
        # SC,10 sets both rates, so it must come before the one for each direction.
        self.link.command(f"SC,10,{servo.rate_up}")
        ebb_motion.setPenUpRate(self.link, servo.rate_up)
        ebb_motion.setPenDownRate(self.link, servo.rate_down)

    def begin_pen(self, *, up: bool, start: int | None = None) -> int:
        """Queue a pen move behind all motion and wait until it has begun; returns its delay in ms."""
        assert self._servo is not None
        delay = self._servo.delay_ms(up=up, start=start)
        pin = self._servo.pin if self._servo.pin != 1 else None
        self.pen_up = None
        (ebb_motion.sendPenUp if up else ebb_motion.sendPenDown)(self.link, delay, pin)
        self._patiently(lambda: self.link.pen_is_up() is up, "begin the pen move", 0.2)
        self.pen_up = up
        return delay

    def finish_pen(self, delay_ms: int) -> None:
        """Wait until a pen move and its settling are over."""
        self.wait(delay_ms / 1000)

    def move_pen(self, *, up: bool, start: int | None = None) -> None:
        """Move the pen and wait until it stands still."""
        self.finish_pen(self.begin_pen(up=up, start=start))

    # -- motors --------------------------------------------------------------------------------------

    def enable(self) -> None:
        """Hold both motors at 1/16 step, and count steps from here."""
        ebb_motion.sendEnableMotors(self.link, 1)
        self.wait()
        # Firmware before 2.6.2 does not zero the counters with EM.
        self.link.command("CS")
        self._at((0, 0))
        self.fresh_accumulators = True
        self.position_lost = False

    def release(self) -> None:
        """Let go of both motors; the counters restart."""
        ebb_motion.sendDisableMotors(self.link)
        self.wait()
        self._at((0, 0))

    def take_counters(self) -> Steps:
        """Start from what the board says it has counted."""
        self._at(self.link.steps())
        self.fresh_accumulators = False
        return self.here

    def follow(self, planned: Planned, frame: Frame, halting: Callable[[float], bool]) -> float | None:
        """Send a path, move by move. `halting` is asked before each, with the seconds that are left.

        Returns None when all of it is sent, else the length in mm at which the motion comes to rest.
        """
        path: Path = planned
        last: Slice | None = None
        left = planned.duration
        for piece in slices(path, self.here, frame, whole_ms=not self._low_level):
            if halting(left):
                if last is None:
                    return 0.0
                return self._brake(planned, last, frame)
            self._send(piece)
            last = piece
            left -= piece.ticks / 25_000
            self._since_look += piece.ticks / 25
            self._since_button += piece.ticks / 25
            if self._since_look >= _LOOK_MS:
                self._look()
        return None

    def _brake(self, planned: Planned, last: Slice, frame: Frame) -> float | None:
        """From the end of the last move to rest along the path; None if that is its end."""
        braking = Braking(planned, last.end_mm, last.end_speed, planned.profile.acceleration)
        end = last.end_mm
        for piece in slices(braking, self.here, frame, whole_ms=not self._low_level):
            self._send(piece)
            end = piece.end_mm
        return None if end >= float(planned.along[-1]) else end

    def _send(self, piece: Slice) -> None:
        if self._low_level:
            move = low_level(piece)
            (rate_1, accel_1), (rate_2, accel_2) = move.first, move.second
            clear = 3 if self._always_clear or not self.fresh_accumulators else None
            ebb_motion.doLowLevelMove(
                self.link, rate_1, piece.steps[0], accel_1, rate_2, piece.steps[1], accel_2, clear
            )
            self.fresh_accumulators = True
        else:
            ebb_motion.doXYMove(self.link, piece.steps[1], piece.steps[0], piece.milliseconds)
        if not self._trail:
            self._trail.append(self.here)
        self.here = (self.here[0] + piece.steps[0], self.here[1] + piece.steps[1])
        self._trail.append(self.here)
        self._unchecked += max(map(abs, piece.steps))

    # -- making sure ---------------------------------------------------------------------------------

    def wait(self, expected_s: float = 0.0) -> None:
        """Until nothing runs and nothing waits."""
        self._patiently(self._idle, "come to rest", expected_s)

    def check_place(self) -> None:
        """At rest: the counters must be exactly what was sent."""
        counted = self.link.steps()
        if counted != self.here:
            raise self._astray(counted)
        self._at(counted)

    def check_power(self) -> None:
        """The motors' supply must be there: without it the board counts steps that nobody does."""
        volts = self.link.motor_volts()
        if volts < MIN_MOTOR_VOLTS:
            self.position_lost = True
            raise LinkLost(
                f"The motors have lost their power ({volts:.1f} V, {MIN_MOTOR_VOLTS:g} V is needed). "
                "Plug the power supply in, put the pen over the sheet's starting corner, then resume."
            )

    def recount(self) -> None:
        """After trouble, at rest: go on from what the board counted, unless a reset zeroed that."""
        counted = self.link.steps()
        if not self._likely(counted):
            self.position_lost = self._zeroed(counted)
        if self.position_lost:
            # So that nobody takes the counters for a position later.
            self.link.command("CS")
            counted = (0, 0)
        self._at(counted)
        self.fresh_accumulators = False

    def _look(self) -> None:
        """While moving: whether the counters are on the way that the last moves go, and the button.

        This also finds a move that was garbled on its way into other speeds: it ends in the right place,
        but the two motors do not get there together.
        """
        self._since_look = 0.0
        counted = self.link.steps()
        if not self._likely(counted):
            raise self._astray(counted)
        self._unchecked = max(abs(self.here[axis] - counted[axis]) for axis in (0, 1))
        if self._since_button >= _BUTTON_MS:
            self._since_button = 0.0
            self._notice_button()

    def _likely(self, counted: Steps) -> bool:
        """Whether one of the last moves, at most two of them still to be done, leads through there."""
        trail = list(self._trail) or [self.here]
        if len(trail) == 1:
            trail *= 2
        return min(_off(counted, *move) for move in pairwise(trail)) <= _STRAY_STEPS

    def _zeroed(self, counted: Steps) -> bool:
        """Whether a reset zeroed them: then they hold no more than was sent since they were right."""
        return max(map(abs, counted)) <= self._unchecked + 2

    def _astray(self, counted: Steps) -> LinkLost:
        self.position_lost = self._zeroed(counted)
        where = f"it counts {counted[0]}, {counted[1]} steps instead of {self.here[0]}, {self.here[1]}"
        if self.position_lost:
            return LinkLost(
                f"The board was reset in mid-plot and lost its position ({where}). "
                "Put the pen over the sheet's starting corner, then resume."
            )
        return LinkLost(f"The board did not move as it was told ({where}); resume draws this stroke again.")

    def _idle(self) -> bool:
        busy, button = self.link.state()
        if button:
            self.on_button()
        return not busy

    def _notice_button(self) -> None:
        if self.link.state()[1]:
            self.on_button()

    def _patiently(self, done: Callable[[], bool], what: str, expected_s: float) -> None:
        """Ask again and again, but not forever: a board that answers and never ends is lost too."""
        end = time.monotonic() + 2 * expected_s + self.link.timeout_s
        while not done():
            if time.monotonic() > end:
                raise LinkLost(f"The board answers but does not {what}; switch it off and on, then resume.")
            time.sleep(_NAP_S)

    def _at(self, steps: Steps) -> None:
        self.here = steps
        self._trail.clear()
        self._unchecked = 0


def _off(place: Steps, start: Steps, end: Steps) -> float:
    """Distance in steps of a place from the straight way between two others."""
    move = (end[0] - start[0], end[1] - start[1])
    gone = (place[0] - start[0], place[1] - start[1])
    squared = move[0] ** 2 + move[1] ** 2
    share = min(max((gone[0] * move[0] + gone[1] * move[1]) / squared, 0.0), 1.0) if squared else 0.0
    return math.hypot(gone[0] - share * move[0], gone[1] - share * move[1])
