"""Ink as it lies: against brute force, with true gradients, at a cost that only strokes pay."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as example_settings
from hypothesis import strategies as st
from torch import Tensor

from plotbot.art import ink_coverage, ink_kernels
from plotbot.art.ink_renderer import Canvas, render, render_coverage, render_free
from plotbot.errors import BadInput
from tests.art import supersampled

SIZE = 48
CANVAS = Canvas(SIZE, SIZE, 0.5)  # a pixel is half a millimetre, so that mixing up the two shows
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
INKS = torch.tensor([[0.9, 0.2, 0.1], [0.1, 0.5, 0.9], [0.05, 0.05, 0.06], [0.95, 0.9, 0.2]]).double()

WIGGLE = [[4.3, 9.1], [44.0, 2.0], [1.0, 44.0], [42.2, 37.7]]
STRAIGHT = [[5.0, 40.0], [17.0, 30.0], [29.0, 20.0], [41.0, 10.0]]
LEVEL = [[5.0, 20.3], [15.0, 20.3], [25.0, 20.3], [35.0, 20.3]]
CURL = [[20.0, 20.0], [27.0, 20.0], [27.0, 26.0], [20.0, 22.0]]
CUSP = [[10.0, 10.0], [40.0, 40.0], [10.0, 40.0], [40.0, 10.0]]
DOT = [[24.3, 23.8]] * 4
HALF_OUT = [[-30.0, 10.0], [20.0, 15.0], [30.0, 90.0], [80.0, 20.0]]
FAR_OUT = [[-200.0, 10.0], [-100.0, 15.0], [-130.0, 90.0], [-80.0, 20.0]]
LONG = [[-300.0, -60.0], [400.0, 250.0], [-350.0, -150.0], [340.0, 110.0]]


def chain(cubics: int, seed: int = 3) -> list[list[float]]:
    """A long scribble that fills the canvas."""
    rng = np.random.default_rng(seed)
    return (24 + np.cumsum(rng.normal(0, 9, (3 * cubics + 1, 2)), 0) % 40 - 20).tolist()


def strokes(*shapes: list[list[float]], device: str = "cpu") -> Tensor:
    """Control points in mm from control points in pixels."""
    return torch.tensor(shapes, dtype=torch.float64, device=device) * CANVAS.mm_per_px


def one_hot(pens: list[int], count: int) -> Tensor:
    return torch.nn.functional.one_hot(torch.tensor(pens), count).double()


def coverage_image(points_px: list[list[float]], width_px: float) -> Tensor:
    found = render_coverage(strokes(points_px), torch.tensor([width_px]).double() * 0.5, CANVAS)
    bare = torch.ones(SIZE * SIZE, dtype=torch.float64)
    return (1 - bare.scatter_reduce(0, found.pixel, 1 - found.coverage, "prod")).reshape(SIZE, SIZE)


PAIRS = np.exp(np.random.default_rng(6).normal(0, 0.7, (4, 4, 3)))
"""Ratios of measured pairs; one that nobody measured among them."""
PAIRS[0, 2] = PAIRS[2, 0] = 1


def length_px(points_px: list[list[float]]) -> float:
    line = supersampled.polyline(np.asarray(points_px), 2000)
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def a_scene(pens: int = 4, cubics: int = 1, count: int = 6, seed: int = 5) -> dict[str, Tensor]:
    """Soft strokes in several pens, all of it differentiable, in float64."""
    random = torch.Generator().manual_seed(seed)
    start = 24 + 14 * torch.randn(count, 1, 2, generator=random, dtype=torch.float64)
    steps = 8 * torch.randn(count, 3 * cubics + 1, 2, generator=random, dtype=torch.float64)
    logits = torch.randn(count, pens, generator=random, dtype=torch.float64)
    return {
        "points_mm": (start + steps.cumsum(1)) * CANVAS.mm_per_px,
        "pen_weights": torch.softmax(logits, 1),
        "pen_width_mm": torch.linspace(0.3, 1.6, pens, dtype=torch.float64),
        "transmittance": torch.rand(pens, 3, generator=random, dtype=torch.float64),
    }


def smooth_mask(seed: int = 1) -> Tensor:
    """A slowly varying weight for every pixel and channel: the scalar <mask, image> is smooth."""
    random = torch.Generator().manual_seed(seed)
    coarse = torch.randn(1, 3, 6, 6, generator=random, dtype=torch.float64)
    return torch.nn.functional.interpolate(coarse, SIZE, mode="bicubic")[0]


def cosine(a: Tensor, b: Tensor) -> float:
    return float(torch.nn.functional.cosine_similarity(a.flatten(), b.flatten(), 0))


# --- against brute force -------------------------------------------------------------------------


@pytest.mark.parametrize("width", [0.2, 0.4, 1.0, 2.0, 9.0])
@pytest.mark.parametrize(
    "shape",
    [WIGGLE, STRAIGHT, LEVEL, CURL, CUSP, DOT, HALF_OUT, LONG, chain(8)],
    ids=["wiggle", "straight", "level", "curl", "cusp", "dot", "half-out", "long", "scribble"],
)
def test_coverage_is_the_area_a_supersampled_stroke_covers(shape: list[list[float]], width: float) -> None:
    steps = 4000 if shape is LONG else 400
    samples = supersampled.inside(np.asarray(shape), width, SIZE, SIZE, 16, steps)
    expected = torch.from_numpy(supersampled.pixels(samples.astype(float), 16))
    found = coverage_image(shape, width)
    assert (found - expected).abs().mean() < 0.005
    inked = (found > 0) | (expected > 0)
    assert inked.any()
    assert (found - expected).abs()[inked].mean() < 0.04


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("pen_width", [[2.0] * 4, [2.0, 0.4, 6.0, 1.0]], ids=["2px", "mixed"])
@pytest.mark.parametrize(
    "opacity", [[0, 0, 0, 0], [0, 0, 1, 0], [0.4, 0, 0, 1]], ids=["ink", "opaque", "half"]
)
def test_the_image_is_that_of_brute_force(device: str, pen_width: list[float], opacity: list[float]) -> None:
    shapes = [WIGGLE, STRAIGHT, CURL, CUSP, DOT, HALF_OUT, FAR_OUT, LONG]
    pens = [0, 1, 2, 3, 0, 1, 2, 2]
    expected = supersampled.image(
        [np.asarray(s) for s in shapes], pens, pen_width, INKS.numpy(), opacity, (SIZE, SIZE)
    )
    found = render(
        strokes(*shapes, device=device).float(),
        one_hot(pens, 4).float().to(device),
        torch.tensor(pen_width, device=device) * CANVAS.mm_per_px,
        INKS.float().to(device),
        torch.tensor(opacity, device=device).float(),
        CANVAS,
    )
    assert found.shape == (3, SIZE, SIZE)
    difference = (found.cpu() - torch.from_numpy(expected)).abs()
    assert difference.mean() < 0.01
    assert difference.max() < 0.35


@pytest.mark.parametrize("width", [0.05, 0.2, 0.35, 0.6, 0.9, 1.2, 2.0])
@pytest.mark.parametrize("shape", [STRAIGHT, LEVEL, WIGGLE], ids=["straight", "level", "wiggle"])
def test_a_line_of_any_width_lays_down_its_area_of_ink(shape: list[list[float]], width: float) -> None:
    area = width * length_px(shape) + math.pi * width**2 / 4
    assert float(coverage_image(shape, width).sum()) == pytest.approx(area, rel=0.02)


@pytest.mark.parametrize("width", [0.05, 0.35, 0.7, 1.0, 1.4, 2.0, 5.0])
def test_a_stroke_without_length_is_a_dot_of_the_pen(width: float) -> None:
    assert float(coverage_image(DOT, width).sum()) == pytest.approx(math.pi * width**2 / 4, rel=0.1)


def test_a_thin_line_is_as_dark_as_it_is_wide() -> None:
    centred = [[5.0, 20.5], [15.0, 20.5], [25.0, 20.5], [35.0, 20.5]]
    assert float(coverage_image(centred, 0.35).max()) == pytest.approx(0.35, abs=1e-4)


def test_no_stroke_turns_into_dots() -> None:
    for shape in (LONG, chain(12), HALF_OUT):
        seen = coverage_image(shape, 1.0)
        line = supersampled.polyline(np.asarray(shape), 5000)
        on_paper = line[((line > 0) & (line < SIZE - 1e-6)).all(1)].astype(int)
        assert len(on_paper) > 100
        # The box filter leaves a 1 px line at least half as dark in the pixel it runs through or next to.
        neighbourhood = torch.nn.functional.max_pool2d(seen[None, None], 3, 1, 1)[0, 0]
        assert float(neighbourhood[on_paper[:, 1], on_paper[:, 0]].min()) > 0.4


# --- gradients ------------------------------------------------------------------------------------


@pytest.mark.parametrize("cubics", [1, 3])
@pytest.mark.parametrize("opacity", [[0, 0, 0, 0], [0, 1, 0, 0.3]], ids=["translucent", "opaque"])
@pytest.mark.parametrize("pairs", [False, True], ids=["", "pairs"])
def test_gradients_are_those_of_central_differences(cubics: int, opacity: list[float], pairs: bool) -> None:
    scene, mask = a_scene(cubics=cubics), smooth_mask()
    hides = torch.tensor(opacity).double()
    more: dict[str, Any] = {"trapping": PAIRS, "n": 1.3} if pairs else {}

    def scalar(values: dict[str, Tensor]) -> Tensor:
        return (mask * render(**values, opacity=hides, canvas=CANVAS, **more)).sum()

    for value in scene.values():
        value.requires_grad_()
    scalar(scene).backward()
    for name, value in scene.items():
        slope = torch.zeros_like(value)
        with torch.no_grad():
            for at in np.ndindex(*value.shape):
                middle, step = value[at].item(), 1e-6
                if name == "pen_weights":
                    step = -step  # stays inside 0..1 either way
                ends = []
                for sign in (1, -1):
                    value[at] = middle + sign * step
                    ends.append(scalar(scene))
                value[at] = middle
                slope[at] = (ends[0] - ends[1]) / (2 * step)
        assert value.grad is not None
        assert cosine(value.grad, slope) > 0.999, name
        assert float(value.grad.norm() / slope.norm()) == pytest.approx(1, abs=0.02), name
        if name == "points_mm":
            for ours, theirs in zip(value.grad.flatten(0, 1), slope.flatten(0, 1), strict=True):
                # every control point by itself, as far as it has any say
                if theirs.norm() > 0.05 * slope.norm():
                    assert cosine(ours, theirs) > 0.995


@pytest.mark.parametrize("width", [0.5, 2.0, 5.0])
@pytest.mark.parametrize(
    "shape", [WIGGLE, STRAIGHT, CURL, CUSP, HALF_OUT], ids=["wiggle", "straight", "curl", "cusp", "half-out"]
)
def test_gradients_are_those_of_brute_force(shape: list[list[float]], width: float) -> None:
    """An evenly spaced straight cubic too: its inner control points bend it as much as any."""
    mask = smooth_mask()[0]
    points = strokes(shape).requires_grad_()
    wide, ink = torch.tensor([width * CANVAS.mm_per_px]).double(), torch.zeros(1, 3).double()
    (grad,) = torch.autograd.grad((mask * render_free(points, wide, ink, CANVAS)[0]).sum(), points)
    slope = torch.zeros(4, 2).double()
    for corner in np.ndindex(4, 2):
        ends = []
        for step in (0.4, -0.4):
            moved = np.asarray(shape)
            moved[corner] += step
            hit = supersampled.inside(moved, width, SIZE, SIZE, 16, 200)
            ends.append((mask.numpy() * (1 - supersampled.pixels(hit.astype(float), 16))).sum())
        slope[corner] = (ends[0] - ends[1]) / (0.8 * CANVAS.mm_per_px)
    assert cosine(grad[0], slope) > 0.95
    assert float(grad.norm() / slope.norm()) == pytest.approx(1, abs=0.3)


def test_a_hard_pen_still_tells_the_other_pens_what_they_would_change() -> None:
    """Straight-through estimators need the gradient of weights that are exactly 0."""
    points = strokes(WIGGLE, STRAIGHT, CUSP)
    hides, width = torch.zeros(4).double(), torch.full((4,), 1.0).double()
    weights = one_hot([0, 1, 0], 4).requires_grad_()
    mask = smooth_mask()
    (mask * render(points, weights, width, INKS, hides, CANVAS)).sum().backward()
    with torch.no_grad():
        for at in [(0, 1), (1, 3), (2, 2)]:
            ends = []
            for step in (0.0, 1e-6):
                moved = weights.clone()
                moved[at] += step
                ends.append((mask * render(points, moved, width, INKS, hides, CANVAS)).sum())
            assert float(weights.grad[at]) == pytest.approx(float(ends[1] - ends[0]) / 1e-6, rel=1e-3)


coordinate = st.one_of(
    st.sampled_from([0.0, 12.0, 24.0, 24.5, 48.0]), st.floats(-60, 110, allow_nan=False, width=32)
)


@example_settings(max_examples=60)
@given(
    st.lists(st.lists(st.tuples(coordinate, coordinate), min_size=7, max_size=7), min_size=1, max_size=3),
    st.sampled_from([0.0, 0.01, 0.5, 1.0, 1.5, 2.0, 7.0]),
    st.booleans(),
)
def test_images_and_gradients_are_finite_whatever_the_stroke(
    shapes: list[list[tuple[float, float]]], width: float, collapsed: bool
) -> None:
    points = torch.tensor(shapes, dtype=torch.float32) * CANVAS.mm_per_px
    if collapsed:
        points = points[:, :1].expand(-1, 7, -1).contiguous()
    points.requires_grad_()
    ink = torch.full((len(shapes), 3), 0.2, requires_grad=True)
    wide = torch.full((len(shapes),), width * 0.5, requires_grad=True)
    image = render_free(points, wide, ink, CANVAS)
    with torch.no_grad():
        assert bool((image >= 0).all()) and bool((image <= 1).all())
    image.square().sum().backward()
    for value in (points, wide, ink):
        assert value.grad is not None and value.grad.isfinite().all()


# --- how inks mix ---------------------------------------------------------------------------------


@pytest.mark.parametrize("device", DEVICES)
def test_the_order_of_strokes_and_of_translucent_pens_does_not_matter(device: str) -> None:
    scene = {name: value.to(device) for name, value in a_scene(count=12).items()}
    hides = torch.zeros(4, dtype=torch.float64, device=device)
    image = render(**scene, opacity=hides, canvas=CANVAS)
    shuffle = torch.randperm(12, generator=torch.Generator().manual_seed(0))
    shuffled = scene | {name: scene[name][shuffle] for name in ("points_mm", "pen_weights")}
    assert torch.allclose(image, render(**shuffled, opacity=hides, canvas=CANVAS), atol=1e-12)
    assert torch.allclose(
        image, render(**scene, opacity=hides, canvas=CANVAS, order=[2, 0, 3, 1]), atol=1e-12
    )


def test_a_pen_does_not_darken_its_own_ink_and_filters_that_of_another() -> None:
    points = strokes(LEVEL, LEVEL, LEVEL)
    wide, hides = torch.full((2,), 2.5).double(), torch.zeros(2).double()
    once = render(points[:1], one_hot([0], 2), wide, INKS[:2], hides, CANVAS)
    twice = render(points[:2], one_hot([0, 0], 2), wide, INKS[:2], hides, CANVAS)
    both = render(points, one_hot([0, 0, 1], 2), wide, INKS[:2], hides, CANVAS)
    inside = (slice(None), 20, 20)
    assert torch.allclose(once[inside], INKS[0], atol=1e-5)
    assert torch.allclose(twice[inside], INKS[0], atol=1e-5)
    assert torch.allclose(both[inside], INKS[0] * INKS[1], atol=1e-5)


def test_opaque_pens_lie_on_top_in_drawing_order() -> None:
    points = strokes(LEVEL, LEVEL, LEVEL)
    weights, wide = one_hot([0, 1, 2], 3), torch.full((3,), 2.5).double()
    hides = torch.tensor([1.0, 0.0, 1.0]).double()
    inside = (slice(None), 20, 20)
    for order, top in (([0, 1, 2], 2), ([2, 0, 1], 0), (None, 2)):
        image = render(points, weights, wide, INKS[:3], hides, CANVAS, order)
        assert torch.allclose(image[inside], INKS[top], atol=1e-5)


def test_free_colours_filter_one_another() -> None:
    points, wide = strokes(LEVEL, LEVEL), torch.full((2,), 2.5).double()
    image = render_free(points, wide, INKS[:2], CANVAS)
    assert torch.allclose(image[:, 20, 20], INKS[0] * INKS[1], atol=1e-5)
    assert torch.equal(image[:, 40, 40], torch.ones(3).double())


def test_a_stroke_that_comes_back_counts_as_two() -> None:
    """Two thin lines through one pixel cover it as often within a stroke as from two strokes."""
    there = [[5.0, 20.25], [15.0, 20.25], [25.0, 20.25], [35.0, 20.25]]
    back = [[35.0, 20.75], [25.0, 20.75], [15.0, 20.75], [5.0, 20.75]]
    loop = [*there, [50.0, 20.25], [50.0, 20.75], *back]
    apart = 1 - (1 - coverage_image(there, 0.3)) * (1 - coverage_image(back, 0.3))
    assert torch.allclose(coverage_image(loop, 0.3)[:, 8:30], apart[:, 8:30], atol=1e-6)


# --- what it costs --------------------------------------------------------------------------------


def work(points_px: Tensor, width_px: float, canvas_px: int, backend: str) -> int:
    points = points_px.double()
    wide = torch.full((len(points),), width_px).double()
    cover = ink_kernels.stroke_coverage if backend == "kernels" else ink_coverage.stroke_coverage
    return cover(points, wide, canvas_px, canvas_px).candidates


@pytest.mark.parametrize("backend", ["kernels", "torch"])
def test_work_grows_with_length_and_width_and_not_with_the_canvas(backend: str) -> None:
    slanted = torch.tensor([[[10.0, 10.0], [50.0, 30.0], [90.0, 50.0], [130.0, 70.0]]])
    base = work(slanted, 2.0, 1024, backend)
    assert work(slanted, 2.0, 160, backend) == base
    longer = work(10 + 4 * (slanted - 10), 2.0, 1024, backend)
    assert longer == pytest.approx(4 * base, rel=0.1)
    assert work(slanted, 40.0, 1024, backend) < 14 * base  # (40 + √2) / (2 + √2), and the caps
    assert base < 2.5 * 134 * (2 + math.sqrt(2))  # against length × width
    assert work(slanted.expand(7, -1, -1), 2.0, 1024, backend) == 7 * base
    assert work(slanted + 5000, 2.0, 1024, backend) == 0


@pytest.mark.parametrize("backend", ["kernels", "torch"])
def test_work_for_a_curve_stays_near_that_for_a_line_of_its_length(backend: str) -> None:
    curve = torch.tensor([WIGGLE])
    pairs = work(curve, 2.0, SIZE, backend)
    assert pairs < 5 * length_px(WIGGLE) * (2 + math.sqrt(2))


# --- the compiled loops and their readable twin ---------------------------------------------------


@pytest.mark.parametrize("width", [0.3, 1.5, 4.0])
def test_the_compiled_renderer_agrees_with_its_twin_in_torch(width: float) -> None:
    scene = a_scene(count=40, cubics=2)
    points = (scene["points_mm"] / CANVAS.mm_per_px).requires_grad_()
    wide = torch.full((40,), width, dtype=torch.float64, requires_grad=True)
    weights = scene["pen_weights"].requires_grad_()
    pull = torch.randn(SIZE * SIZE, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    touched, rows = ink_kernels.bare_share(points, wide, weights, SIZE, SIZE)
    compiled = torch.ones(SIZE * SIZE, 4).double().index_put((touched,), rows)
    twin = ink_coverage.bare_share(points, wide, weights, SIZE, SIZE)
    assert torch.allclose(compiled, twin, atol=1e-9)
    inputs = (points, wide, weights)
    for ours, theirs in zip(
        torch.autograd.grad(compiled, inputs, pull), torch.autograd.grad(twin, inputs, pull), strict=True
    ):
        assert torch.allclose(ours, theirs, atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize("order", [None, [2, 0, 3, 1]])
@pytest.mark.parametrize("opacity", [[0, 0, 0, 0], [0, 1, 0, 0.3]], ids=["translucent", "opaque"])
def test_measured_pairs_are_the_same_compiled_and_in_torch(
    opacity: list[float], order: list[int] | None
) -> None:
    scene = a_scene(count=40, cubics=2)
    for value in scene.values():
        value.requires_grad_()
    hides, mask = torch.tensor(opacity).double(), smooth_mask()

    def image(trapping: Any, twin: bool = True) -> Tensor:
        coverage = ink_coverage.bare_share if twin else None
        return render(
            **scene, opacity=hides, canvas=CANVAS, order=order, bare_share=coverage, trapping=trapping
        )

    ours, theirs = image(PAIRS, twin=False), image(PAIRS)
    assert torch.allclose(ours, theirs, atol=1e-9)
    inputs = tuple(scene.values())
    for one, other in zip(
        torch.autograd.grad((mask * ours).sum(), inputs),
        torch.autograd.grad((mask * theirs).sum(), inputs),
        strict=True,
    ):
        assert torch.allclose(one, other, atol=1e-7, rtol=1e-6)
    # Where no pair was measured, nothing changes; where some were, they show.
    assert torch.equal(image(np.ones((4, 4, 3)), twin=False), image(None, twin=False))
    assert (image(None) - theirs).abs().mean() > 0.003


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_draws_the_same_picture_twice_and_as_the_cpu_does() -> None:
    def on(device: str) -> tuple[Tensor, Tensor]:
        scene = {name: value.to(device) for name, value in a_scene(count=60).items()}
        points = scene["points_mm"].requires_grad_()
        image = render(**scene, opacity=torch.tensor([0, 0, 1, 0.5], device=device), canvas=CANVAS)
        (grad,) = torch.autograd.grad((image * smooth_mask().to(device)).sum(), points)
        return image.detach().cpu(), grad.cpu()

    first, again, cpu = on("cuda"), on("cuda"), on("cpu")
    assert torch.equal(first[0], again[0]) and torch.equal(first[1], again[1])
    assert torch.allclose(first[0], cpu[0], atol=1e-9) and torch.allclose(first[1], cpu[1], atol=1e-7)


def image_and_gradients() -> list[Tensor]:
    scene = {name: value.float().requires_grad_() for name, value in a_scene(count=60, cubics=2).items()}
    image = render(**scene, opacity=torch.tensor([0, 0, 1.0, 0]), canvas=CANVAS)
    return [image, *torch.autograd.grad(image.square().sum(), tuple(scene.values()))]


def test_a_drawing_does_not_depend_on_the_number_of_threads() -> None:
    before = torch.get_num_threads()
    try:
        drawings = []
        for threads in (1, 2, 5):
            torch.set_num_threads(threads)
            drawings.append(image_and_gradients())
    finally:
        torch.set_num_threads(before)
    for other in drawings[1:]:
        for a, b in zip(drawings[0], other, strict=True):
            assert torch.equal(a, b)


def test_several_threads_may_render_at_once() -> None:
    alone = image_and_gradients()
    with ThreadPoolExecutor(4) as pool:
        for result in pool.map(lambda _: image_and_gradients(), range(12)):
            assert all(torch.equal(a, b) for a, b in zip(alone, result, strict=True))


# --- the edges ------------------------------------------------------------------------------------


def test_no_strokes_leave_the_paper_bare() -> None:
    assert render_coverage(torch.zeros(0, 4, 2), torch.zeros(0), CANVAS).pixel.numel() == 0
    none = torch.zeros(0, 4, 2)
    assert torch.equal(
        render_free(none, torch.zeros(0), torch.zeros(0, 3), CANVAS), torch.ones(3, SIZE, SIZE)
    )
    image = render(none, torch.zeros(0, 2), torch.ones(2), torch.ones(2, 3), torch.zeros(2), CANVAS)
    assert torch.equal(image, torch.ones(3, SIZE, SIZE))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("shape", [FAR_OUT, LONG], ids=["far-out", "long"])
def test_a_single_stroke_of_any_reach_can_be_drawn(device: str, shape: list[list[float]]) -> None:
    points = strokes(shape, device=device).requires_grad_()
    wide = torch.tensor([1.0], device=device).double()
    image = render_free(points, wide, torch.zeros(1, 3, device=device).double(), CANVAS)
    image.sum().backward()
    assert points.grad is not None and points.grad.isfinite().all()
    assert bool((image < 1).any()) == (shape is LONG)


def test_what_cannot_be_drawn_is_said_in_a_sentence() -> None:
    good = a_scene()
    hides = torch.zeros(4).double()

    def attempt(message: str, order: list[int] | None = None, **changed: Tensor) -> None:
        with pytest.raises(BadInput, match=message):
            render(**(good | {"opacity": hides} | changed), canvas=CANVAS, order=order)

    attempt("nan is not a value for the points", points_mm=good["points_mm"] * math.nan)
    attempt("points in mm", points_mm=good["points_mm"] * 1e9)
    attempt("not chains of cubic", points_mm=good["points_mm"][:, :3])
    attempt("float32 and float64", points_mm=good["points_mm"].half())
    attempt("pen weights", pen_weights=2 * good["pen_weights"])
    attempt("pen weights have shape", pen_weights=good["pen_weights"][:2])
    attempt("pen widths", pen_width_mm=-good["pen_width_mm"])
    attempt("opacities", opacity=hides + 1.5)
    attempt("each of the 4 pens once", order=[0, 1, 1, 2])
    with pytest.raises(BadInput, match="0 × 48 pixels"):
        Canvas(0, 48, 1.0)
    with pytest.raises(BadInput, match="above 0 mm"):
        Canvas(48, 48, 0.0)
