# ruff: noqa: PLR0912  (kernels take plain arrays, many of them)
"""Pens over paper on the CPU: compiled loops for what `plotbot.ink.film.compose` says, and their gradients.

Pairs that were measured have kernels of their own, so that they cost where they are known and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from plotbot.art.kernels import Array, array_of, jit, split, together
from plotbot.ink.film import known_below

__all__ = ["over_paper"]

_BANDS = 8  # fixed, so that sums over bands do not depend on the number of threads


def over_paper(
    touched: Tensor,
    bare: Tensor,
    transmittance: Tensor,
    opacity: Tensor,
    sequence: Sequence[int],
    pixels: int,
    trapping: Array | None = None,
) -> Tensor:
    """The pens over the paper in drawing order: [3, pixels], from what `ink_kernels.bare_share` gave.

    trapping: [pens, pens, 3], what was measured of pairs, as `plotbot.ink.film.compose` takes it; a constant.
    """
    pairs = None if trapping is None else _Pairs.of(trapping, sequence, bare)
    if pairs is not None and len(pairs.under):
        met: Tensor = _OverPairs.apply(touched, bare, transmittance, opacity, sequence, pixels, pairs)
        return met
    hides = opacity[:, None]
    takes, adds = 1 - (1 - hides) * transmittance, hides * transmittance
    image: Tensor = _OverPaper.apply(touched, bare, takes, adds, sequence, pixels)
    return image


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Measured pairs of pens by their places in the drawing order. The pen at place k lies on the pens at
    under[first[k]:first[k + 1]], with ratios [.., 3]."""

    first: Array
    under: Array
    ratio: Array

    @classmethod
    def of(cls, trapping: Array, sequence: Sequence[int], like: Tensor) -> _Pairs:
        """Those of a drawing order, in numbers of the kind of `like`."""
        ordered = trapping[np.ix_(sequence, sequence)]
        known = known_below(ordered)
        first = np.cumsum([0, *map(len, known)])
        places = [(one, over) for over, below in enumerate(known) for one in below]
        under = np.array([one for one, _ in places], np.int64)
        ratio = np.array([ordered[pair] for pair in places], array_of(like).dtype).reshape(-1, 3)
        return cls(first, under, ratio)


class _OverPaper(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        touched: Tensor,
        bare: Tensor,
        takes: Tensor,
        adds: Tensor,
        sequence: Sequence[int],
        pixels: int,
    ) -> Tensor:
        ctx.save_for_backward(touched, bare, takes, adds)
        ctx.sequence = np.asarray(sequence, np.int64)
        share = array_of(bare)
        image = np.ones((3, pixels), share.dtype)
        args = (array_of(touched), share, array_of(takes), array_of(adds), ctx.sequence, image)
        bands = split(len(share), torch.get_num_threads())
        together([partial(_compose_band, *args, *band) for band in bands])
        return torch.from_numpy(image)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        touched, bare, takes, adds = (array_of(saved) for saved in ctx.saved_tensors)
        grad_bare = np.empty_like(bare)
        bands = split(len(bare), _BANDS)
        grad_inks = np.zeros((len(bands), 2, *takes.shape))
        inks_wanted = ctx.needs_input_grad[2] or ctx.needs_input_grad[3]
        args = (touched, bare, takes, adds, ctx.sequence, array_of(grad), grad_bare, inks_wanted)

        def pull(inks: Array, low: int, high: int) -> None:
            _pull_band(*args, inks[0], inks[1], low, high)

        together([partial(pull, inks, *band) for inks, band in zip(grad_inks, bands, strict=True)])
        grad_takes, grad_adds = torch.from_numpy(grad_inks.sum(0).astype(bare.dtype))
        return None, torch.from_numpy(grad_bare), grad_takes, grad_adds, None, None


class _OverPairs(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        touched: Tensor,
        bare: Tensor,
        inks: Tensor,
        hides: Tensor,
        sequence: Sequence[int],
        pixels: int,
        pairs: _Pairs,
    ) -> Tensor:
        ctx.save_for_backward(touched, bare, inks, hides)
        ctx.sequence, ctx.pairs = np.asarray(sequence, np.int64), pairs
        share = array_of(bare)
        image = np.ones((3, pixels), share.dtype)
        args = (array_of(touched), share, array_of(inks), array_of(hides), ctx.sequence)
        known = (pairs.first, pairs.under, pairs.ratio)
        bands = split(len(share), torch.get_num_threads())
        together([partial(_compose_pairs, *args, *known, image, *band) for band in bands])
        return torch.from_numpy(image)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        touched, bare, inks, hides = (array_of(saved) for saved in ctx.saved_tensors)
        pairs: _Pairs = ctx.pairs
        grad_bare = np.empty_like(bare)
        bands = split(len(bare), _BANDS)
        grad_inks = np.zeros((len(bands), *inks.shape))
        args = (touched, bare, inks, hides, ctx.sequence, pairs.first, pairs.under, pairs.ratio)

        def pull(own: Array, low: int, high: int) -> None:
            _pull_pairs(*args, array_of(grad), grad_bare, own, low, high)

        together([partial(pull, own, *band) for own, band in zip(grad_inks, bands, strict=True)])
        to_inks = torch.from_numpy(grad_inks.sum(0).astype(bare.dtype))
        return None, torch.from_numpy(grad_bare), to_inks, None, None, None, None


_BLOCK = 64  # rows composed side by side, so that the loops over them run in vector registers


@jit
def _compose_band(
    touched: Array,
    bare: Array,
    takes: Array,
    adds: Array,
    sequence: Array,
    image: Array,
    low: int,
    high: int,
) -> None:
    """Each pen in turn makes `below` in rows [low, high) into below - a · (takes · below - adds)."""
    one = bare.dtype.type(1.0)
    value, cover = np.empty((3, _BLOCK), bare.dtype), np.empty(_BLOCK, bare.dtype)
    for start in range(low, high, _BLOCK):
        rows = min(_BLOCK, high - start)
        value[:] = one
        for p in sequence:
            for j in range(rows):
                cover[j] = one - bare[start + j, p]
            for i in range(3):
                take, add, below = takes[p, i], adds[p, i], value[i]
                for j in range(rows):
                    below[j] -= cover[j] * (take * below[j] - add)
        for i in range(3):
            for j in range(rows):
                image[i, touched[start + j]] = value[i, j]


@jit
def _pull_band(
    touched: Array,
    bare: Array,
    takes: Array,
    adds: Array,
    sequence: Array,
    grad: Array,
    grad_bare: Array,
    inks_wanted: bool,
    grad_takes: Array,
    grad_adds: Array,
    low: int,
    high: int,
) -> None:
    """Carry the gradient of the image back to the bare shares and to what the pens take and add."""
    one = bare.dtype.type(1.0)
    pens = sequence.shape[0]
    cover, value = np.empty((pens, _BLOCK), bare.dtype), np.empty((pens + 1, 3, _BLOCK), bare.dtype)
    pull, to_cover = np.empty((3, _BLOCK), bare.dtype), np.empty(_BLOCK, bare.dtype)
    for start in range(low, high, _BLOCK):
        rows = min(_BLOCK, high - start)
        value[0] = one
        for n in range(pens):
            p, a = sequence[n], cover[n]
            for j in range(rows):
                a[j] = one - bare[start + j, p]
            for i in range(3):
                take, add, below, above = takes[p, i], adds[p, i], value[n, i], value[n + 1, i]
                for j in range(rows):
                    above[j] = below[j] - a[j] * (take * below[j] - add)
        for i in range(3):
            for j in range(rows):
                pull[i, j] = grad[i, touched[start + j]]
        for n in range(pens - 1, -1, -1):
            p, a = sequence[n], cover[n]
            to_cover[:] = 0.0
            for i in range(3):
                take, add, below, back = takes[p, i], adds[p, i], value[n, i], pull[i]
                if inks_wanted:
                    for j in range(rows):
                        grad_takes[p, i] -= a[j] * back[j] * below[j]
                        grad_adds[p, i] += a[j] * back[j]
                for j in range(rows):
                    to_cover[j] += back[j] * (take * below[j] - add)
                    back[j] -= a[j] * take * back[j]
            for j in range(rows):
                grad_bare[start + j, p] = to_cover[j]


@jit
def _see(
    place: int, stage: int, rows: int, cover: Array, hides: Array, films: Array, shown: Array, passed: Array
) -> None:
    """Of the pen at `place`, once all pens before `stage` are laid: the share of each row that it covers and
    that still shows, and of the light from below in each band, the share that came through it."""
    for j in range(rows):
        shown[place, j] = cover[place, j]
    for later in range(place + 1, stage):
        if hides[later] > 0:
            for j in range(rows):
                shown[place, j] *= 1 - cover[later, j] * hides[later]
    for i in range(3):
        other = films[place, i]
        for j in range(rows):
            passed[place, i, j] = shown[place, j] * other / (1 - shown[place, j] * (1 - other))


@jit
def _compose_pairs(
    touched: Array,
    bare: Array,
    inks: Array,
    hides: Array,
    sequence: Array,
    first: Array,
    under: Array,
    ratio: Array,
    image: Array,
    low: int,
    high: int,
) -> None:
    """As `_compose_band`, with measured pairs: see `plotbot.ink.film`."""
    one = bare.dtype.type(1.0)
    pens = sequence.shape[0]
    films, hiding = inks[sequence], hides[sequence]
    value, meet = np.empty((3, _BLOCK), bare.dtype), np.empty(_BLOCK, bare.dtype)
    cover, shown = np.empty((pens, _BLOCK), bare.dtype), np.empty((pens, _BLOCK), bare.dtype)
    passed = np.empty((pens, 3, _BLOCK), bare.dtype)
    for start in range(low, high, _BLOCK):
        rows = min(_BLOCK, high - start)
        value[:] = one
        for n in range(pens):
            for j in range(rows):
                cover[n, j] = one - bare[start + j, sequence[n]]
            for i in range(3):
                film, hide, below = films[n, i], hiding[n], value[i]
                meet[:] = one
                for k in range(first[n], first[n + 1]):
                    wanted, through = ratio[k, i], passed[under[k], i]
                    for j in range(rows):
                        meet[j] += through[j] * (wanted - meet[j])
                for j in range(rows):
                    solid = film * meet[j] * (below[j] * (one - hide) + hide)
                    below[j] += cover[n, j] * (solid - below[j])
            for place in range(n if hiding[n] == 0 else 0, n + 1):
                _see(place, n + 1, rows, cover, hiding, films, shown, passed)
        for i in range(3):
            for j in range(rows):
                image[i, touched[start + j]] = value[i, j]


@jit
def _pull_pairs(
    touched: Array,
    bare: Array,
    inks: Array,
    hides: Array,
    sequence: Array,
    first: Array,
    under: Array,
    ratio: Array,
    grad: Array,
    grad_bare: Array,
    grad_inks: Array,
    low: int,
    high: int,
) -> None:
    """Carry the gradient of the image back to the bare shares and to the inks."""
    one = bare.dtype.type(1.0)
    pens = sequence.shape[0]
    films, hiding = inks[sequence], hides[sequence]
    value = np.empty((pens + 1, 3, _BLOCK), bare.dtype)
    meet = np.empty((len(under) + pens, 3, _BLOCK), bare.dtype)  # before each pair, and after a pen's last
    cover, shown = np.empty((pens, _BLOCK), bare.dtype), np.empty((pens, _BLOCK), bare.dtype)
    passed, to_passed = np.empty((pens, 3, _BLOCK), bare.dtype), np.empty((pens, 3, _BLOCK), bare.dtype)
    to_cover, to_shown = np.empty((pens, _BLOCK), bare.dtype), np.empty((pens, _BLOCK), bare.dtype)
    pull, to_meet = np.empty((3, _BLOCK), bare.dtype), np.empty(_BLOCK, bare.dtype)
    for start in range(low, high, _BLOCK):
        rows = min(_BLOCK, high - start)
        value[0] = one
        for n in range(pens):
            for j in range(rows):
                cover[n, j] = one - bare[start + j, sequence[n]]
            for i in range(3):
                film, hide, below, above = films[n, i], hiding[n], value[n, i], value[n + 1, i]
                meet[first[n] + n, i] = one
                for k in range(first[n], first[n + 1]):
                    wanted, through = ratio[k, i], passed[under[k], i]
                    before, after = meet[k + n, i], meet[k + n + 1, i]
                    for j in range(rows):
                        after[j] = before[j] + through[j] * (wanted - before[j])
                last = meet[first[n + 1] + n, i]
                for j in range(rows):
                    solid = film * last[j] * (below[j] * (one - hide) + hide)
                    above[j] = below[j] + cover[n, j] * (solid - below[j])
            for place in range(n if hiding[n] == 0 else 0, n + 1):
                _see(place, n + 1, rows, cover, hiding, films, shown, passed)
        to_cover[:], to_shown[:], to_passed[:] = 0, 0, 0
        for i in range(3):
            for j in range(rows):
                pull[i, j] = grad[i, touched[start + j]]
        for n in range(pens - 1, -1, -1):
            # Back to where this pen was not laid yet, and hid nothing.
            for place in range(n if hiding[n] == 0 else 0, n + 1):
                for i in range(3):
                    other, total = films[place, i], 0.0
                    for j in range(rows):
                        rest = one - shown[place, j] * (one - other)
                        slope = to_passed[place, i, j] / (rest * rest)
                        to_shown[place, j] += slope * other
                        total += slope * shown[place, j] * (one - shown[place, j])
                        to_passed[place, i, j] = 0
                    grad_inks[sequence[place], i] += total
                if place < n:
                    _see(place, n, rows, cover, hiding, films, shown, passed)
                    for j in range(rows):
                        to_cover[n, j] -= to_shown[place, j] * shown[place, j] * hiding[n]
                        to_shown[place, j] *= one - cover[n, j] * hiding[n]
            for i in range(3):
                film, hide, below, back = films[n, i], hiding[n], value[n, i], pull[i]
                last, total = meet[first[n + 1] + n, i], 0.0
                for j in range(rows):
                    a, mixed = cover[n, j], below[j] * (one - hide) + hide
                    through_all = film * last[j]
                    to_cover[n, j] += back[j] * (through_all * mixed - below[j])
                    total += back[j] * a * mixed * last[j]
                    to_meet[j] = back[j] * a * mixed * film
                    back[j] *= one - a + a * through_all * (one - hide)
                grad_inks[sequence[n], i] += total
                for k in range(first[n + 1] - 1, first[n] - 1, -1):
                    wanted, before = ratio[k, i], meet[k + n, i]
                    through, to_through = passed[under[k], i], to_passed[under[k], i]
                    for j in range(rows):
                        to_through[j] += to_meet[j] * (wanted - before[j])
                        to_meet[j] *= one - through[j]
            for j in range(rows):
                grad_bare[start + j, sequence[n]] = -to_cover[n, j] - to_shown[n, j]
