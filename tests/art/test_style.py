"""Style: the same picture has no distance to itself, and a drawing can be pulled towards one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.networks import EMBEDDED, describe, open_network
from plotbot.art.objectives import Seen, sparsity
from plotbot.art.style import gram, mondrian, read_style, style, style_layers, style_picture, style_term
from plotbot.errors import BadInput

LAYERS = ("blocks.1", "blocks.2")


def test_gram_matrices_do_not_depend_on_size_or_place() -> None:
    maps = torch.rand(1, 4, 6, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(gram(maps), gram(maps.repeat(1, 1, 2, 3)))
    torch.testing.assert_close(gram(maps), gram(maps.roll((2, 3), (2, 3))))
    assert gram(maps).shape == (1, 4, 4)


def test_a_picture_has_its_own_style_and_bare_paper_has_not() -> None:
    network = open_network(EMBEDDED, LAYERS)
    picture = mondrian(1)
    objective = style(picture, LAYERS).prepared(network)

    def distance(seen: np.ndarray) -> float:
        tensor = torch.from_numpy(seen.transpose(2, 0, 1).copy()).float()[None]
        with torch.no_grad():
            return float(objective.evaluate(Seen(network(tensor), tensor, tensor[0]))[0])

    assert distance(picture) < 1e-6
    another, bare = distance(mondrian(2)), distance(np.ones_like(picture))
    assert 1e-4 < another < bare


def test_the_composition_is_mostly_white_with_black_lines_and_few_colours() -> None:
    for seed in range(6):
        picture = mondrian(seed)
        assert picture.shape == (224, 224, 3)
        light, dark = picture.min(-1) > 0.85, picture.max(-1) < 0.2
        assert light.mean() > 0.45
        assert 0.03 < dark.mean() < 0.3
        assert 0.03 < 1 - light.mean() - dark.mean() < 0.3
    np.testing.assert_array_equal(mondrian(3), mondrian(3))
    assert not np.array_equal(mondrian(3), mondrian(4))


def test_a_drawing_comes_nearer_to_the_style_it_is_asked_for(small: GenerateSettings) -> None:
    term = style(mondrian(0), LAYERS)
    with_style = generate(replace(small, objective=small.objective - 20 * term, steps=30))
    values = [step.terms["style"] for step in with_style.history]
    without = generate(replace(small, objective=small.objective - 1e-9 * term, steps=30))
    assert values[-1] < without.history[-1].terms["style"]
    assert values[-1] < values[0]
    assert with_style.history[-1].activation == pytest.approx(
        with_style.history[-1].terms["channel blocks.4:87"]
    )


def test_default_layers_exist() -> None:
    for name in (EMBEDDED, "vgg16", "resnet18", "alexnet"):
        description = describe(name)
        assert style_layers(description)
        (style(mondrian(0), style_layers(description)) + sparsity()).check(description)
    with pytest.raises(BadInput, match="no layer 'conv9_9'"):
        style(mondrian(0), ["conv9_9"]).check(describe(EMBEDDED))


def test_a_style_is_named_or_a_file_and_has_a_weight(tmp_path: Path) -> None:
    embedded = describe(EMBEDDED)
    (term,) = style_term("mondrian", embedded, 50).terms
    assert (term.name, term.weight, term.layers, term.excites) == ("style", -50, LAYERS, False)
    assert style_term("mondrian", embedded, 0).terms == ()
    assert style_term("mondrian", embedded, 1, ["blocks.0"]).layers == ("blocks.0",)
    np.testing.assert_array_equal(style_picture("mondrian:3"), mondrian(3))
    Image.fromarray((255 * mondrian(1)).astype(np.uint8)).save(tmp_path / "mine.png")
    np.testing.assert_allclose(style_picture(str(tmp_path / "mine.png")), mondrian(1), atol=1 / 255)
    for wrong, told in (("mondrian:x", "mondrian:3"), ("nowhere.png", "nowhere.png")):
        with pytest.raises(BadInput, match=told):
            style_term(wrong, embedded, 50)
    for weight in (-1, float("nan"), float("inf")):
        with pytest.raises(BadInput, match="weight"):
            style_term("mondrian", embedded, weight)
    with pytest.raises(BadInput, match="no layer 'conv2_2'"):
        style_term("mondrian", embedded, 50, ["conv2_2"])


def test_style_files_are_checked(tmp_path: Path) -> None:
    Image.new("RGBA", (64, 48), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    np.testing.assert_allclose(read_style(tmp_path / "clear.png"), np.ones((48, 64, 3)))
    Image.new("RGB", (8, 64)).save(tmp_path / "tiny.png")
    (tmp_path / "text.png").write_text("not a picture")
    for name, message in {
        "tiny.png": "8 x 64 pixels",
        "text.png": "cannot be read",
        "none.png": "There is no",
    }.items():
        with pytest.raises(BadInput, match=message):
            read_style(tmp_path / name)
