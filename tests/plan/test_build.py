"""Planning keeps its promises: nothing vanishes, nothing moves, the same in gives the same out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import shapely
import vpype
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plotbot.drawing import from_strokes, sources
from plotbot.errors import BadInput
from plotbot.paper import Paper
from plotbot.pens.model import Inventory
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.model import Motion, Plan
from tests.plan.conftest import make_pen, scribble


def farthest(lines: list[np.ndarray], others: list[np.ndarray]) -> float:
    """How far points on some lines are from others, at most; sampled."""
    share = np.linspace(0, 1, 8)[:, None]
    samples = [p + share * (q - p) for line in lines for p, q in itertools.pairwise(line)]
    shapes = [shapely.Point(x[0]) if (x == x[0]).all() else shapely.LineString(x) for x in others]
    return float(
        shapely.distance(shapely.points(np.concatenate(samples)), shapely.GeometryCollection(shapes)).max()
    )


near_points = st.one_of(
    st.integers(20, 26).map(float), st.sampled_from([20.0001, 20.25, 20.5]), st.floats(20, 40, width=32)
)
strokes_of_pens = st.lists(
    st.tuples(
        st.sampled_from(["dark", "light", "middle"]),
        hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(2)), elements=near_points),
    ),
    min_size=1,
    max_size=25,
)
options = st.builds(
    PlanOptions,
    merge=st.sampled_from([None, 0, 0.3, 5]),
    simplify=st.sampled_from([None, 0, 0.02, 5]),
    order=st.sampled_from(["fast", "given"]),
    dots=st.booleans(),
)


@settings(max_examples=100)
@given(drawn=strokes_of_pens, how=options)
def test_every_stroke_is_drawn_once_or_dropped_with_a_reason(
    drawn: list[tuple[str, np.ndarray]], how: PlanOptions, tin: Inventory, sheet: Paper
) -> None:
    drawing = from_strokes(drawn, tin, sheet)
    try:
        plan = make_plan(drawing, tin, sheet, None, how)
    except BadInput as error:
        assert "dots" not in str(error) and not how.dots
        assert all((np.ptp(points, axis=0) < 0.0011).all() for _, points in drawn)
        return
    accounted = [source for _, _, stroke in plan.strokes() for source in stroke.sources]
    accounted += [dropped.source for dropped in plan.dropped]
    found = sources(drawing)
    assert sorted(accounted) == [one.index for one in found] == list(range(len(drawn)))
    assert all(dropped.reason for dropped in plan.dropped)
    assert how.dots is False or not plan.dropped
    pen_of = {one.index: one.pen for one in found}
    for _, one_pass, stroke in plan.strokes():
        assert {pen_of[source] for source in stroke.sources} == {one_pass.pen.id}


@settings(max_examples=100)
@given(
    drawn=strokes_of_pens,
    merge=st.sampled_from([None, 0, 0.1, 0.3, 5]),
    simplify=st.sampled_from([None, 0.02, 9]),
)
def test_ink_stays_where_the_drawing_has_it(
    drawn: list[tuple[str, np.ndarray]],
    merge: float | None,
    simplify: float | None,
    tin: Inventory,
    sheet: Paper,
) -> None:
    drawing = from_strokes(drawn, tin, sheet)
    plan = make_plan(drawing, tin, sheet, None, PlanOptions(merge=merge, simplify=simplify))
    found = {one.index: one.points for one in sources(drawing)}
    # Tolerances are capped: lines move by a quarter of the pen's width at most, joins span one width.
    moved = 0.0015 + (0.0 if simplify is None else min(simplify, 0.075))
    joined = 0.0 if merge is None else min(merge, 0.3)
    for _, _, stroke in plan.strokes():
        asked = [found[source] for source in stroke.sources]
        assert farthest([stroke.mm], asked) <= moved + joined / 2 + 1e-6
        assert farthest(asked, [stroke.mm]) <= moved + 1e-6
        added = stroke.length_mm - sum(shapely.linestrings(found[source]).length for source in stroke.sources)
        assert added <= (len(stroke.sources) - 1) * (joined + 0.003) + 0.003 * sum(
            len(found[source]) for source in stroke.sources
        )


def plan_of(points: list[tuple[str, np.ndarray]], tin: Inventory, sheet: Paper) -> Plan:
    return make_plan(from_strokes(points, tin, sheet), tin, sheet)


def test_the_same_drawing_gives_the_same_hash_and_another_one_does_not(tin: Inventory, sheet: Paper) -> None:
    strokes = [(pen.id, points) for pen in tin.pens for points in scribble(np.random.default_rng(5), 60)]
    assert plan_of(strokes, tin, sheet).hash == plan_of(strokes, tin, sheet).hash
    strokes[17][1][2] += 0.01
    assert plan_of(strokes, tin, sheet).hash != plan_of(scribbled(strokes), tin, sheet).hash


def test_whole_numbers_and_fractions_are_the_same_numbers(tin: Inventory) -> None:
    drawing = from_strokes([("dark", [[20, 20], [30, 30]])], tin, Paper(100, 100))
    whole = make_plan(drawing, tin, Paper(100, 100, 15), Motion(draw_speed=30, swap_s=1))
    assert (
        make_plan(drawing, tin, Paper(100.0, 100.0, 15.0), Motion(draw_speed=30.0, swap_s=1.0)).hash
        == whole.hash
    )


def scribbled(strokes: list[tuple[str, np.ndarray]]) -> list[tuple[str, np.ndarray]]:
    return [(pen, points + 0.01) for pen, points in strokes]


def test_strokes_that_touch_become_one(tin: Inventory, sheet: Paper) -> None:
    walk = scribble(np.random.default_rng(1), 1, points=40)[0]
    pieces = [("dark", walk[k : k + 2][:: 1 if k % 3 else -1]) for k in range(39)]
    shuffled = [pieces[k] for k in np.random.default_rng(2).permutation(39)]
    drawing = from_strokes(shuffled, tin, sheet)
    ((_, _, stroke),) = make_plan(drawing, tin, sheet, None, PlanOptions(simplify=None)).strokes()
    assert sorted(stroke.sources) == list(range(39))
    exact = np.rint(walk * 1000)
    assert np.array_equal(stroke.points, exact) or np.array_equal(stroke.points[::-1], exact)


def test_merging_never_reaches_further_than_the_pen_is_wide(tin: Inventory, sheet: Paper) -> None:
    near = [("dark", [[20, 20], [30, 20]]), ("dark", [[30.29, 20], [40, 20]])]
    far = [("dark", [[20, 20], [30, 20]]), ("dark", [[30.31, 20], [40, 20]])]
    for strokes, count in ((near, 1), (far, 2)):
        drawing = from_strokes(strokes, tin, sheet)  # type: ignore[arg-type]
        assert make_plan(drawing, tin, sheet, None, PlanOptions(merge=10)).stroke_count == count


def test_pens_of_different_layers_are_never_joined(tin: Inventory, sheet: Paper) -> None:
    strokes = [("dark", [[20, 20], [30, 20]]), ("light", [[30, 20], [40, 20]])]
    assert plan_of(strokes, tin, sheet).stroke_count == 2  # type: ignore[arg-type]


def test_light_comes_before_dark_and_opaque_last(sheet: Paper) -> None:
    pens = (
        make_pen("dark", 20),
        make_pen("white", 97, opacity=0.9),
        make_pen("light", 80),
        make_pen("first", 10, order=1),
    )
    tin = Inventory.model_validate(
        {"id": "t", "name": "T", "paper": {"name": "white", "lab": (95, 0, 2)}, "pens": pens}
    )
    strokes = [(pen.id, scribble(np.random.default_rng(0), 1)[0]) for pen in pens]
    drawing = from_strokes(strokes, tin, sheet)

    def order(how: str) -> list[str]:
        plan = make_plan(drawing, tin, sheet, None, PlanOptions(pen_order=how))  # type: ignore[arg-type]
        assert all(one.reason for one in plan.passes)
        return [one.pen.id for one in plan.passes]

    assert order("light-first") == ["first", "light", "dark", "white"]
    assert order("dark-first") == ["first", "dark", "light", "white"]
    assert order("given") == ["dark", "white", "light", "first"]


def test_a_pen_without_strokes_has_no_pass(tin: Inventory, sheet: Paper) -> None:
    drawing = from_strokes([("dark", [[20, 20], [30, 20]])], tin, sheet)
    drawing.add([], 7)
    drawing.layers[7].set_property("vp_name", "light")
    assert [one.pen.id for one in make_plan(drawing, tin, sheet).passes] == ["dark"]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_coordinates_that_are_no_numbers_are_named(value: float, tin: Inventory, sheet: Paper) -> None:
    strokes = [("dark", [[20, 20], [30, 20]]), ("dark", [[20, 20], [30, 20], [value, 3]])]
    with pytest.raises(BadInput, match=r"Point 2 of stroke 1 is .*finite"):
        plan_of(strokes, tin, sheet)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("points", "words"),
    [
        ([[10, 100], [50, 100]], "5.0 mm on the left"),
        ([[20, 100], [250, 100]], "55.0 mm on the right"),
        ([[20, -3], [50, 290]], "18.0 mm on the top and 8.0 mm on the bottom"),
        ([[20, 20], [1e9, 20]], "on the right"),
    ],
)
def test_art_outside_the_margins_says_by_how_much(
    points: list[list[float]], words: str, tin: Inventory, sheet: Paper
) -> None:
    with pytest.raises(BadInput, match=words):
        plan_of([("dark", points)], tin, sheet)  # type: ignore[list-item]


def test_empty_drawings_and_unknown_pens_are_refused(tin: Inventory, sheet: Paper) -> None:
    with pytest.raises(BadInput, match="empty"):
        make_plan(vpype.Document(), tin, sheet)
    drawing = vpype.Document()
    drawing.add([np.array([100 + 100j, 200 + 200j])], 1)
    with pytest.raises(BadInput, match="without a pen"):
        make_plan(drawing, tin, sheet)
    drawing.layers[1].set_property("vp_name", "teal")
    with pytest.raises(BadInput, match=r"'teal'.*dark, light, middle"):
        make_plan(drawing, tin, sheet)
    drawing.layers[1].set_property("plotbot_drop", "invisible")
    with pytest.raises(BadInput, match=r"all 1 strokes were dropped \(invisible\)"):
        make_plan(drawing, tin, sheet)


@pytest.mark.parametrize(
    "wrong",
    [{"merge": -1}, {"merge": math.nan}, {"simplify": 11}, {"order": "slow"}, {"pen_order": "rainbow"}],
)
def test_impossible_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        PlanOptions(**wrong)  # type: ignore[arg-type]


def test_everything_on_one_spot_is_one_dot(tin: Inventory, sheet: Paper) -> None:
    spot = [("dark", np.array([[50.0, 50.0]]))] * 20_000
    ((_, _, stroke),) = plan_of(spot, tin, sheet).strokes()
    assert len(stroke.sources) == 20_000 and stroke.length_mm == 0
    drawing = from_strokes(spot, tin, sheet)
    assert make_plan(drawing, tin, sheet, None, PlanOptions(merge=None)).stroke_count == 20_000


def test_identical_strokes_by_the_thousand(tin: Inventory, sheet: Paper) -> None:
    same = [("dark", np.array([[50.0, 50.0], [60.0, 50.0]]))] * 20_000
    plan = make_plan(from_strokes(same, tin, sheet), tin, sheet, None, PlanOptions(merge=None))
    assert plan.stroke_count == 20_000


def test_a_million_points_in_one_stroke(tin: Inventory, sheet: Paper) -> None:
    turn = np.linspace(0, 400 * np.pi, 1_000_000)
    spiral = np.column_stack([np.cos(turn), np.sin(turn)]) * (turn / turn[-1] * 80)[:, None] + (105, 148)
    ((_, _, stroke),) = plan_of([("dark", spiral)], tin, sheet).strokes()
    assert 10_000 < len(stroke.points) < 200_000
    assert stroke.length_mm == pytest.approx(np.hypot(*np.diff(spiral, axis=0).T).sum(), rel=1e-3)
