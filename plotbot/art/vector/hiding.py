"""What of painted areas and lines can be seen, exactly, however many lie over one another.

Areas are taken from the top downwards in layers in which few overlap. Inside a layer each is cut by those
above it. What no layer so far has covered is kept in tiles: most of what lies deep under others misses all
that is left of them, and costs no more than that question.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["cut_lines", "joined", "polygons_of", "uppermost"]

Areas = npt.NDArray[Any]
Owners = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_LAYER_DEPTH = 1.5
"""How often a layer of areas covers the sheet."""

_LARGEST_LAYER = 20_000
_AREAS_PER_TILE = 24
_SPECK_MM2 = 1e-6
_ROUNDS = 6
_MOST_OVER = 100

_SEAM_MM = 0.002
"""Between areas that were cut from one another, where rounding leaves it."""


def uppermost(
    areas: Areas, hides: Bools, inks: npt.NDArray[np.int64] | None = None, exact: Bools | None = None
) -> tuple[Areas, Owners]:
    """The parts [m] of areas [n], bottom first, that nothing above hides, and the area that each is of, [m].

    hides: which areas hide what lies below them. inks: what each is drawn with, below 0 where that is not one
    ink. Where areas of one ink lie over one another all of them may keep their parts; what an area of
    another ink hides is never part of any. exact: of which areas the parts matter; of others it is only sure
    whether anything can be seen of them.
    """
    inks = np.full(len(areas), -1) if inks is None else inks
    real = np.flatnonzero(~shapely.is_empty(areas))[::-1]
    if not len(real) or not hides.any():
        return polygons_of(areas[real[::-1]], real[::-1])
    bounds = shapely.bounds(areas[real])
    extent = (*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0))
    room = max((extent[2] - extent[0]) * (extent[3] - extent[1]), 1e-9)
    depth = float(shapely.area(areas[real]).sum()) / room
    layers = np.array_split(real, max(1, math.ceil(depth / _LAYER_DEPTH), len(real) // _LARGEST_LAYER))
    free = _tiles(extent, len(real)) if len(layers) > 1 else np.array([shapely.box(*extent)])
    found: list[tuple[Areas, Owners]] = []
    for number, layer in enumerate(layers):
        if not len(free):
            break
        parts, owners = (areas[layer], layer) if number == 0 else _inside(areas[layer], layer, free)
        covers = layer[hides[layer]]
        low, high = _pairs(parts, areas[covers])
        above = covers[high] > owners[low]
        above &= (inks[owners[low]] < 0) | (inks[owners[low]] != inks[covers[high]])
        low, high = low[above], high[above]
        if exact is not None:
            # What is larger than all that lies over it is seen, whatever the parts are; and so, it is
            # taken, is what very many small ones would have to hide together.
            over = np.bincount(low, shapely.area(areas[covers[high]]), minlength=len(parts))
            few = np.bincount(low, minlength=len(parts)) <= _MOST_OVER
            matters = exact[owners] | ((over >= shapely.area(parts)) & few)
            low, high = low[matters[low]], high[matters[low]]
        parts = _cut(parts, low, areas[covers[high]])
        found.append(polygons_of(parts, owners))
        if number + 1 < len(layers):
            which, by = _pairs(free, areas[covers])
            free = polygons_of(_cut(free, which, areas[covers[by]]), np.arange(len(free)))[0]
    seen, owners = np.concatenate([one[0] for one in found]), np.concatenate([one[1] for one in found])
    order = np.argsort(owners, kind="stable")
    return seen[order], owners[order]


def cut_lines(
    lines: Areas,
    places: Owners,
    line_inks: npt.NDArray[np.int64],
    seen: tuple[Areas, Owners],
    hides: Bools,
    inks: npt.NDArray[np.int64],
) -> Areas:
    """What is left of lines [k] when the areas above them, but for those of the same ink, have hidden it.

    places: where in the order of all areas each line is. seen: what `uppermost` gives for all areas.
    """
    parts, owners = seen
    parts, owners = parts[hides[owners]], owners[hides[owners]]
    low, high = _pairs(lines, parts)
    above = (owners[high] > places[low]) & (inks[owners[high]] != line_inks[low])
    return _cut(lines, low[above], parts[high[above]])


def joined(polygons: Areas) -> Areas:
    """Polygons [n] that are to be one area, as [m] that do not meet, without seams where they did."""
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    count = len(polygons)
    which, where = _pairs(polygons, polygons)
    links = coo_array((np.ones(len(which), np.bool_), (which, where)), shape=(count, count))
    label = connected_components(links, directed=False)[1]
    order = np.argsort(label, kind="stable")
    groups = np.split(polygons[order], np.flatnonzero(np.diff(label[order])) + 1)
    alone = [group[0] for group in groups if len(group) == 1]
    unions = [shapely.union_all(group) for group in groups if len(group) > 1]
    closed = shapely.buffer(np.array(unions, dtype=object), _SEAM_MM, join_style="mitre")
    closed = shapely.buffer(closed, -_SEAM_MM, join_style="mitre")
    return np.concatenate([np.array(alone, dtype=object), shapely.get_parts(closed)])


def polygons_of(areas: Areas, owners: Owners) -> tuple[Areas, Owners]:
    """The polygons of any geometries, but for specks, and the owner of each."""
    parts, which = shapely.get_parts(areas, return_index=True)
    nested = shapely.get_type_id(parts) > 3
    if nested.any():
        inner, again = shapely.get_parts(parts[nested], return_index=True)
        which = np.concatenate([which[~nested], which[nested][again]])
        parts = np.concatenate([parts[~nested], inner])
    kept = (shapely.get_type_id(parts) == 3) & (shapely.area(parts) > _SPECK_MM2)
    return parts[kept], owners[which[kept]]


def _tiles(extent: tuple[float, ...], count: int) -> Areas:
    """The extent in squares, as many as `count` areas ask for."""
    left, top, right, bottom = extent
    side = math.sqrt((right - left) * (bottom - top) / max(1, count / _AREAS_PER_TILE))
    columns, rows = max(1, round((right - left) / side)), max(1, round((bottom - top) / side))
    x, y = np.linspace(left, right, columns + 1), np.linspace(top, bottom, rows + 1)
    return np.asarray(
        shapely.box(*(side.ravel() for side in np.meshgrid(x[:-1], y[:-1])),
                    *(side.ravel() for side in np.meshgrid(x[1:], y[1:])))
    )  # fmt: skip


def _inside(areas: Areas, owners: Owners, free: Areas) -> tuple[Areas, Owners]:
    which, where = _pairs(areas, free)
    return polygons_of(shapely.intersection(areas[which], free[where]), owners[which])


def _pairs(some: Areas, others: Areas) -> tuple[Owners, Owners]:
    """Which of some meet which of the others."""
    if not len(some) or not len(others):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    which, where = shapely.STRtree(others).query(some, predicate="intersects")
    return np.asarray(which, dtype=np.int64), np.asarray(where, dtype=np.int64)


def _cut(geometries: Areas, which: Owners, by: Areas) -> Areas:
    """Geometries without what is taken off them: by[k] off geometries[which[k]]."""
    if not len(which):
        return geometries
    left = geometries.copy()
    order = np.argsort(which, kind="stable")
    which, by = which[order], by[order]
    counts = np.bincount(which, minlength=len(left))
    first = np.cumsum(counts) - counts
    # Where many are taken off one, they are joined before.
    for k in np.flatnonzero(counts > _ROUNDS).tolist():
        left[k] = shapely.difference(left[k], shapely.union_all(by[first[k] : first[k] + counts[k]]))
    few = np.flatnonzero((counts > 0) & (counts <= _ROUNDS))
    for turn in range(_ROUNDS):
        few = few[(counts[few] > turn) & ~shapely.is_empty(left[few])]
        if not len(few):
            break
        left[few] = shapely.difference(left[few], by[first[few] + turn])
    return left
