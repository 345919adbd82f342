"""Ink films on paper: what light is left where pens overlap, for renderer, preview and planning.

A *film* value is [..., 3]: the light that comes back from inked paper, relative to the bare paper, in
the space where films combine. Bare paper is (1, 1, 1). Treat it as opaque: get it from `transmittance`,
combine it with `compose` (or with 1 − a + a·T and a product, which is the same thing for translucent
inks), and turn the result into a colour with `film_to_lab`, `film_to_rec2020` or `film_to_srgb`.

All functions work on numpy arrays and torch tensors alike and are differentiable in torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.ink.spaces import Array, lab_to_rec2020, rec2020_to_lab, rec2020_to_srgb

__all__ = ["compose", "film_to_lab", "film_to_rec2020", "film_to_srgb", "transmittance"]

_DARKEST = 1e-3
"""No ink on paper reflects less than this part of the paper's light; keeps logarithms finite."""


def transmittance(lab: npt.ArrayLike, paper_lab: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Film of a solid layer of ink: Labs [..., 3] of the inks on a paper of `paper_lab` [3].

    Linear Rec.2020 of the ink over that of the paper, clamped to 0.001..1: an ink never gives light, so
    what lies brighter than the paper (a fluorescent, or an error in the numbers) counts as clear.
    """
    ratio = lab_to_rec2020(np.asarray(lab, dtype=float)) / _paper(paper_lab)
    film: npt.NDArray[np.float64] = np.clip(ratio, _DARKEST, 1.0)
    return film


def compose(coverage: Array, films: npt.ArrayLike, opacity: Sequence[float] | None = None) -> Array:
    """Film of paper under partial layers of several pens.

    coverage: [..., pens], 0..1, the share of each point that the pen covers.
    films: [pens, 3] from `transmittance` (array), or a tensor where they are to be learned.
    opacity: [pens], 0 (the default) lets all below through, 1 hides it.
    Returns [..., 3].

    Pens are laid down in the order given. For opacity 0 that is paper × Π (1 − a + a·T), in which the
    order does not matter; coverages are taken as independent of each other (Demichel 1924), which
    holds for lines that cross. With opacity o, a layer leaves T·(1 − o) of what is below plus o·T.
    """
    film: Any = None
    opacity = [0.0] * coverage.shape[-1] if opacity is None else opacity
    inks: Any = _films_like(films, coverage)
    for index, hides in enumerate(opacity):
        part = coverage[..., index, None]
        ink = inks[index]
        if film is None:
            film = 1 - part * (1 - ink)
        elif hides == 0:
            film = film * (1 - part * (1 - ink))
        else:
            film = film + part * (ink * (film * (1 - hides) + hides) - film)
    return film  # type: ignore[no-any-return]


def film_to_rec2020(film: Array, paper_lab: npt.ArrayLike) -> Array:
    """Absolute linear Rec.2020 [..., 3] of a film on that paper."""
    return film * _films_like(_paper(paper_lab), film)  # type: ignore[no-any-return]


def film_to_lab(film: Array, paper_lab: npt.ArrayLike) -> Array:
    """Lab (D50) of a film on that paper."""
    return rec2020_to_lab(film_to_rec2020(film, paper_lab))


def film_to_srgb(film: Array, paper_lab: npt.ArrayLike) -> Array:
    """Encoded sRGB of a film on that paper as a picture on screen, unclipped (see `srgb_uint8`)."""
    return rec2020_to_srgb(film_to_rec2020(film, paper_lab))


def _paper(paper_lab: npt.ArrayLike) -> npt.NDArray[np.float64]:
    paper: npt.NDArray[np.float64] = np.maximum(lab_to_rec2020(np.asarray(paper_lab, dtype=float)), _DARKEST)
    return paper


def _films_like(films: Any, values: Any) -> Any:
    """Films in the kind, type and device of the values."""
    if isinstance(values, np.ndarray | np.generic):
        return np.asarray(films, dtype=values.dtype)
    if hasattr(films, "requires_grad"):
        return films.to(values)
    return values.new_tensor(np.asarray(films).tolist())
