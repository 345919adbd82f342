"""Objectives are values: they add, scale and keep their names."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from plotbot.art.networks import EMBEDDED, describe
from plotbot.art.objectives import (
    Objective,
    Seen,
    SeenStrokes,
    channel,
    class_logit,
    curvature,
    layer,
    neuron,
    sparsity,
    stroke_length,
    total_variation,
)
from plotbot.art.strokes import turning
from plotbot.errors import BadInput

MAPS = torch.arange(2 * 3 * 5 * 5, dtype=torch.float32).view(2, 3, 5, 5)
PICTURE = torch.zeros(2, 3, 8, 8)
FILM = torch.full((3, 8, 8), 0.75)

# On 8 x 8 pixels: a straight line 4 px long and 1 px wide, and one that turns back, half drawn.
STRAIGHT = [[2.0, 2.5], [3.5, 2.5], [4.5, 2.5], [6.0, 2.5]]
HAIRPIN = [[2.0, 5.5], [4.0, 5.5], [6.0, 5.5], [4.0, 5.5]]
STROKES = SeenStrokes(torch.tensor([STRAIGHT, HAIRPIN]), torch.ones(2), torch.tensor([1.0, 0.5]))
SEEN = Seen({"a": MAPS, "logits": torch.eye(2, 1000)}, PICTURE, FILM, STROKES)


def value(objective: Objective) -> float:
    return float(objective.evaluate(SEEN)[0])


def test_terms_measure_what_their_names_say() -> None:
    assert value(channel("a", 1)) == pytest.approx(float(MAPS[:, 1].mean()))
    assert value(neuron("a", 2)) == pytest.approx(float(MAPS[:, 2, 2, 2].mean()))
    assert value(layer("a")) == pytest.approx(float((MAPS**2).mean()))
    assert value(class_logit("great white shark")) == 0
    assert value(class_logit(1)) == 0.5
    assert value(total_variation()) == 0
    checkered = PICTURE.clone()
    checkered[..., ::2] = 1
    assert float(total_variation().evaluate(Seen({}, checkered, FILM))[0]) == 1


def test_terms_of_strokes_measure_them_as_far_as_they_are_drawn() -> None:
    round_end = math.pi / 4
    reach = 4.828 - 2  # of the hairpin's turning point
    covered = (4 + round_end) + 0.5 * (reach + round_end)
    assert value(sparsity()) == pytest.approx(covered / 64, rel=0.05)
    assert value(stroke_length()) == pytest.approx((4 + 0.5 * 6) / 1.5 / 100, rel=1e-3)
    assert value(curvature()) == pytest.approx(0.5 * math.pi / 1.5, abs=1e-3)


def test_terms_of_strokes_have_slopes_even_for_straight_ones() -> None:
    points = STROKES.points_px.clone().requires_grad_()
    seen = Seen({}, PICTURE, FILM, SeenStrokes(points, STROKES.width_px, STROKES.present))
    (sparsity() + stroke_length() + curvature()).evaluate(seen)[0].backward()
    assert points.grad is not None
    assert points.grad.isfinite().all()
    bent = torch.tensor([[[0.0, 0], [1, 0.2], [2, 0], [3, 0]]], requires_grad=True)
    turning(bent).sum().backward()
    assert bent.grad is not None
    assert bent.grad[0, 1, 1] > 0  # straighter without the bump


def test_terms_of_strokes_say_so_where_there_are_none() -> None:
    with pytest.raises(BadInput, match="paper covered is about strokes"):
        sparsity().evaluate(Seen({}, PICTURE, FILM))


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_objectives_are_a_vector_space(p: float, q: float) -> None:
    one, other = channel("a", 0), sparsity()
    expected = p * value(one) - q * value(other)
    assert value(p * one - q * other) == pytest.approx(expected, abs=1e-3)
    assert value(-(other * q) + one * p) == pytest.approx(expected, abs=1e-3)


def test_each_term_is_reported_by_name_without_its_weight() -> None:
    objective = channel("a", 0) + 0.5 * channel("a", 0) - 3 * sparsity()
    total, terms = objective.evaluate(SEEN)
    assert set(terms) == {"channel a:0", "paper covered"}
    assert float(terms["paper covered"]) == pytest.approx(value(sparsity()))
    assert float(total) == pytest.approx(1.5 * float(MAPS[:, 0].mean()) - 3 * value(sparsity()))
    assert str(objective) == "channel a:0 +0.5·channel a:0 -3·paper covered"


def test_excitation_is_what_looks_at_the_network() -> None:
    objective = channel("a", 0) - sparsity() + class_logit(3)
    assert [term.name for term in objective.excitation.terms] == ["channel a:0", "class tiger shark"]
    assert objective.layers == ("a", "logits")


def test_what_the_network_does_not_have_is_refused() -> None:
    description = describe(EMBEDDED)
    channel("blocks.4", 111).check(description)
    class_logit("tabby cat").check(description)
    with pytest.raises(BadInput, match="0 to 111"):
        (channel("blocks.4", 3) + neuron("blocks.4", 112)).check(description)
    with pytest.raises(BadInput, match="no layer 'conv4_3'"):
        layer("conv4_3").check(description)
