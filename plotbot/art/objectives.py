"""What a drawing is grown for, as values that compose: ``channel("blocks.4", 87) - 20 * sparsity()``.

An objective is a weighted sum of named terms and is maximised. A term is told what there is to see
(`Seen`) and returns one number; every term keeps its name, so that each can be logged by it. The
weighted sum of the terms that *excite* a channel, neuron, layer or class is the activation plotbot reports.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from torch import Tensor

from plotbot.art.ink_renderer import Canvas, render_free
from plotbot.art.networks import Description, Network, check_channel, check_layer, class_index, class_names
from plotbot.art.strokes import polygon_lengths, turning
from plotbot.errors import BadInput

__all__ = [
    "Objective",
    "Seen",
    "SeenStrokes",
    "Term",
    "channel",
    "class_logit",
    "curvature",
    "layer",
    "neuron",
    "sparsity",
    "stroke_length",
    "total_variation",
]


@dataclass(frozen=True, slots=True)
class SeenStrokes:
    """The strokes of a drawing, N of them, as they are at this step; lengths in pixels of its film.

    points_px: [N, 3K+1, 2], chains of cubic Béziers. width_px: [N]. present: [N] in 0..1, how much each
    is drawn at all while that is still open.
    """

    points_px: Tensor
    width_px: Tensor
    present: Tensor


@dataclass(frozen=True, slots=True)
class Seen:
    """What a term may look at.

    activations: by layer name, maps [B, C, h, w] or logits [B, 1000].
    picture: [B, 3, H, W], the views given to the network, sRGB-encoded in 0..1.
    film: [3, H, W], the whole drawing, linear Rec.2020 relative to the paper.
    strokes: what the film was drawn with, where it was drawn with strokes.
    """

    activations: Mapping[str, Tensor]
    picture: Tensor
    film: Tensor
    strokes: SeenStrokes | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """One named number.

    layers: what the network must compute for it. excites: it is part of the activation. check: raises
    `BadInput` when the network has no such channel. prepare: what must be computed once, with the open
    network; returns the term's value from then on. of_strokes: it needs to see strokes.
    """

    name: str
    value: Callable[[Seen], Tensor]
    weight: float = 1.0
    layers: tuple[str, ...] = ()
    excites: bool = False
    check: Callable[[Description], None] = lambda _description: None
    prepare: Callable[[Network], Callable[[Seen], Tensor]] | None = None
    of_strokes: bool = False


@dataclass(frozen=True)
class Objective:
    """A weighted sum of terms."""

    terms: tuple[Term, ...]

    def __add__(self, other: Objective) -> Objective:
        return Objective(self.terms + other.terms)

    def __sub__(self, other: Objective) -> Objective:
        return self + -1.0 * other

    def __mul__(self, factor: float) -> Objective:
        return Objective(tuple(replace(term, weight=term.weight * factor) for term in self.terms))

    __rmul__ = __mul__

    def __neg__(self) -> Objective:
        return self * -1.0

    def __str__(self) -> str:
        return (
            " ".join(f"{term.weight:+g}·{term.name}" for term in self.terms)
            .removeprefix("+")
            .removeprefix("1·")
        )

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers of the network that the terms look at."""
        return tuple(dict.fromkeys(name for term in self.terms for name in term.layers))

    @property
    def excitation(self) -> Objective:
        """The terms that excite the network: what is reported as activation."""
        return Objective(tuple(term for term in self.terms if term.excites))

    def check(self, description: Description) -> None:
        """Raise `BadInput` when a term asks for a layer or channel the network does not have."""
        for term in self.terms:
            term.check(description)

    def prepared(self, network: Network) -> Objective:
        """The same objective, with everything computed that stays the same from step to step."""
        return Objective(
            tuple(
                replace(term, value=term.prepare(network), prepare=None) if term.prepare else term
                for term in self.terms
            )
        )

    def evaluate(self, seen: Seen) -> tuple[Tensor, dict[str, Tensor]]:
        """The weighted sum, and each term's own value by name, unweighted; terms of one name are added."""
        total = seen.film.new_zeros(())
        by_name: dict[str, Tensor] = {}
        for term in self.terms:
            value = term.value(seen)
            total = total + term.weight * value
            by_name[term.name] = by_name[term.name] + value if term.name in by_name else value
        return total, by_name


def channel(layer: str, number: int) -> Objective:
    """Mean activation of one channel of a layer."""
    return _excitation(
        f"channel {layer}:{number}",
        layer,
        lambda maps: maps[:, number].mean(),
        lambda description: check_channel(description, layer, number),
    )


def neuron(layer: str, number: int) -> Objective:
    """Activation of a channel at the centre of the view alone."""

    def centre(maps: Tensor) -> Tensor:
        return (
            maps[:, number, maps.shape[2] // 2, maps.shape[3] // 2].mean()
            if maps.ndim == 4
            else maps[:, number].mean()
        )

    return _excitation(
        f"neuron {layer}:{number}",
        layer,
        centre,
        lambda description: check_channel(description, layer, number),
    )


def layer(name: str) -> Objective:
    """Mean square activation of a whole layer, as in deep dreams (Mordvintsev et al. 2015)."""
    return _excitation(
        f"layer {name}", name, lambda maps: maps.square().mean(), lambda d: _has_layer(d, name)
    )


def class_logit(name_or_number: str | int) -> Objective:
    """Logit of an ImageNet class, by number, name or synonym; raises `BadInput` for an unknown class."""
    number = class_index(str(name_or_number))
    title = class_names()[number].split(",")[0]
    return _excitation(
        f"class {title}", "logits", lambda logits: logits[:, number].mean(), lambda d: _has_layer(d, "logits")
    )


def total_variation() -> Objective:
    """Mean absolute difference of neighbouring pixels of the views."""

    def value(seen: Seen) -> Tensor:
        across = (seen.picture[..., 1:] - seen.picture[..., :-1]).abs().mean()
        down = (seen.picture[..., 1:, :] - seen.picture[..., :-1, :]).abs().mean()
        return across + down

    return Objective((Term("total variation", value),))


def sparsity() -> Objective:
    """Share of the paper that ink covers, whatever its colour: 0 for a bare sheet. To be subtracted."""

    def covered(seen: Seen, strokes: SeenStrokes) -> Tensor:
        height, width = seen.film.shape[1:]
        bare = (1 - strokes.present)[:, None].expand(-1, 3)
        film = render_free(strokes.points_px, strokes.width_px, bare, Canvas(width, height, 1.0))
        return 1 - film.mean()

    return _of_strokes("paper covered", covered)


def stroke_length() -> Objective:
    """Mean length of the strokes that are drawn, in hundreds of pixels of the view."""
    return _of_strokes(
        "stroke length", lambda _seen, strokes: _mean(polygon_lengths(strokes.points_px), strokes) / 100
    )


def curvature() -> Objective:
    """Mean of what the strokes that are drawn turn along their way, ∫|κ| ds, in radians: 0 if straight."""
    return _of_strokes("curvature", lambda _seen, strokes: _mean(turning(strokes.points_px), strokes))


def _mean(values: Tensor, strokes: SeenStrokes) -> Tensor:
    """The mean over strokes as far as they are drawn; none is tempted to leave for the mean's sake."""
    weights = strokes.present.detach()
    return (values * weights).sum() / weights.sum().clamp_min(1e-6)


def _of_strokes(name: str, value: Callable[[Seen, SeenStrokes], Tensor]) -> Objective:
    def of_seen(seen: Seen) -> Tensor:
        if seen.strokes is None:
            raise BadInput(f"The term {name} is about strokes, and this drawing has none; leave it out.")
        return value(seen, seen.strokes)

    return Objective((Term(name, of_seen, of_strokes=True),))


def _excitation(
    name: str, layer: str, value: Callable[[Tensor], Tensor], check: Callable[[Description], None]
) -> Objective:
    return Objective((Term(name, lambda seen: value(seen.activations[layer]), 1.0, (layer,), True, check),))


def _has_layer(description: Description, name: str) -> None:
    check_layer(description, name)
