"""Pixel mode: a picture in the colours of a few pens excites the network, and its regions are drawn.

Every pixel is a softmax over bare paper and a few colours (`plotbot.art.class_map`), which cheats: pixels
that mix inks excite more than any pen can draw. Three tricks make them decide: spikiness, which sharpens the
softmax; annealing, which lets it rise as the picture takes shape; and a penalty on pixels that waver. In the
end each takes its best colour, specks go to their neighbours, and regions are outlined and hatched.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from plotbot.art.adam import Adam
from plotbot.art.artwork import Activations, FilmSnapshot, Grown, Step
from plotbot.art.class_map import FixedColours, FreeColours, PixelClasses, boundaries, entropy_bits, roots
from plotbot.art.generate import repeatable
from plotbot.art.hatching import draw_region
from plotbot.art.judge import activation_of_film, rasterise
from plotbot.art.objectives import Seen
from plotbot.art.optimiser import SNAPSHOTS
from plotbot.art.pace import Pace
from plotbot.art.picture.guides import CLOSE
from plotbot.art.regions import Regions, find_regions
from plotbot.art.settings import GenerateSettings
from plotbot.art.studio import Look, Studio, on_host
from plotbot.errors import BadInput

__all__ = ["PixelArtwork", "PixelSettings", "Softness", "generate_pixels"]

RATE, LAST_RATE = 0.1, 0.02
"""How far scores move in a step, at the start and at the end: on a cosine in between."""

GRAIN_PX, GRAIN_LINES = 2.0, 3.0
"""Side of the finest cell: in pixels, and in widths of the broadest pen, whichever is larger."""

CELLS_PER_LINE = 3.0
"""Regions are found on cells so much smaller than the finest pen's line."""

MOST_CELLS = 16_000_000

GOLDEN_TURN = math.pi * (3 - math.sqrt(5)) / 2
"""From one pen's hatching to the next: no two are parallel."""


@dataclass(frozen=True)
class PixelSettings(GenerateSettings):
    """What to draw, as in stroke mode; strokes, spans and their length count for nothing here. refit: how
    many of the steps come after learned colours went to pens.

    spikiness: factor on the scores before the softmax, at the start; last_spikiness: at the end.
    penalty: weight of ‖softmax^½‖₁ over the pixels that waver; it grows with the square of what is done,
    since at once it would freeze noise. smoothness: weight of the length of borders between colours.
    """

    spikiness: float = 1.0
    last_spikiness: float = 10.0
    penalty: float = 0.01
    smoothness: float = 20.0

    def check(self) -> None:
        """Raise `BadInput` for what cannot be drawn, before anything slow starts."""
        super().check()
        for what, value, low, high in (
            ("Spikiness", self.spikiness, 0.01, 1000.0),
            ("Last spikiness", self.last_spikiness, 0.01, 1000.0),
            ("Penalty", self.penalty, 0.0, 100.0),
            ("Smoothness", self.smoothness, 0.0, 1e5),
        ):
            if not low <= value <= high:
                raise BadInput(f"{what} {value:g} is out of range; use {low:g} to {high:g}.")
        for term in self.objective.terms:
            if term.of_strokes:
                raise BadInput(f"Pixels have no strokes to weigh by {term.name}; leave it out in this mode.")


@dataclass(frozen=True, slots=True)
class Softness:
    """How much the softmax cheated, at the end: activation of the soft picture and of the one in which
    every pixel has its best colour, and the mean entropy of the pixels in bits."""

    soft: float
    argmax: float
    entropy: float


@dataclass(frozen=True, kw_only=True)
class PixelArtwork(Grown):
    """Regions as outlines and hatching.

    lines: (pen id, points [n, 2] in mm), in the order they should be drawn. soft, argmax, plotted: films
    [3, H, W] of the picture before and after every pixel took its best colour, and of the strokes.
    inked_share: of the area, in regions that are not bare paper.
    Of `activations`, *free* is the soft picture, with free colours where they were learned; *quantised* is
    in pens, *refitted* the regions that are drawn.
    """

    lines: tuple[tuple[str, np.ndarray], ...]
    softness: Softness
    soft: np.ndarray
    argmax: np.ndarray
    plotted: np.ndarray
    inked_share: float
    growth: tuple[FilmSnapshot, ...] = field(default=())

    def polylines(
        self, tolerance_mm: float = 0.02, origin_mm: tuple[float, float] = (0.0, 0.0)
    ) -> list[tuple[str, np.ndarray]]:
        """Every stroke as (pen id, polyline [n, 2] in mm); they are exact, whatever the tolerance."""
        return [(pen_id, line + np.asarray(origin_mm)) for pen_id, line in self.lines]


def generate_pixels(
    settings: PixelSettings,
    on_step: Callable[[Step], None] = lambda _step: None,
    stop: Callable[[], bool] = lambda: False,
    pace: Pace | None = None,
) -> PixelArtwork:
    """Grow a picture in a few colours and make strokes of it. `on_step` hears of every step; `stop` is asked
    before each. pace: in the place of one made of the settings and `stop`. Raises `BadInput` for settings
    that make no sense."""
    settings.check()
    clock = time.perf_counter
    begun = clock()
    network = settings.open_network()
    opened = clock()
    with repeatable(settings.device):
        growth = _PixelGrowth(settings, Studio.of(settings, network))
        growth.run(pace or Pace(settings.steps, settings.seconds, stop), on_step)
        grown = clock()
        artwork = growth.artwork()
    timings = {"network": opened - begun, "optimise": grown - opened, "regions": clock() - grown}
    return replace(artwork, timings_s=timings)


class _PixelGrowth:
    """A picture while it grows."""

    def __init__(self, settings: PixelSettings, studio: Studio) -> None:
        self.settings, self.studio = settings, studio
        inks, canvas = studio.inks, studio.canvas
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.pen_mm = float(inks.width_mm.max())
        self.colours = (
            FreeColours(inks, settings.colours, self.generator, repeat=settings.repeat_pens)
            if settings.palette == "learn"
            else FixedColours(inks, settings.pen_limit)
        )
        grain = max(GRAIN_PX, GRAIN_LINES * self.pen_mm / canvas.mm_per_px)
        size = canvas.height_px, canvas.width_px
        self.classes = PixelClasses(size, len(self.colours.allowed), grain, self.generator, settings.device)
        self.adam = Adam([*self.classes.parameters, *self.colours.parameters])
        self.settled = False
        if settings.palette == "learn" and settings.open_share is not None:
            self.colours.open_share = settings.open_share
        self.free = self.quantised = math.nan
        self.spikiness = settings.spikiness
        self.history: list[Step] = []
        self.snapshots: list[FilmSnapshot] = []
        self.ended = "done"

    def run(self, pace: Pace, on_step: Callable[[Step], None]) -> None:
        """Grow, until the pace ends or something is no number any more."""
        settings = self.settings
        for index, done in pace:
            if not self.settled and done >= self.colours.open_share:
                self._settle()
            ratio = settings.last_spikiness / settings.spikiness
            self.spikiness = settings.spikiness * ratio**done
            logs = self._logs()
            film = self._film(logs.exp())
            self.colours.prune(logs.detach().exp().mean((1, 2)), done)
            look = self._look(film, logs, done)
            look.loss.backward()  # type: ignore[no-untyped-call]
            (found,) = on_host([look], [self.adam.gradients()])
            if not found.finite:
                self.ended = "not a number"
                return
            if done >= (len(self.snapshots) / (SNAPSHOTS - 1)) ** 1.5:
                self.snapshots.append(FilmSnapshot(index, film.detach().cpu().numpy()))
            rate = LAST_RATE + (RATE - LAST_RATE) * (1 + math.cos(math.pi * done)) / 2
            self.adam.step([rate] * len(self.classes.parameters) + self.colours.rates)
            phase = "deciding" if self.settled or not self.colours.parameters else "mixing"
            self.history.append(self.studio.told(index, pace.steps, phase, found, pace))
            on_step(self.history[-1])
        self.ended = pace.ended

    def _look(self, film: Tensor, logs: Tensor, done: float) -> Look:
        settings, studio = self.settings, self.studio
        picture = studio.views(film, self.generator)
        total, terms = studio.objective.evaluate(Seen(studio.network(picture), picture, film))
        shares = logs.exp()
        own = {"boundaries": boundaries(shares), "wavering": roots(logs)}
        loss = settings.smoothness * own["boundaries"] + settings.penalty * done**2 * own["wavering"] - total
        return Look(loss, terms | own, self._ink_mm(shares.detach()), entropy_bits(logs.detach()))

    def _logs(self) -> Tensor:
        """Logarithms of the shares of all classes, [C, H, W]."""
        closed = ~self.colours.allowed[:, None, None]
        # Not -inf, of which products with 0 are no numbers.
        return (self.spikiness * self.classes.scores()).masked_fill(closed, -1e4).log_softmax(0)

    def _film(self, shares: Tensor) -> Tensor:
        return torch.einsum("chw,cf->fhw", shares, self.colours.films())

    def _ink_mm(self, shares: Tensor) -> Tensor:
        """Length of all lines, about: hatching that closes what each class covers."""
        width, height = self.settings.area_mm
        return (shares[1:].mean((1, 2)) / self.colours.width_mm()).sum() * (width * height / CLOSE)

    @torch.no_grad()
    def _settle(self) -> None:
        """Turn free colours into pens, and note what that cost."""
        shares = self._logs().exp()
        before, learned = self._film(shares), bool(self.colours.parameters)
        self.colours.settle(shares.mean((1, 2)))
        if learned:
            self.free = self.studio.activation(before)
            self.quantised = self.studio.activation(self._film(shares))
        self.settled = True

    @torch.no_grad()
    def artwork(self) -> PixelArtwork:
        """The regions and their strokes, judged at every stage."""
        settings, studio, canvas = self.settings, self.studio, self.studio.canvas
        if not self.settled:
            self._settle()
        logs = self._logs()
        soft = self._film(logs.exp())
        argmax = self.colours.films()[logs.argmax(0)].permute(2, 0, 1).contiguous()
        softness = Softness(studio.activation(soft), studio.activation(argmax), float(entropy_bits(logs)))
        learned = settings.palette == "learn"
        regions = self._regions()
        drawn = self._drawn(regions)
        refitted = studio.activation(drawn)
        studio.check_number(refitted)
        by_pen, lines = self._strokes(regions)
        size = canvas.height_px, canvas.width_px
        plotted = rasterise(
            by_pen,
            studio.inks.laid,
            area_mm=(0.0, 0.0, size[1] * canvas.mm_per_px, size[0] * canvas.mm_per_px),
            size_px=size,
        )
        as_plotted = activation_of_film(
            torch.from_numpy(plotted), studio.inks.paper_lab, studio.network, studio.objective
        )
        self.snapshots.append(FilmSnapshot(len(self.history), drawn.cpu().numpy()))
        return PixelArtwork(
            area_mm=settings.area_mm,
            size_px=size,
            inks=studio.inks.laid,
            activations=Activations(
                self.free if learned else softness.soft,
                self.quantised if learned else softness.argmax,
                refitted,
                as_plotted,
            ),
            history=tuple(self.history),
            quantisation=self.colours.quantisation,
            ended=self.ended,
            lines=tuple(lines),
            softness=softness,
            soft=soft.cpu().numpy(),
            argmax=argmax.cpu().numpy(),
            plotted=plotted,
            inked_share=float((regions.labels > 0).mean()),
            growth=tuple(self.snapshots),
        )

    def _regions(self) -> Regions:
        """The map of pens (their number + 1, 0 for paper), cleaned, on cells finer than the finest line."""
        canvas, inks = self.studio.canvas, self.studio.inks
        pixels = canvas.height_px * canvas.width_px
        finest = float(inks.width_mm.min()) / CELLS_PER_LINE
        fine = min(math.ceil(canvas.mm_per_px / finest), max(1, math.isqrt(MOST_CELLS // pixels)))
        cell = canvas.mm_per_px / fine
        size = canvas.height_px * fine, canvas.width_px * fine
        classes = self.classes.decided(self.colours.allowed, size).cpu().numpy()
        labels = (self.colours.pen_of + 1)[classes]
        # Whole pixels may reach beyond the area by half of one.
        width, height = self.settings.area_mm
        labels[math.floor(height / cell + 1e-6) :] = 0
        labels[:, math.floor(width / cell + 1e-6) :] = 0
        return find_regions(labels, cell, self.pen_mm)

    def _drawn(self, regions: Regions) -> Tensor:
        """The film [3, H, W] of regions that are perfectly filled."""
        inks, canvas = self.studio.inks, self.studio.canvas
        films = torch.cat([inks.transmittance.new_ones(1, 3), inks.transmittance])
        labels = torch.from_numpy(regions.labels).to(films.device)
        fine = labels.shape[0] // canvas.height_px
        blocks = films[labels].reshape(canvas.height_px, fine, canvas.width_px, fine, 3)
        return blocks.mean((1, 3)).permute(2, 0, 1).contiguous()

    def _strokes(self, regions: Regions) -> tuple[dict[str, list[np.ndarray]], list[tuple[str, np.ndarray]]]:
        by_pen = {
            pen.id: draw_region(regions, number + 1, pen.width_mm, number * GOLDEN_TURN)
            for number, pen in enumerate(self.studio.inks.pens)
        }
        lines = [(pen_id, line) for pen_id, drawn in by_pen.items() for line in drawn]
        return by_pen, lines
