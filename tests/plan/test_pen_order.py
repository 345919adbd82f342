"""Pen order: the cheapest for nibs and ink, exactly where that can be had, with a reason for each pen."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plotbot.drawing import from_strokes
from plotbot.paper import Paper
from plotbot.pens.model import Inventory, Pen
from plotbot.plan import pen_order
from plotbot.plan.build import make_plan
from plotbot.plan.pen_order import crossings, order_pens
from tests.plan.conftest import make_pen

INKS = ["water-based", "pigment", "gel", "alcohol", "oil", "ballpoint", "acrylic", "other"]
some_pens = st.lists(
    st.tuples(st.integers(5, 95), st.sampled_from(INKS), st.sampled_from([0.0, 0.0, 0.9])),
    min_size=1,
    max_size=6,
)


def pens_from(values: list[tuple[int, str, float]]) -> list[Pen]:
    return [
        make_pen(f"p{k}", light, ink=ink, opacity=opacity) for k, (light, ink, opacity) in enumerate(values)
    ]


def total(order: list[int], cost: np.ndarray) -> float:
    return sum(cost[a, b] for a, b in itertools.combinations(order, 2))


@settings(max_examples=60)
@given(values=some_pens, data=st.data())
def test_no_order_is_cheaper(values: list[tuple[int, str, float]], data: st.DataObject) -> None:
    pens = pens_from(values)
    shared = data.draw(hnp.arrays(np.float64, (len(pens), len(pens)), elements=st.floats(0, 500)))
    shared = shared + shared.T
    cost = pen_order._costs(pens, shared)
    order = [pens.index(pen) for pen, reason in order_pens(pens, "auto", shared) if reason]
    best = min(total(list(other), cost) for other in itertools.permutations(range(len(pens))))
    assert sorted(order) == list(range(len(pens)))
    assert total(order, cost) == pytest.approx(best, abs=1e-9)


def test_beyond_the_exact_range_moving_pens_comes_close() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        cost = rng.uniform(0, 1, (12, 12))
        np.fill_diagonal(cost, 0)
        exact, moved = pen_order._cheapest(cost), pen_order._improved(cost)
        assert sorted(moved) == list(range(12))
        assert total(moved, cost) <= 1.03 * total(exact, cost)
    many = [make_pen(f"p{k}", 90 - 3 * k) for k in np.random.default_rng(1).permutation(25)]
    ordered = [pen.lab[0] for pen, _ in order_pens(many, "auto", np.full((25, 25), 50.0))]
    assert ordered == sorted(ordered, reverse=True)


@given(st.floats(0, 1000), st.permutations([15, 30, 45, 60, 75, 90]), st.sampled_from(INKS))
def test_alike_crossings_of_one_ink_give_light_to_dark(area: float, lights: list[int], ink: str) -> None:
    pens = [make_pen(f"p{light}", light, ink=ink) for light in lights]
    ordered = [pen.lab[0] for pen, _ in order_pens(pens, "auto", np.full((6, 6), area))]
    assert ordered == sorted(ordered, reverse=True)


def test_a_wet_light_ink_waits_for_a_dry_one_that_is_little_darker() -> None:
    gel, liner = make_pen("gel", 62, ink="gel"), make_pen("liner", 58, ink="pigment")
    shared = np.array([[900.0, 40.0], [40.0, 900.0]])
    (first, _), (second, reason) = order_pens([gel, liner], "auto", shared)
    assert (first.id, second.id) == ("liner", "gel")
    assert "wetter than liner" in reason and "40 mm²" in reason


def test_opaque_ink_goes_over_translucent_ink_and_fixed_pens_where_they_are_fixed() -> None:
    pens = [
        make_pen("white", 97, opacity=0.95, ink="gel"),
        make_pen("dark", 15),
        make_pen("light", 85),
        make_pen("signature", 10, order=1),
    ]
    ordered = order_pens(pens, "auto", np.full((4, 4), 10.0))
    assert [pen.id for pen, _ in ordered] == ["signature", "light", "dark", "white"]
    assert "fixed at place 1" in ordered[0][1] and "opaque" in ordered[3][1] and "soil" in ordered[2][1]


def test_crossings_measure_shared_area() -> None:
    sheet = Paper(210, 297, 15)
    tin = Inventory.model_validate(
        {
            "id": "t", "name": "T", "paper": {"name": "white", "lab": (95, 0, 2)},
            "pens": [make_pen("a", 80), make_pen("b", 50), make_pen("c", 20)],
        }
    )  # fmt: skip
    hatch = [np.array([[20.0, y], [70.0, y]]) for y in np.arange(20, 70, 0.4)]
    strokes = [("a", line) for line in hatch] + [("b", line + np.array([25, 0])) for line in hatch]
    strokes.append(("c", np.array([[150.0, 250.0], [160.0, 250.0]])))
    drawing = from_strokes(strokes, tin, sheet)
    from plotbot.drawing import flat_layers  # noqa: PLC0415

    shared = crossings([layer.lines for layer in flat_layers(drawing)], sheet)
    assert shared[0, 0] == pytest.approx(50 * 50, rel=0.05)
    assert shared[0, 1] == shared[1, 0] == pytest.approx(25 * 50, rel=0.06)
    assert shared[0, 2] == 0
    plan = make_plan(drawing, tin, sheet)
    assert [one.pen.id for one in plan.passes] == ["a", "b", "c"]
    assert "nib (1" in plan.passes[1].reason
