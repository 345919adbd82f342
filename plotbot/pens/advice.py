"""Which pens to take for given colours: the few of a tin that are enough, and the one that is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.ink.film import transmittance
from plotbot.ink.matching import best_addition, choose_few, choose_inks
from plotbot.ink.spaces import delta_e00
from plotbot.pens.ink_set import InkSet
from plotbot.pens.inventory import available_inventories, load_inventory, matchable_pens
from plotbot.pens.model import Inventory, Pen

__all__ = [
    "HELPS_DE",
    "Choice",
    "Suggestion",
    "choose_pens",
    "matchable_inks",
    "missing_pen",
    "single_differences",
]

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
        return (
            f"Adding pen {self.pen} ({self.tin}: --pens {self.inventory}) lowers the mean from "
            f"{self.before:.1f} to {self.after:.1f} ΔE00."
        )

    def as_dict(self) -> dict[str, Any]:
        """Rounded, for ``--json``."""
        return {
            "inventory": self.inventory,
            "pen": self.pen.id,
            "name": f"{self.pen} ({self.tin})",
            "before": round(self.before, 3),
            "after": round(self.after, 3),
        }


def choose_pens(
    colours: Floats, share: Floats, inventory: Inventory, count: int, *, mixed: bool = True
) -> Choice:
    """The `count` pens of a tin that come nearest to Labs [m, 3] of these shares [m].

    mixed: pens cross and hatch to make a colour; otherwise each colour is drawn with one pen alone.
    Fluorescent pens are never chosen. Raises `BadInput` for more than there are.
    """
    inks = matchable_inks(inventory)
    pens = inks.pens
    if not 1 <= count <= len(pens):
        raise BadInput(
            f"{count} pens cannot be chosen of {inventory.id}; ask for 1 to {len(pens)}"
            + (", the ones that are not fluorescent." if len(pens) < len(inventory.pens) else ".")
        )
    if mixed:
        chosen, mean = choose_inks(colours, share, inks.films, inks.paper_lab, count, trapping=inks.trapping)
    else:
        chosen, mean = choose_few(single_differences(colours, inventory), np.asarray(share), count)
    return Choice(tuple(pens[number] for number in chosen), mean)


def missing_pen(
    colours: Floats, share: Floats, inventory: Inventory, least: float = HELPS_DE
) -> Suggestion | None:
    """The pen of all known inventories that would bring Labs [m, 3] of these shares [m] nearest, unless even
    that one lowers the mean by less than `least`. What the tin has already, by name or by colour, does not
    count, and pen files that cannot be read are passed over."""
    own = {(pen.id, pen.name) for pen in inventory.pens}
    known = {pen.lab for pen in inventory.pens}
    candidates: list[tuple[Inventory, Pen]] = []
    for path in available_inventories().values():
        try:
            other = load_inventory(path)
        except BadInput:
            continue
        for pen in other.pens:
            if (pen.id, pen.name) in own or pen.lab in known:
                continue
            if not pen.fluorescent and pen.opacity < _HIDES:
                known.add(pen.lab)  # the larger tin of a maker has the same pens again
                candidates.append((other, pen))
    candidates = candidates[:_MOST_PENS]
    if not candidates:
        return None
    films = np.array([transmittance(pen.lab, other.paper.lab) for other, pen in candidates])
    inks = matchable_inks(inventory)
    added = best_addition(colours, share, inks.films, films, inks.paper_lab, trapping=inks.trapping)
    if added.before - added.after < least:
        return None
    other, pen = candidates[added.ink]
    return Suggestion(other.id, other.name, pen, added.before, added.after)


def matchable_inks(inventory: Inventory) -> InkSet:
    """The pens that can be matched, in drawing order."""
    return InkSet.of(inventory, matchable_pens(inventory))


def single_differences(colours: Floats, inventory: Inventory) -> Floats:
    """ΔE00 [p, m] of each pen of `matchable_inks`, alone, to Labs [m, 3]; what is nearer to the bare paper is
    left bare."""
    pens = np.array([pen.lab for pen in matchable_inks(inventory).pens])
    bare = delta_e00(np.asarray(colours), np.array(inventory.paper.lab))
    return np.asarray(np.minimum(delta_e00(pens[:, None], np.asarray(colours)), bare))
