"""`plotbot quantize` writes art alone, and refuses what does not go together in one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

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
