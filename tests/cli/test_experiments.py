"""Sweeps and atlases from the command line: resumed after a kill, on a sheet, and drawn large."""

from __future__ import annotations

import csv
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.conftest import Run

TINY = ("--layer", "blocks.2", "--strokes", "12", "--steps", "3", "--view", "32", "--size", "30mm")
SWEEP = ("sweep", *TINY, "--channels", "4-6", "--style-weight", "0,50", "--seeds", "2", "--out", "here")


def finished() -> dict[str, int]:
    """The finished cells and when they were written."""
    return {path.parent.name: path.stat().st_mtime_ns for path in Path("here").glob("cells/c*/result.json")}


@pytest.mark.slow
def test_a_sweep_that_was_killed_goes_on_and_grows_nothing_twice(run: Run) -> None:
    command = [sys.executable, "-m", "plotbot", *SWEEP, "--workers", "1"]
    killed = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    while len(finished()) < 2:
        assert killed.poll() is None
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    before = finished()
    assert 2 <= len(before) < 12
    Path("here/cells/.c004-w0-s0.0f.tmp").mkdir()  # as a kill in the middle of writing leaves it

    result = run(*SWEEP, "--workers", "2", "--json")
    assert result.code == 0, result.err
    assert result.json["grown"] == 12 - len(before)
    after = finished()
    assert len(after) == 12
    assert before.items() <= after.items()
    assert sorted(path.name for path in Path("here/cells").iterdir()) == sorted(after)

    with Path("here/cells.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(int(row["channel"]), float(row["style_weight"]), int(row["seed"])) for row in rows] == [
        (channel, weight, seed) for channel in (4, 5, 6) for weight in (0, 50) for seed in (0, 1)
    ]
    means = {
        (channel, weight): sum(
            float(row["exc_loss"])
            for row in rows
            if (int(row["channel"]), float(row["style_weight"])) == (channel, weight)
        )
        / 2
        for channel in (4, 5, 6)
        for weight in (0, 50)
    }
    lowered = {channel for channel in (4, 5, 6) if means[channel, 50] < means[channel, 0]}
    assert {one["channel"] for one in result.json["lowered"]} == lowered
    assert f"lowered exc_loss in {len(lowered)} of 3 channels" in result.err
    page = Path("here/sheet.html").read_text()
    assert page.count("<li ") == 12
    assert page.count("--style mondrian --style-weight 50") == 6

    again = run(*SWEEP, "--json").json
    assert again["grown"] == 0
    assert finished() == after


def test_an_atlas_shows_every_channel_and_how_to_draw_it(run: Run) -> None:
    result = run("atlas", *TINY, "--channels", "3,7", "--seed", "2", "--workers", "1", "--json")
    assert result.code == 0, result.err
    report = result.json
    assert Path(report["atlas"]) == Path("atlases/embedded-blocks.2")
    assert list(report["channels"]) == ["3", "7"]
    with Image.open(report["picture"]) as sheet:
        assert sheet.width > 400
    command = shlex.split(report["channels"]["7"]["command"])
    assert command[:2] == ["plotbot", "draw"]
    assert "--layer blocks.2 --channel 7 --seed 2" in " ".join(command)
    drawn = run(*command[1:], "--strokes", "12", "--steps", "2", "--paper", "a6", "--json")
    assert drawn.code == 0, drawn.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("sweep", "--channels", "112"), "Channel 112 is out of range: the layer has channels 0 to 111."),
        (("sweep", "--style-weight", "much"), "'much' is no style weight"),
        (("sweep", "--seeds", "0"), "--seeds 0"),
        (("sweep", "--workers", "2", "--scheduler", "tcp://x:1"), "--workers"),
        (("sweep", "--style", "nowhere.png"), "nowhere.png"),
        (("sweep", "--out", "full"), "full holds other things"),
        (("atlas", "--layer", "blocks.99"), "no layer 'blocks.99'"),
        (("atlas", "--workers", "0"), "--workers 0"),
        (("atlas", "--size", "2mm"), "Width of the drawing in mm 2"),
        (("atlas", "--view", "8"), "View size in px 8"),
    ],
)
def test_what_cannot_be_is_told_before_anything_is_written(
    run: Run, words: tuple[str, ...], told: str
) -> None:
    Path("full").mkdir()
    Path("full/photo.txt").touch()
    result = run(*words)
    assert result.code == 2
    assert told in " ".join(result.err.split())
    assert not Path("sweeps").exists()
    assert not Path("atlases").exists()


def test_a_sweep_whose_cluster_does_not_answer_can_be_tried_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plotbot.art.experiments.pool.ANSWER_S", 1)
    words = ("sweep", *TINY, "--channels", "4", "--style-weight", "0", "--out", "here")
    refused = run(*words, "--scheduler", "tcp://127.0.0.1:9")
    assert refused.code == 2
    assert "No Dask scheduler answers at tcp://127.0.0.1:9" in " ".join(refused.err.split())
    assert run(*words, "--workers", "1").code == 0
