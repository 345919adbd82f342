"""The order in which pens are mounted: what wet ink and nibs do to each other where pens cross.

Drawing pen j over pen i costs, for every mm² where both have ink,

- contamination: j's nib picks up i's ink, the worse the darker i is than j and the wetter i still is;
- smear: wet ink of i is dragged along, whatever its colour;
- hiding: a translucent j over an opaque i is not seen as it was meant (the ink model has opaque pens on top).

The best order is the cheapest of all: exact by dynamic programming over subsets (Held and Karp, "A Dynamic
Programming Approach to Sequencing Problems", 1962) up to 12 pens, by moving single pens beyond. With
crossings alike and one kind of ink it is light to dark. The weights are estimates, not measurements.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from plotbot.paper import Paper
from plotbot.pens.model import Pen
from plotbot.plan.cells import CELL_MM, cell_count, inked_cells
from plotbot.plan.lines import Lines

__all__ = ["OPAQUE", "PenOrder", "crossings", "order_pens"]

PenOrder = Literal["auto", "light-first", "dark-first", "given"]
FloatArray = npt.NDArray[np.float64]

OPAQUE = 0.5
"""From this opacity on a pen counts as one that hides what is below."""

_EXACT_UP_TO = 12
_WETNESS = {
    "water-based": 0.4,
    "pigment": 0.3,
    "gel": 1.0,
    "alcohol": 0.2,
    "oil": 0.8,
    "ballpoint": 0.2,
    "acrylic": 0.5,
    "other": 0.4,
}
"""How much ink still comes off a minute after it was drawn, relative to a gel pen."""

_SMEAR = 0.08
_HIDDEN = 100.0
_TIE = 1e-6
"""mm² that every two pens are taken to share, so that light comes before dark where nothing crosses."""


def order_pens(
    pens: Sequence[Pen], how: PenOrder, shared_mm2: FloatArray | None = None
) -> list[tuple[Pen, str]]:
    """Pens in the order they are mounted, each with the reason.

    shared_mm2: [pens, pens], where two pens both have ink; needed for `auto`, see `crossings`. Pens whose
    inventory fixes a place come first, by that place, unless `how` is `given`.
    """
    if how == "given":
        return [(pen, "in the order of the drawing's layers") for pen in pens]
    fixed = sorted((pen for pen in pens if pen.order is not None), key=lambda pen: pen.order or 0)
    ordered = [(pen, f"fixed at place {pen.order} in the inventory") for pen in fixed]
    free = [number for number, pen in enumerate(pens) if pen.order is None]
    if how == "auto" and shared_mm2 is not None:
        cost = _costs([pens[number] for number in free], shared_mm2[np.ix_(free, free)])
        places = _cheapest(cost)
        words = _reasons([pens[number] for number in free], places, cost, shared_mm2[np.ix_(free, free)])
        return ordered + [(pens[free[place]], words[place]) for place in places]
    sign = 1 if how == "dark-first" else -1
    free.sort(key=lambda number: (pens[number].opacity >= OPAQUE, sign * pens[number].lab[0], number))
    direction = "dark to light" if how == "dark-first" else "light to dark"
    for number in free:
        pen = pens[number]
        opaque = pen.opacity >= OPAQUE
        reason = "opaque, so over the translucent inks" if opaque else f"{direction}: L* {pen.lab[0]:.0f}"
        ordered.append((pen, reason))
    return ordered


def crossings(parts: Sequence[Lines], paper: Paper) -> FloatArray:
    """Area in mm² where two pens both have ink, [pens, pens], on a grid of half millimetres."""
    inked = np.zeros((len(parts), cell_count(paper)), dtype=np.float32)
    for number, lines in enumerate(parts):
        inked[number, inked_cells(lines.points, lines.offsets, paper)[0]] = 1.0
    return np.asarray(inked @ inked.T, dtype=np.float64) * CELL_MM**2


def _costs(pens: Sequence[Pen], shared_mm2: FloatArray) -> FloatArray:
    """What it costs to draw pen j (second index) some time after pen i (first index)."""
    light = np.array([pen.lab[0] for pen in pens])
    wet = np.array([_WETNESS[pen.ink] for pen in pens])
    opaque = np.array([pen.opacity >= OPAQUE for pen in pens])
    darker = np.maximum(light[None, :] - light[:, None], 0.0) / 100
    hidden = _HIDDEN * (opaque[:, None] & ~opaque[None, :])
    cost = shared_mm2 * (wet[:, None] * (darker + _SMEAR) + hidden) + _TIE * (darker + hidden)
    np.fill_diagonal(cost, 0.0)
    return np.asarray(cost)


def _cheapest(cost: FloatArray) -> list[int]:
    count = len(cost)
    if count > _EXACT_UP_TO:
        return _improved(cost)
    # best[s]: least cost of drawing the pens in the set s first, in any order.
    sets = 1 << count
    members = (np.arange(sets)[:, None] >> np.arange(count)) & 1
    over = members @ cost  # [s, j]: pen j after all of s
    best = np.full(sets, np.inf)
    best[0] = 0.0
    last = np.zeros(sets, dtype=np.int64)
    for subset in range(1, sets):
        for pen in range(count):
            if subset >> pen & 1:
                rest = subset ^ (1 << pen)
                total = best[rest] + over[rest, pen]
                if total < best[subset]:
                    best[subset], last[subset] = total, pen
    order: list[int] = []
    subset = sets - 1
    while subset:
        order.append(int(last[subset]))
        subset ^= 1 << order[-1]
    return order[::-1]


def _improved(cost: FloatArray) -> list[int]:
    """Start from the pens that cost the others least, then move single pens while that helps."""
    order = [int(pen) for pen in np.argsort((cost - cost.T).sum(axis=1), kind="stable")]
    improved = True
    while improved:
        improved = False
        for pen in order:
            others = [other for other in order if other != pen]
            before, after = cost[others, pen], cost[pen, others]
            # Cost of the pen at each place: over all that come before it, under all that come after.
            totals = np.concatenate([[0.0], np.cumsum(before)])
            totals += after.sum() - np.concatenate([[0.0], np.cumsum(after)])
            place = int(np.argmin(totals))
            if totals[place] < totals[order.index(pen)] - 1e-12:
                order = [*others[:place], pen, *others[place:]]
                improved = True
    return order


def _reasons(
    pens: Sequence[Pen], order: Sequence[int], cost: FloatArray, shared_mm2: FloatArray
) -> dict[int, str]:
    """Why each pen comes where it does: the worst that it is kept from doing to an earlier one."""
    words: dict[int, str] = {}
    for place, pen in enumerate(order):
        earlier = list(order[:place])
        spared = cost[pen, earlier] - cost[earlier, pen] if earlier else np.zeros(0)
        if pens[pen].opacity >= OPAQUE and earlier:
            words[pen] = "opaque, so over the translucent inks"
        elif len(spared) and spared.max() > 0.01:
            other = earlier[int(np.argmax(spared))]
            area = f"{shared_mm2[pen, other]:.0f} mm² shared"
            if pens[pen].lab[0] < pens[other].lab[0]:
                words[pen] = f"darker than {pens[other]}: would soil its nib ({area})"
            else:
                words[pen] = f"wetter than {pens[other]}: would smear under it ({area})"
        else:
            words[pen] = f"light to dark: L* {pens[pen].lab[0]:.0f}"
    return words
