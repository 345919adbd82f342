"""What of an SVG is drawn as lines before any tone: thin lines as they are, and outlines of what is solid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from plotbot.art.picture.judge import Strokes
from plotbot.art.vector.areas import filled_areas, middles, polylines, stroked_areas
from plotbot.art.vector.hiding import cut_lines, joined, uppermost
from plotbot.art.vector.palette import Palette, light_of
from plotbot.art.vector.shapes import Rgba, Shape, is_opaque
from plotbot.art.vector.showing import Seen, parts_in, shown
from plotbot.art.vector.solids import infill
from plotbot.layers import LayeredPen
from plotbot.pens.model import Pen
from plotbot.svg_tangles import is_tangled

__all__ = ["Laid", "lay_lines"]

Floats = npt.NDArray[np.float64]
Size = tuple[float, float]
Tell = Callable[[float], None]

_THIN = 1.5
"""A line up to this many pen widths is drawn as one stroke."""

_FAINT = 0.15
"""A line narrower than this share of the finest pen is left to the tones."""

_VISIBLE_LINE = 0.5
"""A line more transparent than this is left to the tones."""

_SHORTEST_MM = 0.1


@dataclass(frozen=True, slots=True)
class Laid:
    """strokes: in mm from the corner of the page. thin: lines that are drawn as they are, with their widths.
    solid: polygons [n] that are wholly covered and done; lights: the colour of each as light, linear
    Rec.2020."""

    strokes: Strokes
    thin: list[tuple[Floats, float]]
    solid: npt.NDArray[Any]
    lights: Floats


@dataclass(frozen=True, slots=True)
class _Piece:
    """A filling, or a line, of a shape. thin: whether it is drawn as a line without width."""

    shape: Shape
    paint: Rgba
    line: bool
    thin: bool = False


def lay_lines(
    shapes: Sequence[Shape],
    size: Size,
    picture: npt.NDArray[Any],
    palette: Palette,
    dropped: Counter[str],
    tell: Tell,
) -> Laid:
    """Thin lines as they are, and areas of one pen with outline and lines, cut where something lies above;
    in mm from the corner of the page.

    picture: the file as rendered, which knows what is not said in its shapes. Counts in `dropped` what is
    wholly hidden. tell: told how far it is, 0..1.
    """
    pieces = _Pieces(
        [piece for shape in shapes for piece in _pieces(shape, palette, alone=len(shapes) == 1)],
        palette,
        size,
    )
    tell(0.2)
    seen = uppermost(pieces.areas, pieces.hides, pieces.inks, pieces.solid)
    tell(0.5)
    hidden = pieces.plain & ~pieces.thin & ~shapely.is_empty(pieces.areas)
    hidden[seen[1]] = False
    dropped["hidden by what lies above"] += int(hidden.sum())
    lines = _thin_lines(pieces, seen, size, picture, dropped)
    tell(0.6)
    # What lies under something translucent, or under a gradient, is left to the tones.
    tints = ~pieces.hides & ~pieces.thin
    solid, owners = (
        uppermost(pieces.areas, pieces.hides | tints, pieces.inks, pieces.solid)
        if tints.any() and pieces.solid.any()
        else seen
    )
    own = pieces.solid[owners]
    solid, owners = solid[own], owners[own]
    lights = light_of([palette.shown(pieces[k].paint, pieces[k].shape.place) for k in owners.tolist()])
    tell(0.7)
    strokes: Strokes = [(pieces.name(k), points) for k, points in lines]
    groups = np.array([f"{pieces.inks[k]} {pieces[k].shape.layer}" for k in owners.tolist()])
    for group in np.unique(groups):
        chosen = groups == group
        name = pieces.name(int(owners[chosen][0]))
        paths = infill(joined(solid[chosen]), palette.inventory[name].width_mm)
        parts = parts_in(Seen(lights[chosen]), paths, picture, size)
        strokes.extend((name, part) for part in parts)
    thin = [(points, pieces.width(k)) for k, points in lines]
    done = ~np.array(
        [palette.takes_more(pieces[k].paint, pieces[k].shape.place) for k in owners.tolist()], dtype=bool
    )
    return Laid(strokes, thin, solid[done], lights[done])


class _Pieces:
    """All pieces, bottom first. areas: what each covers, [n]; of thin lines only where they hide anything.
    lines: the thin lines, [k]. hides: which hide what is below them. thin, plain, solid: which are lines
    without width, are known in all they look like, and are areas of one pen. inks: places of their pens in
    the inventory, or below 0."""

    def __init__(self, pieces: list[_Piece], palette: Palette, size: Size) -> None:
        self._pieces = pieces
        palette.meet(piece.paint for piece in pieces)
        palette.learn([one.paint for one in pieces if not one.thin and is_opaque(one.paint)])
        self._pens = [_pen_of(piece, palette) for piece in pieces]
        number = {pen.id: k for k, pen in enumerate(palette.inventory.pens)}
        self.inks = np.array([-1 if pen is None else number[pen.id] for pen in self._pens], dtype=np.int64)
        self.thin = np.array([piece.thin for piece in pieces], dtype=bool)
        self.plain = np.array([piece.shape.plain for piece in pieces], dtype=bool)
        self.hides = np.array([is_opaque(piece.paint) for piece in pieces], dtype=bool) & self.plain
        self.solid = ~self.thin & (self.inks >= 0)
        line = np.array([piece.line for piece in pieces], dtype=bool)
        # Where nothing is opaque no area matters; where all is of one ink no line hides anything.
        alone = len(np.unique(self.inks)) == 1 and self.inks[0] >= 0
        asked = bool(self.hides.any())
        lined = np.flatnonzero(asked & line & ~(self.thin & (alone | ~self.hides)))
        filled = np.flatnonzero(asked & ~line)
        self.areas = np.full(len(pieces), shapely.Polygon(), dtype=object)
        self.areas[filled] = filled_areas([pieces[k].shape for k in filled.tolist()])
        self.areas[lined] = stroked_areas([pieces[k].shape for k in lined.tolist()])
        self.areas = _on_page(self.areas, size)
        self.lines = middles([piece.shape for piece in pieces if piece.thin])

    def __getitem__(self, place: int) -> _Piece:
        return self._pieces[place]

    def name(self, place: int) -> str:
        """The pen of a piece, with its layer."""
        pen = self._pens[place]
        assert pen is not None
        return LayeredPen(pen.id, self._pieces[place].shape.layer)

    def width(self, place: int) -> float:
        """How wide a thin line is in the end."""
        pen = self._pens[place]
        return max(self._pieces[place].shape.width, 0.0 if pen is None else pen.width_mm)


def _pieces(shape: Shape, palette: Palette, *, alone: bool) -> list[_Piece]:
    """The filling of a shape, then its line over it. alone: nothing else is drawn."""
    found = []
    line_only = alone and shape.fill is None and shape.width <= _THIN * palette.finest
    if shape.plain and not line_only and is_tangled(shape.outline):
        shape = replace(shape, plain=False)
    if shape.fill is not None:
        found.append(_Piece(shape, shape.fill, line=False))
    if shape.stroke is not None:
        widths = shape.width / palette.finest
        thin = shape.plain and (widths == 0 or _FAINT <= widths <= _THIN) and shape.stroke[3] >= _VISIBLE_LINE
        found.append(_Piece(shape, shape.stroke, line=True, thin=thin))
    return found


def _pen_of(piece: _Piece, palette: Palette) -> Pen | None:
    """The pen that draws a line, or covers an area by itself; None for what is left to the tones."""
    if not piece.shape.plain:
        return None
    if piece.thin:
        return palette.line_pen(piece.paint, piece.shape.place)
    return palette.solid_pen(piece.paint, piece.shape.place)


def _thin_lines(
    pieces: _Pieces,
    seen: tuple[npt.NDArray[Any], npt.NDArray[np.int64]],
    size: Size,
    picture: npt.NDArray[Any],
    dropped: Counter[str],
) -> list[tuple[int, Floats]]:
    """What can be seen of the thin lines on the page, each with the place of its piece."""
    places, lines = np.flatnonzero(pieces.thin), pieces.lines
    left = cut_lines(lines, places, pieces.inks[places], seen, pieces.hides, pieces.inks)
    dropped["hidden by what lies above"] += int((shapely.is_empty(left) & ~shapely.is_empty(lines)).sum())
    drawn = pieces.inks[places] >= 0
    places, left = places[drawn], left[drawn]
    left = _on_page(left, size)
    found, which = polylines(left, _SHORTEST_MM)
    # Letters in single lines are not in the rendering; they have no width.
    kept = shown(found, picture, size) | np.array(
        [pieces[k].shape.width == 0 for k in places[which]], dtype=bool
    )
    return [
        (place, points)
        for place, points, there in zip(places[which].tolist(), found, kept.tolist(), strict=True)
        if there
    ]


def _on_page(geometries: npt.NDArray[Any], size: Size) -> npt.NDArray[Any]:
    """What of geometries lies on the page."""
    low_x, low_y, high_x, high_y = shapely.bounds(geometries).T
    beyond = (low_x < 0) | (low_y < 0) | (high_x > size[0]) | (high_y > size[1])
    inside = geometries.copy()
    inside[beyond] = shapely.intersection(geometries[beyond], shapely.box(0, 0, *size))
    return inside
