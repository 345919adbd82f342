"""Keep the computer awake while a plotter moves: a laptop that falls asleep leaves the pen on the paper."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["awake"]

READY_S = 3.0
"""How long the helper program may take to get its lock before we go on without."""


@contextmanager
def awake(reason: str) -> Iterator[str]:
    """Inhibit system sleep inside the block where the system allows; yields a sentence that says so.

    Never fails: where sleep cannot be inhibited the sentence says why. The lock ends with this process,
    however that ends.
    """
    if sys.platform == "win32":
        with _windows() as said:
            yield said
        return
    if sys.platform == "darwin":
        command = ["caffeinate", "-i", "-m", "-w", str(os.getpid()), "cat"]
    else:
        command = ["systemd-inhibit", "--what=sleep:idle", "--who=plotbot", f"--why={reason}", "--mode=block"]
        # `cat` ends, and with it the lock, when our end of its input is closed by us or by our death.
        command += ["sh", "-c", "echo ready; exec cat"]
    program = shutil.which(command[0])
    if program is None:
        yield f"The computer may fall asleep while plotting: {command[0]} is not installed."
        return
    try:
        helper = subprocess.Popen(  # noqa: S603 - fixed program, our own arguments
            [program, *command[1:]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for plotbot, not for the helper
        )
    except OSError as error:
        why = f"{command[0]} cannot be started ({error.strerror})"
        yield f"The computer may fall asleep while plotting: {why}."
        return
    try:
        if sys.platform == "darwin" or _says_ready(helper):
            yield f"The computer is kept awake while plotting ({command[0]})."
        else:
            yield f"The computer may fall asleep while plotting: {command[0]} was refused."
    finally:
        _end(helper)


def _says_ready(helper: subprocess.Popen[bytes]) -> bool:
    """Whether the helper has its lock: only then does it start the command that prints a line."""
    assert helper.stdout is not None
    readable, _, _ = select.select([helper.stdout], [], [], READY_S)
    return bool(readable) and helper.stdout.readline().strip() == b"ready"


def _end(helper: subprocess.Popen[bytes]) -> None:
    for pipe in (helper.stdin, helper.stdout):
        if pipe is not None:
            pipe.close()
    helper.terminate()
    try:
        helper.wait(timeout=2.0)
    except subprocess.TimeoutExpired:
        helper.kill()
        helper.wait()


if sys.platform == "win32":
    import ctypes

    _CONTINUOUS, _SYSTEM_REQUIRED = 0x80000000, 0x00000001

    @contextmanager
    def _windows() -> Iterator[str]:
        """SetThreadExecutionState, which lasts as long as this thread."""
        kernel = ctypes.windll.kernel32
        if not kernel.SetThreadExecutionState(_CONTINUOUS | _SYSTEM_REQUIRED):
            yield "The computer may fall asleep while plotting: Windows refused to be kept awake."
            return
        try:
            yield "The computer is kept awake while plotting."
        finally:
            kernel.SetThreadExecutionState(_CONTINUOUS)
