"""A GRBL 1.1 board behind a real pseudo-terminal: strict where a careless client would get away with it.

What it does as the firmware does: 128-byte receive buffer (127 usable) that drops silently on overrun,
80-character lines, one reply per line, 15 planner blocks with real motion timing, dwells and M3 as
barriers, real-time bytes out of band, feed hold and resume, soft reset in motion → ALARM:3, deafness
after ALARM:1 and 2 until Ctrl-X, reset when the port is opened, slow EEPROM that loses bytes, check mode,
sleep. The wire is limited to its baud rate and each line costs processor time, so starving the planner is
possible. It logs what the motors and the pen really did.

Time is simulated: `scale` times faster than the wall clock. After every reply the clock stands still until
the client has answered or `grace` wall seconds are over, so that a fast clock does not turn the client's
thinking time into minutes of the board's.
"""

from __future__ import annotations

import math
import os
import re
import select
import threading
import time
import tty
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import numpy as np
import shapely

from tests.emulators.grbl_motion import Limits, Planner

DEFAULTS = {
    0: 10, 1: 25, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 10: 1, 11: 0.010, 12: 0.002, 13: 0, 20: 0, 21: 0, 22: 0,
    23: 0, 24: 25.0, 25: 500.0, 26: 250, 27: 1.0, 30: 1000, 31: 0, 32: 0, 100: 80.0, 101: 80.0, 102: 400.0,
    110: 6000.0, 111: 6000.0, 112: 600.0, 120: 400.0, 121: 400.0, 122: 100.0, 130: 300.0, 131: 300.0,
    132: 40.0,
}  # fmt: skip


@dataclass
class Fault:
    """Something goes wrong at the `at_byte`-th byte that the client sends after the fault was set.

    kinds: unplug, reset, power (all position lost), lost (that byte never arrives), garbled (it arrives
    changed), garbage (noise towards the client), mute (the next reply's first byte is lost), stall (the
    board does nothing for `stall_s` wall seconds), limit (a limit switch: ALARM:1).
    """

    kind: str
    at_byte: int
    stall_s: float = 1.0


@dataclass
class PenEvent:
    """The pen began to move: where to, and when it will have arrived."""

    t: float
    arrives: float
    down: bool
    at: tuple[float, ...]


@dataclass
class BoardOptions:
    """Which board, and which machine it sits in. A servo is down at S values on `s_down`'s side."""

    banner: str = "Grbl 1.1h ['$' for help]"
    version: str = "[VER:1.1h.20190825:]"
    opt: str = "[OPT:V,15,128]"
    rx: int = 128
    blocks: int = 15
    baud: int = 115200
    line_s: float = 0.0037
    short_line_s: float = 0.0008
    boot_s: float = 1.0
    reset_on_open: bool = True
    scale: float = 1.0
    grace: float = 0.004
    servo_s: float = 0.1
    s_up: float = 600.0
    s_down: float = 300.0
    z_contact: float | None = None
    home_s: float = 3.0
    settings: dict[int, float] = field(default_factory=dict)


class _Reset(Exception):
    pass


class GrblEmulator:
    """Use as a context manager; `port` is the path to open. All log times are the board's seconds."""

    def __init__(self, options: BoardOptions | None = None) -> None:
        self.options = options or BoardOptions()
        self.settings = {**DEFAULTS, **self.options.settings}
        self.planner = Planner(self._limits(), self.options.blocks)
        self.state = "Idle"
        self.pen_down = False
        self.pen_log: list[PenEvent] = []
        self.lines: list[str] = []
        self.replies: list[str] = []
        self.violations: list[str] = []
        self.overruns = 0
        self.most_rx = 0
        self.starved: list[float] = []
        self.faults: list[Fault] = []
        self.fired: list[Fault] = []
        self.resets = 0
        self.bytes_in = 0
        self.port = ""
        self._master = -1
        self._opened = False
        self._wire: deque[tuple[float, int]] = deque()
        self._wire_free = 0.0
        self._rx: deque[int] = deque()
        self._out = bytearray()
        self._pen_arrives = 0.0
        self._s = 0.0
        self._z_start = 0.0
        self._deaf = False
        self._boot_until: float | None = 0.0
        self._hold_state: str | None = None
        self._stall_until = 0.0
        self._mute = False
        self._eeprom_until = 0.0
        self._frozen_until = 0.0
        self._stop = threading.Event()
        self._lock = threading.RLock()
        self._program: Iterator[tuple[str, float]] | None = None
        self._waiting: tuple[str, float] = ("cpu", 0.0)
        self._line = bytearray()
        self._overflow = False
        self._comment = False
        self._asleep = False
        self._check = False
        self._reports = 0
        self._new_parser()
        self.plug()
        self._thread = threading.Thread(target=self._run, name="grbl-emulator", daemon=True)

    # -- for tests ---------------------------------------------------------------------------------

    def __enter__(self) -> GrblEmulator:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop.set()
        self._thread.join(10)
        self._close()
        assert not self._thread.is_alive()

    def plug(self) -> None:
        """A new pseudo-terminal, as after plugging the cable in again; `port` changes."""
        with self._locked():
            self._close()
            self._master, slave = os.openpty()
            tty.setraw(slave)
            self.port = os.ttyname(slave)
            os.close(slave)
            os.set_blocking(self._master, False)
            self._opened = False
            self._wire.clear()

    def power_cycle(self) -> None:
        """Off and on: the board takes the place where it stands for zero, the pen stays as it is."""
        with self._locked():
            self._hard_reset()

    def inject(self, fault: Fault) -> None:
        """Let something go wrong, counted from the bytes received so far."""
        with self._locked():
            self.faults.append(Fault(fault.kind, self.bytes_in + fault.at_byte, fault.stall_s))

    def move_by_hand(self) -> None:
        """Somebody puts the pen over the starting corner (true 0, 0), lifted, while the motors are off."""
        with self._locked():
            assert not self.planner.running and not self.planner.blocks
            self.planner.offset = -self.planner.position

    def push_hold(self) -> None:
        """Somebody presses the feed hold button wired to the board."""
        with self._locked():
            self._realtime(ord("!"))

    @property
    def troubled(self) -> bool:
        """A fault that has come still lasts."""
        return self._mute or time.monotonic() < self._stall_until

    @property
    def clock(self) -> float:
        """The board's time in s."""
        return self.planner.now

    def ink(self) -> list[np.ndarray]:
        """What was drawn: one float array [n, 2] of true machine mm per stretch with the pen down."""
        strokes: list[list[tuple[float, float]]] = []
        moves = self.planner.log
        order = sorted(
            [(move.t0, 1, move) for move in moves] + [(event.t, 0, event) for event in self.pen_log],
            key=lambda item: (item[0], item[1]),
        )
        current: list[tuple[float, float]] | None = None
        for _, _, item in order:
            if isinstance(item, PenEvent):
                if item.down and current is None:
                    current = [(item.at[0], item.at[1])]
                elif not item.down and current is not None:
                    strokes.append(current)
                    current = None
            elif current is not None:
                current.append((item.end[0], item.end[1]))
        if current is not None:
            strokes.append(current)
        return [np.array(stroke) for stroke in strokes]

    def _locked(self) -> threading.RLock:
        return self._lock

    # -- time --------------------------------------------------------------------------------------

    def _run(self) -> None:
        last = time.monotonic()
        while not self._stop.is_set():
            with self._lock:
                wall = time.monotonic()
                got = self._receive()
                if wall < self._stall_until:
                    last = wall
                else:
                    if got:
                        self._frozen_until = 0.0
                    if wall < self._frozen_until:
                        last = wall
                    target = self.planner.now + min(wall - last, 0.05) * self.options.scale
                    last = wall
                    self._simulate(target)
                self._transmit()
                master = self._master
                busy = bool(self._rx or self._wire or self._program)
            if master >= 0 and self._opened:
                select.select([master], [], [], 0.0005 if busy or self.planner.running else 0.002)
            else:
                time.sleep(0.001)

    def _simulate(self, target: float) -> None:
        """Event by event up to `target`, stopping early when a reply waits for the client."""
        for _ in range(100_000):
            event = min(self._next_event(), target)
            was_starved = len(self.planner.starved)
            self.planner.pen_down = self.pen_down
            driven = len(self.planner.log)
            self.planner.advance(max(event, self.planner.now))
            if len(self.planner.log) > driven:
                self._watch_pen()
            if len(self.planner.starved) > was_starved and self._expects_more():
                self.starved.append(self.planner.now)
            if self._hold_state == "decelerating" and not self.planner.running:
                self._hold_state = "held"
            self._arrive()
            self._boot()
            progressed = self._cpu()
            if self._out:
                self._frozen_until = time.monotonic() + self.options.grace
                return
            if event >= target and not progressed:
                return

    def _expects_more(self) -> bool:
        """The planner ran empty although the pen is down and no line waits for it to do so."""
        return self.pen_down and not (self._program is not None and self._waiting[0] == "sync")

    def _next_event(self) -> float:
        """When something will happen by itself; what is due now has been seen to already."""
        events = [self._wire[0][0]] if self._wire else []
        if self._waiting[0] in {"until", "cpu"} and self._program is not None:
            events.append(self._waiting[1])
        if self._boot_until is not None:
            events.append(self._boot_until)
        events.append(self._eeprom_until)
        coming = [event for event in events if event > self.planner.now + 1e-12]
        return max(min([*coming, self.planner.next_event()]), self.planner.now)

    def _watch_pen(self) -> None:
        move = self.planner.log[-1]
        if self.options.z_contact is not None:
            down = self._place()[2] < self.options.z_contact - 1e-9
            if down != self.pen_down:
                self._pen_changed(down, 0.0)
            if move.start[:2] != move.end[:2] and abs(move.start[2] - move.end[2]) > 1e-9:
                self.violations.append(f"XY and Z moved together at {move.t0:.3f}")
        elif move.start[:2] != move.end[:2] and move.t0 < self._pen_arrives - 1e-6:
            self.violations.append(f"moved at {move.t0:.3f} while the pen was still moving")

    def _place(self) -> np.ndarray:
        place: np.ndarray = self.planner.position + self.planner.offset
        return place

    def _pen_changed(self, down: bool, takes: float) -> None:
        self.pen_down = down
        self._pen_arrives = self.planner.now + takes
        self.pen_log.append(
            PenEvent(self.planner.now, self._pen_arrives, down, tuple(self._place().tolist()))
        )

    # -- wire --------------------------------------------------------------------------------------

    def _close(self) -> None:
        if self._master >= 0:
            os.close(self._master)
        self._master = -1
        self._opened = False

    def _receive(self) -> bool:
        """Take what the client has written; notice when it opens the port."""
        if self._master < 0:
            return False
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        events = poll.poll(0)
        hung = any(flags & select.POLLHUP for _, flags in events)
        if hung:
            if self._opened:
                self._opened = False
            if not any(flags & select.POLLIN for _, flags in events):
                return False
        elif not self._opened:
            self._opened = True
            if self.options.reset_on_open:
                self._hard_reset()
        if not any(flags & select.POLLIN for _, flags in events):
            return False
        try:
            data = os.read(self._master, 65536)
        except (BlockingIOError, OSError):
            return False
        byte_s = 10.0 / self.options.baud
        for byte in data:
            self.bytes_in += 1
            value = self._fault(byte)
            if self._master < 0:
                return True
            if value is None:
                continue
            self._wire_free = max(self._wire_free, self.planner.now) + byte_s
            self._wire.append((self._wire_free, value))
        return bool(data)

    def _fault(self, byte: int) -> int | None:
        due = [fault for fault in self.faults if fault.at_byte <= self.bytes_in]
        value: int | None = byte
        for fault in due:
            if fault.kind in {"lost", "garbled"} and byte in b"?":
                continue  # wait for a byte that matters
            self.faults.remove(fault)
            self.fired.append(fault)
            if fault.kind == "unplug":
                self._close()
                return None
            if fault.kind in {"reset", "power"}:
                self._hard_reset()
                return None
            if fault.kind == "lost":
                value = None
            elif fault.kind == "garbled":
                value = byte ^ 0x10
            elif fault.kind == "garbage":
                self._out += b"\xf3\x00U\x9a\x7f\r\n"
            elif fault.kind == "mute":
                self._mute = True
            elif fault.kind == "stall":
                self._stall_until = time.monotonic() + fault.stall_s
            elif fault.kind == "limit":
                self._alarm(1)
            else:
                raise AssertionError(fault.kind)
        return value

    def _transmit(self) -> None:
        if not self._out:
            return
        if self._master >= 0 and self._opened:
            try:
                sent = os.write(self._master, bytes(self._out))
                del self._out[:sent]
                return
            except BlockingIOError:
                return
            except OSError:
                pass
        self._out.clear()

    def _say(self, text: str) -> None:
        data = text.encode() + b"\r\n"
        if self._mute:
            data = data[1:]
            self._mute = False
        if not text.startswith("<"):
            self.replies.append(text)
        self._out += data

    def _arrive(self) -> None:
        """Bytes whose time on the wire is over reach the board."""
        while self._wire and self._wire[0][0] <= self.planner.now + 1e-12:
            _, byte = self._wire.popleft()
            if self._boot_until is not None or self.planner.now < self._eeprom_until:
                continue  # the boot loader swallows it; EEPROM writing misses it
            if byte in b"?!~\x18" or byte >= 0x80:
                self._realtime(byte)
            elif not self._deaf:
                if len(self._rx) >= self.options.rx - 1:
                    self.overruns += 1
                else:
                    self._rx.append(byte)
                    self.most_rx = max(self.most_rx, len(self._rx))

    # -- real-time ---------------------------------------------------------------------------------

    def _realtime(self, byte: int) -> None:
        if byte == 0x18:
            self._soft_reset()
        elif self._deaf:
            return
        elif byte == ord("?"):
            if self._program is not None and self._waiting[0] == "until" and self.state == "Home":
                return  # homing answers nothing
            self._report()
        elif byte == ord("!"):
            if self.state in {"Alarm", "Check"} or self._asleep:
                return
            if self.planner.running:
                self.planner.hold()
                self._hold_state = "decelerating"
            elif self._hold_state is None:
                self._hold_state = "held"
        elif byte == ord("~") and self._hold_state == "held":
            self._hold_state = None
            self.planner.resume()

    def _report(self) -> None:
        state = self.state
        if self._asleep:
            state = "Sleep"
        elif self._check:
            state = "Check"
        elif self._hold_state:
            state = "Hold:1" if self._hold_state == "decelerating" else "Hold:0"
        elif state == "Idle" and self.planner.running:
            state = "Run"
        steps = np.array([self.settings[100 + axis] for axis in range(3)])
        mpos = np.rint(self.planner.position * steps) / steps
        wco = self._wco()
        unit = 25.4 if self.settings[13] else 1.0
        key, value = ("MPos", mpos) if int(self.settings[10]) & 1 else ("WPos", mpos - wco)
        parts = [state, f"{key}:" + ",".join(f"{v / unit:.3f}" for v in value)]
        parts.append(f"FS:{self.planner.speed * 60 / unit:.0f},{self._s:.0f}")
        self._reports += 1
        if self._reports % 10 == 1:
            parts.append("WCO:" + ",".join(f"{v / unit:.3f}" for v in wco))
        elif self._reports % 10 == 2:
            parts.append("Ov:100,100,100")
        self._say("<" + "|".join(parts) + ">")

    # -- reset -------------------------------------------------------------------------------------

    def _hard_reset(self) -> None:
        self.planner.stop_dead()
        self.planner.offset += self.planner.position
        self.planner.position = np.zeros(3)
        self.state = "Alarm" if self.settings[22] else "Idle"
        self._boot_until = self.planner.now + self.options.boot_s
        self._deaf = self._asleep = self._check = False
        self._clear()

    def _soft_reset(self) -> None:
        if self.planner.running or self.state == "Home":
            self.planner.stop_dead()
            self.planner.offset += [0.7, -0.4, 0.0]  # steps are lost when motors stop dead
            self._say(f"ALARM:{6 if self.state == 'Home' else 3}")
            self.state = "Alarm"
        if self._asleep:
            self.state = "Alarm"
        self.planner.stop_dead()
        self._deaf = self._asleep = self._check = False
        if self._program is not None:
            self._say("ok")  # the line that was aborted still answers
        self._clear()
        self._greet()

    def _clear(self) -> None:
        self._rx.clear()
        self._line.clear()
        self._overflow = self._comment = False
        self._program = None
        self._waiting = ("cpu", 0.0)
        self._hold_state = None
        self._s = 0.0
        self._new_parser()

    def _boot(self) -> None:
        if self._boot_until is not None and self.planner.now >= self._boot_until:
            self._boot_until = None
            self._greet()

    def _greet(self) -> None:
        self.resets += 1
        self._reports = 0
        self._say("")
        self._say(self.options.banner)
        if self.state == "Alarm":
            self._say("[MSG:'$H'|'$X' to unlock]")

    def _alarm(self, number: int) -> None:
        self.planner.stop_dead()
        self.state = "Alarm"
        self._say(f"ALARM:{number}")
        if number in {1, 2}:
            self._say("[MSG:Reset to continue]")
            self._deaf = True
            self._program = None
            self._rx.clear()

    # -- main loop ---------------------------------------------------------------------------------

    def _cpu(self) -> bool:  # noqa: PLR0911
        """Go on with the running line or begin the next; True when something happened."""
        if self._deaf or self._boot_until is not None or self._asleep:
            return False
        if self._hold_state is not None:
            return False
        if self._program is not None:
            kind, until = self._waiting
            if kind in {"cpu", "until"} and self.planner.now < until - 1e-12:
                return False
            if kind == "room" and self.planner.full:
                self.planner.start()
                return False
            if kind == "sync" and (self.planner.blocks or self.planner.running):
                self.planner.start()
                return False
            return self._step()
        while self._rx:
            byte = self._rx.popleft()
            if byte not in b"\r\n":
                self._collect(byte)
                continue
            text, overflow = self._line.decode("ascii", "replace"), self._overflow
            self._line.clear()
            self._overflow = self._comment = False
            self._program = self._execute(text, overflow)
            return self._step()
        if not self.planner.running and self.planner.blocks:
            self.planner.start()
            return True
        return False

    def _step(self) -> bool:
        assert self._program is not None
        program = self._program
        try:
            self._waiting = next(program)
        except StopIteration:
            if self._program is program:
                self._program = None
        except _Reset:
            self._program = None
        return True

    def _collect(self, byte: int) -> None:
        if self._comment:
            self._comment = byte != ord(")")
        elif byte in b"(;":
            self._comment = True
        elif byte > 32:
            if len(self._line) >= 79:
                self._overflow = True
            else:
                self._line.append(byte - 32 if 97 <= byte <= 122 else byte)

    def _execute(self, text: str, overflow: bool) -> Iterator[tuple[str, float]]:
        self.lines.append(text)
        cost = self.options.line_s if re.search("[XYZ]", text) else self.options.short_line_s
        yield ("cpu", self.planner.now + cost)
        if overflow:
            self._say("error:11")
            return
        if not text:
            self._say("ok")
            return
        if text.startswith("$"):
            error = yield from self._system(text)
        elif self.state == "Alarm":
            error = 9
        else:
            error = yield from self._gcode(text)
        if not self._deaf:
            self._say("ok" if error == 0 else f"error:{error}")

    # -- $ commands --------------------------------------------------------------------------------

    def _system(self, text: str) -> Generator[tuple[str, float], None, int]:  # noqa: PLR0911
        if text in {"$", "$$", "$G", "$#", "$I", "$N"}:
            self._tell(text)
            return 0
        if text == "$X":
            if self.state == "Alarm":
                self._say("[MSG:Caution: Unlocked]")
                self.state = "Idle"
            return 0
        if text == "$C":
            if self._check:
                self._check = False
                self._say("[MSG:Disabled]")
                self._say("ok")
                self._clear()
                self._greet()
                raise _Reset
            if self.state != "Idle" or self.planner.blocks:
                return 8
            self._check = True
            self._say("[MSG:Enabled]")
            return 0
        if text == "$H":
            if not self.settings[22]:
                return 5
            self.state = "Home"
            yield ("until", self.planner.now + self.options.home_s)
            self.planner.position = np.array([-self.settings[27]] * 3)
            self.planner.offset = np.zeros(3)
            self.state = "Idle"
            self._parser["position"] = self.planner.position.astype(np.float32)
            return 0
        if text == "$SLP":
            self._asleep = True
            self._say("ok")
            self._say("[MSG:Sleeping]")
            raise _Reset
        match = re.fullmatch(r"\$(\d+)=(-?[\d.]+)", text)
        if match is None:
            return 3
        number, value = int(match[1]), float(match[2])
        if number not in self.settings:
            return 3
        if number == 20 and value and not self.settings[22]:
            return 10
        self.settings[number] = value
        self.planner.limits = self._limits()
        self._eeprom_until = self.planner.now + 0.02
        yield ("until", self._eeprom_until)
        return 0

    def _tell(self, text: str) -> None:
        if text == "$$":
            for number, value in self.settings.items():
                shown = f"{value:.3f}" if number in {11, 12, 24, 25, 27} or number >= 100 else f"{value:.0f}"
                self._say(f"${number}={shown}")
        elif text == "$I":
            self._say(self.options.version)
            self._say(self.options.opt)
        elif text == "$G":
            self._say(f"[GC:G0 G54 G17 G21 G90 G94 M5 M9 T0 F{self._parser['feed'] * 60:g} S{self._s:g}]")
        elif text == "$#":
            self._say("[G54:0.000,0.000,0.000]")
            self._say("[G92:" + ",".join(f"{v:.3f}" for v in self._parser["g92"]) + "]")
        elif text == "$":
            self._say("[HLP:$$ $# $G $I $N $x=val $Nx=line $J=line $SLP $C $X $H ~ ! ? ctrl-x]")

    # -- G-code ------------------------------------------------------------------------------------

    def _new_parser(self) -> None:
        self._parser = {
            "motion": 0, "absolute": True, "inches": False, "feed": 0.0, "g92": np.zeros(3, np.float32),
            "position": self.planner.position.astype(np.float32), "spindle": 5,
        }  # fmt: skip

    def _wco(self) -> np.ndarray:
        offset: np.ndarray = self._parser["g92"]
        return offset

    def _gcode(self, text: str) -> Generator[tuple[str, float], None, int]:  # noqa: PLR0911
        parser = self._parser
        if re.search(r"[^A-Z0-9.+-]", text):
            return 1 if not text[0].isalpha() else 2
        words = re.findall(r"([A-Z])([+-]?(?:\d+\.?\d*|\.\d+))", text)
        if "".join(letter + number for letter, number in words) != text:
            return 2 if text[0].isalpha() else 1
        values: dict[str, float] = {}
        motion = axis_command = None
        dwell = set_origin = machine = False
        flow = spindle = absolute = inches = None
        for letter, number in words:
            value = float(number)
            if letter == "G":
                if value in {0, 1}:
                    if axis_command:
                        return 24
                    motion, axis_command = int(value), "motion"
                elif value == 92:
                    if axis_command:
                        return 24
                    set_origin, axis_command = True, "g92"
                elif value == 92.1:
                    parser["g92"] = np.zeros(3, np.float32)
                elif value == 4:
                    dwell = True
                elif value == 53:
                    machine = True
                elif value in {90, 91}:
                    absolute = value == 90
                elif value in {20, 21}:
                    inches = value == 20
                elif value not in {17, 54, 94}:
                    return 20
            elif letter == "M":
                if value in {3, 4, 5}:
                    spindle = int(value)
                elif value in {0, 2, 30}:
                    flow = int(value)
                elif value not in {7, 8, 9}:
                    return 20
            elif letter in "FNPSTXYZ":
                if letter in values:
                    return 25
                if value < 0 and letter in "FNPST":
                    return 4
                values[letter] = value
            else:
                return 20
        axes = {letter: values[letter] for letter in "XYZ" if letter in values}
        if dwell and "P" not in values:
            return 28
        if machine and motion is None and parser["motion"] not in {0, 1}:
            return 30
        if axes and axis_command is None and not dwell:
            axis_command = "motion"
        if axes and dwell and axis_command is None:
            return 31
        if set_origin and not axes:
            return 26
        if inches is not None:
            parser["inches"] = inches
        unit = 25.4 if parser["inches"] else 1.0
        mode = parser["motion"] if motion is None else motion
        feed = values["F"] * unit / 60 if "F" in values else parser["feed"]
        if axis_command == "motion" and axes and mode == 1 and feed == 0:
            return 22
        parser["feed"], parser["motion"] = feed, mode
        if absolute is not None:
            parser["absolute"] = absolute
        if spindle is not None or ("S" in values and parser["spindle"] in {3, 4}):
            yield from self._spindle(parser["spindle"] if spindle is None else spindle, values.get("S"))
        elif "S" in values:
            self._s_next = values["S"]
        if dwell and not self._check:
            yield ("sync", 0.0)
            yield ("until", self.planner.now + values["P"])
        if set_origin:
            for axis, letter in enumerate("XYZ"):
                if letter in axes:
                    parser["g92"][axis] = parser["position"][axis] - axes[letter] * unit
        if axis_command == "motion" and axes:
            error = yield from self._line_to(axes, machine, unit, None if mode == 0 else feed)
            if error:
                return error
        if flow is not None and not self._check:
            yield ("sync", 0.0)
            if flow == 0:
                self._hold_state = "held"
        return 0

    def _spindle(self, mode: int, speed: float | None) -> Iterator[tuple[str, float]]:
        """The servo hangs on the spindle output; changing it waits for the planner to empty."""
        self._parser["spindle"] = mode
        if self._check:
            return
        yield ("sync", 0.0)
        if mode == 5:
            self._s = 0.0
            return
        wanted = self._s if speed is None else min(speed, self.settings[30])
        if self.settings[32]:
            return  # laser mode: nothing while standing
        if wanted > 0:
            middle = (self.options.s_up + self.options.s_down) / 2
            down = (wanted < middle) == (self.options.s_down < self.options.s_up)
            if self.options.z_contact is None and (down != self.pen_down or self._s == 0):
                self._pen_changed(down, self.options.servo_s)
        self._s = wanted

    def _line_to(
        self, axes: dict[str, float], machine: bool, unit: float, feed: float | None
    ) -> Generator[tuple[str, float], None, int]:
        parser = self._parser
        target = parser["position"].copy()  # float32, as in the firmware
        for axis, letter in enumerate("XYZ"):
            if letter in axes:
                value = axes[letter] * unit
                if machine:
                    target[axis] = value
                elif parser["absolute"]:
                    target[axis] = value + parser["g92"][axis]
                else:
                    target[axis] += value
        if self.settings[20]:
            travel = np.array([self.settings[130 + axis] for axis in range(3)])
            if np.any(target > 0) or np.any(target < -travel):
                yield ("sync", 0.0)
                self._alarm(2)
                raise _Reset
        parser["position"] = target.astype(np.float32)
        if self._check:
            return 0
        while self.planner.full:
            yield ("room", 0.0)
        steps = np.array([self.settings[100 + axis] for axis in range(3)])
        self.planner.add(np.rint(target.astype(float) * steps) / steps, feed)
        return 0

    def _limits(self) -> Limits:
        value = self.settings
        return Limits(
            np.array([value[110 + axis] for axis in range(3)]) / 60.0,
            np.array([value[120 + axis] for axis in range(3)]),
            value[11],
        )


def rest_of_motion(emulator: GrblEmulator, within_s: float = 5.0) -> None:
    """Wait (wall time) until nothing moves any more."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with emulator._locked():
            if not emulator.planner.running and not emulator.planner.blocks:
                return
        time.sleep(0.005)
    raise AssertionError("the machine is still moving")


def hausdorff(a: np.ndarray, b: np.ndarray, step: float = 0.02) -> float:
    """Hausdorff distance of two polylines [n, 2], sampled every `step` mm on one, exact on the other."""
    return max(_farthest(a, b, step), _farthest(b, a, step))


def _farthest(a: np.ndarray, b: np.ndarray, step: float) -> float:
    lengths = np.hypot(*np.diff(a, axis=0).T) if len(a) > 1 else np.zeros(0)
    total = float(lengths.sum())
    if total == 0:
        points = a[:1]
    else:
        along = np.concatenate([[0.0], np.cumsum(lengths)])
        at = np.linspace(0, total, max(2, math.ceil(total / step)))
        points = np.stack([np.interp(at, along, a[:, axis]) for axis in (0, 1)], axis=1)
    if len(b) < 2:
        return float(np.hypot(*(points - b[0]).T).max())
    line = shapely.LineString(b) if len(b) > 1 and np.any(b != b[0]) else shapely.Point(b[0])
    return float(shapely.distance(shapely.points(points), line).max())
