"""From a channel to strokes: grow drawings that excite a network, in the inks of real pens.

Gradient ascent through the ink renderer and the network, in two phases. While pens are being chosen
each stroke is a mixture that gets purer and purer; then every stroke gets its pen, and the geometry is
fitted again to that. Several drawings may grow side by side, in one pass through renderer and network.
Where they stand is judged under fixed views.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from plotbot.art.adam import Adam
from plotbot.art.artwork import Snapshot, Step
from plotbot.art.ink_renderer import Canvas, side_by_side
from plotbot.art.learned import LearnedColours
from plotbot.art.pace import Pace
from plotbot.art.palette import Inking, Inks, Palette, PenChoice, one_pen_each
from plotbot.art.strokes import bezier_points, polygon_lengths
from plotbot.art.studio import Found, Look, Studio, on_host

__all__ = ["STEP_PX", "Candidate", "Growth", "grow"]

STEP_PX, LAST_STEP_PX = 0.7, 0.05
"""How far points move in a step, at the start and at the end: on a cosine in between."""

BROADER, BROADER_UNTIL = 3.0, 0.5
"""Nibs start broader by this factor and are their own width after that share of the steps: a fine line
feels the picture only as far as it is wide."""

SNAPSHOTS = 12
"""How often the growing drawing is kept, the final one among them; more often early, when much changes."""

PALETTE_WEIGHTS = {"undecided": 2.0, "present": 1.0}


def grow(growths: Sequence[Growth], pace: Pace, on_step: Callable[[Step], None]) -> None:
    """Grow drawings of one studio, all in one pass, and tell of every step the one that leads.

    A drawing whose gradients become infinite or no number stays as it was before; the others go on.
    """
    studio = growths[0].studio
    alive = list(growths)
    for index, done in pace:
        if alive[0].pens_due(done):
            decide_together(alive)
        views = studio.settings.views
        films = _films(alive, done)
        pictures = torch.cat(
            [studio.views(film, growth.generator) for film, growth in zip(films, alive, strict=True)]
        )
        maps = studio.network(pictures)
        looks = []
        for number, growth in enumerate(alive):
            own = slice(number * views, (number + 1) * views)
            own_maps = {name: values[own] for name, values in maps.items()}
            looks.append(growth.look(own_maps, pictures[own], films[number], done))
        torch.stack([look.loss for look in looks]).sum().backward()  # type: ignore[no-untyped-call]
        found = on_host(looks, [growth.adam.gradients() for growth in alive])
        eased = (1 + math.cos(math.pi * alive[0].schedule(done))) / 2
        step_px = LAST_STEP_PX + (STEP_PX - LAST_STEP_PX) * eased
        moved = []
        for growth, seen in zip(alive, found, strict=True):
            if seen.finite:
                growth.move(seen, index, done, step_px)
                phase = "choosing" if growth.pen_of is None else "refitting"
                growth.history.append(studio.told(index, pace.steps, phase, seen, pace))
                moved.append(growth)
            else:
                growth.ended = "not a number"
        if not moved:
            return
        alive = moved
        on_step(max(moved, key=lambda growth: growth.smooth).history[-1])
    for growth in alive:
        growth.ended = pace.ended


def decide_together(growths: Sequence[Growth]) -> None:
    """Decide the pens of drawings that grow side by side."""
    for growth in growths:
        growth.decide()
    used = torch.unique(torch.cat([growth.pen_of for growth in growths if growth.pen_of is not None]))
    for growth in growths:
        growth.use(used)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A drawing whose pens are decided, and how much it excites the network."""

    activation: float
    vertices: Tensor
    pen_of: Tensor

    def finite_activation(self) -> float:
        """The activation, or -∞ where it is no number."""
        return self.activation if math.isfinite(self.activation) else -math.inf


class Growth:
    """One drawing while it grows."""

    def __init__(self, studio: Studio, seed: int) -> None:
        settings = studio.settings
        self.studio, self.seed = studio, seed
        self.generator = torch.Generator().manual_seed(seed)
        start = studio.ground.scatter(
            settings.strokes, settings.spans, settings.stroke_px * studio.canvas.mm_per_px, self.generator
        )
        self.vertices = start.to(settings.device).requires_grad_()
        self.palette = self._palette()
        self.adam = Adam([self.vertices, *self.palette.parameters])
        self.pen_of: Tensor | None = None
        self.inks: Inks | None = None
        self._weights = torch.empty(0)
        self.free = self.quantised = math.nan
        self.best: Candidate | None = None
        self.smooth = self.peak = -math.inf
        self.history: list[Step] = []
        self.snapshots: list[Snapshot] = []
        self.ended = "done"

    def _palette(self) -> Palette:
        settings, inks = self.studio.settings, self.studio.inks
        palette: Palette
        if settings.palette == "learn":
            palette = LearnedColours(
                inks, settings.strokes, self.generator, settings.colours, repeat=settings.repeat_pens
            )
        else:
            palette = PenChoice(inks, settings.strokes, self.generator, settings.pen_limit)
        if settings.open_share is not None:
            palette.open_share = settings.open_share
        return palette

    def chosen(self) -> Candidate:
        """The last state or the best one remembered, whichever the fixed views like better: the final one."""
        if self.pen_of is None:
            self.decide()
        assert self.pen_of is not None
        chosen = self._judged(self.vertices.detach(), self.pen_of)
        if self.best is not None:
            remembered = self._judged(self.best.vertices, self.best.pen_of)
            chosen = max(remembered, chosen, key=Candidate.finite_activation)
        self.vertices, self.pen_of = chosen.vertices, chosen.pen_of
        self.snapshots.append(self.snapshot(len(self.history)))
        return chosen

    def pens_due(self, done: float) -> bool:
        """It is time to decide on pens."""
        return self.pen_of is None and done >= self.palette.open_share

    @torch.no_grad()
    def decide(self) -> None:
        """Give every stroke one pen or leave it out, and note what that cost."""
        studio = self.studio
        points = bezier_points(self.vertices)
        laid = studio.around(points, self.palette.mixture(1.0))
        self.free = studio.activation(self.palette.lay(*laid, studio.canvas))
        pen_of = self.palette.decide(polygon_lengths(points))
        drawn = pen_of >= 0
        self.pen_of = pen_of[drawn]
        self.vertices = self.vertices[drawn].clone().requires_grad_()
        self.quantised = self._judged(self.vertices, self.pen_of).activation
        self.smooth = self.peak = -math.inf
        self.adam = Adam([self.vertices])

    def use(self, used: Tensor) -> None:
        """Draw from now on with these pens, [U] indices: the decided ones are among them."""
        assert self.pen_of is not None
        self.inks = self.studio.inks.only(used)
        self._weights = one_pen_each(self.pen_of, used)

    def progress(self, done: float) -> float:
        """How far the choice of pens has come, 0 to 1, when so much of everything is done."""
        return min(1.0, done / self.palette.open_share)

    def schedule(self, done: float) -> float:
        """How far along points come to rest, 0 to 1.

        Free colours come to rest before they are given up, and points then get half way loose again.
        """
        share = self.palette.open_share
        if not self.palette.rests_first:
            return done
        return done / share if self.pen_of is None else 0.5 + 0.5 * (done - share) / (1 - share)

    def laid(self, done: float) -> tuple[Tensor, Tensor]:
        """The points of all strokes to render [M, 3K+1, 2], and what each is drawn with [M, ...]."""
        points = bezier_points(self.vertices)
        if self.pen_of is None:
            return self.studio.around(points, self.palette.mixture(self.progress(done)))
        return self.studio.around(points, self._weights)

    def look(self, maps: Mapping[str, Tensor], picture: Tensor, film: Tensor, done: float) -> Look:
        """What the network makes of this drawing."""
        choice = self.palette.penalty(self.progress(done)) if self.pen_of is None else {}
        weighed = {name: PALETTE_WEIGHTS[name] * value for name, value in choice.items()}
        look = self.studio.look(maps, picture, film, self.studio.whole, self.vertices, self._inking())
        return replace(look, loss=sum(weighed.values(), look.loss), terms=look.terms | choice)

    def move(self, seen: Found, index: int, done: float, step_px: float) -> None:
        """Take the step that the gradients say, after a copy of what was good."""
        self._remember(self.studio.excitation_of(seen.terms))
        if done >= (len(self.snapshots) / (SNAPSHOTS - 1)) ** 1.5:
            self.snapshots.append(self.snapshot(index))
        rates = self.palette.rates if self.pen_of is None else []
        self.adam.step([step_px * self.studio.canvas.mm_per_px, *rates])
        self.studio.ground.hold(self.vertices)

    def snapshot(self, step: int) -> Snapshot:
        """The drawing as it is."""
        inking = self._inking()
        return Snapshot(
            step,
            bezier_points(self.vertices.detach()).cpu().numpy(),
            None if self.pen_of is None else self.pen_of.cpu().numpy(),
            inking.width_mm.detach().cpu().numpy(),
            inking.transmittance.cpu().numpy(),
        )

    def _inking(self) -> Inking:
        return self.palette.inking() if self.pen_of is None else self.studio.inks.assigned(self.pen_of)

    def _remember(self, activation: float) -> None:
        """Keep a copy of the drawing when the running mean of its activation is the highest so far."""
        self.smooth = activation if self.smooth == -math.inf else 0.9 * self.smooth + 0.1 * activation
        if self.pen_of is not None and self.smooth > self.peak:
            self.peak = self.smooth
            self.best = Candidate(self.smooth, self.vertices.detach().clone(), self.pen_of)

    @torch.no_grad()
    def _judged(self, vertices: Tensor, pen_of: Tensor) -> Candidate:
        studio = self.studio
        points, pens = studio.around(bezier_points(vertices), pen_of)
        film = studio.inks.render_assigned(points, pens, studio.canvas)
        return Candidate(studio.activation(film), vertices.clone(), pen_of)


def _films(growths: Sequence[Growth], done: float) -> Tensor:
    """The films [T, 3, H, W] of T drawings."""
    points, inks = zip(*(growth.laid(done) for growth in growths), strict=True)
    first = growths[0]
    broader = 1 + (BROADER - 1) * max(0.0, 1 - first.schedule(done) / BROADER_UNTIL)

    def lay(points_mm: Tensor, mixture: Tensor, canvas: Canvas) -> Tensor:
        if first.inks is None:
            return first.palette.lay(points_mm, mixture, canvas, broader)
        return first.inks.render(points_mm, mixture, canvas)

    return side_by_side(points, inks, lay, first.studio.canvas, first.studio.reach_mm)
