"""Pixel mode from the command line, down the same road as strokes, on a sheet as small as a stamp."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run

SMALL = ("--mode", "pixels", "--channel", "87", "--paper", "34x34mm", "--margin", "2mm", "--seed", "4")


@pytest.mark.slow
def test_a_dry_run_makes_a_job_of_regions(run: Run) -> None:
    result = run("draw", *SMALL, "--steps", "12", "--out", "job", "--dry-run", "--json")
    assert result.code == 0, result.err
    report = result.json
    assert {"free", "quantised", "refitted", "as_plotted", "soft", "argmax", "entropy_bits"} <= report[
        "activation"
    ].keys()
    assert report["totals"]["strokes"] > 20
    assert len(report["pens"]) >= 3
    settings = tomllib.loads(Path("job/job.toml").read_text(encoding="utf-8"))["settings"]
    assert settings["mode"] == "pixels"
    assert (settings["spikiness"], settings["last_spikiness"], settings["penalty"]) == (1.0, 10.0, 0.01)
    assert "strokes" not in settings
    for name in ("drawing.svg", "preview.png", "growth.png", "report.html"):
        assert Path("job", name).stat().st_size > 0


@pytest.mark.slow
def test_ablation_prints_its_table_and_shows_soft_beside_argmax(run: Run) -> None:
    result = run("generate", *SMALL, "--steps", "2", "--ablate", "--out", "art.svg", "--json")
    assert result.code == 0, result.err
    rows = result.json["ablation"]
    assert [row["tricks"] for row in rows] == [
        "none",
        "penalty",
        "spikiness",
        "spikiness, penalty",
        "annealing",
        "annealing, penalty",
    ]
    assert all({"soft", "argmax", "entropy_bits", "cheated", "as_plotted"} <= row.keys() for row in rows)
    for row in rows:
        assert f"{row['soft']:.2f}" in result.err
    assert result.json["contact_sheet"] == "art-ablation.png"
    with Image.open("art-ablation.png") as image:
        assert image.width > 4 * 336
    assert Path("art.svg").read_text(encoding="utf-8").count("inkscape:groupmode") >= 3


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--spikiness", "3"), "--spikiness 3 goes with --mode pixels"),
        (("--ablate",), "--ablate goes with --mode pixels"),
        (("--mode", "pixels", "--spikiness", "sharp"), "'sharp' is no number; write 3, or 1:10"),
        (("--mode", "pixels", "--spikiness", "0:10"), "--spikiness 0 is out of range"),
        (("--mode", "pixels", "--penalty", "-1"), "--penalty -1 is out of range; it must be 0 to 100"),
        (("--mode", "pixels", "--strokes", "50"), "--strokes 50 goes with --mode strokes"),
        (("--mode", "pixels", "--refit", "5"), "--refit 5 needs colours to learn"),
        (("--mode", "pixels", "--curvature", "2"), "Pixels have no strokes to weigh by curvature"),
    ],
)
def test_what_does_not_go_together_is_one_sentence(run: Run, args: tuple[str, ...], message: str) -> None:
    result = run("generate", "--channel", "87", *args)
    assert result.code == 2
    assert message in " ".join(result.err.split())
    assert not Path("drawing.svg").exists()


def test_a_file_is_no_art_of_pixels(run: Run, square: Path) -> None:
    result = run("draw", square, "--mode", "pixels", "--dry-run")
    assert result.code == 2
    assert "one at a time" in result.err
