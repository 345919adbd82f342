"""Pens on one paper, as far as their ink's look is concerned: films, what hides, and measured pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.ink.coverage import PAPER_SPREAD_MM
from plotbot.ink.film import transmittance, trapping_ratio
from plotbot.pens.model import Inventory, Lab, Overprint, Pen

__all__ = ["InkSet"]

Floats = npt.NDArray[Any]

_HIDES = 0.5
"""From this opacity on a colour that was measured the other way round says nothing."""


@dataclass(frozen=True)
class InkSet:
    """pens: in drawing order. paper_lab: of the bare sheet. spread_mm: how far light strays in it.
    overprints: measured crossings; those with other pens than these count for nothing."""

    pens: tuple[Pen, ...]
    paper_lab: Lab
    spread_mm: float = PAPER_SPREAD_MM
    overprints: tuple[Overprint, ...] = ()

    @classmethod
    def of(cls, inventory: Inventory, pens: Sequence[Pen] | None = None) -> InkSet:
        """The inks of an inventory, or of some of its pens, from light to dark and opaque ones last."""
        chosen = inventory.pens if pens is None else pens
        ordered = tuple(sorted(chosen, key=lambda pen: (pen.opacity >= _HIDES, -pen.lab[0])))
        paper = inventory.paper
        return cls(ordered, paper.lab, paper.light_spread_mm, inventory.overprints)

    @property
    def once(self) -> InkSet:
        """The same with each pen once, where it comes first."""
        return replace(self, pens=tuple({pen.id: pen for pen in self.pens}.values()))

    def only(self, numbers: Sequence[int]) -> InkSet:
        """Some of the inks, by their numbers."""
        return replace(self, pens=tuple(self.pens[number] for number in numbers))

    @cached_property
    def films(self) -> Floats:
        """Films [pens, 3] of the solid inks, see `plotbot.ink.film`."""
        labs = np.array([pen.lab for pen in self.pens]).reshape(-1, 3)
        return transmittance(labs, self.paper_lab)

    @cached_property
    def opacity(self) -> list[float]:
        """How much each hides of what lies below, 0..1."""
        return [pen.opacity for pen in self.pens]

    @cached_property
    def trapping(self) -> Floats | None:
        """Ratios [pens, pens, 3] of the second pen over the first, as `plotbot.ink.film.compose` takes them,
        or None where nothing was measured.

        A pair that was measured in one order only is taken to be the same in the other, unless one of the
        two hides what is below; but no layer adds light: what repels another ink does not bleach it when it
        comes second. Measured in both, each order has its own.
        """
        numbers: dict[str, list[int]] = {}
        for number, pen in enumerate(self.pens):
            numbers.setdefault(pen.id, []).append(number)
        ratios = np.ones((len(self.pens), len(self.pens), 3))
        measured = [one for one in self.overprints if one.under != one.over]
        straight = {(one.under, one.over) for one in measured}
        for one in measured:
            for under in numbers.get(one.under, ()):
                for over in numbers.get(one.over, ()):
                    ratio = trapping_ratio(
                        one.lab,
                        one.uncertainty,
                        self.films[under],
                        self.films[over],
                        self.paper_lab,
                        self.opacity[over],
                    )
                    ratios[under, over] = ratio
                    hides = max(self.opacity[under], self.opacity[over]) >= _HIDES
                    if not hides and (one.over, one.under) not in straight:
                        ratios[over, under] = np.minimum(ratio, 1 / self.films[under])
        return ratios if (ratios != 1).any() else None
