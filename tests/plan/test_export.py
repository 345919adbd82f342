"""One plan, many formats: what other programs read is what the plan says."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import vpype

from plotbot.drawing import assign_pens, fit, from_strokes, read_svg
from plotbot.errors import BadInput
from plotbot.paper import Paper
from plotbot.pens.model import Inventory
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.export import export_gcode, export_hpgl, export_json, export_svg
from plotbot.plan.model import Motion, Plan
from plotbot.plan.store import load_plan
from tests.plan.conftest import scribble


@pytest.fixture(scope="module")
def plan(tin: Inventory) -> Plan:
    rng = np.random.default_rng(12)
    strokes = [(pen.id, points) for pen in tin.pens for points in scribble(rng, 40)]
    strokes += [
        ("dark", strokes[5][1][-1:] + np.array([[0, 0], [2, 1]])),
        ("light", np.array([[60.0, 60.0]])),
    ]
    paper = Paper(210, 297, 15, "a4")
    return make_plan(from_strokes(strokes, tin, paper), tin, paper, None, PlanOptions(dots=False))


def test_a_reimported_svg_gives_the_same_plan(plan: Plan, tin: Inventory, tmp_path: Path) -> None:
    assert plan.dropped and any(len(stroke.sources) > 1 for _, _, stroke in plan.strokes())
    path = tmp_path / "plan.svg"
    export_svg(plan, path)
    again = make_plan(assign_pens(read_svg(path), tin), tin, plan.paper)
    assert again.hash == plan.hash
    assert [one.reason for one in again.passes] == [one.reason for one in plan.passes]
    export_svg(again, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_bytes() == path.read_bytes()


def test_a_changed_svg_is_planned_anew(plan: Plan, tin: Inventory, tmp_path: Path) -> None:
    path = tmp_path / "plan.svg"
    export_svg(plan, path)
    first = re.search(r"M(\d+\.\d+),", path.read_text())
    assert first
    path.write_text(path.read_text().replace(first[0], f"M{float(first[1]) + 0.5:.3f},", 1))
    again = make_plan(assign_pens(read_svg(path), tin), tin, plan.paper)
    assert sorted(s for _, _, stroke in again.strokes() for s in stroke.sources) == [
        *range(plan.stroke_count)
    ]
    # Moved as a whole, or for another sheet, it is another drawing too.
    larger = Paper(297, 420, 15, "a3")
    fitted = fit(assign_pens(read_svg(path), tin), larger)
    assert make_plan(fitted, tin, larger).dropped == ()


def test_other_motion_times_the_same_strokes(plan: Plan, tin: Inventory, tmp_path: Path) -> None:
    export_svg(plan, tmp_path / "plan.svg")
    slow = make_plan(
        assign_pens(read_svg(tmp_path / "plan.svg"), tin), tin, plan.paper, Motion(draw_speed=10)
    )
    assert slow.motion.draw_speed == 10 and slow.hash != plan.hash
    assert all(
        np.array_equal(one[2].points, other[2].points)
        for one, other in zip(slow.strokes(), plan.strokes(), strict=True)
    )


def test_vpype_and_inkscape_find_the_layers(plan: Plan, tmp_path: Path) -> None:
    export_svg(plan, tmp_path / "plan.svg")
    document = vpype.read_multilayer_svg(str(tmp_path / "plan.svg"), quantization=0.1)
    assert sorted(document.layers) == [1, 2, 3]
    for number, one in enumerate(plan.passes, 1):
        layer = document.layers[number]
        assert layer.property("vp_name") == f"{number} - {one.pen.id} {one.pen.name}"
        assert len(layer) == len(one.strokes)
        for line, stroke in zip(layer, one.strokes, strict=True):
            assert np.allclose(np.column_stack([line.real, line.imag]) * 25.4 / 96, stroke.mm, atol=2e-3)


def test_json_is_the_plan_file(plan: Plan, tmp_path: Path) -> None:
    export_json(plan, tmp_path / "plan.json")
    assert load_plan(tmp_path / "plan.json").hash == plan.hash


def test_gcode_draws_the_strokes_in_order(plan: Plan, tmp_path: Path) -> None:
    export_gcode(plan, tmp_path / "plan.gcode")
    strokes: list[list[tuple[float, float]]] = []
    down, x, y, pauses = False, 0.0, 0.0, 0
    for line in (tmp_path / "plan.gcode").read_text().splitlines():
        assert len(line) <= 80
        pauses += line == "M0"
        if line.startswith("M3"):
            down = True
            strokes.append([(x, y)])
        elif line == "M5":
            down = False
        elif move := re.match(r"G([01]) ?X(\S+) Y(\S+)", line):
            assert (move[1] == "1") == down
            x, y = float(move[2]), float(move[3])
            if down:
                strokes[-1].append((x, y))
    assert pauses == len(plan.passes) - 1 and (x, y) == (0, 0)
    for points, (_, _, stroke) in zip(strokes, plan.strokes(), strict=True):
        assert np.allclose(np.array(points) * (1, -1) + (0, 297), stroke.mm, atol=2e-3)


def test_hpgl_selects_each_pen_once(plan: Plan, tmp_path: Path) -> None:
    export_hpgl(plan, tmp_path / "plan.hpgl")
    text = (tmp_path / "plan.hpgl").read_text()
    assert re.findall(r"SP([1-9])", text) == ["1", "2", "3"]
    assert len(re.findall(r"PD", text)) >= plan.stroke_count


def test_unknown_profiles_plotters_and_papers_are_named(plan: Plan, tin: Inventory, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'zebra' is unknown; use one of .*gcodemm.*plotbot"):
        export_gcode(plan, tmp_path / "x.gcode", "zebra")
    with pytest.raises(BadInput, match=r"'zebra' is unknown; use one of .*hp7475a"):
        export_hpgl(plan, tmp_path / "x.hpgl", "zebra")
    odd = Paper(200, 200, 15)
    square = make_plan(from_strokes([("dark", [[20, 20], [30, 30]])], tin, odd), tin, odd)
    with pytest.raises(BadInput, match=r"no paper .*it has a4, a3"):
        export_hpgl(square, tmp_path / "x.hpgl")
    assert not list(tmp_path.iterdir())
