"""A picture of paper on which inks are laid one after the other, and how it looks with the light that strays
between its points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.compiled import compiled
from plotbot.ink.coverage import scatter

__all__ = ["REACH", "InkedSheet"]

Floats = npt.NDArray[np.float32]

REACH = 8.0
"""How many spreads away stray light is still counted; all but 0.3 % of it is nearer."""


class InkedSheet:
    """Film [H, W, 3] of paper under ink; bare at first.

    shape: height and width in pixels. spread_mm: how far light strays in the paper. films, opacity, trapping:
    of the inks, as `plotbot.ink.film.compose` takes them.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        px_per_mm: float,
        spread_mm: float,
        films: npt.NDArray[Any],
        opacity: Sequence[float] | None = None,
        trapping: npt.NDArray[Any] | None = None,
    ) -> None:
        self._px_per_mm, self._spread_mm = px_per_mm, spread_mm
        self._films = np.asarray(films, dtype=np.float32).reshape(-1, 3)
        self._opacity = [0.0] * len(self._films) if opacity is None else [float(one) for one in opacity]
        count = len(self._films)
        ratios = np.ones((count, count, 3)) if trapping is None else trapping
        self._ratios, self._measured = ratios.astype(np.float32), (ratios != 1).any(axis=-1)
        self._covers: dict[int, Floats] = {}
        # Light passes ink on its way in and on its way out, elsewhere: pixels need the mean of the roots too.
        self._sharp, self._root = np.ones((2, *shape, 3), dtype=np.float32)

    def lay(self, number: int, cover: npt.NDArray[Any]) -> None:
        """Put ink `number` over the share `cover` [H, W] of every pixel."""
        cover, ink, opacity = cover.astype(np.float32), self._films[number], self._opacity[number]
        meets, root_meets = _EVEN, _EVEN
        below = [one for one in self._covers if self._measured[one, number]]
        if below:
            meets, root_meets = np.ones((2, *cover.shape, 3), dtype=np.float32)
            for one in below:
                film, ratio = self._films[one], self._ratios[one, number]
                _meet(cover, self._covers[one], film, ratio, meets)
                _meet(cover, self._covers[one], np.sqrt(film), np.sqrt(ratio), root_meets)
        _lay_where(cover, ink, opacity, meets, root_meets, self._sharp, self._root)
        if opacity:
            left = 1 - np.float32(opacity) * cover
            self._covers = {one: own * left for one, own in self._covers.items()}
        if self._measured[number].any():
            before = self._covers.pop(number, np.zeros((), dtype=np.float32))
            self._covers[number] = 1 - (1 - before) * (1 - cover)

    @property
    def shares(self) -> dict[int, Floats]:
        """The share of every pixel, [H, W], that inks with measured crossings cover and show, as laid."""
        return self._covers

    @property
    def sharp(self) -> Floats:
        """The film [H, W, 3] of the ink alone, as if no light strayed."""
        return self._sharp

    def seen(self) -> Floats:
        """The film [H, W, 3] that the paper shows."""
        if self._spread_mm == 0:
            return self._sharp
        seen: Floats = scatter(self._sharp, self._px_per_mm, self._spread_mm, root=self._root)
        return seen


_EVEN: Floats = np.ones((1, 1, 3), dtype=np.float32)
"""Where no ink below was measured with this one, it is what it is on paper."""


@compiled
def _meet(cover: Floats, below: Floats, film: Floats, ratio: Floats, meets: Floats) -> None:
    """Take in what an ink below, of a film [3] over the share `below` [H, W], makes of the one that is laid
    where `cover` has some: the same as a turn of `plotbot.ink.film.trapped`."""
    for row in range(cover.shape[0]):
        for column in range(cover.shape[1]):
            share = below[row, column]
            if cover[row, column] == 0 or share == 0:
                continue
            for band in range(3):
                passed = share * film[band]
                passed /= 1 - share + passed
                meets[row, column, band] += passed * (ratio[band] - meets[row, column, band])


@compiled
def _lay_where(
    cover: Floats,
    ink: Floats,
    opacity: float,
    meets: Floats,
    root_meets: Floats,
    film: Floats,
    root: Floats,
) -> None:
    """Lay one ink over the film [H, W, 3] and over its mean root, where `cover` [H, W] has some of it.

    The same as `plotbot.ink.film.lay`, for which all inked pixels would be copied to and fro. meets,
    root_meets: factors on the ink's film and on its root, [H, W, 3] or [1, 1, 3].
    """
    alike = meets.shape[0] == 1
    for row in range(cover.shape[0]):
        for column in range(cover.shape[1]):
            part = cover[row, column]
            if part == 0:
                continue
            y, x = (0, 0) if alike else (row, column)
            for band in range(3):
                below = film[row, column, band]
                solid = ink[band] * meets[y, x, band] * (below * (1 - opacity) + opacity)
                film[row, column, band] = below + part * (solid - below)
                light = root[row, column, band]
                through = (
                    light * math.sqrt(ink[band]) * root_meets[y, x, band]
                    if opacity == 0
                    else math.sqrt(solid)
                )
                root[row, column, band] = light + part * (through - light)
