"""Find, read, check and write inventories: the `pens/*.toml` files.

A name is looked up in ``./pens``, in the user's configuration folder, then among the inventories that
ship with plotbot; the first one found wins. A path is taken as it is. `pens/README.md` documents the
format.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import stat
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from plotbot.errors import BadInput
from plotbot.files import user_config_folder
from plotbot.pens.model import Inventory, Mechanical, PaperColour, Pen

__all__ = [
    "MAX_FILE_BYTES",
    "available_inventories",
    "find_pen",
    "inventory_hash",
    "load_inventory",
    "matchable_pens",
    "parse_inventory",
    "read_pen_file",
    "select_pens",
    "user_pens_folder",
]

MAX_FILE_BYTES = 1_000_000
"""Largest pen file that is read; the largest tin on sale takes 20 kB."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_NOT_SHARED = ("id", "name", "order", "scan")


def load_inventory(name_or_path: str | Path) -> Inventory:
    """Read an inventory by name (``staedtler12``) or path (``./my/pens.toml``).

    What ends in ``.toml`` or has a folder in it is a path; anything else is a name. Raises `BadInput`
    when there is none (with the nearest name), or naming file, pen and field when a value is wrong.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".toml") or "/" in text or "\\" in text:
        try:
            path = Path(text).expanduser()
        except RuntimeError:
            raise BadInput(f"There is no pen file {text}: that user has no home folder.") from None
        return parse_inventory(read_pen_file(path), path.stem, str(path))
    known = available_inventories()
    if text in known:
        return parse_inventory(read_pen_file(known[text]), text, str(known[text]))
    raise BadInput(f"There is no pen inventory {text!r}{_nearest(text, known)}; known: {', '.join(known)}.")


def available_inventories() -> dict[str, Path]:
    """Every inventory that can be loaded by name, sorted by name, and the file it would come from."""
    found: dict[str, Path] = {}
    for folder in (Path("pens"), user_pens_folder(), _shipped_folder()):
        try:
            files = sorted(folder.glob("*.toml"))
        except OSError:  # a folder that cannot be read hides nothing but itself
            continue
        for path in files:
            if _NAME.fullmatch(path.stem) and path.is_file():
                found.setdefault(path.stem, path)
    return dict(sorted(found.items()))


def parse_inventory(text: str, name: str, source: str | None = None) -> Inventory:
    """Check the text of a pen file; `name` becomes the inventory's id, `source` is named in errors."""
    source = source or f"{name}.toml"
    if not _NAME.fullmatch(name):
        raise BadInput(
            f"{source}: {name!r} cannot name an inventory; use letters, digits, dots, dashes and underscores."
        )
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{source} is not valid TOML: {error}.") from None
    except RecursionError:
        raise BadInput(f"{source} is not valid TOML: it is nested too deeply.") from None
    if "id" in data:
        raise BadInput(f"{source}: an inventory is called after its file; take the line id = ... out.")
    data = _with_defaults(data, source)
    try:
        return Inventory.model_validate({**data, "id": name})
    except ValidationError as error:
        raise BadInput(_sentence(error, data, source)) from None


def read_pen_file(path: Path) -> str:
    """The text of a pen file of any format; raises `BadInput` for what cannot be one."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise BadInput(f"{path} is not a file; give the path of a pen file such as mine.toml.")
        if status.st_size > MAX_FILE_BYTES:
            raise BadInput(
                f"{path} has {status.st_size:,} bytes; a pen file has at most {MAX_FILE_BYTES:,}. "
                "It is probably something else."
            )
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not text in UTF-8; it is probably not a pen file.") from None
    except FileNotFoundError:
        raise BadInput(f"There is no pen file {path}.") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise BadInput(f"The pen file {str(path)!r} cannot be read: {reason}.") from None


def inventory_hash(inventory: Inventory) -> str:
    """SHA-256 over every value of an inventory, the same however its file was laid out."""
    values = inventory.model_dump(mode="json")
    return hashlib.sha256(json.dumps(values, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def find_pen(inventory: Inventory, pen: str) -> Pen:
    """The pen with this id or, letter case aside, this name; raises `BadInput` with the nearest one."""
    if pen in inventory:
        return inventory[pen]
    wanted = pen.strip().casefold()
    named = [one for one in inventory.pens if wanted in (one.name.casefold(), one.id.casefold())]
    if len(named) == 1:
        return named[0]
    if named:
        ids = ", ".join(one.id for one in named)
        raise BadInput(f"{inventory.id} has several pens called {pen!r}; choose one by its id: {ids}.")
    labels = {label: one for one in inventory.pens for label in (one.id, one.name)}
    ids = ", ".join(one.id for one in inventory.pens)
    raise BadInput(f"{inventory.id} has no pen {pen!r}{_nearest(pen, labels)}; its pens are {ids}.")


def select_pens(inventory: Inventory, pens: Iterable[str]) -> Inventory:
    """The inventory with only these pens (ids or names), in its own order; raises `BadInput`."""
    wanted = {find_pen(inventory, pen).id for pen in pens}
    if not wanted:
        raise BadInput(f"No pen of {inventory.id} was chosen; name at least one.")
    chosen = tuple(pen for pen in inventory.pens if pen.id in wanted)
    overprints = inventory.overprints_among(wanted)
    return inventory.model_copy(update={"pens": chosen, "overprints": overprints})


def matchable_pens(inventory: Inventory) -> tuple[Pen, ...]:
    """The pens that may be chosen for a colour: all but the fluorescent ones, which Lab cannot describe.

    Raises `BadInput` when none is left.
    """
    pens = tuple(pen for pen in inventory.pens if not pen.fluorescent)
    if not pens:
        raise BadInput(f"Every pen of {inventory.id} is fluorescent, so none can be matched to a colour.")
    return pens


def user_pens_folder() -> Path:
    """Where a person's own inventories live; it need not exist."""
    return user_config_folder() / "pens"


def _shipped_folder() -> Path:
    """The inventories inside the wheel or, in a checkout, the repository's own."""
    shipped = Path(__file__).parent / "shipped"
    return shipped if shipped.is_dir() else Path(__file__).parents[2] / "pens"


def _with_defaults(data: dict[str, Any], source: str) -> dict[str, Any]:
    """Fold the file's ``[defaults]`` into each of its pens."""
    shared = data.pop("defaults", {})
    if not isinstance(shared, dict):
        raise BadInput(f"{source}: defaults must be a table, [defaults].")
    for key in shared:
        if key in _NOT_SHARED or key not in Pen.model_fields:
            allowed = [field for field in Pen.model_fields if field not in _NOT_SHARED]
            raise BadInput(f"{source}: {key!r} cannot stand in [defaults]; use any of {', '.join(allowed)}.")
    pens = data.get("pens")
    if isinstance(pens, list):
        data["pens"] = [{**shared, **pen} if isinstance(pen, dict) else pen for pen in pens]
    return data


def _sentence(error: ValidationError, data: dict[str, Any], source: str) -> str:
    """The first thing that is wrong, as file, pen, field, reason; and how many more there are."""
    details = error.errors(include_url=False)
    # Beside each wrong pen pydantic says that there are too few right ones.
    details = [one for one in details if one["type"] != "too_short"] or details
    # A mistyped field is also a missing one; its name says more.
    details.sort(key=lambda one: one["type"] != "extra_forbidden")
    first = details[0]
    where = list(first["loc"])
    prefix = source
    if len(where) >= 2 and where[0] == "pens" and isinstance(where[1], int):
        prefix = f"{source}: {_pen_label(data['pens'], where[1])}"
        where = where[2:]
    more = len(details) - 1
    rest = "" if not more else f" ({more} more value{'s are' if more > 1 else ' is'} wrong.)"
    return f"{prefix}: {_reason(first, where)}.{rest}"


def _pen_label(pens: list[Any], index: int) -> str:
    pen = pens[index] if isinstance(pens[index], dict) else {}
    label = " ".join(str(pen[key])[:80] for key in ("id", "name") if key in pen)
    return f"pen {label}" if label else f"pen number {index + 1}"


def _reason(error: ErrorDetails, where: list[int | str]) -> str:
    field = _field_name(where)
    context = error.get("ctx", {})
    given = repr(error["input"])
    given = given if len(given) <= 60 else given[:57] + "..."
    kind = error["type"]
    if kind == "missing":
        return f"{field} is missing"
    if kind == "extra_forbidden":
        return f"there is no field {field}{_nearest(str(where[-1]), _fields(where))}"
    if kind == "value_error":
        return str(context.get("error", error["msg"]))
    return f"{field} is {given} but must {_demand(error, where)}"


def _demand(error: ErrorDetails, where: list[int | str]) -> str:
    """What pydantic wanted, as the end of "... must"; both bounds for the numbers people mistype most."""
    kind, last, of_lab = error["type"], where[-1], len(where) >= 2 and where[-2] == "lab"
    out_of_range = kind in ("greater_than_equal", "less_than_equal")
    if out_of_range and of_lab:
        return "be from 0 to 100" if last == 0 else "be from -128 to 128"
    if out_of_range and last in ("opacity", "uncertainty", "down_height"):
        return f"be from 0 to {1 if last == 'opacity' else 100}"
    said = {
        "literal_error": f"be {error.get('ctx', {}).get('expected')}",
        "string_pattern_mismatch": "have only letters, digits, dots, dashes and underscores",
        "string_type": "be text in quotes",
        "float_parsing": "be a number",
        "float_type": "be a number",
        "tuple_type": "be a list",
    }
    return said.get(kind) or error["msg"].removeprefix("Input should ").removeprefix("Value should ")


def _field_name(where: list[int | str]) -> str:
    if not where:
        return "the file"
    if len(where) >= 2 and where[-2] == "lab" and isinstance(where[-1], int) and where[-1] < 3:
        name = ("L*", "a*", "b*")[where[-1]]
        return ".".join([*(str(part) for part in where[:-2]), f"lab {name}"])
    return ".".join(str(part) for part in where)


def _fields(where: list[int | str]) -> Iterable[str]:
    if "mechanical" in where:
        return Mechanical.model_fields
    if where[:1] == ["paper"]:
        return PaperColour.model_fields
    return [*Pen.model_fields, *Inventory.model_fields, "defaults"]


def _nearest(word: str, known: Iterable[str]) -> str:
    lower = {name.casefold(): name for name in known}
    close = difflib.get_close_matches(word.casefold(), lower, n=1, cutoff=0.5)
    return f" (did you mean {lower[close[0]]!r}?)" if close else ""
