"""Pen files and the ink ledger from the command line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plotbot.cli.inking import counted_ink, dry_warnings
from plotbot.job import runner
from plotbot.job.asking import PenSwap
from plotbot.job.folder import open_job
from plotbot.machine.base import Control
from plotbot.machine.virtual import VirtualMachine
from plotbot.pens.inventory import load_inventory
from plotbot.pens.ledger import Ledger
from tests.cli.conftest import Run
from tests.pens.scanner import Scanner


def test_check_names_what_its_owner_hardly_means(run: Run) -> None:
    findings = run("pens", "check", "staedtler12", "--json").json["findings"]
    assert {"twins", "nominal-width"} <= {one["kind"] for one in findings}
    assert "Grey" in run("pens", "check", "staedtler12").out


@pytest.mark.parametrize(("to", "key"), [("vpype", "pen_config"), ("penset", "penset")])
def test_what_is_exported_can_be_imported(run: Run, to: str, key: str) -> None:
    assert run("pens", "export", "staedtler12", "--to", to, "--out", "there.toml").code == 0
    assert key in tomllib.loads(Path("there.toml").read_text())
    assert run("pens", "import", "there.toml", "--out", "back.toml", "--json").json["pens"] == 12
    back = load_inventory(Path("back.toml"))
    assert {pen.provenance for pen in back.pens} == {"guess"}
    assert tomllib.loads(run("pens", "export", "staedtler12", "--to", to).out)


def test_an_instruments_readings_become_measured(run: Run) -> None:
    Path("more.csv").write_text("pen,L,a,b\n3,30.5,20,-58\n\nBlack,18,0.5,-1\n")
    result = run(
        "pens", "set-lab", "staedtler12", "paper=95.1,0.3,1.8", "20=57.3,66,-4.2", "--readings", "more.csv",
        "--uncertainty", "0.8", "--paper-name", "Canson 1557", "--out", "mine.toml", "--json",
    )  # fmt: skip
    assert result.json["measured"] == ["20", "3", "9"]
    mine = load_inventory(Path("mine.toml"))
    assert (mine["20"].lab, mine["20"].provenance, mine["20"].uncertainty) == (
        (57.3, 66, -4.2),
        "measured",
        0.8,
    )
    assert (mine.paper.name, mine.paper.lab) == ("Canson 1557", (95.1, 0.3, 1.8))
    assert mine["2"] == load_inventory("staedtler12")["2"]
    again = run("pens", "set-lab", "mine.toml", "2=50,60,50", "--out", "mine.toml")
    assert again.code == 0
    assert load_inventory(Path("mine.toml"))["2"].provenance == "measured"


@pytest.mark.parametrize(
    ("reading", "says"),
    [
        ("20=57,66", "three numbers"),
        ("20=157,66,4", "from 0 to 100"),
        ("20=nan,66,4", "three numbers"),
        ("20", "write it like"),
        ("99=50,0,0", "no pen '99'"),
        ("paper=96,-2.4,-19", "D65"),
    ],
)
def test_a_wrong_reading_is_one_sentence_and_writes_nothing(run: Run, reading: str, says: str) -> None:
    result = run("pens", "set-lab", "staedtler12", reading, "--out", "mine.toml")
    assert result.code == 2
    assert says in result.err
    assert not Path("mine.toml").exists()


def test_two_readings_of_one_pen_are_refused_and_a_wrong_white_is_not_measured_on(run: Run) -> None:
    twice = run("pens", "set-lab", "staedtler12", "20=57,66,-4", "magenta=50,60,-4", "--out", "mine.toml")
    assert twice.code == 2
    assert "2 readings of 20" in twice.err
    text = run("pens", "export", "staedtler12", "--to", "toml").out
    Path("d65.toml").write_text(
        re.sub(r"lab = \[\s*95.0,\s*0.0,\s*2.0", "lab = [94.0, -2.2, -18.0", text, count=1)
    )
    _photo("scan.png")
    white = run("pens", "measure", "scan.png", "--pens", "d65.toml", "--out", "mine.toml")
    assert white.code == 2
    assert "D50" in white.err
    assert not Path("mine.toml").exists()


def test_what_a_format_cannot_hold_is_said(run: Run) -> None:
    assert "screen colour" in run("pens", "export", "staedtler12", "--to", "vpype").err
    assert "screen colour" not in run("pens", "export", "staedtler12", "--to", "toml").err


def test_a_pen_file_is_not_overwritten_unasked(run: Run) -> None:
    Path("mine.toml").write_text("precious")
    assert run("pens", "set-lab", "staedtler12", "2=50,60,50", "--out", "mine.toml").code == 2
    assert run("pens", "export", "staedtler12", "--out", "mine.toml").code == 2
    assert Path("mine.toml").read_text() == "precious"
    assert run("pens", "set-lab", "staedtler12", "2=50,60,50", "--out", "mine.toml", "--replace").code == 0


class _Plotter(VirtualMachine):
    """Draws as the virtual machine does, but counts as a plotter."""

    hardware = True


def _plot(folder: str) -> list[PenSwap]:
    """Plot a job; what pens it asked for."""
    asked: list[PenSwap] = []

    class Nods:
        def start(self, start: object) -> None: ...

        def mount(self, swap: PenSwap) -> None:
            asked.append(swap)

        def paused(self, progress: object) -> runner.Answer:
            return "stop"

    job = open_job(Path(folder))
    machine = _Plotter(job.plan.motion, speed=0)
    machine.name = "plotter"
    with counted_ink(job, machine):
        runner.run(job, machine, Nods(), Control(), lambda _: None)
    return asked


def test_only_ink_on_paper_is_counted_and_a_refill_starts_anew(run: Run, square: Path) -> None:
    virtual = ("--machine", "virtual", "--speed", "0", "--yes")
    assert run("draw", square, *virtual, "--out", "virtual").code == 0
    assert run("pens", "ledger", "--json").json == {"pens": []}
    assert run("draw", square, "--dry-run", "--out", "real").code == 0
    _plot("real")
    _plot("real")
    rows = {row["pen"]: row for row in run("pens", "ledger", "--json").json["pens"]}
    assert rows["2"]["metres"] == pytest.approx(0.2, abs=0.001)
    assert (rows["2"]["tin"], rows["2"]["lifts"], rows["2"]["jobs"]) == ("staedtler12", 1, 1)
    assert rows["2"]["left_m"] == pytest.approx(599.8)
    assert "2 Red" in run("pens", "ledger").out
    assert run("pens", "ledger", "--pens", "staedtler12", "--refill", "Red", "--ran-dry").code == 0
    rows = {row["pen"]: row for row in run("pens", "ledger", "--json").json["pens"]}
    assert rows["2"]["metres"] == 0
    assert rows["2"]["left_m"] == pytest.approx(0.2)  # the tin's only pen that ran dry went that far


def test_a_layer_that_will_run_dry_is_said_with_where_to_change_the_pen(run: Run, square: Path) -> None:
    assert run("draw", square, "--dry-run", "--out", "job").code == 0
    with Ledger() as ledger:
        ledger.record("earlier", "staedtler12", "2", 599.9, 1)
    (warning,) = dry_warnings(open_job(Path("job")))
    assert "2 Red" in warning
    assert "before stroke 1 of 1" in warning


def test_a_plan_that_begins_with_a_fresh_pen_asks_for_one(run: Run, square: Path) -> None:
    with Ledger() as ledger:
        ledger.record("earlier", "staedtler12", "2", 600.0, 1)
    assert run("draw", square, "--dry-run", "--split-dry", "--out", "job").code == 0
    assert dry_warnings(open_job(Path("job"))) == []
    assert _plot("job")[0].fresh
    assert run("draw", square, "--dry-run", "--out", "unsplit").code == 0
    assert "no ink left" in dry_warnings(open_job(Path("unsplit")))[0]
    assert not _plot("unsplit")[0].fresh


def _photo(path: str) -> None:
    """Bands of sky, sand and leaves with some noise."""
    rng = np.random.default_rng(4)
    bands = np.repeat(np.array([[70, 150, 235], [225, 190, 120], [60, 120, 50]], dtype=float), 20, axis=0)
    picture = np.clip(bands[:, None] + rng.normal(0, 8, (60, 80, 3)), 0, 255)
    Image.fromarray(picture.astype(np.uint8)).save(path)


def test_the_best_few_pens_for_a_picture_are_picked(run: Run) -> None:
    _photo("photo.png")
    three = run("pens", "pick", "photo.png", "--pens", "staedtler12", "--count", "3", "--json").json
    assert len(three["pens"]) == 3
    five = run("pens", "pick", "photo.png", "--pens", "staedtler12", "--count", "5", "--json").json
    assert three["mean"] >= five["mean"] >= five["mean_of_all_pens"] - 0.05
    assert "Pale Blue" in run("pens", "pick", "photo.png", "--count", "3").out
    assert run("pens", "pick", "photo.png", "--pens", "mono", "--count", "2").code == 2
    assert run("pens", "pick", "nothing.png").code == 2


def test_a_picture_is_matched_and_the_missing_pen_is_named(run: Run, square: Path) -> None:
    _photo("photo.png")
    result = run("pens", "match", "photo.png", "--pens", "mono", "--heat", "heat.png", "--json").json
    assert result["mean"] > 10
    assert result["would_help"]["after"] < result["would_help"]["before"] - 2
    with Image.open("heat.png") as heat:
        assert heat.width > heat.height > 300
    assert "Adding" in run("pens", "match", "photo.png", "--pens", "mono").err
    assert run("pens", "match", square, "--pens", "staedtler12", "--json").json["mean"] < 3


@pytest.mark.slow
def test_a_chart_is_an_ordinary_job_and_its_scan_a_pen_file(run: Run) -> None:
    sheet = ("--pens", "staedtler12", "--paper", "80x80mm", "--margin", "3mm", "--only", "2,3,9")
    report = run("pens", "chart", *sheet, "--out", "card", "--json").json
    assert [pen["id"] for pen in report["pens"]] == report["pens_in_order"] == ["2", "3", "9"]
    job = open_job(Path("card"))
    assert report["plan_hash"] == job.plan.hash
    Image.fromarray(Scanner(dpi=200, widths={"3": 0.36}).scan(job.plan)).save("scan.png", dpi=(200, 200))
    assert run("resume", "card", "--machine", "virtual", "--speed", "0", "--yes").code == 0
    result = run("pens", "measure", "scan.png", *sheet, "--out", "mine.toml")
    assert result.code == 0
    assert "Light strays" in result.out
    mine = load_inventory(Path("mine.toml"))
    assert mine["3"].width_mm == pytest.approx(0.36, rel=0.05)
    assert (mine["3"].provenance, mine["1"].provenance) == ("scan", "third-party")
    assert len(mine.overprints) == 3
    with Image.open("mine-found.png") as picture:
        assert picture.width == 720
    named = run("pens", "measure", "scan.png", "--card", "card", "--out", "named.toml", "--json")
    assert load_inventory(Path("named.toml")).pens == mine.pens
    assert named.json["overprints"] == 3
    # What is known better since may sort the pens otherwise; the job knows how they were drawn.
    lighter = run("pens", "set-lab", "staedtler12", "9=60,0,0", "--out", "lighter.toml")
    assert lighter.code == 0
    again = run("pens", "measure", "scan.png", "--card", "card", "--pens", "lighter.toml", "--out", "x.toml")
    assert again.code == 0
    assert {one.over for one in load_inventory(Path("x.toml")).overprints} == {"3", "9"}
    both = run("pens", "measure", "scan.png", "--card", "card", "--only", "2", "--out", "y.toml")
    assert both.code == 2
    assert "--card" in both.err
    other = run("pens", "measure", "scan.png", *sheet, "--cross", "none", "--out", "other.toml")
    assert other.code == 2
    assert "is card" in other.err
    assert not Path("other.toml").exists()


@pytest.mark.parametrize(
    "command", ["check", "chart", "measure", "pick", "match", "ledger", "import", "export", "set-lab"]
)
def test_every_help_text_has_an_example(run: Run, command: str) -> None:
    result = run("pens", command, "--help")
    assert result.code == 0
    assert f"plotbot pens {command}" in " ".join(result.out.split())
