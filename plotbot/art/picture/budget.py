"""Drawings that keep to a time budget.

Most of the time goes into lifts, then into ink, then into pen changes. So what is spared by and by is lifts,
with longer strokes whose ends are joined to those of their neighbours; ink and pens, with a price on both, at
which one dark pen stands for several light ones; and only when all of that does not help, tones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.judge import Strokes
from plotbot.errors import BadInput
from plotbot.pens.model import Inventory
from plotbot.plan.model import Motion
from plotbot.plan.motion import draw_limits, flatten, hop_seconds, pen_times, stroke_seconds

__all__ = ["Effort", "estimate_seconds", "within_budget"]

_STAGES = (0.0, 1.0, 2.0, 3.0)
_LONGER = (1.0, 2.0, 4.0, 6.0)
_JOIN_MM = (0.0, 2.5, 3.0, 4.0)
_PRICE = (0.0, 0.7, 1.5, 8.0)
_DOTS = (1.0, 0.12, 0.06, 0.03)
"""What an effort is at each stage; prices are parts of the one that the budget asks for."""

_LEAST_PRICE = 25.0

_TIME_SPARED = (0.0, 0.6, 0.8, 0.9, 1.0)
"""About how much of the time each stage saves, to begin with; the last thins tones."""

_AIM, _FULL = 0.96, 0.91
"""Parts of a budget that are aimed at, and that are good enough."""

_TRIES = 7
_FAINTEST = 0.05
"""Tones thinner than this are no picture."""


@dataclass(frozen=True, slots=True)
class Effort:
    """What a time budget leaves: strokes at least `longer` times as long, their ends joined where they are
    `join_mm` apart, `dots` of those of a stippling, a `price` on ink as in `separate`, tones thinned to
    `tone`, and only these `pens`, if any are named."""

    longer: float = 1.0
    join_mm: float = 0.0
    dots: float = 1.0
    price: float = 0.0
    tone: float = 1.0
    pens: frozenset[str] | None = None

    @classmethod
    def spared(cls, spare: float, price: float = 0.0) -> Effort:
        """From 0, everything, to 3, the fewest lifts, pens and ink that make a picture, and 4, nothing."""

        def at(values: tuple[float, ...]) -> float:
            return float(np.interp(spare, _STAGES, values))

        longer, dots = math.exp(at(tuple(np.log(_LONGER)))), math.exp(at(tuple(np.log(_DOTS))))
        return cls(longer, at(_JOIN_MM), dots, at(_PRICE) * max(price, _LEAST_PRICE), min(4.0 - spare, 1.0))


Floats = npt.NDArray[np.float64]
Drawn = tuple[Strokes, Effort, float]


def within_budget(
    draw: Callable[[Effort, Callable[[str, float], None]], Strokes],
    choose_pens: Callable[[float], tuple[frozenset[str], float]],
    inventory: Inventory,
    budget: float | None,
    motion: Motion,
    tell: Callable[[str, float], None],
) -> Drawn:
    """The best drawing that keeps to a time budget in seconds, its effort and how long it takes.

    draw: makes the strokes of an effort, and tells what it does and how far it is. choose_pens: those to use
    when there are so many seconds, and the price of ink. Raises `BadInput`.
    """
    done = 0.0
    pens: frozenset[str] | None = None
    price = 0.0

    def drawn(spare: float) -> Drawn:
        nonlocal done
        # How many drawings it will take is not known; each takes a part of what is left of the bar.
        part = (0.95 - done) * (1.0 if budget is None else 0.4)
        effort, begun = replace(Effort.spared(spare, price), pens=pens), done
        strokes = draw(effort, lambda what, share: tell(what, begun + part * share))
        done += part
        return strokes, effort, estimate_seconds(strokes, inventory, motion)

    best = drawn(0.0)
    if not best[0]:
        raise BadInput("Nothing is left to draw: the picture is as light as the paper.")
    if budget is None or best[2] <= budget:
        return best
    pens, price = choose_pens(budget)
    low, high, over = 0.0, 4.0, best[2]
    held: Drawn | None = None
    spare = float(np.interp(1 - _AIM * budget / over, _TIME_SPARED, (0.0, 1.0, 2.0, 3.0, 4.0)))
    for _ in range(_TRIES):
        if 4.0 - spare < _FAINTEST:
            break
        one = drawn(spare)
        if one[2] > budget:
            low, over = spare, one[2]
        else:
            high = spare
            held = one if one[0] else held
            if one[2] > _FULL * budget:
                break
        # Time falls about by the same part with every step from what takes too long to what does not.
        under = held[2] if held is not None else 0.5 * budget
        share = math.log(over / (_AIM * budget)) / max(math.log(over / under), 1e-9)
        spare = low + (high - low) * min(max(share, 0.1 if held is not None else 0.3), 0.9)
    if held is None:
        raise BadInput(
            f"A time budget of {budget:g} s cannot be held with these pens (the lightest drawing tried takes "
            f"{over:.0f} s); give more time, fewer pens, or a smaller drawing."
        )
    return held


def estimate_seconds(strokes: Strokes, inventory: Inventory, motion: Motion) -> float:
    """About how long strokes take to plot: drawing, lifts and pen changes exactly, travel by a rule of
    thumb (the mean hop of a good tour is 0.7 of the mean distance of strokes that are strewn evenly)."""
    by_pen: dict[str, list[Floats]] = {}
    for pen_id, points in strokes:
        by_pen.setdefault(pen_id, []).append(points)
    total = motion.swap_s * max(len(by_pen) - 1, 0)
    for pen_id, lines in by_pen.items():
        pen = inventory[pen_id]
        points, offsets = flatten(lines)
        total += float(stroke_seconds(points, offsets, *draw_limits(motion, pen))[1].sum())
        extent = np.prod(np.maximum(points.max(axis=0) - points.min(axis=0), 1.0))
        hop = 0.7 * math.sqrt(float(extent) / len(lines))
        total += len(lines) * (
            float(hop_seconds(hop, motion.travel_speed, motion.travel_acceleration))
            + sum(pen_times(motion, pen))
        )
    return total
