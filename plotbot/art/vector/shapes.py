"""The shapes of an SVG in paint order, in millimetres."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from plotbot.errors import BadInput
from plotbot.layers import NOT_PLOTTED
from plotbot.paper import mm_from_px, px_from_mm
from plotbot.svg import read_checked
from plotbot.svg_plain import MAX_POINTS, TooManyPoints
from plotbot.svg_tree import Picture, Rgba, clipped

__all__ = ["Rgba", "Shape", "Shapes", "is_opaque", "read_shapes", "scaled"]

Floats = npt.NDArray[np.float64]

_OPAQUE = 0.995
_INVISIBLE = 1 / 512
_CAPS = {"round": "round", "square": "square", "butt": "flat"}
_JOINS = {"round": "round", "bevel": "bevel", "miter": "mitre"}


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One painted shape. outline: complex polylines in mm; line: the same cut into dashes where it has any.
    fill, stroke: sRGB 0..255 and opacity 0..1, None where there is none. width: of the line, mm. layer:
    label of the layer it is in, place: which layer that is, from 1. plain: whether all of how it looks is
    known here (no gradient, pattern, mask or filter). clip: where it can be seen at all."""

    outline: tuple[npt.NDArray[np.complex128], ...]
    line: tuple[npt.NDArray[np.complex128], ...]
    fill: Rgba | None
    stroke: Rgba | None
    width: float
    cap: str
    join: str
    even_odd: bool
    layer: str
    place: int
    plain: bool
    clip: Any = None

    def centre_lines(self) -> list[Floats]:
        """Polylines [n, 2] of its line, or of its outline where it has none, clipped."""
        lines = self.line if self.stroke is not None else self.outline
        return [_coordinates(line) for line in clipped(lines, self.clip)[0]]


@dataclass(frozen=True, slots=True)
class Shapes:
    """What a file shows. size: of the page in mm. left_out: how many things have no lines, by what they are.
    hidden: how many shapes are not seen, by reason. layers: labels by place. missing: letters that the
    single-line font does not have."""

    shapes: list[Shape]
    size: tuple[float, float]
    left_out: Counter[str]
    hidden: Counter[str]
    layers: dict[int, str]
    missing: int = 0

    @property
    def size_px(self) -> tuple[float, float]:
        """The page in px."""
        return (px_from_mm(self.size[0]), px_from_mm(self.size[1]))


def read_shapes(data: bytes, path: Path, *, text: bool = False) -> Shapes:
    """The shapes of an SVG, bottom first; text: whether text becomes single lines. Raises `BadInput`.

    The bytes must have been checked for hostile contents already.
    """
    try:
        picture = read_checked(data, path, text=text)
    except TooManyPoints as error:
        raise BadInput(f"{path} is refused: its curves need more than {MAX_POINTS} points.") from error
    width, height = _page(picture)
    if not (math.isfinite(width) and math.isfinite(height) and width > 0 and height > 0):
        raise BadInput(f"{path} is {width:g} x {height:g} px large; both sides must be over 0.")
    shapes: list[Shape] = []
    hidden: Counter[str] = Counter()
    for one in picture.shapes:
        fill, stroke = _seen(one.fill), _seen(one.stroke)
        why = one.hidden or ("" if fill or stroke else "invisible: neither line nor filling")
        if why:
            hidden[NOT_PLOTTED if one.label.lstrip().startswith("%") else why] += 1
            continue
        if not all(np.isfinite(line).all() for line in one.lines):
            raise BadInput(f"{path} has a shape with a coordinate that is no number.")
        shapes.append(
            Shape(
                tuple(map(mm_from_px, one.lines)), tuple(map(mm_from_px, one.stroked)), fill, stroke,
                mm_from_px(one.width), _CAPS.get(one.cap, "flat"), _JOINS.get(one.join, "mitre"),
                one.even_odd, one.label, one.place, one.plain, _scaled(one.clip, mm_from_px(1.0)),
            )
        )  # fmt: skip
    layers = picture.layers
    size = (mm_from_px(width), mm_from_px(height))
    return Shapes(shapes, size, picture.left_out, hidden, layers, picture.missing)


def _page(picture: Picture) -> tuple[float, float]:
    """The size of a page in px: what the file says, or as far as its shapes reach."""
    known = [line for one in picture.shapes for line in one.lines if np.isfinite(line).all()]
    if picture.sized or not known:
        return picture.size
    every = np.concatenate(known)
    return (max(1.0, float(every.real.max())), max(1.0, float(every.imag.max())))


def is_opaque(paint: Rgba | None) -> bool:
    """Whether nothing can be seen through a paint."""
    return paint is not None and paint[3] >= _OPAQUE


def scaled(shape: Shape, scale: float) -> Shape:
    """The same shape `scale` times as large."""
    return Shape(
        tuple(line * scale for line in shape.outline), tuple(line * scale for line in shape.line),
        shape.fill, shape.stroke, shape.width * scale, shape.cap, shape.join, shape.even_odd,
        shape.layer, shape.place, shape.plain, _scaled(shape.clip, scale),
    )  # fmt: skip


def _scaled(area: Any, scale: float) -> Any:
    return None if area is None else shapely.transform(area, lambda points: points * scale)


def _seen(paint: Rgba | None) -> Rgba | None:
    return None if paint is None or paint[3] <= _INVISIBLE else paint


def _coordinates(line: npt.NDArray[np.complex128]) -> Floats:
    return np.column_stack([line.real, line.imag])
