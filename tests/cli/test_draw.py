"""The main job: from art to a job folder to ink on the virtual machine."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from plotbot.cli.growing import DEFAULT_STEPS, DEFAULT_STROKES
from plotbot.job.folder import open_job
from plotbot.machine.virtual import read_ink
from tests.cli.conftest import Run

PLAN_KEYS = {
    "job",
    "plan_hash",
    "pens",
    "totals",
    "estimate_s",
    "dropped",
    "activation",
    "colour",
    "timings_s",
}
PEN_KEYS = {"id", "lab", "strokes", "down_mm", "up_mm", "lifts", "seconds"}


def test_a_dry_run_writes_the_whole_job_and_opens_no_port(run: Run, square: Path, tmp_path: Path) -> None:
    profile = tmp_path / "gone.toml"
    profile.write_text(
        'kind = "grbl"\nport = "/dev/does-not-exist"\n[travel]\nx = 300\ny = 300\n'
        '[pen]\nmechanism = "servo"\ns_low = 300\ns_high = 600\n'
    )
    result = run("draw", square, "--machine", profile, "--out", "job", "--dry-run", "--json")
    assert result.code == 0
    report = result.json
    assert report.keys() >= PLAN_KEYS
    assert [pen["id"] for pen in report["pens"]] == ["2", "3"]
    assert all(pen.keys() >= PEN_KEYS for pen in report["pens"])
    assert report["totals"]["down_mm"] == pytest.approx(200 + np.hypot(80, 10), abs=0.1)
    for name in ("drawing.svg", "preview.png", "report.html", "plan.json", "job.toml", "journal.sqlite"):
        assert Path("job", name).stat().st_size > 0


def test_the_preview_shows_ink_where_the_plan_draws(run: Run, square: Path) -> None:
    assert run("draw", square, "--out", "job", "--dry-run").code == 0
    with Image.open("job/preview.png") as image:
        per_mm = image.width / 148
        pixels = np.asarray(image.convert("RGB")).astype(int)
    red = pixels[round(60 * per_mm), round(65 * per_mm)]
    blue = pixels[round(155 * per_mm), round(70 * per_mm)]
    paper = pixels[5, 5]
    assert red[0] - red[2] > 60
    assert blue[2] - blue[0] > 30
    assert paper.min() > 220


def test_a_drawing_is_plotted_and_every_stroke_is_ink(run: Run, square: Path) -> None:
    result = run("draw", square, "--machine", "virtual", "--speed", "0", "--yes", "--json", "--out", "job")
    assert result.code == 0
    assert result.json["plot"]["complete"] is True
    plan = open_job(Path("job")).plan
    drawn = {piece.stroke for piece in read_ink(Path("job/ink.jsonl"))}
    assert drawn == {index for index, _, _ in plan.strokes()}
    listed = run("jobs", "--json").json["jobs"] + run("jobs", ".", "--json").json["jobs"]
    assert [job["state"] for job in listed] == ["done"]


def test_pens_are_asked_for_one_by_one(run: Run, square: Path) -> None:
    result = run("draw", square, "--machine", "virtual", "--speed", "0", "--out", "job", stdin="\n\n")
    assert result.code == 0
    assert "Mount pen 1 of 2: 2 Red" in result.err
    assert "Mount pen 2 of 2: 3 Blue" in result.err


def test_saying_no_at_a_prompt_leaves_a_resumable_job(run: Run, square: Path) -> None:
    result = run("draw", square, "--machine", "virtual", "--speed", "0", "--out", "job", stdin="\nq\n")
    assert result.code == 4
    assert "plotbot resume" in result.err
    assert run("resume", "job", "--speed", "0", "--yes", "--json").json["plot"]["complete"] is True


def test_the_same_drawing_gives_the_same_plan(run: Run, square: Path) -> None:
    hashes = {
        run("draw", square, "--dry-run", "--json", "--out", name).json["plan_hash"] for name in ("a", "b")
    }
    assert len(hashes) == 1


@pytest.mark.slow
def test_the_defaults_are_the_optimiser_s() -> None:
    from plotbot.art.settings import GenerateSettings  # noqa: PLC0415 - imports torch

    assert (GenerateSettings.strokes, GenerateSettings.steps) == (DEFAULT_STROKES, DEFAULT_STEPS)


@pytest.mark.slow
def test_a_channel_becomes_a_plotted_drawing_with_honest_activations(run: Run) -> None:
    options = ("--channel", "87", "--strokes", "60", "--steps", "24", "--paper", "a6", "--seed", "7")
    first = run("draw", *options, "--machine", "virtual", "--speed", "0", "--yes", "--json", "--out", "one")
    assert first.code == 0
    report = first.json
    assert report["plot"]["complete"] is True
    activation = report["activation"]
    assert set(activation) == {"free", "quantised", "refitted", "as_plotted"}
    assert activation["as_plotted"] == pytest.approx(activation["refitted"], rel=0.1, abs=0.2)
    assert len(report["pens"]) > 1
    again = run("draw", *options, "--dry-run", "--json", "--out", "two").json
    assert again["plan_hash"] == report["plan_hash"]
    assert again["activation"] == activation
    (events,) = Path("two", "tensorboard").iterdir()
    assert "tfevents" in events.name
    with Image.open("two/growth.png") as growth:
        assert growth.width > 1500
    assert Path("two", "report.html").read_text().count("data:image/webp") == 12


def test_a_photograph_becomes_strokes_of_several_pens(run: Run, tmp_path: Path) -> None:
    Image.fromarray(data.chelsea()[::4, ::4]).save(tmp_path / "cat.png")
    options = ("--paper", "40x40mm", "--margin", "4mm", "--dry-run", "--json")
    result = run("draw", tmp_path / "cat.png", *options, "--out", "job")
    report = result.json
    assert len(report["pens"]) > 2
    colour = report["colour"]
    assert colour["reachable"]["mean"] <= colour["mean"] < 12
    assert colour["mean"] <= colour["p95"]
    assert colour["remarks"][0] in result.err
    with Image.open(f"job/{colour['picture']}") as picture:
        assert picture.width > picture.height / 2 > 300
    assert "Beside what was wanted" in Path("job/report.html").read_text(encoding="utf-8")


def test_a_limit_of_pens_takes_those_that_pick_names(run: Run, tmp_path: Path) -> None:
    Image.fromarray(data.chelsea()[::4, ::4]).save(tmp_path / "cat.png")
    options = ("--paper", "40x40mm", "--margin", "4mm", "--dry-run", "--json", "--pen-limit", "3")
    picked = run("pens", "pick", tmp_path / "cat.png", "--count", "3", "--json").json["pens"]
    report = run("draw", tmp_path / "cat.png", *options, "--out", "job").json
    assert {pen["id"] for pen in report["pens"]} <= set(picked)
    assert set(open_job(Path("job")).about.settings["pens_chosen"]) == set(picked)


def test_an_svg_is_drawn_as_it_looks(run: Run, tmp_path: Path) -> None:
    (tmp_path / "disc.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="30mm" height="30mm" viewBox="0 0 30 30">'
        '<circle cx="15" cy="15" r="10" fill="#de220d"/></svg>'
    )
    options = ("--paper", "40x40mm", "--margin", "4mm", "--dry-run", "--json")
    plain = run("draw", tmp_path / "disc.svg", *options, "--out", "plain").json
    faithful = run(
        "draw", tmp_path / "disc.svg", *options, "--svg-mode", "faithful", "--out", "faithful"
    ).json
    assert faithful["totals"]["down_mm"] > 5 * plain["totals"]["down_mm"]
    assert faithful["colour"]["mean"] < 6


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("cat.png", ["--svg-mode", "faithful"], "for SVGs"),
        ("cat.svg", ["--time-budget", "45min"], "for photographs"),
        ("cat.png", ["--map", "a=2"], "for SVGs"),
        ("cat.png", ["--time-budget", "soon"], "soon"),
        ("cat.png", ["--marks", "dots"], "dots"),
        ("cat.png", [], "cat.png"),
    ],
)
def test_options_that_do_not_go_with_the_art_are_refused(
    run: Run, name: str, options: list[str], says: str
) -> None:
    Path(name).write_text("no picture at all")
    result = run("draw", name, *options, "--dry-run")
    assert result.code == 2
    assert says in result.err
