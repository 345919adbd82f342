"""How much of every pixel a stroke covers: the geometry of the ink renderer, in torch, on any device.

A stroke is the set of points within half its width of an open chain of cubic Béziers. Its coverage of
a pixel is the area of the pixel's square inside that set. To find the pixels near it, the chain is
flattened into straight segments to within `FLATNESS_PX`; from the nearest of these one Newton step leads
to the nearest point of the curve itself, so that neither the image nor the gradient knows of segments (a
straight cubic is one segment, and its inner control points still bend it). With d and n the distance and
the direction of that point, the coverage is that of a straight band,

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

FLATNESS_PX = 0.1
"""Largest distance between a cubic and its polyline, in pixels."""

MAX_SEGMENTS = 1 << 14
"""Segments a single cubic may be cut into: enough for one that is a million pixels long."""

ARC_UNITS_PER_PX = 1 << 20
"""Arc lengths are added up in such fractions of a pixel."""

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
    cubics_each = (points.shape[1] - 1) // 3
    corner = 3 * torch.arange(cubics_each, device=points.device)[:, None]
    cubics = points[:, corner + torch.arange(4, device=points.device)].reshape(-1, 4, 2)
    with torch.no_grad():
        line = _flatten(cubics, width, height, width_px)
        segment, pixel = _pixels_near(line, width, height, width_px)
        candidates = segment.numel()
        segment, pixel = _nearest_of_each_pass(line, width, segment, pixel, height, width_px)
        centre = _centre(pixel, width_px, points)
        u, _ = _nearest_point(line, segment, centre)
        cubic = line.cubic[segment]
        span = (line.t1 - line.t0)[segment]
        t = _onto_curve(cubics[cubic], line.t0[segment] + u * span, span, centre)
    near = _Nearest(line.stroke[segment], cubic, t, line.arc[segment] + u * line.length[segment], centre)
    coverage = _coverage(points, cubics, width, line.arc_end, near)
    return StrokeCoverage(near.stroke, pixel, coverage, candidates)


@dataclass(frozen=True)
class _Polyline:
    """Segments of all strokes in drawing order."""

    a: Tensor  # [S, 2]
    b: Tensor  # [S, 2]
    stroke: Tensor  # [S]
    cubic: Tensor  # [S], counted through all strokes
    t0: Tensor  # [S] where on the cubic a lies
    t1: Tensor  # [S]
    arc: Tensor  # [S] arc length from the stroke's start to a
    length: Tensor  # [S]
    arc_end: Tensor  # [N] arc length of the stroke


@dataclass(frozen=True)
class _Nearest:
    """For each pass of a stroke over a pixel, the stroke's nearest point."""

    stroke: Tensor  # [M]
    cubic: Tensor  # [M], counted through all strokes
    t: Tensor  # [M]
    arc: Tensor  # [M] arc length from the stroke's start
    centre: Tensor  # [M, 2] of the pixel


def _flatten(cubics: Tensor, width: Tensor, height: int, width_px: int) -> _Polyline:
    strokes = width.numel()
    cubics_each = len(cubics) // max(strokes, 1)
    reach = (width / 2 + REACH_PX + FLATNESS_PX).repeat_interleave(cubics_each)
    count = segments_per_cubic(cubics, reach, height, width_px)
    cubic, step = _ragged(count)
    share = count[cubic].to(cubics.dtype)
    t0, t1 = step / share, (step + 1) / share
    a, b = _bezier(cubics[cubic], t0), _bezier(cubics[cubic], t1)
    last = count.reshape(strokes, max(cubics_each, 1)).sum(1).cumsum(0) - 1
    first = torch.cat((last.new_zeros(1), last + 1))[:strokes]
    stroke = torch.div(cubic, max(cubics_each, 1), rounding_mode="floor")
    length = (b - a).norm(dim=-1)
    # In whole units, whose sums do not depend on the order a GPU takes them in.
    units = (length * ARC_UNITS_PER_PX).round().long()
    run = units.cumsum(0)
    before = (run - units)[first]
    arc = (run - units - before[stroke]).to(cubics.dtype) / ARC_UNITS_PER_PX
    arc_end = (run[last] - before).to(cubics.dtype) / ARC_UNITS_PER_PX
    return _Polyline(a, b, stroke, cubic, t0, t1, arc, length, arc_end)


def _bezier(corners: Tensor, t: Tensor) -> Tensor:
    s = 1 - t
    basis = torch.stack((s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t), -1)
    return (basis[..., None] * corners).sum(-2)


def _velocity(corners: Tensor, t: Tensor) -> Tensor:
    s = 1 - t
    basis = torch.stack((s * s, 2 * s * t, t * t), -1)
    return 3 * (basis[..., None] * corners.diff(dim=-2)).sum(-2)


def _onto_curve(corners: Tensor, t: Tensor, span: Tensor, centre: Tensor) -> Tensor:
    """From t, one Newton step towards the curve's nearest point to the centre, of at most `span`: [M]."""
    bend = corners.diff(dim=-2).diff(dim=-2)
    acceleration = 6 * ((1 - t)[:, None] * bend[:, 0] + t[:, None] * bend[:, 1])
    velocity, away = _velocity(corners, t), centre - _bezier(corners, t)
    speed = velocity.square().sum(-1)
    fall = torch.maximum(speed - (away * acceleration).sum(-1), speed / 4)
    step = (away * velocity).sum(-1) / fall.clamp(min=1e-12)
    nearer = (t + torch.minimum(torch.maximum(step, -span), span)).clamp(0, 1)
    better = (centre - _bezier(corners, nearer)).square().sum(-1) < away.square().sum(-1)
    return torch.where(better & (fall > 1e-12), nearer, t)


def _ragged(count: Tensor) -> tuple[Tensor, Tensor]:
    """For counts [n]: the owner of each item and its place within the owner, both [sum(count)]."""
    owner = torch.repeat_interleave(torch.arange(count.numel(), device=count.device), count)
    start = count.cumsum(0) - count
    return owner, torch.arange(owner.numel(), device=count.device) - start[owner]


def _pixels_near(line: _Polyline, width: Tensor, height: int, width_px: int) -> tuple[Tensor, Tensor]:
    """Pixels within reach of each segment, row by row, so that a slanted one costs no square window."""
    reach = (width / 2 + REACH_PX + FLATNESS_PX)[line.stroke]
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


def _nearest_of_each_pass(
    line: _Polyline, width: Tensor, segment: Tensor, pixel: Tensor, height: int, width_px: int
) -> tuple[Tensor, Tensor]:
    """The nearest segment for each pass of a stroke over a pixel: a run of consecutive segments."""
    _, distance = _nearest_point(line, segment, _centre(pixel, width_px, line.a))
    near = distance < (width / 2 + REACH_PX + FLATNESS_PX).square()[line.stroke[segment]]
    kept = near.nonzero().squeeze(1)
    segment, pixel, distance = segment[kept], pixel[kept], distance[kept]
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


def _nearest_point(line: _Polyline, segment: Tensor, centre: Tensor) -> tuple[Tensor, Tensor]:
    """Where on its segment the nearest point lies, u [M] in 0..1, and how far, squared [M]."""
    a = line.a[segment]
    step = line.b[segment] - a
    u = ((centre - a) * step).sum(-1) / step.square().sum(-1).clamp(min=1e-18)
    u = u.clamp(0, 1)
    return u, (centre - a - u[:, None] * step).square().sum(-1)


def _coverage(points: Tensor, cubics: Tensor, width: Tensor, arc_end: Tensor, near: _Nearest) -> Tensor:
    """Coverage [M], differentiable in the points and widths.

    The nearest point's t is a constant: to first order the distance does not change with it.
    """
    corners = cubics[near.cubic]
    away = near.centre - _bezier(corners, near.t)
    r = width[near.stroke] / 2
    # A square root without gradient at 0, where the direction of the distance is undefined.
    square = away.square().sum(-1)
    on_line = square < 1e-12
    d = torch.where(on_line, torch.ones_like(square), square).sqrt()
    d = torch.where(on_line, torch.zeros_like(d), d)
    with torch.no_grad():
        along = _velocity(corners, near.t)
        speed = along.norm(dim=-1, keepdim=True)
        east = torch.zeros_like(along)
        east[:, 0] = 1
        along = torch.where(speed > 1e-9, along / speed.clamp(min=1e-9), east)
        normal = torch.where(on_line[:, None], along.flip(-1), away / d.clamp(min=1e-9)[:, None])
        flat = _trapezoid(normal)
    round_end = _square_cdf(r - d, *flat) + _square_cdf(r + d, *flat) - 1

    # Near the ends of a thin stroke the distance alone would add up to a pixel of ink.
    with torch.no_grad():
        near_start = near.arc < 1
        near_end = arc_end[near.stroke] - near.arc < 1
        at = ((near_start | near_end) & (2 * r < ROUND_CAP_PX[1])).nonzero().squeeze(1)
    if at.numel() == 0:
        return round_end
    stroke, r = near.stroke[at], r[at]
    cubics_each = len(cubics) // len(points)
    at_start = (near.cubic[at] == stroke * cubics_each) & (near.t[at] <= 0)
    at_end = (near.cubic[at] == (stroke + 1) * cubics_each - 1) & (near.t[at] >= 1)
    from_start, from_end = near.centre[at] - points[stroke, 0], near.centre[at] - points[stroke, -1]
    out_start = _end_direction(points[:, :4])[stroke]
    out_end = _end_direction(points[:, -4:].flip(1), -1)[stroke]
    aside = torch.where(at_end, _cross(from_end, out_end).abs(), d[at])
    aside = torch.where(at_start & ~at_end, _cross(from_start, out_start).abs(), aside)
    flat_start, flat_end = _trapezoid(out_start), _trapezoid(out_end)
    cap = torch.pi / 4 * r  # as much ink as the half disc
    one = torch.ones_like(r)
    inside_start = _square_cdf(cap - (from_start * out_start).sum(-1), *flat_start)
    inside_end = _square_cdf(cap - (from_end * out_end).sum(-1), *flat_end)
    inside = torch.where(near_start[at], inside_start, one) + torch.where(near_end[at], inside_end, one) - 1
    across_flat = tuple(
        torch.where(at_end, e, torch.where(at_start, s, f[at]))
        for s, e, f in zip(flat_start, flat_end, flat, strict=True)
    )
    across = _square_cdf(r - aside, *across_flat) + _square_cdf(r + aside, *across_flat) - 1
    flat_end_cover = across * inside.clamp(min=0)
    low, high = ROUND_CAP_PX
    x = ((2 * r - low) / (high - low)).clamp(0, 1)
    roundness = x * x * (3 - 2 * x)
    blended = flat_end_cover + roundness * (round_end[at] - flat_end_cover)
    return round_end.index_put((at,), blended)


def _end_direction(corners: Tensor, east: int = 1) -> Tensor:
    """Which way strokes go out at their first corner, [N, 2], without gradient; west if without length.

    `corners` [N, 4, 2], from that end inwards; `east` = -1 says east for a stroke without length.
    """
    ways = (corners[:, :1] - corners[:, 1:]).detach()
    length = ways.norm(dim=-1)
    found = torch.zeros_like(ways[:, 0])
    found[:, 0] = -east
    for away in (2, 1, 0):
        longer = length[:, away] > 1e-6
        found = torch.where(longer[:, None], ways[:, away] / length[:, away, None].clamp(min=1e-6), found)
    return found


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
