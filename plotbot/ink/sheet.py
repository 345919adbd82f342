"""A picture of paper on which inks are laid one after the other, and how it looks with the light that strays
between its points."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.ink.coverage import scatter
from plotbot.ink.film import lay

__all__ = ["InkedSheet"]

Floats = npt.NDArray[np.float32]


class InkedSheet:
    """Film [H, W, 3] of paper under ink; bare at first. spread_mm: how far light strays in it."""

    def __init__(self, shape: tuple[int, int], px_per_mm: float, spread_mm: float) -> None:
        self._shape, self._px_per_mm, self._spread_mm = shape, px_per_mm, spread_mm
        # Light passes ink on its way in and on its way out, elsewhere: pixels need the mean of the roots too.
        self._film, self._root = np.ones((2, shape[0] * shape[1], 3), dtype=np.float32)

    def lay(self, cover: npt.NDArray[Any], ink: npt.NDArray[Any], opacity: float = 0.0) -> None:
        """Put an ink of film [3] over the share `cover` [H, W] of every pixel."""
        (here,) = np.nonzero(cover.ravel())
        part = cover.ravel()[here, None].astype(np.float32)
        below, film = self._film[here], ink.astype(np.float32)
        self._film[here] = lay(below, part, film, opacity)
        if opacity == 0:
            self._root[here] = lay(self._root[here], part, np.sqrt(film))
        else:
            covered = np.sqrt(lay(below, np.float32(1), film, opacity))
            self._root[here] += part * (covered - self._root[here])

    @property
    def sharp(self) -> Floats:
        """The film [H, W, 3] of the ink alone, as if no light strayed."""
        return self._film.reshape(*self._shape, 3)

    def seen(self) -> Floats:
        """The film [H, W, 3] that the paper shows."""
        if self._spread_mm == 0:
            return self.sharp
        root = self._root.reshape(*self._shape, 3)
        seen: Floats = scatter(self.sharp, self._px_per_mm, self._spread_mm, root=root)
        return seen
