"""An EiBotBoard on a pseudo-terminal, as strict as its documents, with faults on demand.

It keeps two truths apart: the counters that the board reports, and where motors and pen really are. Time
is the board's own, in ticks of 40 µs; by default it is virtual: every command costs a fixed latency, and a
blocked parser jumps to the moment when its queue has room, so that a run does not depend on the load of
the computer. `real_time=True` ties it to the clock on the wall.

Written from the EiBotBoard command reference (firmware 1.8 to 2.8.1, and 3.0) and its release notes; no
line of the firmware was used, and nothing here has been compared with a real board.
"""

from __future__ import annotations

import contextlib
import os
import select
import termios
import threading
import time
import tty
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

__all__ = ["TICKS_PER_S", "EbbEmulator", "Fault", "Ink"]

TICKS_PER_S = 25_000
FULL = 1 << 31
SERVO_FRAME = 600
STEPS_PER_MM = 80.0

FaultKind = Literal[
    "unplug", "reset", "power loss", "motor power", "garbage", "lost byte", "lost reply byte", "stall"
]


@dataclass(frozen=True)
class Fault:
    """What goes wrong, and at which byte from the host (or, for a reply, to the host) since power-on.

    A byte is never lost from a servo command: its heights and delays cannot be read back, so that no host
    could tell. (USB repeats damaged packets by itself.)
    """

    kind: FaultKind
    at_byte: int


@dataclass
class _Item:
    kind: Literal["move", "pen", "motors"]
    start: int
    end: int
    ticks: tuple[np.ndarray, np.ndarray] = field(default_factory=lambda: (np.zeros(0, int), np.zeros(0, int)))
    signs: tuple[int, int] = (1, 1)
    done: list[int] = field(default_factory=lambda: [0, 0])
    up: bool = True
    modes: tuple[int, int] = (0, 0)
    begun: bool = False


@dataclass
class Ink:
    """A line that really was drawn: machine mm [n, 2] and the tick of each point."""

    mm: np.ndarray
    ticks: np.ndarray


class EbbEmulator:
    """One board. `path` is its port while plugged in; use it as a context manager.

    contact: servo pulse width at and below which the pen touches paper. problems: what a real board would
    have done badly, in words; a clean run leaves it empty.
    """

    def __init__(
        self,
        version: tuple[int, int, int] = (2, 8, 1),
        *,
        tag: str = "",
        supply: int = 300,
        latency_ms: float = 1.0,
        real_time: bool = False,
        contact: int = 17944,
    ) -> None:
        self.version = version
        self.tag = tag
        self.supply = supply
        self.contact = contact
        self.problems: list[str] = []
        self.refused: list[str] = []
        self.commands: list[str] = []
        self.fault: Fault | None = None
        self.faults_met: list[Fault] = []
        self.button = False
        self.press_at: int | None = None
        self.starved: list[tuple[int, int]] = []
        self.received = 0
        self.replied = 0
        self.now = 0
        self.motors = [0, 0]
        self.future_syntax = False
        self._latency = round(latency_ms * 25)
        self._real_zero = time.monotonic() if real_time else None
        self._log: list[tuple[np.ndarray, int, int]] = []
        self._jumps: list[tuple[int, tuple[int, int]]] = []
        self._pulse_log: list[tuple[int, int]] = [(0, 22565)]
        self._lock = threading.Lock()
        self._stalled = False
        self._garbage = False
        self._last_move_end: int | None = None
        self._pen_since = 0
        self._power_on()
        self._open_pty()
        self._wake_read, self._wake_write = os.pipe()
        self._running = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def __enter__(self) -> EbbEmulator:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop for good."""
        self._running = False
        os.write(self._wake_write, b"x")
        self._thread.join(5)
        with self._lock:
            self._close_pty()
        os.close(self._wake_read)
        os.close(self._wake_write)

    # -- what a person does ------------------------------------------------------------------------

    def replug(self) -> str:
        """Plug the cable in again, or end a stall; the board keeps what it still knows. The new port."""
        with self._lock:
            self._close_pty()
            self._open_pty()
            self._stalled = self._garbage = False
            self.future_syntax = False
            self._buffer = b""
            self._run_to(self.now + TICKS_PER_S)
        os.write(self._wake_write, b"x")
        return self.path

    def home_by_hand(self) -> None:
        """Push the carriage to the home corner; the counters do not notice. The supply is back, too."""
        with self._lock:
            self._run_to(self.now + TICKS_PER_S)
            self.motors = [0, 0]
            self._jumps.append((self.now, (0, 0)))
            self.supply = max(self.supply, 300)

    def pass_time(self, seconds: float) -> None:
        """Let board time go by without a word from the host."""
        with self._lock:
            self._run_to(self.now + round(seconds * TICKS_PER_S))

    def reset_now(self) -> None:
        """Reset the board without taking it off the port."""
        with self._lock:
            self._drop_queue()
            self._power_on()

    # -- what really happened ----------------------------------------------------------------------

    def path_of_motors(self) -> tuple[np.ndarray, np.ndarray]:
        """Ticks [n] and true motor steps [n, 2] after each of them."""
        with self._lock:
            self._run_to(self.now)
            ticks = [np.zeros(1, int)]
            change = [np.zeros((1, 2), int)]
            jumps = deque(self._jumps)
            total = np.zeros(2, int)
            for when, motor, sign in self._log:
                while jumps and len(when) and jumps[0][0] <= when[0]:
                    at, place = jumps.popleft()
                    ticks.append(np.array([at]))
                    change.append((np.array(place) - total)[None])
                    total = np.array(place)
                step = np.zeros((len(when), 2), int)
                step[:, motor] = sign
                ticks.append(when)
                change.append(step)
                total[motor] += sign * len(when)
        at = np.concatenate(ticks)
        order = np.argsort(at, kind="stable")
        return at[order], np.cumsum(np.concatenate(change)[order], axis=0)

    def pulse_at(self, ticks: np.ndarray) -> np.ndarray:
        """The servo's pulse width at each tick."""
        when = np.array([tick for tick, _ in self._pulse_log])
        widths = np.array([width for _, width in self._pulse_log])
        return widths[np.searchsorted(when, ticks, side="right") - 1]

    def ink(self) -> list[Ink]:
        """Every line on the paper: one for each time the pen touched it, dots included."""
        ticks, motors = self.path_of_motors()
        mm = np.stack([motors.sum(axis=1), motors[:, 0] - motors[:, 1]], axis=1) / (2 * STEPS_PER_MM)
        lines = []
        for begin, end in self._touches():
            first = max(int(np.searchsorted(ticks, begin, side="right")) - 1, 0)
            last = max(int(np.searchsorted(ticks, end, side="right")), first + 1)
            lines.append(Ink(mm[first:last], ticks[first:last]))
        return lines

    def moves_while_pen_moves(self) -> int:
        """Steps taken while the servo was on its way between two heights."""
        ticks, _ = self.path_of_motors()
        count = 0
        for (begin, width), (end, _) in zip(self._pulse_log, self._pulse_log[1:], strict=False):
            if width not in (self._resting | {22565}):
                count += int(((ticks >= begin) & (ticks < end)).sum())
        return count

    def _touches(self) -> list[tuple[int, int]]:
        spans, since = [], None
        for tick, width in self._pulse_log:
            down = width <= self.contact
            if down and since is None:
                since = tick
            elif not down and since is not None:
                spans.append((since, tick))
                since = None
        if since is not None:
            spans.append((since, self.now))
        return spans

    # -- the board's state -------------------------------------------------------------------------

    def _power_on(self) -> None:
        self.counters = [0, 0]
        self._accumulators = [0, 0]
        self._modes = (0, 0)
        self._resolution = 1
        self._queue: deque[_Item] = deque()
        self._buffer = b""
        # Since 2.6.0 these are the real values, not the documented 12000 and 16000.
        self._servo = {4: 22565, 5: 15302, 11: 0, 12: 0}
        self._pen_is_up = True
        self._resting = {22565, 15302}
        self._set_pulse(self.now, 22565, 0)
        self.button = False

    def _set_pulse(self, start: int, goal: int, rate: int) -> int:
        """Let the servo go to a width from a tick on; the tick at which it is there."""
        self._pulse_log = [entry for entry in self._pulse_log if entry[0] <= start]
        width = self._pulse_log[-1][1]
        self._resting |= {goal}
        step = rate or abs(goal - width)
        tick = start
        while width != goal:
            tick += SERVO_FRAME
            width += max(-step, min(step, goal - width))
            self._pulse_log.append((tick, width))
        return tick

    def _run_to(self, tick: int) -> None:
        """Let the board's time pass."""
        self.now = max(self.now, tick)
        while self._queue:
            item = self._queue[0]
            if item.start > self.now:
                break
            if not item.begun:
                item.begun = True
                self._begin(item)
            if item.kind == "move":
                self._step(item, self.now)
            if item.end > self.now:
                break
            self._queue.popleft()

    def _begin(self, item: _Item) -> None:
        if item.kind == "pen":
            self._pen_is_up = item.up
            goal, rate = (self._servo[4], self._servo[11]) if item.up else (self._servo[5], self._servo[12])
            arrives = self._set_pulse(item.start, goal, rate)
            if arrives > item.end:
                late = (arrives - item.end) / 25
                self.problems.append(f"pen delay too short by {late:.0f} ms")
        elif item.kind == "motors":
            self._enable(item.modes)

    def _enable(self, modes: tuple[int, int]) -> None:
        if modes[0]:
            self._resolution = modes[0]
        self._modes = modes
        if self.version >= (2, 6, 2):
            self.counters = [0, 0]
        if self.version >= (2, 7, 0):
            self._accumulators = [0, 0]

    def _step(self, item: _Item, until: int) -> None:
        for motor in (0, 1):
            ticks, sign = item.ticks[motor], item.signs[motor]
            upto = int(np.searchsorted(ticks, until, side="right"))
            new = ticks[item.done[motor] : upto]
            item.done[motor] = upto
            self.counters[motor] += sign * len(new)
            if len(new) and self.supply >= 200:
                scale = 1 << (self._resolution - 1)
                self.motors[motor] += sign * scale * len(new)
                self._log.append((new, motor, sign * scale))

    def _drop_queue(self) -> tuple[int, int, int, int]:
        left = [0, 0, 0, 0]
        for item in self._queue:
            running = item.start <= self.now
            for motor in (0, 1):
                left[(2 if running else 0) + motor] = len(item.ticks[motor]) - item.done[motor]
        self._queue.clear()
        return (left[0], left[1], left[2], left[3])

    # -- motion queue ------------------------------------------------------------------------------

    def _enqueue(self, item: _Item, duration: int) -> None:
        """Take a motion command; while one runs and one waits, the parser does nothing else."""
        if len(self._queue) >= 2:
            self._wait_until(self._queue[0].end)
        if self._queue:
            start = self._queue[-1].end
        else:
            start = self.now
            gap = None if self._last_move_end is None else start - self._last_move_end
            if item.kind == "move" and gap and not self._pen_is_up and self._last_move_end >= self._pen_since:
                self.starved.append((start, gap))
        item.ticks = (item.ticks[0] + start, item.ticks[1] + start)
        item.start, item.end = start, start + duration
        if item.kind == "move":
            self._last_move_end = item.end
        if item.kind == "pen":
            self._pen_since = item.end
        self._queue.append(item)
        self._run_to(self.now)

    def _wait_until(self, tick: int) -> None:
        if self._real_zero is not None:
            while (left := tick - self._real_tick()) > 0:
                time.sleep(left / TICKS_PER_S)
        self._run_to(tick)

    def _real_tick(self) -> int:
        assert self._real_zero is not None
        return int((time.monotonic() - self._real_zero) * TICKS_PER_S)

    # -- the port ----------------------------------------------------------------------------------

    def _open_pty(self) -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave, termios.TCSANOW)
        self.path = os.ttyname(self._slave)

    def _close_pty(self) -> None:
        for handle in (self._master, self._slave):
            with contextlib.suppress(OSError):
                if handle >= 0:
                    os.close(handle)
        self._master = self._slave = -1

    def _serve(self) -> None:
        while self._running:
            handles = [self._wake_read, *([self._master] if self._master >= 0 else [])]
            try:
                ready, _, _ = select.select(handles, [], [], 1.0)
            except (OSError, ValueError):
                continue
            if self._wake_read in ready:
                os.read(self._wake_read, 64)
                continue
            if not ready:
                continue
            with self._lock:
                if self._master < 0:
                    continue
                try:
                    data = os.read(self._master, 4096)
                except OSError:
                    continue
                self._take(data)

    def _take(self, data: bytes) -> None:
        for place, byte in enumerate(data):
            self.received += 1
            lost = self._meet_fault_in()
            if self._master < 0 or self._stalled:
                return
            if lost:
                continue
            if byte in (0x0D, 0x0A):
                command, self._buffer = self._buffer, b""
                if command:
                    if place + 1 < len(data):
                        self.problems.append(f"sent more before the answer to {command!r}")
                    self._obey(command)
                    if self._master < 0 or self._stalled:
                        return
            else:
                self._buffer += bytes([byte])

    def _meet_fault_in(self) -> bool:
        """Whether this byte is lost."""
        fault = self.fault
        if fault is None or fault.kind == "lost reply byte" or self.received < fault.at_byte:
            return False
        if fault.kind == "lost byte" and (self._buffer[:1] == b"S" or not self._buffer):
            return False
        self.fault = None
        self.faults_met.append(fault)
        if fault.kind == "lost byte":
            return True
        if fault.kind == "unplug":
            self._close_pty()
        elif fault.kind == "reset":
            self._drop_queue()
            self._power_on()
        elif fault.kind == "power loss":
            self._drop_queue()
            self._power_on()
            self._close_pty()
        elif fault.kind == "motor power":
            self.supply = 12
        elif fault.kind == "garbage":
            self._garbage = True
        elif fault.kind == "stall":
            self._stalled = True
        return False

    def _say(self, text: str) -> None:
        data = text.encode("latin-1")
        if self._garbage:
            self._garbage = False
            data = b"\xfe\x00\x81~" + data
        fault = self.fault
        if fault and fault.kind == "lost reply byte" and self.replied + len(data) >= fault.at_byte:
            self.fault = None
            self.faults_met.append(fault)
            place = max(0, min(fault.at_byte - self.replied - 1, len(data) - 1))
            data = data[:place] + data[place + 1 :]
        self.replied += len(data)
        with contextlib.suppress(OSError):
            os.write(self._master, data)

    # -- commands ----------------------------------------------------------------------------------

    def _obey(self, raw: bytes) -> None:
        self._run_to(self.now + self._latency if self._real_zero is None else self._real_tick())
        if self.press_at is not None and self.now >= self.press_at:
            self.button, self.press_at = True, None
        text = raw.decode("latin-1")
        self.commands.append(text)
        limit = 256 if self.version >= (3, 0, 0) else 64
        if len(raw) + 1 > limit:
            self.problems.append(f"command of {len(raw) + 1} bytes: {text}")
            self._refuse("!3 Err: RX Buffer Overrun")
            return
        name, *parts = text.split(",")
        handler = getattr(self, f"_do_{name.lower()}", None)
        if handler is None or not name.isalnum():
            self._refuse(f"!8 Err: Unknown command '{name[:2]}:{name.encode('latin-1').hex().upper()[:4]}'")
            return
        try:
            numbers = [int(part) for part in parts]
            if any(part != str(int(part)) for part in parts):
                raise ValueError
        except ValueError:
            self._refuse("!7 Err: Invalid parameter value")
            return
        most = handler.__code__.co_argcount - 1
        least = most - len(handler.__defaults__ or ())
        if not least <= len(numbers) <= most:
            self._refuse("!6 Err: Invalid number of parameters")
            return
        handler(*numbers)

    def _refuse(self, text: str) -> None:
        self.refused.append(f"{self.commands[-1]}: {text}")
        self._say(text + "\r\n")

    def _ok(self, answer: str | None = None, ending: str = "\r\n") -> None:
        name = self.commands[-1].split(",")[0].upper()
        if self.future_syntax:
            self._say(f"{name},{answer}\n" if answer is not None else f"{name}\n")
        elif answer is None:
            self._say("OK\r\n")
        else:
            self._say(f"{answer}{ending}OK\r\n")

    def _do_v(self) -> None:
        prefix = "V," if self.future_syntax else ""
        self._say(f"{prefix}EBBv13_and_above EB Firmware Version {'.'.join(map(str, self.version))}\r\n")

    def _do_qt(self) -> None:
        if self.version < (2, 5, 4):
            self._refuse("!8 Err: Unknown command 'QT:5154'")
        else:
            self._ok(self.tag)

    def _do_cu(self, number: int, value: int) -> None:
        if number == 10 and self.version >= (3, 0, 0):
            self.future_syntax = bool(value)
        self._ok()

    def _do_qc(self) -> None:
        self._ok(f"{394:04d},{self.supply:04d}")

    def _do_qs(self) -> None:
        self._ok(f"{self.counters[0]},{self.counters[1]}", "\n\r")

    def _do_qp(self) -> None:
        self._ok(str(int(self._pen_is_up)), "\n\r")

    def _do_qb(self) -> None:
        self._ok(str(int(self.button)), "\n\r")
        self.button = False

    def _do_qe(self) -> None:
        if self.version < (2, 8, 0):
            self._refuse("!8 Err: Unknown command 'QE:5145'")
            return
        micro = 32 >> self._resolution
        self._ok(",".join(str(micro if mode else 0) for mode in self._modes))

    def _flags(self) -> tuple[int, int, int, int]:
        moving = self._queue[0] if self._queue else None
        steps = [0, 0]
        if moving is not None and moving.kind == "move":
            steps = [int(len(moving.ticks[m]) > moving.done[m]) for m in (0, 1)]
        return int(bool(self._queue)), steps[0], steps[1], int(len(self._queue) > 1)

    def _do_qm(self) -> None:
        self._say("QM,{},{},{},{}\n\r".format(*self._flags()))

    def _do_qg(self) -> None:
        if self.version < (2, 6, 2):
            self._refuse("!8 Err: Unknown command 'QG:5147'")
            return
        command, first, second, fifo = self._flags()
        status = self.button << 5 | self._pen_is_up << 4 | command << 3 | first << 2 | second << 1 | fifo
        self._say(f"{status:02X}\r\n")
        self.button = False

    def _do_cs(self) -> None:
        self.counters = [0, 0]
        if self.version >= (3, 0, 0):
            self._accumulators = [0, 0]
        self._ok()

    def _do_em(self, first: int, second: int | None = None) -> None:
        if second is None:
            if self.version >= (2, 8, 0):
                self.problems.append("EM with one value is ignored")
                return
            second = self._modes[1]
        if not (0 <= first <= 5 and 0 <= second <= 5):
            self._refuse("!5 Err: Parameter outside allowed range")
            return
        if self.version >= (2, 8, 0):
            self._enqueue(_Item("motors", 0, 0, modes=(first, second)), 1)
        else:
            self._enable((first, second))
        self._ok()

    def _do_sc(self, which: int, value: int) -> None:
        if which == 10:
            self._servo[11] = self._servo[12] = value
        elif which in self._servo:
            self._servo[which] = value
        self._ok()

    def _do_sp(self, up: int, delay: int = 0, pin: int = 1) -> None:
        if up not in (0, 1) or not 0 <= delay <= 65535 or not 0 <= pin <= 7:
            self._refuse("!5 Err: Parameter outside allowed range")
            return
        self._enqueue(_Item("pen", 0, 0, up=bool(up)), delay * 25)
        self._ok()

    def _do_es(self, release: int = 0) -> None:
        busy = bool(self._queue)
        left = self._drop_queue()
        if release:
            self._modes = (0, 0)
        self._ok(f"{int(busy)},{left[0]},{left[1]},{left[2]},{left[3]}", "\n\r")

    def _do_xm(self, duration: int, a: int, b: int) -> None:
        self._do_sm(duration, a + b, a - b)

    def _do_sm(self, duration: int, first: int, second: int = 0) -> None:
        if not 1 <= duration <= 16_777_215 or max(abs(first), abs(second)) > 16_777_215:
            self._refuse("!5 Err: Parameter outside allowed range")
            return
        for axis, steps in (("axis1", first), ("axis2", second)):
            rate = abs(steps) * 1000 / duration
            if rate > 25_000:
                self._refuse(f"!5 Err: <{axis}> step rate > 25K steps/second")
                return
            if steps and rate < 1.31:
                self._refuse(f"!5 Err: <{axis}> step rate < 1.31Hz")
                return
        total = duration * 25
        if duration > 2600 and (first or second):
            self.problems.append(f"SM of {duration} ms can run slow")
        steps_at = tuple(-(-np.arange(1, abs(n) + 1) * total // max(abs(n), 1)) for n in (first, second))
        self._move(steps_at, (first, second), total)

    def _do_lm(
        self, rate_1: int, steps_1: int, accel_1: int, rate_2: int, steps_2: int, accel_2: int, clear: int = 0
    ) -> None:
        if self.version < (2, 5, 0) or (clear and self.version < (2, 7, 0)):
            self._refuse("!8 Err: Unknown command 'LM:4C4D'")
            return
        if clear & 1:
            self._accumulators[0] = 0
        if clear & 2:
            self._accumulators[1] = 0
        if not (steps_1 and (rate_1 or accel_1)) and not (steps_2 and (rate_2 or accel_2)):
            self.problems.append(f"LM without motion: {self.commands[-1]}")
            self._refuse("!5 Err: Parameter outside allowed range")
            return
        if min(rate_1, rate_2) < 0 or max(rate_1, rate_2) >= FULL:
            self._refuse("!5 Err: Parameter outside allowed range")
            return
        one = self._accumulate(0, rate_1, steps_1, accel_1)
        two = self._accumulate(1, rate_2, steps_2, accel_2)
        ends = [int(ticks[-1]) for ticks in (one, two) if len(ticks)]
        if len(ends) == 2 and abs(ends[0] - ends[1]) > 2:
            self.problems.append(f"motors end {abs(ends[0] - ends[1])} ticks apart: {self.commands[-1]}")
        self._move((one, two), (steps_1, steps_2), max(ends))

    def _accumulate(self, motor: int, rate: int, steps: int, accel: int) -> np.ndarray:
        """The tick of each step, by the documented sequence of the 25 kHz interrupt."""
        wanted = abs(steps)
        if not wanted:
            return np.zeros(0, int)
        speed = rate - int(accel / 2)
        total, base, found, offset = self._accumulators[motor], 0, [], 0
        for _ in range(400):
            ticks = np.arange(1, 5001)
            speeds = speed + accel * ticks
            if (speeds < 0).any():
                forward = speeds[: int(np.argmax(speeds < 0))]
                if (total + int(forward.sum())) // FULL >= wanted:
                    speeds = forward
                else:
                    self.problems.append(f"rate below zero: {self.commands[-1]}")
                    speeds = np.where(speeds < 0, speeds + FULL, speeds)
            sums = total + np.cumsum(speeds)
            counts = sums // FULL
            times = np.searchsorted(counts, np.arange(base + 1, wanted + 1))
            times = times[times < len(sums)]
            found.append(offset + times + 1)
            base += len(times)
            if base >= wanted:
                self._accumulators[motor] = int(sums[times[-1]] - wanted * FULL)
                if self._accumulators[motor] >= FULL:
                    self.problems.append(f"more than one step a tick: {self.commands[-1]}")
                    self._accumulators[motor] %= FULL
                return np.concatenate(found)
            total, speed, offset = int(sums[-1]), int(speeds[-1]), offset + 5000
        self.problems.append(f"a move that does not end: {self.commands[-1]}")
        return np.concatenate(found)

    def _move(self, ticks: tuple[np.ndarray, ...], steps: tuple[int, int], total: int) -> None:
        if self._modes == (0, 0) and (steps[0] or steps[1]):
            self._modes = (self._resolution, self._resolution)
        signs = (1 if steps[0] >= 0 else -1, 1 if steps[1] >= 0 else -1)
        self._enqueue(_Item("move", 0, 0, ticks=(ticks[0], ticks[1]), signs=signs), total)
        self._ok()
