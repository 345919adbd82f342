"""Change a few numbers of a machine profile's file and leave everything else in it as the person wrote it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from plotbot.errors import BadInput
from plotbot.files import written_whole
from plotbot.machine.profile import Profile, profile_folders, read_profile, save_profile

__all__ = ["change_profile", "own_file"]

Numbers = Mapping[str, float | tuple[float, ...]]
"""Values by dotted name, e.g. ``{"pen.down_height": 28.0}``."""


def own_file(path: Path) -> Path:
    """Where a changed version of the profile in `path` belongs: there, but for a shipped one, which becomes
    the person's own under the same name."""
    _, mine, shipped = profile_folders()
    return mine / path.name if path.parent.resolve() == shipped.resolve() else path


def change_profile(path: Path, numbers: Numbers, to: Path | None = None) -> Profile:
    """Write the profile of `path` with some numbers changed to `to` (default: `path`), whole or not at all.

    Comments and order stay where the file has one value a line; a file that says a table in another way is
    written anew. Raises `BadInput` for numbers that the profile cannot have.
    """
    before, to = read_profile(path), to or path
    try:
        after = Profile.model_validate(_with(before.model_dump(), numbers))
    except ValidationError as error:
        raise BadInput(
            f"Machine profile {path}: {error.errors()[0]['msg'].removeprefix('Value error, ')}."
        ) from None
    text = path.read_text(encoding="utf-8")
    for name, value in numbers.items():
        table, _, key = name.rpartition(".")
        text = _set_line(text, table, key, value)
    if _reads_as(text, path, after):
        to.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(to) as temporary:
            temporary.write_text(text, encoding="utf-8")
    else:
        save_profile(after, to)
    return after


def _with(values: dict[str, Any], numbers: Numbers) -> dict[str, Any]:
    for name, value in numbers.items():
        *tables, key = name.split(".")
        place = values
        for table in tables:
            place = place[table]
        place[key] = value
    return values


def _set_line(text: str, table: str, key: str, value: float | tuple[float, ...]) -> str:
    """`key = value` in a `[table]`: in place of the line that says it, else as a new one."""
    line = f"{key} = {_toml(value)}"
    lines = text.splitlines()
    headers = [
        k for k, one in enumerate(lines) if re.match(rf"\s*\[\s*{re.escape(table)}\s*\]\s*(#.*)?$", one)
    ]
    if not headers:
        return "\n".join([*lines, "", f"[{table}]", line, ""])
    first = headers[0] + 1
    last = next((k for k in range(first, len(lines)) if re.match(r"\s*\[", lines[k])), len(lines))
    for k in range(first, last):
        said = re.match(rf"(\s*){re.escape(key)}\s*=[^#]*?(\s*#.*)?$", lines[k])
        if said:
            lines[k] = f"{said[1]}{line}{said[2] or ''}"
            break
    else:
        lines.insert(first, line)
    return "\n".join([*lines, ""])


def _toml(value: float | tuple[float, ...]) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return repr(float(value))


def _reads_as(text: str, path: Path, wanted: Profile) -> bool:
    """Whether an edited text says exactly what is wanted; TOML has more ways to say it than lines."""
    try:
        return Profile.model_validate({"name": path.stem} | tomllib.loads(text)) == wanted
    except (tomllib.TOMLDecodeError, ValidationError):
        return False
