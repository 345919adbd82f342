"""What a drawing is grown with: every setting of the art, checked before anything slow starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from plotbot.art.diffvg_renderer import check_importable
from plotbot.art.learned import check_colours
from plotbot.art.networks import EMBEDDED, Network, describe, open_network
from plotbot.art.objectives import Objective
from plotbot.art.scale import VIEW_PX, check_scale
from plotbot.errors import BadInput
from plotbot.pens.inventory import matchable_pens
from plotbot.pens.model import Inventory

__all__ = ["GenerateSettings"]

MAX_ASPECT = 8


@dataclass(frozen=True)
class GenerateSettings:
    """What to draw, with what, on what; lengths in mm.

    area_mm: width and height of the drawing. view_px: pixels along its short side, as the network sees
    it. strokes, spans: how many curves, of how many cubic pieces each. stroke_px: their length at the
    start, in those pixels. steps, seconds: when to end, whichever comes first. refit: how many of the
    steps come after the pens are decided; None leaves that to the palette. views: looks per step. tries:
    how many drawings to grow, with this seed and the next ones; the best is kept. scale: the drawing is
    made of so many parts across and down, each of that many strokes and pixels.
    pen_limit: use at most that many pens (palette ``pens``). colours, repeat_pens: how many colours to
    learn, and whether two of them may end as the same pen (palette ``learn``). renderer: what draws the
    strokes while they grow. device: a torch device.
    """

    objective: Objective
    inventory: Inventory
    area_mm: tuple[float, float]
    network: str = EMBEDDED
    weights: Path | None = None
    leaky: float = 0.0
    palette: Literal["pens", "learn", "mono"] = "pens"
    pen_limit: int | None = None
    colours: int = 5
    repeat_pens: bool = False
    strokes: int = 1000
    spans: int = 3
    stroke_px: float = 22.0
    steps: int = 300
    refit: int | None = None
    seconds: float | None = None
    seed: int = 0
    view_px: int = VIEW_PX
    views: int = 1
    tries: int = 1
    scale: tuple[int, int] = (1, 1)
    device: str = "cpu"
    renderer: Literal["plotbot", "diffvg"] = "plotbot"

    @property
    def open_share(self) -> float | None:
        """Share of the steps in which pens are open; None where that is left to the palette."""
        return None if self.refit is None else 1 - self.refit / self.steps

    def open_network(self) -> Network:
        """The network, as far as the objective looks into it; raises what `networks.open_network` does."""
        return open_network(
            self.network,
            self.objective.layers,
            weights=self.weights,
            device=self.device,
            leaky=self.leaky,
        )

    def check(self) -> None:
        """Raise `BadInput` for what cannot be drawn, before anything slow starts."""
        _within("Number of strokes", self.strokes, 1, 20_000)
        _within("Number of spans", self.spans, 1, 64)
        _within("Number of steps", self.steps, 1, 1_000_000)
        if self.refit is not None:
            _within("Number of steps to refit", self.refit, 0, self.steps - 1)
        _within("Slope of a leaky ReLU", self.leaky, 0, 1)
        _within("Number of views", self.views, 1, 64)
        _within("View size in px", self.view_px, 32, 2048)
        _within("Stroke length in px", self.stroke_px, 1, 10_000)
        _within("Width of the drawing in mm", self.area_mm[0], 5, 5000)
        _within("Height of the drawing in mm", self.area_mm[1], 5, 5000)
        _within("Number of tries", self.tries, 1, 64)
        check_scale(self.scale, self.area_mm, max(pen.width_mm for pen in matchable_pens(self.inventory)))
        if self.seconds is not None:
            _within("Time limit in seconds", self.seconds, 1e-3, 1e7)
        if self.pen_limit is not None:
            _within("Pen limit", self.pen_limit, 1, len(matchable_pens(self.inventory)))
        if self.palette == "learn":
            check_colours(self.colours, self.strokes, len(matchable_pens(self.inventory)), self.repeat_pens)
        part = self.part().area_mm
        if max(part) > MAX_ASPECT * min(part):
            raise BadInput(
                f"A drawing {max(part) / min(part):.1f} times as long as wide cannot be grown; the limit is "
                f"{MAX_ASPECT}."
            )
        if not self.objective.excitation.terms:
            raise BadInput("There is nothing to excite; name a channel, a neuron, a layer or a class.")
        self.objective.check(describe(self.network))
        if self.renderer == "diffvg":
            check_importable()

    def part(self) -> GenerateSettings:
        """The settings of one part of a large drawing."""
        (width, height), (across, down) = self.area_mm, self.scale
        return replace(self, area_mm=(width / across, height / down), scale=(1, 1))


def _within(what: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise BadInput(f"{what} {value:g} is out of range; use {low:g} to {high:g}.")
