"""Registration ticks: a small cross in the margin that every pen draws first, all at the same place.

Crosses that do not lie on each other show how far a pen, or a sheet that was laid back, sits off, before
the first stroke of the art is spoilt; the distance is what a pen's `tip_offset_mm` takes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from plotbot.errors import BadInput
from plotbot.plan.model import Plan, Stroke

__all__ = ["SMALLEST_MARGIN_MM", "with_ticks"]

SMALLEST_MARGIN_MM = 6.0
"""A cross needs this margin: half of it to the paper's edge, and its arms clear of the art."""

_LONGEST_ARM_MM = 3.0
_CLEAR_MM = 1.0


def with_ticks(plan: Plan) -> Plan:
    """The plan with a cross in the top left corner of the margin as first stroke of every pass.

    A cross is drawn from no stroke of the drawing, so its `sources` are empty; a pass that has one is left
    as it is. Raises `BadInput` when the margin is too narrow.
    """
    margin = plan.paper.margin
    if margin < SMALLEST_MARGIN_MM:
        raise BadInput(
            f"Ticks are drawn in the margin, and {margin:g} mm is too narrow for them; use --margin "
            f"{SMALLEST_MARGIN_MM:g}mm or more, or leave --ticks out."
        )
    arm = min(margin / 2 - _CLEAR_MM, _LONGEST_ARM_MM)
    way = np.array([[-1, 0], [1, 0], [0, 0], [0, -1], [0, 1]], dtype=float)
    cross = Stroke.from_mm(margin / 2 + arm * way, ())
    passes = tuple(
        one if not one.strokes or not one.strokes[0].sources else replace(one, strokes=(cross, *one.strokes))
        for one in plan.passes
    )
    return replace(plan, passes=passes)
