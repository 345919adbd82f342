"""Coverage: which tone a hatching gives, from line width, spacing and how far light strays in paper.

A hatching looks darker than the share of paper it covers, because light that enters between two lines
may come out under one ("optical dot gain"). How much darker depends on the pitch: lines much farther
apart than light strays give the plain mean (Murray-Davies, n = 1), very fine ones the square of the
mean of the square roots (Yule-Nielsen, n = 2). `paper_mixing` computes where between the two a
hatching lies. The other part of dot gain, that a pen draws a wider line than is printed on it, is in
the pen's `width_mm` and needs no model.

n = 2 meets printed tints within 2 ΔE00 on average with no fitted number (bench/ink.py); a press screen
has a pitch of 0.17 mm. For hatching by pens there are no published measurements: n follows from the
scattering model below until somebody measures a chart.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.ink.film import film_to_lab, transmittance
from plotbot.ink.spaces import Array

__all__ = [
    "PAPER_SPREAD_MM",
    "coverage_for_lightness",
    "crosshatch_coverage",
    "hatch_coverage",
    "hatch_n",
    "hatch_pitch",
    "paper_mixing",
    "pixel_n",
    "scatter",
    "strayed",
    "tint",
]

PAPER_SPREAD_MM = 0.08
"""How far light strays in uncoated paper: the length d of the spread exp(−r/d). A guess, about in the
middle of what is said of papers (coated ones less, soft thick ones more)."""

_MOST_HARMONICS = 200_000


def hatch_coverage(width_mm: Array, pitch_mm: Array) -> Array:
    """Share of the paper under parallel lines of a width, one every `pitch_mm`; 1 where they touch."""
    share: Any = width_mm / pitch_mm
    return share.clip(0, 1)  # type: ignore[no-any-return]


def crosshatch_coverage(*layers: Array) -> Array:
    """Share of the paper under several hatchings that cross one another, from the share of each
    (Demichel 1924): 1 − Π (1 − a)."""
    bare: Any = 1.0
    for share in layers:
        bare = bare * (1 - share)
    return 1 - bare  # type: ignore[no-any-return]


def hatch_pitch(width_mm: float, coverage: float) -> float:
    """Distance of parallel lines, middle to middle, that cover this share of the paper; inf for 0."""
    if not (width_mm > 0 and 0 <= coverage <= 1):
        raise BadInput(
            f"Lines {width_mm:g} mm wide cannot cover {coverage:g} of the paper; "
            "the width must be over 0 and the share from 0 to 1."
        )
    return math.inf if coverage == 0 else width_mm / coverage


def paper_mixing(
    width_mm: float, pitch_mm: float, spread_mm: float = PAPER_SPREAD_MM, power: float = 1.5
) -> float:
    """How far light evens out a hatching inside the paper: 0 not at all (n = 1), 1 fully (n = 2).

    Light passes the ink of a grating twice, at x and, after straying, at x + r. With the spread
    exp(−r/d) / 2πd² of paper, whose transform is H(f) = (1 + (2πdf)²)^(−3/2), the mean over the grating
    is a sum over its harmonics k (Ruckdeschel and Hauser, Appl. Opt. 17, 3376, 1978, for such a product):
    the share left unmixed is Σ s_k H(k/pitch) / Σ s_k with s_k = sin²(πka)/k². Another `power` than −1.5
    is another law: 1 was measured on papers by Inoue, Tsumura and Miyake (J. Imaging Sci. Technol. 41,
    657, 1997).
    """
    _check_grating(width_mm, pitch_mm, spread_mm)
    share = min(width_mm / pitch_mm, 1.0)
    if share == 1 or spread_mm == 0:
        return 0.0
    last = min(math.ceil(32 / min(share, 1 - share)), _MOST_HARMONICS)
    k = np.arange(1, last + 1)
    strength = (np.sin(np.pi * k * share) / k) ** 2
    kept = (1 + (2 * np.pi * spread_mm * k / pitch_mm) ** 2) ** -power
    total = np.pi**2 * share * (1 - share) / 2  # of all harmonics, to infinity
    return float(np.clip(1 - (strength * kept).sum() / total, 0.0, 1.0))


def hatch_n(width_mm: float, pitch_mm: float, spread_mm: float = PAPER_SPREAD_MM) -> float:
    """Yule and Nielsen's factor of a hatching, 1 to 2, from `paper_mixing`.

    Exact for a black ink, for which (1 − a)^n must be the mean of 1 − a and (1 − a)² by the mixing.
    """
    mixing = paper_mixing(width_mm, pitch_mm, spread_mm)
    bare = 1 - min(width_mm / pitch_mm, 1.0)
    if bare == 0:
        return 1.0
    return 1 + math.log(1 - mixing + mixing * bare) / math.log(bare)


def tint(film: Array, coverage: Array, n: float = 2.0) -> Array:
    """Film of a hatching: films [..., 3] of its solid ink, covering [...] of the paper (Yule-Nielsen)."""
    if not 1 <= n <= 10:
        raise BadInput(f"Yule-Nielsen factor {n:g} must be from 1 to 10; it is near 2 for fine hatching.")
    share: Any = coverage
    mean: Any = 1 - share[..., None] * (1 - film ** (1 / n))
    return mean**n  # type: ignore[no-any-return]


def coverage_for_lightness(
    lightness: npt.ArrayLike, ink_lab: npt.ArrayLike, paper_lab: npt.ArrayLike, n: float = 2.0
) -> npt.NDArray[np.float64]:
    """Share of the paper [...] to hatch with one ink so that it looks as light as L* [...].

    What is lighter than the paper gets 0 and what is darker than the ink gets 1. Where the solid ink is
    not darker than the paper, `BadInput`.
    """
    shares = np.linspace(0, 1, 257)
    ramp = film_to_lab(tint(transmittance(ink_lab, paper_lab), shares, n), paper_lab)[:, 0]
    if ramp[-1] >= ramp[0]:
        raise BadInput(
            f"An ink of L* {ramp[-1]:.0f} cannot darken a paper of L* {ramp[0]:.0f}; choose a darker pen."
        )
    wanted = np.asarray(lightness, dtype=float)
    return np.asarray(np.interp(wanted, ramp[::-1], shares[::-1]))


def scatter(
    film: npt.ArrayLike,
    px_per_mm: float,
    spread_mm: float = PAPER_SPREAD_MM,
    *,
    root: npt.ArrayLike | None = None,
) -> Any:
    """A sharp film picture [H, W, 3] as paper shows it, with the light that strays between its points.

    film: from `compose` with n = 1; the same is assumed to go on beyond its edges (mirrored). Light goes in
    through √film, strays, and comes out through √film (Ruckdeschel and Hauser 1978). Returns [H, W, 3].

    root: the mean of √film over every pixel, where pixels are larger than a third of the spread: what
    `compose` makes of the roots of the films. With it, structure inside a pixel keeps the share of its
    contrast that `_kept_within` says. Without it, pixels are taken as all of one film.
    """
    _check_grating(1.0, 1.0, spread_mm)
    film = np.asarray(film)
    once = np.sqrt(np.clip(film, 0.0, None)) if root is None else np.asarray(root)
    seen = once * strayed(once, px_per_mm, spread_mm)
    if root is not None:
        kept = once.dtype.type(_kept_within(1 / px_per_mm, spread_mm))
        seen += kept * np.clip(film - once**2, 0.0, None)
    return seen


def strayed(root: npt.NDArray[Any], px_per_mm: float, spread_mm: float) -> npt.NDArray[Any]:
    """Light [H, W, 3] that went in through a picture of √film [H, W, 3], after it strayed in the paper."""
    from scipy.fft import dctn, idctn  # noqa: PLC0415  (slow to import, and only pictures need it)

    height, width = root.shape[:2]
    down = np.arange(height)[:, None] * (px_per_mm / (2 * height))
    across = np.arange(width)[None, :] * (px_per_mm / (2 * width))
    transfer = (1 + (2 * np.pi * spread_mm) ** 2 * (down**2 + across**2)) ** -1.5
    spectrum = dctn(root, axes=(0, 1)) * transfer[..., None].astype(root.dtype)
    return np.asarray(np.clip(idctn(spectrum, axes=(0, 1)), 0.0, None))


def pixel_n(pixel_mm: float, spread_mm: float = PAPER_SPREAD_MM) -> float:
    """Yule and Nielsen's factor, 1 to 2, of the coverage of pixels of a size: for the light that strays from
    ink to paper and back within them, in pictures that `scatter` would be too slow for.

    Straying light leaves the share `_kept_within` of the contrast inside a pixel, so that n = 2 − that share,
    exact for a little black ink, as in `hatch_n`. What strays from pixel to pixel is not in it.
    """
    return 1.0 if spread_mm == 0 else 2 - _kept_within(pixel_mm, spread_mm)


@functools.cache
def _kept_within(pixel_mm: float, spread_mm: float) -> float:
    """Share of the contrast inside a pixel that straying light leaves: the mean of its transfer H(f) over
    the power of a line's edge, 1/f², that a pixel averages away, 1 − sinc²(f · pixel)."""
    frequency = np.geomspace(1e-4, 1e4, 4000) / pixel_mm
    averaged = (1 - np.sinc(frequency * pixel_mm) ** 2) / frequency**2
    transfer = (1 + (2 * np.pi * spread_mm * frequency) ** 2) ** -1.5
    weight = averaged * np.gradient(frequency)
    return float((weight * transfer).sum() / weight.sum())


def _check_grating(width_mm: float, pitch_mm: float, spread_mm: float) -> None:
    if not (width_mm > 0 and pitch_mm > 0 and spread_mm >= 0 and math.isfinite(spread_mm)):
        raise BadInput(
            f"A hatching with lines of {width_mm:g} mm every {pitch_mm:g} mm on paper that spreads light "
            f"over {spread_mm:g} mm is impossible; the first two must be over 0, the last at least 0."
        )
