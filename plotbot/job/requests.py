"""Ask a plot to pause or to go on, from another process or thread, by a file in the job folder.

Whoever plots the job attends to the file ``request`` and removes it when it is taken; whoever asks
writes it. It says ``pause`` or ``go on``; anything else is removed unheeded. While a pause lasts that
only a request ends, there is a file ``awaited`` too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal, TypeAlias

from plotbot.errors import BadInput
from plotbot.files import written_whole
from plotbot.job.asking import Answer, PenSwap, Progress, Prompter, Start
from plotbot.job.folder import LOCK, Job
from plotbot.job.lock import is_locked
from plotbot.machine.base import Control

__all__ = ["Attendant", "AttendedPrompter", "Request", "ask", "attending", "awaited"]

Request: TypeAlias = Literal["pause", "go on"]

REQUEST, AWAITED = "request", "awaited"
_EVERY_S = 0.1
_MAX_BYTES = 32


def ask(job: Job, request: Request) -> None:
    """Put a request to whoever plots the job; raises `BadInput` when nobody does."""
    if not is_locked(job.folder / LOCK):
        raise BadInput(f"{job.folder.name} is not being plotted at this moment.")
    try:
        with written_whole(job.path(REQUEST)) as temporary:
            temporary.write_text(request + "\n", encoding="ascii")
    except OSError as error:
        raise BadInput(f"The request cannot be written: {error.strerror or error}.") from error


def awaited(job: Job) -> bool:
    """Whether a plot is paused until a request says to go on."""
    return job.path(AWAITED).exists()


class Attendant:
    """Looks for requests while a job is plotted. `paused` tells that the pause was asked for by one."""

    def __init__(self, job: Job, control: Control) -> None:
        self._path = job.path(REQUEST)
        self._awaited = job.path(AWAITED)
        self.control = control
        self._ended = threading.Event()
        self._go_on = threading.Event()
        self.paused = False

    def wait_to_go_on(self) -> None:
        """Return when a request says so; Ctrl-C gets through."""
        with suppress(OSError):  # a page then offers no button, the plot is well
            self._awaited.touch()
        try:
            while not self._go_on.wait(_EVERY_S):
                pass
        finally:
            with suppress(OSError):
                self._awaited.unlink(missing_ok=True)
        self._go_on.clear()
        self.paused = False

    def _watch(self) -> None:
        while not self._ended.wait(_EVERY_S):
            request = self._take()
            if request == "pause" and not self.control.pausing:
                self.paused = True
                self._go_on.clear()
                self.control.pause()
            elif request == "go on" and self.paused:
                self._go_on.set()

    def _take(self) -> str:
        try:
            with self._path.open("rb") as file:
                text = file.read(_MAX_BYTES)
            self._path.unlink()
        except OSError:
            return ""
        return text.decode("ascii", errors="replace").strip()


class AttendedPrompter:
    """Answers a pause that a request asked for with the next request; all else goes to `prompts`.

    waiting: called when such a pause begins, to tell the person that it is waited for.
    """

    def __init__(self, prompts: Prompter, attendant: Attendant, waiting: Callable[[], None]) -> None:
        self._prompts = prompts
        self._attendant = attendant
        self._waiting = waiting

    def start(self, start: Start) -> None:
        """As `prompts` does."""
        self._prompts.start(start)

    def mount(self, swap: PenSwap) -> None:
        """As `prompts` does."""
        self._prompts.mount(swap)

    def paused(self, where: Progress) -> Answer:
        """Wait for the request to go on, or ask."""
        control = self._attendant.control
        if not self._attendant.paused or control.halting or control.leaving:  # Ctrl-C came after the request
            return self._prompts.paused(where)
        self._waiting()
        self._attendant.wait_to_go_on()
        return "go on"


@contextmanager
def attending(job: Job, control: Control) -> Iterator[Attendant]:
    """Attend to requests while the block runs; one that was left from before is removed."""
    for name in (REQUEST, AWAITED):
        with suppress(OSError):
            job.path(name).unlink(missing_ok=True)
    attendant = Attendant(job, control)
    thread = threading.Thread(target=attendant._watch, name="requests", daemon=True)
    thread.start()
    try:
        yield attendant
    finally:
        attendant._ended.set()
        thread.join()
