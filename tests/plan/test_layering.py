"""What layers of a file ask for reaches the plan, its files, the machine and the person."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotbot.drawing import assign_pens, from_strokes, read_svg, write_svg
from plotbot.errors import BadInput
from plotbot.job.folder import open_job
from plotbot.layers import LayeredPen, LayerMap, LayerOrder, parse_layer_name
from plotbot.machine.grbl_gcode import gcode_lines
from plotbot.machine.profile import find_profile
from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.clock import estimate
from plotbot.plan.export import export_gcode, export_svg
from plotbot.plan.model import Motion
from plotbot.plan.motion import draw_limits, mounting_seconds
from plotbot.plan.store import load_plan, save_plan, summary
from tests.job.plotting import Person, make_job, plot, virtual

LAYERS = (
    ("9 - last", "#000000"),
    ("!2+S50 fast", "#d90005"),
    ("2+H40+D500 high", "#d90005"),
    ("1 ground", "#0033aa"),
    ("%notes", "#00aa00"),
    ("no order", "#0033aa"),
)


@pytest.fixture(scope="module")
def pens():
    return load_inventory("staedtler12")


@pytest.fixture(scope="module")
def paper():
    return Paper.parse("a5", margin="10mm")


@pytest.fixture
def file(tmp_path):
    groups = "".join(
        f'<g inkscape:groupmode="layer" inkscape:label="{label}" stroke="{colour}" fill="none">'
        f'<path d="M20 {20 + 10 * row}H100"/></g>'
        for row, (label, colour) in enumerate(LAYERS)
    )
    path = tmp_path / "layers.svg"
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" '
        f'width="148mm" height="210mm" viewBox="0 0 148 210">{groups}</svg>'
    )
    return path


@pytest.fixture
def plan(file, pens, paper):
    return make_plan(assign_pens(read_svg(file), pens), pens, paper)


def rows(plan):
    return [[round((stroke.mm[0, 1] - 20) / 10) for stroke in one.strokes] for one in plan.passes]


def test_numbers_give_the_order_and_what_is_not_plotted_is_listed(plan):
    assert rows(plan) == [[3], [1], [2], [0], [5]]
    assert [one.kept for one in plan.passes] == [False, False, True, False, False]
    assert [(one.reason, one.length_mm) for one in plan.dropped] == [
        ("in a layer marked % as not to be plotted", 80.0)
    ]
    assert plan.swaps == 3


def test_speed_height_pause_and_delay_are_in_the_passes(plan):
    ground, fast, high, last, _ = plan.passes
    assert draw_limits(plan.motion, fast.pen)[0] == plan.motion.draw_speed / 2
    assert draw_limits(plan.motion, ground.pen)[0] == plan.motion.draw_speed
    assert high.pen.mechanical.down_height == 40
    assert [one.pause for one in plan.passes] == [False, True, False, False, False]
    assert [one.delay_s for one in plan.passes] == [0, 0, 0.5, 0, 0]
    assert mounting_seconds(plan).tolist() == [0, 45, 0.5, 45, 45]
    half = estimate(plan).passes[1].draw_s / estimate(plan).passes[3].draw_s
    assert half == pytest.approx(2, rel=0.1)
    assert "50 % speed" in fast.reason
    assert "a pause before it" in fast.reason
    assert last.reason.startswith("layer 9")
    assert summary(plan)["pens"][1]["layer"] == "!2+S50"
    assert summary(plan)["totals"]["pauses"] == 1


def test_who_names_another_order_of_pens_gets_it(file, pens, paper):
    drawing = assign_pens(read_svg(file), pens)
    plan = make_plan(drawing, pens, paper, options=PlanOptions(pen_order="dark-first"))
    lightness = [one.pen.lab[0] for one in plan.passes]
    assert lightness == sorted(lightness)
    assert sum(one.pause for one in plan.passes) == 1


def test_files_keep_it(plan, tmp_path, pens, paper):
    save_plan(plan, tmp_path / "plan.json")
    loaded = load_plan(tmp_path / "plan.json")
    assert loaded.hash == plan.hash
    assert [one.layer for one in loaded.passes] == [one.layer for one in plan.passes]
    without = replace(plan, passes=tuple(replace(one, layer=None) for one in plan.passes))
    assert without.hash != plan.hash
    export_svg(plan, tmp_path / "again.svg")
    again = assign_pens(read_svg(tmp_path / "again.svg"), pens)
    drawn = replace(plan, dropped=())
    assert make_plan(again, pens, paper, plan.motion).hash in (plan.hash, drawn.hash)
    afresh = make_plan(again, pens, paper, plan.motion, PlanOptions(carried=False))
    assert rows(afresh) == rows(plan)
    assert [one.pause for one in afresh.passes] == [one.pause for one in plan.passes]
    assert [one.pen.mechanical for one in afresh.passes] == [one.pen.mechanical for one in plan.passes]


def test_plotbots_own_numbers_are_no_wish(tmp_path, pens, paper):
    strokes = [(pen.id, [[20, 20 + k], [90, 20 + k]]) for k, pen in enumerate(pens.pens)]
    drawing = from_strokes(strokes, pens, paper)
    write_svg(drawing, tmp_path / "drawing.svg", pens)
    again = assign_pens(read_svg(tmp_path / "drawing.svg"), pens)
    plan, own = make_plan(again, pens, paper), make_plan(drawing, pens, paper)
    assert [one.pen.id for one in plan.passes] == [one.pen.id for one in own.passes]
    assert all(one.layer is None for one in plan.passes)


def test_orders_of_strokes_survive_a_drawing_file(tmp_path, pens, paper):
    line = np.array([[20.0, 20.0], [60.0, 20.0]])
    strokes = [(LayeredPen("9", "2+S40 b"), line), (LayeredPen("2", "!1 a"), line + 9), ("9", line + 5)]
    drawing = from_strokes(strokes, pens, paper)
    write_svg(drawing, tmp_path / "drawing.svg", pens)
    again = assign_pens(read_svg(tmp_path / "drawing.svg"), pens)
    for one in (drawing, again):
        plan = make_plan(one, pens, paper)
        assert [(part.pen.id, part.pause) for part in plan.passes] == [
            ("2", True),
            ("9", False),
            ("9", False),
        ]
        assert plan.passes[1].pen.mechanical.max_speed_mm_s == 0.4 * plan.motion.draw_speed


def test_pens_chosen_for_layers(file, pens):
    drawing = assign_pens(read_svg(file), pens, LayerMap(["last=20", "layer 2=Yellow", "layer 6=30"], pens))
    found = {layer.property("vp_name") for layer in drawing.layers.values() if layer.property("vp_name")}
    assert found == {"20", "1", "3", "30"}
    with pytest.raises(BadInput, match="'sky', which the file does not have; it has 9 - last"):
        assign_pens(read_svg(file), pens, LayerMap(["sky=20"], pens))


def test_the_person_is_asked_where_a_layer_pauses_and_not_where_the_pen_stays(plan, tmp_path):
    person = Person()
    outcome = plot(make_job(tmp_path / "job", plan), person=person)
    assert outcome.complete
    assert [(swap.pen.id, swap.kept, swap.fresh) for swap in person.swaps] == [
        (pen, False, False) for pen in ("3", "2", "9", "3")
    ]
    assert [swap.layer for swap in person.swaps] == ["", "fast", "", ""]
    twice = replace(
        plan, passes=tuple(replace(one, layer=LayerOrder("x", pause=True)) for one in plan.passes)
    )
    person = Person()
    plot(make_job(tmp_path / "other", twice), person=person)
    assert [swap.kept for swap in person.swaps] == [False, False, True, False, False]
    assert str(person.swaps[2]).startswith("Pause before layer 'x', 3 of 5, with the same pen: 2")


def test_a_delay_holds_hardware_up_and_a_resume_needs_the_pen_again(plan, tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr("plotbot.job.runner._Plot._wait_until", lambda self, moment: waits.append(moment))
    job = make_job(tmp_path / "job", plan)
    machine = virtual(job)
    machine.hardware = True
    person = Person()
    assert plot(job, machine=machine, person=person).complete
    assert len(waits) == 1
    job = open_job(make_job(tmp_path / "later", plan).folder)
    first_two = [stroke.length_mm for _, _, stroke in itertools.islice(plan.strokes(), 2)]
    with job.journal() as journal:
        for index, length in enumerate(first_two):
            journal.record_executed(index, length, 0.1)
    person = Person()
    plot(job, person=person)
    assert [(swap.pen.id, swap.kept) for swap in person.swaps] == [("2", False), ("9", False), ("3", False)]


def test_gcode_drives_it(plan):
    text = list(gcode_lines(plan, find_profile("grbl-servo")))
    assert text.count("M0") == 3
    assert text.count("G4P0.5") == 1
    speeds = [line for line in text if "F" in line and line.startswith("G91G1")]
    assert len({line.rpartition("F")[2] for line in speeds}) == 2


def test_gcode_by_vpype_gcode_stops_waits_and_presses_the_same(plan, tmp_path):
    export_gcode(plan, tmp_path / "plan.gcode")
    text = (tmp_path / "plan.gcode").read_text().splitlines()
    assert text.count("M0") == 3
    assert text.count("G4 P0.500") == 1
    lowered = [line for line in text if line.startswith("M3")]
    assert lowered.count("M3 S600") == 1  # +H40
    assert lowered.count("M3 S1000") == len(lowered) - 1


@given(
    st.builds(
        LayerOrder,
        st.text(max_size=20),
        st.none() | st.integers(0, 999),
        st.booleans(),
        st.booleans(),
        st.none() | st.integers(0, 100),
        st.none() | st.integers(1, 110),
        st.none() | st.integers(0, 9000),
    )
)
def test_labels_read_back_as_they_were_written(order):
    try:
        once = parse_layer_name(str(order))
    except BadInput:
        return  # the name itself asks for something impossible
    assert parse_layer_name(str(once)) == once


def test_no_layer_drives_a_pen_faster_than_it_may(pens):
    pen = pens["9"].model_copy(
        update={"mechanical": pens["9"].mechanical.model_copy(update={"max_speed_mm_s": 10})}
    )
    speed = Motion().draw_speed
    assert LayerOrder(speed_percent=80).applied_to(pen, speed).mechanical.max_speed_mm_s == 10
    assert LayerOrder(speed_percent=110).applied_to(pens["9"], speed) is pens["9"]
