"""The serial link to an EiBotBoard: one command, one answer, and a watchdog.

plotink writes the motion and pen commands; this link is what it sees as its port. plotink's own reading
of answers waits up to a hundred timeouts for a lost one, reports a pulled cable only to a log, and is
split in two by firmware age (`ebb_serial` before 3.0, the class `EBB3` from 3.0.2 on, which refuses older
boards). Here every answer is parsed by command, in the one syntax that all firmwares speak, and silence,
nonsense and a vanished port raise `LinkLost`.

Source: EiBotBoard command reference, firmware 2.8.1 and 3.0.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections import deque
from dataclasses import dataclass
from typing import cast

import serial

from plotbot.errors import LinkLost, NoPlotter

__all__ = ["OLDEST", "Board", "EbbLink", "Stopped", "parse_version"]

Version = tuple[int, int, int]

OLDEST: Version = (2, 5, 3)
"""Oldest firmware plotbot drives: earlier ones corrupt a running LM move."""

COMMAND_BYTES = 64
_LONGEST_REPLY = 4096

# Answers without a closing OK; every other query gives one line and then OK.
_BARE = {"V", "QM", "QG"}
_COMMANDS = {"SM", "XM", "LM", "SP", "SC", "EM", "CS", "CU"}

_VERSION = re.compile(r"EBB.*Firmware Version (\d{1,3})\.(\d{1,3})\.(\d{1,3})")


@dataclass(frozen=True, slots=True)
class Board:
    """What a board says of itself."""

    version: Version
    tag: str

    @property
    def firmware(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.version))


@dataclass(frozen=True, slots=True)
class Stopped:
    """The answer to an emergency stop: steps that were left to do when the motors stopped."""

    interrupted: bool
    remaining: tuple[int, int, int, int]


class EbbLink:
    """One open port with an EiBotBoard behind it.

    `dead` is set once nothing more can be said to the board; `sent` counts commands.
    timeout_s: silence after which the board counts as lost; raise it while long moves are queued.
    """

    def __init__(self, port: serial.Serial, *, timeout_s: float) -> None:
        self.port = port
        self.timeout_s = timeout_s
        self.dead = False
        self.sent = 0
        self.version: Version = (0, 0, 0)
        self._text = b""
        self._lines: deque[str] = deque()
        self._answer: deque[str] = deque()
        self._last = ""

    # -- what plotink sees ---------------------------------------------------------------------------

    def write(self, data: bytes) -> int:
        """Send one command ending in CR and read its whole answer, for `readline` to hand out."""
        self._answer = deque([*self._exchange(data.decode("ascii").removesuffix("\r"))])
        return len(data)

    def readline(self) -> bytes:
        """The next line of the answer to the last command."""
        return self._answer.popleft().encode("ascii") + b"\r\n" if self._answer else b""

    # -- connecting ----------------------------------------------------------------------------------

    def connect(self) -> Board:
        """Find out who answers; raises `NoPlotter` for a wrong device or too old firmware."""
        try:
            text = self._first_words()
            found = parse_version(text)
            if found is None:
                raise NoPlotter(
                    f"{self.port.port} does not answer like an EiBotBoard"
                    f"{f'; it said {text[:60]!r}' if text else ', it is silent'}."
                )
            self.version = found
            if found < OLDEST:
                raise NoPlotter(
                    f"The board on {self.port.port} has firmware {Board(found, '').firmware}; plotbot needs "
                    f"{Board(OLDEST, '').firmware} or newer. Update it with the maker's EBB firmware updater."
                )
            if found >= (3, 0, 0):
                self._legacy_answers()
            return Board(found, self._tag())
        except LinkLost as error:
            raise NoPlotter(f"{self.port.port} stopped answering while connecting: {error}") from None

    # -- queries -------------------------------------------------------------------------------------

    def command(self, text: str) -> None:
        """Send one command that is answered with OK."""
        self._exchange(text)

    def steps(self) -> tuple[int, int]:
        """Step counters of both motors (QS)."""
        first, second = self._numbers("QS", 2)
        return first, second

    def motor_volts(self) -> float:
        """Voltage of the motor supply (QC): the second reading, through a 9.2 to 1 divider and a diode."""
        _, reading = self._numbers("QC", 2)
        return volts(reading)

    def pen_is_up(self) -> bool:
        """The pen state that was last begun (QP)."""
        return bool(self._numbers("QP", 1)[0])

    def state(self) -> tuple[bool, bool]:
        """(busy, button): whether anything runs or waits, and whether PRG was pressed since last asked."""
        if self.version >= (2, 6, 2):
            text = self._query("QG")
            try:
                status = int(text, 16) if len(text) == 2 else -1
            except ValueError:
                status = -1
            if status < 0:
                raise self._nonsense("QG", text)
            return bool(status & 0x0F), bool(status & 0x20)
        return self.busy(), bool(self._numbers("QB", 1)[0])

    def busy(self) -> bool:
        """Whether anything runs or waits (QM)."""
        text = self._query("QM")
        parts = text.split(",")
        if parts[0] != "QM" or len(parts) not in (4, 5) or not all(part.isdigit() for part in parts[1:]):
            raise self._nonsense("QM", text)
        return any(int(part) for part in parts[1:])

    def step_modes(self) -> tuple[int, int] | None:
        """Microsteps of both motors, 0 where released (QE); None where the firmware cannot tell."""
        if self.version < (2, 8, 0):
            return None
        try:
            first, second = self._numbers("QE", 2)
        except LinkLost:
            if self.dead:
                raise
            return None
        return first, second

    def stop(self) -> Stopped:
        """Stop the motors at once and forget what waits (ES)."""
        values = self._numbers("ES", 5)
        return Stopped(bool(values[0]), (values[1], values[2], values[3], values[4]))

    # -- when something went wrong -------------------------------------------------------------------

    def settle(self, seconds: float) -> None:
        """Throw away what comes in until it has been quiet for a moment, at most `seconds`."""
        self._answer.clear()
        end = time.monotonic() + seconds
        with contextlib.suppress(LinkLost):
            while time.monotonic() < end and self._read():
                pass
        self._lines.clear()
        self._text = b""

    def insist(self, text: str, *, times: int = 3) -> bool:
        """Get one command through a confused line; whether the board took it. Never raises `LinkLost`.

        What is left of a broken command swallows the first try; the board answers that with an error.
        A board that takes none of them is given up.
        """
        for _ in range(times):
            if self.dead:
                return False
            try:
                self.settle(0.2)
                self._exchange(text)
            except LinkLost:
                continue
            return True
        self.dead = True
        return False

    # -- the wire ------------------------------------------------------------------------------------

    def _first_words(self) -> str:
        """The answer to V; a broken command left in the board's buffer may spoil the first ones."""
        text = ""
        for _ in range(3):
            self.settle(0.3)
            self._send("V")
            with contextlib.suppress(LinkLost):
                for _ in range(3):
                    text = self._line(min(self.timeout_s, 2.0))
                    if _VERSION.search(text):
                        return text
            if self.dead:
                break
        return text

    def _legacy_answers(self) -> None:
        """Ask 3.x for the answers that 2.x gives; another program may have left the newer ones on."""
        self._send("CU,10,0")
        self._line(self.timeout_s)
        self.settle(0.1)

    def _tag(self) -> str:
        """The name tag (QT); an untagged board answers with an empty line, which is no line here."""
        if self.version < (2, 5, 5):
            return ""
        self._send("QT")
        text = self._line(self.timeout_s)
        if text == "OK":
            return ""
        self._expect_ok("QT")
        return text

    def _exchange(self, text: str) -> list[str]:
        """Send one command or query; its answer, the closing OK included."""
        name = text.split(",", 1)[0].upper()
        self._send(text)
        if name in _COMMANDS:
            self._expect_ok(text)
            return ["OK"]
        answer = self._line(self.timeout_s)
        if answer == "OK":
            raise self._nonsense(text, answer)
        if name in _BARE:
            return [answer]
        self._expect_ok(text)
        return [answer, "OK"]

    def _query(self, text: str) -> str:
        return self._exchange(text)[0]

    def _numbers(self, text: str, count: int) -> list[int]:
        answer = self._query(text)
        parts = answer.split(",")
        if len(parts) != count or not all(re.fullmatch(r"-?\d{1,10}", part) for part in parts):
            raise self._nonsense(text, answer)
        return [int(part) for part in parts]

    def _expect_ok(self, text: str) -> None:
        answer = self._line(self.timeout_s)
        if answer != "OK":
            raise self._nonsense(text, answer)

    def _nonsense(self, text: str, answer: str) -> LinkLost:
        return LinkLost(f"The board answered {answer[:60]!r} to {text}; the connection cannot be trusted.")

    def _send(self, text: str) -> None:
        if len(text) + 1 > COMMAND_BYTES or not text.isascii() or " " in text:
            raise ValueError(f"not an EiBotBoard command: {text!r}")
        if self.dead:
            raise LinkLost("The connection to the board is lost; check cable and power, then resume.")
        self.sent += 1
        self._last = text
        try:
            self.port.write(text.encode("ascii") + b"\r")
        except (serial.SerialException, OSError) as error:
            raise self._gone(error) from None

    def _line(self, timeout_s: float) -> str:
        """The next line that is not empty; answers end in any mixture of CR and LF."""
        end = time.monotonic() + timeout_s
        while not self._lines:
            if not self._read() and time.monotonic() >= end:
                raise LinkLost(
                    f"The board has not answered {self._last.split(',')[0]} for {timeout_s:.3g} s; "
                    "whether the pen is up is unknown. Check cable and power, then resume."
                )
        line = self._lines.popleft()
        if line.startswith("!"):
            raise LinkLost(f"The board refused {self._last}: {line[:100]!r}.")
        return line

    def _read(self) -> bool:
        """Take in what has come, waiting at most the port's timeout; False when nothing came."""
        try:
            data = cast(bytes, self.port.read(max(1, self.port.in_waiting)))
        except (serial.SerialException, OSError, TypeError) as error:
            raise self._gone(error) from None
        self._text += data
        *lines, self._text = re.split(rb"[\r\n]+", self._text)
        if len(self._text) > _LONGEST_REPLY:
            raise LinkLost("The board sends noise; the connection cannot be trusted.")
        self._lines.extend(line.decode("ascii", "replace") for line in lines if line)
        return bool(data)

    def _gone(self, error: Exception) -> LinkLost:
        self.dead = True
        reason = getattr(error, "strerror", None) or "the port is gone"
        return LinkLost(f"The connection to the board was lost: {reason}. Check the USB cable, then resume.")


def parse_version(text: str) -> Version | None:
    """The firmware version in an answer to V, such as ``EBBv13_and_above EB Firmware Version 2.8.1``."""
    match = _VERSION.search(text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def volts(reading: int) -> float:
    """Motor supply in volts from the second value of QC (10 bits of 3.3 V)."""
    return reading / 1023 * 3.3 * 9.2 + 0.3
