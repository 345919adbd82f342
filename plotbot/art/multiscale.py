"""Large drawings out of small ones, at a fraction of what a large one costs from scratch.

A small drawing grows on a torus, so that it can be laid side by side with itself. The large one begins
as such a pavement, a little warped, lest the eye find the repetition, and is then fitted window by
window: most steps look at a window as large as the small drawing, somewhere on the sheet, and only the
strokes near it are rendered and moved; some look at the whole from further away.
Pens stay as the small drawing chose them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from plotbot.art.adam import RowAdam
from plotbot.art.artwork import Snapshot, Step
from plotbot.art.augment import Jitter, look, random_views, view_size
from plotbot.art.ground import Sheet
from plotbot.art.ink_renderer import Canvas
from plotbot.art.judge import AROUND_PX, activation_of_windows, encode
from plotbot.art.optimiser import Candidate
from plotbot.art.pace import Pace
from plotbot.art.palette import one_pen_each
from plotbot.art.strokes import bezier_points, spread_evenly
from plotbot.art.studio import VIEW_STRIDE, Studio, Window, on_host

__all__ = ["Enlargement", "large_steps"]

STEPS_PER_PART = 1 / 6
"""Steps on the large drawing for each of its parts, as a share of those of the small one."""

STEP_PX, LAST_STEP_PX = 0.15, 0.03
"""How far points move in a step, at the start and at the end: little, lest what is there be lost."""

WARP_PX = 10.0
"""How far the pavement is warped."""

WHOLE_EVERY = 12
"""One look in so many is at the whole drawing; fewer in very large ones, where such a look costs more."""

SNAPSHOTS = 5
"""How often the large drawing is kept, besides the final one."""

JITTER = Jitter(shift=0.0)


def large_steps(steps: int, scale: tuple[int, int]) -> int:
    """Steps to fit a drawing of so many parts across and down, after `steps` on the small one."""
    return math.ceil(steps * scale[0] * scale[1] * STEPS_PER_PART)


class Enlargement:
    """A large drawing that is fitted window by window.

    small: the studio of the small drawing, on a torus. drawing: that drawing. area_mm: width and height of
    the large one, made of `scale` parts across and down. first: the number of its first step.
    """

    def __init__(
        self,
        small: Studio,
        drawing: Candidate,
        scale: tuple[int, int],
        area_mm: tuple[float, float],
        generator: torch.Generator,
        first: int,
    ) -> None:
        self._tile, self._scale = small.canvas, scale
        tile, across, down = small.canvas, *scale
        canvas = Canvas(tile.width_px * across, tile.height_px * down, tile.mm_per_px)
        inset = max(4 * tile.mm_per_px, small.reach_mm / 2)
        drawable = replace(small.ground.drawable, width=area_mm[0], height=area_mm[1], inset=inset)
        self.studio = replace(small, ground=Sheet(canvas, drawable, small.reach_mm / 2))
        self.generator, self.first = generator, first
        self.pen_of = drawing.pen_of.repeat(across * down)
        paved = _paved(drawing.vertices, tile, scale, area_mm)
        warped = _warped(
            paved, min(area_mm[0] / across, area_mm[1] / down), WARP_PX * tile.mm_per_px, generator
        )
        self.vertices = _pushed_in(warped, area_mm)
        self.studio.ground.hold(self.vertices)
        used = torch.unique(self.pen_of)
        self._inks, self._weights = self.studio.inks.only(used), one_pen_each(self.pen_of, used)
        self._adam = RowAdam(self.vertices)
        self._start = torch.rand(1, generator=generator, dtype=torch.float64)
        self._looks = 0
        self._whole_every = max(WHOLE_EVERY, 2 * across * down)
        self._smooth, self._peak = 0.0, -math.inf
        self._best = self.vertices.clone()
        self.history: list[Step] = []
        self.snapshots: list[Snapshot] = []

    def fit(self, pace: Pace, on_step: Callable[[Step], None]) -> str:
        """Go on as long as it takes and tell of every step; returns how it ended."""
        studio = self.studio
        for index, done in pace:
            window = self._window()
            rows = self._near(window, self.vertices)
            vertices = self.vertices[rows].requires_grad_()
            film = self._film(window, rows, vertices)
            view = studio.view
            if window.canvas.mm_per_px != studio.canvas.mm_per_px:
                view = view_size(film.shape[1], film.shape[2], math.lcm(VIEW_STRIDE, studio.network.stride))
            views = random_views(studio.settings.views, self.generator, JITTER)
            picture = encode(look(film, views, view), studio.inks.paper_lab)
            inking = studio.inks.assigned(self.pen_of[rows])
            seen = studio.look(studio.network(picture), picture, film, window, vertices, inking)
            (gradient,) = torch.autograd.grad(seen.loss, vertices)
            (found,) = on_host([seen], [[gradient]])
            if not found.finite:
                return "not a number"
            activation = studio.excitation_of(found.terms)
            self._remember(activation)
            if done * SNAPSHOTS >= len(self.snapshots):
                self.snapshots.append(self._snapshot(self.first + index))
            step_px = LAST_STEP_PX + (STEP_PX - LAST_STEP_PX) * (1 + math.cos(math.pi * done)) / 2
            self._adam.step(rows, gradient, step_px * studio.canvas.mm_per_px)
            studio.ground.hold(self.vertices)
            step = studio.told(self.first + index, self.first + pace.steps, "enlarging", found, pace)
            self.history.append(step)
            on_step(step)
        return pace.ended

    def chosen(self) -> Candidate:
        """The last state, or the best one remembered, whichever the fixed views like better."""
        chosen = max(map(self._judged, (self.vertices, self._best)), key=lambda one: one.activation)
        self.vertices = chosen.vertices
        return chosen

    def grown_from(self, small: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
        """How it all grew: the small drawing as it would have paved the large one, and the large one."""
        steps = self.first + len(self.history)
        return (*map(self._paved_snapshot, small[:-1:2]), *self.snapshots, self._snapshot(steps))

    def _snapshot(self, step: int) -> Snapshot:
        inking = self.studio.inks.assigned(self.pen_of)
        return Snapshot(
            step,
            bezier_points(self.vertices).cpu().numpy(),
            self.pen_of.cpu().numpy(),
            inking.width_mm.cpu().numpy(),
            inking.transmittance.cpu().numpy(),
        )

    def _paved_snapshot(self, small: Snapshot) -> Snapshot:
        drawable, parts = self.studio.ground.drawable, self._scale[0] * self._scale[1]
        points = torch.from_numpy(small.points_mm)
        return Snapshot(
            small.step,
            _paved(points, self._tile, self._scale, (drawable.width, drawable.height)).numpy(),
            None if small.pen_of is None else np.tile(small.pen_of, parts),
            np.tile(small.width_mm, parts),
            np.tile(small.ink, (parts, 1)),
        )

    def _window(self) -> Window:
        """Where to look next: now and then at the whole, else at places all over the sheet."""
        self._looks += 1
        canvas, (height, width) = self.studio.canvas, self.studio.view
        if self._looks % self._whole_every == 0:
            coarser = math.sqrt(canvas.width_px * canvas.height_px / (width * height))
            size = round(canvas.width_px / coarser), round(canvas.height_px / coarser)
            return Window(Canvas(*size, canvas.mm_per_px * coarser))
        x, y = spread_evenly(self._start + self._looks)[0].tolist()
        left, top = _moved_in(x, canvas.width_px, width), _moved_in(y, canvas.height_px, height)
        return self._part(top - AROUND_PX, left - AROUND_PX, height + 2 * AROUND_PX, width + 2 * AROUND_PX)

    def _part(self, top: int, left: int, height: int, width: int) -> Window:
        px = self.studio.canvas.mm_per_px
        return Window(Canvas(width, height, px), left * px, top * px)

    def _near(self, window: Window, vertices: Tensor) -> Tensor:
        """The strokes whose ink may show in a window: [n]."""
        corner = vertices.new_tensor([window.left, window.top])
        size = vertices.new_tensor([window.canvas.width_px, window.canvas.height_px])
        low, high = (
            corner - self.studio.reach_mm,
            corner + size * window.canvas.mm_per_px + self.studio.reach_mm,
        )
        # A curve lies within the hull of its vertices.
        seen = (vertices.amax(1) > low) & (vertices.amin(1) < high)
        return seen.all(1).nonzero().squeeze(1)

    def _film(self, window: Window, rows: Tensor, vertices: Tensor) -> Tensor:
        points = window.moved(bezier_points(vertices))
        return self._inks.render(points, self._weights[rows], window.canvas)

    def _remember(self, activation: float) -> None:
        """Keep a copy when the running mean over as many looks as it takes to see everything is highest."""
        share = 1 / max(10, self._whole_every) if self.history else 1.0
        self._smooth += share * (activation - self._smooth)
        if self._smooth > self._peak:
            self._peak = self._smooth
            self._best.copy_(self.vertices)

    @torch.no_grad()
    def _judged(self, vertices: Tensor) -> Candidate:
        studio = self.studio

        def film_of(top: int, left: int, height: int, width: int) -> Tensor:
            window = self._part(top, left, height, width)
            rows = self._near(window, vertices)
            return self._film(window, rows, vertices[rows])

        size = studio.canvas.height_px, studio.canvas.width_px
        activation = activation_of_windows(
            film_of, size, studio.view, studio.inks.paper_lab, studio.network, studio.objective
        )
        return Candidate(activation, vertices, self.pen_of)


def _moved_in(where: float, size: int, view: int) -> int:
    """Where a view [0, view) starts on [0, size), for a number 0..1.

    Edges are seen as well: a view that would lie beyond one is moved in.
    """
    middle = (size - view) / 2
    return round(min(max(where * (size + view) - view, min(0, middle)), max(size - view, middle)))


def _paved(vertices: Tensor, tile: Canvas, scale: tuple[int, int], area_mm: tuple[float, float]) -> Tensor:
    """Strokes [N, n, 2] of a tile side by side over an area: [parts · N, n, 2]."""
    part = vertices.new_tensor([area_mm[0] / scale[0], area_mm[1] / scale[1]])
    period = vertices.new_tensor([tile.width_px, tile.height_px]) * tile.mm_per_px
    corners = torch.cartesian_prod(torch.arange(scale[0]), torch.arange(scale[1])).to(vertices)
    return (vertices * (part / period) + (corners * part)[:, None, None]).flatten(0, 1)


def _pushed_in(vertices: Tensor, area_mm: tuple[float, float]) -> Tensor:
    """Strokes that hang over the edge of the area moved in, as they are."""
    area = vertices.new_tensor(area_mm)
    return (
        vertices + (-vertices.amin(1)).clamp_min(0)[:, None] - (vertices.amax(1) - area).clamp_min(0)[:, None]
    )


def _warped(vertices: Tensor, part_mm: float, by_mm: float, generator: torch.Generator) -> Tensor:
    """Vertices moved by a smooth field of about `by_mm`, with waves as long as a part and longer."""
    waves = 8
    turn = torch.rand(waves, 3, generator=generator) * 2 * math.pi
    length = 0.9 + 1.2 * torch.rand(waves, generator=generator)
    heading = torch.stack([turn[:, 0].cos(), turn[:, 0].sin()], 1)
    along = (vertices / part_mm) @ (2 * math.pi * heading / length[:, None]).T.to(vertices)
    towards = torch.stack([turn[:, 2].cos(), turn[:, 2].sin()], 1).to(vertices)
    field = (along + turn[:, 1].to(vertices)).sin() @ towards
    return vertices + by_mm * field / math.sqrt(waves)
