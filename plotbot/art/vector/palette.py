"""Which pen draws a paint of an SVG: a line, or a whole area, by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.separation import separate
from plotbot.art.vector.shapes import Rgba, is_opaque
from plotbot.ink.film import compose, film_to_lab, relative_to_film
from plotbot.ink.matching import reachable
from plotbot.ink.spaces import delta_e00, lab_to_rec2020, lab_to_srgb, srgb_to_lab, srgb_to_rec2020
from plotbot.pens.advice import matchable_inks
from plotbot.pens.ink_set import InkSet
from plotbot.pens.inventory import matchable_pens
from plotbot.pens.model import Inventory, Pen

__all__ = ["Palette", "light_of"]

Floats = npt.NDArray[np.float64]

_LIKE_DE, _LITTLE_DE, _LIKE_AB = 4.5, 1.5, 12.0
"""An area is drawn with one pen that is so near (ΔE00) to its colour, or hardly farther than any mixture."""

_LIKE_HURRIED_DE, _LITTLE_HURRIED_DE = 7.0, 2.5
"""The same where very many shapes leave no time for mixtures."""

_FAR = 0.1
"""What a ΔE00 between a pen and a colour costs where others go over it: their lines are seen so much more."""

_MOST_PAINTS = 400
_PALE = 0.25
"""A paint of which so little is left in a layer with a pen of its own is a tone of that pen."""


class Palette:
    """Which pen a paint is drawn with. forced: pen ids by the place of a layer. hurried: areas are drawn with
    one pen where that is near enough, and others never go over it."""

    def __init__(self, inventory: Inventory, forced: Mapping[int, str], *, hurried: bool = False) -> None:
        self.hurried = hurried
        self.inventory = inventory
        self.forced = {place: inventory[pen] for place, pen in forced.items()}
        self.pens = matchable_pens(inventory)
        self.labs = np.array([pen.lab for pen in self.pens])
        self.finest = min(pen.width_mm for pen in self.pens)
        self._nearest: dict[Rgba, tuple[Pen | None, float]] = {}
        self._covering: dict[Rgba, tuple[Pen, bool] | None] = {}

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
        """Find out which pen covers an area of each of these paints, and whether others go over it."""
        new = [paint for paint in dict.fromkeys(paints) if paint not in self._covering][:_MOST_PAINTS]
        if not new:
            return
        labs, inks = self._labs(new), matchable_inks(self.inventory)
        mixed = delta_e00(reachable(labs, inks.films, inks.paper_lab, trapping=inks.trapping)[0], labs)
        if self.hurried:
            like, little, darker_than = _LIKE_HURRIED_DE, _LITTLE_HURRIED_DE, np.inf
            over = np.full((len(self.pens), len(labs)), np.inf)
        else:
            like, little, darker_than = _LIKE_DE, _LITTLE_DE, float(self.labs[:, 0].min())
            over = self._with_others_over(labs)
        for paint, lab, best, on in zip(new, labs, mixed.tolist(), over.T, strict=True):
            pen, apart = self.nearest(paint)
            self._covering[paint] = None
            if pen is None:
                continue
            # What is darker than any ink is as near as it gets in the darkest.
            darkest = (
                lab[0] < min(pen.lab[0], darker_than) and float(np.hypot(*(lab[1:] - pen.lab[1:]))) < _LIKE_AB
            )
            if apart < like or apart < best + little or darkest:
                self._covering[paint] = (pen, False)
                continue
            under = int(np.argmin(on + _FAR * delta_e00(self.labs, lab[None])))
            if on[under] < max(like, best + little):
                self._covering[paint] = (self.pens[under], True)

    def _with_others_over(self, labs: Floats) -> Floats:
        """How far (ΔE00) each pen is from Labs [m, 3] with the best of the others over it, [pens, m]."""
        inks = InkSet.of(self.inventory, self.pens)
        number = {pen.id: k for k, pen in enumerate(inks.pens)}
        light = lab_to_rec2020(labs) / lab_to_rec2020(np.array(inks.paper_lab))
        goal = np.clip(relative_to_film(light), 1e-4, None)
        found = []
        for pen in self.pens:
            own = number[pen.id]
            others = [k for k in range(len(inks.pens)) if k != own]
            below = np.repeat(inks.films[[own]], len(labs), axis=0)
            films, ratios = inks.films[others], inks.trapping
            meets = None if ratios is None else np.repeat(ratios[own, others][None], len(labs), axis=0)
            cover = separate(goal, films, inks.paper_lab, below=below, meets=meets)
            met = films if ratios is None else films * ratios[own, others]
            film = below * compose(cover.astype(float), met)
            found.append(delta_e00(film_to_lab(film, inks.paper_lab), labs))
        return np.array(found)

    def solid_pen(self, paint: Rgba, place: int) -> Pen | None:
        """The pen that covers an area of a paint; None where the area is seen through or is a mixture."""
        if self.nearest(paint)[0] is None or not is_opaque(paint):
            return None
        if place in self.forced:
            return None if _weakest(paint) > _PALE else self.forced[place]
        covering = self._covering.get(paint)
        return None if covering is None else covering[0]

    def takes_more(self, paint: Rgba, place: int) -> bool:
        """Whether other pens go over the one that covers an area of a paint."""
        covering = None if place in self.forced else self._covering.get(paint)
        return covering is not None and covering[1]

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
