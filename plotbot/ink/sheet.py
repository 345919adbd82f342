"""A picture of paper on which inks are laid one after the other, and how it looks with the light that strays
between its points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.compiled import compiled
from plotbot.ink.coverage import scatter

__all__ = ["InkedSheet"]

Floats = npt.NDArray[np.float32]


class InkedSheet:
    """Film [H, W, 3] of paper under ink; bare at first. spread_mm: how far light strays in it."""

    def __init__(self, shape: tuple[int, int], px_per_mm: float, spread_mm: float) -> None:
        self._px_per_mm, self._spread_mm = px_per_mm, spread_mm
        # Light passes ink on its way in and on its way out, elsewhere: pixels need the mean of the roots too.
        self._sharp, self._root = np.ones((2, *shape, 3), dtype=np.float32)

    def lay(self, cover: npt.NDArray[Any], ink: npt.NDArray[Any], opacity: float = 0.0) -> None:
        """Put an ink of film [3] over the share `cover` [H, W] of every pixel."""
        _lay_where(cover.astype(np.float32), ink.astype(np.float32), float(opacity), self._sharp, self._root)

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


@compiled
def _lay_where(cover: Floats, ink: Floats, opacity: float, film: Floats, root: Floats) -> None:
    """Lay one ink over the film [H, W, 3] and over its mean root, where `cover` [H, W] has some of it.

    The same as `plotbot.ink.film.lay`, for which all inked pixels would be copied to and fro.
    """
    for row in range(cover.shape[0]):
        for column in range(cover.shape[1]):
            part = cover[row, column]
            if part == 0:
                continue
            for band in range(3):
                below = film[row, column, band]
                solid = ink[band] * (below * (1 - opacity) + opacity)
                film[row, column, band] = below + part * (solid - below)
                light = root[row, column, band]
                through = light * math.sqrt(ink[band]) if opacity == 0 else math.sqrt(solid)
                root[row, column, band] = light + part * (through - light)
