"""Plan files: the same plan comes back, and a damaged one never passes for whole."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotbot.drawing import from_strokes
from plotbot.errors import BadInput, JobMismatch, PlotbotError
from plotbot.paper import Paper
from plotbot.pens.model import Inventory, Overprint
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.clock import estimate
from plotbot.plan.model import Plan
from plotbot.plan.store import load_plan, save_plan, summary
from tests.plan.conftest import scribble


@pytest.fixture(scope="module")
def plan(tin: Inventory, sheet: Paper) -> Plan:
    rng = np.random.default_rng(3)
    strokes = [(pen.id, points) for pen in tin.pens for points in scribble(rng, 7)]
    strokes.append(("dark", np.array([[50.0, 50.0]])))
    return make_plan(from_strokes(strokes, tin, sheet), tin, sheet, None, PlanOptions(dots=False))


def test_a_plan_comes_back_with_its_hash(plan: Plan, tmp_path: Path) -> None:
    save_plan(plan, tmp_path / "plan.json")
    again = load_plan(tmp_path / "plan.json")
    assert again.hash == plan.hash
    assert again.paper == plan.paper and again.motion == plan.motion and again.dropped == plan.dropped
    for (_, one, stroke), (_, other, copy) in zip(plan.strokes(), again.strokes(), strict=True):
        assert one.pen == other.pen and one.reason == other.reason and stroke.sources == copy.sources
        assert np.array_equal(stroke.points, copy.points)
    save_plan(again, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "plan.json").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.json", "plan.json"]


def test_measured_pairs_are_frozen_with_the_plan_and_hashed(
    plan: Plan, tin: Inventory, sheet: Paper, tmp_path: Path
) -> None:
    """A plan keeps how its pens look together, and one without is read and hashed as ever."""
    pairs = tuple(
        Overprint(under="light", over=over, lab=(30, 5, 5), provenance="scan", uncertainty=2)
        for over in ("dark", "middle")
    )
    measured = tin.model_copy(update={"overprints": pairs})
    rng = np.random.default_rng(3)
    strokes = [(pen, line) for pen in ("light", "dark") for line in scribble(rng, 3)]
    drawing = from_strokes(strokes, tin, sheet)
    with_pairs, without = make_plan(drawing, measured, sheet), make_plan(drawing, tin, sheet)
    assert with_pairs.overprints == pairs[:1]  # only of pens that draw something
    assert with_pairs.hash != without.hash
    save_plan(with_pairs, tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json").overprints == pairs[:1]
    data = json.loads((tmp_path / "plan.json").read_text())
    data["overprints"][0]["lab"] = [31, 5, 5]
    (tmp_path / "plan.json").write_text(json.dumps(data))
    with pytest.raises(JobMismatch, match="changed"):
        load_plan(tmp_path / "plan.json")
    save_plan(without, tmp_path / "old.json")
    assert "overprints" not in json.loads((tmp_path / "old.json").read_text())
    assert load_plan(tmp_path / "old.json").inks.trapping is None


@settings(max_examples=150)
@given(data=st.data())
def test_no_damage_goes_unnoticed(
    data: st.DataObject, plan: Plan, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    save_plan(plan, path)
    whole = path.read_bytes()
    if data.draw(st.booleans(), "truncate"):
        damaged = whole[: data.draw(st.integers(0, len(whole) - 2), "length")]
    else:
        at = data.draw(st.integers(0, len(whole) - 1), "at")
        damaged = whole[:at] + bytes([data.draw(st.integers(0, 255), "byte")]) + whole[at + 1 :]
    path.write_bytes(damaged)
    try:
        loaded = load_plan(path)
    except (BadInput, JobMismatch):
        return
    # What still loads says the same: white space, or words that reach neither paper nor clock.
    assert loaded.hash == plan.hash


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["passes"][0]["strokes"][0]["points"].__setitem__(0, 1.5),
        lambda d: d["passes"][0]["strokes"][0]["points"].__setitem__(0, math.nan),
        lambda d: d["passes"][0]["strokes"][0]["points"].__setitem__(0, 10**12),
        lambda d: d["passes"][0]["strokes"][0]["points"].append(5),
        lambda d: d["passes"][0]["strokes"][0]["points"].clear(),
        lambda d: d["passes"][0]["strokes"][0].pop("sources"),
        lambda d: d["passes"][0]["strokes"][0].__setitem__("sources", [-1]),
        lambda d: d["passes"][0]["pen"].__setitem__("width_mm", -3),
        lambda d: d["passes"][0].__setitem__("strokes", 7),
        lambda d: d["motion"].__setitem__("draw_speed", 0),
        lambda d: d["motion"].__setitem__("warp", 9),
        lambda d: d["paper"].__setitem__("width", -1),
        lambda d: d.__setitem__("paper_lab", [1, 2]),
        lambda d: d.__setitem__("dropped", [{}]),
        lambda d: d.__setitem__("overprints", [{"under": "dark"}]),
        lambda d: d.__setitem__("overprints", 5),
        lambda d: d.pop("passes"),
        lambda d: d.__setitem__("format", "plotbot plan 99"),
    ],
)
def test_nonsense_is_one_sentence(change: object, plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save_plan(plan, path)
    data = json.loads(path.read_text())
    change(data)  # type: ignore[operator]
    path.write_text(json.dumps(data))
    with pytest.raises(BadInput, match=r"plan\.json") as error:
        load_plan(path)
    assert "\n" not in str(error.value)


def test_a_changed_stroke_is_a_mismatch(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save_plan(plan, path)
    data = json.loads(path.read_text())
    data["passes"][0]["strokes"][0]["points"][0] += 1
    path.write_text(json.dumps(data))
    with pytest.raises(JobMismatch, match="changed"):
        load_plan(path)


def test_files_that_are_no_plans(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be read"):
        load_plan(tmp_path / "none.json")
    with pytest.raises(BadInput):
        load_plan(tmp_path)
    for text in (b"", b"[" * 100_000, b"\xff\xfe", b"[]", b'"x"'):
        (tmp_path / "odd.json").write_bytes(text)
        with pytest.raises(PlotbotError):
            load_plan(tmp_path / "odd.json")


def test_an_unwritable_place_leaves_nothing(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="cannot be written"):
        save_plan(plan, tmp_path / "missing" / "plan.json")
    (tmp_path / "plan.json").mkdir()
    with pytest.raises(BadInput, match="cannot be written"):
        save_plan(plan, tmp_path / "plan.json")
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


def test_the_summary_has_the_promised_keys(plan: Plan) -> None:
    numbers = summary(plan)
    timing = estimate(plan)
    assert json.loads(json.dumps(numbers)) == numbers
    assert {"plan_hash", "pens", "totals", "estimate_s", "dropped"} <= set(numbers)
    for pen in numbers["pens"]:
        assert {"id", "lab", "strokes", "down_mm", "up_mm", "lifts", "seconds"} <= set(pen)
    assert [pen["id"] for pen in numbers["pens"]] == [one.pen.id for one in plan.passes]
    assert numbers["totals"]["strokes"] == plan.stroke_count == sum(pen["strokes"] for pen in numbers["pens"])
    assert numbers["estimate_s"] == pytest.approx(timing.seconds, abs=1e-3)
    assert numbers["dropped"] == [
        {
            "source": plan.dropped[0].source,
            "pen": "dark",
            "reason": "a dot: it has no length",
            "length_mm": 0.0,
        }
    ]
