"""Refine the strokes of a quantised picture with the differentiable ink renderer, against the picture.

The strokes' points slide until the drawing, seen from the viewing distance, comes nearer to the picture;
which pen draws a stroke does not change, none is added, and the dots of a stippling stay where they are. The
renderer works on pixels about as large as a pen is wide; what it sees otherwise than the independent
rasteriser, by which drawings are judged, is measured at the start and half way, and taken off.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from plotbot.art.adam import Adam
from plotbot.art.ink_renderer import Canvas
from plotbot.art.palette import Inks
from plotbot.art.picture.judge import colour_difference, film_of_strokes, low_passed, resized
from plotbot.art.picture.quantize import Progress, Quantized, QuantizeOptions, estimate_seconds, ink_by_pen
from plotbot.art.picture.separation import colour_weights
from plotbot.ink.film import film_to_lab, relative_to_film
from plotbot.pens.ink_set import InkSet
from plotbot.pens.model import Inventory

__all__ = ["refine"]

Floats = npt.NDArray[np.float64]

_PIECE_MM = 4.0
"""A stroke bends at points about this far apart."""

_PIXEL_MM = 0.25
_STEP_MM = 0.03
_MOST_WORK = 3e6
"""Steps times mm of ink: half a minute of CPU; twice the work brings a twentieth of a ΔE00 more."""

_STEPS = (8, 60)
_CURLED = 2.0
"""What is so many times as long as its extent is no line but the spiral of a dot."""

_STAY = 0.02
"""What a mm² of sway costs, in ΔE00; lines shall not wriggle for nothing."""


def refine(
    drawn: Quantized,
    inventory: Inventory,
    options: QuantizeOptions,
    on_progress: Progress | None = None,
) -> Quantized:
    """The same drawing with better strokes, or as it was where they are not better as plotted.

    Deterministic; takes about half a minute of CPU, whatever the size. `refined_from` of the report is
    the mean ΔE00 before.
    """
    tell = on_progress or (lambda _what, _share: None)
    before = drawn.report.drawn.mean
    if options.marks == "stipple":  # dots have no ends to slide, and settling has moved them already
        return replace(drawn, report=replace(drawn.report, refined_from=before))
    work = _Refining(drawn, inventory, options)
    steps = int(np.clip(_MOST_WORK / max(sum(drawn.report.pens.values()), 1.0), *_STEPS))
    for step in range(steps):
        tell(f"refining strokes, ΔE00 {work.last:.2f}" if step else "refining strokes", step / steps)
        if step in (0, steps // 2):
            work.calibrate()
        work.step(_STEP_MM * (1.0 if step < 0.6 * steps else 0.4))
    strokes = work.strokes()
    seconds = estimate_seconds(strokes, inventory, options.motion)
    difference = work.difference(strokes)
    held = options.time_budget_s is None or seconds <= options.time_budget_s
    if not (difference.mean < before and held):
        return replace(drawn, report=replace(drawn.report, refined_from=before))
    corner = np.array(drawn.box_mm[:2])
    report = replace(
        drawn.report,
        drawn=difference,
        pens=ink_by_pen(strokes),
        seconds=seconds,
        refined_from=before,
    )
    return replace(drawn, strokes=[(pen, line + corner) for pen, line in strokes], report=report)


class _Refining:
    def __init__(self, drawn: Quantized, inventory: Inventory, options: QuantizeOptions) -> None:
        self.inventory, self.options, self.target, self.cell = inventory, options, drawn.target, drawn.cell_mm
        left, top, right, bottom = drawn.box_mm
        self.size = (right - left, bottom - top)
        self.paper = inventory.paper.lab
        corner = np.array([left, top])
        self.given = [(pen, line - corner) for pen, line in drawn.strokes]
        used = [inventory[one] for one in dict.fromkeys(pen for pen, _ in self.given)]
        self.inks = Inks.of(InkSet.of(inventory, used), "cpu")
        self.pens = self.inks.pens
        number = {pen.id: k for k, pen in enumerate(self.pens)}
        lines = [_spaced(line) for _, line in self.given]
        sizes = np.array([len(line) for line in lines])
        self.first = np.concatenate([[0], np.cumsum(sizes)])
        begins = np.delete(np.arange(self.first[-1]), self.first[1:] - 1)
        owner = np.repeat(np.arange(len(lines)), sizes)
        low, high = self.first[owner[begins]], self.first[owner[begins] + 1] - 1
        around = [np.maximum(begins - 1, low), begins, begins + 1, np.minimum(begins + 2, high)]
        self.around = torch.from_numpy(np.stack(around, axis=1))
        self.home = torch.from_numpy(np.concatenate(lines)).float()
        self.points = self.home.clone().requires_grad_()
        pen_of = np.array([number[pen] for pen, _ in self.given])[owner[begins]]
        self.weights = torch.nn.functional.one_hot(torch.from_numpy(pen_of), len(self.pens)).float()
        width, height = (max(2, round(length / _PIXEL_MM)) for length in self.size)
        self.canvas = Canvas(width, height, self.size[0] / width)
        self.seen_at = self.canvas.mm_per_px
        wanted = relative_to_film(low_passed(resized(self.target, (height, width)), self._sigma))
        self.wanted = torch.from_numpy(film_to_lab(wanted, self.paper)).float()
        weights = colour_weights(self.wanted.numpy().reshape(-1, 3)).reshape(height, width, 3, 3)
        self.lab_weights = torch.from_numpy(weights).float()
        self.bias: Tensor | float = 0.0
        self.adam = Adam([self.points])
        self.last = math.nan

    @property
    def _sigma(self) -> float:
        return self.options.viewing / self.canvas.mm_per_px

    def calibrate(self) -> None:
        """Measure by how much the renderer is off, as seen from the viewing distance."""
        shape = (self.canvas.height_px, self.canvas.width_px)
        film = film_of_strokes(self.strokes(), self.inventory, (0.0, 0.0, *self.size), 8.0)
        truth = low_passed(resized(film, shape), self._sigma)
        with torch.no_grad():
            self.bias = torch.from_numpy(truth).float() - self._seen()

    def step(self, rate_mm: float) -> None:
        """One step of all points."""
        lab = film_to_lab((self._seen() + self.bias).clamp(min=1e-4), self.paper)
        apart = torch.einsum("yxij,yxj->yxi", self.lab_weights, lab - self.wanted)
        loss = (apart.square().sum(dim=-1) + 0.01).sqrt().mean()
        self.last = float(loss.detach())
        area = self.size[0] * self.size[1]
        sway = self._bend().square().sum() / area
        (loss + _STAY * sway).backward()  # type: ignore[no-untyped-call]
        self.adam.step([rate_mm])

    def strokes(self) -> list[tuple[str, Floats]]:
        """The strokes as they are now; those that did not bend are two points, as before."""
        with torch.no_grad():
            cubics = self._cubics().double().numpy()
        inside = np.array(self.size)
        t = np.linspace(0, 1, 6)[1:, None]
        found = []
        for k, (pen, given) in enumerate(self.given):
            count = self.first[k + 1] - self.first[k] - 1
            own = cubics[self.first[k] - k : self.first[k] - k + count]
            if count == 0:
                found.append((pen, given))
                continue
            parts = [own[0, :1]]
            for a, b, c, d in own:
                parts.append((1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c + t**3 * d)
            line = np.clip(np.concatenate(parts), 0.0, inside)
            found.append((pen, line if count > 1 else line[[0, -1]]))
        return found

    def difference(self, strokes: list[tuple[str, Floats]]) -> Any:
        """As quantising judges it."""
        film = film_of_strokes(strokes, self.inventory, (0.0, 0.0, *self.size), 10.0)
        cells = resized(film, self.target.shape[:2])
        return colour_difference(cells, self.target, self.paper, self.cell, self.options.viewing)

    def _cubics(self) -> Tensor:
        """Catmull and Rom's curve (1974) through the points, a cubic for each piece, [m, 4, 2]."""
        p0, p1, p2, p3 = self.points[self.around].unbind(dim=1)
        return torch.stack([p1, p1 + (p2 - p0) / 6, p2 - (p3 - p1) / 6, p2], dim=1)

    def _bend(self) -> Tensor:
        """How much more the strokes bend than they did, mm."""
        p0, p1, p2, _ = (self.points - self.home)[self.around].unbind(dim=1)
        return p0 - 2 * p1 + p2

    def _seen(self) -> Tensor:
        """The drawing from the viewing distance, [H, W, 3]."""
        film = self.inks.render(self._cubics(), self.weights, self.canvas)
        kernel = _gaussian(self._sigma)
        reach = len(kernel) // 2
        film = torch.nn.functional.pad(film[:, None], (reach, reach, reach, reach), value=1.0)
        film = torch.nn.functional.conv2d(film, kernel[None, None, None, :])
        film = torch.nn.functional.conv2d(film, kernel[None, None, :, None])
        return film[:, 0].permute(1, 2, 0)


def _gaussian(sigma: float) -> Tensor:
    reach = math.ceil(3 * sigma)
    kernel = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    return kernel / kernel.sum()


def _spaced(line: Floats) -> Floats:
    """Points along a line at about even distances, its ends among them; one of a dot, which is to stay."""
    way = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    if way[-1] >= _CURLED * np.hypot(*np.ptp(line, axis=0)):
        return line[:1]
    count = max(1, round(way[-1] / _PIECE_MM))
    at = np.linspace(0, way[-1], count + 1)
    return np.stack([np.interp(at, way, line[:, k]) for k in (0, 1)], axis=1)
