"""diffvg in the place of plotbot's coverage: the same drawing, where it is installed."""

from __future__ import annotations

import importlib.util
from dataclasses import replace

import pytest
import torch

from plotbot.art.diffvg_renderer import DiffvgCoverage
from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.ink_renderer import Canvas, render, render_free
from plotbot.errors import BadInput

CANVAS = Canvas(64, 64, 0.5)
INKS = torch.tensor([[0.5, 0.1, 0.05], [0.05, 0.1, 0.4]])


def strokes() -> torch.Tensor:
    """Two curves that cross, and a straight, evenly spaced cubic, of which diffvg by itself draws nothing."""
    return torch.tensor(
        [
            [[4.0, 4], [10, 20], [20, 6], [28, 28]],
            [[4.0, 28], [12, 10], [22, 26], [28, 4]],
            [[4.0, 16], [12, 16], [20, 16], [28, 16]],
        ]
    )


@pytest.mark.skipif(importlib.util.find_spec("pydiffvg") is not None, reason="diffvg is installed")
def test_without_diffvg_one_sentence_says_what_is_missing(small: GenerateSettings) -> None:
    with pytest.raises(BadInput, match=r"needs the module pydiffvg.* leave --renderer out"):
        generate(replace(small, renderer="diffvg"))


def test_it_draws_what_plotbot_draws() -> None:
    pytest.importorskip("pydiffvg")
    weights = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.7, 0.3]])
    width, opacity = torch.tensor([1.5, 1.0]), torch.zeros(2)
    coverage = DiffvgCoverage(samples=8)
    theirs = render(strokes(), weights, width, INKS, opacity, CANVAS, bare_share=coverage)
    ours = render(strokes(), weights, width, INKS, opacity, CANVAS)
    assert float((theirs - ours).abs().mean()) < 0.01
    free = torch.rand(3, 3)
    theirs = render_free(strokes(), torch.full((3,), 1.5), free, CANVAS, coverage)
    ours = render_free(strokes(), torch.full((3,), 1.5), free, CANVAS)
    assert float((theirs - ours).abs().mean()) < 0.01


def test_its_gradients_point_where_plotbots_do() -> None:
    pytest.importorskip("pydiffvg")
    towards = torch.rand(3, 64, 64, generator=torch.Generator().manual_seed(0))
    found = []
    for coverage in (DiffvgCoverage(samples=8), None):
        points = strokes().requires_grad_()
        width = torch.full((3,), 2.0)
        (render_free(points, width, torch.full((3, 3), 0.2), CANVAS, coverage) * towards).sum().backward()
        assert points.grad is not None
        found.append(points.grad.flatten())
    assert float(torch.cosine_similarity(*found, dim=0)) > 0.8


def test_a_drawing_grows_with_it(small: GenerateSettings) -> None:
    pytest.importorskip("pydiffvg")
    artwork = generate(replace(small, renderer="diffvg", strokes=20, steps=6))
    assert artwork.ended == "done"
