"""`plotbot quantize` writes art alone, and refuses what does not go together in one sentence."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from plotbot.drawing import read_svg, sources
from tests.cli.conftest import Run


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    light = np.full((30, 40, 3), 240, np.uint8)
    light[8:22, 10:30] = (190, 40, 40)
    path = tmp_path / "square.png"
    Image.fromarray(light).save(path)
    return path


def test_a_picture_becomes_an_svg_with_a_layer_for_each_pen(run: Run, picture: Path) -> None:
    result = run(
        "quantize", picture, "--pens", "staedtler12", "--paper", "70x60mm", "--out", "art.svg", "--json"
    )
    assert result.code == 0
    said = result.json
    drawing = read_svg(Path("art.svg"))
    assert len(drawing.layers) == len(said["pens"])
    assert len(sources(drawing)) == said["strokes"]
    (judged,) = said["files"]
    assert judged["drawn"]["mean"] < 5
    assert not Path("jobs").exists()


def test_several_files_share_a_sheet(run: Run, picture: Path, square: Path) -> None:
    options = ["--paper", "a6", "--grid", "2x2", "--svg-mode", "lines", "--json"]
    result = run("quantize", picture, square, *options)
    assert result.code == 0
    points = np.concatenate([one.points for one in sources(read_svg(Path("drawing.svg")))])
    assert np.ptp(points, axis=0) == pytest.approx([71, 93], abs=6)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["{picture}", "--no-fit"], ["square.png", "--scale"]),
        (["{picture}", "--svg-mode", "lines"], ["--svg-mode", "square.png"]),
        (["{square}", "--time-budget", "1h"], ["--time-budget", "square.svg"]),
        (["{square}", "--refine"], ["--refine", "square.svg"]),
        (["{picture}", "{square}"], ["2 files", "--grid"]),
        (["{picture}", "{picture}", "--grid", "1x1"], ["2 files", "1x1"]),
        (["{picture}", "--grid", "0x2"], ["0x2", "columns by rows"]),
        (["{picture}", "--grid", "9x9", "--gap", "40mm"], ["9x9", "no room"]),
        (["{picture}", "--scale", "0"], ["scale of 0"]),
        (["{picture}", "--rotate", "1000"], ["1000", "360"]),
        (["{picture}", "--marks", "dots"], ["dots", "stipple"]),
        (["{picture}", "--out", "art.png"], ["art.png", ".svg"]),
        (["{picture}", "--out", "nowhere/art.svg"], ["nowhere"]),
        (["missing.jpg"], ["missing.jpg"]),
        (["{picture}", "--time-budget", "20s"], ["time"]),
        (["{picture}", "--marks", "stipple", "--refine"], ["--refine", "stipple"]),
    ],
)
def test_what_does_not_go_is_refused(
    run: Run, picture: Path, square: Path, options: list[str], says: list[str]
) -> None:
    result = run("quantize", *(one.format(picture=picture, square=square) for one in options))
    assert result.code == 2
    for word in says:
        assert word in " ".join(result.err.split())
    assert not Path("drawing.svg").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "moment", "says"),
    [
        ("quantize cat.png", "settling strokes", "nothing was written"),
        ("draw cat.png --dry-run --refine", "refining strokes", "nothing was written"),
        ("draw cat.png --dry-run", "Drawing previews", "Stopped"),
    ],
)
def test_ctrl_c_leaves_nothing_half_done(tmp_path: Path, command: str, moment: str, says: str) -> None:
    """A real signal to a real process at a terminal."""
    Image.fromarray(data.chelsea()[60:260, 100:300]).save(tmp_path / "cat.png")
    ours, theirs = os.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "plotbot", *command.split(), "--paper", "60x60mm", "--margin", "5mm"],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=theirs,
        env=os.environ | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "COLUMNS": "200"},
        start_new_session=True,
    )
    os.close(theirs)
    said, stopped, until = "", False, time.monotonic() + 300
    try:
        while time.monotonic() < until:
            if select.select([ours], [], [], 0.1)[0]:
                try:
                    said += os.read(ours, 65536).decode(errors="replace")
                except OSError:  # the process has closed its end
                    break
            if not stopped and moment in said:
                process.send_signal(signal.SIGINT)
                stopped, said = True, ""
        assert process.wait(60) == 130
    finally:
        process.kill()
        os.close(ours)
    assert stopped
    assert says in said
    assert "Traceback" not in said
    left = [path for path in tmp_path.rglob("*") if path.is_file() and "cache" not in str(path)]
    assert left == [tmp_path / "cat.png"]


def test_strokes_over_ink_of_the_same_pen_are_counted_in_the_job(run, tmp_path):
    (tmp_path / "twice.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="60mm" height="40mm" viewBox="0 0 60 40">'
        + '<path d="M5 20H55" stroke="#000" stroke-width=".3"/>' * 40
        + "</svg>"
    )
    report = run(
        "draw", tmp_path / "twice.svg", "--svg-mode", "faithful", "--dry-run", "--pens", "staedtler12",
        "--paper", "a6", "--out", tmp_path / "job", "--json",
    ).json  # fmt: skip
    assert report["totals"]["strokes"] == 1
    assert [one["reason"] for one in report["dropped"]] == ["over ink that is there already"] * 39
    saved = report["files"][0]["overdrawing"]
    assert saved["strokes"] == 39
    length = report["dropped"][0]["length_mm"]
    assert saved["repeated_mm"] == pytest.approx(39 * length, rel=0.01)
    assert "overdrawing left out" in (tmp_path / "job" / "report.html").read_text()
