"""Ink films on paper: what light is left where pens overlap, for renderer, preview and planning.

A *film* value is [..., 3]: the light that an ink lets through, relative to the bare paper, in the three
bands in which films multiply. Bare paper is (1, 1, 1). Treat it as opaque: get it from `transmittance`,
combine it with `compose` (or with 1 − a + a·T and a product, which is the same thing for translucent
inks), and turn the result into a colour with `film_to_lab`, `film_to_rec2020` or `film_to_srgb`.

All functions work on numpy arrays and torch tensors alike and are differentiable in torch.

The overprint model
-------------------
Light relative to the paper, in linear Rec.2020, is first brought to three bands, `BANDS @ rgb`: a
little broader than Rec.2020's own, as ink absorbs more broadly than its colour says. Of every band a
share `HAZE` comes back from the surface without having met any ink; the rest is multiplied ink by ink:

    band = HAZE + (1 − HAZE) · Π film

HAZE is why a second layer of black is not black squared. The seven numbers were fitted to printed
colours (solids of two inks and a third of the tints of FOGRA39L) and judged on others: bench/ink.py does
both again, beside plain multiplication and Kubelka-Munk. The step to bands and back is affine, so the
colour of a partly covered point stays the mean of its parts.

The model assumes that translucent inks do not care about their order; the order counts only for inks
with some opacity.

Pairs that were measured
------------------------
Where a crossing of two pens was measured, its colour is worth more than the model's: an ink may not stick to
another (printers call it trapping), or take some of it along. `trapping_ratio` is what then becomes of the
light behind the upper ink, band by band: the measured film of both over the model's. A layer of that ink
follows the ratio of the topmost ink below it that it was measured with, place by place, as inks touch only
where they meet; with partial layers that is Demichel's mean over all places:

    G = 1, then for each ink i below, in drawing order: G += u_i · (ratio_i − G)
    u_i = a_i T_i / (1 − a_i + a_i T_i), the share of the light from below that came through ink i
    film = below · (1 − a + a · T · G)

So two solids have exactly the measured colour, two hatchings that cross Neugebauer's mean of bare, one,
other and both, and single inks are as ever. Ratios are not multiplied by one another: dark inks on dark ones
come out lighter than the product, every pair of them, and three blacks would become a grey. With Yule and
Nielsen's n, inks and ratios are rooted and the result is raised, which keeps all solids. Ink that hides what
is below hides its part in this too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.ink.spaces import (
    Array,
    delta_e00,
    encode_srgb,
    lab_to_rec2020,
    rec2020_to_lab,
    rec2020_to_linear_srgb,
)

__all__ = [
    "BANDS",
    "HAZE",
    "compose",
    "film_to_lab",
    "film_to_rec2020",
    "film_to_relative",
    "film_to_srgb",
    "known_below",
    "lay",
    "relative_to_film",
    "screen_matrix",
    "transmittance",
    "trapped",
    "trapping_ratio",
]

BANDS: npt.NDArray[np.float64] = np.array(
    [
        [0.9401, 0.0253, 0.0346],
        [0.0626, 0.8603, 0.0771],
        [0.0225, 0.1050, 0.8725],
    ]
)
"""Linear Rec.2020 relative to the paper, to the bands in which inks multiply; rows add up to 1."""

HAZE = 0.0067
"""Share of the paper's light that comes back without having met the ink."""

_DARKEST = 1e-3
"""No film lets less light through than this; keeps logarithms and powers finite."""

_RGB_FROM_BANDS = np.linalg.inv(BANDS)


def transmittance(lab: npt.ArrayLike, paper_lab: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Film of a solid layer of ink: Labs [..., 3] of the inks on a paper of `paper_lab` [3].

    Clamped to 0.001..1: an ink never gives light, so what lies brighter than the paper (a fluorescent,
    or an error in the numbers) counts as clear, and nothing is darker than the haze.
    """
    light = lab_to_rec2020(np.asarray(lab, dtype=float)) / _paper(paper_lab)
    film: npt.NDArray[np.float64] = np.clip(relative_to_film(light), _DARKEST, 1.0)
    return film


def trapping_ratio(
    lab: npt.ArrayLike,
    uncertainty: float,
    under: npt.ArrayLike,
    over: npt.ArrayLike,
    paper_lab: npt.ArrayLike,
    opacity: float = 0.0,
) -> npt.NDArray[np.float64]:
    """How the measured film of two solids differs from the model's, [3]: 1 where it does not.

    lab: measured, of both on the paper. uncertainty: how far that may be off (ΔE00); it holds nearly all
    errors (pens/README.md), so they are taken to be half as large. under, over: films [3] of the solids;
    opacity: of the upper one.

    A difference d from the model whose error is s counts by 1 − s²/d² (James and Stein 1961), and by nothing
    where s is larger: the noise of a scan does not make the model worse. And no layer adds light.
    """
    model = lay(np.asarray(under, dtype=float), 1.0, np.asarray(over, dtype=float), opacity)
    apart = float(delta_e00(film_to_lab(model, paper_lab), np.asarray(lab, dtype=float)))
    trust = max(0.0, 1 - (uncertainty / 2 / apart) ** 2) if apart > 0 else 0.0
    ratio: npt.NDArray[np.float64] = (transmittance(lab, paper_lab) / model) ** trust
    return np.minimum(ratio, 1 / np.asarray(over, dtype=float))


def compose(
    coverage: Array,
    films: npt.ArrayLike,
    opacity: Sequence[float] | None = None,
    n: float = 1.0,
    trapping: npt.NDArray[Any] | None = None,
) -> Array:
    """Film of paper under partial layers of several pens.

    coverage: [..., pens], 0..1, the share of each point that the pen covers.
    films: [..., pens, 3] from `transmittance` (array), or a tensor where they are to be learned.
    opacity: [pens], 0 (the default) lets all below through, 1 hides it.
    n: Yule and Nielsen's factor (1951). 1 where the coverage is that of a point smaller than light
    strays in paper, as the edge of a line in a sharp picture; up to 2 where it stands for fine
    hatching (see `plotbot.ink.coverage`).
    trapping: [..., pens, pens, 3], `trapping_ratio` of the second pen over the first; 1 where unknown.
    Returns [..., 3].

    Pens are laid down in the order given. For opacity 0 that is (Π (1 − a + a·T^(1/n)))^n, in which the
    order does not matter; coverages are taken as independent of each other (Demichel 1924), which
    holds for lines that cross. With opacity o, a layer leaves T·(1 − o) of what is below plus o·T.
    """
    film: Any = None
    opacity = [0.0] * coverage.shape[-1] if opacity is None else opacity
    known = [[] for _ in opacity] if trapping is None else known_below(trapping)
    inks: Any = _like(films, coverage)
    ratios: Any = None if trapping is None else _like(trapping ** (1 / n), coverage)
    if n != 1:
        inks = inks ** (1 / n)
    shares: list[Any] = []
    for index, hides in enumerate(opacity):
        part = coverage[..., index, None]
        below = [(shares[one], inks[..., one, :], ratios[..., one, index, :]) for one in known[index]]
        ink = trapped(inks[..., index, :], below)
        film = 1 - part * (1 - ink) if film is None else lay(film, part, ink, hides)
        if hides and trapping is not None:
            shares = [share * (1 - hides * part) for share in shares]
        shares.append(part)
    return film if n == 1 else film**n  # type: ignore[no-any-return]


def lay(film: Array, part: Any, ink: Any, opacity: float = 0.0) -> Array:
    """Film [..., 3] after one more layer: `ink` [3] over the share `part` [..., 1] of every point."""
    if opacity == 0:
        return film * (1 - part * (1 - ink))  # type: ignore[no-any-return]
    return film + part * (ink * (film * (1 - opacity) + opacity) - film)  # type: ignore[no-any-return]


def trapped(ink: Any, below: Iterable[tuple[Any, Any, Any]]) -> Any:
    """Film of an ink [..., 3] on others: of each of those, in drawing order, the share of a point that it
    covers and shows [..., 1], its film and the ratio of the pair [..., 3]."""
    meets: Any = None
    for share, film, ratio in below:
        passed = share * film
        passed = passed / (1 - share + passed)
        meets = 1 + passed * (ratio - 1) if meets is None else meets + passed * (ratio - meets)
    return ink if meets is None else ink * meets


def known_below(trapping: npt.NDArray[Any]) -> list[list[int]]:
    """For each pen the ones laid before it that it was measured on: of ratios [..., pens, pens, 3]."""
    told = (np.asarray(trapping) != 1).any(axis=-1)
    told = told.reshape(-1, *told.shape[-2:]).any(axis=0)
    return [np.flatnonzero(told[:over, over]).tolist() for over in range(len(told))]


def relative_to_film(rgb: Array) -> Array:
    """Linear Rec.2020 relative to the paper [..., 3] to film; may leave 0..1."""
    return (rgb @ _like(BANDS.T, rgb) - HAZE) / (1 - HAZE)  # type: ignore[no-any-return]


def film_to_relative(film: Array) -> Array:
    """Film [..., 3] to linear Rec.2020 relative to the paper."""
    # The rows of the matrix add up to 1, so the haze is the same in the bands and in Rec.2020.
    return HAZE + (1 - HAZE) * (film @ _like(_RGB_FROM_BANDS.T, film))  # type: ignore[no-any-return]


def film_to_rec2020(film: Array, paper_lab: npt.ArrayLike) -> Array:
    """Absolute linear Rec.2020 [..., 3] of a film on that paper."""
    return film_to_relative(film) * _like(_paper(paper_lab), film)  # type: ignore[no-any-return]


def film_to_lab(film: Array, paper_lab: npt.ArrayLike) -> Array:
    """Lab (D50) of a film on that paper."""
    return rec2020_to_lab(film_to_rec2020(film, paper_lab))


def film_to_srgb(film: Array, paper_lab: npt.ArrayLike) -> Array:
    """Encoded sRGB of a film on that paper as a picture on screen, unclipped (see `srgb_uint8`)."""
    matrix, offset = screen_matrix(paper_lab)  # one step instead of three: this is done at every pixel
    linear: Any = film @ _like(matrix.T, film) + _like(offset, film)
    return encode_srgb(linear)  # type: ignore[no-any-return]


def screen_matrix(paper_lab: npt.ArrayLike) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Matrix [3, 3] and offset [3] from film to linear sRGB on that paper, for pictures made elsewhere.

    ``linear_srgb = matrix @ film + offset``, the same as `film_to_srgb` before its encoding.
    """
    offset = rec2020_to_linear_srgb(film_to_rec2020(np.zeros(3), paper_lab))
    columns = rec2020_to_linear_srgb(film_to_rec2020(np.eye(3), paper_lab)) - offset
    return columns.T, offset


def _paper(paper_lab: npt.ArrayLike) -> npt.NDArray[np.float64]:
    paper: npt.NDArray[np.float64] = np.maximum(lab_to_rec2020(np.asarray(paper_lab, dtype=float)), _DARKEST)
    return paper


def _like(films: Any, values: Any) -> Any:
    """Films or constants in the kind, type and device of the values."""
    if isinstance(values, np.ndarray | np.generic):
        # A transposed matrix would keep numpy from its quick product.
        return np.asarray(films, dtype=values.dtype, order="C")
    if hasattr(films, "requires_grad"):
        return films.to(values)
    return values.new_tensor(np.asarray(films).tolist())
