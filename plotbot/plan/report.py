"""What planning saved: the plan against the drawing's own order and against vpype, as numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from plotbot.drawing import flat_layers
from plotbot.plan.build import MERGE_MM, PlanOptions, Saving, make_plan
from plotbot.plan.clock import PassClock, estimate, plan_clock
from plotbot.plan.model import Plan

if TYPE_CHECKING:
    import vpype

    from plotbot.pens.model import Inventory

__all__ = ["own_order", "report", "vpype_order"]


Clock = Callable[[Plan], Sequence[PassClock]]


def own_order(drawing: vpype.Document, inventory: Inventory, plan: Plan) -> Plan:
    """The drawing planned as it is: every stroke as the file has it, with the plan's sheet and motion."""
    as_it_is = PlanOptions(merge=None, simplify=None, order="given", pen_order="given", carried=False)
    return make_plan(drawing, inventory, plan.paper, plan.motion, as_it_is)


def vpype_order(drawing: vpype.Document, inventory: Inventory, plan: Plan) -> Plan:
    """The drawing as vpype's `linemerge` and `linesort` leave it, ends joined as far as plotbot does."""
    import vpype  # noqa: PLC0415
    import vpype_cli  # type: ignore[import-untyped]  # noqa: PLC0415

    own = vpype.Document(page_size=drawing.page_size)
    commands = []
    for number, layer in drawing.layers.items():
        own.add(layer, number, with_metadata=True)
        pen = str(layer.property("vp_name") or "")
        if pen in inventory:
            tolerance = min(MERGE_MM, inventory[pen].width_mm)
            commands.append(f"linemerge --layer {number} --tolerance {tolerance}mm")
    done = vpype_cli.execute(" ".join([*commands, "linesort"]), own)
    return own_order(done, inventory, plan)


def report(
    drawing: vpype.Document,
    inventory: Inventory,
    plan: Plan,
    savings: Sequence[Saving] = (),
    *,
    clock: Clock = plan_clock,
    with_vpype: bool = False,
) -> dict[str, Any]:
    """What the plan saves against the drawing's own order, ready for JSON.

    `own` and `plan` have `down_mm`, `up_mm`, `lifts`, `draw_s`, `travel_s`, `lift_s` and `seconds` of
    the machine; `saved` their differences (positive: less than before). `joins` counts strokes drawn on
    without a lift, `added_ink_mm` what the joins and the simplified lines add to the ink of the strokes
    that are drawn (negative: less ink). Pen swaps are the same for both and left out. clock: how long a plan
    takes on the machine. with_vpype: adds `vpype`, what `vpype_order` needs, and `saved_against_vpype`.
    """
    before = _numbers(own_order(drawing, inventory, plan), clock)
    after = _numbers(plan, clock)
    lengths = np.concatenate([np.zeros(0), *(layer.lines.lengths() for layer in flat_layers(drawing))])
    drawn = [source for _, _, stroke in plan.strokes() for source in stroke.sources]
    known = [source for source in drawn if source < len(lengths)]
    compared: dict[str, Any] = {}
    if with_vpype:
        theirs = _numbers(vpype_order(drawing, inventory, plan), clock)
        compared = {"vpype": theirs, "saved_against_vpype": _less(theirs, after)}
    return {
        "own": before,
        "plan": after,
        "saved": _less(before, after),
        **compared,
        "joins": len(drawn) - plan.stroke_count,
        "added_ink_mm": round(after["down_mm"] - float(lengths[known].sum()), 3),
        "switches": _by_switch(savings),
    }


def _by_switch(savings: Sequence[Saving]) -> dict[str, dict[str, float]]:
    sums: dict[str, dict[str, float]] = {}
    for one in savings:
        total = sums.setdefault(one.switch, {"lifts": 0, "seconds": 0.0, "ink_mm": 0.0})
        total["lifts"] += one.lifts
        total["seconds"] += one.seconds
        total["ink_mm"] += one.ink_mm
    return {switch: {key: round(value, 3) for key, value in total.items()} for switch, total in sums.items()}


def _numbers(plan: Plan, clock: Clock) -> dict[str, float]:
    keys = ("down_mm", "up_mm", "lifts", "draw_s", "travel_s", "lift_s", "seconds")
    passes = estimate(plan, clock(plan)).passes
    return {key: round(sum(getattr(one, key) for one in passes), 3) for key in keys}


def _less(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    return {key: round(before[key] - after[key], 3) for key in before}
