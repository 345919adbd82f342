"""Keys while a plot runs: space pauses, s goes to the next pen, q leaves resumably.

The terminal gives single keys, without echo, only while the machine draws or a pause is decided on; before
every question that ends with Enter, and however the plot ends, it is put back as it was. Where standard
input is no terminal, or the plot runs in its background, nothing is touched.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, Literal, TypeAlias

from plotbot.machine.base import Control

try:
    import termios
except ImportError:  # Windows: Ctrl-C is left
    termios = None  # type: ignore[assignment]

__all__ = ["HINT", "Keys", "Wish"]

Wish: TypeAlias = Literal["pause", "next pen", "stop"]
"""What a key asked for while the machine drew."""

HINT = "Keys: space pauses, s leaves the rest of this pen, q leaves the plot, to be resumed."

_WISHES: dict[str, Wish] = {" ": "pause", "s": "next pen", "q": "stop"}
_SAID: dict[Wish, str] = {
    "pause": "Pausing after this stroke; space again stops in it.",
    "next pen": "Leaving this pen after this stroke.",
    "stop": "Leaving after this stroke.",
}
_LONG_STROKE_S = 2.0
"""A stroke that goes on for longer after a key is braked inside, as for the pause button of a machine."""


class Keys:
    """Listens to the terminal between `listen` and `rest`, and turns keys into requests to `control`.

    say: takes remarks for the person. Use it as a context manager; leaving puts the terminal back.
    """

    def __init__(self, control: Control, say: Callable[[str], None] = lambda text: None) -> None:
        self._control, self._say = control, say
        self._terminal = _own_terminal()
        self._before: list[Any] | None = None
        self._thread: threading.Thread | None = None
        self._wake = (-1, -1)
        self._wish: Wish | None = None

    def __enter__(self) -> Keys:
        return self

    def __exit__(self, *exc: object) -> None:
        self._stop()

    @property
    def there(self) -> bool:
        """There is a terminal to listen to."""
        return self._terminal is not None

    def listen(self) -> None:
        """Attend to keys from now on; nothing happens if that is so already."""
        if self._terminal is None or self._thread is not None or not self._single_keys():
            return
        self._wish = None
        self._wake = os.pipe()
        self._thread = threading.Thread(target=self._attend, name="keys", daemon=True)
        self._thread.start()

    def rest(self) -> None:
        """Stop attending, and put the terminal back for questions; keys not read yet are forgotten."""
        self._stop(forget=True)

    def take_wish(self) -> Wish | None:
        """What the last key asked for, once."""
        wish, self._wish = self._wish, None
        return wish

    @contextlib.contextmanager
    def choosing(self) -> Iterator[Callable[[], str]]:
        """Make a function that waits for one key; an empty text when the terminal is gone.

        SIGTERM and SIGHUP are KeyboardInterrupt meanwhile, so that the terminal is put back for them too.
        """
        terminal = self._terminal
        if terminal is None:
            raise RuntimeError("there is no terminal to read keys from")

        pressed: list[str] = []

        def read() -> str:
            while not pressed:
                try:
                    text = os.read(terminal, 64).decode(errors="replace")
                except OSError:
                    return ""
                if not text:
                    return ""
                if not text.startswith("\x1b"):  # an arrow or function key is no row of letters
                    pressed.extend(text)
            return pressed.pop(0)

        with _ends_as_interrupts():
            self._single_keys()
            try:
                yield read
            finally:
                self._put_back(forget=True)

    def _attend(self) -> None:
        assert self._terminal is not None
        halt_at: float | None = None
        while True:
            patience = None if halt_at is None else max(0.0, halt_at - time.monotonic())
            ready, _, _ = select.select([self._terminal, self._wake[0]], [], [], patience)
            if self._wake[0] in ready:
                return
            if not ready:
                self._control.halt()
                halt_at = None
                continue
            try:
                text = os.read(self._terminal, 64).decode(errors="replace")
            except OSError:
                return
            if not text:
                return
            if not text.startswith("\x1b") and any(self._pressed(key) for key in text.lower()):
                halt_at = time.monotonic() + _LONG_STROKE_S

    def _pressed(self, key: str) -> bool:
        """Take one key; whether it asked for something."""
        wish = _WISHES.get(key)
        if wish is None:
            return False
        again = self._wish == wish and self._control.pausing
        self._wish = wish
        if again:
            self._control.halt()
        else:
            self._control.pause()
        with contextlib.suppress(Exception):  # whatever is wrong with the terminal, the plot is not
            self._say("Stopping." if again else _SAID[wish])
        return True

    def _stop(self, *, forget: bool = False) -> None:
        if self._thread is not None:
            os.write(self._wake[1], b"x")
            self._thread.join()
            self._thread = None
            for end in self._wake:
                os.close(end)
        self._put_back(forget=forget)

    def _single_keys(self) -> bool:
        """Have the terminal give each key as it is pressed, unseen. Whether it does."""
        assert self._terminal is not None
        if self._before is not None:
            return True
        try:
            before = termios.tcgetattr(self._terminal)
            mode = [*before[:6], [*before[6]]]
            mode[3] &= ~(termios.ICANON | termios.ECHO)
            mode[6][termios.VMIN], mode[6][termios.VTIME] = 1, 0
            # Ctrl-Z would leave the machine standing with its pen on the paper.
            mode[6][termios.VSUSP] = os.fpathconf(self._terminal, "PC_VDISABLE").to_bytes(1, "little")
            termios.tcsetattr(self._terminal, termios.TCSADRAIN, mode)
        except (termios.error, OSError, ValueError):
            return False
        self._before = before
        return True

    def _put_back(self, *, forget: bool) -> None:
        before, self._before = self._before, None
        if before is not None and self._terminal is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self._terminal, termios.TCSAFLUSH if forget else termios.TCSADRAIN, before)


def _own_terminal() -> int | None:
    """The terminal on standard input, unless there is none or it belongs to another program now."""
    if termios is None:
        return None
    try:
        handle = sys.stdin.fileno()
        if not os.isatty(handle):
            return None
    except (AttributeError, OSError, ValueError):
        return None
    try:
        return handle if os.tcgetpgrp(handle) == os.getpgrp() else None
    except OSError:  # a terminal that controls nobody
        return handle


@contextlib.contextmanager
def _ends_as_interrupts() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
