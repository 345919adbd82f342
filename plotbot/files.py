"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from plotbot.errors import BadInput

__all__ = ["write_text_whole", "written_whole"]


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
