"""Areas of one ink: an outline inside the edge, and lines as close as the pen is wide for the rest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from plotbot.art.vector.areas import polylines
from plotbot.art.vector.hiding import polygons_of
from plotbot.art.vector.scan import spans

__all__ = ["infill"]

Floats = npt.NDArray[np.float64]

_SPACING = 0.8
"""Between lines, in widths of the pen: a little ink on ink, so that no paper shows."""

_RINGS = 4
_TURN = math.radians(45)
_SHORTEST = 0.6
_MIN_PIECE_MM = 0.1
_SIMPLE_MM = 0.01
_HIDDEN, _SEAM = 0.48, 0.05
"""How far ink reaches from the middle of a line, and what of a bare seam is worth a line."""

_ROUND = 4
"""Sides of a quarter of a circle no wider than a few pens."""


def infill(areas: npt.NDArray[Any], width: float) -> list[Floats]:
    """Polylines [n, 2] in mm that cover polygons with a pen of this width and stay inside them.

    A narrow area is filled with lines along its edge, which need few lifts, a wide one with parallel lines
    inside an outline. What is narrower than the pen is drawn along its middle, by what is left of it.
    """
    # Part by part: a thousand small overlays cost far less than one large one.
    parts = _polygons(shapely.make_valid(shapely.simplify(areas, _SIMPLE_MM)))
    edge = shapely.buffer(parts, -width / 2, quad_segs=_ROUND)
    lines = _lines(shapely.boundary(edge))
    slivers = _polygons(shapely.difference(parts, shapely.buffer(edge, width * 0.55, quad_segs=_ROUND)))
    for sliver in slivers[shapely.area(slivers) > 0.3 * width * width]:
        lines += _middle(sliver, width)
    # What a disc of some lines' width fits into is wide; the limbs that are left are narrow.
    reach = width * _RINGS * _SPACING
    wide = shapely.intersection(shapely.buffer(shapely.buffer(edge, -reach), reach * 1.02), edge)
    step = _SPACING * width
    limbs = shapely.difference(edge, wide)
    while len(limbs := limbs[~shapely.is_empty(limbs)]):
        inside = shapely.buffer(limbs, -width * _HIDDEN, quad_segs=_ROUND)
        limbs = shapely.buffer(limbs, -step, quad_segs=_ROUND)
        lines += _lines(shapely.boundary(limbs))
        # What is too narrow for one ring more would stay bare along its middle.
        seams = shapely.difference(inside, shapely.buffer(limbs, width * 0.55, quad_segs=_ROUND))
        lines += _lines(shapely.boundary(seams[shapely.area(seams) > _SEAM * width * width]))
    # A little into the limbs, so that nothing is left bare between the two.
    some = ~shapely.is_empty(wide)
    wide = shapely.intersection(
        shapely.buffer(wide[some], 0.4 * width, quad_segs=_ROUND),
        shapely.buffer(parts[some], -0.9 * width, quad_segs=_ROUND),
    )
    return lines + _hatched(_polygons(wide), step)


def _polygons(areas: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """All polygons of any geometries."""
    return polygons_of(areas, np.arange(len(areas)))[0]


def _lines(boundaries: npt.NDArray[Any]) -> list[Floats]:
    return polylines(boundaries, _MIN_PIECE_MM)[0]


def _hatched(areas: npt.NDArray[Any], step: float) -> list[Floats]:
    """Parallel lines inside polygons; lines of all areas lie on one grid, so that neighbours go on."""
    turned = shapely.transform(areas, lambda points: points @ _rotation(-_TURN).T)
    _, row, ends = spans(turned, 0.0, step)
    long = ends[:, 1] - ends[:, 0] >= _SHORTEST * step
    y = np.repeat(row[long, None] * step, 2, axis=1)
    return list(np.stack([ends[long], y], axis=2) @ _rotation(_TURN).T)


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
