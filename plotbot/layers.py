"""Layer names with orders in them, in the syntax of AxiDraw software.

``%`` in front: the layer is documentation and is not plotted. ``!``: pause before it. Then a number, in
whose order layers are plotted, and after it ``+H`` pen-down height in per cent of the lift's travel,
``+S`` speed in per cent of the machine's own, ``+D`` delay in milliseconds before the layer, as in
``!3+S40 outlines``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from plotbot.errors import BadInput
from plotbot.pens.inventory import find_pen
from plotbot.pens.model import Inventory, Pen

__all__ = ["NOT_PLOTTED", "LayerMap", "LayerOrder", "LayeredPen", "parse_layer_name"]

NOT_PLOTTED = "in a layer marked % as not to be plotted"
"""Why strokes of such a layer are dropped."""

_ORDER = re.compile(r"\s*(?P<skip>%)?\s*(?P<pause>!)?\s*(?P<number>\d{1,9}(?!\d))?")
_PARAMETER = re.compile(r"\+(?P<key>[HSD])\s*(?P<value>\d+)", re.IGNORECASE)
_RANGES = {"H": (0, 100, "%"), "S": (1, 110, "%"), "D": (0, 3_600_000, "ms")}
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class LayerOrder:
    """What a layer's name asks for; None where it says nothing. name: what is left of it."""

    name: str = ""
    number: int | None = None
    plotted: bool = True
    pause: bool = False
    height_percent: int | None = None
    speed_percent: int | None = None
    delay_ms: int | None = None

    @property
    def orders(self) -> str:
        """The orders alone, in AxiDraw's syntax, such as ``!3+S40``; empty when it asks for nothing."""
        parts = ["" if self.plotted else "%", "!" if self.pause else ""]
        parts.append("" if self.number is None else str(self.number))
        for key, value in (("H", self.height_percent), ("S", self.speed_percent), ("D", self.delay_ms)):
            parts.append("" if value is None else f"+{key}{value}")
        return "".join(parts)

    @property
    def words(self) -> str:
        """What it asks for besides its place, for people."""
        said = {
            "a pause before it": self.pause,
            f"pen height {self.height_percent} %": self.height_percent is not None,
            f"{self.speed_percent} % speed": self.speed_percent is not None,
            f"{(self.delay_ms or 0) / 1000:g} s delay": self.delay_ms,
        }
        return ", ".join(text for text, holds in said.items() if holds)

    def __str__(self) -> str:
        """A label that reads back as the same orders and name."""
        return f"{self.orders} - {self.name}"

    def applied_to(self, pen: Pen, draw_speed: float) -> Pen:
        """A pen as this layer wants it driven by a machine that draws at `draw_speed` mm/s.

        No layer drives a pen faster than the pen or the machine allows.
        """
        changes: dict[str, float] = {}
        if self.height_percent is not None:
            changes["down_height"] = float(self.height_percent)
        if self.speed_percent is not None and self.speed_percent < 100:
            speed = draw_speed * self.speed_percent / 100
            changes["max_speed_mm_s"] = round(min(speed, pen.mechanical.max_speed_mm_s or speed), 6)
        if not changes:
            return pen
        return pen.model_copy(update={"mechanical": pen.mechanical.model_copy(update=changes)})


def parse_layer_name(label: str) -> LayerOrder:
    """Read a layer's label; raises `BadInput` for a height, speed or delay out of range."""
    match = _ORDER.match(label)
    assert match is not None
    values: dict[str, int] = {}
    for parameter in _PARAMETER.finditer(label, match.end()):
        key = parameter["key"].upper()
        low, high, unit = _RANGES[key]
        if len(parameter["value"]) > 9 or not low <= int(parameter["value"]) <= high:
            raise BadInput(
                f"Layer {label[:80]!r} asks for +{key}{parameter['value'][:12]}; "
                f"+{key} must be from {low} to {high} {unit}."
            )
        values[key] = int(parameter["value"])
    rest = " ".join(_PARAMETER.sub(";", label[match.end() :]).split())
    number = match["number"]
    return LayerOrder(
        rest[:_LONGEST_NAME].strip(" -_:;"),
        None if number is None else int(number),
        match["skip"] is None,
        match["pause"] is not None,
        values.get("H"),
        values.get("S"),
        values.get("D"),
    )


class LayeredPen(str):
    """A pen id that knows the label of the layer that its stroke is from, wherever the stroke is taken."""

    __slots__ = ("layer",)
    layer: str

    def __new__(cls, pen: str, layer: str) -> LayeredPen:
        """The pen id, with the layer's label."""
        one = super().__new__(cls, pen)
        one.layer = layer
        return one


class LayerMap:
    """Pens chosen for layers, from entries like ``layer 2=20`` or ``outlines=Black``.

    A layer is meant by its label, its name without orders, its number, or its place in the file (from 1).
    Raises `BadInput` for an entry that is none, and for a pen that the inventory does not have.
    """

    def __init__(self, entries: Iterable[str], inventory: Inventory) -> None:
        self._pens: dict[str, str] = {}
        self._unused: dict[str, str] = {}
        self._seen: dict[str, None] = {}
        for entry in entries:
            layer, equals, pen = entry.rpartition("=")
            layer = layer.strip()
            if not equals or not layer or not pen.strip():
                raise BadInput(
                    f"--map {entry!r} is not understood; write it like 'layer 2=20' or 'outlines=Black'."
                )
            self._pens[_plain(layer)] = find_pen(inventory, pen.strip()).id
            self._unused[_plain(layer)] = layer

    def pen(self, label: str, place: int) -> str | None:
        """The pen id chosen for a layer; place: which one of the file it is, from 1."""
        if label:
            self._seen[label] = None
        if not self._pens:
            return None
        order = parse_layer_name(label)
        number = place if order.number is None else order.number
        for name in (_plain(label), _plain(order.name), f"layer {number}", str(number)):
            if name and name in self._pens:
                self._unused.pop(name, None)
                return self._pens[name]
        return None

    def check_used(self) -> None:
        """Raises `BadInput` when an entry named no layer that was asked for."""
        if self._unused:
            layer = next(iter(self._unused.values()))
            known = ", ".join(list(self._seen)[:12])
            has = f"it has {known}" if known else "its layers have no names: use their places"
            raise BadInput(f"--map names the layer {layer!r}, which the file does not have; {has}.")


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
