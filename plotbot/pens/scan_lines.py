"""From a pen's hatchings and single lines to its real width, and to how far light strays in the paper.

All hatchings of a card lie on one paper, so one spread serves all pens; the width is each pen's own. The
model is that of `plotbot.ink.coverage`: light goes into the sheet through the ink, strays, and comes out
through ink or none. It says the mean light of every hatching and the profile of a single line; both are
fitted at once, with the scanner's blur as one more unknown, so no threshold is chosen anywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.ink.coverage import PAPER_SPREAD_MM, paper_mixing
from plotbot.ink.film import relative_to_film
from plotbot.pens.scan_patches import PROFILE, Seen

__all__ = [
    "LEAST_UNSURE",
    "LEAST_UNSURE_LED",
    "Hatchings",
    "LineFit",
    "fit_lines",
    "gain_at_half",
    "mean_film",
    "measured_n",
]

Floats = npt.NDArray[Any]

MOST_SPREAD_MM = 0.4
_NOISE = 0.006
"""What a mean may be off, in film, from all that the model does not know."""

_CLIPPED_NOISE = 0.15
_PROFILE_NOISE = 0.03
_SPREAD_PRIOR = 0.06
"""How far spreads of papers lie from the usual one, mm: a weak pull where the scan says little."""

LAWS = (1.5, 1.0)
"""Powers of the law by which light strays (see `paper_mixing`), plotbot's own first: papers follow several,
and none exactly, so widths are averaged over both by how well each fits."""

_WIDTH_HOLDS, _SPREAD_HOLDS = 1.2, 2.5
"""From what the fit says of itself to what holds at least 19 times out of 20: by 267 widths in 89 simulated
scans, of many CCD and LED scanners, 200 to 600 dpi, turned, tilted, blurred and noisy, on papers that spread
light by another law than the fit's; it holds in others as well."""

LEAST_UNSURE, LEAST_UNSURE_LED = 0.025, 0.03
"""Under coloured lamps reds are seen by what they reflect in one place of the spectrum, and look wider."""

_TELLING_PENS = 6
_FAINT = 0.08
"""Least contrast of a solid, in film, from which a width can be told."""


@dataclass(frozen=True, slots=True, eq=False)
class Hatchings:
    """What was seen of one pen, in the band in which it is darkest: of all of them only there an ink takes
    nearly the same share of all light, as the model has it. film: of its solid, off by `film_sure`. tints:
    (pitch in mm, film). ladder: the pitch and profile [samples] of its single lines."""

    pen: str
    nominal_mm: float
    film: float
    film_sure: float
    tints: tuple[tuple[float, float], ...]
    ladder: tuple[float, Floats]

    @classmethod
    def of(cls, pen: str, nominal_mm: float, seen: Sequence[Seen]) -> Hatchings:
        """Collect the patches of a pen, in the scanner's own light: mixtures stay mixtures there."""
        mine = [one for one in seen if one.patch.pen == pen]
        solid = next(one for one in mine if one.patch.kind == "solid")
        lines = next(one for one in mine if one.patch.kind == "lines")
        assert lines.profile is not None
        film = relative_to_film(solid.relative)
        band = int(np.argmin(film))
        return cls(
            pen,
            nominal_mm,
            float(np.clip(film[band], 1e-3, 1.0)),
            # Where the scanner's own colours end, the solid is darker than it says.
            _CLIPPED_NOISE if solid.clipped > 0.2 else _NOISE,
            tuple(
                (one.patch.pitch_mm, float(relative_to_film(one.relative)[band]))
                for one in mine
                if one.patch.kind in ("tint", "lines")
            ),
            (lines.patch.pitch_mm, relative_to_film(lines.profile)[:, band]),
        )


@dataclass(frozen=True, slots=True)
class LineFit:
    """A pen's lines. width_uncertainty_mm: the true width lies within it 19 times out of 20 (in simulated
    scans, tests/pens/test_scan.py). misfit: root mean square of what the model leaves of the hatchings, in
    film."""

    width_mm: float
    width_uncertainty_mm: float
    misfit: float


def fit_lines(
    pens: Sequence[Hatchings], least: float = LEAST_UNSURE
) -> tuple[dict[str, LineFit], float, float]:
    """Fit all pens together; returns the fit of every pen with enough contrast, the paper's spread in mm,
    and how far that may be off, 19 times out of 20. least: standard error of a width, as a share of it, below
    which no scan goes."""
    strong = [pen for pen in pens if 1 - pen.film >= _FAINT]
    if not strong:
        return {}, PAPER_SPREAD_MM, PAPER_SPREAD_MM
    # The darkest pens say all there is to say about the paper.
    telling = sorted(strong, key=lambda pen: pen.film)[:_TELLING_PENS]

    by_law = [(power, *_fit_spread(telling, power)) for power in LAWS]
    _, spread, sure, _ = by_law[0]
    best = min(chi for *_, chi in by_law)
    weights = np.array(
        [np.exp(-(chi - best) / 2 / max(1.0, best / (6 * len(telling)))) for *_, chi in by_law]
    )
    weights /= weights.sum()
    fits = {}
    for pen in strong:
        under = [_fit_width(pen, spread, power) for power, spread, _, _ in by_law]
        steeper = [_fit_width(pen, spread + sure, power) for power, spread, sure, _ in by_law]
        width = float(weights @ [fit.width for fit in under])
        # Unsure by the noise, by the paper's spread, and by what the laws make of the same scan.
        own = [np.sqrt(max(1.0, fit.chi / 8) / fit.stiff) if fit.stiff > 0 else fit.width for fit in under]
        moved = [fit.width - other.width for fit, other in zip(under, steeper, strict=True)]
        apart = np.sqrt(weights @ [(fit.width - width) ** 2 for fit in under])
        alone = _scatter_of_widths(pen, width, spread)
        parts = [weights @ own, weights @ moved, apart, alone, least * width]
        unsure = _WIDTH_HOLDS * np.linalg.norm(parts)
        off = [mean_film(under[0].film, under[0].width, pitch, spread) - seen for pitch, seen in pen.tints]
        fits[pen.pen] = LineFit(width, float(unsure), float(np.sqrt(np.mean(np.square(off)))))
    return fits, spread, _SPREAD_HOLDS * sure


def _scatter_of_widths(pen: Hatchings, width: float, spread: float) -> float:
    """Standard error of the widths that each hatching of the ladder alone would give, mm, by how much each
    has to say."""
    widths = np.linspace(0.3, 2.0, 171) * width
    found, weights = [], []
    for pitch, seen in pen.tints:
        curve = np.array([mean_film(pen.film, one, pitch, spread) for one in widths])
        if curve.min() < seen < curve.max():
            found.append(float(np.interp(-seen, -curve, widths)))
            weights.append(float(np.interp(width, widths, np.gradient(curve, widths))) ** 2)
    if len(found) < 2:
        return 0.1 * width
    mean = np.average(found, weights=weights)
    return float(np.sqrt(np.average((np.array(found) - mean) ** 2, weights=weights) / (len(found) - 1)))


def mean_film(film: float, width_mm: float, pitch_mm: float, spread_mm: float, power: float = 1.5) -> float:
    """Mean film of a hatching with a solid of `film`, by the model of `paper_mixing`."""
    share = min(width_mm / pitch_mm, 1.0)
    mixed = paper_mixing(width_mm, pitch_mm, spread_mm, power)
    once = 1 - share * (1 - np.sqrt(film))
    return float((1 - mixed) * (1 - share * (1 - film)) + mixed * once**2)


def measured_n(pen: Hatchings, width_mm: float) -> tuple[float, float]:
    """Yule and Nielsen's factor of a pen's hatchings at its real width, and how sure that is."""
    factors = np.linspace(1.0, 4.0, 121)
    found, weights = [], []
    for pitch, seen in pen.tints:
        share = min(width_mm / pitch, 1.0)
        if not 0.3 < share < 0.8:
            continue
        curve = (1 - share * (1 - pen.film ** (1 / factors))) ** factors
        if curve[0] - curve[-1] < 1e-3:
            continue
        n = float(np.interp(-seen, -curve, factors))
        found.append(n)
        weights.append(((curve[0] - curve[-1]) / 3) ** 2)
    if not found:
        return 1.0, 1.0
    mean = float(np.average(found, weights=weights))
    noise = _NOISE / float(np.sqrt(np.sum(weights)))
    spread = float(np.sqrt(np.average((np.array(found) - mean) ** 2, weights=weights)))
    return mean, float(np.hypot(noise, spread))


def gain_at_half(pen: Hatchings) -> tuple[float, float]:
    """How much more than half a hatching of nominally half covers, as seen (Murray and Davies), and how
    sure that is: from the two hatchings around it."""
    shares = np.array([pen.nominal_mm / pitch for pitch, _ in pen.tints])
    seen = np.array([(1 - film) / (1 - pen.film) for _, film in pen.tints])
    order = np.argsort(shares)
    gain = float(np.interp(0.5, shares[order], seen[order])) - 0.5
    return gain, float(pen.film_sure / (1 - pen.film))


@dataclass(frozen=True, slots=True)
class _Fit:
    """What fits best at a given spread: width and blur in mm, film of the solid; the sum of squares, and its
    curvature along the width."""

    width: float
    blur: float
    film: float
    chi: float
    stiff: float


def _fit_spread(pens: Sequence[Hatchings], power: float) -> tuple[float, float, float]:
    """The paper's spread under one law, how far it may be off, and the sum of squares."""
    from scipy.optimize import minimize_scalar  # noqa: PLC0415

    def cost(spread: float) -> float:
        away = (spread - PAPER_SPREAD_MM) / _SPREAD_PRIOR
        return away**2 + sum(_fit_width(pen, spread, power).chi for pen in pens)

    best = minimize_scalar(cost, bounds=(0.0, MOST_SPREAD_MM), method="bounded", options={"xatol": 2e-3})
    spread, step = float(best.x), 0.02
    bend = (cost(spread + step) - 2 * best.fun + cost(abs(spread - step))) / step**2
    freedom = max(1.0, best.fun / (6.0 * len(pens)))
    sure = float(np.sqrt(2 * freedom / bend)) if bend > 0 else PAPER_SPREAD_MM
    return spread, min(sure, PAPER_SPREAD_MM), float(best.fun)


def _fit_width(pen: Hatchings, spread: float, power: float) -> _Fit:
    from scipy.optimize import least_squares  # noqa: PLC0415

    pitch, profile = pen.ladder

    def residuals(values: Floats) -> Floats:
        width, blur, film = (float(value) for value in values)
        shape = (_profile(film, width, pitch, spread, blur, power) - profile) / (
            _PROFILE_NOISE * np.sqrt(PROFILE / 6)
        )
        means = [(mean_film(film, width, apart, spread, power) - seen) / _NOISE for apart, seen in pen.tints]
        return np.concatenate([means, [(film - pen.film) / pen.film_sure], shape])

    high = min(pitch * 0.9, 3 * pen.nominal_mm)
    fitted = least_squares(
        residuals,
        [min(pen.nominal_mm, 0.9 * high), 0.05, pen.film],
        bounds=([0.2 * pen.nominal_mm, 0.005, 0.0], [high, pitch / 3, 1.01]),
        x_scale=[0.1 * pen.nominal_mm, 0.05, 0.05],
        diff_step=1e-3,
        xtol=1e-4,
        ftol=1e-4,
    )
    normal = fitted.jac.T @ fitted.jac + 1e-9 * np.eye(3)
    stiff = 1 / np.linalg.inv(normal)[0, 0]
    width, blur, film = (float(value) for value in fitted.x)
    return _Fit(width, blur, film, float(2 * fitted.cost), float(stiff))


def _profile(film: float, width: float, pitch: float, spread: float, blur: float, power: float) -> Floats:
    """One period of lines [PROFILE] from the middle of one on, blurred by a Gaussian of `blur` mm."""
    samples = 4 * PROFILE
    place = np.arange(samples) / samples
    place = np.minimum(place, 1 - place) * pitch
    cover = np.clip((width / 2 - place) * samples / pitch + 0.5, 0, 1)
    once = 1 - cover * (1 - np.sqrt(film))
    frequency = np.fft.rfftfreq(samples, pitch / samples)
    strayed = np.fft.irfft(np.fft.rfft(once) * (1 + (2 * np.pi * spread * frequency) ** 2) ** -power, samples)
    seen = np.fft.rfft(once * strayed) * np.exp(-2 * (np.pi * blur * frequency) ** 2)
    return np.asarray(np.fft.irfft(seen, samples)[::4])
