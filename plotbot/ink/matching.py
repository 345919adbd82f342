"""How near inks come to the colours that are wanted, which ink is missing, and which few are enough.

What a tin can reach is searched among hatchings of up to three of its inks that cross (a fourth ink makes
only darker colours that two of three make as well, but for a few), on a grid of coverages, and refined from
there. Colours are Lab on the paper; inks are films (`plotbot.ink.film`) and translucent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.ink.film import compose, film_to_lab
from plotbot.ink.spaces import delta_e00, lab_to_oklab, oklab_to_lab, srgb_uint8

__all__ = [
    "Addition",
    "Difference",
    "Match",
    "Region",
    "best_addition",
    "choose_few",
    "choose_inks",
    "heat_map",
    "match_colours",
    "palette_of",
    "reachable",
]

Floats = npt.NDArray[Any]

_LEVELS = np.array([0.0, 0.12, 0.3, 0.55, 0.78, 0.92, 1.0])
_NEAREST, _STARTS = 64, 4
_REFINE_ROUNDS = 5
_POLISH_STEPS = (0.06, 0.02, 0.006, 0.002)
_MOST_INKS, _MOST_CANDIDATES = 64, 1024
_MISSED, _USEFUL = 48, 12
_CHUNK = 400_000
_HEAT_DE = 20.0
"""ΔE00 at which the heat map is at its hottest."""

_ALIKE_DE = 8.0
"""A colour so near to one that was named already is not named again."""

_REGION_SHARE = 0.12
"""Side of a region, as a share of the picture's longer side."""


@dataclass(frozen=True, slots=True)
class Difference:
    """ΔE00 over a picture."""

    mean: float
    p95: float

    @classmethod
    def of(cls, apart: Floats) -> Difference:
        return cls(float(np.mean(apart)), float(np.percentile(apart, 95)))


@dataclass(frozen=True, slots=True)
class Region:
    """Where a picture is farthest off: its box (left, top, right, bottom; in pixels unless said), mean ΔE00
    there, and the mean Labs of what is wanted and of what there is."""

    box: tuple[float, float, float, float]
    apart: float
    wanted: tuple[float, float, float]
    found: tuple[float, float, float]

    def within(self, box: tuple[float, float, float, float], size_px: tuple[int, int]) -> Region:
        """The same with its box in the units of `box`, which a picture of that width and height fills."""
        (left, top), (width, height) = box[:2], (box[2] - box[0], box[3] - box[1])
        x0, x1 = (left + x / size_px[0] * width for x in self.box[::2])
        y0, y1 = (top + y / size_px[1] * height for y in self.box[1::2])
        return replace(self, box=(x0, y0, x1, y1))


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """Target against reachable against planned colours. tin: what no drawing with these inks can mend;
    planned: what the drawing is off in all, None where none was given. reachable: Labs [H, W, 3]. apart: ΔE00
    [H, W] of the planned colour, or else of the reachable one. missed: where the inks are farthest off, the
    worst first; worst: where the planned colour is, or else the same."""

    tin: Difference
    planned: Difference | None
    reachable: Floats
    apart: Floats
    missed: tuple[Region, ...]
    worst: tuple[Region, ...]


@dataclass(frozen=True, slots=True)
class Addition:
    """The ink that would help most: its number among the candidates, and mean ΔE00 without and with it."""

    ink: int
    before: float
    after: float


def match_colours(
    target: Floats,
    films: npt.ArrayLike,
    paper_lab: npt.ArrayLike,
    planned: Floats | None = None,
    *,
    n: float = 1.0,
    regions: int = 3,
    trapping: Floats | None = None,
) -> Match:
    """Judge a picture of Labs [H, W, 3] that inks of films [p, 3] are to draw.

    planned: Labs [H, W, 3] of the drawing, both seen from a distance (low-passed) at the same scale. Give
    small pictures, some ten thousand pixels: differences are between places, not between grains of paper.
    """
    # Places whose colours nobody could tell apart are searched for once.
    colours, place = np.unique(np.round(target.reshape(-1, 3), 1), axis=0, return_inverse=True)
    found = reachable(colours, films, paper_lab, n=n, trapping=trapping)[0][place.ravel()].reshape(
        target.shape
    )
    best = np.asarray(delta_e00(found, target))
    missed = _worst(best, target, found, regions, alike=_ALIKE_DE)
    if planned is None:
        return Match(Difference.of(best), None, found, best, missed, missed)
    apart = np.asarray(delta_e00(planned, target))
    worst = _worst(apart, target, planned, regions)
    return Match(Difference.of(best), Difference.of(apart), found, apart, missed, worst)


def reachable(
    target: npt.ArrayLike,
    films: npt.ArrayLike,
    paper_lab: npt.ArrayLike,
    *,
    n: float = 1.0,
    trapping: Floats | None = None,
) -> tuple[Floats, Floats]:
    """The nearest colours that inks reach: Labs [m, 3] and coverages [m, p] for targets [m, 3].

    films: [p, 3] of the inks, in drawing order. n: Yule and Nielsen's factor of the hatching, trapping: what
    was measured of pairs (see `compose`).
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415

    wanted = np.asarray(target, dtype=float).reshape(-1, 3)
    inks = _Inks(_checked(films), paper_lab, n, trapping)
    few = _few(len(inks))
    mixed = inks.of(few[:, None]).mixed(_grid(few.shape[1]))
    once = _once(few, len(inks))
    colours = film_to_lab(mixed.reshape(-1, 3)[once], paper_lab)
    place = np.asarray(cKDTree(_even(colours)).query(_even(wanted), k=min(_NEAREST, len(colours)))[1])
    place = place.reshape(len(wanted), -1)
    # The nearest by an even distance is not always nearest in ΔE00: several are refined.
    order = np.argsort(delta_e00(colours[place], wanted[:, None]), axis=1)[:, :_STARTS]
    starts = np.take_along_axis(place, order, axis=1).ravel()
    which, level = np.divmod(once[starts], mixed.shape[1])
    repeated = wanted.repeat(order.shape[1], axis=0)
    labs, cover = _refined(repeated, inks.of(few[which]), _grid(few.shape[1])[level])
    apart = np.asarray(delta_e00(labs, repeated)).reshape(len(wanted), -1)
    best = np.arange(len(wanted)) * order.shape[1] + np.argmin(apart, axis=1)
    chosen = few[which[best]]
    labs, cover = _polished(wanted, inks.of(chosen), cover[best])
    coverage = np.zeros((len(wanted), len(inks)))
    np.add.at(coverage, (np.arange(len(wanted))[:, None], chosen), cover)
    return labs, coverage


def best_addition(
    target: npt.ArrayLike,
    weights: npt.ArrayLike,
    films: npt.ArrayLike,
    candidates: npt.ArrayLike,
    paper_lab: npt.ArrayLike,
    *,
    trapping: Floats | None = None,
) -> Addition:
    """Which one of the candidate films [c, 3] would bring targets [m, 3] of these weights [m] nearest, added
    to films [p, 3] whose pairs were measured as `trapping` says. Raises `BadInput` where there is no
    candidate."""
    wanted, share = _palette(target, weights)
    own, others = _checked(films), _checked(candidates, _MOST_CANDIDATES)
    labs, coverage = reachable(wanted, own, paper_lab, trapping=trapping)
    now = np.asarray(delta_e00(labs, wanted))
    before = float(share @ now)
    # Only colours that are missed can gain, and a new ink mixes with those that come near them already.
    missed = np.argsort(-share * now)[:_MISSED]
    useful = np.sort(np.argsort(-(share * now) @ coverage)[:_USEFUL])
    few = _few(len(useful) + 1)
    few = few[few[:, -1] == len(useful)]  # what is new: mixtures with the added ink
    pairs = None if trapping is None else np.ones((len(useful) + 1, len(useful) + 1, 3))
    if pairs is not None and trapping is not None:
        pairs[:-1, :-1] = trapping[np.ix_(useful, useful)]
    quick = []
    for other in others:
        inks = _Inks(np.concatenate([own[useful], other[None]]), paper_lab, 1.0, pairs)
        added = _quick_errors(wanted[missed], inks, few).min(axis=0)
        quick.append(float(share[missed] @ np.minimum(now[missed], added)))
    # The grid is too coarse to tell the best few apart: they are looked at closely.
    closest = np.argsort(quick)[:3]
    after = []
    for one in closest:
        near = _errors(wanted, _Inks(np.concatenate([own[useful], others[[one]]]), paper_lab, 1.0, pairs))
        after.append(float(share @ np.minimum(now, near)))
    best = int(np.argmin(after))
    return Addition(int(closest[best]), before, after[best])


def choose_inks(
    target: npt.ArrayLike,
    weights: npt.ArrayLike,
    films: npt.ArrayLike,
    paper_lab: npt.ArrayLike,
    count: int,
    *,
    trapping: Floats | None = None,
) -> tuple[list[int], float]:
    """The `count` inks of films [p, 3] that come nearest to targets [m, 3] of these weights [m], best first,
    and the mean ΔE00 they leave.

    Inks are added one by one, or left out one by one, then exchanged as long as that helps; each step judges
    all mixtures of the chosen inks, by grid, and the result is refined.
    """
    inks = _Inks(_checked(films), paper_lab, 1.0, trapping)
    if not 1 <= count <= len(inks):
        raise BadInput(f"{count} pens cannot be chosen of {len(inks)}; ask for 1 to {len(inks)}.")
    wanted, share = _palette(target, weights)
    errors, members = [], []
    for size in range(1, min(3, count) + 1):
        few = _few(len(inks), size)
        errors.append(_quick_errors(wanted, inks, few))
        members.append((few[..., None] == np.arange(len(inks))).any(axis=1))
    error, member = np.concatenate(errors), np.concatenate(members)
    bare = np.asarray(delta_e00(wanted, np.asarray(paper_lab, dtype=float)))

    def left(chosen: Sequence[int]) -> float:
        outside = np.ones(len(inks), dtype=bool)
        outside[list(chosen)] = False
        usable = ~member[:, outside].any(axis=1)
        return float(share @ np.minimum(error[usable].min(axis=0, initial=np.inf), bare))

    if count == len(inks):
        return list(range(count)), float(share @ _errors(wanted, inks))
    # Inks work in company, so that one by one is not always the way to the best few; from many that are
    # used much, the least needed go one by one, and the better end counts.
    use = share @ member[np.argmin(error, axis=0)]
    ends = []
    useful = np.argsort(-use, kind="stable")[: max(_USEFUL, count)].tolist()
    for start in (_added(left, len(inks), count), _left_over(left, useful, count)):
        chosen = _exchanged(left, len(inks), start)
        ends.append((float(share @ _errors(wanted, inks.of(np.sort(chosen)))), chosen))
    mean, chosen = min(ends)
    return chosen, mean


def choose_few(apart: Floats, weights: Floats, count: int) -> tuple[list[int], float]:
    """The `count` rows of differences [p, m] whose least are smallest, by columns of these weights [m]; best
    first. For colours that are drawn with one ink each. Returns the rows and the mean difference left."""
    share = weights / weights.sum()

    def left(chosen: Sequence[int]) -> float:
        return float(share @ apart[list(chosen)].min(axis=0))

    chosen = _exchanged(left, len(apart), _added(left, len(apart), count))
    return chosen, left(chosen)


@dataclass(frozen=True, slots=True, eq=False)
class _Inks:
    """films: [..., p, 3] in drawing order, trapping: [..., p, p, 3] or None, on a paper, with Yule and
    Nielsen's n."""

    films: Floats
    paper_lab: npt.ArrayLike
    n: float
    trapping: Floats | None

    def __len__(self) -> int:
        return len(self.films)

    def of(self, few: npt.NDArray[np.intp]) -> _Inks:
        """Choices of the inks, ascending indices [..., k]: one set of k for each."""
        pairs = None if self.trapping is None else self.trapping[few[..., :, None], few[..., None, :]]
        return replace(self, films=self.films[few], trapping=pairs)

    def mixed(self, cover: Floats) -> Floats:
        """Films [..., 3] of coverages [..., k]."""
        whole = np.broadcast_shapes(cover.shape[:-1], self.films.shape[:-2])
        coverage = np.broadcast_to(cover, (*whole, cover.shape[-1]))
        return np.asarray(compose(coverage, self.films, n=self.n, trapping=self.trapping))

    def colour(self, cover: Floats) -> Floats:
        """Labs [m, 3] of coverages [m, k]."""
        return np.asarray(film_to_lab(self.mixed(cover), self.paper_lab))


def _added(left: Callable[[Sequence[int]], float], of: int, count: int) -> list[int]:
    """So many numbers under `of`, each the one that leaves least with those before it."""
    chosen: list[int] = []
    while len(chosen) < count:
        rest = [one for one in range(of) if one not in chosen]
        chosen.append(min(rest, key=lambda one: left([*chosen, one])))
    return chosen


def _left_over(left: Callable[[Sequence[int]], float], useful: list[int], count: int) -> list[int]:
    """So many of these, after those went that were needed least; they come in the order of their use."""
    chosen = list(useful)
    while len(chosen) > count:
        chosen.remove(min(chosen, key=lambda one: left([other for other in chosen if other != one])))
    return chosen


def _exchanged(left: Callable[[Sequence[int]], float], of: int, start: list[int]) -> list[int]:
    """Chosen numbers after exchanging them, one at a time, for others under `of` as long as that helps."""
    chosen, best = list(start), left(start)
    improved = True
    while improved:
        improved = False
        for place in range(len(chosen)):
            for one in range(of):
                if one in chosen:
                    continue
                other = [*chosen[:place], one, *chosen[place + 1 :]]
                if (error := left(other)) < best - 1e-6:
                    chosen, best, improved = other, error, True
    return chosen


def palette_of(target: Floats, most: int = 96, seed: int = 0) -> tuple[Floats, Floats]:
    """The colours of a picture of Labs [..., 3]: at most so many, [m, 3], and the share of each, [m]."""
    from scipy.cluster.vq import kmeans2  # noqa: PLC0415

    points = lab_to_oklab(np.asarray(target, dtype=float).reshape(-1, 3))
    if len(points) > 20_000:
        points = points[np.random.default_rng(seed).choice(len(points), 20_000, replace=False)]
    distinct = np.unique(np.round(points, 3), axis=0)
    if len(distinct) <= most:
        centres = distinct
        nearest = np.argmin(((points[:, None] - centres) ** 2).sum(-1), axis=1)
    else:
        centres, nearest = kmeans2(points, most, iter=12, minit="++", seed=np.random.default_rng(seed))
    size = np.bincount(nearest, minlength=len(centres))
    full = size > 0
    return oklab_to_lab(centres[full]), size[full] / size.sum()


def heat_map(apart: Floats) -> npt.NDArray[np.uint8]:
    """ΔE00 [H, W] as a picture [H, W, 3]: pale where nothing is off, through yellow to dark red at 20."""
    stops = np.array([0.0, 0.1, 0.3, 0.6, 1.0])
    colours = np.array(
        [[0.97, 0.97, 0.97], [0.99, 0.95, 0.72], [0.99, 0.75, 0.30], [0.89, 0.29, 0.16], [0.40, 0.0, 0.13]]
    )
    heat = np.clip(np.asarray(apart, dtype=float) / _HEAT_DE, 0, 1)
    return srgb_uint8(np.stack([np.interp(heat, stops, colours[:, band]) for band in range(3)], axis=-1))


def _checked(films: npt.ArrayLike, most: int = _MOST_INKS) -> Floats:
    inks = np.asarray(films, dtype=float).reshape(-1, 3)
    if not 1 <= len(inks) <= most:
        raise BadInput(f"{len(inks)} pens cannot be matched; use 1 to {most}, not fluorescent ones.")
    return inks


def _palette(target: npt.ArrayLike, weights: npt.ArrayLike) -> tuple[Floats, Floats]:
    wanted, share = np.asarray(target, dtype=float).reshape(-1, 3), np.asarray(weights, dtype=float).ravel()
    if len(wanted) != len(share) or not len(share) or not share.sum() > 0 or share.min() < 0:
        raise BadInput("Colours to match need a weight each, at least 0 and not all 0.")
    return wanted, share / share.sum()


def _few(count: int, size: int = 3) -> npt.NDArray[np.intp]:
    """Every choice of three (`size`) of so many inks, as rows; of all where there are fewer."""
    return np.array(list(combinations(range(count), min(size, count))), dtype=np.intp)


def _grid(inks: int) -> Floats:
    """All combinations of the levels, [levels ** inks, inks]."""
    return np.stack(np.meshgrid(*[_LEVELS] * inks, indexing="ij"), axis=-1).reshape(-1, inks)


def _once(few: npt.NDArray[np.intp], inks: int) -> npt.NDArray[np.intp]:
    """Places of the grid's mixtures, without those that another choice of inks has too (some at nothing)."""
    mark = np.random.default_rng(0).integers(1, 2**62, (inks, len(_LEVELS)), dtype=np.uint64)
    mark[:, 0] = 0
    levels = np.searchsorted(_LEVELS, _grid(few.shape[1]))
    total = np.zeros((len(few), len(levels)), dtype=np.uint64)
    for column in range(few.shape[1]):
        total += mark[few[:, column]][:, levels[:, column]]
    return np.sort(np.unique(total.ravel(), return_index=True)[1])


def _quick_errors(wanted: Floats, inks: _Inks, few: npt.NDArray[np.intp]) -> Floats:
    """ΔE00 [choices, m] of the grid's mixture that is about nearest to each target."""
    meant = _even(wanted)
    errors = np.empty((len(few), len(wanted)))
    size = max(1, _CHUNK // len(_LEVELS) ** few.shape[1])
    for start in range(0, len(few), size):
        part = few[start : start + size]
        colours = film_to_lab(inks.of(part[:, None]).mixed(_grid(few.shape[1])), inks.paper_lab)
        seen = _even(colours)
        far = (seen**2).sum(-1)[..., None] - 2 * seen @ meant.T  # and |meant|², which decides nothing
        nearest = np.argmin(far, axis=1)  # [choices, m]
        errors[start : start + size] = delta_e00(colours[np.arange(len(part))[:, None], nearest], wanted)
    return errors


def _errors(wanted: Floats, inks: _Inks) -> Floats:
    """ΔE00 [m] of what inks reach to each target."""
    found = reachable(wanted, inks.films, inks.paper_lab, trapping=inks.trapping)[0]
    return np.asarray(delta_e00(found, wanted))


def _refined(wanted: Floats, inks: _Inks, start: Floats) -> tuple[Floats, Floats]:
    """Gauss-Newton in the terms of ΔE00 from coverages `start` [m, k] of k inks for each; steps that do not
    help are shortened. Returns Labs [m, 3] and coverages [m, k]."""
    cover = start.copy()
    labs = inks.colour(cover)
    apart = np.asarray(delta_e00(labs, wanted))
    terms = _terms(wanted)
    reach = np.full(len(wanted), 0.25)
    for _ in range(_REFINE_ROUNDS):
        slopes = []
        for column in range(cover.shape[1]):
            moved = cover.copy()
            step = np.where(cover[:, column] > 0.5, -1e-3, 1e-3)
            moved[:, column] += step
            slopes.append((inks.colour(moved) - labs) / step[:, None])
        jacobian = terms @ np.stack(slopes, axis=-1)
        missing = terms @ (wanted - labs)[..., None]
        change = _step(jacobian, missing)
        # An ink that would go below nothing or beyond all stays, and the others make do without it.
        stuck = ((cover <= 0) & (change < 0)) | ((cover >= 1) & (change > 0))
        change = _step(jacobian * ~stuck[:, None], missing)
        change = np.clip(change, -reach[:, None], reach[:, None])
        tried = np.clip(cover + change, 0, 1)
        tried_labs = inks.colour(tried)
        tried_apart = np.asarray(delta_e00(tried_labs, wanted))
        better = tried_apart < apart
        cover[better], labs[better], apart[better] = tried[better], tried_labs[better], tried_apart[better]
        reach = np.where(better, reach, reach / 3)
    return labs, cover


def _polished(wanted: Floats, inks: _Inks, start: Floats) -> tuple[Floats, Floats]:
    """As `_refined`, by small steps of one ink at a time: right at the bounds and where blues turn."""
    cover = start.copy()
    labs = inks.colour(cover)
    apart = np.asarray(delta_e00(labs, wanted))
    for size in _POLISH_STEPS:
        for _ in range(2):
            for column in range(cover.shape[1]):
                for step in (size, -size):
                    tried = cover.copy()
                    tried[:, column] = np.clip(tried[:, column] + step, 0, 1)
                    tried_labs = inks.colour(tried)
                    tried_apart = np.asarray(delta_e00(tried_labs, wanted))
                    better = tried_apart < apart
                    cover[better], labs[better] = tried[better], tried_labs[better]
                    apart = np.minimum(apart, tried_apart)
    return labs, cover


def _step(jacobian: Floats, missing: Floats) -> Floats:
    normal = np.swapaxes(jacobian, 1, 2) @ jacobian + 1e-3 * np.eye(jacobian.shape[2])
    return np.asarray(np.linalg.solve(normal, np.swapaxes(jacobian, 1, 2) @ missing)[..., 0])


def _even(lab: Floats) -> Floats:
    """Labs [..., 3] where straight distances are nearly ΔE00, large ones too: a* stretched and chroma
    compressed as CIEDE2000 does (its S_C, integrated; the idea of DIN99, Cui et al. 2002)."""
    seventh = np.hypot(lab[..., 1], lab[..., 2]) ** 7
    a = lab[..., 1] * (1.5 - 0.5 * np.sqrt(seventh / (seventh + 25.0**7)))
    chroma = np.maximum(np.hypot(a, lab[..., 2]), 1e-9)
    shrink = np.log1p(0.045 * chroma) / (0.045 * chroma)
    return np.stack([lab[..., 0], a * shrink, lab[..., 2] * shrink], axis=-1)


def _terms(lab: Floats) -> Floats:
    """Matrices [m, 3, 3] from small differences of Lab at `lab` [m, 3] to the terms of lightness, chroma and
    hue whose squares CIEDE2000 adds up; without its rotation of blues (Sharma, Wu and Dalal 2005)."""
    lightness, a, b = lab.T
    seventh = np.hypot(a, b) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(seventh / (seventh + 25.0**7))
    chroma, hue = np.hypot(a * stretch, b), np.arctan2(b, a * stretch)
    offset = (lightness - 50) ** 2
    by_lightness = 1 + 0.015 * offset / np.sqrt(20 + offset)
    t = (
        1
        - 0.17 * np.cos(hue - np.pi / 6)
        + 0.24 * np.cos(2 * hue)
        + 0.32 * np.cos(3 * hue + np.pi / 30)
        - 0.20 * np.cos(4 * hue - 63 * np.pi / 180)
    )
    by_chroma, by_hue = 1 + 0.045 * chroma, 1 + 0.015 * chroma * t
    terms = np.zeros((len(lab), 3, 3))
    terms[:, 0, 0] = 1 / by_lightness
    terms[:, 1, 1], terms[:, 1, 2] = np.cos(hue) * stretch / by_chroma, np.sin(hue) / by_chroma
    terms[:, 2, 1], terms[:, 2, 2] = -np.sin(hue) * stretch / by_hue, np.cos(hue) / by_hue
    return terms


def _worst(
    apart: Floats, target: Floats, found: Floats, count: int, alike: float = 0.0
) -> tuple[Region, ...]:
    """The regions with the largest mean, none over another. What is to look like an earlier one, within
    `alike` (ΔE00), counts for nothing in later ones."""
    from scipy.ndimage import uniform_filter  # noqa: PLC0415

    height, width = apart.shape
    side = max(1, round(_REGION_SHARE * max(height, width)))
    tall, wide = min(side, height), min(side, width)
    top_most, left_most = height - tall, width - wide
    taken = np.zeros((top_most + 1, left_most + 1), dtype=bool)
    left_over = apart.astype(float)
    regions: list[Region] = []
    while len(regions) < count and not taken.all():
        mean = uniform_filter(left_over, (tall, wide), mode="nearest")
        mean = mean[tall // 2 : tall // 2 + top_most + 1, wide // 2 : wide // 2 + left_most + 1]
        top, left = np.unravel_index(int(np.argmax(np.where(taken, -1.0, mean))), mean.shape)
        box = np.s_[top : top + tall, left : left + wide]
        wanted = target[box].reshape(-1, 3).mean(axis=0)
        there = tuple(float(value) for value in found[box].reshape(-1, 3).mean(axis=0))
        edges = (int(left), int(top), int(left + wide), int(top + tall))
        regions.append(Region(edges, float(apart[box].mean()), tuple(wanted.tolist()), there))  # type: ignore[arg-type]
        taken[max(0, top - tall + 1) : top + tall, max(0, left - wide + 1) : left + wide] = True
        if alike:
            left_over[delta_e00(target, wanted) < alike] = 0.0
    return tuple(regions)
