"""Passes that no pen lasts for are split between strokes, and nothing else about them changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plotbot.drawing import assign_pens, from_strokes, read_svg
from plotbot.paper import Paper
from plotbot.pens.model import Inventory
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.capacity import InkLeft, split_passes
from plotbot.plan.export import export_svg
from plotbot.plan.model import Pass, Plan, Stroke
from tests.plan.conftest import make_pen, scribble


def drawn_m(one: Pass) -> float:
    return sum(stroke.length_mm for stroke in one.strokes) / 1000


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.floats(0.1, 900), min_size=1, max_size=30),
    st.floats(0, 3),
    st.floats(0.5, 3),
)
def test_every_part_lasts_and_all_strokes_stay_in_order(
    lengths: list[float], left: float, fresh: float
) -> None:
    strokes = tuple(
        Stroke.from_mm(np.array([[0.0, 0.0], [length, 0.0]]), (k,)) for k, length in enumerate(lengths)
    )
    whole = Pass(make_pen("a", 50), strokes, "first", 7.0)
    parts = split_passes([whole], [InkLeft("a", left, fresh), InkLeft("other", 0, 1)])
    assert [stroke for one in parts for stroke in one.strokes] == list(strokes)
    assert [one.wait_s for one in parts] == [7.0] + [0.0] * (len(parts) - 1)
    mounted = [left if parts[0].reason == "first" else fresh] + [fresh] * (len(parts) - 1)
    for one, reach in zip(parts, mounted, strict=True):
        assert drawn_m(one) <= reach or len(one.strokes) == 1
    for one, later, reach in zip(parts, parts[1:], mounted, strict=False):  # no pen is changed too early
        assert drawn_m(one) + later.strokes[0].length_mm / 1000 > 0.9 * reach - 1e-6


def test_a_split_plan_goes_through_a_file(tin: Inventory, sheet: Paper, tmp_path: Path) -> None:
    art = [("light", points) for points in scribble(np.random.default_rng(3), 200)]
    art += [("dark", points) for points in scribble(np.random.default_rng(4), 20)]
    plan = make_plan(
        from_strokes(art, tin, sheet), tin, sheet, None, PlanOptions(ink=(InkLeft("light", 0.5, 1.0),))
    )
    assert pens(plan) == ["light", "light", "light", "dark"]
    assert "fresh pen" in plan.passes[1].reason
    export_svg(plan, tmp_path / "plan.svg")
    again = make_plan(assign_pens(read_svg(tmp_path / "plan.svg"), tin), tin, sheet)
    assert again.hash == plan.hash


def pens(plan: Plan) -> list[str]:
    return [one.pen.id for one in plan.passes]
