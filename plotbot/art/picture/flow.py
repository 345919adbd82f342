# ruff: noqa: PLR0912, PLR0915  (kernels are one loop; calls would cost more than their work)
"""Guides that follow the structure of a picture: evenly spaced streamlines of its direction field.

The field comes from the picture's structure tensor; streamlines are laid as Jobard and Lefer ("Creating
evenly-spaced streamlines of arbitrary density", 1997) do, from the coarsest spacing to the pen's own
width, each halving the last. A line's rank follows from the spacing at which it came in.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.guides import CLOSE, Guides, compiled, coverage_of_share

__all__ = ["direction_field", "flow_guides"]

Floats = npt.NDArray[np.float64]

_COARSEST = 5
"""The coarsest streamlines are 2 to this power pen widths apart."""

_FINEST = 0.7
"""The finest lines are closer by this factor: streamlines lie less evenly than parallels, and a solid of them
would have gaps."""

_TEST = 0.6
"""A line ends where it comes nearer to another than this part of the spacing."""

_LONGEST_MM = 70.0
_MOST_TURN = 1.5 * math.pi
_PER_CELL = 8


def direction_field(lightness: npt.NDArray[Any], cell_mm: float, smooth_mm: float = 2.5) -> Floats:
    """Directions along which a picture changes least, [H, W, 2]: cos 2θ and sin 2θ, of length 1.

    lightness: L* [H, W]. Strong edges speak for the flat places around them; where nothing speaks, the
    field leans to 45 degrees.
    """
    from scipy.ndimage import gaussian_filter  # noqa: PLC0415

    smooth = gaussian_filter(np.asarray(lightness, dtype=np.float64), 0.6 / cell_mm, mode="nearest")
    dy, dx = np.gradient(smooth)
    # Double angles add up; turned by a right angle, from across the edge to along it.
    cosine, sine = dy * dy - dx * dx, -2 * dx * dy
    total_c, total_s = np.zeros_like(cosine), np.full_like(sine, 1e-3)
    for scale, weight in ((1.0, 1.0), (3.0, 0.3), (9.0, 0.1)):
        sigma = scale * smooth_mm / cell_mm
        total_c += weight * gaussian_filter(cosine, sigma, mode="nearest", truncate=3)
        total_s += weight * gaussian_filter(sine, sigma, mode="nearest", truncate=3)
    size = np.maximum(np.hypot(total_c, total_s), 1e-12)
    return np.stack([total_c / size, total_s / size], axis=-1)


def flow_guides(
    field: Floats,
    cell_mm: float,
    size_mm: tuple[float, float],
    width_mm: float,
    want: npt.NDArray[Any] | None = None,
    turn: float = 0.0,
    seed: int = 0,
    step: float = 0.25,
) -> Guides:
    """Streamlines of a direction field, turned by an angle (radians) everywhere, down to one pen width apart.

    want: [H, W], the coverage that will be asked for; lines no place near asks for are left out. Other
    arguments as for `parallel_guides`; the same seed gives the same lines.
    """
    from scipy.ndimage import maximum_filter  # noqa: PLC0415

    # A margin around what is asked for, as corrections may ask for a little more.
    near = np.ones(field.shape[:2]) if want is None else maximum_filter(want, max(3, round(1.0 / cell_mm)))
    rng = np.random.default_rng(seed)
    cosine = field[..., 0] * math.cos(2 * turn) - field[..., 1] * math.sin(2 * turn)
    sine = field[..., 0] * math.sin(2 * turn) + field[..., 1] * math.cos(2 * turn)
    width, height = size_mm
    inset = width_mm / 4
    columns, rows = math.ceil(width / width_mm) + 1, math.ceil(height / width_mm) + 1
    cells = np.full((rows, columns, _PER_CELL), -1, np.int64)
    most = int(2.5 * width * height / width_mm / step) + 10_000
    points = np.empty((most, 2))
    offsets = np.zeros(most // 4 + 2, np.int64)
    level = np.zeros(most // 4 + 2, np.int64)
    count = 0
    for power in range(_COARSEST, -1, -1):
        spacing = CLOSE * width_mm * 2**power * (1.0 if power else _FINEST)
        across, down = max(1, round(width / spacing)), max(1, round(height / spacing))
        grid = np.stack(np.meshgrid(np.arange(across), np.arange(down)), -1).reshape(-1, 2)
        seeds = (grid + rng.uniform(0.2, 0.8, grid.shape)) * [width / across, height / down]
        rng.shuffle(seeds)
        count = _lay(
            cosine, sine, 1 / cell_mm, np.array([inset, inset, width - inset, height - inset]),
            spacing, width_mm, step, seeds, cells, points, offsets, level, count, power,
            np.ascontiguousarray(near, dtype=np.float64),
            0.4 * 0.5 ** (power + 1) if power < _COARSEST else 0.003,
        )  # fmt: skip
    rank = np.empty(count)
    for power in range(_COARSEST + 1):
        mine = np.flatnonzero(level[:count] == power)
        low = 0.0 if power == _COARSEST else 0.5 ** (power + 1)
        rank[rng.permutation(mine)] = low + (0.5**power - low) * (np.arange(len(mine)) + 0.5) / max(
            len(mine), 1
        )
    kept = offsets[: count + 1].copy()
    return Guides(points[: kept[-1]].copy(), kept, coverage_of_share(rank), step)


@compiled
def _direction(cosine: Any, sine: Any, per_mm: float, x: float, y: float) -> Any:
    height, width = cosine.shape
    column = min(max(x * per_mm - 0.5, 0.0), width - 1.0)
    row = min(max(y * per_mm - 0.5, 0.0), height - 1.0)
    left, top = int(column), int(row)
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    u, v = column - left, row - top
    c = (cosine[top, left] * (1 - u) + cosine[top, right] * u) * (1 - v) + (
        cosine[bottom, left] * (1 - u) + cosine[bottom, right] * u
    ) * v
    s = (sine[top, left] * (1 - u) + sine[top, right] * u) * (1 - v) + (
        sine[bottom, left] * (1 - u) + sine[bottom, right] * u
    ) * v
    angle = math.atan2(s, c) / 2
    return math.cos(angle), math.sin(angle)


@compiled
def _at(field: Any, per_mm: float, x: float, y: float) -> Any:
    return field[min(int(y * per_mm), field.shape[0] - 1), min(int(x * per_mm), field.shape[1] - 1)]


@compiled
def _free(points: Any, cells: Any, per_cell: float, x: float, y: float, apart: float) -> bool:
    """Whether no laid point lies nearer than `apart`."""
    rows, columns, room = cells.shape
    reach = int(apart * per_cell) + 1
    column, row = int(x * per_cell), int(y * per_cell)
    limit = apart * apart
    for r in range(max(0, row - reach), min(rows, row + reach + 1)):
        for c in range(max(0, column - reach), min(columns, column + reach + 1)):
            for k in range(room):
                i = cells[r, c, k]
                if i < 0:
                    break
                dx, dy = points[i, 0] - x, points[i, 1] - y
                if dx * dx + dy * dy < limit:
                    return False
    return True


@compiled
def _lay(
    cosine: Any, sine: Any, per_mm: float, box: Any, spacing: float, width: float, step: float,
    seeds: Any, cells: Any, points: Any, offsets: Any, level: Any, count: int, power: int,
    near: Any, asked: float,
) -> int:  # fmt: skip
    """Lay lines one spacing apart: beside the lines there are, beside the new ones, then from the seeds."""
    per_cell = 1 / width
    test = _TEST * spacing
    shortest = max(int(2 * spacing / step), 6)
    longest = int(_LONGEST_MM / step)
    back = np.empty((longest, 2))
    ahead = np.empty((longest, 2))
    stride = max(1, int(spacing / step))
    line = 0  # the next line to sow beside
    at = 0
    side = 0
    sown = 0
    while True:
        # The next seed.
        if line < count:
            if at >= offsets[line + 1] - offsets[line] - 1:
                line += 1
                at = 0
                continue
            i = offsets[line] + at
            dx, dy = points[i + 1, 0] - points[i, 0], points[i + 1, 1] - points[i, 1]
            size = math.sqrt(dx * dx + dy * dy) + 1e-12
            sign = 1.0 if side == 0 else -1.0
            x, y = points[i, 0] - sign * dy / size * spacing, points[i, 1] + sign * dx / size * spacing
            if side == 1:
                at += stride
            side = 1 - side
        elif sown < len(seeds):
            x, y = seeds[sown, 0], seeds[sown, 1]
            sown += 1
        else:
            return count
        if x < box[0] or y < box[1] or x > box[2] or y > box[3]:
            continue
        if _at(near, per_mm, x, y) < asked or not _free(points, cells, per_cell, x, y, 0.97 * spacing):
            continue
        backward = _trace(
            cosine, sine, per_mm, box, test, per_cell, step, points, cells, x, y, -1.0, back, near, asked
        )
        forward = _trace(
            cosine, sine, per_mm, box, test, per_cell, step, points, cells, x, y, 1.0, ahead, near, asked
        )
        total = backward + forward + 1
        start = offsets[count]
        if total < shortest or start + total > len(points) or count + 2 > len(offsets):
            continue
        for k in range(backward):
            points[start + k] = back[backward - 1 - k]
        points[start + backward, 0] = x
        points[start + backward, 1] = y
        for k in range(forward):
            points[start + backward + 1 + k] = ahead[k]
        for k in range(total):
            column, row = int(points[start + k, 0] * per_cell), int(points[start + k, 1] * per_cell)
            for slot in range(cells.shape[2]):
                if cells[row, column, slot] < 0:
                    cells[row, column, slot] = start + k
                    break
        offsets[count + 1] = start + total
        level[count] = power
        count += 1


@compiled
def _trace(
    cosine: Any, sine: Any, per_mm: float, box: Any, test: float, per_cell: float, step: float,
    points: Any, cells: Any, x: float, y: float, sign: float, out: Any,
    near: Any, asked: float,
) -> int:  # fmt: skip
    """Follow the field from a point by the midpoint rule; returns how many points were written."""
    dx, dy = _direction(cosine, sine, per_mm, x, y)
    dx, dy = dx * sign, dy * sign
    turned = 0.0
    for n in range(len(out)):
        mx, my = _direction(cosine, sine, per_mm, x + dx * step / 2, y + dy * step / 2)
        if mx * dx + my * dy < 0:
            mx, my = -mx, -my
        cross = dx * my - dy * mx
        bend = math.asin(min(max(cross, -1.0), 1.0))
        turned += abs(bend)
        if abs(bend) > 0.6 or turned > _MOST_TURN:
            return n
        x, y = x + mx * step, y + my * step
        if x < box[0] or y < box[1] or x > box[2] or y > box[3]:
            return n
        if _at(near, per_mm, x, y) < asked or not _free(points, cells, per_cell, x, y, test):
            return n
        out[n, 0] = x
        out[n, 1] = y
        dx, dy = mx, my
    return len(out)
