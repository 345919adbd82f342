"""Layer names with orders in them, in the syntax of AxiDraw software.

``%`` in front: the layer is documentation and is not plotted. ``!``: pause before it. Then a number, in
whose order layers are plotted, and after it ``+H`` pen-down height in per cent, ``+S`` speed in per cent,
``+D`` delay in milliseconds before the layer, as in ``!3 outlines +S40``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from plotbot.errors import BadInput
from plotbot.pens.inventory import find_pen
from plotbot.pens.model import Inventory

__all__ = ["LayerOrder", "layer_pen", "parse_layer_map", "parse_layer_name"]

_ORDER = re.compile(r"\s*(?P<skip>%)?\s*(?P<pause>!)?\s*(?P<number>\d+)?")
_PARAMETER = re.compile(r"\+(?P<key>[HSD])\s*(?P<value>\d+)", re.IGNORECASE)
_RANGES = {"H": (0, 100, "%"), "S": (1, 110, "%"), "D": (0, 3_600_000, "ms")}


@dataclass(frozen=True, slots=True)
class LayerOrder:
    """What a layer's name asks for; None where it says nothing. name: what is left of it."""

    name: str
    number: int | None = None
    plotted: bool = True
    pause: bool = False
    height_percent: int | None = None
    speed_percent: int | None = None
    delay_ms: int | None = None


def parse_layer_name(label: str) -> LayerOrder:
    """Read a layer's label; raises `BadInput` for a height, speed or delay out of range."""
    match = _ORDER.match(label)
    assert match is not None
    values: dict[str, int] = {}
    for parameter in _PARAMETER.finditer(label, match.end()):
        key, value = parameter["key"].upper(), int(parameter["value"])
        low, high, unit = _RANGES[key]
        if not low <= value <= high:
            raise BadInput(
                f"Layer {label!r} asks for +{key}{value}; +{key} must be from {low} to {high} {unit}."
            )
        values[key] = value
    rest = _PARAMETER.sub("", label[match.end() :]).strip(" -_:")
    number = match["number"]
    return LayerOrder(
        rest,
        None if number is None else int(number),
        match["skip"] is None,
        match["pause"] is not None,
        values.get("H"),
        values.get("S"),
        values.get("D"),
    )


def parse_layer_map(entries: Iterable[str], inventory: Inventory) -> dict[str, str]:
    """``layer 2=20`` or ``outlines=Black``: layer to pen id; a layer is meant by name, label or number."""
    chosen: dict[str, str] = {}
    for entry in entries:
        layer, equals, pen = entry.rpartition("=")
        layer = layer.strip()
        if not equals or not layer or not pen.strip():
            raise BadInput(
                f"--map {entry!r} is not understood; write it like 'layer 2=20' or 'outlines=Black'."
            )
        chosen[_plain(layer)] = find_pen(inventory, pen.strip()).id
    return chosen


def layer_pen(label: str, place: int, chosen: Mapping[str, str]) -> str | None:
    """The pen that was chosen for a layer: by label, name, number, or place (from 1)."""
    order = parse_layer_name(label)
    number = place if order.number is None else order.number
    for name in (_plain(label), _plain(order.name), f"layer {number}", str(number)):
        if name and name in chosen:
            return chosen[name]
    return None


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
