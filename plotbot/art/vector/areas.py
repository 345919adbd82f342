"""The geometry of many shapes at once: areas of fillings, areas under lines, and lines without width."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from plotbot.art.vector.shapes import Shape
from plotbot.svg_geometry import Line
from plotbot.svg_tangles import is_tangled
from plotbot.svg_tree import clipped, filled

__all__ = ["filled_areas", "middles", "polylines", "stroked_areas"]

Geometries = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

_EMPTY = shapely.Polygon()


def filled_areas(shapes: Sequence[Shape]) -> Geometries:
    """The area inside each shape, by its fill rule; empty where it has none, and all around a tangle."""
    areas = np.full(len(shapes), _EMPTY, dtype=object)
    single = [k for k, shape in enumerate(shapes) if len(shape.outline) == 1 and len(shape.outline[0]) > 2]
    if single:
        rings = shapely.polygons(_lines_of([shapes[k].outline[0] for k in single], rings=True))
        tangled = np.array([is_tangled(shapes[k].outline) for k in single])
        rings[tangled] = shapely.convex_hull(rings[tangled])
        odd = ~shapely.is_valid(rings)
        rings[odd] = shapely.make_valid(rings[odd], method="structure", keep_collapsed=False)
        areas[single] = rings
    for k, shape in enumerate(shapes):
        if len(shape.outline) > 1 and is_tangled(shape.outline):
            areas[k] = shapely.convex_hull(_multilines([shape.outline])[0])
        elif len(shape.outline) > 1:
            areas[k] = filled(shape.outline, even_odd=shape.even_odd) or _EMPTY
    return _clipped(areas, shapes)


def stroked_areas(shapes: Sequence[Shape]) -> Geometries:
    """The area under each shape's line; empty where it has none, or no width, and all around a tangle."""
    areas = np.full(len(shapes), _EMPTY, dtype=object)
    lines = _multilines([shape.line for shape in shapes])
    tangled = np.array([is_tangled(shape.line) for shape in shapes], dtype=bool)
    lines[tangled] = shapely.convex_hull(lines[tangled])
    widths = np.array([shape.width for shape in shapes], dtype=np.float64)
    # A circle with 16 sides is round enough for a line that is no wider than a millimetre.
    kinds = np.array([f"{shape.cap} {shape.join} {4 if shape.width < 1 else 8}" for shape in shapes])
    for kind in np.unique(kinds) if len(kinds) else ():
        cap, join, sides = kind.split()
        chosen = np.flatnonzero((kinds == kind) & (widths > 0))
        areas[chosen] = shapely.buffer(
            lines[chosen], widths[chosen] / 2, cap_style=cap, join_style=join, quad_segs=int(sides)
        )
    return _clipped(areas, shapes)


def middles(shapes: Sequence[Shape]) -> Geometries:
    """Each shape's line as one without width, dashes and clipping included."""
    return _multilines(
        [shape.line if shape.clip is None else clipped(shape.line, shape.clip)[0] for shape in shapes]
    )


def polylines(geometries: Geometries, shortest: float) -> tuple[list[Floats], npt.NDArray[np.int64]]:
    """The lines of geometries [n] as arrays [m, 2], and which geometry each is of; shorter ones left out."""
    broken = (shapely.get_num_geometries(geometries) > 1) & (shapely.get_type_id(geometries) == 5)
    if broken.any():
        geometries = geometries.copy()
        geometries[broken] = shapely.line_merge(geometries[broken])
    parts, which = shapely.get_parts(geometries, return_index=True)
    kept = np.isin(shapely.get_type_id(parts), (1, 2)) & (shapely.length(parts) >= shortest)
    points, part = shapely.get_coordinates(parts[kept], return_index=True)
    return np.split(points, np.flatnonzero(np.diff(part)) + 1) if len(points) else [], which[kept]


def _multilines(shapes: Sequence[Sequence[Line]]) -> Geometries:
    """One MultiLineString [n] for each list of lines."""
    known = [[line for line in lines if len(line) > 1] for lines in shapes]
    owners = np.repeat(np.arange(len(known)), [len(lines) for lines in known])
    found = np.full(len(known), shapely.MultiLineString(), dtype=object)
    if len(owners):
        every = _lines_of([line for lines in known for line in lines])
        shapely.multilinestrings(every, indices=owners, out=found)
    return found


def _lines_of(lines: Sequence[Line], *, rings: bool = False) -> Geometries:
    points = np.concatenate(lines)
    owners = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    make = shapely.linearrings if rings else shapely.linestrings
    return np.asarray(make(np.column_stack([points.real, points.imag]), indices=owners))


def _clipped(areas: Geometries, shapes: Sequence[Shape]) -> Geometries:
    for k, shape in enumerate(shapes):
        if shape.clip is not None:
            areas[k] = shapely.intersection(areas[k], shape.clip)
    return areas
