"""Which pens are worth mounting when time is short."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.separation import NEAR_DARK, separate
from plotbot.ink.film import compose, film_to_lab
from plotbot.ink.spaces import delta_e00
from plotbot.pens.ink_set import InkSet

__all__ = ["worth_mounting"]

_PEN_LAYERS = 0.02
"""A pen more makes for more and shorter strokes; that takes time as this part of a layer of ink does."""

_LEAST_PRICE, _MOST_PRICE = 40.0, 2000.0
"""Of a layer of ink. Free ink would mix dark tones of three bright pens, with much grain."""

_HALVINGS = 7
_SAMPLED = 1000
_EXCHANGES = 3


def worth_mounting(
    goal: npt.NDArray[Any], inks: InkSet, cap: float, budget_s: float, layer_s: float, swap_s: float
) -> tuple[list[int], float]:
    """Numbers of the pens, in drawing order, that come nearest to a picture [n, 3] of films in a time, and
    the price of ink, as in `separate`, at which they take it.

    A layer of ink all over takes `layer_s`, a pen change `swap_s`. From all pens the one goes that is missed
    least, by and by; with each number of pens ink is as dear as keeps to the budget. Then pens of the best of
    these sets are exchanged one for one, while that helps.
    """
    # Even steps over a picture, row by row, are a fair sample.
    some = np.asarray(goal)[:: max(1, len(goal) // _SAMPLED)]
    trial = _Trial(some, inks, cap)
    pens, price = list(range(len(inks.pens))), 0.0
    best, least, dear = pens, math.inf, 0.0
    while pens:
        left = (budget_s - swap_s * (len(pens) - 1)) / layer_s - _PEN_LAYERS * len(pens)
        price = trial.price(pens, left)
        off = trial.made(pens, price)[0]
        if off < least and price < _MOST_PRICE:
            best, least, dear = pens, off, price
        pens = min(_without_one(pens), key=lambda fewer: trial.cost(fewer, price)) if len(pens) > 1 else []
    if not math.isfinite(least):
        return [int(np.argmin([pen.lab[0] for pen in inks.pens]))], _MOST_PRICE
    cost = trial.cost(best, dear)
    for _ in range(_EXCHANGES):
        spare = [pen for pen in range(len(inks.pens)) if pen not in best]
        others = [sorted([*fewer, pen]) for fewer in _without_one(best) for pen in spare]
        found, better = min([(trial.cost(one, dear), one) for one in others], default=(cost, best))
        if found >= cost:
            break
        cost, best = found, better
    return best, dear


def _without_one(pens: list[int]) -> list[list[int]]:
    return [[pen for pen in pens if pen != gone] for gone in pens]


class _Trial:
    """What pens make of places, films [n, 3], at a price of ink."""

    def __init__(self, goal: npt.NDArray[Any], inks: InkSet, cap: float) -> None:
        self.goal, self.inks, self.cap = goal, inks, cap
        self.wanted = film_to_lab(goal, inks.paper_lab)

    def cost(self, pens: list[int], price: float) -> float:
        """Half of the squared ΔE00 and the price of the ink, on average."""
        off, ink = self.made(pens, price)
        return off + price * ink

    def price(self, pens: list[int], layers: float) -> float:
        """The price at which about so many layers of ink are used."""
        if layers <= 0:
            return _MOST_PRICE
        low, high = _LEAST_PRICE, _MOST_PRICE
        if self.made(pens, low)[1] <= layers:
            return low
        for _ in range(_HALVINGS):
            middle = math.sqrt(low * high)
            low, high = (middle, high) if self.made(pens, middle)[1] > layers else (low, middle)
        return high

    def made(self, pens: list[int], price: float) -> tuple[float, float]:
        """Half of the squared ΔE00, and layers of ink, on average."""
        inks = self.inks
        films = inks.films[pens]
        trapping = None if inks.trapping is None else inks.trapping[pens][:, pens]
        off, ink = np.full(len(self.goal), np.inf), np.zeros(len(self.goal))
        near = self.wanted[:, 0] < min(inks.pens[pen].lab[0] for pen in pens) + NEAR_DARK
        for dark_first in (False, True):
            at = np.flatnonzero(near) if dark_first else np.arange(len(off))
            if not len(at):
                continue
            cover = separate(
                self.goal[at], films, inks.paper_lab, cap=self.cap, limit=1.0, rounds=10, price=price,
                dark_first=dark_first, trapping=trapping,
            ).astype(float)  # fmt: skip
            lab = film_to_lab(compose(cover, films, trapping=trapping), inks.paper_lab)
            took, used = 0.5 * delta_e00(lab, self.wanted[at]) ** 2, cover.sum(axis=1)
            better = took + price * used < off[at] + price * ink[at]
            off[at[better]], ink[at[better]] = took[better], used[better]
        return float(off.mean()), float(ink.mean())
