"""Files and folders that appear whole or not at all, and where a person's own ones are."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from plotbot.errors import BadInput

__all__ = [
    "folder_written_whole",
    "forget_unfinished",
    "user_config_folder",
    "user_data_folder",
    "write_text_whole",
    "written_whole",
]


def user_config_folder() -> Path:
    """This person's settings, pens and machine profiles; it need not exist."""
    return platformdirs.user_config_path("plotbot", appauthor=False)


def user_data_folder() -> Path:
    """What plotbot remembers for this person, as the ink ledger; it need not exist."""
    return platformdirs.user_data_path("plotbot", appauthor=False)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there when the block ends well, remove it when not.

    The bytes are on disk before the new name is, so a power cut leaves the old file or the new one.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text_whole(path: Path, pieces: Iterable[str]) -> None:
    """Write text as UTF-8 with plain newlines; raises `BadInput` naming the file when that fails."""
    try:
        with written_whole(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}.") from error


@contextmanager
def folder_written_whole(target: Path) -> Iterator[Path]:
    """Give a hidden folder beside `target`; rename it to that when the block ends well, remove it when not.

    `target` may exist as an empty folder; the folders around it are made. Raises `OSError`.
    """
    staging = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging.mkdir()
        yield staging
        _sync_folder(staging)
        if target.is_dir():
            target.rmdir()
        staging.rename(target)
        _sync_folder(target.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def forget_unfinished(folder: Path) -> None:
    """Remove what `folder_written_whole` left in `folder` when its process was killed."""
    for staging in folder.glob(".*.tmp"):
        shutil.rmtree(staging, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk, where the system can."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
