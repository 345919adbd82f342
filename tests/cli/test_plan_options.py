"""Planning options of draw and plan: each does what it says, and says what it did."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from plotbot.cli.durations import parse_duration
from plotbot.cli.inking import counted_ink, dry_warnings
from plotbot.errors import BadInput
from plotbot.job.folder import open_job
from plotbot.machine.handling import handled, within
from plotbot.machine.profile import find_profile
from plotbot.machine.virtual import VirtualMachine
from plotbot.pens.inventory import load_inventory
from plotbot.pens.ledger import Ledger
from plotbot.plan.motion import HANDLING
from tests.cli.conftest import Run


@pytest.fixture
def hatched(tmp_path: Path) -> Path:
    """Hatch lines all from left to right, dashes under the first, then lines far away, in two pens."""
    lines = [f"M 30 {y:.1f} L 90 {y:.1f}" for y in np.arange(60, 72, 0.8)]
    lines += [f"M {x} 60 L {x + 2} 60" for x in range(40, 80, 5)]
    far = [f"M {30 + 4 * k} {150 - 30 * (k % 2)} l 5 3" for k in range(20)]
    path = tmp_path / "hatched.svg"
    path.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="148mm" height="210mm" viewBox="0 0 148 210">'
        f'<path d="{" ".join(lines)}" fill="none" stroke="#04369e"/>'
        f'<path d="{" ".join(far)}" fill="none" stroke="#de220d"/></svg>'
    )
    return path


def strokes(folder: str) -> list[np.ndarray]:
    return [stroke.mm for _, _, stroke in open_job(Path(folder)).plan.strokes()]


def test_the_plan_says_what_it_saved_and_why_pens_come_in_this_order(run: Run, hatched: Path) -> None:
    result = run("plan", hatched, "--out", "job", "--json")
    assert result.code == 0
    planning = result.json["planning"]
    assert planning["saved"]["up_mm"] > 1000
    assert planning["plan"]["seconds"] == result.json["totals"]["seconds"]
    assert "Saved against the drawing's own order" in result.err
    assert "Why it comes here" in result.err and "light to dark" in result.err
    assert max(map(len, result.err.splitlines()[:12])) <= 80


def test_the_plan_is_held_against_vpype(run: Run, hatched: Path) -> None:
    result = run("plan", hatched, "--out", "job", "--json")
    planning = result.json["planning"]
    assert 0 < planning["vpype"]["up_mm"] < planning["own"]["up_mm"]
    less = planning["vpype"]["seconds"] - planning["plan"]["seconds"]
    assert planning["saved_against_vpype"]["seconds"] == pytest.approx(less, abs=0.01) and less > 0
    assert "Saved against vpype's linemerge and linesort" in result.err
    without = run("plan", hatched, "--no-compare-vpype", "--out", "other", "--json").json
    assert "vpype" not in without["planning"]
    assert without["plan_hash"] == result.json["plan_hash"]


def test_every_way_to_save_lifts_is_reported(run: Run, hatched: Path) -> None:
    plain = run("plan", hatched, "--out", "plain", "--json").json
    saving = ("--join-hatch", "1mm", "--join-under", "5mm", "--drop-covered")
    result = run("plan", hatched, "--out", "job", *saving, "--json")
    switches = result.json["planning"]["switches"]
    assert switches["join_hatch"]["lifts"] == 14
    assert switches["join_hatch"]["ink_mm"] == pytest.approx(14 * 0.8, abs=0.01)
    assert switches["drop_covered"]["lifts"] == 8 == len(result.json["dropped"])
    lifts = sum(one["lifts"] for one in switches.values())
    assert result.json["totals"]["lifts"] == plain["totals"]["lifts"] - lifts
    assert all(one["seconds"] > 0 for one in switches.values())
    assert "Joining hatch lines: 14 lifts fewer" in result.err
    under = run("plan", hatched, "--out", "under", "--join-under", "5mm", "--json").json["planning"]
    assert under["switches"]["join_under"]["lifts"] > 0


def test_the_file_s_own_order_is_kept_where_asked_for(run: Run, hatched: Path) -> None:
    assert run("plan", hatched, "--out", "kept", "--keep-order", "--pen-order", "given").code == 0
    first, second = strokes("kept")[:2]
    assert first[0].tolist() == [30, 60] and second[0].tolist() == [30, 60.8]
    assert run("plan", hatched, "--out", "dark", "--pen-order", "dark-first", "--no-merge").code == 0
    pens = [one.pen for one in open_job(Path("dark")).plan.passes]
    assert pens[0].lab[0] < pens[1].lab[0]


def test_an_exported_plan_is_planned_anew_when_options_ask_for_it(run: Run, hatched: Path) -> None:
    first = run("plan", hatched, "--out", "one", "--keep-order", "--json").json["plan_hash"]
    assert run("plan", "one/drawing.svg", "--out", "two", "--json").json["plan_hash"] == first
    assert run("plan", "one/drawing.svg", "--out", "three", "--merge", "0mm").code == 0
    assert len(strokes("three")[0]) > 0
    assert open_job(Path("three")).plan.hash != first


def test_handling_never_asks_more_of_a_machine_than_its_profile(run: Run, square: Path) -> None:
    assert run("plan", square, "--out", "job", "--handling", "technical").code == 0
    motion = open_job(Path("job")).plan.motion
    own = find_profile("virtual").timing()
    technical = HANDLING["technical"]
    for name in ("draw_speed", "draw_acceleration", "travel_speed", "junction_deviation"):
        assert getattr(motion, name) == min(getattr(own, name), getattr(technical, name))
    assert (motion.lower_s, motion.lift_s) == (own.lower_s, own.lift_s)
    board = find_profile("grbl-servo")
    slowed = handled(board, "technical")
    assert slowed.timing().draw_acceleration == board.timing().draw_acceleration
    assert (
        within(board, slowed.timing()).motion.draw_speed == slowed.motion.draw_speed < board.motion.draw_speed
    )


def test_gcode_keeps_to_the_speed_of_the_plan(run: Run, square: Path) -> None:
    assert run("plan", square, "--out", "job", "--handling", "technical").code == 0
    assert run("export", "job", "--to", "gcode", "--machine", "grbl-servo", "-o", "out.gcode").code == 0
    feeds = {line.split("F")[1] for line in Path("out.gcode").read_text().splitlines() if "F" in line}
    assert "1500" in feeds and max(map(float, feeds)) <= 6000


def test_a_pen_that_runs_dry_is_changed_for_a_fresh_one(run: Run, hatched: Path) -> None:
    inventory = load_inventory("staedtler12")
    with Ledger() as ledger:
        ledger.record("before", inventory.id, "3", ledger.left_m(inventory.id, inventory["3"]) - 0.5, 1)
    result = run("plan", hatched, "--out", "job", "--split-dry", "--no-merge", "--json")
    pens = [pen["id"] for pen in result.json["pens"]]
    assert pens.count("3") == 2 and pens.count("2") == 1
    assert result.json["pens"][pens.index("3")]["down_mm"] <= 450
    assert "fresh pen" in result.err
    job = open_job(Path("job"))
    assert dry_warnings(job) == []
    plotted = run("resume", "job", "--machine", "virtual", "--speed", "0", "--yes")
    assert plotted.code == 0
    assert "Mount a fresh pen" in plotted.err


class HardVirtual(VirtualMachine):
    """Uses up real ink."""

    hardware = True


def test_ink_after_a_change_is_a_fresh_pen_s(run: Run, hatched: Path) -> None:
    assert run("plan", hatched, "--out", "job").code == 0
    job = open_job(Path("job"))
    inventory = load_inventory("staedtler12")
    first, second, *_ = (index for index, one, _ in job.plan.strokes() if one.pen.id == "3")
    with counted_ink(job, HardVirtual()) as fresh, job.journal() as journal:
        journal.begin("hard")
        journal.record_executed(first, 60.0)
        fresh(inventory["3"])
        journal.record_executed(second, 20.0)
    with Ledger() as ledger:
        (barrel,) = ledger.barrels(inventory.id)
    assert (barrel.pen, barrel.metres, barrel.lifts) == ("3", pytest.approx(0.02), 1)


def test_a_plot_stops_in_time_and_goes_on(run: Run, hatched: Path) -> None:
    draw = ("--machine", "virtual", "--speed", "0", "--yes", "--out", "job")
    result = run("draw", hatched, *draw, "--stop-after", "1ms")
    assert result.code == 4
    assert "Pausing, as asked" in result.err and "plotbot resume" in result.err
    (listed,) = run("jobs", ".", "--json").json["jobs"]
    assert 0 < listed["executed"] < listed["strokes"]
    assert run("resume", "job", "--speed", "0", "--yes", "--stop-after", "2h", "--json").json["plot"][
        "complete"
    ]


@pytest.mark.parametrize(
    "options",
    [
        ("--optimize", "soon"),
        ("--optimize", "3h"),
        ("--merge", "20mm"),
        ("--merge", "0.1mm", "--no-merge"),
        ("--keep-order", "--optimize", "1s"),
        ("--join-under", "-1mm"),
        ("--stop-after", "2h", "--dry-run"),
    ],
)
def test_options_that_cannot_be_are_refused_before_any_work(
    run: Run, square: Path, options: tuple[str]
) -> None:
    assert run("draw", square, "--out", "job", *options).code == 2
    assert not Path("job").exists()


def test_durations_as_people_write_them() -> None:
    texts = {"10s": 10, "90 min": 5400, "2h": 7200, "1h30m": 5400, "0.5s": 0.5, "250ms": 0.25}
    assert {text: parse_duration(text, "--x", most_s=1e6) for text in texts} == texts
    for text in ("", "0s", "10", "h", "1e5s", "-2s", "3h", "nan s", "9" * 50 + "s"):
        with pytest.raises(BadInput, match="--x"):
            parse_duration(text, "--x", most_s=9000)


def test_a_drawing_over_several_sheets_is_a_job_for_each(run: Run, hatched: Path) -> None:
    result = run("plan", hatched, "--sheets", "1x2", "--fit", "--paper", "a6", "--out", "all", "--json")
    assert result.code == 0
    reports = result.json["jobs"]
    assert [Path(report["job"]).name for report in reports] == ["sheet-1-1", "sheet-2-1"]
    assert all(open_job(Path(report["job"])).plan.hash == report["plan_hash"] for report in reports)
    listed = run("jobs", "all", "--json").json["jobs"]
    assert len(listed) == 2
    for wrong in ("2", "0x3", "1x1", "50x50"):
        assert run("plan", hatched, "--sheets", wrong, "--out", "other").code == 2
    assert run("plan", hatched, "--sheets", "2x1", "--paper", "a7x", "--out", "other").code == 2
    assert not Path("other").exists()
