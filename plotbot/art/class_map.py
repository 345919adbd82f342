"""A picture whose every pixel wavers between a few colours: scores, their softmax, and what becomes of it.

After "image = softmax(k · class) @ colours", where the class tensor [C, H, W] holds a score for each of C
colours at each pixel and the spikiness k says how firmly a pixel decides. Bare paper is the first of the
colours; the others are pens, or free ones that are learned through a sigmoid and go to the nearest pens.
Colours mix in linear light, as inks side by side do.
"""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from plotbot.art.artwork import Quantisation
from plotbot.art.learned import CLEAREST, nearest_pens
from plotbot.art.palette import Inks
from plotbot.ink.film import film_to_lab
from plotbot.ink.spaces import delta_e00

__all__ = ["FixedColours", "FreeColours", "PixelClasses", "boundaries", "entropy_bits", "roots"]

COARSER = 2.0
"""A layer weighs so much more than the next finer one: large shapes come first, details where they pay."""

FEWEST_CELLS = 6
"""The coarsest layer has at least about so many cells along the short side."""

SPIKY = 0.9
"""A pixel that is so sure of its colour has decided."""

START = 0.05

PAPER = 0


class PixelClasses:
    """The class tensor, as a sum of layers from coarse to fine, so that Adam moves large shapes as readily
    as details; the finest has cells of `grain_px` pixels, and is smooth between them.

    size: height and width in pixels.
    """

    def __init__(
        self, size: tuple[int, int], classes: int, grain_px: float, generator: torch.Generator, device: str
    ) -> None:
        self.size = size
        count = max(1, 1 + math.floor(math.log2(max(1.0, min(size) / (grain_px * FEWEST_CELLS)))))
        self.parameters = []
        for number in range(count):
            cell = grain_px * 2**number
            cells = [max(2, math.ceil(side / cell)) for side in size]
            start = START * torch.randn(1, classes, *cells, generator=generator)
            self.parameters.append(start.to(device).requires_grad_())

    def scores(self) -> Tensor:
        """Scores [C, H, W]."""
        return F.interpolate(self._cells(), self.size, mode="bicubic")[0]

    @torch.no_grad()
    def decided(self, allowed: Tensor, size: tuple[int, int]) -> Tensor:
        """The class with the highest score among those allowed [C], for every pixel of a size, [H, W].

        One class at a time: all scores of a fine picture would not fit a small machine.
        """
        best = torch.full(size, -math.inf, device=allowed.device)
        found = torch.zeros(size, dtype=torch.int64, device=allowed.device)
        cells = self._cells()
        for number in torch.nonzero(allowed)[:, 0].tolist():
            scores = F.interpolate(cells[:, number : number + 1], size, mode="bicubic")[0, 0]
            higher = scores > best
            best[higher], found[higher] = scores[higher], number
        return found

    def _cells(self) -> Tensor:
        whole = self.parameters[-1]
        for finer in self.parameters[-2::-1]:
            whole = COARSER * F.interpolate(whole, finer.shape[2:], mode="bilinear") + finer
        return whole


class FixedColours:
    """Bare paper and real pens; the least needed pens leave until a limit is kept, as in stroke mode."""

    open_share = 1.0
    """Share of all steps until the pens are settled."""

    def __init__(self, inks: Inks, limit: int | None) -> None:
        films = inks.transmittance
        self.inks = inks
        self.pen_of = np.arange(-1, len(films))
        self.parameters: list[Tensor] = []
        self.rates: list[float] = []
        self.quantisation: Quantisation | None = None
        self.allowed = torch.ones(len(films) + 1, dtype=torch.bool, device=films.device)
        self._films = torch.cat([films.new_ones(1, 3), films])
        self._limit = min(limit or len(films), len(films))

    def films(self) -> Tensor:
        """The film of each class, [C, 3]."""
        return self._films

    def width_mm(self) -> Tensor:
        """The width of the line of each class but paper, [C - 1]."""
        return self.inks.width_mm

    def prune(self, shares: Tensor, done: float) -> None:
        """Let the pen go that inks least, between a quarter and three quarters of the way.

        shares: [C], of the picture. A pale pen is where pixels hide that have nothing to say: it counts less.
        """
        count = len(self.allowed) - 1
        share = min(1.0, max(0.0, (done - 0.25) / 0.5))
        target = round(count + (self._limit - count) * share)
        use = shares.detach() * (1 - self._films).mean(1)
        use[PAPER] = math.inf
        while int(self.allowed.sum()) - 1 > target:
            self.allowed[torch.where(self.allowed, use, math.inf).argmin()] = False

    def settle(self, shares: Tensor) -> None:
        """Nothing to settle but the limit: these are pens."""
        self.prune(shares, 1.0)


class FreeColours(FixedColours):
    """Bare paper and free colours, which go to the nearest pens by CIEDE2000 when they are settled.

    repeat: two colours may end as the same pen.
    """

    open_share = 0.45

    def __init__(self, inks: Inks, colours: int, generator: torch.Generator, *, repeat: bool) -> None:
        super().__init__(inks, None)
        start = torch.randn(colours, 3, generator=generator)
        self._raw = start.to(inks.transmittance).requires_grad_()
        self._repeat = repeat
        self.parameters, self.rates = [self._raw], [0.05]
        self.allowed = self.allowed.new_ones(colours + 1)

    def films(self) -> Tensor:
        """The film of each class, [C, 3]: free until settled."""
        if self.quantisation is not None:
            return self._films
        return torch.cat([self._raw.new_ones(1, 3), CLEAREST * self._raw.sigmoid()])

    def width_mm(self) -> Tensor:
        """The width of the line of each class but paper, [C - 1]: the middle one of the tin until settled."""
        widths = self.inks.width_mm
        if self.quantisation is None:
            return widths.median().expand(len(self.allowed) - 1)
        return widths[torch.from_numpy(self.pen_of[1:]).to(widths.device)]

    def prune(self, shares: Tensor, done: float) -> None:
        """All of the colours are wanted."""

    @torch.no_grad()
    def settle(self, shares: Tensor) -> None:
        """Take the nearest pens, the colours that cover most first to choose; what was lost is kept."""
        inks = self.inks
        lab = film_to_lab(self.films()[1:].cpu().double(), inks.paper_lab).numpy()
        pen_labs = np.array([pen.lab for pen in inks.pens])
        mass = shares[1:].detach().cpu().double().numpy() + 1e-6
        chosen = nearest_pens(lab, mass, pen_labs, repeat=self._repeat)
        ids = tuple(inks.pens[pen].id for pen in chosen)
        apart = np.asarray(delta_e00(lab, pen_labs[chosen]))
        self.quantisation = Quantisation(lab, mass, np.arange(len(lab)), lab, ids, apart)
        self.pen_of = np.concatenate([[-1], chosen])
        films = inks.transmittance[torch.from_numpy(chosen).to(inks.width_mm.device)]
        self._films = torch.cat([films.new_ones(1, 3), films])


def entropy_bits(logs: Tensor) -> Tensor:
    """Mean entropy of the pixels in bits, from logarithms of their shares [C, H, W]."""
    return -(logs.exp() * logs.clamp_min(-100)).sum(0).mean() / math.log(2)


def roots(logs: Tensor) -> Tensor:
    """‖softmax^½‖₁ over the pixels that have not decided yet: each counts 1 when it is sure of a colour, and
    up to √C when it wavers between C. From logarithms of their shares [C, H, W]."""
    wavering = logs.detach().amax(0) < math.log(SPIKY)
    return ((0.5 * logs).exp().sum(0) * wavering).sum()


def boundaries(shares: Tensor) -> Tensor:
    """Length of the borders between colours per pixel of the picture: half the total variation of shares
    [C, H, W]."""
    down = (shares[:, 1:] - shares[:, :-1]).abs().sum(0).mean()
    across = (shares[:, :, 1:] - shares[:, :, :-1]).abs().sum(0).mean()
    return (down + across) / 2
