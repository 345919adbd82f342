"""Regions as strokes of one pen: an outline half a line inside the border, and hatching that goes to and
fro within it, so close that no paper shows, and no further over the border than printers trap."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.guides import CLOSE
from plotbot.art.regions import Regions

__all__ = ["draw_region"]

Floats = npt.NDArray[np.float64]

OVERLAP = 0.25
"""Hatching begins so much of a line's width under the outline."""

TRAP = 0.08
"""Ink goes so much of a line's width over the border, so that no paper shows between neighbours."""

LONG = 1.5
"""A region so much longer than wide is hatched along, others at the pen's own angle."""

HOP = 8.0
"""From one line to the next the pen stays down for a way of up to so many line distances."""

STRAY = 0.1
"""On that way its ink may go so much of a line's width over the border."""

SMOOTH_CELLS, TOLERANCE_MM = 1.0, 0.02


def draw_region(regions: Regions, label: int, pen_mm: float, angle: float) -> list[Floats]:
    """Strokes [n, 2] in mm that fill all regions of a label with lines `pen_mm` wide: outlines first, then
    hatching, at `angle` (radians, from x towards y) in regions that are not longish."""
    own = regions.labels == label
    return [*_outlines(regions, own, pen_mm), *_hatching(regions, own, pen_mm, angle)]


def _outlines(regions: Regions, own: npt.NDArray[np.bool_], pen_mm: float) -> list[Floats]:
    from scipy import ndimage  # noqa: PLC0415
    from shapely import LineString  # noqa: PLC0415
    from skimage.measure import find_contours  # noqa: PLC0415

    box = ndimage.find_objects(own.astype(np.uint8))
    if not box or box[0] is None:
        return []
    # Distances, negative outside, cross the border evenly: their contours are smoother than the cells.
    signed = np.where(own[box[0]], regions.depth_mm[box[0]], -regions.depth_mm[box[0]])
    outside = -regions.cell_mm / 2
    signed = ndimage.gaussian_filter(np.pad(signed, 2, constant_values=outside), SMOOTH_CELLS)
    corner = np.array([box[0][1].start, box[0][0].start]) - 2
    lines = []
    for contour in find_contours(signed, (0.5 - TRAP) * pen_mm):  # type: ignore[no-untyped-call]
        points = (contour[:, ::-1] + corner + 0.5) * regions.cell_mm
        line = np.asarray(LineString(points).simplify(TOLERANCE_MM).coords)
        if np.hypot(*np.diff(line, axis=0).T).sum() > pen_mm:
            lines.append(line)
    return lines


def _hatching(regions: Regions, own: npt.NDArray[np.bool_], pen_mm: float, angle: float) -> list[Floats]:
    from scipy import ndimage  # noqa: PLC0415

    need = own & (regions.depth_mm > (1 - OVERLAP) * pen_mm)
    numbered, _ = ndimage.label(need)
    strokes = []
    for number, box in enumerate(ndimage.find_objects(numbered), 1):
        rows, columns = np.nonzero(numbered[box] == number)
        cells = (np.stack([columns + box[1].start, rows + box[0].start], 1) + 0.5) * regions.cell_mm
        strokes += _to_and_fro(regions, cells, pen_mm, angle)
    return strokes


def _to_and_fro(regions: Regions, cells: Floats, pen_mm: float, angle: float) -> list[Floats]:
    """Lines that pass within half their distance of all cells [n, 2] (mm), one behind the other."""
    along = _direction(cells, angle)
    across = np.array([-along[1], along[0]])
    place, height = cells @ along, cells @ across
    low, high = float(height.min()), float(height.max())
    count = max(1, math.ceil((high - low) / (CLOSE * pen_mm)))
    step = (high - low) / count
    line_of = np.minimum(((height - low) / max(step, 1e-9)).astype(np.int64), count - 1)
    runs = _runs(place, line_of, 1.5 * regions.cell_mm)
    by_line: list[list[tuple[float, float]]] = [[] for _ in range(count)]
    for line, start, end in runs:
        by_line[line].append((start, end))

    def point(u: float, line: int) -> Floats:
        return np.asarray(u * along + (low + (line + 0.5) * step) * across)

    strokes = []
    for first in range(count):
        while by_line[first]:
            start, end = by_line[first].pop(0)
            stroke = [point(start, first), point(end, first)]
            for line in range(first + 1, count):
                # The next line is begun at the end that is nearer.
                hops = [
                    (abs(u - end), index, u, other)
                    for index, ends in enumerate(by_line[line])
                    for u, other in (ends, ends[::-1])
                ]
                _, index, near, far = min(hops, default=(math.inf, -1, 0.0, 0.0))
                here = point(near, line)
                if index < 0 or not _is_within(regions, stroke[-1], here, pen_mm):
                    break
                del by_line[line][index]
                end = far
                stroke += [here, point(far, line)]
            strokes.append(np.array(stroke))
    return strokes


def _direction(cells: Floats, angle: float) -> Floats:
    """The unit vector that a region is hatched along: its longer axis, where it has one."""
    if len(cells) > 2:
        spread, axes = np.linalg.eigh(np.cov(cells.T))
        if spread[1] > LONG**2 * max(spread[0], 1e-12):
            return np.asarray(axes[:, 1])
    return np.array([math.cos(angle), math.sin(angle)])


def _runs(place: Floats, line_of: npt.NDArray[np.int64], gap: float) -> list[tuple[int, float, float]]:
    """Where cells lie on each line without a gap: (line, start, end), in order."""
    order = np.lexsort((place, line_of))
    place, line_of = place[order], line_of[order]
    new = (np.diff(line_of) > 0) | (np.diff(place) > gap)
    starts = np.concatenate([[0], np.flatnonzero(new) + 1])
    ends = np.concatenate([np.flatnonzero(new), [len(place) - 1]])
    return list(zip(line_of[starts].tolist(), place[starts].tolist(), place[ends].tolist(), strict=True))


def _is_within(regions: Regions, start: Floats, end: Floats, pen_mm: float) -> bool:
    """Whether a pen may go straight from one point to the other: near enough, hardly over the border."""
    length = float(np.hypot(*(end - start)))
    if length > HOP * CLOSE * pen_mm:
        return False
    count = max(2, math.ceil(2 * length / regions.cell_mm))
    way = start + np.linspace(0, 1, count)[:, None] * (end - start)
    columns, rows = (way / regions.cell_mm).astype(np.int64).T
    height, width = regions.labels.shape
    depth = regions.depth_mm[rows.clip(0, height - 1), columns.clip(0, width - 1)]
    return bool((depth >= (0.5 - STRAY) * pen_mm).all())
