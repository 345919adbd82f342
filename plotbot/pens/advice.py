"""Which pens to take for given colours: the few of a tin that are enough, and the one that is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.ink.film import transmittance
from plotbot.ink.matching import best_addition, choose_inks
from plotbot.pens.inventory import available_inventories, load_inventory, matchable_pens
from plotbot.pens.model import Inventory, Pen

__all__ = ["HELPS_DE", "Choice", "Suggestion", "choose_pens", "films_of", "missing_pen"]

Floats = npt.NDArray[Any]

HELPS_DE = 0.5
"""A pen that lowers the mean by less is not worth buying."""

_MOST_PENS = 1000
"""More pens are not looked at; a hundred tins have as many."""

_HIDES = 0.5
"""From this opacity on, inks do not mix as hatchings of translucent ones do."""


@dataclass(frozen=True, slots=True)
class Choice:
    """pens: best first. mean: ΔE00 that they leave."""

    pens: tuple[Pen, ...]
    mean: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A pen of another tin, and the mean ΔE00 without and with it."""

    inventory: str
    tin: str
    pen: Pen
    before: float
    after: float

    def __str__(self) -> str:
        name = f"{self.tin} {self.pen}"
        return f"Adding {name} ({self.inventory}) lowers the mean from {self.before:.1f} to {self.after:.1f}."

    def as_dict(self) -> dict[str, Any]:
        """Rounded, for ``--json``."""
        return {
            "inventory": self.inventory,
            "pen": self.pen.id,
            "name": f"{self.tin} {self.pen}",
            "before": round(self.before, 3),
            "after": round(self.after, 3),
        }


def choose_pens(colours: Floats, share: Floats, inventory: Inventory, count: int) -> Choice:
    """The `count` pens of a tin that come nearest to Labs [m, 3] of these shares [m], where they cross and
    hatch too. Fluorescent pens are never chosen. Raises `BadInput` for more than there are."""
    pens = matchable_pens(inventory)
    if not 1 <= count <= len(pens):
        raise BadInput(
            f"{count} pens cannot be chosen of {inventory.id}; ask for 1 to {len(pens)}"
            + (", which are not fluorescent." if len(pens) < len(inventory.pens) else ".")
        )
    chosen, mean = choose_inks(colours, share, films_of(inventory), inventory.paper.lab, count)
    return Choice(tuple(pens[number] for number in chosen), mean)


def missing_pen(
    colours: Floats, share: Floats, inventory: Inventory, least: float = HELPS_DE
) -> Suggestion | None:
    """The pen of all other known inventories that would bring Labs [m, 3] of these shares [m] nearest, unless
    even that one lowers the mean by less than `least`. Pen files that cannot be read are passed over."""
    known = {pen.lab for pen in inventory.pens}
    candidates: list[tuple[Inventory, Pen]] = []
    for path in available_inventories().values():
        try:
            other = load_inventory(path)
        except BadInput:
            continue
        for pen in other.pens:
            if not pen.fluorescent and pen.opacity < _HIDES and pen.lab not in known:
                known.add(pen.lab)  # the larger tin of a maker has the same pens again
                candidates.append((other, pen))
    candidates = candidates[:_MOST_PENS]
    if not candidates:
        return None
    films = np.array([transmittance(pen.lab, other.paper.lab) for other, pen in candidates])
    added = best_addition(colours, share, films_of(inventory), films, inventory.paper.lab)
    if added.before - added.after < least:
        return None
    other, pen = candidates[added.ink]
    return Suggestion(other.id, other.name, pen, added.before, added.after)


def films_of(inventory: Inventory) -> Floats:
    """Films [p, 3] of the pens that can be matched."""
    return transmittance([pen.lab for pen in matchable_pens(inventory)], inventory.paper.lab)
