"""Promise 3: killed at any moment and resumed, no stroke is missing and at most one is drawn twice a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from plotbot.job.folder import Job
from plotbot.job.journal import Journal
from tests.job.plans import plan_of
from tests.job.plotting import delays, forked, killed_after, make_job, plot, times_drawn, virtual

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and SIGKILL")


def check_after_kill(job: Job, before: list[int]) -> list[int]:
    """At most one stroke was drawn again since `before`, and nothing is journalled that is not on paper."""
    now = times_drawn(job)
    again = sum(max(after - max(was, 1), 0) for was, after in zip(before, now, strict=True))
    assert again <= 1, f"{again} strokes were drawn again after one kill"
    with job.journal() as journal:
        missing = [index for index in journal.executed if now[index] == 0]
        assert not missing, f"journalled but not on paper: {missing}"
    return now


@pytest.mark.slow
def test_random_kills(tmp_path: Path) -> None:
    """A hundred kills at any moment: in the pen prompt, in a stroke, in a commit, at the start."""
    moments, kills, number = delays(7, 0.0, 0.04), 0, 0
    while kills < 100:
        number += 1
        job = make_job(tmp_path / f"job{number}", plan_of((13, 11, 16), seed=number))
        drawn, of_this_job = times_drawn(job), 0
        while of_this_job < 12:
            begun, tell = os.pipe()
            pid = forked(
                lambda job=job, tell=tell: plot(job, progress=lambda _: os.write(tell, b".")) and None
            )
            os.close(tell)
            if of_this_job % 3:  # two of three die while they draw, the third also while it starts
                os.read(begun, 1)
            was_alive = killed_after(pid, next(moments))
            os.close(begun)
            if not was_alive:
                break
            of_this_job += 1
            drawn = check_after_kill(job, drawn)
        plot(job)
        drawn = check_after_kill(job, drawn)
        assert min(drawn) >= 1, "a stroke is missing"
        assert sum(drawn) - len(drawn) <= of_this_job
        kills += of_this_job
    assert number >= 4


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_between_ink_and_journal_at_every_stroke(
    tmp_path: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dead right before each stroke is written down, or right after: the worst moments there are."""
    job = make_job(tmp_path / "job", plan_of((4, 3, 5)))
    record = Journal.record_executed

    def record_and_die(self: Journal, stroke: int, length_mm: float, seconds: float | None = None) -> None:
        if moment == "after":
            record(self, stroke, length_mm, seconds)
        os.kill(os.getpid(), signal.SIGKILL)

    drawn, kills = times_drawn(job), 0
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "record_executed", record_and_die)
        for _ in range(12):
            pid = forked(lambda: plot(job) and None)
            _, status = os.waitpid(pid, 0)
            kills += os.WIFSIGNALED(status)
            drawn = check_after_kill(job, drawn)
            if moment == "before":  # or it would be the same stroke again and again
                plot_one_stroke(job, record)
                drawn = times_drawn(job)
    plot(job)
    drawn = check_after_kill(job, drawn)
    assert kills == 12
    assert min(drawn) >= 1
    assert sum(drawn) - len(drawn) == (12 if moment == "before" else 0)


def plot_one_stroke(job: Job, record: object) -> None:
    """Draw just the next stroke, in a process that dies once it is journalled."""

    def record_then_die(self: Journal, stroke: int, length_mm: float, seconds: float | None = None) -> None:
        record(self, stroke, length_mm, seconds)  # type: ignore[operator]
        os._exit(0)

    def child() -> None:
        Journal.record_executed = record_then_die  # type: ignore[method-assign]
        plot(job)

    os.waitpid(forked(child), 0)


@pytest.mark.slow
def test_processes_of_their_own_killed_while_they_draw(tmp_path: Path) -> None:
    """The same with separate processes, at a speed at which the pen is mostly inside a stroke."""
    job = make_job(tmp_path / "job", plan_of((18, 17, 19), points=12))
    command = [sys.executable, "-m", "tests.job.plotting", str(job.folder), "40"]
    moments, kills, drawn = delays(3, 0.0, 0.5), 0, times_drawn(job)
    while kills < 4:
        with subprocess.Popen(
            command,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"drawing\n"
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=next(moments))
            process.kill()
        if process.returncode != -signal.SIGKILL:
            break
        kills += 1
        drawn = check_after_kill(job, drawn)
    assert kills >= 2
    plot(job)
    drawn = check_after_kill(job, drawn)
    assert min(drawn) == 1
    with job.journal() as journal:
        assert [session.how for session in journal.sessions()] == [None] * kills + ["done"]


def test_a_second_process_is_told_which_one_plots(tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", plan_of((3,)))
    ready, release = os.pipe(), os.pipe()

    def hold() -> None:
        with job.locked():
            os.write(ready[1], b"x")
            os.read(release[0], 1)

    pid = forked(hold)
    os.read(ready[0], 1)
    with pytest.raises(Exception, match=f"process {pid}") as raised:
        plot(job)
    assert getattr(raised.value, "exit_code", None) == 2
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert plot(job).complete
    assert virtual(job).hardware is False
