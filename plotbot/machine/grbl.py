"""GRBL plotters: GRBL 1.1, grblHAL and FluidNC over a serial port.

Work coordinates are set with G92 and remembered here, so nothing is written to the board's memory: without
homing the sheet's starting corner is where the pen stands when the machine first moves, with homing it is
the profile's `frame.origin`. A reset at rest keeps the machine position; the offset is then set again.

After every pen lift a dwell drains the planner: its ok is what makes a stroke executed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import serial

from plotbot.errors import BadInput, LinkLost, NoPlotter, PlotbotError
from plotbot.machine.base import Control, Executed, PausedAt
from plotbot.machine.grbl_gcode import (
    BARRIER,
    MODES,
    OWN_Z_MM,
    Coordinates,
    StrokeProgram,
    gcode_lines,
    opening_lines,
    origin_line,
    pen_lines,
    stroke_program,
    travel_line,
)
from plotbot.machine.grbl_limits import check_reach
from plotbot.machine.grbl_link import GrblLink
from plotbot.machine.grbl_settings import Build, Settings, parse_build, parse_settings
from plotbot.machine.ports import choose_port, find_ports, open_port
from plotbot.machine.profile import Profile, ServoS, ZAxis
from plotbot.paper import Paper
from plotbot.pens.model import Pen
from plotbot.plan.model import Plan, Stroke

__all__ = ["GrblMachine"]

_HOMING_PATIENCE_S = 180.0
_EEPROM_PATIENCE_S = 10.0
_SAME_PLACE_MM = 0.05
_ASTRAY_MM = 1.0
_OFF_PATH_MM = 0.3
_JOIN_MM = 0.02


class _HaltedError(Exception):
    """The person, or a button on the machine, wants it to stand still."""


@dataclass(frozen=True, slots=True)
class _Running:
    """A stroke on its way: numbers of its lines on the link. `lowered`: the dwell after lowering;
    `still`: the line whose ok tells that the path has been driven."""

    index: int
    stroke: Stroke
    program: StrokeProgram
    lowered: int
    still: int
    barrier: int


class _Bounds:
    """The box in work mm that contains everything on its way to the board; with a margin."""

    def __init__(self, start: np.ndarray) -> None:
        self.low, self.high = start.copy(), start.copy()
        self.older_reports = 0
        self._last = start[None].copy()

    def add(self, path: np.ndarray) -> None:
        """More is sent while what was sent before may still move."""
        self.low = np.minimum(self.low, path.min(axis=0))
        self.high = np.maximum(self.high, path.max(axis=0))

    def keep(self, path: np.ndarray, reports: int) -> None:
        """What was sent before has ended, but for the travel to this path's start. Reports come in order
        with the answer that told so; the first `reports` of them are older."""
        self.older_reports = reports
        self.low, self.high = self._last.min(axis=0), self._last.max(axis=0)
        self.add(path)
        self._last = path[-1:].copy()

    def contain(self, place: np.ndarray) -> bool:
        return bool(np.all(place >= self.low - _ASTRAY_MM) and np.all(place <= self.high + _ASTRAY_MM))


class GrblMachine:
    """A GRBL plotter; see `plotbot.machine.base.Machine`. Use it as a context manager.

    port: overrides the profile's; without either, the one board found that may run GRBL.
    After entering: `settings` and `build` are what the board says of itself, and `notes` are sentences
    about where it differs from the profile.
    """

    hardware = True

    def __init__(self, profile: Profile, *, port: str | None = None) -> None:
        if profile.kind != "grbl":
            raise BadInput(f"Machine profile {profile.name} is of kind {profile.kind}, not grbl.")
        self.profile = profile
        self.settings = Settings()
        self.build = Build()
        self.notes: list[str] = []
        self.name = f"grbl on {port or profile.port or 'a port to be found'}"
        self._port_name = port or profile.port
        self._open_link: GrblLink | None = None
        self._paper: Paper | None = None
        self._pen: Pen | None = None
        self._pen_up: bool | None = None
        self._origin: np.ndarray | None = None
        self._prepared = False
        self._asleep = False
        self._provisional = False

    # -- connecting --------------------------------------------------------------------------------

    def __enter__(self) -> GrblMachine:
        profile = self.profile
        name = self._port_name
        if name is None:
            name = choose_port(
                find_ports(),
                lambda port: port.may_be_grbl,
                what="GRBL board",
                usb=profile.usb,
                tag=profile.tag,
            ).device
        self.name = f"grbl on {name}"
        link = GrblLink(open_port(name, profile.baud), timeout_s=profile.stream.timeout_s)
        self._open_link = link
        try:
            link.connect()
            self._get_to_know(link)
        except LinkLost as error:
            link.close()
            self._open_link = None
            raise NoPlotter(
                f"{name} stopped answering while it was asked for its settings: {error}"
            ) from None
        except BaseException:
            link.close()
            self._open_link = None
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        link = self._open_link
        if link is None:
            return
        try:
            if self._pen_up is False:
                self._rescue()
            if self._provisional and not link.dead:
                with contextlib.suppress(LinkLost):
                    link.ask("G92.1")  # no plot's origin: the next one must not take it for its own
        finally:
            link.close()
            self._open_link = None

    def _get_to_know(self, link: GrblLink) -> None:
        profile = self.profile
        self.build = parse_build(link.ask("$I"))
        link.rx_limit = (self.build.rx_bytes or profile.stream.rx_bytes or 128) - 1
        self.settings = parse_settings(link.ask("$$"))
        link.inches = self.settings.reports_inches
        self.notes = self.settings.notes(profile)
        if isinstance(profile.pen, ServoS) and (fault := self.settings.servo_fault(profile.pen)):
            raise BadInput(fault)
        status = link.query(position=True)
        if status.state == "Door":
            raise NoPlotter(
                f"{self.name}: the safety door is open; close it, or pull its pin up if there is none."
            )
        if status.state == "Alarm" and not profile.homing:
            if not profile.unlock:
                why = (
                    "because homing is switched on ($22=1)"
                    if self.settings.flag(22)
                    else "by an alarm from before; free the carriage if it stands at a limit switch"
                )
                raise NoPlotter(
                    f"{self.name} starts locked {why}. Set homing = true and frame.origin in the profile to "
                    "home it ($H), or unlock = true to unlock it where it stands ($X)."
                )
            link.ask("$X")
        wanted = {True: 255.0, False: 25.0, None: None}[profile.hold_motors]
        idle = self.settings.get(1)
        if wanted is not None and idle is not None and (idle == 255) != (wanted == 255):
            link.ask(f"$1={wanted:.0f}", patience_s=_EEPROM_PATIENCE_S)
        if (offset := self._offset_found()) is not None and status.state == "Idle":
            # The reset of connecting has cleared it; whoever comes next shall still find it.
            work = offset[0] - offset[1]
            link.ask(origin_line(profile, (float(work[0]), float(work[1])), float(work[2])))

    @property
    def _link(self) -> GrblLink:
        if self._open_link is None:
            raise RuntimeError("the GRBL machine is not connected; use it in a with statement")
        return self._open_link

    # -- before the plot ---------------------------------------------------------------------------

    def check(self, plan: Plan) -> None:
        """Refuse a plan that leaves the machine's reach or whose pens its lift cannot move (`BadInput`).

        Takes over the sheet. Works without a connection too, then by the profile alone.
        """
        self._paper = plan.paper
        self._provisional = False
        for one_pass in plan.passes:
            self._check_pen(one_pass.pen)
        position = None
        if self._open_link is not None and self._origin is None and not self.profile.homing:
            status = self._link.query(position=True)
            position = np.array(status.mpos) if status.mpos else None
        elif self._origin is not None:
            position = self._origin
        check_reach(plan, self.profile, self.settings, self.build, position)

    def check_on_board(self, plan: Plan) -> list[str]:
        """Let the board parse the whole program in check mode (``$C``), without motion.

        Returns its complaints, none if all is well. Do it before the origin is set: leaving check mode
        resets the board (at rest, so it keeps its machine position).
        """
        link = self._link
        if link.query().state != "Idle":
            raise NoPlotter(f"{self.name} is not idle ({link.query().state}); home or unlock it, then check.")
        self._prepared = False
        link.ask("$C")
        link.tolerant = True
        complaints: list[str] = []
        try:
            for line in gcode_lines(plan, self.profile):
                if not line.startswith("$"):
                    link.send(line)
            link.leave_check_mode()
        except LinkLost as error:
            if link.dead:
                raise
            complaints.append(str(error))
            link.reset()
            if link.query().state == "Alarm":
                link.ask("$X")
        finally:
            complaints[:0] = link.refusals
            link.refusals.clear()
            link.tolerant = False
        return complaints

    def home(self) -> None:
        """Run the board's homing cycle with the pen up; afterwards its machine coordinates hold."""
        link = self._link
        if not self.settings.flag(22) and self.settings.get(22) is not None:
            raise BadInput(
                "Homing is switched off on the board ($22=0); set $22=1 if it has limit switches, "
                "or homing = false in the profile."
            )
        self._wake()
        if link.query().state == "Alarm":
            link.ask("$X")
        if not isinstance(self.profile.pen, ZAxis):
            self._pen_to(self.profile.pen.up_height, self.profile.settle(self._pen)[1])
        link.ask("$H", patience_s=_HOMING_PATIENCE_S)
        link.position_lost = False
        self._origin, self._prepared = None, False
        self._pen_up = True

    def set_origin(self) -> None:
        """Without homing: the sheet's starting corner is where the pen stands now."""
        self._link.position_lost = False
        self._origin, self._prepared = None, False
        self._ready()

    def forget_origin(self) -> None:
        """The starting corner of now is not to be taken for a plot's later on."""
        self._provisional = True

    def mount(self, pen: Pen) -> None:
        """Take over the heights, times, speed and tip offset of the pen now in the holder; lift it."""
        self._check_pen(pen)
        self._pen = pen
        self._ready()
        self._pen_to(self.profile.pen.up_height, self.profile.settle(pen)[1])

    # -- drawing -----------------------------------------------------------------------------------

    def plot(
        self, strokes: Iterable[tuple[int, Stroke]], on_executed: Executed, control: Control
    ) -> PausedAt | None:
        """Draw strokes in order; see `plotbot.machine.base.Machine.plot`.

        The travel to the next stroke is sent while the pen still lifts from the one before, so `strokes`
        is read one ahead of what `on_executed` reports. A feed hold or door pressed on the machine pauses.
        """
        self._ready()
        if self._pen_up is not True:
            self.lift()
        try:
            return self._plot(strokes, on_executed, control)
        except BaseException:
            self._rescue()
            raise

    def _plot(
        self, strokes: Iterable[tuple[int, Stroke]], on_executed: Executed, control: Control
    ) -> PausedAt | None:
        link, profile = self._link, self.profile
        coordinates = Coordinates.of(profile, self._paper, self._pen)
        running: _Running | None = None
        upcoming = 0
        allowed = _Bounds(self._work_position())

        def poll() -> None:
            if control.halting or (link.status is not None and link.status.state in {"Hold", "Door"}):
                raise _HaltedError
            self._watch_place(allowed)

        def verify() -> None:
            if running is not None:
                link.wait(running.still, poll)
                self._verify_end(running, coordinates)

        def finish() -> None:
            nonlocal running
            if running is not None:
                link.wait(running.barrier, poll)
                self._pen_up = True
                done, running = running.index, None
                on_executed(done)

        try:
            for index, stroke in strokes:
                upcoming = index
                if control.pausing:
                    verify()
                    finish()
                    return PausedAt(index)
                program = stroke_program(stroke, self._pen, profile, coordinates)
                path = coordinates.work(stroke.mm)
                verify()
                allowed.add(path[:1])
                link.send(program.travel, poll)
                finish()
                allowed.keep(path, link.reports)
                if control.pausing:
                    link.rest(poll)
                    return PausedAt(index)
                running = self._start(index, stroke, program)
                upcoming = index + 1
                self._send_all(program.lower, poll)
                self._verify_servo(program.lower[0], running.lowered - 1, poll)
                self._send_all(program.path, poll)
                self._send_all(program.lift, poll)
            verify()
            finish()
        except _HaltedError:
            return self._halt(running, upcoming, on_executed)
        return None

    def _work_position(self) -> np.ndarray:
        mpos = self._link.query(position=True).mpos
        assert mpos is not None and self._origin is not None
        work: np.ndarray = np.array(mpos[:2]) - self._origin[:2]
        return work

    def _watch_place(self, allowed: _Bounds) -> None:
        """A digit lost on the cable sends the machine anywhere; it must not be where no stroke is."""
        status = self._link.status
        if status is None or status.mpos is None or self._origin is None:
            return
        if self._link.reports <= allowed.older_reports:
            return
        work = np.array(status.mpos[:2]) - self._origin[:2]
        if not allowed.contain(work):
            raise LinkLost(
                f"The machine is at x {work[0]:.1f}, y {work[1]:.1f} mm from the starting corner, where the "
                "plan does not go: characters were changed on the cable. Try a shorter or shielded one."
            )

    def _start(self, index: int, stroke: Stroke, program: StrokeProgram) -> _Running:
        """Number the lines that are about to be sent."""
        self._pen_up = False
        lowered = self._link.sent + len(program.lower)
        barrier = lowered + len(program.path) + len(program.lift)
        # M3 itself waits for the planner to empty; what other lifts do is only sure at the dwell.
        still = barrier - 1 if isinstance(self.profile.pen, ServoS) else barrier
        return _Running(index, stroke, program, lowered, still, barrier)

    def _verify_end(self, running: _Running, coordinates: Coordinates) -> None:
        """The machine must stand where the stroke ends: a changed digit anywhere in it shows here.

        With a servo this happens while it lifts, and costs no time.
        """
        end = coordinates.work(running.stroke.mm[-1:])[0]
        off = self._work_position() - end
        resolution = max(1.0 / (self.settings.get(100 + axis) or 80.0) for axis in (0, 1))
        if np.hypot(*off) > max(_SAME_PLACE_MM, 1.5 * resolution):
            raise LinkLost(
                f"Stroke {running.index} ended {np.hypot(*off):.2f} mm from where it should: characters were "
                "changed or lost on the cable. Try a shorter or shielded one; the stroke will be drawn again."
            )
        self._verify_servo(running.program.lift[0], None, None)

    def _verify_servo(self, line: str, number: int | None, poll: Callable[[], None] | None) -> None:
        """The servo must have got the value of this line; only plain GRBL reports it for certain."""
        link = self._link
        firmware = link.banner.firmware if link.banner else ""
        if not (isinstance(self.profile.pen, ServoS) and firmware == "Grbl" and "V" in self.build.options):
            return
        if number is not None:
            link.wait(number, poll)
            link.query()
        wanted = float(line.removeprefix("M3S"))
        if link.status is not None and abs(link.status.spindle - wanted) > 1.0:
            raise LinkLost(
                f"The servo was set to {link.status.spindle:g} instead of {wanted:g}: characters were "
                "changed or lost on the cable. Try a shorter or shielded one."
            )

    def _send_all(self, lines: Iterable[str], poll: Callable[[], None] | None = None) -> None:
        for line in lines:
            self._link.send(line, poll)

    def _halt(self, running: _Running | None, upcoming: int, on_executed: Executed) -> PausedAt:
        """Stop decelerating, find how much of the running stroke is ink, flush the queue, lift the pen."""
        link = self._link
        status = link.hold()
        drawn = 0.0
        whole = running is not None and link.answered >= running.barrier
        if running is not None and not whole and link.answered >= running.lowered and status.mpos:
            drawn = self._drawn_mm(running, np.array(status.mpos[:2]))
            whole = drawn >= running.stroke.length_mm - _JOIN_MM
        link.reset()
        self._prepared = False
        self._ready()
        self._pen_to(self.profile.pen.up_height, self.profile.settle(self._pen)[1])
        if running is None:
            return PausedAt(upcoming)
        if whole:
            on_executed(running.index)
            return PausedAt(upcoming)
        return PausedAt(running.index, drawn)

    def _drawn_mm(self, running: _Running, mpos: np.ndarray) -> float:
        """Length of the running stroke behind a machine position.

        Only the segments that can be in the planner are looked at, so that a stroke that crosses itself
        is not mistaken; among equally near ones the first counts, which draws twice rather than not.
        """
        assert self._origin is not None
        kept, points = running.program.kept, running.stroke.mm
        accepted = min(max(self._link.answered - running.lowered, 0), len(running.program.path))
        blocks = self.build.planner_blocks
        first = 0 if blocks is None else max(0, accepted - blocks - 3)
        last = min(len(kept) - 1, accepted + 3)
        coordinates = Coordinates.of(self.profile, self._paper, self._pen)
        here = coordinates.sheet((mpos - self._origin[:2])[None])[0]
        low, high = int(kept[first]), int(kept[last])
        if high <= low:
            return 0.0
        lengths = np.hypot(*np.diff(points, axis=0).T)
        along, distance = _project(points[low : high + 1], here)
        if distance.min() > _OFF_PATH_MM:
            return 0.0  # the path was changed on the cable: all of it again
        nearest = int(np.flatnonzero(distance <= distance.min() + _JOIN_MM)[0])
        return float(lengths[: low + nearest].sum() + along[nearest])

    # -- pen, places -------------------------------------------------------------------------------

    def lift(self) -> None:
        """Pen up, where it stands."""
        self._ready()
        self._pen_to(self.profile.pen.up_height, self.profile.settle(self._pen)[1])

    def lower(self, height: float | None = None) -> None:
        """Pen down to a height in per cent, by default the mounted pen's."""
        if height is not None and not 0 <= height <= 100:
            raise BadInput(f"A pen height of {height:g} is impossible; it must be between 0 and 100.")
        self._ready()
        target = self.profile.down_height(self._pen) if height is None else height
        self._pen_to(target, self.profile.settle(self._pen)[0])

    def park(self) -> None:
        """Pen up and to the swap position; lets go of the motors there if the profile says so."""
        self._ready()
        if self._pen_up is not True:
            self.lift()
        reference = Coordinates.of(self.profile, self._paper, None)
        self._send_all((travel_line(reference.work(np.array([self.profile.swap]))[0], self.profile), BARRIER))
        self._link.wait()
        if self.profile.release_at_swap:
            self._link.ask("$SLP")
            self._asleep = True

    def jog_square(self, side_mm: float = 20.0) -> None:
        """Pen up and once around a square from where it stands, towards the sheet; for a first test."""
        if not 0 < side_mm <= min(self.profile.travel.x, self.profile.travel.y):
            raise BadInput(
                f"A square of {side_mm:g} mm does not fit; it must be more than 0 and at most "
                f"{min(self.profile.travel.x, self.profile.travel.y):g} mm."
            )
        self.lift()
        start = self.position_mm()
        inwards = np.array(
            [
                -1.0 if self.profile.frame.corner.endswith("right") else 1.0,
                -1.0 if self.profile.frame.corner.startswith("bottom") else 1.0,
            ]
        )
        coordinates = Coordinates.of(self.profile, self._paper, self._pen)
        for corner in ((1, 0), (1, 1), (0, 1), (0, 0)):
            there = np.array(start) + inwards * corner * side_mm
            self._link.send(travel_line(coordinates.work(there[None])[0], self.profile))
        self._link.wait(self._link.send(BARRIER))

    def position_mm(self) -> tuple[float, float]:
        """Where the pen's tip is on the sheet, as the board reports it."""
        self._ready()
        coordinates = Coordinates.of(self.profile, self._paper, self._pen)
        x, y = coordinates.sheet(self._work_position()[None])[0]
        return (float(x), float(y))

    # -- after a crash -----------------------------------------------------------------------------

    def position_kept(self, expected_mm: tuple[float, float] | None) -> bool:
        """Whether the board still knows its position since a plot that left the pen at `expected_mm`
        (sheet mm; None when that plot was killed). Then its old origin is taken over.

        It does if opening the port did not reset it and its work offset still is plotbot's; the offset
        tells where the sheet's corner was.
        """
        offset = self._offset_found()
        if offset is None:
            return False
        here, origin = offset
        if expected_mm is not None:
            coordinates = Coordinates.of(self.profile, self._paper, None)
            place = coordinates.sheet((here[:2] - origin[:2])[None])[0]
            if np.hypot(*(place - expected_mm)) > _SAME_PLACE_MM:
                return False
        self._origin, self._prepared = origin, False
        return True

    def _offset_found(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Machine position and work offset that plotbot left on the board, None if it was reset since."""
        found = self._link.found
        if self._link.greeted or found is None or found.mpos is None or found.wco is None:
            return None
        here, origin = np.array(found.mpos), np.array(found.wco)
        if len(here) < 3 or here.shape != origin.shape:
            return None
        ours = (
            origin[2] != 0
            if isinstance(self.profile.pen, ZAxis)
            else abs(here[2] - origin[2] - OWN_Z_MM) < 0.01
        )
        return (here, origin) if ours else None

    # -- inside ------------------------------------------------------------------------------------

    def _check_pen(self, pen: Pen) -> None:
        down, up = self.profile.down_height(pen), self.profile.pen.up_height
        if down >= up:
            raise BadInput(
                f"Pen {pen} draws at height {down:g}, not below the {up:g} to which machine profile "
                f"{self.profile.name} lifts it; lower the pen's down_height or raise pen.up_height."
            )

    def _ready(self) -> None:
        """Modes and origin set, so that work coordinates hold; after every reset this is done again."""
        link = self._link
        self._wake()
        if link.position_lost:
            self._origin, self._prepared = None, False
            if not self.profile.homing:
                raise LinkLost(
                    "The machine lost its position. Put the pen, lifted, over the sheet's starting corner "
                    "and resume."
                )
        if self._prepared:
            return
        if self._origin is None and self._paper is None and not self.position_kept(None):
            self._provisional = True
        if self._origin is None:
            if self.profile.homing:
                self.home()
            self._send_all(self._for_axes(opening_lines(self.profile)))
            link.wait()
            self._origin = self._take_origin()
        else:
            mpos = link.query(position=True).mpos
            assert mpos is not None
            x, y, z = (mpos - self._origin)[:3] if len(mpos) > 2 else (*(mpos - self._origin), 0.0)
            lines = (MODES, origin_line(self.profile, (float(x), float(y)), float(z)))
            self._send_all(self._for_axes(lines))
            link.wait()
        self._prepared = True

    def _for_axes(self, lines: Iterable[str]) -> Iterator[str]:
        """Boards with two axes only do not know Z."""
        status = self._link.query(position=True)
        flat = status.mpos is not None and len(status.mpos) < 3
        for line in lines:
            yield line.partition("Z")[0] if flat and line.startswith("G92") else line

    def _take_origin(self) -> np.ndarray:
        mpos = self._link.query(position=True).mpos
        assert mpos is not None
        origin = np.array(mpos, dtype=float)
        if isinstance(self.profile.pen, ZAxis) and len(origin) > 2:
            origin[2] -= self.profile.pen.z_at(self.profile.pen.up_height)
        return origin

    def _wake(self) -> None:
        """End the board's sleep; it comes back locked but with its position."""
        if not self._asleep:
            return
        self._link.reset()
        if self._link.query().state == "Alarm":
            self._link.ask("$X")
        self._asleep, self._prepared = False, False

    def _pen_to(self, height: float, settle_s: float) -> None:
        if height < self.profile.pen.up_height:
            self._pen_up = False
        self._send_all(pen_lines(self.profile, height, settle_s))
        self._link.wait()
        self._pen_up = height >= self.profile.pen.up_height

    def _rescue(self) -> None:
        """Stop, drop what is queued and lift the pen, as far as the board still listens. Never raises."""
        link = self._open_link
        if link is None:
            return
        usual = link.timeout_s
        link.timeout_s = min(usual, 2.5)
        lost_before = link.position_lost
        try:
            deaf = link.alarm is not None or link.was_reset
            if not deaf:
                with contextlib.suppress(LinkLost):
                    link.hold()
            link.reset()
            if link.query().state == "Alarm":
                link.ask("$X")
            self._prepared = False
            if self._origin is None or link.position_lost:
                self._lift_blind()
            else:
                self._ready()
                self._pen_to(self.profile.pen.up_height, self.profile.settle(self._pen)[1])
        except (PlotbotError, OSError, serial.SerialException, ValueError):
            link.position_lost = link.position_lost or lost_before
        finally:
            link.timeout_s = usual

    def _lift_blind(self) -> None:
        """Lift on a board that has lost its position: a Z axis goes up by its stroke, if it was down."""
        lift = self.profile.pen
        if isinstance(lift, ZAxis):
            if self._pen_up is False:
                rise = lift.z_at(lift.up_height) - lift.z_at(self.profile.down_height(self._pen))
                self._send_all((MODES, f"G91G0Z{rise:.3f}", "G90", BARRIER))
                self._link.wait()
                self._pen_up = True
            return
        self._send_all((MODES,))
        self._pen_to(lift.up_height, self.profile.settle(self._pen)[1])


def _project(points: np.ndarray, here: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each segment of a polyline [n, 2]: how far along it the foot of `here` lies, and how far off."""
    start, step = points[:-1], np.diff(points, axis=0)
    square = np.einsum("ij,ij->i", step, step)
    share = np.clip(np.einsum("ij,ij->i", here - start, step) / np.where(square > 0, square, 1.0), 0.0, 1.0)
    foot = start + share[:, None] * step
    return share * np.sqrt(square), np.hypot(*(here - foot).T)
