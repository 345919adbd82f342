"""The shapes of an SVG in paint order, and what of each can be seen.

svgelements resolves transforms, styles, <use> and units. Geometry is in millimetres, y down.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from plotbot.errors import BadInput
from plotbot.paper import mm_from_px
from plotbot.svg import _lines

__all__ = ["Shape", "is_opaque", "read_shapes", "visible"]

Floats = npt.NDArray[np.float64]
Rgba = tuple[int, int, int, float]

MAX_SHAPES = 500_000

_LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
_GROUP_MODE = "{http://www.inkscape.org/namespaces/inkscape}groupmode"
_OPAQUE = 0.995
_CAPS = {"round": "round", "square": "square", "butt": "flat"}
_JOINS = {"round": "round", "bevel": "bevel", "miter": "mitre"}
_CLIPPED = ("clip-path", "mask", "filter")


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One painted shape. lines: polylines [n, 2] mm. fill, stroke: sRGB 0..255 and opacity 0..1, None where
    there is none or it is no plain colour. width: of the line, mm. layer: label of the layer it is in,
    place: which layer that is, from 1. plain: whether all of how it looks is known here (it is not
    clipped, masked or filtered)."""

    lines: tuple[Floats, ...]
    fill: Rgba | None
    stroke: Rgba | None
    width: float
    cap: str
    join: str
    even_odd: bool
    layer: str
    place: int
    plain: bool

    def filled(self) -> BaseGeometry | None:
        """The area inside, by the shape's fill rule; None where it has none."""
        rings = [line for line in self.lines if len(line) > 2]
        if not rings:
            return None
        if len(rings) == 1:
            return shapely.make_valid(shapely.Polygon(rings[0]), method="structure")
        if self.even_odd:
            total = shapely.Polygon()
            for ring in rings:
                total = total.symmetric_difference(
                    shapely.make_valid(shapely.Polygon(ring), method="structure")
                )
            return total
        # Non-zero winding: rings of one sense add up, those of the other sense cut holes.
        senses = [_turns(ring) for ring in rings]
        largest = max(range(len(rings)), key=lambda k: shapely.Polygon(rings[k]).area)
        parts: dict[bool, list[BaseGeometry]] = {True: [], False: []}
        for ring, sense in zip(rings, senses, strict=True):
            polygon = shapely.make_valid(shapely.Polygon(ring), method="structure")
            parts[sense == senses[largest]].append(polygon)
        solid, holes = shapely.unary_union(parts[True]), shapely.unary_union(parts[False])
        # A ring of the other sense outside of all others is solid too.
        return solid.symmetric_difference(holes)

    def stroked(self) -> BaseGeometry | None:
        """The area under its line."""
        lines = [_line(points) for points in self.lines]
        if not lines or self.width <= 0:
            return None
        return shapely.unary_union(
            [
                line.buffer(self.width / 2, cap_style=self.cap, join_style=self.join, quad_segs=8)
                for line in lines
            ]
        )


def read_shapes(data: bytes, name: str) -> tuple[list[Shape], tuple[float, float]]:
    """The shapes of an SVG, bottom first, and its size in mm. Raises `BadInput`.

    The bytes must have been checked for hostile contents already.
    """
    import svgelements  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        svg = svgelements.SVG.parse(BytesIO(data), reify=True)
        walk = _Walk(svgelements)
        shapes = list(walk.shapes(svg, _Context()))
        width, height = float(svg.width), float(svg.height)
    except (
        ValueError,
        TypeError,
        AttributeError,
        KeyError,
        IndexError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise BadInput(f"{name} is not a readable SVG: {type(error).__name__} in its shapes.") from error
    if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
        raise BadInput(f"{name} is {width:g} x {height:g} px large; both sides must be over 0.")
    for shape in shapes:
        if not all(np.isfinite(line).all() for line in shape.lines):
            raise BadInput(f"{name} has a shape with a coordinate that is no number.")
    return shapes, (mm_from_px(width), mm_from_px(height))


def visible(lines: Sequence[BaseGeometry], covers: Sequence[BaseGeometry | None]) -> list[BaseGeometry]:
    """What is left of each line, or area, when everything above it has hidden it.

    covers[k] is the opaque area that the k-th shape puts over all shapes before it, None for nothing.
    """
    places = [k for k, cover in enumerate(covers) if cover is not None and not cover.is_empty]
    solid = [covers[k] for k in places]
    if not solid:
        return list(lines)
    tree = shapely.STRtree(solid)
    where = np.asarray(places)
    left = []
    for k, line in enumerate(lines):
        hit = tree.query(line, predicate="intersects")
        above = hit[where[hit] > k]
        if len(above):
            line = line.difference(shapely.unary_union([solid[index] for index in above]))  # noqa: PLW2901
        left.append(line)
    return left


@dataclass(frozen=True, slots=True)
class _Context:
    opacity: float = 1.0
    layer: str = ""
    place: int = 0
    plain: bool = True


class _Walk:
    """From the tree of svgelements to shapes; groups multiply their opacity into what they hold."""

    def __init__(self, svgelements: Any) -> None:
        self.library = svgelements
        self.count = 0
        self.layers = 0

    def shapes(self, group: Any, above: _Context) -> Iterator[Shape]:
        for element in group:
            own = element.values.get("attributes") or {} if hasattr(element, "values") else {}
            here = _Context(
                above.opacity * _number(own.get("opacity"), 1.0),
                above.layer,
                above.place,
                above.plain and not any(str(own.get(key, "none")) != "none" for key in _CLIPPED),
            )
            if isinstance(element, self.library.Shape):
                shape = self._shape(element, own, here)
                if shape is not None:
                    yield shape
            elif isinstance(element, self.library.Group):
                if own.get("display") == "none":
                    continue
                label = own.get(_LABEL)
                # A layer is what Inkscape calls one, or else a group at the top that has a name.
                if own.get(_GROUP_MODE) == "layer" or (above.place == 0 and (label or own.get("id"))):
                    self.layers += 1
                    here = _Context(here.opacity, str(label or own.get("id") or ""), self.layers, here.plain)
                yield from self.shapes(element, here)

    def _shape(self, element: Any, own: Any, here: _Context) -> Shape | None:
        self.count += 1
        if self.count > MAX_SHAPES:
            raise BadInput(f"The SVG has more than {MAX_SHAPES} shapes; split it.")
        values = element.values
        if values.get("visibility") in ("hidden", "collapse") or own.get("display") == "none":
            return None
        fill = _paint(element.fill, values, "fill", here.opacity)
        stroke = _paint(element.stroke, values, "stroke", here.opacity)
        plain = here.plain and not any("url(" in str(values.get(key, "")) for key in ("fill", "stroke"))
        # Dashes are left to the rendering, as clips and gradients are.
        plain = plain and str(values.get("stroke-dasharray", "none")) in ("none", "")
        lines = tuple(
            mm_from_px(np.column_stack([line.real, line.imag])) for line in _lines(element, self.library)
        )
        if not lines or (fill is None and stroke is None and plain):
            return None
        width = float(element.stroke_width or 0.0)
        return Shape(
            lines,
            fill,
            stroke,
            mm_from_px(width),
            _CAPS.get(str(values.get("stroke-linecap")), "flat"),
            _JOINS.get(str(values.get("stroke-linejoin")), "mitre"),
            values.get("fill-rule") == "evenodd",
            here.layer,
            here.place,
            plain,
        )


def _paint(colour: Any, values: Any, key: str, opacity: float) -> Rgba | None:
    if colour is None or colour.value is None or "url(" in str(values.get(key, "")):
        return None
    opacity *= colour.alpha / 255
    if opacity <= 1 / 512:
        return None
    return (int(colour.red), int(colour.green), int(colour.blue), min(opacity, 1.0))


def is_opaque(paint: Rgba | None) -> bool:
    """Whether nothing can be seen through a paint."""
    return paint is not None and paint[3] >= _OPAQUE


def _number(value: Any, default: float) -> float:
    try:
        number = float(str(value).rstrip("%")) / (100 if str(value).endswith("%") else 1)
    except ValueError:
        return default
    return min(max(number, 0.0), 1.0) if math.isfinite(number) else default


def _turns(ring: Floats) -> bool:
    x, y = ring.T
    return bool((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0)


def _line(points: Floats) -> BaseGeometry:
    return shapely.LineString(points)
