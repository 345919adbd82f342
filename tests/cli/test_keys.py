"""Keys while a plot runs, over a real terminal: what they do, and that it is as it was afterwards."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from plotbot.cli.keys import Keys
from plotbot.job.folder import Job, open_job
from plotbot.machine.base import Control
from plotbot.paper import Paper
from plotbot.plan.model import Pass, Plan, Stroke
from tests.job.plans import PENS
from tests.job.plotting import ink_mm, make_job, plot

PATIENCE_S = 40.0

# Only of a terminal that controls it does a process get Ctrl-C.
IN_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from plotbot.cli import main
main()
"""


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Two pens with one stroke each that takes most of a minute, and a short one."""
    turn = np.linspace(0, 40 * np.pi, 2000)
    spiral = np.stack([100 + turn / 3 * np.cos(turn), 100 + turn / 3 * np.sin(turn)], axis=1)
    strokes = (Stroke.from_mm(spiral, (0,)), Stroke.from_mm(np.array([[20, 20], [24.0, 20]]), (1,)))
    passes = tuple(Pass(pen, strokes) for pen in PENS.pens[:2])
    return make_job(tmp_path / "job", Plan(Paper.parse("a4"), "test", (95, 0, 0), passes))


class Terminal:
    """A person at a terminal in which `plotbot resume` runs."""

    def __init__(self, job: Job, home: Path) -> None:
        self._ours, theirs = os.openpty()
        self.before = termios.tcgetattr(theirs)
        told = [
            sys.executable,
            "-c",
            IN_TERMINAL,
            "resume",
            job.folder,
            "--machine",
            "virtual",
            "--speed",
            "1",
        ]
        environment = os.environ | {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "NO_COLOR": "1"}
        self.process = subprocess.Popen(
            told,
            stdin=theirs,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        self.theirs = theirs
        self.said = ""

    def press(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def sees(self, text: str) -> None:
        """Wait until the plot has said something since it was last asked."""
        assert self.process.stderr is not None
        self._wait(lambda: text in self._read(), f"{text!r} in {self.said!r}")
        self.said = self.said.partition(text)[2]

    def keeps_pressing(self, key: str, until: str) -> None:
        """Press a key now and then; one that comes while questions and drawing change over is forgotten."""
        next_s = [0.0]

        def seen() -> bool:
            if time.monotonic() > next_s[0] and until not in self.said:
                self.press(key)
                next_s[0] = time.monotonic() + 0.5
            return until in self._read()

        self._wait(seen, f"{until!r} in {self.said!r}")
        self.said = self.said.partition(until)[2]

    def gives_keys(self) -> None:
        """Wait until the terminal gives single keys, unseen."""
        self._wait(lambda: not self._local() & (termios.ICANON | termios.ECHO), "single keys")

    def is_asked(self) -> None:
        """A question that ends with Enter is asked as everywhere."""
        assert self.is_as_before

    def ends(self) -> int:
        code = self.process.wait(PATIENCE_S)
        self._read()
        return code

    @property
    def is_as_before(self) -> bool:
        return termios.tcgetattr(self.theirs) == self.before

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        os.close(self._ours)
        os.close(self.theirs)

    def _local(self) -> int:
        return int(termios.tcgetattr(self.theirs)[3])

    def _read(self) -> str:
        assert self.process.stderr is not None
        while select.select([self.process.stderr], [], [], 0)[0]:
            data = os.read(self.process.stderr.fileno(), 4096)
            if not data:
                break
            self.said += " ".join(data.decode().split("\n"))
        return self.said

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end, f"waited in vain for {what}"
            assert self.process.poll() is None or done(), f"ended before {what}: {self.said}"
            time.sleep(0.02)


@contextmanager
def terminal(job: Job, home: Path) -> Iterator[Terminal]:
    there = Terminal(job, home)
    try:
        there.sees("Mount pen 1 of 2")
        there.is_asked()
        there.press("\n")
        there.gives_keys()
        yield there
    finally:
        there.close()


@pytest.mark.slow
def test_a_person_pauses_adjusts_goes_on_and_leaves(job: Job, tmp_path: Path) -> None:
    with terminal(job, tmp_path) as person:
        person.press("x ")  # x is no key; the stroke is long, so the pause brakes inside it
        person.sees("Pausing after this stroke")
        person.sees("Paused, pen up; 0 of 4 strokes are ink.")
        person.press("+")
        person.sees("will draw at 32 %")
        person.press("--")
        person.sees("will draw at 28 %")
        person.press("\n")
        person.keeps_pressing("s", until="Mount pen 2 of 2")
        person.is_asked()
        person.press("\n")
        person.gives_keys()
        person.press("q")
        person.sees("Leaving after this stroke")
        person.press("q")
        assert person.ends() == 4
        assert "plotbot resume" in person.said
        assert person.is_as_before
    with open_job(job.folder).journal() as journal:
        events = [(one.kind, one.text) for one in journal.events()]
        assert ("went on", "at pen height 28 %") in events
        assert ("went on", "next pen") in events
        assert 0 in journal.drawn_mm  # ink in part
        assert not journal.executed
    assert plot(job).complete
    assert ink_mm(job) == pytest.approx(sum(one.length_mm for _, _, one in job.plan.strokes()), abs=0.02)


@pytest.mark.slow
def test_however_the_plot_is_ended_the_terminal_is_put_back(job: Job, tmp_path: Path) -> None:
    with terminal(job, tmp_path) as person:
        person.press("\x03")  # Ctrl-C
        person.sees("Pausing after this stroke")
        person.press("\x03")
        assert person.ends() == 4
        assert "Enter goes on" not in person.said  # Ctrl-C leaves without a question
        assert person.is_as_before
    with terminal(job, tmp_path) as person:
        person.press(" ")
        person.sees("q leaves the plot.")
        person.gives_keys()
        person.process.send_signal(signal.SIGTERM)
        assert person.ends() == 4
        assert person.is_as_before


def test_without_a_terminal_nothing_is_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.pipe()
    with os.fdopen(ours) as pipe:
        monkeypatch.setattr(sys, "stdin", pipe)
        control = Control()
        with Keys(control) as keys:
            assert not keys.there
            keys.listen()
            os.write(theirs, b" q")
            keys.rest()
        assert not control.pausing
        assert pipe.read(2) == " q"
        os.close(theirs)


def test_keys_are_requests_only_while_the_machine_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs) as tty:
        monkeypatch.setattr(sys, "stdin", tty)
        before, control = termios.tcgetattr(theirs), Control()
        with Keys(control) as keys:
            keys.listen()
            os.write(ours, b"\x1b[15~zs")  # a function key is not its letters
            os.write(ours, b"n")
            time.sleep(0.05)
            assert not control.pausing
            os.write(ours, b"s")
            _until(lambda: control.pausing)
            assert not control.halting
            os.write(ours, b"s")
            _until(lambda: control.halting)
            keys.rest()
            assert termios.tcgetattr(theirs) == before
            assert keys.take_wish() == "next pen"
            assert keys.take_wish() is None
            control.clear()
            os.write(ours, b"q\n")
            assert tty.readline() == "q\n"
            assert not control.pausing
            keys.listen()
        assert termios.tcgetattr(theirs) == before
    os.close(ours)


def _until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not done():
        assert time.monotonic() < end
        time.sleep(0.005)
