"""Objectives are values: they add, scale and keep their names."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from plotbot.art.networks import EMBEDDED, describe
from plotbot.art.objectives import (
    Objective,
    Seen,
    channel,
    class_logit,
    ink_share,
    layer,
    neuron,
    total_variation,
)
from plotbot.errors import BadInput

MAPS = torch.arange(2 * 3 * 5 * 5, dtype=torch.float32).view(2, 3, 5, 5)
PICTURE = torch.zeros(2, 3, 8, 8)
FILM = torch.full((3, 8, 8), 0.75)
SEEN = Seen({"a": MAPS, "logits": torch.eye(2, 1000)}, PICTURE, FILM)


def value(objective: Objective) -> float:
    return float(objective.evaluate(SEEN)[0])


def test_terms_measure_what_their_names_say() -> None:
    assert value(channel("a", 1)) == pytest.approx(float(MAPS[:, 1].mean()))
    assert value(neuron("a", 2)) == pytest.approx(float(MAPS[:, 2, 2, 2].mean()))
    assert value(layer("a")) == pytest.approx(float((MAPS**2).mean()))
    assert value(class_logit("great white shark")) == 0
    assert value(class_logit(1)) == 0.5
    assert value(ink_share()) == pytest.approx(0.25)
    assert value(total_variation()) == 0
    checkered = PICTURE.clone()
    checkered[..., ::2] = 1
    assert float(total_variation().evaluate(Seen({}, checkered, FILM))[0]) == 1


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_objectives_are_a_vector_space(p: float, q: float) -> None:
    one, other = channel("a", 0), ink_share()
    expected = p * value(one) - q * value(other)
    assert value(p * one - q * other) == pytest.approx(expected, abs=1e-3)
    assert value(-(other * q) + one * p) == pytest.approx(expected, abs=1e-3)


def test_each_term_is_reported_by_name_without_its_weight() -> None:
    objective = channel("a", 0) + 0.5 * channel("a", 0) - 3 * ink_share()
    total, terms = objective.evaluate(SEEN)
    assert set(terms) == {"channel a:0", "ink share"}
    assert float(terms["ink share"]) == pytest.approx(0.25)
    assert float(total) == pytest.approx(1.5 * float(MAPS[:, 0].mean()) - 0.75)
    assert str(objective) == "channel a:0 +0.5·channel a:0 -3·ink share"


def test_excitation_is_what_looks_at_the_network() -> None:
    objective = channel("a", 0) - ink_share() + class_logit(3)
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
