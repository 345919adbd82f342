"""The serial link to a GRBL board: handshake, character counting, real-time bytes, watchdog.

A line counts as sent while neither its ``ok`` nor its ``error`` has come back; the bytes of all such
lines, newlines included, never exceed what the board's receive buffer takes. ``ok`` means accepted:
only the ok of a dwell tells that the motion before it has ended.

Source: GRBL 1.1 interface documentation ("character-counting streaming protocol").
"""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import serial

from plotbot.errors import LinkLost, NoPlotter
from plotbot.machine.grbl_settings import Banner, Status, parse_banner, parse_status
from plotbot.machine.grbl_words import POSITION_LOST, alarm_in_words, error_in_words

__all__ = ["HOLD", "RESET", "RESUME", "STATUS", "GrblLink"]

STATUS, HOLD, RESUME, RESET = b"?", b"!", b"~", b"\x18"

_BANNER_WAIT_S = 2.5
_STATUS_EVERY_S = 0.2
_LONGEST_TEXT = 4096
_MESSAGES_KEPT = 50
_REFUSALS_KEPT = 20
_REPORTS_PER_OFFSET = 31

Poll = Callable[[], None]


@dataclass(slots=True)
class _Pending:
    text: str
    size: int
    number: int


class GrblLink:
    """One open port with a GRBL board behind it.

    Raises `LinkLost` from any call once the board is gone, silent, reset or in alarm. Then `dead` says
    whether nothing more can be said to it, `alarm` which alarm it gave, `was_reset` that a banner came
    unasked. `position_lost` stays set until somebody gives the machine a new origin. `tolerant` collects
    refused lines in `refusals` instead of raising.
    """

    def __init__(self, port: serial.Serial, *, timeout_s: float) -> None:
        self.port = port
        self.timeout_s = timeout_s
        self.rx_limit = 127
        self.inches = False
        self.banner: Banner | None = None
        self.greeted = False
        self.found: Status | None = None
        self.status: Status | None = None
        self.reports = 0
        self.alarm: int | None = None
        self.was_reset = False
        self.dead = False
        self.position_lost = False
        self.refusals: list[str] = []
        self.tolerant = False
        self.sent = 0
        self.answered = 0
        self.messages: deque[str] = deque(maxlen=_MESSAGES_KEPT)
        self._pending: deque[_Pending] = deque()
        self._in_flight = 0
        self._text = b""
        self._noise = b""
        self._collecting: list[str] | None = None
        self._resetting = False
        self._heard = time.monotonic()
        self._asked = 0.0
        self._idle_since: float | None = None
        self._idle_for = 0.0

    # -- handshake ---------------------------------------------------------------------------------

    def connect(self) -> Banner:
        """Wait for the banner; without one, stop what may be moving and reset once. Raises `NoPlotter`.

        Afterwards `greeted` tells that the board sent its banner by itself (it was reset when the port
        was opened, so its position is new), and `found` is what it reported before it was reset here.
        """
        try:
            banner = self._await_banner(_BANNER_WAIT_S)
            self.greeted = banner is not None
            if banner is None:
                self.found = self._first_report()
                if self.banner is not None:  # it came late
                    self.greeted, banner = True, self.banner
                else:
                    banner = self._stop_and_reset()
        except LinkLost as error:
            raise NoPlotter(f"{self.port.port} stopped answering while connecting: {error}") from None
        if banner is None:
            raise NoPlotter(
                f"{self.port.port} does not answer like GRBL at {self.port.baudrate} baud{self._sample()}."
            )
        if not banner.supported:
            raise NoPlotter(f"{self.port.port} runs {banner.text!r}; plotbot needs GRBL 1.1 or newer.")
        self._settle(0.1)
        if self.position_lost:
            self.found = None
        self.alarm, self.was_reset, self.position_lost = None, False, False
        return banner

    def reset(self) -> None:
        """Ctrl-X and wait for the banner. At rest the board keeps its position; moving, it loses it."""
        if self._reset_and_await() is None:
            self.dead = True
            raise LinkLost("The board does not come back after a reset.")
        self.alarm, self.was_reset = None, False
        self._settle(0.05)

    # -- lines -------------------------------------------------------------------------------------

    def send(self, text: str, poll: Poll | None = None) -> int:
        """Send one line as soon as the board has room; returns its number for `wait`."""
        size = len(text) + 1
        if size > min(80, self.rx_limit) or not text.isascii():
            raise ValueError(f"not a G-code line: {text!r}")
        while self._in_flight + size > self.rx_limit:
            self._turn(poll)
        self.sent += 1
        self._pending.append(_Pending(text, size, self.sent))
        self._in_flight += size
        self._write(text.encode("ascii") + b"\n")
        self._read(wait=False)
        return self.sent

    def wait(self, number: int | None = None, poll: Poll | None = None) -> None:
        """Until line `number` (all, when None) has been answered."""
        goal = self.sent if number is None else number
        while self.answered < goal:
            self._turn(poll)
        self._raise_trouble()

    def leave_check_mode(self) -> None:
        """``$C`` the second time: the board answers and resets itself, at rest."""
        self.wait()
        self._write(b"$C\n")
        if self._await_banner(max(_BANNER_WAIT_S, self.timeout_s)) is None:
            self._silent()
        self.alarm = None
        self._settle(0.05)

    def ask(self, text: str, *, patience_s: float | None = None) -> list[str]:
        """Send one line alone and return what came before its ok. An error raises `LinkLost`.

        patience_s: silence allowed instead of the usual timeout (homing and stored settings do not answer
        status requests while they run).
        """
        self.wait()
        self._collecting = []
        usual = self.timeout_s
        self.timeout_s = max(usual, patience_s or 0.0)
        self._heard = time.monotonic()
        try:
            self.wait(self.send(text))
            return self._collecting
        finally:
            self._collecting = None
            self.timeout_s = usual

    def query(self, *, position: bool = False) -> Status:
        """A status report that was asked for now; `position`: one that tells the machine position."""
        deadline = time.monotonic() + self.timeout_s
        while True:
            before = self.reports
            self._write(STATUS)
            self._asked = time.monotonic()
            while self.reports == before and time.monotonic() - self._asked < min(1.0, self.timeout_s):
                self._read()
                self._raise_trouble()
            if self.reports > before and self.status and (self.status.mpos is not None or not position):
                return self.status
            if time.monotonic() > deadline:
                self._silent()

    def hold(self) -> Status:
        """Feed hold, and wait until everything stands still."""
        self._write(HOLD)
        began = time.monotonic()
        while time.monotonic() < began + max(self.timeout_s, 5.0):
            status = self.query()
            idle = status.state == "Idle" and time.monotonic() > began + 1.0
            if status.held or idle or status.state in {"Alarm", "Sleep", "Check"}:
                return self.query(position=True)
            time.sleep(0.02)
        raise LinkLost("The board did not stop when it was asked to hold.")

    def rest(self, poll: Poll | None = None) -> Status:
        """Wait until all lines are answered and the board is idle; returns that report."""
        self.wait(None, poll)
        while True:
            status = self.query(position=True)
            if status.at_rest:
                return status
            if poll:
                poll()
            time.sleep(0.02)

    def close(self) -> None:
        """Close the port; never raises."""
        with contextlib.suppress(OSError, serial.SerialException):
            self.port.close()

    # -- inside ------------------------------------------------------------------------------------

    def _turn(self, poll: Poll | None) -> None:
        """One round of waiting: read, ask for status, watch for silence and for lost lines."""
        now = time.monotonic()
        if now - self._asked >= _STATUS_EVERY_S:
            if now - self._asked >= self.timeout_s / 2:
                self._heard = now  # nobody asked for a while; silence counts from here
            self._asked = now
            self._write(STATUS)
        self._read()
        self._raise_trouble()
        if time.monotonic() - self._heard > self.timeout_s:
            self._silent()
        self._watch_lost_lines()
        if poll:
            poll()

    def _watch_lost_lines(self) -> None:
        """A board that keeps saying it is idle but owes answers has lost bytes; a dwell also looks idle
        while it lasts."""
        if not self._pending:
            return
        dwells = max(_dwell_s(pending.text) for pending in self._pending)
        if self._idle_for > self.timeout_s / 3 + dwells:
            first = self._pending[0]
            raise LinkLost(
                f"The board is idle but never answered line {first.number} ({first.text!r}): "
                "bytes were lost on the cable."
            )

    def _note_idle(self, status: Status) -> None:
        """From when to when the board said that it was idle, since its last answer."""
        now = time.monotonic()
        if status.state != "Idle" or self._idle_since is None:
            self._idle_since = now if status.state == "Idle" else None
        self._idle_for = now - self._idle_since if self._idle_since is not None else 0.0

    def _raise_trouble(self) -> None:
        if self.alarm is not None:
            raise LinkLost(f"The board stopped with {alarm_in_words(self.alarm)}.")
        if self.was_reset:
            raise LinkLost(
                "The board was reset in mid-plot (power, cable or its reset button), so its position is lost."
            )
        if self.refusals and not self.tolerant:
            first = self.refusals[0]
            self.refusals.clear()
            raise LinkLost(first)

    def _silent(self) -> None:
        self.dead = True
        raise LinkLost(
            f"The board has not answered for {self.timeout_s:g} s. "
            "Whether the pen is up is unknown; look at it."
        )

    def _write(self, data: bytes) -> None:
        try:
            self.port.write(data)
        except (OSError, serial.SerialException) as error:
            self._gone(error)

    def _read(self, *, wait: bool = True) -> None:
        """Take in what has come, waiting for something no longer than the port's own short timeout."""
        try:
            waiting = self.port.in_waiting
            data = self.port.read(max(1, waiting)) if wait or waiting else b""
        except (OSError, serial.SerialException, TypeError) as error:
            self._gone(error)
        if not data:
            return
        *lines, rest = (self._text + data).replace(b"\r", b"\n").split(b"\n")
        self._text = rest[-_LONGEST_TEXT:]
        self._noise = (self._noise + data)[-64:]
        for line in lines:
            # Noise on the line shows as bytes outside ASCII; what is left may still be a whole answer.
            text = "".join(chr(byte) for byte in line if 32 <= byte < 127).strip()
            if text:
                self._take(text)

    def _gone(self, error: Exception) -> None:
        self.dead = True
        reason = (
            "it was unplugged or lost power"
            if not isinstance(error, serial.SerialTimeoutException)
            else "it takes no more data"
        )
        raise LinkLost(
            f"The connection to {self.port.port} broke: {reason}. "
            "Whether the pen is up is unknown; look at it."
        ) from None

    def _take(self, line: str) -> None:
        """Act on one line from the board."""
        if line == "ok" or (line.startswith("error:") and line[6:].isdigit()):
            self._heard = time.monotonic()
            self._idle_since, self._idle_for = None, 0.0
            self._answer(line)
        elif line.startswith("<"):
            status = parse_status(line, self.status, inches=self.inches)
            if status is not None:
                self._heard = time.monotonic()
                self.status = status
                self.reports += 1
                self._note_idle(status)
        elif line.startswith("ALARM:") and line[6:].isdigit():
            self._heard = time.monotonic()
            self.alarm = int(line[6:])
            self.position_lost |= self.alarm in POSITION_LOST
        elif (banner := parse_banner(line)) is not None:
            self._heard = time.monotonic()
            self._forget()
            self._idle_since, self._idle_for = None, 0.0
            self.banner = banner
            self.was_reset = not self._resetting
            self.position_lost |= self.was_reset
            self._resetting = False
            self.status = None
        elif line[0] in "[$>" and line.isprintable():
            self._heard = time.monotonic()
            self.messages.append(line)
            if self._collecting is not None and len(self._collecting) < 1000:
                self._collecting.append(line)

    def _answer(self, line: str) -> None:
        if not self._pending:
            return  # a late ok from before a reset
        pending = self._pending.popleft()
        self._in_flight -= pending.size
        self.answered = pending.number
        if line != "ok" and len(self.refusals) < _REFUSALS_KEPT:
            self.refusals.append(
                f"The board refused line {pending.number} ({pending.text!r}) with "
                f"{error_in_words(int(line[6:]))}."
            )

    def _forget(self) -> None:
        if not self.tolerant:
            self.refusals.clear()
        self._pending.clear()
        self._in_flight = 0
        self.answered = self.sent

    def _await(self, happened: Callable[[], bool], within_s: float) -> bool:
        deadline = time.monotonic() + within_s
        while not happened():
            if time.monotonic() > deadline:
                return False
            if time.monotonic() - self._asked >= _STATUS_EVERY_S:
                self._asked = time.monotonic()
                self._write(STATUS)
            self._read()
        return True

    def _await_banner(self, within_s: float) -> Banner | None:
        self.banner = None
        self._resetting = True
        deadline = time.monotonic() + within_s
        while self.banner is None and time.monotonic() < deadline:
            self._read()
        self._resetting = False
        return self.banner

    def _reset_and_await(self) -> Banner | None:
        self._write(RESET)
        return self._await_banner(max(_BANNER_WAIT_S, min(self.timeout_s, 10.0)))

    def _stop_and_reset(self) -> Banner | None:
        """Reset a board that was running before this connection; stopped first, it keeps its position."""
        if self.found is not None and not self.found.at_rest:
            self._write(HOLD)
            self._await(lambda: self.status is not None and self.status.at_rest, self.timeout_s)
            self.found = self.status
        return self._reset_and_await()

    def _first_report(self) -> Status | None:
        """What a board that was already running says, work offset included (told in few reports only)."""
        self._asked = 0.0
        self._await(lambda: self.reports > 0 or self.banner is not None, 1.0)
        for _ in range(_REPORTS_PER_OFFSET):
            if self.status is None or self.status.wco is not None or self.banner is not None:
                break
            before = self.reports
            self._asked = 0.0
            self._await(lambda before=before: self.reports > before, 0.5)  # type: ignore[misc]
        return self.status

    def _settle(self, seconds: float) -> None:
        """Take in what follows a banner: messages, start-up lines."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read()

    def _sample(self) -> str:
        if not self._noise:
            return ": it says nothing; check the machine's power and that this is its port"
        heard = self._noise[-32:].decode("ascii", "replace")
        return f": it says {heard!r}; check the port and the baud rate of the profile"


def _dwell_s(text: str) -> float:
    _, found, seconds = text.partition("G4P")
    try:
        return float(seconds) if found else 0.0
    except ValueError:
        return 0.0
