"""Which ink each stroke is drawn with, while that is still open and once it is decided.

``pens``: every stroke holds logits over the pens of the tin; a softmax that gets spikier as time goes
on turns them into a mixture of real inks, and a penalty pushes each stroke to make up its mind.
``learn``: every stroke has a colour of its own; in the end k-means in Lab, weighted by ink, finds a few
colours among them, and each of those the nearest pen by CIEDE2000.
``mono``: one pen, nothing to choose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from plotbot.art.artwork import Quantisation
from plotbot.art.ink_renderer import BareShare, Canvas, render
from plotbot.errors import BadInput
from plotbot.ink.coverage import pixel_n
from plotbot.ink.film import compose
from plotbot.pens.ink_set import InkSet
from plotbot.pens.model import Pen

__all__ = ["Inking", "Inks", "Palette", "PenChoice", "darkest", "one_pen_each"]

FIRST_SPIKINESS, LAST_SPIKINESS = 1.0, 10.0


@dataclass(frozen=True)
class Inking:
    """What strokes are drawn with at one moment; they may be mixtures.

    transmittance: [N, 3] of each stroke's ink by itself. width_mm: [N]. drawn: [N] in 0..1, how much of
    a stroke is there. entropy: how undecided strokes are about their pen, mean in bits; not a number
    where no pens are chosen.
    """

    transmittance: Tensor
    width_mm: Tensor
    drawn: Tensor
    entropy: Tensor


@dataclass(frozen=True)
class Inks:
    """Pens as tensors: what the renderer needs to know of them. P pens.

    laid: the pens and their paper. bare_share: another renderer's coverage, in the place of plotbot's own.
    """

    laid: InkSet
    width_mm: Tensor
    transmittance: Tensor
    opacity: Tensor
    bare_share: BareShare | None = None

    @classmethod
    def of(cls, laid: InkSet, device: str, bare_share: BareShare | None = None) -> Inks:
        """The tensors of these pens on their paper."""

        def tensor(values: object) -> Tensor:
            return torch.as_tensor(np.asarray(values), dtype=torch.float32, device=device)

        return cls(
            laid,
            tensor([pen.width_mm for pen in laid.pens]),
            tensor(laid.films),
            tensor(laid.opacity),
            bare_share,
        )

    @property
    def pens(self) -> tuple[Pen, ...]:
        """In drawing order."""
        return self.laid.pens

    @property
    def paper_lab(self) -> tuple[float, float, float]:
        """The colour of the bare paper."""
        return self.laid.paper_lab

    def assigned(self, pen_of: Tensor) -> Inking:
        """Strokes drawn with one pen each, [N] indices."""
        width = self.width_mm[pen_of]
        return Inking(self.transmittance[pen_of], width, torch.ones_like(width), width.new_zeros(()))

    def render(self, points_mm: Tensor, weights: Tensor, canvas: Canvas, broader: float = 1.0) -> Tensor:
        """Film [3, H, W] of strokes [N, 3K+1, 2] drawn with mixtures of pens [N, P].

        broader: factor on the nibs' width, for strokes that shall feel further than they are wide.
        """
        return render(
            points_mm,
            weights,
            self.width_mm * broader,
            self.transmittance,
            self.opacity,
            canvas,
            bare_share=self.bare_share,
            n=self.straying(canvas),
            trapping=self.laid.trapping,
        )

    def straying(self, canvas: Canvas) -> float:
        """Yule and Nielsen's factor of pixels of that size, for the light that strays within them."""
        return pixel_n(canvas.mm_per_px, self.laid.spread_mm)

    def render_assigned(self, points_mm: Tensor, pen_of: Tensor, canvas: Canvas) -> Tensor:
        """Film [3, H, W] of strokes drawn with one pen each, [N] indices; unused pens cost nothing."""
        used = torch.unique(pen_of)
        return self.only(used).render(points_mm, one_pen_each(pen_of, used), canvas)

    def only(self, used: Tensor) -> Inks:
        """Some of the pens, [U] ascending indices."""
        return replace(
            self,
            laid=self.laid.only(used.tolist()),
            width_mm=self.width_mm[used],
            transmittance=self.transmittance[used],
            opacity=self.opacity[used],
        )


def one_pen_each(pen_of: Tensor, used: Tensor) -> Tensor:
    """Weights [N, U] of strokes drawn with one pen each, [N] indices, out of the pens in use [U]."""
    return (pen_of[:, None] == used).to(torch.float32)


class Palette(Protocol):
    """How strokes get their ink. `progress` runs from 0 to 1 until the pens are decided."""

    parameters: list[Tensor]
    rates: list[float]
    open_share: float
    """Share of all steps in which inks are open; what is left is for fitting strokes to their pens."""
    rests_first: bool
    """The drawing comes to rest before pens are decided, and once more after that."""
    quantisation: Quantisation | None

    def mixture(self, progress: float) -> Tensor:
        """What each stroke is drawn with, [N, ...], as open as it is now."""

    def lay(self, points_mm: Tensor, mixture: Tensor, canvas: Canvas, broader: float = 1.0) -> Tensor:
        """Film [3, H, W] of strokes drawn with mixtures, be they this palette's or those of another of
        its kind, and nibs broader by a factor."""

    def penalty(self, progress: float) -> dict[str, Tensor]:
        """Terms to keep small, by name."""

    def inking(self) -> Inking:
        """How strokes are inked in the film that was made last; differentiable in width and presence."""

    def decide(self, lengths: Tensor) -> Tensor:
        """One pen of `inks` per stroke, [N], or -1 to leave it out; lengths [N] in mm weigh the strokes."""


class PenChoice:
    """Logits over real pens, and over none: a stroke that has nothing to say may stay away.

    limit: the number of pens in the end. The least needed pen goes, one at a time, between a quarter
    and three quarters of the way, so that the drawing can make do without it.
    """

    def __init__(self, inks: Inks, strokes: int, generator: torch.Generator, limit: int | None) -> None:
        count = len(inks.pens)
        if limit is not None and limit < 1:
            raise BadInput(f"A limit of {limit} pens is impossible; use 1 to {count}.")
        self.inks = inks
        self._limit = min(limit or count, count)
        start = 0.1 * torch.randn(strokes, count + 1, generator=generator)
        self._logits = start.to(inks.width_mm).requires_grad_()
        self._allowed = torch.ones(count, dtype=torch.bool, device=inks.width_mm.device)
        self._left = count
        self._weights = self._logits.detach().softmax(1)[:, :-1]
        missing = 1 - inks.transmittance
        self._contrast = (missing.mean(1) * missing.amax(1)).sqrt()
        self.parameters = [self._logits]
        self.rates = [0.08]
        self.open_share = 0.65
        self.rests_first = False  # a mixture gets purer all the way
        self.quantisation: Quantisation | None = None

    def mixture(self, progress: float) -> Tensor:
        """Weights of the pens [N, P], spikier as `progress` goes on."""
        self._prune(progress)
        spikiness = FIRST_SPIKINESS + (LAST_SPIKINESS - FIRST_SPIKINESS) * progress
        self._weights = (self._open_logits() * spikiness).softmax(1)[:, :-1]
        return self._weights

    def lay(self, points_mm: Tensor, mixture: Tensor, canvas: Canvas, broader: float = 1.0) -> Tensor:
        """Film of strokes drawn with mixtures of pens."""
        return self.inks.render(points_mm, mixture, canvas, broader)

    def penalty(self, progress: float) -> dict[str, Tensor]:
        """``undecided``: 1 - Σ w², zero once a stroke has one pen or none. ``present``: share of strokes
        that are drawn, so that those of no use leave."""
        drawn = self._weights.sum(1)
        mixed = 1 - self._weights.square().sum(1) - (1 - drawn).square()
        return {"undecided": progress * mixed.mean(), "present": drawn.mean()}

    def inking(self) -> Inking:
        """The mixtures of the last film; a stroke by itself filters as its pens do one after the other."""
        weights, inks = self._weights, self.inks
        drawn = weights.sum(1).clamp_max(1)
        mixed = weights.detach()
        shares = torch.cat([mixed, 1 - drawn.detach()[:, None]], 1).clamp_min(1e-12)
        return Inking(
            compose(mixed, inks.transmittance, trapping=inks.laid.trapping),
            weights @ inks.width_mm,
            drawn,
            -(shares * shares.log2()).sum(1).mean(),
        )

    def decide(self, lengths: Tensor) -> Tensor:
        """The likeliest pen of every stroke, within the limit; -1 for those that stay away."""
        self._prune(1.0)
        logits = self._open_logits().detach()
        pens, none = logits[:, :-1], logits[:, -1]
        best, pen_of = pens.max(1)
        # A tenth is always drawn: nothing at all would be a poor drawing of a hopeless channel.
        threshold = (best - none).topk(max(1, len(logits) // 10)).values[-1].clamp_max(0.0)
        return torch.where(best - none >= threshold, pen_of, -1)

    def _open_logits(self) -> Tensor:
        closed = torch.cat([~self._allowed, self._allowed.new_zeros(1)])
        return self._logits.masked_fill(closed, -torch.inf)

    def _prune(self, progress: float) -> None:
        count = len(self._allowed)
        share = min(1.0, max(0.0, (progress - 0.25) / 0.5))
        target = round(count + (self._limit - count) * share)
        while self._left > target:
            # A pale pen is where strokes hide that have nothing to say: ink counts by its contrast.
            use = self._weights.detach().sum(0) * self._contrast
            use[~self._allowed] = torch.inf
            self._allowed[use.argmin()] = False
            self._left -= 1


def darkest(pens: Sequence[Pen]) -> Pen:
    """The pen with the lowest L*."""
    return min(pens, key=lambda pen: pen.lab[0])
