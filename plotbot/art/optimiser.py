"""From a channel to strokes: grow a drawing that excites a network, in the inks of real pens.

Gradient ascent through the ink renderer and the network, in two phases. While pens are being chosen
each stroke is a mixture that gets purer and purer; then every stroke gets its pen, and the geometry is
fitted again to that. Where it stands is judged under fixed views, and in the end from a picture that
another rasteriser drew.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from plotbot.art.adam import Adam
from plotbot.art.artwork import Activations, Artwork, Snapshot, Step
from plotbot.art.augment import Jitter, look, random_views, view_size
from plotbot.art.ink_renderer import Canvas
from plotbot.art.judge import activation_of_film, activation_of_plot, encode
from plotbot.art.learned import LearnedColours
from plotbot.art.networks import Network
from plotbot.art.objectives import Seen, SeenStrokes
from plotbot.art.palette import Inking, Inks, Palette, PenChoice, darkest
from plotbot.art.settings import GenerateSettings
from plotbot.art.strokes import Drawable, bezier_points, polygon_lengths, random_strokes, regularity
from plotbot.pens.inventory import matchable_pens

__all__ = ["Growth"]

STEP_PX, LAST_STEP_PX = 0.7, 0.05
"""How far points move in a step, at the start and at the end: on a cosine in between."""

BROADER, BROADER_UNTIL = 3.0, 0.5
"""Nibs start broader by this factor and are their own width after that share of the steps: a fine line
feels the picture only as far as it is wide."""

JITTER = Jitter()

VIEW_STRIDE = 32
"""Views are whole multiples of this, whatever the network, so that activations compare."""

SNAPSHOTS = 12
"""How often the growing drawing is kept, the final one among them."""

REGULARITY_WEIGHTS = {"dots": 5.0, "runaways": 5.0, "kinks": 20.0, "bunches": 4.0, "edges": 5.0}
PALETTE_WEIGHTS = {"undecided": 2.0, "present": 1.0}


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A drawing whose pens are decided."""

    activation: float
    vertices: Tensor
    pen_of: Tensor


@dataclass(frozen=True, slots=True)
class _Look:
    """What one look at the drawing found: the loss to go down, the excitation, every term by name, and
    as plain figures the loss, the ink in mm and the entropy of pens (see `Step`)."""

    loss: Tensor
    activation: float
    terms: dict[str, float]
    figures: tuple[float, float, float]


class Growth:
    """A drawing while it grows."""

    def __init__(self, settings: GenerateSettings, network: Network) -> None:
        self.settings, self.network = settings, network
        self.objective = settings.objective.prepared(network)
        inventory = settings.inventory
        width, height = settings.area_mm
        px = min(width, height) / settings.view_px
        self.canvas = Canvas(round(width / px), round(height / px), px)
        stride = math.lcm(VIEW_STRIDE, network.stride)
        self.size = view_size(self.canvas.height_px, self.canvas.width_px, stride)
        pens = list(matchable_pens(inventory))
        if settings.palette == "mono":
            pens = [darkest(pens)]
        self.inks = Inks.of(pens, inventory.paper.lab, settings.device)
        nib = max(pen.width_mm for pen in pens)
        length = settings.stroke_px * px
        self.drawable = Drawable(
            width,
            height,
            shortest=max(10 * px, 4 * nib),
            longest=max(6 * length, 100 * px),
            inset=max(4 * px, nib),
        )
        self.low = torch.full((2,), nib / 2, device=settings.device)
        self.high = torch.tensor([width, height], device=settings.device) - self.low
        self.generator = torch.Generator().manual_seed(settings.seed)
        start = random_strokes(settings.strokes, settings.spans, length, self.drawable, self.generator)
        self.vertices = start.to(settings.device).requires_grad_()
        self.palette = self._palette()
        self.pen_of: Tensor | None = None
        self.free = self.quantised = math.nan
        self.best: _Candidate | None = None
        self.smooth = self.peak = -math.inf
        self.history: list[Step] = []
        self.growth: list[Snapshot] = []

    def run(self, on_step: Callable[[Step], None], stop: Callable[[], bool]) -> str:
        """Both phases; returns how it ended."""
        settings = self.settings
        adam = Adam([self.vertices, *self.palette.parameters])
        begun = time.perf_counter()
        for index in range(settings.steps):
            spent = time.perf_counter() - begun
            done = index / settings.steps
            if settings.seconds is not None:
                done = max(done, spent / settings.seconds)
            if stop():
                return "stopped"
            if done >= 1:
                return "out of time"
            if self.pen_of is None and done >= self.palette.open_share:
                self._decide()
                adam = Adam([self.vertices])
            seen = self._look(done)
            seen.loss.backward()  # type: ignore[no-untyped-call]
            if not (math.isfinite(seen.activation) and adam.finite()):
                return "not a number"
            self._remember(seen.activation)
            if done * (SNAPSHOTS - 1) >= len(self.growth):
                self.growth.append(self._snapshot(index))
            step_px = LAST_STEP_PX + (STEP_PX - LAST_STEP_PX) * (1 + math.cos(math.pi * done)) / 2
            rates = self.palette.rates if self.pen_of is None else []
            adam.step([step_px * self.canvas.mm_per_px, *rates])
            with torch.no_grad():
                self.vertices.copy_(self.vertices.clamp(self.low, self.high))
            spent = time.perf_counter() - begun
            left = spent / (index + 1) * (settings.steps - index - 1)
            if settings.seconds is not None:
                left = min(left, max(0.0, settings.seconds - spent))
            phase = "choosing" if self.pen_of is None else "refitting"
            step = Step(index, settings.steps, phase, seen.activation, seen.terms, left, *seen.figures)
            self.history.append(step)
            on_step(step)
        return "done"

    def _palette(self) -> Palette:
        settings, generator = self.settings, self.generator
        if settings.palette == "learn":
            return LearnedColours(
                self.inks, settings.strokes, generator, settings.colours, repeat=settings.repeat_pens
            )
        return PenChoice(self.inks, settings.strokes, generator, settings.pen_limit)

    def artwork(self, ended: str) -> Artwork:
        """The last state or the best one remembered, whichever the fixed views like better."""
        if self.pen_of is None:
            self._decide()
        assert self.pen_of is not None
        chosen = self._judged(self.vertices.detach(), self.pen_of)
        if self.best is not None:
            remembered = self._judged(self.best.vertices, self.best.pen_of)
            chosen = max(chosen, remembered, key=lambda candidate: candidate.activation)
        settings, inks, canvas = self.settings, self.inks, self.canvas
        self.vertices, self.pen_of = chosen.vertices, chosen.pen_of
        self.growth.append(self._snapshot(len(self.history)))
        artwork = Artwork(
            area_mm=settings.area_mm,
            size_px=(canvas.height_px, canvas.width_px),
            points_mm=bezier_points(chosen.vertices).cpu().numpy(),
            pen_of=chosen.pen_of.cpu().numpy(),
            pens=inks.pens,
            paper_lab=inks.paper_lab,
            activations=Activations(self.free, self.quantised, chosen.activation, math.nan),
            history=tuple(self.history),
            growth=tuple(self.growth),
            quantisation=self.palette.quantisation,
            ended=ended,
        )
        plotted = activation_of_plot(
            artwork.by_pen(),
            inks.pens,
            inks.paper_lab,
            area_mm=(0.0, 0.0, canvas.width_px * canvas.mm_per_px, canvas.height_px * canvas.mm_per_px),
            size_px=artwork.size_px,
            network=self.network,
            objective=self.objective,
        )
        return replace(artwork, activations=replace(artwork.activations, as_plotted=plotted))

    def _look(self, done: float) -> _Look:
        """One look at the drawing."""
        progress = min(1.0, done / self.palette.open_share)
        broader = 1 + (BROADER - 1) * max(0.0, 1 - done / BROADER_UNTIL)
        objective = self.objective
        points = bezier_points(self.vertices)
        if self.pen_of is None:
            film = self.palette.film(points, self.canvas, progress, broader)
            choice = self.palette.penalty(progress)
        else:
            film = self.inks.render_assigned(points, self.pen_of, self.canvas)
            choice = {}
        views = random_views(self.settings.views, self.generator, JITTER)
        picture = encode(look(film, views, self.size), self.inks.paper_lab)
        inking, px = self._inking(), self.canvas.mm_per_px
        strokes = SeenStrokes(points / px, inking.width_mm / px, inking.drawn)
        total, terms = objective.evaluate(Seen(self.network(picture), picture, film, strokes))
        regular = regularity(self.vertices, self.drawable)
        loss = -total
        for name, value in regular.items():
            loss = loss + REGULARITY_WEIGHTS[name] * value
        for name, value in choice.items():
            loss = loss + PALETTE_WEIGHTS[name] * value
        ink_mm = polygon_lengths(points.detach()) @ inking.drawn.detach()
        named = terms | regular | choice
        # Everything comes to the host at once.
        figures = [value.detach() for value in (loss, ink_mm, inking.entropy, *named.values())]
        minimised, ink, entropy, *values = torch.stack(figures).tolist()
        by_name = dict(zip(named, values, strict=True))
        activation = sum(term.weight * by_name[term.name] for term in objective.excitation.terms)
        return _Look(loss, activation, by_name, (minimised, ink, entropy))

    def _inking(self) -> Inking:
        return self.palette.inking() if self.pen_of is None else self.inks.assigned(self.pen_of)

    def _snapshot(self, step: int) -> Snapshot:
        inking = self._inking()
        return Snapshot(
            step,
            bezier_points(self.vertices.detach()).cpu().numpy(),
            None if self.pen_of is None else self.pen_of.cpu().numpy(),
            inking.width_mm.detach().cpu().numpy(),
            inking.transmittance.cpu().numpy(),
        )

    @torch.no_grad()
    def _decide(self) -> None:
        """Give every stroke one pen or leave it out, and note what that cost."""
        points = bezier_points(self.vertices)
        self.free = self._activation(self.palette.film(points, self.canvas, 1.0))
        pen_of = self.palette.decide(polygon_lengths(points))
        drawn = pen_of >= 0
        self.pen_of = pen_of[drawn]
        self.vertices = self.vertices[drawn].clone().requires_grad_()
        self.quantised = self._judged(self.vertices, self.pen_of).activation
        self.smooth = self.peak = -math.inf

    def _remember(self, activation: float) -> None:
        """Keep a copy of the drawing when the running mean of its activation is the highest so far."""
        if self.pen_of is None:
            return
        self.smooth = activation if self.smooth == -math.inf else 0.9 * self.smooth + 0.1 * activation
        if self.smooth > self.peak:
            self.peak = self.smooth
            self.best = _Candidate(self.smooth, self.vertices.detach().clone(), self.pen_of)

    @torch.no_grad()
    def _judged(self, vertices: Tensor, pen_of: Tensor) -> _Candidate:
        film = self.inks.render_assigned(bezier_points(vertices), pen_of, self.canvas)
        return _Candidate(self._activation(film), vertices.clone(), pen_of)

    def _activation(self, film: Tensor) -> float:
        return activation_of_film(film, self.inks.paper_lab, self.network, self.objective)
