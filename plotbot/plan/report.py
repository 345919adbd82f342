"""What planning saved: the plan against the drawing's own order, as numbers for a table or JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from plotbot.drawing import flat_layers
from plotbot.plan.build import PlanOptions, Saving, make_plan
from plotbot.plan.model import Plan
from plotbot.plan.motion import Estimate, estimate

if TYPE_CHECKING:
    import vpype

    from plotbot.pens.model import Inventory

__all__ = ["own_order", "report"]


def own_order(drawing: vpype.Document, inventory: Inventory, plan: Plan) -> Plan:
    """The drawing planned as it is: every stroke as the file has it, with the plan's sheet and motion."""
    as_it_is = PlanOptions(merge=None, simplify=None, order="given", pen_order="given", carried=False)
    return make_plan(drawing, inventory, plan.paper, plan.motion, as_it_is)


def report(
    drawing: vpype.Document,
    inventory: Inventory,
    plan: Plan,
    timing: Estimate | None = None,
    savings: Sequence[Saving] = (),
) -> dict[str, Any]:
    """What the plan saves against the drawing's own order, ready for JSON.

    `own` and `plan` have `down_mm`, `up_mm`, `lifts`, `draw_s`, `travel_s`, `lift_s` and `seconds` of
    the machine; `saved` their differences (positive: less than before). `joins` counts strokes drawn on
    without a lift, `added_ink_mm` what the joins and the simplified lines add to the ink of the strokes
    that are drawn (negative: less ink). Pen swaps are the same for both and left out.
    """
    before = _numbers(estimate(own_order(drawing, inventory, plan)))
    after = _numbers(timing or estimate(plan))
    lengths = np.concatenate([np.zeros(0), *(layer.lines.lengths() for layer in flat_layers(drawing))])
    drawn = [source for _, _, stroke in plan.strokes() for source in stroke.sources]
    known = [source for source in drawn if source < len(lengths)]
    return {
        "own": before,
        "plan": after,
        "saved": {key: round(before[key] - after[key], 3) for key in before},
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


def _numbers(timing: Estimate) -> dict[str, float]:
    keys = ("down_mm", "up_mm", "lifts", "draw_s", "travel_s", "lift_s", "seconds")
    return {key: round(sum(getattr(one, key) for one in timing.passes), 3) for key in keys}
