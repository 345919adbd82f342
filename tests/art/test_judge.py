"""The judge: resvg's picture agrees with the ink renderer's, and with arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from plotbot.art.ink_renderer import Canvas
from plotbot.art.judge import activation_of_film, activation_of_plot, encode, rasterise
from plotbot.art.networks import Network
from plotbot.art.objectives import channel
from plotbot.art.palette import Inks
from plotbot.art.strokes import Drawable, bezier_points, flatten, random_strokes
from plotbot.drawing import from_strokes
from plotbot.ink.film import compose, transmittance
from plotbot.ink.spaces import lab_to_srgb
from plotbot.paper import Paper
from plotbot.pens.ink_set import InkSet
from plotbot.pens.model import Inventory, Overprint, Pen
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.model import Plan
from plotbot.preview.picture import plan_film

PAPER = (95.0, 0.0, 2.0)


def pen(name: str, lab: tuple[float, float, float], opacity: float = 0.0) -> Pen:
    return Pen(
        id=name,
        name=name,
        lab=lab,
        provenance="guess",
        uncertainty=10,
        nominal_mm=2,
        width_mm=2,
        opacity=opacity,
    )


def test_crossing_pens_meet_in_the_ink_model_and_opaque_ones_hide() -> None:
    red, blue, white = pen("r", (50, 60, 40)), pen("b", (30, 10, -50)), pen("w", (95, 0, 2), opacity=1)
    across, down = np.array([[0.0, 5.0], [10.0, 5.0]]), np.array([[5.0, 0.0], [5.0, 10.0]])
    area = {"area_mm": (0.0, 0.0, 10.0, 10.0), "size_px": (10, 10)}
    film = rasterise({"r": [across], "b": [down]}, InkSet((red, blue), PAPER, 0.0), **area)
    both = compose(np.ones(2), transmittance([red.lab, blue.lab], PAPER))
    np.testing.assert_allclose(film[:, 5, 5], both, atol=0.01)
    np.testing.assert_allclose(film[:, 5, 1], transmittance(red.lab, PAPER), atol=0.01)
    np.testing.assert_array_equal(film[:, 0, 0], 1)
    hidden = rasterise({"w": [down], "r": [across]}, InkSet((red, white), PAPER, 0.0), **area)
    np.testing.assert_allclose(hidden[:, 5, 5], 1, atol=0.01)


def test_no_strokes_are_bare_paper_as_the_paper_looks() -> None:
    film = torch.from_numpy(
        rasterise({}, InkSet((pen("r", (50, 60, 40)),), PAPER), area_mm=(0, 0, 8, 4), size_px=(16, 32))
    )
    picture = encode(film[None], PAPER)
    assert picture.shape == (1, 3, 16, 32)
    np.testing.assert_allclose(picture[0, :, 3, 3], lab_to_srgb(np.array(PAPER)), atol=1e-5)


def test_both_renderers_draw_the_same(tin: Inventory, network: Network) -> None:
    generator = torch.Generator().manual_seed(5)
    area = Drawable(40, 60, shortest=4, longest=40, inset=2)
    points = bezier_points(random_strokes(80, 3, 15, area, generator))
    inks = Inks.of(InkSet.of(tin), "cpu")
    pen_of = torch.arange(80) % len(tin.pens)
    sharp = replace(inks, laid=replace(inks.laid, spread_mm=0.0))
    canvas = Canvas(96, 144, 40 / 96)
    film = sharp.render_assigned(points, pen_of, canvas)
    strokes: dict[str, list[np.ndarray]] = {}
    for index, line in zip(pen_of.tolist(), flatten(points.numpy()), strict=True):
        strokes.setdefault(inks.pens[index].id, []).append(line)
    where = {"area_mm": (0.0, 0.0, 40.0, 60.0), "size_px": (144, 96)}
    plotted = rasterise(strokes, sharp.laid, **where)
    assert float(np.abs(film.numpy() - plotted).mean()) < 0.005
    # What the paper adds the optimiser's renderer knows but for what strays from pixel to pixel.
    seen = rasterise(strokes, inks.laid, **where)
    ours = inks.render_assigned(points, pen_of, canvas).numpy()
    assert float(abs((ours - seen).mean())) < 0.2 * float(abs((film.numpy() - seen).mean()))
    objective = channel("blocks.4", 87)
    by_us = activation_of_film(film, tin.paper.lab, network, objective)
    theirs = activation_of_plot(strokes, sharp.laid, **where, network=network, objective=objective)
    assert theirs == pytest.approx(by_us, abs=0.1 * abs(by_us) + 0.05)


def test_the_judge_sees_what_the_preview_shows(tin: Inventory) -> None:
    """Straying light and measured pairs, at the size of the network's pixels."""
    rng = np.random.default_rng(1)
    measured = Overprint(under="1", over="3", lab=(70, -10, 60), provenance="scan", uncertainty=0.5)
    tin = tin.model_copy(update={"overprints": (measured,)})
    sheet = Paper(60.0, 60.0, 2.0)
    strokes = [(pen, rng.uniform(3, 57, (3, 2))) for pen in ("1", "3", "9") for _ in range(60)]
    options = PlanOptions(merge=None, simplify=None, pen_order="light-first")
    plan = make_plan(from_strokes(strokes, tin, sheet), tin, sheet, options=options)
    lines: dict[str, list[np.ndarray]] = {}
    for _, one, stroke in plan.strokes():
        lines.setdefault(one.pen.id, []).append(stroke.mm)
    judged = rasterise(lines, plan.inks.once, area_mm=(0, 0, 60, 60), size_px=(80, 80))

    def shown(plan: Plan) -> np.ndarray:
        film = plan_film(plan, 80 / 60 * 6, (0.0, 0.0, 60.0, 60.0))
        return np.asarray(film.reshape(80, 6, 80, 6, 3).mean((1, 3)).transpose(2, 0, 1))

    apart = np.abs(judged - shown(plan)).mean()
    assert apart < 0.006
    assert np.abs(judged - shown(replace(plan, paper_spread_mm=0.0))).mean() > 3 * apart
    assert np.abs(judged - shown(replace(plan, overprints=()))).mean() > 1.5 * apart


def test_encoding_is_differentiable_wherever_there_is_ink() -> None:
    film = torch.linspace(0.01, 1, 48, dtype=torch.float64).view(1, 3, 4, 4).requires_grad_()
    encode(film, PAPER).sum().backward()
    assert film.grad is not None
    assert bool(((film.grad != 0) & film.grad.isfinite()).all())
