# ruff: noqa: PLR0915  (kernels take plain arrays, many of them)
"""The ink renderer on the CPU: compiled loops for what `plotbot.art.ink_coverage` says in torch.

Strokes are dealt out to threads, then bands of pixels are; no two threads ever write to one place and
every sum has one order, so a drawing does not depend on the number of threads. The kernels release
the interpreter lock and are started as plain threads (`plotbot.art.kernels`).
"""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from plotbot.art.ink_coverage import FLATNESS_PX, MAX_SEGMENTS, Q_MIN, REACH_PX, ROUND_CAP_PX, StrokeCoverage
from plotbot.art.kernels import array_of, jit, split, together

__all__ = ["bare_share", "cache_folder", "stroke_coverage"]

Array = NDArray[Any]
Pairs = tuple[int, int, Array, Array, Array, Array, Array, Array, int]
"""Strokes [from, to), where each one's entries begin; of each entry the pixel, the cubic with the nearest
point, the t of that, the coverage and its derivatives (as `_coverage` lists them); the work done."""

_CAP_LOW, _CAP_HIGH = ROUND_CAP_PX
_CAP_INK = math.pi / 4


def bare_share(
    points: Tensor, width: Tensor, weights: Tensor, height: int, width_px: int
) -> tuple[Tensor, Tensor]:
    """The R pixels that any stroke touches, [R], and the share of each that each pen leaves bare, [R, P].

    As `plotbot.art.ink_coverage.bare_share`, for CPU tensors of one dtype, float32 or float64; all other
    pixels are bare. Keeping only these makes the cost independent of the size of the canvas.
    """
    touched, bare = _BareShare.apply(points, width, weights, height, width_px)
    return touched, bare


def stroke_coverage(points: Tensor, width: Tensor, height: int, width_px: int) -> StrokeCoverage:
    """As `plotbot.art.ink_coverage.stroke_coverage`, without gradients."""
    line = _Polylines(points, width, height, width_px)
    found = line.cover()
    stroke = np.concatenate([np.repeat(np.arange(f[0], f[1]), np.diff(f[2])) for f in found])
    return StrokeCoverage(
        torch.from_numpy(stroke),
        torch.from_numpy(np.concatenate([f[3] for f in found]).astype(np.int64)),
        torch.from_numpy(np.concatenate([f[6] for f in found])),
        sum(f[8] for f in found),
    )


class _Polylines:
    """The flattened strokes of one rendering and the pixels near them."""

    def __init__(self, points: Tensor, width: Tensor, height: int, width_px: int) -> None:
        self.points, self.width = array_of(points), array_of(width)
        self.height, self.width_px = height, width_px
        self.counts, self.begin = _count_segments(self.points, self.width, height, width_px)
        self.corners = np.empty((self.begin[-1], 2), self.points.dtype)
        self.times, self.arcs = np.empty(self.begin[-1]), np.empty(self.begin[-1])

    def cover(self) -> list[Pairs]:
        """Which stroke covers how much of which pixel, in parts that follow one another."""
        parts = split(len(self.points), 2 * torch.get_num_threads())
        args = (self.points, self.width, self.counts, self.begin, self.corners, self.times, self.arcs)

        def cover_part(low: int, high: int) -> Any:
            return low, high, *_cover_strokes(*args, low, high, self.height, self.width_px)

        return together([partial(cover_part, *part) for part in parts])


class _BareShare(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, points: Tensor, width: Tensor, weights: Tensor, height: int, width_px: int
    ) -> tuple[Tensor, Tensor]:
        line = _Polylines(points, width, height, width_px)
        found = line.cover()
        share = array_of(weights)
        only = _only_pen(share)
        touched, rows = _number_pixels([part[3] for part in found], height * width_px)
        bare = np.ones((len(touched), share.shape[1]), share.dtype)

        def multiply(low: int, high: int) -> None:
            for part, row in zip(found, rows, strict=True):
                _multiply_band(bare, share, only, *part[:3], row, part[6], low, high)

        together([partial(multiply, *band) for band in split(len(touched), torch.get_num_threads())])
        pixels, result = torch.from_numpy(touched), torch.from_numpy(bare)
        ctx.mark_non_differentiable(pixels)
        ctx.line, ctx.found, ctx.rows, ctx.share, ctx.only = line, found, rows, share, only
        ctx.save_for_backward(result)
        return pixels, result

    @staticmethod
    def backward(ctx: Any, _: Tensor, grad: Tensor) -> tuple[Tensor | None, ...]:
        line: _Polylines = ctx.line
        bare, pull = array_of(ctx.saved_tensors[0]), array_of(grad)
        grad_points, grad_width = np.zeros_like(line.points), np.zeros_like(line.width)
        grad_share = np.zeros_like(ctx.share)
        only = np.full_like(ctx.only, -1) if ctx.needs_input_grad[2] else ctx.only

        def descend(part: Pairs, row: Array) -> None:
            _pull_strokes(
                pull, bare, ctx.share, only, row, *part[:3], *part[4:8],
                grad_points, grad_width, grad_share,
            )  # fmt: skip

        parts = zip(ctx.found, ctx.rows, strict=True)
        together([partial(descend, *part) for part in parts])
        grads = (torch.from_numpy(g) for g in (grad_points, grad_width, grad_share))
        return *grads, None, None


def cache_folder() -> str:
    """Where numba keeps the compiled kernels."""
    return str(_count_segments.stats.cache_path)


def _number_pixels(parts: list[Array], pixels: int) -> tuple[Array, list[Array]]:
    """Which pixels occur, in order, and for each part the number of each of its pixels among them."""
    occurs = np.zeros(pixels, np.bool_)
    for part in parts:
        occurs[part] = True
    touched = np.flatnonzero(occurs)
    number = np.empty(pixels, np.int32)
    number[touched] = np.arange(len(touched), dtype=np.int32)
    return touched, [number[part] for part in parts]


def _only_pen(share: Array) -> Array:
    """The pen of each stroke drawn with a single one, -1 for a stroke in several: [N]."""
    used = share != 0
    return np.where(used.sum(1) == 1, used.argmax(1), -1)


@jit
def _count_segments(points: Array, width: Array, height: int, width_px: int) -> tuple[Array, Array]:
    """Segments per cubic [N, K], and where each stroke's corners begin [N + 1]."""
    strokes, cubics = points.shape[0], (points.shape[1] - 1) // 3
    counts = np.ones((strokes, cubics), np.int64)
    begin = np.zeros(strokes + 1, np.int64)
    for s in range(strokes):
        reach = 0.5 * width[s] + REACH_PX + FLATNESS_PX
        total = 0
        for k in range(cubics):
            bend = 0.0
            for i in range(3 * k, 3 * k + 2):
                x = points[s, i, 0] - 2.0 * points[s, i + 1, 0] + points[s, i + 2, 0]
                y = points[s, i, 1] - 2.0 * points[s, i + 1, 1] + points[s, i + 2, 1]
                bend = max(bend, math.sqrt(x * x + y * y))
            hull = points[s, 3 * k : 3 * k + 4]
            visible = (
                hull[:, 0].max() > -reach
                and hull[:, 1].max() > -reach
                and hull[:, 0].min() < width_px + reach
                and hull[:, 1].min() < height + reach
            )
            if visible:
                wanted = math.ceil(math.sqrt(0.75 * bend / FLATNESS_PX))
                counts[s, k] = min(max(1, wanted), MAX_SEGMENTS)
            total += counts[s, k]
        begin[s + 1] = begin[s] + total + 1
    return counts, begin


@jit
def _basis(t: float) -> tuple[float, float, float, float]:
    s = 1.0 - t
    return s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t


@jit
def _flatten_stroke(points: Array, counts: Array, corners: Array, times: Array, arcs: Array) -> None:
    """Corners [S + 1, 2] of one stroke, their places on it (cubic + t) and arc lengths, [S + 1] each."""
    v, arc = 0, 0.0
    for k in range(counts.shape[0]):
        for j in range(counts[k] + (1 if k == counts.shape[0] - 1 else 0)):
            b0, b1, b2, b3 = _basis(j / counts[k])
            for i in range(2):
                corners[v, i] = (
                    b0 * points[3 * k, i]
                    + b1 * points[3 * k + 1, i]
                    + b2 * points[3 * k + 2, i]
                    + b3 * points[3 * k + 3, i]
                )
            if v > 0:
                arc += math.hypot(corners[v, 0] - corners[v - 1, 0], corners[v, 1] - corners[v - 1, 1])
            times[v], arcs[v] = k + j / counts[k], arc
            v += 1


@jit
def _point(points: Array, k: int, t: float) -> tuple[float, float]:
    b0, b1, b2, b3 = _basis(t)
    p, q, r, s = points[3 * k], points[3 * k + 1], points[3 * k + 2], points[3 * k + 3]
    return b0 * p[0] + b1 * q[0] + b2 * r[0] + b3 * s[0], b0 * p[1] + b1 * q[1] + b2 * r[1] + b3 * s[1]


@jit
def _onto_curve(
    x: float, y: float, points: Array, k: int, t: float, span: float
) -> tuple[float, float, float, float, float]:
    """From t on cubic k, one Newton step towards the curve's nearest point to (x, y).

    That t, the way from the curve there to (x, y), and the curve's direction, unnormalised.
    """
    s = 1.0 - t
    p, q, r, e = points[3 * k], points[3 * k + 1], points[3 * k + 2], points[3 * k + 3]
    ax, ay, bx, by, cx, cy = q[0] - p[0], q[1] - p[1], r[0] - q[0], r[1] - q[1], e[0] - r[0], e[1] - r[1]
    dx = 3.0 * (s * s * ax + 2.0 * s * t * bx + t * t * cx)
    dy = 3.0 * (s * s * ay + 2.0 * s * t * by + t * t * cy)
    ddx, ddy = 6.0 * (s * (bx - ax) + t * (cx - bx)), 6.0 * (s * (by - ay) + t * (cy - by))
    qx, qy = _point(points, k, t)
    vx, vy = x - qx, y - qy
    speed = dx * dx + dy * dy
    fall = max(speed - (vx * ddx + vy * ddy), 0.25 * speed)
    if fall > 1e-12:
        step = min(max((vx * dx + vy * dy) / fall, -span), span)
        nearer = min(max(t + step, 0.0), 1.0)
        qx, qy = _point(points, k, nearer)
        wx, wy = x - qx, y - qy
        if wx * wx + wy * wy < vx * vx + vy * vy:
            t, vx, vy = nearer, wx, wy
    return t, vx, vy, dx, dy


@jit
def _end_direction(points: Array, end: int, inward: int) -> tuple[float, float]:
    """Which way a stroke goes out at one of its ends, as a unit vector; east if it has no length."""
    for away in range(1, 4):
        x = points[end, 0] - points[end + away * inward, 0]
        y = points[end, 1] - points[end + away * inward, 1]
        length = math.hypot(x, y)
        if length > 1e-6:
            return x / length, y / length
    return -float(inward), 0.0


@jit
def _cdf(x: float, c: float, s: float) -> float:
    size = abs(x)
    if size <= 0.5 * (c - s):
        upper = 0.5 + size / c
    else:
        tail = max(0.5 * (c + s) - size, 0.0)
        upper = 1.0 - tail * tail / (2.0 * s * c)
    return 1.0 - upper if x < 0 else upper


@jit
def _pdf(x: float, c: float, s: float) -> float:
    size = abs(x)
    if size <= 0.5 * (c - s):
        return 1.0 / c
    return max(0.5 * (c + s) - size, 0.0) / (s * c)


@jit
def _coverage(
    x: float,
    y: float,
    vx: float,
    vy: float,
    tx: float,
    ty: float,
    from_start: float,
    from_end: float,
    at_start: bool,
    at_end: bool,
    r: float,
    points: Array,
) -> tuple[float, float, float, float, float, float, float, float]:
    """Coverage of the pixel centred on (x, y) by a stroke of radius r.

    (vx, vy) leads from the stroke's nearest point to the pixel, (tx, ty) along the stroke; that point
    is so far from the stroke's ends, measured along it, and perhaps at one. Then the derivatives: to the
    nearest point (x, y), to the radius, to the stroke's first point and to its last one, as far as the
    ends of the stroke shape it other than through the nearest point.
    """
    d = math.sqrt(vx * vx + vy * vy)
    if d < 1e-6:
        d, dx, dy = 0.0, 0.0, 0.0
        speed = math.hypot(tx, ty)
        nx, ny = (ty / speed, tx / speed) if speed > 1e-9 else (0.0, 1.0)
    else:
        nx, ny = vx / d, vy / d
        dx, dy = -nx, -ny
    c, s = max(abs(nx), abs(ny)), max(min(abs(nx), abs(ny)), 1e-6)
    cover = _cdf(r - d, c, s) + _cdf(r + d, c, s) - 1.0
    inner, outer = _pdf(r - d, c, s), _pdf(r + d, c, s)
    to_d, to_r = outer - inner, outer + inner

    near_start, near_end = from_start < 1.0, from_end < 1.0
    if 2.0 * r >= _CAP_HIGH or not (near_start or near_end):
        return cover, to_d * dx, to_d * dy, to_r, 0.0, 0.0, 0.0, 0.0

    # Near the ends of a thin stroke the distance alone would add up to a pixel of ink.
    cap = _CAP_INK * r
    last = points.shape[0] - 1
    inside_start, slope_start, sx, sy = 1.0, 0.0, 0.0, 0.0
    inside_end, slope_end, ex, ey = 1.0, 0.0, 0.0, 0.0
    aside, aside_sx, aside_sy, aside_ex, aside_ey = d, 0.0, 0.0, 0.0, 0.0
    across_c, across_s = c, s
    if near_start:
        sx, sy = _end_direction(points, 0, 1)
        fx, fy = x - points[0, 0], y - points[0, 1]
        c, s = max(abs(sx), abs(sy)), max(min(abs(sx), abs(sy)), 1e-6)
        inside_start = _cdf(cap - (fx * sx + fy * sy), c, s)
        slope_start = _pdf(cap - (fx * sx + fy * sy), c, s)
        if at_start and not at_end:
            cross = fx * sy - fy * sx
            aside, across_c, across_s = abs(cross), c, s
            aside_sx, aside_sy = -np.sign(cross) * sy, np.sign(cross) * sx
            dx, dy = 0.0, 0.0
    round_dx, round_dy = (-nx, -ny) if d > 0 else (0.0, 0.0)
    if near_end:
        ex, ey = _end_direction(points, last, -1)
        fx, fy = x - points[last, 0], y - points[last, 1]
        c, s = max(abs(ex), abs(ey)), max(min(abs(ex), abs(ey)), 1e-6)
        inside_end = _cdf(cap - (fx * ex + fy * ey), c, s)
        slope_end = _pdf(cap - (fx * ex + fy * ey), c, s)
        if at_end:
            cross = fx * ey - fy * ex
            aside, across_c, across_s = abs(cross), c, s
            aside_ex, aside_ey = -np.sign(cross) * ey, np.sign(cross) * ex
            dx, dy = 0.0, 0.0
    along = inside_start + inside_end - 1.0
    if along <= 0.0:
        along, slope_start, slope_end = 0.0, 0.0, 0.0
    across = _cdf(r - aside, across_c, across_s) + _cdf(r + aside, across_c, across_s) - 1.0
    inner, outer = _pdf(r - aside, across_c, across_s), _pdf(r + aside, across_c, across_s)
    to_aside = (outer - inner) * along
    flat_r = (outer + inner) * along + across * _CAP_INK * (slope_start + slope_end)
    flat = across * along

    z = min(max((2.0 * r - _CAP_LOW) / (_CAP_HIGH - _CAP_LOW), 0.0), 1.0)
    roundness = z * z * (3.0 - 2.0 * z)
    to_roundness = 6.0 * z * (1.0 - z) * 2.0 / (_CAP_HIGH - _CAP_LOW)
    keep = 1.0 - roundness
    return (
        flat + roundness * (cover - flat),
        keep * to_aside * dx + roundness * to_d * round_dx,
        keep * to_aside * dy + roundness * to_d * round_dy,
        keep * flat_r + roundness * to_r + to_roundness * (cover - flat),
        keep * (across * slope_start * sx + to_aside * aside_sx),
        keep * (across * slope_start * sy + to_aside * aside_sy),
        keep * (across * slope_end * ex + to_aside * aside_ex),
        keep * (across * slope_end * ey + to_aside * aside_ey),
    )


@jit
def _segment_frame(
    line: Array, at: int, reach: float, height: int, width_px: int
) -> tuple[int, int, float, float, float, float]:
    """Where segment `at` can reach: rows from and to, box from and to, lean and half width of its band.

    A row is near the segment within its bounding box and within the band along its line.
    """
    ax, ay, bx, by = line[at, 0], line[at, 1], line[at + 1, 0], line[at + 1, 1]
    row_low = math.ceil(max(min(ay, by) - reach - 0.5, 0.0))
    row_high = math.floor(min(max(ay, by) + reach - 0.5, height - 1.0))
    box_low, box_high = max(min(ax, bx) - reach - 0.5, 0.0), min(max(ax, bx) + reach - 0.5, width_px - 1.0)
    dx, dy = float(bx - ax), float(by - ay)
    if abs(dy) <= 1e-6:
        return row_low, row_high, box_low, box_high, 0.0, float(width_px) + abs(ax)
    return row_low, row_high, box_low, box_high, dx / dy, reach * math.sqrt(dx * dx + dy * dy) / abs(dy)


@jit
def _room_for(line: Array, reach: float, height: int, width_px: int) -> int:
    """At most so many segment–pixel pairs lie near a stroke."""
    room = 0.0
    for at in range(line.shape[0] - 1):
        row_low, row_high, box_low, box_high, _, half = _segment_frame(line, at, reach, height, width_px)
        if row_high >= row_low and box_high >= box_low:
            room += (row_high - row_low + 1) * (min(box_high - box_low, 2.0 * half) + 1.0)
    return int(room) + 1


@jit
def _cover_stroke(
    points: Array,
    line: Array,
    times: Array,
    arcs: Array,
    r: float,
    height: int,
    width_px: int,
    start: int,
    tag: int,
    entry: Array,
    pixel: Array,
    segment: Array,
    seen: Array,
    place: Array,
    nearest: Array,
    cover: Array,
    slope: Array,
) -> tuple[int, int, int]:
    """Write one stroke's entries from `start` on: where they end, entries tried, pairs looked at.

    `segment` and `place` are at first those on the polyline, in the end the cubic and t on the curve.
    """
    reach = r + REACH_PX + FLATNESS_PX
    work = 0
    top = start
    for at in range(line.shape[0] - 1):
        ax, ay = float(line[at, 0]), float(line[at, 1])
        dx, dy = float(line[at + 1, 0]) - ax, float(line[at + 1, 1]) - ay
        scale = 1.0 / max(dx * dx + dy * dy, 1e-18)
        row_low, row_high, box_low, box_high, lean, half = _segment_frame(line, at, reach, height, width_px)
        for row in range(row_low, row_high + 1):
            y = row + 0.5 - ay
            middle = ax + y * lean - 0.5
            column_low = math.ceil(max(box_low, middle - half))
            column_high = math.floor(min(box_high, middle + half))
            work += max(column_high - column_low + 1, 0)
            for column in range(column_low, column_high + 1):
                x = column + 0.5 - ax
                u = min(max((x * dx + y * dy) * scale, 0.0), 1.0)
                away_x, away_y = x - u * dx, y - u * dy
                distance = away_x * away_x + away_y * away_y
                if distance >= reach * reach:
                    continue
                where = row * width_px + column
                k = entry[where] - tag + start
                if k < start or at - seen[k] > 1:  # the first time, or back after having left
                    k = top
                    top += 1
                    entry[where] = tag + k - start
                    pixel[k] = where
                    nearest[k] = np.inf
                seen[k] = at
                if distance < nearest[k]:
                    nearest[k], segment[k], place[k] = distance, at, u
    kept = start
    cubics, length = (points.shape[0] - 1) // 3, arcs[arcs.shape[0] - 1]
    for k in range(start, top):
        x, y = pixel[k] % width_px + 0.5, pixel[k] // width_px + 0.5
        at, u = segment[k], place[k]
        cubic = int(times[at])
        span = times[at + 1] - times[at]
        t, vx, vy, tx, ty = _onto_curve(x, y, points, cubic, times[at] + u * span - cubic, span)
        arc = arcs[at] + u * (arcs[at + 1] - arcs[at])
        at_start, at_end = cubic == 0 and t <= 0.0, cubic == cubics - 1 and t >= 1.0
        a, qx, qy, to_r, sx, sy, ex, ey = _coverage(
            x, y, vx, vy, tx, ty, arc, length - arc, at_start, at_end, r, points
        )
        if a > 0.0:
            pixel[kept], segment[kept], place[kept], cover[kept] = pixel[k], cubic, t, a
            slope[kept, 0], slope[kept, 1], slope[kept, 2] = qx, qy, to_r
            slope[kept, 3], slope[kept, 4], slope[kept, 5], slope[kept, 6] = sx, sy, ex, ey
            kept += 1
    return kept, top - start, work


@jit
def _grown(values: Array, size: int) -> Array:
    larger = np.empty((size, *values.shape[1:]), values.dtype)
    larger[: values.shape[0]] = values
    return larger


@jit
def _cover_strokes(
    points: Array,
    width: Array,
    counts: Array,
    begin: Array,
    corners: Array,
    times: Array,
    arcs: Array,
    low: int,
    high: int,
    height: int,
    width_px: int,
) -> tuple[Array, Array, Array, Array, Array, Array, int]:
    """Strokes [low, high): the rest of `Pairs`."""
    room = 256 * (high - low) + 1024
    pixel, segment, seen = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    place, nearest = np.empty(room, points.dtype), np.empty(room, points.dtype)
    cover, slope = np.empty(room, points.dtype), np.empty((room, 7), points.dtype)
    first = np.zeros(high - low + 1, np.int64)
    # Where a pixel's entry of the current stroke is: `tag` counts on and on, so nothing is ever cleared.
    entry = np.full(height * width_px, -1, np.int64)
    tag = top = work = first[0]  # 0 of the type that sums have, lest the kernel be compiled for two
    for s in range(low, high):
        v, w = begin[s], begin[s + 1]
        line, time, arc = corners[v:w], times[v:w], arcs[v:w]
        _flatten_stroke(points[s], counts[s], line, time, arc)
        r = 0.5 * width[s]
        wanted = top + _room_for(line, r + REACH_PX + FLATNESS_PX, height, width_px)
        if wanted > room:
            room = 2 * wanted
            pixel, segment, seen = _grown(pixel, room), _grown(segment, room), _grown(seen, room)
            place, nearest, cover = _grown(place, room), _grown(nearest, room), _grown(cover, room)
            slope = _grown(slope, room)
        top, tried, looked = _cover_stroke(
            points[s], line, time, arc, r, height, width_px, top, tag,
            entry, pixel, segment, seen, place, nearest, cover, slope,
        )  # fmt: skip
        tag += tried
        work += looked
        first[s - low + 1] = top
    return first, pixel[:top], segment[:top], place[:top], cover[:top], slope[:top], work


@jit
def _multiply_band(
    bare: Array,
    share: Array,
    only: Array,
    stroke_low: int,
    stroke_high: int,
    first: Array,
    row: Array,
    cover: Array,
    low: int,
    high: int,
) -> None:
    """Take from rows [low, high) of the bare shares what these strokes cover."""
    one, least = bare.dtype.type(1.0), bare.dtype.type(Q_MIN)
    pens = bare.shape[1]
    for s in range(stroke_low, stroke_high):
        p = only[s]
        for k in range(first[s - stroke_low], first[s - stroke_low + 1]):
            where = row[k]
            if where < low or where >= high:
                continue
            if p >= 0:
                bare[where, p] *= max(one - share[s, p] * cover[k], least)
            else:
                for q in range(pens):
                    bare[where, q] *= max(one - share[s, q] * cover[k], least)


@jit
def _pull_strokes(
    grad: Array,
    bare: Array,
    share: Array,
    only: Array,
    row: Array,
    low: int,
    high: int,
    first: Array,
    segment: Array,
    place: Array,
    cover: Array,
    slope: Array,
    grad_points: Array,
    grad_width: Array,
    grad_share: Array,
) -> None:
    """Carry the gradient of the bare shares back to points, widths and weights of strokes [low, high)."""
    one, least = bare.dtype.type(1.0), bare.dtype.type(Q_MIN)
    pens = bare.shape[1]
    last = grad_points.shape[1] - 1
    for s in range(low, high):
        pull = np.zeros((last + 1, 2), np.float64)
        pull_r = 0.0
        p = only[s]
        for k in range(first[s - low], first[s - low + 1]):
            where, a = row[k], cover[k]
            to_cover = bare.dtype.type(0.0)
            if p >= 0:
                left = max(one - share[s, p] * a, least)
                to_cover -= grad[where, p] * bare[where, p] / left * share[s, p]
            else:
                for q in range(pens):
                    left = max(one - share[s, q] * a, least)
                    loss = grad[where, q] * bare[where, q] / left
                    to_cover -= loss * share[s, q]
                    grad_share[s, q] -= loss * a
            b0, b1, b2, b3 = _basis(place[k])
            c = 3 * segment[k]
            for i in range(2):
                step = to_cover * slope[k, i]
                pull[c, i] += b0 * step
                pull[c + 1, i] += b1 * step
                pull[c + 2, i] += b2 * step
                pull[c + 3, i] += b3 * step
                pull[0, i] += to_cover * slope[k, 3 + i]
                pull[last, i] += to_cover * slope[k, 5 + i]
            pull_r += to_cover * slope[k, 2]
        grad_width[s] = 0.5 * pull_r
        grad_points[s] = pull
