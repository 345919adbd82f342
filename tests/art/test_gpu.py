"""Other devices than the CPU: the torch path that they run, forced on the CPU, and a GPU if there is one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from plotbot.art import ink_renderer
from plotbot.art.adam import Adam, RowAdam
from plotbot.art.augment import sampled
from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.ink_renderer import Canvas, render_free, side_by_side
from plotbot.art.networks import Network
from plotbot.art.optimiser import Growth, grow
from plotbot.art.pace import Pace
from plotbot.art.studio import Studio

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that torch finds")


@pytest.fixture
def brief(small: GenerateSettings) -> GenerateSettings:
    return replace(small, steps=12, strokes=40)


def test_a_drawing_by_the_torch_path_goes_the_way_of_the_compiled_one(
    brief: GenerateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = generate(brief)
    monkeypatch.setattr(ink_renderer, "compiled_for", lambda _points: False)
    plain = generate(brief)
    first, other = ([step.activation for step in one.history] for one in (compiled, plain))
    # Adam takes a full step for the least of gradients, so that last digits part the two after a while.
    np.testing.assert_allclose(other[:2], first[:2], rtol=0.02, atol=0.05)
    assert plain.activations.refitted == pytest.approx(compiled.activations.refitted, rel=0.15, abs=0.5)


@pytest.mark.parametrize("opacity", [[0.0, 0.0, 0.0], [0.0, 1.0, 0.3]])
def test_a_rendering_by_the_torch_path_is_the_compiled_one(
    opacity: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = torch.Generator().manual_seed(1)
    points = (20 * torch.rand(30, 7, 2, generator=random, dtype=torch.float64)).requires_grad_()
    weights = torch.randn(30, 3, generator=random, dtype=torch.float64).softmax(1).requires_grad_()
    width = torch.tensor([0.3, 0.6, 1.5], dtype=torch.float64, requires_grad=True)
    ink = torch.rand(3, 3, generator=random, dtype=torch.float64, requires_grad=True)
    pull = torch.rand(3, 40, 40, generator=random, dtype=torch.float64)

    def drawn() -> tuple[torch.Tensor, ...]:
        hides = torch.tensor(opacity, dtype=torch.float64)
        image = ink_renderer.render(points, weights, width, ink, hides, Canvas(40, 40, 0.5))
        return image, *torch.autograd.grad(image, (points, weights, width, ink), pull)

    compiled = drawn()
    monkeypatch.setattr(ink_renderer, "compiled_for", lambda _points: False)
    for one, other in zip(compiled, drawn(), strict=True):
        torch.testing.assert_close(other, one, atol=1e-6, rtol=1e-5)


def test_the_repeatable_resampling_is_torchs_own() -> None:
    random = torch.Generator().manual_seed(0)
    picture = torch.rand(3, 20, 31, generator=random, dtype=torch.float64, requires_grad=True)
    grid = 2.6 * torch.rand(4, 9, 7, 2, generator=random, dtype=torch.float64) - 1.3
    expected = F.grid_sample(
        picture.expand(4, -1, -1, -1), grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )
    ours = sampled(picture, grid)
    torch.testing.assert_close(ours, expected)
    pull = torch.rand(ours.shape, generator=random, dtype=torch.float64)
    torch.testing.assert_close(
        torch.autograd.grad(ours, picture, pull), torch.autograd.grad(expected, picture, pull)
    )


def test_drawings_rendered_side_by_side_do_not_show_in_one_another() -> None:
    canvas, random = Canvas(40, 30, 0.5), torch.Generator().manual_seed(2)
    drawings = [torch.rand(6, 7, 2, generator=random) * 30 - 5 for _ in range(3)]
    inks = [torch.rand(6, 3, generator=random) for _ in range(3)]

    def lay(points: torch.Tensor, ink: torch.Tensor, canvas: Canvas) -> torch.Tensor:
        return render_free(points, torch.full((len(points),), 1.2), ink, canvas)

    films = side_by_side(drawings, inks, lay, canvas, 0.6)
    assert films.shape == (3, 3, 30, 40)
    for film, points, ink in zip(films, drawings, inks, strict=True):
        difference = (film - lay(points, ink, canvas)).abs()
        assert difference.mean() < 1e-5 and difference.max() < 0.02


@pytest.mark.parametrize("endless", [False, True])
def test_tries_in_one_pass_grow_as_each_does_alone(
    brief: GenerateSettings, network: Network, endless: bool
) -> None:
    studio = Studio.of(replace(brief, views=2), network, endless=endless)
    together = [Growth(studio, seed) for seed in (1, 2, 3)]
    grow(together, Pace(2), lambda _step: None)
    for growth in together:
        alone = Growth(studio, growth.seed)
        grow([alone], Pace(2), lambda _step: None)
        (first, second), (own_first, own_second) = (
            [step.activation for step in one.history] for one in (growth, alone)
        )
        assert first == pytest.approx(own_first, abs=1e-3)
        assert second == pytest.approx(own_second, abs=0.2)


def test_the_best_of_several_tries_is_kept_and_all_are_told(brief: GenerateSettings) -> None:
    artwork = generate(replace(brief, tries=3))
    assert [one.seed for one in artwork.tries] == [4, 5, 6]
    best = max(artwork.tries, key=lambda one: one.activation)
    assert artwork.activations.refitted == best.activation
    by_itself = generate(replace(brief, seed=best.seed))
    np.testing.assert_array_equal(artwork.points_mm, by_itself.points_mm)
    assert len(artwork.history) == brief.steps
    assert artwork.history[-1].done == pytest.approx((artwork.tries.index(best) + 1) / 3)


def test_steps_on_all_rows_are_adams_and_other_rows_stay() -> None:
    random = torch.Generator().manual_seed(0)
    start = torch.rand(5, 4, 2, generator=random)
    rows, all_rows, whole = start.clone(), torch.arange(5), start.clone().requires_grad_()
    by_rows, adam = RowAdam(rows), Adam([whole])
    for _ in range(6):
        gradient = torch.randn(5, 4, 2, generator=random)
        whole.grad = gradient.clone()
        adam.step([0.1])
        by_rows.step(all_rows, gradient, 0.1)
    torch.testing.assert_close(rows, whole.detach())
    before = rows.clone()
    by_rows.step(torch.tensor([1, 3]), torch.ones(2, 4, 2), 0.1)
    moved = (rows != before).flatten(1).any(1)
    assert moved.tolist() == [False, True, False, True, False]


# --- where there is a GPU -------------------------------------------------------------------------


@needs_gpu
@pytest.mark.parametrize("scale", [(1, 1), (2, 1)])
def test_a_gpu_draws_what_the_cpu_does_and_the_same_twice(
    small: GenerateSettings, scale: tuple[int, int]
) -> None:
    width, height = small.area_mm
    settings = replace(
        small, steps=24, scale=scale, area_mm=(scale[0] * width, height), device="cuda", tries=2
    )
    one, two = generate(settings), generate(settings)
    np.testing.assert_array_equal(one.points_mm, two.points_mm)
    np.testing.assert_array_equal(one.pen_of, two.pen_of)
    cpu = generate(replace(settings, device="cpu"))
    first = [step.activation for step in one.history[:3]]
    assert first == pytest.approx([step.activation for step in cpu.history[:3]], rel=0.05, abs=0.05)
    assert one.activations.refitted == pytest.approx(cpu.activations.refitted, rel=0.15, abs=0.3)
    assert one.activations.as_plotted == pytest.approx(one.activations.refitted, rel=0.1)


@needs_gpu
@pytest.mark.parametrize("palette", ["pens", "learn", "mono"])
def test_every_palette_grows_on_a_gpu(small: GenerateSettings, palette: str) -> None:
    settings = replace(small, steps=8, palette=palette, device="cuda", views=2)  # type: ignore[arg-type]
    artwork = generate(settings)
    assert artwork.ended == "done" and np.isfinite(artwork.points_mm).all()
