"""Plot jobs in tests: a person who always says yes, processes that can be killed, and what is on paper.

As a program, ``python -m tests.job.plotting JOB SPEED`` plots a job on the virtual machine.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from plotbot.errors import PlotbotError
from plotbot.job.asking import Answer, PenSwap, Progress, Start
from plotbot.job.folder import INK, Job, create_job, open_job
from plotbot.job.runner import Outcome, run
from plotbot.job.selection import Selection
from plotbot.machine.base import Control, Machine
from plotbot.machine.virtual import VirtualMachine, read_ink
from plotbot.plan.model import Plan
from tests.job.plans import PENS


class Person:
    """Says yes to everything and remembers what was asked."""

    def __init__(self, after_pause: Answer = "stop") -> None:
        self.starts: list[Start] = []
        self.swaps: list[PenSwap] = []
        self.pauses: list[Progress] = []
        self.after_pause: Answer = after_pause

    def start(self, start: Start) -> None:
        self.starts.append(start)

    def mount(self, swap: PenSwap) -> None:
        self.swaps.append(swap)

    def paused(self, where: Progress) -> Answer:
        self.pauses.append(where)
        return self.after_pause


def make_job(folder: Path, plan: Plan) -> Job:
    return create_job(folder, plan, PENS, title="test")


def virtual(job: Job, speed: float = 0.0) -> VirtualMachine:
    return VirtualMachine(speed=speed, ink=job.folder / INK)


def plot(
    job: Job,
    *,
    machine: Machine | None = None,
    person: Person | None = None,
    control: Control | None = None,
    progress: Callable[[Progress], None] = lambda where: None,
    selection: Selection | None = None,
    say: Callable[[str], None] | None = None,
) -> Outcome:
    """Plot what is left of a job, by default on the virtual machine as fast as possible."""
    job = open_job(job.folder)
    return run(
        job,
        machine or virtual(job),
        person or Person(),
        control or Control(),
        progress,
        selection=selection,
        say=say,
    )


def times_drawn(job: Job) -> list[int]:
    """How often each stroke of the plan lies whole on the virtual paper, found by its ink alone."""
    whole = Counter(piece.points.tobytes() for piece in read_ink(job.folder / INK))
    return [whole.pop(stroke.points.tobytes(), 0) for _, _, stroke in job.plan.strokes()]


def ink_mm(job: Job) -> float:
    """All the ink on the virtual paper, drawn over or not."""
    pieces = (np.diff(piece.points / 1000.0, axis=0) for piece in read_ink(job.folder / INK))
    return float(sum(np.hypot(*steps.T).sum() for steps in pieces))


def forked(child: Callable[[], None]) -> int:
    """Run `child` in a process of its own that shares nothing but what is loaded already; returns its id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        child()
    except BaseException:  # a forked test must never go on as a second pytest
        os._exit(1)
    os._exit(0)


def killed_after(pid: int, seconds: float) -> bool:
    """SIGKILL a process at that moment; whether it was still alive."""
    time.sleep(seconds)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def delays(seed: int, low: float, high: float) -> Iterator[float]:
    """Random moments, the same ones each time."""
    random = np.random.default_rng(seed)
    while True:
        yield float(random.uniform(low, high))


if __name__ == "__main__":
    one = open_job(Path(sys.argv[1]))
    said: list[str] = []

    def say_once(where: Progress) -> None:
        if not said:
            said.append("drawing")
            print(*said, flush=True)

    try:
        plot(one, machine=virtual(one, float(sys.argv[2])), progress=say_once)
    except PlotbotError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
