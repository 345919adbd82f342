"""How much of every pixel a stroke covers: the geometry of the ink renderer, in torch, on any device.

A stroke is the set of points within half its width of an open chain of cubic Béziers. Its coverage of
a pixel is the area of the pixel's square inside that set. The chain is flattened into straight
segments to within `FLATNESS_PX`; for every pixel the stroke can touch, the nearest point of the
polyline gives the distance d and the normal n, and the coverage is that of a straight band,

    F(r - d) + F(r + d) - 1,

where F is the integral of the projection of the unit square on n, a trapezoid. This is exact for
straight lines of any width, thinner than a pixel too, and off by the curvature over one pixel
otherwise. A stroke that leaves a pixel and comes back covers it as two strokes would.

This module is what runs on CUDA and the readable twin of `plotbot.art.ink_kernels`, which computes the
same numbers on the CPU.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["FLATNESS_PX", "Q_MIN", "StrokeCoverage", "bare_share", "segments_per_cubic", "stroke_coverage"]

FLATNESS_PX = 0.04
"""Largest distance between a cubic and its polyline, in pixels."""

MAX_SEGMENTS = 1 << 14
"""Segments a single cubic may be cut into: enough for one that is a million pixels long."""

REACH_PX = 0.70711
"""A pixel is touched up to half its diagonal from its centre."""

Q_MIN = 1e-6
"""Share of bare paper left under full ink; keeps the product of many strokes differentiable."""

ROUND_CAP_PX = (1.0, 2.0)
"""Between these widths the caps go over from ink-preserving flat ends to round ones."""


@dataclass(frozen=True)
class StrokeCoverage:
    """Sparse coverage: one entry for each pass of a stroke over a pixel."""

    stroke: Tensor
    """[M] int64"""
    pixel: Tensor
    """[M] int64, row · width + column"""
    coverage: Tensor
    """[M] in 0..1, differentiable in the points and the widths"""
    candidates: int
    """segment–pixel pairs looked at: the work done"""


def segments_per_cubic(cubics: Tensor, reach: Tensor, height: int, width: int) -> Tensor:
    """Segments that keep each cubic within `FLATNESS_PX` of its polyline: [...] int64.

    `cubics` is [..., 4, 2] in pixels, `reach` [...] how far its ink goes. Wang's bound on the second
    differences (G. Wang, "The subdivision method for finding the intersection between two Bézier
    curves or surfaces", 1984). A cubic whose hull stays off the canvas needs a single segment.
    """
    bend = (cubics[..., :-2, :] - 2 * cubics[..., 1:-1, :] + cubics[..., 2:, :]).norm(dim=-1).amax(-1)
    count = (0.75 * bend / FLATNESS_PX).sqrt().ceil().clamp(1, MAX_SEGMENTS)
    low, high = cubics.amin(-2), cubics.amax(-2)
    visible = (
        (high[..., 0] > -reach)
        & (high[..., 1] > -reach)
        & (low[..., 0] < width + reach)
        & (low[..., 1] < height + reach)
    )
    return torch.where(visible, count, torch.ones_like(count)).long()


def bare_share(points: Tensor, width: Tensor, weights: Tensor, height: int, width_px: int) -> Tensor:
    """Share of each pixel left bare by each pen, Π over strokes s of (1 - w_sp · a_s): [H·W, P].

    `points` [N, 3K+1, 2] and `width` [N] in pixels, `weights` [N, P] in 0..1. Differentiable in all
    three. Uses only reductions that are deterministic on CUDA.
    """
    found = stroke_coverage(points, width, height, width_px)
    bare = 1 - weights[found.stroke] * found.coverage[:, None]
    bare = bare + (Q_MIN - bare.detach()).clamp(min=0)
    total = torch.zeros(height * width_px, weights.shape[1], dtype=points.dtype, device=points.device)
    return total.index_put((found.pixel,), bare.log(), accumulate=True).exp()


def stroke_coverage(points: Tensor, width: Tensor, height: int, width_px: int) -> StrokeCoverage:
    """Coverage of every pixel by every stroke that touches it.

    `points` [N, 3K+1, 2] and `width` [N] in pixels, y down, pixel (0, 0) covering [0, 1)².
    """
    polyline = _flatten(points, width, height, width_px)
    with torch.no_grad():
        segment, pixel = _pixels_near(polyline, width, height, width_px)
        candidates = segment.numel()
        segment, pixel = _nearest_of_each_pass(polyline, width, segment, pixel, height, width_px)
    coverage = _coverage(polyline, width, segment, pixel, width_px)
    return StrokeCoverage(polyline.stroke[segment], pixel, coverage, candidates)


@dataclass(frozen=True)
class _Polyline:
    """Segments of all strokes in drawing order; the ends differentiable, the rest not."""

    a: Tensor  # [S, 2]
    b: Tensor  # [S, 2]
    stroke: Tensor  # [S]
    first: Tensor  # [N] first segment of each stroke
    last: Tensor  # [N]
    arc: Tensor  # [S] arc length from the stroke's start to a
    length: Tensor  # [S]
    arc_end: Tensor  # [N] arc length of the stroke

    def tangent(self, segment: Tensor) -> Tensor:
        """Unit direction of segments, (1, 0) for one without length: [..., 2], without gradient."""
        step = (self.b[segment] - self.a[segment]).detach()
        length = step.norm(dim=-1, keepdim=True)
        east = torch.zeros_like(step)
        east[..., 0] = 1
        return torch.where(length > 1e-9, step / length.clamp(min=1e-9), east)


def _flatten(points: Tensor, width: Tensor, height: int, width_px: int) -> _Polyline:
    strokes, cubics_each = points.shape[0], (points.shape[1] - 1) // 3
    device = points.device
    corner = 3 * torch.arange(cubics_each, device=device)[:, None] + torch.arange(4, device=device)
    cubics = points[:, corner]  # [N, K, 4, 2]
    with torch.no_grad():
        reach = (width / 2 + REACH_PX)[:, None].expand(strokes, cubics_each)
        count = segments_per_cubic(cubics, reach, height, width_px)
        cubic, step = _ragged(count.reshape(-1))
        share = count.reshape(-1)[cubic].to(points.dtype)
        t0, t1 = step / share, (step + 1) / share
        stroke = torch.div(cubic, cubics_each, rounding_mode="floor")
        per_stroke = count.sum(1)
        last = per_stroke.cumsum(0) - 1
        first = last - per_stroke + 1
    corners = cubics.reshape(-1, 4, 2)[cubic]
    a, b = _bezier(corners, t0), _bezier(corners, t1)
    with torch.no_grad():
        length = (b - a).norm(dim=-1)
        run = length.double().cumsum(0)
        before = (run - length)[first]
        arc = (run - length - before[stroke]).to(points.dtype)
        arc_end = (run[last] - before).to(points.dtype)
    return _Polyline(a, b, stroke, first, last, arc, length, arc_end)


def _bezier(corners: Tensor, t: Tensor) -> Tensor:
    s = 1 - t
    basis = torch.stack((s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t), -1)
    return (basis[..., None] * corners).sum(-2)


def _ragged(count: Tensor) -> tuple[Tensor, Tensor]:
    """For counts [n]: the owner of each item and its place within the owner, both [sum(count)]."""
    owner = torch.repeat_interleave(torch.arange(count.numel(), device=count.device), count)
    start = count.cumsum(0) - count
    return owner, torch.arange(owner.numel(), device=count.device) - start[owner]


def _pixels_near(line: _Polyline, width: Tensor, height: int, width_px: int) -> tuple[Tensor, Tensor]:
    """Pixels within reach of each segment, row by row, so that a slanted one costs no square window."""
    reach = (width / 2 + REACH_PX)[line.stroke]
    (ax, ay), (bx, by) = line.a.unbind(-1), line.b.unbind(-1)
    top = (torch.minimum(ay, by) - reach - 0.5).ceil().clamp(0, height)
    bottom = (torch.maximum(ay, by) + reach - 0.5).floor().clamp(-1, height - 1)
    segment, row = _ragged((bottom - top + 1).clamp(min=0).long())
    row = row + top[segment].long()

    # A row is near the segment within its bounding box and within the band along its line.
    y = row.to(ax.dtype) + 0.5
    step = by - ay
    slanted = step.abs() > 1e-6
    step = torch.where(slanted, step, torch.ones_like(step))
    lean = torch.where(slanted, (bx - ax) / step, torch.zeros_like(step))
    half = torch.where(slanted, reach * line.length / step.abs(), width_px + ax.abs())
    middle = ax[segment] + (y - ay[segment]) * lean[segment] - 0.5
    box_low = (torch.minimum(ax, bx) - reach - 0.5).clamp(min=0)[segment]
    box_high = (torch.maximum(ax, bx) + reach - 0.5).clamp(max=width_px - 1)[segment]
    left = torch.maximum(box_low, middle - half[segment]).ceil().clamp(max=width_px)
    right = torch.minimum(box_high, middle + half[segment]).floor().clamp(min=-1)
    span, column = _ragged((right - left + 1).clamp(min=0).long())
    return segment[span], row[span] * width_px + left[span].long() + column


def _nearest_of_each_pass(  # noqa: PLR0917
    line: _Polyline, width: Tensor, segment: Tensor, pixel: Tensor, height: int, width_px: int
) -> tuple[Tensor, Tensor]:
    """The nearest segment for each pass of a stroke over a pixel: a run of consecutive segments."""
    _, away = _nearest_point(line, segment, pixel, width_px)
    distance = away.square().sum(-1)
    near = distance < (width / 2 + REACH_PX).square()[line.stroke[segment]]
    segment, pixel, distance = segment[near], pixel[near], distance[near]
    if segment.numel() == 0:
        return segment, pixel
    key, by_key = (line.stroke[segment] * (height * width_px) + pixel).sort(stable=True)
    segment, pixel, distance = segment[by_key], pixel[by_key], distance[by_key]
    begins = torch.ones_like(key, dtype=torch.bool)
    begins[1:] = (key[1:] != key[:-1]) | (segment[1:] - segment[:-1] > 1)
    run = begins.cumsum(0) - 1
    runs = int(run[-1]) + 1
    nearest = distance.new_full((runs,), torch.inf).scatter_reduce(0, run, distance, "amin")
    place = torch.arange(key.numel(), device=key.device)
    place = torch.where(distance == nearest[run], place, key.numel())
    chosen = place.new_full((runs,), key.numel()).scatter_reduce(0, run, place, "amin")
    return segment[chosen], pixel[chosen]


def _centre(pixel: Tensor, width_px: int, like: Tensor) -> Tensor:
    row = torch.div(pixel, width_px, rounding_mode="floor")
    return torch.stack((pixel - row * width_px, row), -1).to(like.dtype) + 0.5


def _nearest_point(line: _Polyline, segment: Tensor, pixel: Tensor, width_px: int) -> tuple[Tensor, Tensor]:
    """Where on its segment the nearest point lies, u [M] in 0..1, and the way from it, [M, 2].

    u is without gradient: the distance to the nearest point does not change with it to first order.
    """
    a, b = line.a[segment], line.b[segment]
    centre = _centre(pixel, width_px, a)
    with torch.no_grad():
        step = b - a
        u = ((centre - a) * step).sum(-1) / step.square().sum(-1).clamp(min=1e-18)
        u = u.clamp(0, 1)
    return u, centre - (a + u[:, None] * (b - a))


def _coverage(line: _Polyline, width: Tensor, segment: Tensor, pixel: Tensor, width_px: int) -> Tensor:
    u, away = _nearest_point(line, segment, pixel, width_px)
    stroke = line.stroke[segment]
    r = width[stroke] / 2
    # A square root without gradient at 0, where the direction of the distance is undefined.
    square = away.square().sum(-1)
    on_line = square < 1e-12
    d = torch.where(on_line, torch.ones_like(square), square).sqrt()
    d = torch.where(on_line, torch.zeros_like(d), d)
    tangent = line.tangent(segment)
    with torch.no_grad():
        normal = torch.where(on_line[:, None], tangent.flip(-1), away / d.clamp(min=1e-9)[:, None])
        flat = _trapezoid(normal)
    round_end = _square_cdf(r - d, *flat) + _square_cdf(r + d, *flat) - 1

    # Near the ends of a thin stroke the distance alone would add up to a pixel of ink.
    with torch.no_grad():
        arc = line.arc[segment] + u * line.length[segment]
        near_start = arc < 1
        near_end = line.arc_end[stroke] - arc < 1
        thin = width[stroke] < ROUND_CAP_PX[1]
        at = ((near_start | near_end) & thin).nonzero().squeeze(1)
    if at.numel() == 0:
        return round_end
    stroke, r, u = stroke[at], r[at], u[at]
    first, last = line.first[stroke], line.last[stroke]
    centre = _centre(pixel[at], width_px, r)
    from_start, from_end = centre - line.a[first], centre - line.b[last]
    out_start, out_end = -line.tangent(first), line.tangent(last)
    beyond_start = (segment[at] == first) & (u <= 0)
    beyond_end = (segment[at] == last) & (u >= 1)
    aside = torch.where(beyond_end, _cross(from_end, out_end).abs(), d[at])
    aside = torch.where(beyond_start & ~beyond_end, _cross(from_start, out_start).abs(), aside)
    flat_start, flat_end = _trapezoid(out_start), _trapezoid(out_end)
    cap = torch.pi / 4 * r  # as much ink as the half disc
    one = torch.ones_like(r)
    inside_start = _square_cdf(cap - (from_start * out_start).sum(-1), *flat_start)
    inside_end = _square_cdf(cap - (from_end * out_end).sum(-1), *flat_end)
    along = torch.where(near_start[at], inside_start, one) + torch.where(near_end[at], inside_end, one) - 1
    across_flat = tuple(
        torch.where(beyond_end, e, torch.where(beyond_start, s, f[at]))
        for s, e, f in zip(flat_start, flat_end, flat, strict=True)
    )
    across = _square_cdf(r - aside, *across_flat) + _square_cdf(r + aside, *across_flat) - 1
    flat_end_cover = across * along.clamp(min=0)
    low, high = ROUND_CAP_PX
    x = ((2 * r - low) / (high - low)).clamp(0, 1)
    roundness = x * x * (3 - 2 * x)
    blended = flat_end_cover + roundness * (round_end[at] - flat_end_cover)
    return round_end.index_put((at,), blended)


def _cross(v: Tensor, w: Tensor) -> Tensor:
    return v[..., 0] * w[..., 1] - v[..., 1] * w[..., 0]


def _trapezoid(direction: Tensor) -> tuple[Tensor, Tensor]:
    """The larger and the smaller of |x| and |y|: the shape of the unit square seen along a direction."""
    size = direction.abs()
    return size.amax(-1), size.amin(-1).clamp(min=1e-6)


def _square_cdf(x: Tensor, c: Tensor, s: Tensor) -> Tensor:
    """Share of the unit square, projected on a direction with components c >= s > 0, that lies below x.

    The projection is a trapezoid of height 1/c, flat to (c - s)/2 and ending at (c + s)/2.
    """
    size = x.abs()
    tail = ((c + s) / 2 - size).clamp(min=0)
    upper = torch.where(size <= (c - s) / 2, 0.5 + size / c, 1 - tail * tail / (2 * s * c))
    return torch.where(x < 0, 1 - upper, upper)
