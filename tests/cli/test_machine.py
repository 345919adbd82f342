"""Real drivers from the command line, against emulated boards on pseudo-terminals."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import platformdirs
import pytest

from plotbot.job.folder import open_job
from plotbot.machine.card import Card
from plotbot.machine.grbl_timing import plotting_seconds
from plotbot.machine.profile import find_profile, read_profile
from plotbot.machine.virtual import read_ink
from tests.cli.conftest import Run
from tests.emulators.ebb import EbbEmulator
from tests.emulators.grbl import BoardOptions, Fault, GrblEmulator, hausdorff, rest_of_motion

PROFILE = """\
kind = "grbl"
port = "{port}"
[travel]
x = 300
y = 300
[motion]
draw_speed = 60
draw_acceleration = 600
travel_speed = 100
[frame]
paper_y = "+y"
[pen]
mechanism = "servo"
s_low = 300
s_high = 600
lift_s = 0.15
lower_s = 0.15
"""


@pytest.fixture
def board() -> Iterator[GrblEmulator]:
    with GrblEmulator(BoardOptions(scale=20.0)) as emulator:
        yield emulator


@pytest.fixture
def grbl(board: GrblEmulator, tmp_path: Path) -> Path:
    path = tmp_path / "plotter.toml"
    path.write_text(PROFILE.format(port=board.port))
    return path


def test_a_drawing_becomes_ink_on_a_grbl_board(
    run: Run, square: Path, board: GrblEmulator, grbl: Path
) -> None:
    result = run("draw", square, "--machine", grbl, "--out", "job", stdin="\n" * 4)
    assert result.code == 0, result.err
    rest_of_motion(board)
    plan = open_job(Path("job")).plan
    drawn = board.ink()
    assert len(drawn) == plan.stroke_count
    for (_, _, stroke), ink in zip(plan.strokes(), drawn, strict=True):
        assert hausdorff(stroke.mm, ink) < 0.05
    assert not board.violations
    assert not board.pen_down


@pytest.mark.slow
def test_after_a_power_cut_the_way_back_is_said(
    run: Run, square: Path, board: GrblEmulator, grbl: Path
) -> None:
    board.inject(Fault("power", 150))
    cut = run("draw", square, "--machine", grbl, "--out", "job", stdin="\n" * 4)
    assert cut.code == 5, cut.err
    assert board.fired
    board.move_by_hand()
    declined = run("resume", "job", "--machine", grbl, stdin="q\n")
    assert declined.code == 4
    said = " ".join(declined.err.split())
    assert "no longer knows where it is. Lay the same sheet exactly where it was" in said
    assert "over the sheet's top left corner" in said
    with open_job(Path("job")).journal() as journal:
        first = min(set(range(journal.strokes)) - set(journal.executed))
    assert f"Stroke {first} with pen" in said
    assert "may be ink in part; it is drawn again" in said
    assert run("resume", "job", "--machine", grbl, stdin="\n" * 4).code == 0
    # A clean end leaves nothing to draw twice.
    assert "drawn again" not in run("resume", "job", "--from-stroke", "0", "--machine", grbl, stdin="q\n").err


def test_yes_never_confirms_a_pen_swap_on_hardware(
    run: Run, square: Path, board: GrblEmulator, grbl: Path
) -> None:
    result = run("draw", square, "--machine", grbl, "--out", "job", "--yes")
    assert result.code == 2
    assert "Nobody answered" in result.err
    assert board.ink() == []


def test_the_test_square_asks_before_it_moves(run: Run, board: GrblEmulator, grbl: Path) -> None:
    refused = run("machine", "test", "--machine", grbl)
    assert refused.code == 2
    assert not any("X" in line or "Y" in line for line in board.lines)
    moved = run("machine", "test", "--machine", grbl, "--side", "15mm", stdin="\n")
    assert moved.code == 0, moved.err
    rest_of_motion(board)
    assert any("X" in line for line in board.lines)
    assert not board.pen_down


def test_the_pen_goes_down_and_is_lifted_again(run: Run, board: GrblEmulator, grbl: Path) -> None:
    assert run("machine", "pen", "down", "--height", "0", "--machine", grbl, stdin="\n\n").code == 0
    rest_of_motion(board)
    assert any(event.down for event in board.pen_log)
    assert not board.pen_down


def test_a_machine_without_switches_is_not_homed(run: Run, grbl: Path) -> None:
    result = run("machine", "home", "--machine", grbl)
    assert result.code == 2
    assert "homing = false" in result.err


def test_exported_gcode_is_what_the_board_gets(
    run: Run, square: Path, board: GrblEmulator, grbl: Path
) -> None:
    assert run("draw", square, "--machine", grbl, "--out", "job", stdin="\n" * 4).code == 0
    assert run("export", "job", "--to", "gcode", "--machine", grbl, "--out", "plan.gcode").code == 0
    moves = [line for line in Path("plan.gcode").read_text().split("\n") if "X" in line or "Y" in line]
    assert len(moves) >= 6
    assert set(moves) <= set(board.lines)


def test_an_axidraw_draws_too(run: Run, square: Path, tmp_path: Path) -> None:
    with EbbEmulator() as emulator:
        profile = tmp_path / "axi.toml"
        profile.write_text(
            f'kind = "axidraw"\nport = "{emulator.path}"\nmodel = "V3"\n[travel]\nx = 300\ny = 218\n'
            '[frame]\npaper_y = "+y"\n[pen]\nmechanism = "ebb"\n'
        )
        result = run("draw", square, "--machine", profile, "--out", "job", stdin="\n" * 4)
        assert result.code == 0, result.err
        assert len(emulator.ink()) == open_job(Path("job")).plan.stroke_count
        assert emulator.problems == []


def test_a_port_that_is_not_there_is_said_with_exit_code_3(run: Run, square: Path, tmp_path: Path) -> None:
    profile = tmp_path / "gone.toml"
    profile.write_text(PROFILE.format(port="/dev/does-not-exist"))
    result = run("draw", square, "--machine", profile, "--out", "job", stdin="\n" * 4)
    assert result.code == 3
    assert "/dev/does-not-exist" in result.err


def test_calibrating_draws_a_card_and_writes_what_it_shows(run: Run, board: GrblEmulator, grbl: Path) -> None:
    grbl.write_text("# my plotter\n" + grbl.read_text().replace("lower_s = 0.15", "down_height = 20 # tip\n"))
    told = ("machine", "calibrate", "--machine", grbl, "--ruler", "60mm", "--step", "10", "--json")
    # The first measure is in centimetres without saying so, and there is no rung 9.
    result = run(*told, stdin="\n9\n3\n6 6\n60.6 59.7\n")
    assert result.code == 0, result.err
    assert "no rung" in result.err
    assert "beyond a correction" in result.err
    rest_of_motion(board)
    card = Card(read_profile(grbl), 60.0, 10.0)
    assert result.json["down_height"] == 40.0
    assert result.json["scale"] == pytest.approx([60 / 60.6, 60 / 59.7], abs=1e-6)
    text = grbl.read_text()
    assert text.startswith("# my plotter\n")
    assert "down_height = 40.0 # tip" in text
    after = read_profile(grbl)
    assert after.pen.down_height == 40.0
    assert after.frame.scale == tuple(result.json["scale"])
    # Drawn before the correction. The emulated pen touches below 50 %: no rung at 60 % and 50 %, 5 below.
    drawn = board.ink()
    lines = [stroke.mm for _, _, stroke in (*card.ladder().strokes(), *card.rulers(40).strokes())]
    rungs = [ink for ink in drawn if 20 < np.hypot(*(ink[-1] - ink[0])) < 30]
    assert len(rungs) == 5
    rulers = [ink for ink in drawn if np.hypot(*(ink[-1] - ink[0])) > 50]
    assert len(rulers) == 2
    for ink in rulers:
        assert min(hausdorff(line, ink) for line in lines) < 0.05
    heights = [line for line in board.lines if line.startswith("M3S")]
    assert {"M3S420", "M3S480"} <= set(heights)
    assert not board.violations
    assert not board.pen_down


def test_a_shipped_profile_is_calibrated_into_ones_own(run: Run) -> None:
    with EbbEmulator(latency_ms=8) as emulator:
        told = ("machine", "calibrate", "--machine", "axidraw", "--port", emulator.path, "--json")
        result = run(*told, "--ruler", "50mm", "--step", "20", stdin="\n3\n49.5 50\n")
        assert result.code == 0, result.err
        # The emulated pen touches at 45 %: of the rungs at 50, 30 and 10 %, the second is the first drawn.
        rungs = [ink.mm[0] for ink in emulator.ink() if 14 < np.ptp(ink.mm[:, 0]) < 16]
        assert np.array(rungs) == pytest.approx(np.array([[35, 30 + 10 / 3], [35, 30 + 20 / 3]]), abs=0.02)
        assert emulator.problems == []
    own = Path(result.json["profile"])
    assert own == platformdirs.user_config_path("plotbot") / "machines" / "axidraw.toml"
    assert own.read_text().startswith("# AxiDraw V3")
    after = find_profile("axidraw")
    assert after.pen.down_height == 10.0
    assert after.frame.scale == pytest.approx((50 / 49.5, 1.0), abs=1e-6)


def test_nothing_is_written_when_nobody_answers(run: Run, board: GrblEmulator, grbl: Path) -> None:
    before = grbl.read_text()
    asked = run("machine", "calibrate", "--machine", grbl)
    assert asked.code == 2
    assert board.ink() == []
    too_long = run("machine", "calibrate", "--machine", grbl, "--ruler", "290mm", stdin="\n")
    assert too_long.code == 2
    assert "at most 270 mm" in too_long.err
    assert grbl.read_text() == before


def test_a_grbl_board_s_own_rules_make_the_estimate(run: Run, square: Path) -> None:
    report = run("draw", square, "--machine", "grbl-servo", "--dry-run", "--json", "--out", "job").json
    board_s = plotting_seconds(open_job(Path("job")).plan, find_profile("grbl-servo"))
    assert report["totals"]["seconds"] == pytest.approx(board_s, abs=0.01)
    assert sum(pen["seconds"] for pen in report["pens"]) == pytest.approx(board_s, abs=0.01)
    assert report["estimate_s"] == pytest.approx(board_s + report["totals"]["swap_s"], abs=0.01)
    assert report["planning"]["plan"]["seconds"] == pytest.approx(board_s, abs=0.01)
    # The page plays the plot in the same time.
    page = Path("job/report.html").read_text(encoding="utf-8")
    assert f'"estimate_s":{report["estimate_s"]}' in page
    (times,) = re.findall(r'"times":"([^"]+)"', page)
    ends = np.frombuffer(base64.b64decode(times), "<f4").reshape(-1, 3)[:, 2]
    assert board_s - 5 < ends[-1] - report["totals"]["swap_s"] < board_s


def test_a_board_checks_a_job_without_moving(run: Run, square: Path, board: GrblEmulator, grbl: Path) -> None:
    assert run("draw", square, "--dry-run", "--out", "job").code == 0
    result = run("machine", "check", "job", "--machine", grbl, "--json")
    assert result.code == 0, result.err
    assert result.json["complaints"] == []
    assert "$C" in board.lines
    assert board.ink() == []


def test_profiles_are_listed(run: Run) -> None:
    names = {one["name"] for one in run("machine", "list", "--no-ask", "--json").json["profiles"]}
    assert {"axidraw", "grbl-servo", "grbl-z", "virtual"} <= names


@pytest.mark.parametrize("form", ["svg", "gcode", "hpgl", "json"])
def test_every_export_is_written(run: Run, square: Path, form: str) -> None:
    assert run("draw", square, "--paper", "a4", "--dry-run", "--out", "job").code == 0
    result = run("export", "job", "--to", form, "--json")
    assert result.code == 0, result.err
    assert Path(result.json["export"]).stat().st_size > 100


def test_ticks_are_drawn_first_by_every_pen(run: Run, square: Path) -> None:
    bare = run("plan", square, "--out", "bare", "--json").json
    ticked = run(
        "draw", square, "--ticks", "--out", "job", "--machine", "virtual", "--speed", "0", "--yes", "--json"
    )
    assert ticked.code == 0, ticked.err
    assert [pen["strokes"] for pen in ticked.json["pens"]] == [pen["strokes"] + 1 for pen in bare["pens"]]
    plan = open_job(Path("job")).plan
    first = {piece.stroke for piece in read_ink(Path("job/ink.jsonl"))} & {0, len(plan.passes[0].strokes)}
    assert len(first) == 2
    assert run("draw", square, "--ticks", "--margin", "3mm", "--dry-run", "--out", "x").code == 2


def test_an_exported_svg_gives_the_same_plan(run: Run, square: Path) -> None:
    first = run("draw", square, "--dry-run", "--json", "--out", "job").json
    assert run("export", "job", "--to", "svg", "--out", "again.svg").code == 0
    assert run("plan", "again.svg", "--json", "--out", "two").json["plan_hash"] == first["plan_hash"]
