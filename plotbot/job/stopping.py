"""Turn signals into requests to stop, so that nothing is cut off while a machine moves."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import TypeAlias

from plotbot.machine.base import Control

__all__ = ["Asking", "stop_on_signals"]

Asking: TypeAlias = Callable[[], contextlib.AbstractContextManager[None]]
"""Makes the block in which a person is asked."""


@contextlib.contextmanager
def stop_on_signals(control: Control, say: Callable[[str], None] | None = None) -> Iterator[Asking]:
    """Turn Ctrl-C and the end of the terminal into requests to stop, except while a person is asked.

    The first Ctrl-C pauses after the stroke, a second one and any other signal stop inside it; `say`
    tells the person so. Yields a context manager to ask in, where Ctrl-C is what it was before. Only the
    main thread can do this; elsewhere signals stay as they are.
    """
    if threading.current_thread() is not threading.main_thread():
        yield contextlib.nullcontext
        return

    def request(number: int, frame: FrameType | None) -> None:
        if control.pausing or number != signal.SIGINT:
            control.halt()
        control.leave()
        if say is not None and number == signal.SIGINT:
            with contextlib.suppress(Exception):  # whatever is wrong with the terminal, the plot is not
                say(
                    "Stopping." if control.halting else "Pausing after this stroke; Ctrl-C again stops in it."
                )

    numbers = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in numbers}
    if hasattr(signal, "SIGHUP") and before[signal.SIGHUP] is signal.SIG_IGN:
        del before[signal.SIGHUP]  # nohup: the end of the terminal is not to stop the plot

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def listen() -> None:
        for number in before:
            signal.signal(number, request)

    @contextlib.contextmanager
    def asking() -> Iterator[None]:
        put_back()
        try:
            yield
        finally:
            listen()

    listen()
    try:
        yield asking
    finally:
        put_back()
