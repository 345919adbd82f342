"""Strokes: smooth, inside the area, kept drawable, and faithful as polylines."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.interpolate
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from plotbot.art.strokes import Drawable, bezier_points, flatten, polygon_lengths, random_strokes, regularity

AREA = Drawable(width=100, height=60, shortest=5, longest=80, inset=2)


def test_chains_are_uniform_cubic_b_splines() -> None:
    vertices = torch.randn(3, 7, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points = bezier_points(vertices).numpy()
    assert points.shape == (3, 13, 2)
    for curve, own in zip(points, vertices.numpy(), strict=True):
        spline = scipy.interpolate.BSpline(np.arange(11.0), own, 3)
        for span in range(4):
            cubic = scipy.interpolate.BPoly(curve[3 * span : 3 * span + 4, None], [span, span + 1])
            t = np.linspace(span, span + 1, 9)
            np.testing.assert_allclose(cubic(t), spline(t + 3), atol=1e-12)


@given(
    hnp.arrays(
        float,
        st.tuples(st.integers(1, 4), st.sampled_from([4, 7, 10]), st.just(2)),
        elements=st.floats(-200, 200),
    )
)
def test_polylines_stay_within_tolerance(points: np.ndarray) -> None:
    for chain, line in zip(points, flatten(points, 0.05), strict=True):
        assert len(line) >= 2
        np.testing.assert_array_equal(line[[0, -1]], chain[[0, -1]])
        for cubic in (chain[i : i + 4] for i in range(0, len(chain) - 1, 3)):
            curve = scipy.interpolate.BPoly(cubic[:, None], [0, 1])(np.linspace(0, 1, 60))
            assert distance_to_polyline(curve, line).max() <= 0.05 + 1e-9


def distance_to_polyline(places: np.ndarray, line: np.ndarray) -> np.ndarray:
    start, step = line[:-1], np.diff(line, axis=0)
    size = np.maximum((step**2).sum(-1), 1e-300)
    along = np.clip(((places[:, None] - start) * step).sum(-1) / size, 0, 1)
    nearest = start + along[..., None] * step
    return np.hypot(*np.moveaxis(places[:, None] - nearest, -1, 0)).min(1)


def test_strokes_start_spread_evenly_inside_the_inset() -> None:
    vertices = random_strokes(400, 3, 12, AREA, torch.Generator().manual_seed(2))
    assert vertices.shape == (400, 6, 2)
    assert float(vertices.min()) >= AREA.inset
    assert bool((vertices <= torch.tensor([98.0, 58.0])).all())
    per_quarter, _, _ = np.histogram2d(*vertices.mean(1).numpy().T, bins=2, range=[[0, 100], [0, 60]])
    assert per_quarter.min() > 80
    lengths = polygon_lengths(bezier_points(vertices))
    assert 4 < float(lengths.min()) < float(lengths.max()) < 20


def line(length: float, y: float = 30.0) -> torch.Tensor:
    x = torch.linspace(50 - length, 50 + length, 6, dtype=torch.float64)
    return torch.stack([x, torch.full_like(x, y)], -1)[None]


def corner() -> torch.Tensor:
    return torch.tensor(
        [[[30.0, 30], [40, 30], [50, 30], [50, 40], [50, 50], [50, 60]]], dtype=torch.float64
    )[:, :, [1, 0]]


def arc(degrees: float) -> torch.Tensor:
    angle = torch.arange(6, dtype=torch.float64) * math.radians(degrees)
    return torch.stack([50 + 20 * angle.cos(), 30 + 20 * angle.sin()], -1)[None]


@pytest.mark.parametrize(
    ("vertices", "fault"),
    [
        (line(0.5), "dots"),
        (line(140), "runaways"),
        (line(15, y=59.5), "edges"),
        (corner(), "kinks"),
        (line(15)[:, [0, 0, 1, 2, 5, 5]] + line(0.1), "bunches"),
    ],
)
def test_each_fault_is_seen_and_its_gradient_leads_out(vertices: torch.Tensor, fault: str) -> None:
    for good in (line(15), arc(30), arc(44)):
        assert all(float(value) < 1e-9 for value in regularity(good, AREA).values())
    moving = vertices.clone().requires_grad_()
    before = regularity(moving, AREA)[fault]
    assert float(before.detach()) > 1e-3
    (gradient,) = torch.autograd.grad(before, moving)
    assert bool(gradient.isfinite().all())
    after = regularity(vertices - 1e-3 * gradient / gradient.norm(), AREA)[fault]
    assert float(after) < float(before.detach())
