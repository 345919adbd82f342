"""Areas of one ink: an outline inside the edge, and lines as close as the pen is wide for the rest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["infill", "polylines"]

Floats = npt.NDArray[np.float64]

_SPACING = 0.8
"""Between lines, in widths of the pen: a little ink on ink, so that no paper shows."""

_RINGS = 4
_TURN = math.radians(45)
_SHORTEST = 0.6
_MIN_PIECE_MM = 0.1
_SIMPLE_MM = 0.01


def infill(area: Any, width: float) -> list[Floats]:
    """Polylines [n, 2] in mm that cover an area with a pen of this width and stay inside it.

    A narrow area is filled with lines along its edge, which need few lifts, a wide one with parallel lines
    inside an outline. What is narrower than the pen is drawn along its middle, by what is left of it.
    """
    if area.is_empty:
        return []
    area = shapely.make_valid(area.simplify(_SIMPLE_MM))
    edge = area.buffer(-width / 2)
    lines = polylines(edge.boundary)
    slivers = area.difference(edge.buffer(width * 0.55))
    for part in shapely.get_parts(slivers):
        if part.geom_type == "Polygon" and part.area > 0.3 * width * width:
            lines += _middle(part, width)
    # What a disc of some lines' width fits into is wide; the limbs that are left are narrow.
    reach = width * _RINGS * _SPACING
    wide = edge.buffer(-reach).buffer(reach * 1.02).intersection(edge)
    step = _SPACING * width
    limbs = edge.difference(wide)
    while not limbs.is_empty:
        limbs = limbs.buffer(-step)
        lines += polylines(limbs.boundary)
    # A little into the limbs, so that nothing is left bare between the two.
    return lines + _hatched(wide.buffer(0.4 * width).intersection(area.buffer(-0.9 * width)), step)


def polylines(geometry: Any) -> list[Floats]:
    """The lines of a geometry as arrays [n, 2], specks left out."""
    merged = shapely.line_merge(geometry) if "Line" in geometry.geom_type else geometry
    return [
        shapely.get_coordinates(part)
        for part in shapely.get_parts(merged)
        if part.geom_type in ("LineString", "LinearRing") and part.length >= _MIN_PIECE_MM
    ]


def _hatched(area: Any, step: float) -> list[Floats]:
    """Parallel lines inside an area; lines of all areas lie on one grid, so that neighbours go on."""
    if area.is_empty:
        return []
    turned = shapely.transform(area, lambda points: points @ _rotation(-_TURN).T)
    left, top, right, bottom = turned.bounds
    rows = np.arange(math.ceil(top / step), math.floor(bottom / step) + 1) * step
    if not len(rows):
        return []
    ends = np.stack(
        [np.stack([np.full(len(rows), x), rows], axis=1) for x in (left - 1.0, right + 1.0)], axis=1
    )
    cut = shapely.intersection(shapely.linestrings(ends), turned)
    parts = shapely.get_parts(cut)
    parts = parts[(shapely.get_type_id(parts) == 1) & (shapely.length(parts) >= _SHORTEST * step)]
    return [shapely.get_coordinates(part) @ _rotation(_TURN).T for part in parts]


def _middle(part: Any, width: float) -> list[Floats]:
    """A line along the longest extent of a sliver."""
    box = shapely.oriented_envelope(part)
    if box.geom_type != "Polygon":
        return []
    corners = shapely.get_coordinates(box)[:4]
    a, b = corners[1] - corners[0], corners[2] - corners[1]
    long, across = (a, b) if np.hypot(*a) >= np.hypot(*b) else (b, a)
    size = float(np.hypot(*long))
    if size < width or float(np.hypot(*across)) > 2 * width:
        return []
    middle = corners.mean(axis=0)
    trimmed = max(size - width, 0.2 * size) / size / 2
    return [np.array([middle - long * trimmed, middle + long * trimmed])]


def _rotation(angle: float) -> Floats:
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
