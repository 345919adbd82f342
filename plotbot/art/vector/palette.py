"""Which pen draws a paint of an SVG: a line, or a whole area, by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from plotbot.art.vector.shapes import Rgba, is_opaque
from plotbot.ink.matching import reachable
from plotbot.ink.spaces import delta_e00, lab_to_srgb, srgb_to_lab, srgb_to_rec2020
from plotbot.pens.advice import matchable_inks
from plotbot.pens.inventory import matchable_pens
from plotbot.pens.model import Inventory, Pen

__all__ = ["Palette", "light_of"]

Floats = npt.NDArray[np.float64]

_LIKE_DE, _LITTLE_DE, _LIKE_AB = 7.0, 2.5, 12.0
"""An area is drawn with one pen that is so near (ΔE00) to its colour, or hardly farther than any mixture."""

_MOST_PAINTS = 400
_PALE = 0.25
"""A paint of which so little is left in a layer with a pen of its own is a tone of that pen."""


class Palette:
    """Which pen a paint is drawn with. forced: pen ids by the place of a layer."""

    def __init__(self, inventory: Inventory, forced: Mapping[int, str]) -> None:
        self.inventory = inventory
        self.forced = {place: inventory[pen] for place, pen in forced.items()}
        self.pens = matchable_pens(inventory)
        self.labs = np.array([pen.lab for pen in self.pens])
        self.finest = min(pen.width_mm for pen in self.pens)
        self._nearest: dict[Rgba, tuple[Pen | None, float]] = {}
        self._alone: dict[Rgba, bool] = {}

    def pen(self, paint: Rgba | None, place: int) -> Pen | None:
        """The pen of a paint in a layer: the layer's own, or the nearest; None where the paper is nearer."""
        return self.forced.get(place) or self.nearest(paint)[0]

    def nearest(self, paint: Rgba | None) -> tuple[Pen | None, float]:
        """The pen nearest to a paint, None where the paper is nearer, and how far off (ΔE00) it is."""
        if paint is None:
            return None, 0.0
        if paint not in self._nearest:
            self.meet([paint])
        return self._nearest[paint]

    def meet(self, paints: Iterable[Rgba]) -> None:
        """Find the nearest pens of many paints at once, which is quicker."""
        new = [paint for paint in dict.fromkeys(paints) if paint not in self._nearest]
        if not new:
            return
        labs = self._labs(new)
        apart = delta_e00(self.labs[None], labs[:, None])
        paper = delta_e00(np.array(self.inventory.paper.lab)[None], labs)
        best = apart.argmin(axis=1)
        least = apart[np.arange(len(new)), best]
        for paint, index, one, bare in zip(new, best.tolist(), least.tolist(), paper.tolist(), strict=True):
            self._nearest[paint] = (self.pens[index] if one < bare else None, one)

    def learn(self, paints: Sequence[Rgba]) -> None:
        """Find out which of these paints one pen draws about as well as any mixture."""
        new = [paint for paint in dict.fromkeys(paints) if paint not in self._alone][:_MOST_PAINTS]
        if not new:
            return
        labs = self._labs(new)
        inks = matchable_inks(self.inventory)
        mixed = delta_e00(reachable(labs, inks.films, inks.paper_lab, trapping=inks.trapping)[0], labs)
        for paint, lab, best in zip(new, labs, mixed.tolist(), strict=True):
            pen, apart = self.nearest(paint)
            if pen is None:
                continue
            # What is darker than any ink is as near as it gets in the darkest.
            darkest = lab[0] < pen.lab[0] and float(np.hypot(*(lab[1:] - pen.lab[1:]))) < _LIKE_AB
            self._alone[paint] = apart < _LIKE_DE or apart < best + _LITTLE_DE or darkest

    def solid_pen(self, paint: Rgba, place: int) -> Pen | None:
        """The pen that covers an area of a paint; None where the area is seen through or is a mixture."""
        pen = self.nearest(paint)[0]
        if pen is None or not is_opaque(paint):
            return None
        if place in self.forced and _weakest(paint) > _PALE:
            return None
        return self.forced.get(place) or (pen if self._alone.get(paint) else None)

    def shown(self, paint: Rgba, place: int) -> Rgba:
        """A paint as a rendering has it: in a layer with a pen of its own as `source.tinted` makes it."""
        if place not in self.forced:
            return paint
        ink, bare = np.clip(lab_to_srgb(np.array(self.forced[place].lab)), 0, 1), _weakest(paint)
        red, green, blue = (round(255 * float(part + (1 - part) * bare)) for part in ink)
        return (red, green, blue, paint[3])

    def line_pen(self, paint: Rgba, place: int) -> Pen | None:
        """The pen of a thin line that is to look like its paint; None where that is the bare paper."""
        pen = self.nearest(paint)[0]
        return None if pen is None else self.forced.get(place) or pen

    def _labs(self, paints: Sequence[Rgba]) -> Floats:
        white = np.clip(lab_to_srgb(np.array(self.inventory.paper.lab)), 0, 1)
        rgba = np.array(paints, dtype=np.float64)
        over = rgba[:, :3] / 255 * rgba[:, 3:] + white * (1 - rgba[:, 3:])
        # What a screen shows as white is the bare paper, and darker colours follow it down a little.
        return np.asarray(srgb_to_lab(over * (1 - (1 - white) * over)))


def _weakest(paint: Rgba) -> float:
    """The weakest of red, green and blue, 0..1: how little of a colour there is."""
    return min(paint[:3]) / 255


def light_of(paints: Sequence[Rgba]) -> Floats:
    """Paints on white as light, linear Rec.2020 [n, 3]."""
    rgba = np.array(paints, dtype=np.float64).reshape(-1, 4)
    return np.asarray(srgb_to_rec2020(rgba[:, :3] / 255 * rgba[:, 3:] + 1 - rgba[:, 3:]))
