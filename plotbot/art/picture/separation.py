# ruff: noqa: PLR0912, PLR0915  (kernels are one loop; calls would cost more than their work)
"""Separation: how much of each ink makes the colour of each place.

For every place the coverages a in [0, limit] of the pens minimise

    ½ |W (Lab(F(a)) − Lab(target))|² + Σ cost·a + excess of Σ a over the cap,

where F(a) = below × Π (1 − a + a·T) is what `plotbot.ink.compose` says of crossing lines, with what was
measured of pairs of pens, and W are
CIEDE2000's own weights at the target (lightness, chroma and hue, and its stretch of a* near grey).
The cost of a pen grows with the square of its distance to the target colour: ink far from the colour
it helps to mix is what makes a hatching grainy, so dark pens stay out of light areas and few pens meet
in one place (a lasso: the sum of absolute values makes solutions sparse).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.guides import compiled
from plotbot.ink.film import compose, film_to_lab, film_to_rec2020, known_below
from plotbot.ink.spaces import WHITE_D50, delta_e00, rec2020_to_xyz

__all__ = ["NEAR_DARK", "colour_weights", "loss", "separate"]

Floats = npt.NDArray[np.float32]

_EPSILON = 216 / 24389
_SLOPE = 24389 / 27 / 116
_CAP_WEIGHT = np.float32(60)

NEAR_DARK = 20.0
"""L* over the darkest pen's up to which it may come first."""

_LAYER_DE = 1.5
"""What one layer of ink less is worth, in ΔE00: paper stays dry, and time is saved."""


_OFF_DE = 8.0


def separate(
    target: npt.NDArray[Any],
    films: npt.NDArray[Any],
    paper_lab: tuple[float, float, float],
    *,
    below: npt.NDArray[Any] | None = None,
    start: npt.NDArray[Any] | None = None,
    grain: float = 30.0,
    ink: float = 2.0,
    price: float = 0.0,
    cap: float | npt.NDArray[Any] = 2.5,
    limit: float = 0.95,
    rounds: int = 14,
    dark_first: bool = False,
    trapping: npt.NDArray[Any] | None = None,
    meets: npt.NDArray[Any] | None = None,
) -> Floats:
    """Coverages [n, pens] that bring places nearest to their target films [n, 3].

    films: [pens, 3] from `plotbot.ink.transmittance`. below: [n, 3], film already on the paper. start:
    [n, pens], a settled separation to mend: pens in it cost nothing more. grain: cost of pens far from
    the target colour; ink: of any ink at all, which favours few and dark pens. price: of a layer of ink, in
    halves of ΔE00 squared; unlike the other costs it stays when the pens are chosen, so ink that does little
    is left out and one dark pen stands for several light ones. cap: most coverage of
    all pens together, a number or [n]. limit: of one pen. dark_first: begin dark places with the
    darkest pen. Where many pens lie over one another, one more takes little light away, so that the way
    from bare paper never comes to the one pen that would do the work of them all; see `loss` for which
    of the two is better.
    trapping: [pens, pens, 3], what was measured of their crossings; meets: [n, pens, 3], what was measured of
    each on what lies below, a factor on its film (both as in `plotbot.ink.film`).
    """
    goal = np.ascontiguousarray(target, dtype=np.float32).reshape(-1, 3)
    count = len(goal)
    base = np.ones_like(goal) if below is None else np.ascontiguousarray(below, dtype=np.float32)
    goal_lab = film_to_lab(goal, paper_lab).astype(np.float32)
    ink_lab = film_to_lab(np.asarray(films, dtype=np.float64), paper_lab)
    # The way from film to X/Xn, Y/Yn, Z/Zn is affine.
    dark = rec2020_to_xyz(film_to_rec2020(np.zeros(3), paper_lab)) / WHITE_D50
    columns = rec2020_to_xyz(film_to_rec2020(np.eye(3), paper_lab)) / WHITE_D50 - dark
    caps = np.broadcast_to(np.asarray(cap, dtype=np.float32), (count,)).copy()

    settle = max(rounds - 4, 1)
    if start is not None:
        coverage, settle = start.astype(np.float32), 0
    elif dark_first:
        darkest = int(np.argmin(ink_lab[:, 0]))
        coverage = np.zeros((count, len(films)), np.float32)
        over = goal_lab[:, 0] - ink_lab[darkest, 0]
        coverage[:, darkest] = np.clip(1 - over / NEAR_DARK, 0, limit)
    else:
        coverage = np.zeros((count, len(films)), np.float32)
    known = [] if trapping is None else known_below(trapping)
    pairs = [(under, over) for over, lower in enumerate(known) for under in lower]
    ratios = [] if trapping is None else [trapping[pair] for pair in pairs]
    even = np.ones((1, len(films), 3), dtype=np.float32)
    _separate(
        goal_lab,
        colour_weights(goal_lab).astype(np.float32),
        base,
        np.asarray(films, dtype=np.float32),
        even if meets is None else np.ascontiguousarray(meets, dtype=np.float32),
        np.array(pairs, dtype=np.int64).reshape(-1, 2),
        np.array(ratios, dtype=np.float32).reshape(-1, 3),
        ink_lab.astype(np.float32),
        np.ascontiguousarray(columns.T, dtype=np.float32),
        dark.astype(np.float32),
        coverage,
        caps,
        np.float32(grain),
        np.float32(ink),
        np.float32(price),
        np.float32(limit),
        rounds,
        settle,
    )
    return coverage


def loss(
    coverage: npt.NDArray[Any],
    target: npt.NDArray[Any],
    films: npt.NDArray[Any],
    paper_lab: tuple[float, float, float],
    trapping: npt.NDArray[Any] | None = None,
    below: npt.NDArray[Any] | float = 1.0,
    price: float = 0.0,
) -> npt.NDArray[Any]:
    """How good coverages [n, pens] are for targets [n, 3], [n]: ΔE00, and what ink costs paper and time.
    below: film already on the paper; price: as in `separate`."""
    film = below * compose(np.asarray(coverage, dtype=float), films, trapping=trapping)
    apart = delta_e00(film_to_lab(film, paper_lab), film_to_lab(target, paper_lab))
    # In ΔE00, not its square: about right where it is off by that.
    return np.asarray(apart + (_LAYER_DE + price / _OFF_DE) * coverage.sum(axis=1))


def colour_weights(lab: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Matrices [n, 3, 3] that turn small Lab differences at `lab` [n, 3] into CIEDE2000's terms.

    The lengths of the products are ΔE00 to first order, but for its rotation of blues (Sharma, Wu and
    Dalal 2005).
    """
    light, a, b = (np.asarray(lab[:, k], dtype=np.float64) for k in range(3))
    chroma7 = np.hypot(a, b) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(chroma7 / (chroma7 + 25.0**7))
    chroma = np.hypot(a * stretch, b)
    safe = np.maximum(chroma, 1e-6)
    cosine, sine = np.where(chroma > 1e-6, a * stretch / safe, 1.0), np.where(chroma > 1e-6, b / safe, 0.0)
    offset = (light - 50) ** 2
    s_l = 1 + 0.015 * offset / np.sqrt(20 + offset)
    s_c, s_h = 1 + 0.045 * chroma, 1 + 0.015 * chroma
    weights = np.zeros((len(light), 3, 3))
    weights[:, 0, 0] = 1 / s_l
    weights[:, 1, 1], weights[:, 1, 2] = cosine * stretch / s_c, sine / s_c
    weights[:, 2, 1], weights[:, 2, 2] = -sine * stretch / s_h, cosine / s_h
    return weights


@compiled
def _separate(
    goal_lab: Any,
    weights: Any,
    base: Any,
    films: Any,
    meets: Any,
    pairs: Any,
    ratios: Any,
    ink_lab: Any,
    matrix: Any,
    dark: Any,
    coverage: Any,
    caps: Any,
    grain: Any,
    ink: Any,
    lasting: Any,
    limit: Any,
    rounds: int,
    settle: int,
) -> None:
    """Gauss–Newton; inside each round coordinate descent on the linear model, place by place.

    meets: factors [n or 1, pens, 3] on the films. pairs: [m, 2], lower and upper pens that were measured on
    each other, by the upper ones, with ratios [m, 3].
    """
    pens = len(films)
    film = np.empty(3, np.float32)
    f = np.empty(3, np.float32)
    slope = np.empty(3, np.float32)
    step = np.empty((pens, 3), np.float32)
    size = np.empty(pens, np.float32)
    cost = np.empty(pens, np.float32)
    before = np.empty(pens, np.float32)
    jacobian = np.empty((3, 3), np.float32)
    lab_step = np.empty((3, 3), np.float32)
    through, pull = np.empty((pens, 3), np.float32), np.empty((pens, 3), np.float32)
    before_pair = np.empty((len(pairs), 3), np.float32)
    to_film = np.empty((pens, 3), np.float32)
    residual = np.empty(3, np.float32)
    for n in range(len(goal_lab)):
        a = coverage[n]
        for p in range(pens):
            # The eye sees grain by lightness first, and most where a dark line lies on a light ground.
            step_l = ink_lab[p, 0] - goal_lab[n, 0]
            far = step_l * step_l * (np.float32(1.5) if step_l < 0 else np.float32(1))
            for k in range(1, 3):
                far += np.float32(0.25) * (ink_lab[p, k] - goal_lab[n, k]) ** 2
            cost[p] = grain * far / np.float32(1e4) + ink + lasting
        price = np.float32(0)
        for turn in range(rounds):
            if turn == settle:
                # The pens are chosen: what they cost no longer pulls the colour towards the paper.
                # From a start that was settled before, others may still come in where they are worth it.
                for p in range(pens):
                    if a[p] > np.float32(0.02):
                        cost[p] = lasting
                    elif settle:
                        cost[p] = np.float32(1e6)
            for k in range(3):
                film[k] = base[n, k]
            # Each pen's film where it lies on the others, as `plotbot.ink.film.trapped` says.
            for p in range(pens):
                before[p] = a[p]
                for k in range(3):
                    through[p, k] = meets[n if len(meets) > 1 else 0, p, k]
            for m in range(len(pairs)):
                q, p = pairs[m]
                for k in range(3):
                    passed = a[q] * films[q, k] / (1 - a[q] * (1 - films[q, k]))
                    before_pair[m, k] = through[p, k]
                    through[p, k] += passed * (ratios[m, k] - through[p, k])
            for p in range(pens):
                for k in range(3):
                    film[k] *= 1 - a[p] * (1 - films[p, k] * through[p, k])
            for i in range(3):
                ratio = dark[i]
                for k in range(3):
                    ratio += matrix[i, k] * film[k]
                if ratio > _EPSILON:
                    f[i] = ratio ** np.float32(1 / 3)
                    slope[i] = f[i] / (3 * ratio)
                else:
                    f[i] = _SLOPE * ratio + np.float32(16 / 116)
                    slope[i] = _SLOPE
            d0 = 116 * f[1] - 16 - goal_lab[n, 0]
            d1 = 500 * (f[0] - f[1]) - goal_lab[n, 1]
            d2 = 200 * (f[1] - f[2]) - goal_lab[n, 2]
            for i in range(3):
                residual[i] = weights[n, i, 0] * d0 + weights[n, i, 1] * d1 + weights[n, i, 2] * d2
            for k in range(3):
                lab_step[0, k] = 116 * slope[1] * matrix[1, k]
                lab_step[1, k] = 500 * (slope[0] * matrix[0, k] - slope[1] * matrix[1, k])
                lab_step[2, k] = 200 * (slope[1] * matrix[1, k] - slope[2] * matrix[2, k])
            for i in range(3):
                for k in range(3):
                    total = np.float32(0)
                    for j in range(3):
                        total += weights[n, i, j] * lab_step[j, k]
                    jacobian[i, k] = total
            for p in range(pens):
                for k in range(3):
                    took = 1 - films[p, k] * through[p, k]
                    to_film[p, k] = -film[k] * took / (1 - a[p] * took)
                    pull[p, k] = film[k] * a[p] * films[p, k] / (1 - a[p] * took)
            for m in range(len(pairs) - 1, -1, -1):
                q, p = pairs[m]
                for k in range(3):
                    rest = 1 - a[q] * (1 - films[q, k])
                    passed = a[q] * films[q, k] / rest
                    change = ratios[m, k] - before_pair[m, k]
                    to_film[q, k] += pull[p, k] * change * films[q, k] / (rest * rest)
                    pull[p, k] *= 1 - passed
            for p in range(pens):
                size[p] = np.float32(1e-3)
                for i in range(3):
                    total = np.float32(0)
                    for k in range(3):
                        total += jacobian[i, k] * to_film[p, k]
                    step[p, i] = total
                    size[p] += total * total
            # A price on ink, raised while there is too much of it, meets the cap without locking pens
            # to one another as a stiff penalty would.
            over = np.float32(0)
            for p in range(pens):
                over += a[p]
            over -= caps[n]
            price = max(np.float32(0), price + _CAP_WEIGHT * over)
            reach = np.float32(0.5 if turn < 4 else 0.15)
            sum_a = np.float32(0)
            for p in range(pens):
                sum_a += a[p]
            moved = np.float32(0)
            for _ in range(6):
                for p in range(pens):
                    slope_p = cost[p] + price
                    for i in range(3):
                        slope_p += step[p, i] * residual[i]
                    curve = size[p]
                    if sum_a > caps[n]:
                        slope_p += _CAP_WEIGHT * (sum_a - caps[n])
                        curve += _CAP_WEIGHT
                    low = max(np.float32(0), before[p] - reach)
                    high = min(limit, before[p] + reach)
                    new = min(max(a[p] - slope_p / curve, low), high)
                    change = new - a[p]
                    if change != 0:
                        for i in range(3):
                            residual[i] += step[p, i] * change
                        sum_a += change
                        a[p] = new
                        moved = max(moved, abs(change))
            if turn > settle and moved < 0.004:
                break
