"""Strokes as smooth curves: how they start, what keeps them drawable, and their polylines.

A stroke is a uniform cubic B-spline of K spans, kept as its K + 3 vertices, so that it stays smooth
(its curvature is continuous) whatever the optimiser does; the renderer gets the same curve as a chain of
K cubic Béziers. Everything is in mm within the drawing area, y down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "Drawable",
    "bezier_points",
    "flatten",
    "polygon_lengths",
    "random_strokes",
    "regularity",
    "spread_evenly",
    "turning",
]


FREE_TURN = math.radians(45)
"""A stroke's polygon may turn so far at each vertex at no cost; three spans make half a circle of it."""


@dataclass(frozen=True, slots=True)
class Drawable:
    """What a pen can draw and an eye can follow, in mm: the area, and how long a stroke may be.

    `shortest` keeps strokes from becoming dots, `longest` from running away. `inset` is kept free along
    the edges.
    """

    width: float
    height: float
    shortest: float
    longest: float
    inset: float


def bezier_points(vertices: Tensor) -> Tensor:
    """Uniform cubic B-splines [N, K+3, 2] as chains of cubic Béziers [N, 3K+1, 2].

    Farin, "Curves and Surfaces for CAGD", 5th ed., section 8.7: the joints are (a + 4b + c) / 6, the
    inner points thirds of the polygon's edges.
    """
    before, here, after = vertices[:, :-2], vertices[:, 1:-1], vertices[:, 2:]
    joints = (before + 4 * here + after) / 6
    start, end = here[:, :-1], here[:, 1:]
    spans = torch.stack([joints[:, :-1], (2 * start + end) / 3, (start + 2 * end) / 3], 2)
    return torch.cat([spans.flatten(1, 2), joints[:, -1:]], 1)


def spread_evenly(index: Tensor) -> Tensor:
    """Places [N, 2] in the unit square for numbers [N]: the R2 sequence (Roberts 2018), which leaves neither
    heaps nor holes."""
    plastic = 1.32471795724474602596
    return torch.stack([index / plastic, index / plastic**2], -1) % 1.0


def random_strokes(
    count: int,
    spans: int,
    length: float,
    area: Drawable,
    generator: torch.Generator,
    *,
    bounded: bool = True,
) -> Tensor:
    """Gently bent strokes of about `length` mm in all directions, spread evenly: vertices [N, K+3, 2].

    bounded: they stay within the area's inset.
    """
    index = torch.arange(count, dtype=torch.float64) + torch.rand(1, generator=generator, dtype=torch.float64)
    spread = spread_evenly(index)
    inner = torch.tensor([area.width - 2 * area.inset, area.height - 2 * area.inset], dtype=torch.float64)
    centre = area.inset + spread * inner
    heading = torch.rand(count, 1, generator=generator, dtype=torch.float64) * (2 * torch.pi)
    bend = (torch.rand(count, 1, generator=generator, dtype=torch.float64) - 0.5) * 1.6
    size = length * (0.6 + 0.8 * torch.rand(count, 1, generator=generator, dtype=torch.float64))
    along = torch.linspace(-0.5, 0.5, spans + 2, dtype=torch.float64)[None]
    angle = heading + bend * along
    steps = torch.stack([angle.cos(), angle.sin()], -1) * (size / spans)[..., None]
    vertices = torch.cat([torch.zeros(count, 1, 2, dtype=torch.float64), steps.cumsum(1)], 1)
    vertices = vertices - vertices.mean(1, keepdim=True) + centre[:, None]
    if bounded:
        vertices = torch.minimum(vertices.clamp_min(area.inset), (inner + area.inset))
    return vertices.float()


def polygon_lengths(points: Tensor) -> Tensor:
    """Length [N] of each control polygon, a close upper bound of the curve's, differentiable at 0."""
    return ((points[:, 1:] - points[:, :-1]).square().sum(-1) + 1e-8).sqrt().sum(-1)


def turning(points: Tensor) -> Tensor:
    """By how much each chain of Béziers [N, 3K+1, 2] turns along its way: [N], in radians, differentiable.

    Summed over the control polygon, which turns at least as much as the curve does and converges to it.
    """
    sides = points[:, 1:] - points[:, :-1]
    before, after = sides[:, :-1], sides[:, 1:]
    along = (before * after).sum(-1)
    across = before[..., 0] * after[..., 1] - before[..., 1] * after[..., 0]
    # |across|, rounded off so that a straight line has a slope: 0.
    size = (across.square() + 1e-8 * along.square() + 1e-16).sqrt()
    return torch.atan2(size, along).sum(-1)


def regularity(vertices: Tensor, area: Drawable, *, bounded: bool = True) -> dict[str, Tensor]:
    """What makes strokes hard to draw or hard to look at, each a mean per stroke, 0 when all is well.

    vertices: [N, K+3, 2]. ``dots``: shorter than `shortest`; ``runaways``: longer than `longest`;
    ``kinks``: the polygon turns by more than `FREE_TURN` at a vertex; ``bunches``: its edges differ in
    length, which makes corners of gentle turns; ``edges``: beyond the inset, where strokes are bounded.
    """
    points = bezier_points(vertices)
    length = polygon_lengths(points)
    sides = vertices[:, 1:] - vertices[:, :-1]
    size = (sides.square().sum(-1) + 1e-8).sqrt()
    heading = sides / size[..., None]
    turn = 1 - (heading[:, 1:] * heading[:, :-1]).sum(-1)
    found = {
        "dots": (1 - length / area.shortest).clamp_min(0).square().mean(),
        "runaways": (length / area.longest - 1).clamp_min(0).square().mean(),
        "kinks": (turn - (1 - math.cos(FREE_TURN))).clamp_min(0).square().sum(1).mean(),
        "bunches": (size / size.mean(1, keepdim=True) - 1).square().mean(),
    }
    if bounded:
        limit = points.new_tensor([area.width, area.height]) - area.inset
        beyond = (area.inset - points).clamp_min(0) + (points - limit).clamp_min(0)
        found["edges"] = beyond.square().sum(-1).mean() / area.inset**2
    return found


def flatten(points: np.ndarray, tolerance_mm: float = 0.02) -> list[np.ndarray]:
    """Chains of cubic Béziers [N, 3K+1, 2] as polylines [n, 2] that stay within `tolerance_mm` of them.

    The number of pieces per cubic follows Wang's bound on its second differences (Wang 1984), and
    points that lie on a straight line to within a hundredth of the tolerance are left out.
    """
    pieces = []
    for chain in np.asarray(points, dtype=float):
        cubics = np.stack([chain[i : i + 4] for i in range(0, len(chain) - 1, 3)])
        bend = np.hypot(*np.moveaxis(cubics[:, :-2] - 2 * cubics[:, 1:-1] + cubics[:, 2:], -1, 0)).max(1)
        counts = np.maximum(1, np.ceil(np.sqrt(0.75 * bend / tolerance_mm))).astype(int)
        polyline = [chain[:1]]
        for cubic, count in zip(cubics, counts, strict=True):
            t = np.linspace(0, 1, count + 1)[1:, None]
            u = 1 - t
            polyline.append(
                u**3 * cubic[0] + 3 * u**2 * t * cubic[1] + 3 * u * t**2 * cubic[2] + t**3 * cubic[3]
            )
        pieces.append(np.concatenate(polyline))
    return pieces
