"""Take over the plan that an exported SVG still carries, if nobody changed its lines since."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from plotbot.errors import BadInput
from plotbot.layers import parse_layer_name
from plotbot.paper import Paper, px_from_mm
from plotbot.pens.model import Inventory, Pen
from plotbot.plan.export import ink_digest
from plotbot.plan.model import UM_PER_MM, Dropped, Motion, Pass, Plan, Stroke
from plotbot.svg import PLAN_FIELD, PLAN_NOTE

if TYPE_CHECKING:
    import vpype

    from plotbot.drawing import Layer
    from plotbot.plan.lines import Lines

__all__ = ["carried_plan"]


def carried_plan(
    drawing: vpype.Document, layers: list[Layer], inventory: Inventory, paper: Paper, motion: Motion
) -> Plan | None:
    """The plan that the drawing was exported from, with this motion; None when there is none, when its
    lines were moved, or when it was for another sheet or other pens."""
    note = drawing.property(PLAN_FIELD)
    if not isinstance(note, str) or not note.startswith(PLAN_NOTE) or any(layer.drop for layer in layers):
        return None
    size = drawing.page_size
    sheet = (px_from_mm(paper.width), px_from_mm(paper.height))
    if size is None or not np.allclose(size, sheet, rtol=0, atol=0.01):
        return None
    try:
        data = json.loads(note.removeprefix(PLAN_NOTE))
        pens = [str(pen) for pen in data["pens"]]
        asked = [(str(text), kept is True) for text, kept in data.get("layers", [["", False]] * len(pens))]
        # With orders the file's layers are the passes; without, those of one pen have become one layer.
        places = [(pen, number if "layers" in data else None) for number, pen in enumerate(pens, 1)]
        there = [(layer.pen, layer.order.number if layer.order is not None else None) for layer in layers]
        if data["inventory"] != inventory.id or list(dict.fromkeys(places)) != there:
            return None
        points = {place: iter(_micrometres(layer.lines)) for place, layer in zip(there, layers, strict=True)}
        # A pen that is mounted twice, for the first one runs dry, has one layer after reading.
        of_pass = [
            list(islice(points[place], len(sources)))
            for place, sources in zip(places, data["sources"], strict=True)
        ]
        if any(list(rest) for rest in points.values()) or data["ink"] != ink_digest(
            zip(pens, of_pass, strict=True)
        ):
            return None
        passes = tuple(
            Pass(
                _driven(inventory[pen], layer, motion),
                tuple(
                    Stroke(one, tuple(_number(source) for source in who))
                    for one, who in zip(strokes, sources, strict=True)
                ),
                str(reason),
                float(wait),
                parse_layer_name(layer) if layer else None,
                kept,
            )
            for pen, strokes, sources, reason, wait, (layer, kept) in zip(
                pens, of_pass, data["sources"], data["reasons"], data["waits"], asked, strict=True
            )
        )
        dropped = tuple(
            Dropped(_number(source), str(pen), str(reason), float(length))
            for source, pen, reason, length in data["dropped"]
        )
    except (KeyError, TypeError, ValueError, RecursionError, BadInput):
        return None
    return Plan(
        paper,
        inventory.id,
        inventory.paper.lab,
        passes,
        motion,
        dropped,
        inventory.paper.light_spread_mm,
        inventory.overprints_among(pens),
    )


def _driven(pen: Pen, layer: str, motion: Motion) -> Pen:
    return parse_layer_name(layer).applied_to(pen, motion.draw_speed) if layer else pen


def _micrometres(lines: Lines) -> list[np.ndarray]:
    return [np.rint(lines[number] * UM_PER_MM).astype(np.int32) for number in range(len(lines))]


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"{value!r} is not a stroke's number")
    return value
