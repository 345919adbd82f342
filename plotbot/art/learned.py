"""The palette that is learned: free colours while the drawing grows, real pens at the end."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from plotbot.art.artwork import Quantisation
from plotbot.art.ink_renderer import Canvas, render_free
from plotbot.art.palette import Inking, Inks
from plotbot.errors import BadInput
from plotbot.ink.film import film_to_lab
from plotbot.ink.spaces import delta_e00

__all__ = ["LearnedColours", "check_colours", "cluster", "nearest_pens"]

CLEAREST = 0.98
"""What thinner leaves of the light, as a share of bare paper's."""


class LearnedColours:
    """One free translucent ink per stroke: any that could be mixed of the inks of the tin, with thinner.

    A mixture lets through the weighted geometric mean of what its inks let through. Inks beyond that
    excite networks more, but nobody sells them, and a drawing in them says little of one that can be drawn.
    colours: how many pens in the end. repeat: several clusters may share a pen.
    """

    def __init__(
        self, inks: Inks, strokes: int, generator: torch.Generator, colours: int, *, repeat: bool
    ) -> None:
        self.inks = inks
        self._colours, self._repeat = colours, repeat
        self._seed = int(torch.randint(2**31 - 1, (1,), generator=generator))
        thinner = torch.full_like(inks.transmittance[:1], CLEAREST)
        self._films = torch.cat([inks.transmittance, thinner]).log()
        start = 0.5 * torch.randn(strokes, len(self._films), generator=generator)
        self._shares = start.to(inks.width_mm).requires_grad_()
        self._width = float(inks.width_mm.median())
        self.parameters = [self._shares]
        self.rates = [0.2]
        self.open_share = 2 / 3
        self.rests_first = True
        self.quantisation: Quantisation | None = None

    def mixture(self, progress: float) -> Tensor:
        """Transmittances [N, 3]."""
        return (self._shares.softmax(1) @ self._films).exp()

    def lay(self, points_mm: Tensor, mixture: Tensor, canvas: Canvas, broader: float = 1.0) -> Tensor:
        """Film of strokes in inks of their own, as wide as the middle pen of the tin."""
        width = points_mm.new_full((len(points_mm),), self._width * broader)
        n = self.inks.straying(canvas)
        return render_free(points_mm, width, mixture, canvas, self.inks.bare_share, n)

    def penalty(self, progress: float) -> dict[str, Tensor]:
        """Nothing: colours are free."""
        return {}

    @torch.no_grad()
    def inking(self) -> Inking:
        """Every stroke in its own ink; there are no pens to be undecided about."""
        ink = self.mixture(1.0)
        width = ink.new_full((len(ink),), self._width)
        return Inking(ink, width, torch.ones_like(width), ink.new_tensor(torch.nan))

    def decide(self, lengths: Tensor) -> Tensor:
        """Cluster the colours, take the nearest pens, and give each stroke the nearest of those; strokes
        nearer to bare paper than to any pen of the tin stay away. What was lost is in `quantisation`."""
        inks = self.inks
        lab = film_to_lab(self.mixture(1.0).detach().cpu().double(), inks.paper_lab).numpy()
        ink = lengths.detach().cpu().double().numpy() * self._width
        pen_labs = np.array([pen.lab for pen in inks.pens])
        drawn = _that_show(lab, pen_labs, np.asarray(inks.paper_lab), least=self._colours)
        lab, ink = lab[drawn], ink[drawn]
        cluster_of, centres = cluster(lab, ink, self._colours, self._seed)
        mass = np.bincount(cluster_of, weights=ink, minlength=len(centres))
        chosen = nearest_pens(centres, mass, pen_labs, repeat=self._repeat)
        apart = np.asarray(delta_e00(lab[:, None], pen_labs[chosen][None]))
        self.quantisation = Quantisation(
            lab, ink, cluster_of, centres, tuple(inks.pens[pen].id for pen in chosen), apart.min(1)
        )
        pen_of = np.full(len(drawn), -1)
        pen_of[drawn] = chosen[apart.argmin(1)]
        return torch.from_numpy(pen_of).to(lengths.device)


def check_colours(colours: int, strokes: int, pens: int, repeat: bool) -> None:
    """Raise `BadInput` when so many colours cannot be learned from these strokes, for these pens."""
    most = strokes if repeat else min(strokes, pens)
    if not 1 <= colours <= most:
        raise BadInput(
            f"{colours} colours cannot be learned from {strokes} strokes for {pens} pens; use 1 to {most}"
            + ("." if repeat else ", or --allow-repeat to let colours share a pen.")
        )


def _that_show(lab: np.ndarray, pens: np.ndarray, paper: np.ndarray, least: int) -> np.ndarray:
    """Which of the colours [N, 3] are nearer to a pen [P, 3] than to bare paper, [N]: a tenth of them in
    any case, and no fewer than `least`."""
    lead = delta_e00(lab, paper) - delta_e00(lab[:, None], pens[None]).min(1)
    kept = min(len(lab), max(least, len(lab) // 10))
    return np.asarray(lead >= min(0.0, np.sort(lead)[-kept]))


def cluster(lab: np.ndarray, weight: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """K-means of Labs [N, 3] with weights [N]: the cluster of each, [N], and the centres, [count, 3]."""
    from sklearn.cluster import KMeans  # noqa: PLC0415 - only this palette pays for the import

    means = KMeans(count, n_init=4, random_state=seed).fit(lab, sample_weight=weight)
    return means.labels_.astype(np.int64), means.cluster_centers_


def nearest_pens(centres: np.ndarray, mass: np.ndarray, pens: np.ndarray, *, repeat: bool) -> np.ndarray:
    """For colours [K, 3] the nearest pens by CIEDE2000 among [P, 3]: indices [K].

    Without `repeat` no pen is taken twice, and the sum of differences weighted by `mass` [K] is least
    (Kuhn 1955).
    """
    difference = np.asarray(delta_e00(centres[:, None], pens[None]))
    if repeat:
        return np.asarray(difference.argmin(1))
    _, chosen = linear_sum_assignment(difference * mass[:, None])
    return np.asarray(chosen)
