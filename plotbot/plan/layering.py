"""What layers of a file ask of their passes: a place in the order, a pause, a height, a speed, a delay.

Layers with numbers come first, in the order of their numbers, and those without after them; within one
number the pens come in the order that suits the ink. Who names another order of pens gets that order, and
keeps the pauses, heights, speeds and delays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from plotbot.layers import LayerOrder
from plotbot.pens.model import Inventory, Pen
from plotbot.plan.lines import Lines, join
from plotbot.plan.pen_order import PenOrder, order_pens

__all__ = ["Arranged", "Key", "arranged", "key_of"]

Key = tuple[str, LayerOrder | None]
"""Pen id, and what the layer asks for; strokes with the same key make one pass."""

Crossings = Callable[[Sequence[Lines]], npt.NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Arranged:
    """A pass to be: its key, why it comes here, and whether its pen is in the holder already."""

    key: Key
    reason: str
    kept: bool


def key_of(pen: str, order: LayerOrder | None) -> Key:
    """The key of a layer: one that asks for nothing is like every other of its pen."""
    if order is None or not order.orders:
        return (pen, None)
    # Layers that pause are told apart by name, for each has a pause of its own.
    name = order.name if order.pause else ""
    return (
        pen,
        LayerOrder(
            name, order.number, True, order.pause,
            order.height_percent, order.speed_percent, order.delay_ms or None,
        ),
    )  # fmt: skip


def arranged(
    parts: Mapping[Key, Lines], inventory: Inventory, how: PenOrder, crossings: Crossings
) -> list[Arranged]:
    """Passes in drawing order. parts: the lines of each key, in the order of the file; crossings: where the
    lines of several pens share ink, as `plotbot.plan.pen_order.crossings` has it."""
    groups: dict[float, list[Key]] = {}
    for key in parts:
        asked = key[1].number if key[1] is not None and how == "auto" else None
        groups.setdefault(np.inf if asked is None else float(asked), []).append(key)
    found: list[Arranged] = []
    for number in sorted(groups):
        keys = groups[number]
        for key, why in _ordered(keys, parts, inventory, how, crossings):
            order = key[1]
            reason = why
            if number != np.inf:
                reason = f"layer {number:g} of the file" + (f"; {why}" if len(keys) > 1 else "")
            if order is not None and order.words:
                reason += f"; {order.words}"
            found.append(Arranged(key, reason, bool(found) and found[-1].key[0] == key[0]))
    return found


def _ordered(
    keys: Sequence[Key], parts: Mapping[Key, Lines], inventory: Inventory, how: PenOrder, crossings: Crossings
) -> list[tuple[Key, str]]:
    if how == "given":
        return [(key, "in the order of the drawing's layers") for key in keys]
    of_pen: dict[str, list[Key]] = {}
    for key in keys:
        of_pen.setdefault(key[0], []).append(key)
    pens: list[Pen] = [inventory[pen] for pen in of_pen]
    shared = None
    if how == "auto":
        shared = crossings([join([parts[key] for key in of_pen[pen.id]]) for pen in pens])
    return [(key, reason) for pen, reason in order_pens(pens, how, shared) for key in of_pen[pen.id]]
