"""The options of the art: every one changes the drawing or is refused in a sentence."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Run

SMALL = ["--paper", "a6", "--strokes", "40", "--steps", "3", "--seed", "2"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--channel", "3", "--refit", "300"], ["--refit 300", "0 to 299"]),
        (["--channel", "3", "--leaky", "2"], ["--leaky 2", "0 to 1"]),
        (["--channel", "3:inf"], ["3:inf"]),
        (["--class", "tabby cat:much"], ["tabby cat:much", "tabby cat:0.5"]),
        (["--channel", "3", "--layer", "blocks.2:0.5"], ["blocks.2:0.5", "weight to the channel"]),
        (["--layer", "blocks.2:x"], ["blocks.2:x"]),
        (["--channel", "3", "--palette", "learn", "--colors", "13"], ["--colors 13", "1 to 12"]),
        (["--channel", "3", "--sparsity", "nan"], ["--sparsity nan"]),
        (["--channel", "3", "--style-weight", "5"], ["--style mondrian"]),
        (["--channel", "3", "--style", "mondrian", "--style-weight", "-1"], ["--style-weight -1"]),
        (["--channel", "3", "--style", "mondrian", "--style-weight", "5,5"], ["5,5", "twice"]),
        (["--channel", "3", "--style", "mondrian", "--style-layer", "conv9"], ["conv9"]),
        (["--channel", "3", "--style", "none.png"], ["none.png", "mondrian"]),
        (["--channel", "3", "--style", "tiny.png"], ["tiny.png", "8 x 8 pixels"]),
        (["--channel", "3", "--style", "mondrian", "--style-weight", "0,5"], ["plotbot generate"]),
        (["drawing.svg", "--layer", "blocks.2"], ["one at a time"]),
    ],
)
def test_what_cannot_be_is_named(run: Run, options: list[str], says: list[str]) -> None:
    Image.new("RGB", (8, 8)).save("tiny.png")
    result = run("draw", "--dry-run", *options)
    assert result.code == 2
    for text in says:
        assert text in " ".join(result.err.split())
    assert not Path("jobs").exists()


def test_a_layer_alone_is_a_deep_dream_and_terms_add_up(run: Run) -> None:
    terms = ["--layer", "blocks.2:0.01", "--class", "tabby cat:2", "--curvature", "1", "--variation", "3"]
    result = run("draw", *terms, *SMALL, "--dry-run", "--out", "job")
    assert result.code == 0
    about = tomllib.loads(Path("job/job.toml").read_text())
    assert about["title"] == "tabby cat:2 and layer blocks.2:0.01"
    assert (
        about["network"]["objective"] == "2·class tabby +0.01·layer blocks.2 -1·curvature -3·total variation"
    )


def test_learned_colours_leave_their_story_in_the_job(run: Run) -> None:
    learn = ["--palette", "learn", "--colors", "3", "--refit", "1"]
    result = run("draw", "--neuron", "87", *learn, *SMALL, "--dry-run", "--out", "job", "--json")
    assert result.code == 0
    stages = {"free", "quantised", "refitted", "as_plotted"}
    report, settings = result.json, tomllib.loads(Path("job/job.toml").read_text())["settings"]
    assert report["activation"].keys() == settings["activation"].keys() == stages
    assert report["colour"]["quantisation"] == settings["quantisation"]
    assert 0 < settings["quantisation"]["mean"] <= settings["quantisation"]["p95"]
    assert settings["refit"] == 1
    assert len(settings["quantised_to"]) == 3
    with Image.open("job/clusters.png") as image:
        pixels = np.asarray(image.convert("RGB"))
    assert pixels.shape[0] > 600
    coloured = np.ptp(pixels.astype(int), axis=2) > 60
    assert coloured.sum() > 2000


@pytest.mark.slow
def test_weights_of_a_style_are_compared_side_by_side(run: Run) -> None:
    options = ["--channel", "87", "--style", "mondrian", "--style-weight", "0,1000", "--out", "a.svg"]
    result = run("generate", *options, *SMALL, "--json")
    assert result.code == 0
    rows = result.json["drawings"]
    assert [row["style_weight"] for row in rows] == [0, 1000]
    assert [row["drawing"] for row in rows] == ["a-style-0.svg", "a-style-1000.svg"]
    assert Path("a-style-0.svg").read_text() != Path("a-style-1000.svg").read_text()
    assert all(0 < row["covered"] < 1 and row["style"] > 0 for row in rows)
    with Image.open(result.json["picture"]) as image:
        assert image.width > 2 * 420
    assert "From the style" in result.err
