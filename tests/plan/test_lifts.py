"""Fewer lifts: each way saves what it says, adds no more ink than allowed, and shows none that is hidden."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from plotbot.drawing import from_strokes
from plotbot.paper import Paper
from plotbot.pens.model import Inventory
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.clock import estimate
from plotbot.plan.model import Plan
from plotbot.plan.report import report
from tests.plan.conftest import scribble

WIDTH = 0.3


def bands(plan: Plan) -> shapely.Geometry:
    return shapely.union_all([shapely.LineString(s.mm).buffer(WIDTH / 2) for _, _, s in plan.strokes()])


def plans(
    lines: list[np.ndarray], tin: Inventory, sheet: Paper, **options: object
) -> tuple[Plan, Plan, dict[str, object]]:
    drawing = from_strokes([("dark", line) for line in lines], tin, sheet)
    plain = make_plan(drawing, tin, sheet, None, PlanOptions(simplify=None))
    saving = make_plan(drawing, tin, sheet, None, PlanOptions(simplify=None, **options))  # type: ignore[arg-type]
    sources = [s for _, _, stroke in saving.strokes() for s in stroke.sources]
    sources += [dropped.source for dropped in saving.dropped]
    assert sorted(sources) == list(range(len(lines)))
    return plain, saving, report(drawing, tin, saving)


def test_hops_under_ink_are_drawn_and_do_not_show(tin: Inventory, sheet: Paper) -> None:
    # Teeth of a comb that stop on a thick back made of several lines.
    back = [np.array([[40.0, 50 + 0.2 * k], [120.0, 50 + 0.2 * k]]) for k in range(8)]
    teeth = [np.array([[x, 50.7], [x, 90.0]]) for x in np.arange(42, 118, 1.5)]
    plain, saving, numbers = plans([*back, *teeth], tin, sheet, join_under=3.0)
    assert saving.stroke_count < plain.stroke_count - 15
    assert numbers["joins"] == len(back) + len(teeth) - saving.stroke_count
    shows = bands(saving).difference(bands(plain).buffer(0.02))
    assert shows.area < 0.01
    assert estimate(saving).machine_s < estimate(plain).machine_s


def test_hops_over_bare_paper_are_never_drawn_as_hidden(tin: Inventory, sheet: Paper) -> None:
    plain, saving, _ = plans(scribble(np.random.default_rng(2), 150), tin, sheet, join_under=10.0)
    assert bands(saving).difference(bands(plain).buffer(0.03)).area < 0.01
    assert saving.stroke_count <= plain.stroke_count


def test_hatch_lines_become_a_zigzag_with_the_ink_that_was_allowed(tin: Inventory, sheet: Paper) -> None:
    hatch = [np.array([[50.0, y], [90.0, y]]) for y in np.arange(50, 80, 0.8)]
    plain, saving, numbers = plans(hatch, tin, sheet, join_hatch=1.0)
    assert plain.stroke_count == len(hatch) and saving.stroke_count == 1
    assert numbers["added_ink_mm"] == pytest.approx(0.8 * (len(hatch) - 1), abs=0.01)
    assert plans(hatch, tin, sheet, join_hatch=0.5)[1].stroke_count == len(hatch)
    # Ends that are near but go on in the same direction are no hatching.
    dashes = [np.array([[x, 50.0], [x + 2, 50.0]]) for x in np.arange(50, 100, 2.9)]
    assert plans(dashes, tin, sheet, join_hatch=1.0)[1].stroke_count == len(dashes)


def test_covered_strokes_are_dropped_once_and_the_ink_stays(tin: Inventory, sheet: Paper) -> None:
    line = np.array([[50.0, 50.0], [80.0, 60.0], [90.0, 40.0]])
    inside = np.array([[60.0, 53.3333], [70.0, 56.6667]])
    beside = inside + np.array([0, 0.25])
    dot = np.array([[50.0, 50.0]])
    plain, saving, _ = plans(
        [line, line[::-1].copy(), inside, beside, dot], tin, sheet, drop_covered=True, merge=None
    )
    assert sorted(one.source for one in saving.dropped) in ([0, 2, 4], [1, 2, 4])
    assert {one.reason for one in saving.dropped} == {"wholly under other strokes of the same pen"}
    assert bands(plain).difference(bands(saving).buffer(0.02)).area < 0.01


def test_random_drawings_keep_their_ink_when_covered_strokes_go(tin: Inventory, sheet: Paper) -> None:
    rng = np.random.default_rng(6)
    lines = [np.clip(rng.uniform(100, 106, (3, 2)), 16, 190) for _ in range(140)]
    plain, saving, _ = plans(lines, tin, sheet, drop_covered=True, merge=None)
    assert saving.dropped
    # Points are checked up to 0.42 of the width from the middle: what is lost is a hairline at most.
    assert bands(plain).difference(bands(saving).buffer(0.06)).area < 0.01


def test_the_report_counts_what_planning_saves(tin: Inventory, sheet: Paper) -> None:
    drawing = from_strokes(
        [(pen.id, line) for pen in tin.pens for line in scribble(np.random.default_rng(1), 60)], tin, sheet
    )
    plan = make_plan(drawing, tin, sheet)
    numbers = report(drawing, tin, plan)
    own, mine, saved = numbers["own"], numbers["plan"], numbers["saved"]
    assert own["lifts"] == 180 and own["down_mm"] == pytest.approx(mine["down_mm"], rel=0.01)
    assert saved["up_mm"] == pytest.approx(own["up_mm"] - mine["up_mm"], abs=0.01)
    assert saved["up_mm"] > 0.5 * own["up_mm"] and saved["seconds"] > 0
    assert mine["seconds"] == pytest.approx(estimate(plan).machine_s, abs=0.01)
