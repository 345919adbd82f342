"""Waits for wet ink: never too short, and filled with other work where that is faster."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotbot.drawing import assign_pens, from_strokes, read_svg
from plotbot.paper import Paper
from plotbot.pens.model import Inventory, PaperColour
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.cells import inked_cells
from plotbot.plan.clock import estimate, stroke_times
from plotbot.plan.drying import DRY_S
from plotbot.plan.export import export_svg
from plotbot.plan.model import Motion, Plan
from plotbot.plan.motion import flatten
from plotbot.plan.store import load_plan, save_plan
from tests.plan.conftest import make_pen, scribble

SHEET = Paper(210, 297, 15)
PAINT = Inventory(
    id="paint",
    name="Paint",
    paper=PaperColour(name="white", lab=(95, 0, 2)),
    pens=(
        make_pen("light", 80, ink="acrylic"),
        make_pen("middle", 50, ink="gel"),
        make_pen("dark", 20, ink="pigment"),
    ),
)
QUICK = Motion(swap_s=5.0)


def too_soon(plan: Plan) -> float:
    """By how many seconds a stroke comes too early over ink of another pen, at worst, with swaps that take
    no longer than the plan's waits."""
    times = stroke_times(replace(plan, motion=replace(plan.motion, swap_s=0.0)))
    last: dict[str, dict[int, float]] = {}
    worst = -np.inf
    for index, one, stroke in plan.strokes():
        points, offsets = flatten([stroke.mm])
        for cell in set(inked_cells(points, offsets, plan.paper)[0].tolist()):
            for pen, inked in last.items():
                if pen != one.pen.id and cell in inked:
                    worst = max(worst, inked[cell] - times[index, 1])
            last.setdefault(one.pen.id, {})[cell] = times[index, 2] + DRY_S[one.pen.ink]
    return worst


def art(seed: int, counts: tuple[int, ...] = (6, 8, 5)) -> list[tuple[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [
        (pen.id, points)
        for pen, count in zip(PAINT.pens, counts, strict=True)
        for points in scribble(rng, count)
    ]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_no_stroke_comes_over_wet_ink(seed: int) -> None:
    crossing = [
        ("dark", np.array([[30.0, 100.0], [180.0, 110.0]])),
        ("light", np.array([[100.0, 30], [101, 260]])),
    ]
    plan = make_plan(from_strokes(art(seed) + crossing, PAINT, SHEET), PAINT, SHEET, QUICK)
    assert any(one.wait_s for one in plan.passes)
    assert too_soon(plan) <= 0.001


def test_a_wait_is_filled_by_drawing_elsewhere_first() -> None:
    square = np.array([[20, 20], [60, 20], [60, 60], [20, 60], [20, 20]], dtype=float)
    across = [("dark", np.array([[25.0 + k, 15.0], [25.0 + k, 65.0]])) for k in range(0, 30, 3)]
    elsewhere = [("dark", points) for points in scribble(np.random.default_rng(1), 60, 30)]
    elsewhere = [(pen, np.clip(points, (70, 90), (190, 280))) for pen, points in elsewhere]
    drawing = from_strokes([("light", square), *across, *elsewhere], PAINT, SHEET)
    plan = make_plan(drawing, PAINT, SHEET, QUICK)
    assert too_soon(plan) <= 0.001
    as_it_is = make_plan(drawing, PAINT, SHEET, QUICK, PlanOptions(order="given", pen_order="given"))
    assert as_it_is.passes[1].wait_s >= 110
    assert plan.passes[1].wait_s <= 5
    assert estimate(plan).seconds < estimate(as_it_is).seconds - 60
    sources = [source for _, _, stroke in plan.strokes() for source in stroke.sources]
    assert sorted(sources) == list(range(71))


def test_what_does_not_cross_waits_for_nothing() -> None:
    light = [("light", np.array([[20.0, 20], [60, 20]]))]
    dark = [("dark", np.array([[20.0, 30], [60, 30]]))]
    plan = make_plan(from_strokes(light + dark, PAINT, SHEET), PAINT, SHEET, QUICK)
    assert [one.wait_s for one in plan.passes] == [0, 0]
    assert estimate(plan).wait_s == 0


def test_waits_are_part_of_the_plan_its_clock_and_its_files(tmp_path: Path) -> None:
    drawing = from_strokes(
        [("light", np.array([[20.0, 20], [60, 60]])), ("dark", np.array([[20.0, 60], [60, 20]]))],
        PAINT,
        SHEET,
    )
    plan = make_plan(drawing, PAINT, SHEET, QUICK)
    wait = plan.passes[1].wait_s
    assert 100 < wait < 125
    timing = estimate(plan)
    assert timing.swap_s + timing.wait_s == pytest.approx(wait)
    assert stroke_times(plan)[1, 0] == pytest.approx(timing.passes[0].seconds + wait)
    hurried = replace(plan, passes=(plan.passes[0], replace(plan.passes[1], wait_s=0.0)))
    assert hurried.hash != plan.hash
    save_plan(plan, tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json").passes[1].wait_s == wait
    export_svg(plan, tmp_path / "plan.svg")
    again = make_plan(assign_pens(read_svg(tmp_path / "plan.svg"), PAINT), PAINT, SHEET, QUICK)
    assert again.hash == plan.hash
