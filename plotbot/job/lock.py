"""One process at a time may plot a job.

The lock belongs to the open file, so the system lets go of it when the process ends, however it ends.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from plotbot.errors import BadInput

__all__ = ["is_locked", "job_lock"]

_PID_AT = 1
"""Byte 0 is the one that Windows locks, and what is locked there cannot be read by others."""


@contextmanager
def job_lock(path: Path, job: str, busy: str = "plotted") -> Iterator[None]:
    """Hold the lock file `path`; raises `BadInput` naming the process that has it and what is being done."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644)
    except OSError as error:
        raise BadInput(f"{job} cannot be locked: {error.strerror or error}.") from error
    try:
        if not _take_patiently(handle):
            holder = os.pread(handle, 32, _PID_AT) if hasattr(os, "pread") else b""
            process = f"process {holder.decode(errors='replace').strip()}" if holder else "another process"
            raise BadInput(
                f"{job} is being {busy} by {process} now. Wait for it, or stop it with Ctrl-C there."
            )
        os.ftruncate(handle, 0)
        os.write(handle, f" {os.getpid()}\n".encode())
        yield
    finally:
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether some process holds the lock file at this moment."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _take(handle)
    except BadInput:  # no locks there, so no process has one
        return False
    finally:
        os.close(handle)


def _take_patiently(handle: int) -> bool:
    """Try for a moment: `is_locked` of another process holds the lock for an instant."""
    deadline = time.monotonic() + 0.3
    while not _take(handle):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


if sys.platform == "win32":
    import msvcrt

    def _take(handle: int) -> bool:
        os.lseek(handle, 0, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _take(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
                return False
            raise BadInput(
                f"The job folder is on a disk without locks ({error.strerror}); copy it to a local one."
            ) from error
        return True
