"""What the drawings of one run share: network, inks, ground, and how a drawing is looked at."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from plotbot.art.artwork import Step
from plotbot.art.augment import Jitter, look, random_views, view_size
from plotbot.art.diffvg_renderer import DiffvgCoverage
from plotbot.art.ground import Ground, Sheet, Torus
from plotbot.art.ink_renderer import Canvas
from plotbot.art.judge import activation_of_film, encode
from plotbot.art.networks import Network
from plotbot.art.objectives import Objective, Seen, SeenStrokes
from plotbot.art.pace import Pace
from plotbot.art.palette import Inking, Inks, darkest
from plotbot.art.settings import GenerateSettings
from plotbot.art.strokes import Drawable, bezier_points, polygon_lengths
from plotbot.errors import BadInput
from plotbot.pens.ink_set import InkSet
from plotbot.pens.inventory import matchable_pens

__all__ = ["Found", "Look", "Studio", "Window", "on_host"]

JITTER = Jitter()

VIEW_STRIDE = 32
"""Views are whole multiples of this, whatever the network, so that activations compare."""

REGULARITY_WEIGHTS = {"dots": 5.0, "runaways": 5.0, "kinks": 20.0, "bunches": 4.0, "edges": 5.0}


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a drawing found: the loss to go down, every term by name, unweighted, and the
    length of its ink and the entropy of its pens (see `plotbot.art.artwork.Step`)."""

    loss: Tensor
    terms: dict[str, Tensor]
    ink_mm: Tensor
    pen_entropy: Tensor


@dataclass(frozen=True, slots=True)
class Found:
    """A look in plain numbers. finite: these are numbers, and so are the gradients."""

    loss: float
    terms: dict[str, float]
    ink_mm: float
    pen_entropy: float
    finite: bool


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the ground that a film shows: its pixels, and where its corner lies in mm."""

    canvas: Canvas
    left: float = 0.0
    top: float = 0.0

    def moved(self, points_mm: Tensor) -> Tensor:
        """Points [..., 2] on the ground as they lie in the window."""
        if self.left == self.top == 0:
            return points_mm
        return points_mm - points_mm.new_tensor([self.left, self.top])


@dataclass(frozen=True)
class Studio:
    """A network and an objective prepared for it, inks, and the ground strokes grow on.

    view: height and width in pixels of what the network is shown at a time. reach_mm: how far from a
    stroke's points its ink may reach.
    """

    settings: GenerateSettings
    network: Network
    objective: Objective
    inks: Inks
    ground: Ground
    view: tuple[int, int]
    reach_mm: float

    @classmethod
    def of(cls, settings: GenerateSettings, network: Network, *, endless: bool = False) -> Studio:
        """A studio for drawings of the settings' area; endless ones go on beyond their edges."""
        inventory = settings.inventory
        laid = InkSet.of(inventory, matchable_pens(inventory))
        if settings.palette == "mono":
            laid = replace(laid, pens=(darkest(laid.pens),))
        width, height = settings.area_mm
        px = min(width, height) / settings.view_px
        canvas = Canvas(round(width / px), round(height / px), px)
        nib = max(pen.width_mm for pen in laid.pens)
        length = settings.stroke_px * px
        shortest, longest = max(10 * px, 4 * nib), max(6 * length, 100 * px)
        ground: Ground = (
            Torus(canvas, shortest, longest, reach=2 * nib)
            if endless
            else Sheet(canvas, Drawable(width, height, shortest, longest, inset=max(4 * px, nib)), nib)
        )
        stride = math.lcm(VIEW_STRIDE, network.stride)
        coverage = DiffvgCoverage() if settings.renderer == "diffvg" else None
        return cls(
            settings,
            network,
            settings.objective.prepared(network),
            Inks.of(laid, settings.device, coverage),
            ground,
            view_size(canvas.height_px, canvas.width_px, stride),
            2 * nib,
        )

    @property
    def canvas(self) -> Canvas:
        """The pixels of the whole drawing."""
        return self.ground.canvas

    def around(self, points_mm: Tensor, inks: Tensor) -> tuple[Tensor, Tensor]:
        """Points [N, n, 2] and what each stroke is drawn with [N, ...], with what shows from beyond the
        edges."""
        copies = self.ground.copies(points_mm)
        if copies is None:
            return points_mm, inks
        return copies.points(points_mm), copies.inks(inks)

    def views(self, film: Tensor, generator: torch.Generator) -> Tensor:
        """Random views [V, 3, h, w] of a film [3, H, W] as the network takes them."""
        views = random_views(self.settings.views, generator, JITTER)
        return encode(look(self.ground.framed(film, generator), views, self.view), self.inks.paper_lab)

    @property
    def whole(self) -> Window:
        """The window that shows the whole drawing."""
        return Window(self.canvas)

    def look(
        self,
        maps: Mapping[str, Tensor],
        picture: Tensor,
        film: Tensor,
        window: Window,
        vertices: Tensor,
        inking: Inking,
    ) -> Look:
        """What the objective makes of a window's film and its views, and how regular the strokes are."""
        points, px = bezier_points(vertices), window.canvas.mm_per_px
        laid, nibs = self.around(points, torch.stack([inking.width_mm / px, inking.drawn], 1))
        strokes = SeenStrokes(window.moved(laid) / px, nibs[:, 0], nibs[:, 1])
        total, terms = self.objective.evaluate(Seen(maps, picture, film, strokes))
        regular = self.ground.regularity(vertices)
        loss = -total
        for name, value in regular.items():
            loss = loss + REGULARITY_WEIGHTS[name] * value
        ink_mm = polygon_lengths(points.detach()) @ inking.drawn.detach()
        return Look(loss, terms | regular, ink_mm, inking.entropy)

    def excitation_of(self, terms: dict[str, float]) -> float:
        """The activation, from the values of all terms by name."""
        return sum(term.weight * terms[term.name] for term in self.objective.excitation.terms)

    def told(self, index: int, count: int, phase: str, found: Found, pace: Pace) -> Step:
        """What is told of a step."""
        activation, left_s = self.excitation_of(found.terms), pace.left_s
        figures = found.loss, found.ink_mm, found.pen_entropy
        return Step(index, count, phase, activation, found.terms, left_s, *figures, pace.done)

    def check_number(self, activation: float) -> None:
        """Raise `BadInput` where even the best drawing there is makes no number."""
        if not math.isfinite(activation):
            raise BadInput(
                f"The activation of {self.settings.objective.excitation} in {self.settings.network} is not a "
                "number from the start; the network's weights may be damaged, or a weight in the objective "
                "too large."
            )

    def activation(self, film: Tensor) -> float:
        """Activation of a film [3, H, W] of the whole drawing under the fixed views."""
        framed = self.ground.framed(film, None)
        return activation_of_film(framed, self.inks.paper_lab, self.network, self.objective, self.view)


def on_host(looks: Sequence[Look], gradients: Sequence[Sequence[Tensor]]) -> list[Found]:
    """The looks in plain numbers, each with the gradients it led to.

    Everything comes from the device in one copy, the only one of a step.
    """
    values = [
        value.detach().float()
        for one, own in zip(looks, gradients, strict=True)
        for value in (
            one.ink_mm,
            one.pen_entropy,
            one.loss,
            *one.terms.values(),
            *(gradient.sum() for gradient in own),
        )
    ]
    numbers = iter(torch.stack(values).tolist())
    found = []
    for one, own in zip(looks, gradients, strict=True):
        ink_mm, entropy, loss = next(numbers), next(numbers), next(numbers)
        terms = {name: next(numbers) for name in one.terms}
        checked = [loss, *terms.values(), *(next(numbers) for _ in own)]
        found.append(Found(loss, terms, ink_mm, entropy, all(map(math.isfinite, checked))))
    return found
