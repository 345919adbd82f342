"""Pen files in and out: plotbot's own TOML, vpype's ``[pen_config]`` and vpype-penset's ``[penset]``.

The two vpype formats know a screen colour, a width and a name. What is read from them is therefore a
guess (a screen colour says little about ink on paper), and what is written to them is a preview.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from typing import Any

import tomli_w

from plotbot.errors import BadInput
from plotbot.ink.spaces import lab_from_hex, srgb_hex
from plotbot.paper import mm_from_px, parse_length
from plotbot.pens.inventory import parse_inventory
from plotbot.pens.model import Inventory, Pen

__all__ = ["from_vpype", "to_pen_config", "to_penset", "to_toml"]

SCREEN_COLOUR_UNCERTAINTY = 15.0
"""How far, in ΔE00, a colour picked for a screen may be from the ink: published ones differ by 6 to 12
among themselves."""

USUAL_WIDTH_MM = 0.3
USUAL_PAPER = {"name": "white drawing paper", "lab": [95.0, 0.0, 2.0]}


def to_toml(inventory: Inventory) -> str:
    """The inventory as a pen file that `parse_inventory` reads back to the same values.

    What all pens share goes to ``[defaults]``; what is as if unset is left out.
    """
    pens = [_values(pen) for pen in inventory.pens]
    first = pens[0]
    shared = {
        key: value
        for key, value in first.items()
        if key not in ("id", "name", "lab", "order", "scan") and all(pen.get(key) == value for pen in pens)
    }
    if len(pens) == 1:
        shared = {}
    data: dict[str, Any] = {
        "name": inventory.name,
        "paper": inventory.paper.model_dump(mode="json", exclude_none=True),
    }
    if shared:
        data["defaults"] = shared
    data["pens"] = [{key: value for key, value in pen.items() if key not in shared} for pen in pens]
    if inventory.overprints:
        data["overprints"] = [one.model_dump(mode="json") for one in inventory.overprints]
    return tomli_w.dumps(data)


def to_pen_config(inventory: Inventory) -> str:
    """The inventory as a vpype configuration file: ``vpype -c FILE ... pens ID``.

    Layers are numbered in the order of the tin and named by pen id, as plotbot names its own.
    """
    layers = [
        {
            "layer_id": number,
            "name": pen.id,
            "color": srgb_hex(pen.lab),
            "pen_width": f"{pen.width_mm:g}mm",
        }
        for number, pen in enumerate(inventory.pens, start=1)
    ]
    return tomli_w.dumps({"pen_config": {inventory.id: {"layers": layers}}})


def to_penset(inventory: Inventory) -> str:
    """The inventory as a vpype-penset file: ``vpype penset FILE ... colorize``."""
    pens = [{"color": srgb_hex(pen.lab), "width": pen.width_mm, "name": str(pen)} for pen in inventory.pens]
    return tomli_w.dumps({"penset": {"name": inventory.id, "pens": pens}})


def from_vpype(text: str, name: str, config: str | None = None, source: str | None = None) -> Inventory:
    """Read a vpype ``[pen_config]`` or a vpype-penset file as an inventory called `name`.

    config: which pen configuration, where the file has several. Colours become guesses on white drawing
    paper with an uncertainty of 15 ΔE00; a missing width becomes 0.3 mm. Raises `BadInput`.
    """
    source = source or f"{name}.toml"
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BadInput(f"{source} is not valid TOML: {error}.") from None
    if "penset" in data:
        title, entries = _table(data, "penset", source).get("name", name), _penset_pens(data, source)
        width_of: Callable[[Any, str], float] = _penset_width
        key = "width"
    elif "pen_config" in data:
        title, entries = _chosen_config(_table(data, "pen_config", source), config, source)
        width_of, key = _vpype_width, "pen_width"
    else:
        raise BadInput(f"{source} has neither [pen_config] (vpype) nor [penset] (vpype-penset) in it.")

    pens: list[dict[str, Any]] = []
    for number, entry in enumerate(entries, start=1):
        what = f"{source}: pen {number}"
        if not isinstance(entry, dict) or "color" not in entry:
            raise BadInput(f"{what} has no color; write color = '#rrggbb' or a colour name.")
        label = str(entry.get("name") or f"Pen {entry.get('layer_id', number)}").strip()[:80]
        width = width_of(entry[key], f"{what} {key}") if key in entry else USUAL_WIDTH_MM
        pens.append(
            {
                "id": _free_id(label, number, {pen["id"] for pen in pens}),
                "name": label or f"Pen {number}",
                "lab": [round(float(value), 2) for value in _lab(entry["color"], what)],
                "provenance": "guess",
                "uncertainty": SCREEN_COLOUR_UNCERTAINTY,
                "nominal_mm": width,
                "width_mm": width,
            }
        )
    checked = {"name": str(title)[:80] or name, "paper": USUAL_PAPER, "pens": pens}
    return parse_inventory(tomli_w.dumps(checked), name, source)


def _values(pen: Pen) -> dict[str, Any]:
    """A pen's values as TOML can hold them, without those that are as if unset."""
    values = pen.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    # Stated even where they are the default: a reader should not have to know it.
    values["opacity"] = pen.opacity
    values["ink"] = pen.ink
    return {key: values[key] for key in type(pen).model_fields if key in values}


def _table(data: dict[str, Any], key: str, source: str) -> dict[str, Any]:
    if not isinstance(data[key], dict):
        raise BadInput(f"{source}: {key} must be a table.")
    return dict(data[key])


def _penset_pens(data: dict[str, Any], source: str) -> list[Any]:
    pens = data["penset"].get("pens")
    if not isinstance(pens, list) or not pens:
        raise BadInput(f"{source} has no [[penset.pens]].")
    return pens


def _chosen_config(configs: dict[str, Any], config: str | None, source: str) -> tuple[str, list[Any]]:
    known = ", ".join(configs) or "none"
    if config is None and len(configs) == 1:
        config = next(iter(configs))
    if config is None or config not in configs:
        wanted = f"no pen configuration {config!r}" if config else "several pen configurations; choose one"
        raise BadInput(f"{source} has {wanted}: {known}.")
    layers = configs[config].get("layers") if isinstance(configs[config], dict) else None
    if not isinstance(layers, list) or not layers:
        raise BadInput(f"{source}: pen_config.{config} has no layers.")
    return config, layers


def _lab(colour: Any, what: str) -> list[float]:
    from PIL import ImageColor  # noqa: PLC0415

    text = str(colour).strip()
    if re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}", text):
        text = f"#{text}"
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        raise BadInput(f"{what}: {text!r} is not a colour; write '#rrggbb' or a colour name.") from None
    return [float(value) for value in lab_from_hex(f"#{red:02x}{green:02x}{blue:02x}")]


def _vpype_width(value: Any, what: str) -> float:
    """vpype takes a number without a unit for pixels."""
    try:
        return float(mm_from_px(float(value)))
    except (TypeError, ValueError):
        return parse_length(str(value), what)


def _penset_width(value: Any, what: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise BadInput(f"{what} is {value!r} but must be a number of millimetres.")


def _free_id(label: str, number: int, taken: set[str]) -> str:
    """An id from a label: the label itself where it can be one, never one that is taken."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", label).strip("-._")[:28] or str(number)
    wanted, count = plain, 2
    while wanted in taken:
        wanted, count = f"{plain}-{count}", count + 1
    return wanted
