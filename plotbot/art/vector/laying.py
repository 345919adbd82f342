"""What of an SVG is drawn as lines before any tone: thin lines, outlines of what is solid, and letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import shapely

from plotbot.art.picture.judge import Strokes
from plotbot.art.picture.quantize import finely
from plotbot.art.vector.glyphs import mark_lines
from plotbot.art.vector.shapes import Rgba, Shape, is_opaque, visible
from plotbot.art.vector.source import render
from plotbot.ink.spaces import delta_e00, lab_to_srgb, rec2020_to_lab, srgb_to_lab
from plotbot.layers import LayeredPen
from plotbot.pens.inventory import matchable_pens
from plotbot.pens.model import Inventory, Pen

__all__ = ["Laid", "Palette", "lay_lines", "lay_text", "without"]

Floats = npt.NDArray[np.float64]
Size = tuple[float, float]

_THIN = 1.7
"""A line up to this many pen widths is drawn as one stroke."""

_FAINT = 0.15
"""A line narrower than this share of the finest pen is left to the tones."""

_LIKE_DE = 12.0
"""An outline is drawn in a pen this near (ΔE00) to its colour; tones that are mixed have no outline."""

_MIN_PIECE_MM = 0.1


class Palette:
    """Which pen a paint is drawn with. forced: pen ids by the place of a layer."""

    def __init__(self, inventory: Inventory, forced: Mapping[int, str]) -> None:
        self.inventory = inventory
        self.forced = {place: inventory[pen] for place, pen in forced.items()}
        self.pens = matchable_pens(inventory)
        self.labs = np.array([pen.lab for pen in self.pens])
        self.finest = min(pen.width_mm for pen in self.pens)
        self._nearest: dict[Rgba, tuple[Pen | None, float]] = {}

    def pen(self, paint: Rgba | None, place: int) -> Pen | None:
        """The pen of a paint in a layer: the layer's own, or the nearest; None where the paper is nearer."""
        return self.forced.get(place) or self.nearest(paint)[0]

    def nearest(self, paint: Rgba | None) -> tuple[Pen | None, float]:
        """The pen nearest to a paint, None where the paper is nearer, and how far off (ΔE00) it is."""
        if paint is None:
            return None, 0.0
        if paint not in self._nearest:
            white = np.clip(lab_to_srgb(np.array(self.inventory.paper.lab)), 0, 1)
            over = np.array(paint[:3]) / 255 * paint[3] + white * (1 - paint[3])
            # What a screen shows as white is the bare paper, and darker colours follow it down a little.
            lab = srgb_to_lab(over * (1 - (1 - white) * over))
            apart = delta_e00(self.labs, lab[None])
            paper = float(delta_e00(np.array(self.inventory.paper.lab), lab))
            best = int(np.argmin(apart))
            self._nearest[paint] = (self.pens[best] if apart[best] < paper else None, float(apart[best]))
        return self._nearest[paint]

    def solid(self, paint: Rgba | None, place: int) -> Pen | None:
        """The pen that outlines an area of a paint; None where the area is seen through or is a mixture."""
        if not is_opaque(paint):
            return None
        nearest, apart = self.nearest(paint)
        if nearest is None:
            return None
        return self.forced.get(place) or (nearest if apart < _LIKE_DE else None)


@dataclass(frozen=True, slots=True)
class Laid:
    """strokes: in mm from the corner of the page. thin: the lines among them with the widths they have."""

    strokes: Strokes
    thin: list[tuple[Any, float]]

    def covered(self, around: float) -> Any:
        """The area of the thin lines and of so many mm around them."""
        return shapely.unary_union([line.buffer(width / 2 + around) for line, width in self.thin])


def lay_lines(
    shapes: Sequence[Shape], size: Size, picture: npt.NDArray[Any], palette: Palette, dropped: Counter[str]
) -> Laid:
    """Thin lines and outlines, cut where something lies above, in mm from the corner of the page.

    picture: the file as rendered, which knows what is not said in its shapes. Counts in `dropped` what is
    wholly hidden.
    """
    page = shapely.box(0, 0, *size)
    pieces: list[Any] = []
    covers: list[Any] = []
    pens: list[Pen | None] = []
    insets: list[float] = []
    labels: list[str] = []
    for shape in shapes:
        fill = shape.filled() if shape.fill is not None and shape.plain else None
        wide = shape.width > _THIN * palette.finest
        drawn = shape.stroke if shape.plain else None
        area = shape.stroked() if drawn is not None and (wide or is_opaque(drawn)) else None
        # The filling comes first, the line over it.
        pieces += [fill, area if wide else _thin_line(shape, drawn, palette)]
        covers += [fill if is_opaque(shape.fill) else None, area if is_opaque(drawn) else None]
        pens += [
            palette.solid(shape.fill, shape.place),
            palette.solid(drawn, shape.place) if wide else _line_pen(drawn, shape.place, palette),
        ]
        insets += [0.5, 0.5 if wide else 0.0]
        labels += [shape.layer] * 2
    seen = visible([shapely.Polygon() if piece is None else piece for piece in pieces], covers)
    strokes: Strokes = []
    thin: list[tuple[Any, float]] = []
    for given, piece, pen, inset, label in zip(pieces, seen, pens, insets, labels, strict=True):
        if given is None or given.is_empty:
            continue
        if piece.is_empty:
            dropped["hidden by what lies above"] += 1
            continue
        if pen is None:
            continue
        shown = piece.intersection(page)
        if inset:
            shown = shown.buffer(-inset * pen.width_mm).boundary
        else:
            thin.append((shown, max(pen.width_mm, palette.finest)))
        name = LayeredPen(pen.id, label)
        strokes += [(name, points) for points in _polylines(shown) if _shown(points, picture, size)]
    return Laid(strokes, thin)


def lay_text(
    texts: ElementTree.Element, size_px: Size, size: Size, name: str, palette: Palette
) -> tuple[Strokes, Any]:
    """Letters as lines in mm from the corner of the page, colour by colour, and where they lie."""
    px_per_mm = min(20.0, 5000 / max(size))
    picture = render(texts, round(size[0] * px_per_mm), name, size_px)
    mm_per_px = size[0] / picture.shape[1]
    inked = picture.min(axis=2) < 0.6
    if not inked.any():
        return [], None
    flat = np.asarray(rec2020_to_lab(picture[inked].astype(np.float64)))
    apart = np.stack([delta_e00(flat, lab[None]) for lab in palette.labs], axis=1)
    which = np.full(inked.shape, -1)
    which[inked] = apart.argmin(axis=1)
    strokes: Strokes = []
    used, counts = np.unique(which[inked], return_counts=True)
    # Edges of letters mix with the paper; only colours with a body of their own are colours.
    bodies = used[counts > 0.15 * counts.max()]
    for index in bodies:
        pen = palette.pens[index]
        # Mixed edge pixels go to the letter they belong to.
        mask = (which == index) | (inked & ~np.isin(which, bodies))
        strokes += [(LayeredPen(pen.id, ""), line) for line in mark_lines(mask, mm_per_px, pen.width_mm)]
    boxes = [shapely.LineString(line).buffer(0.6 * palette.finest + 0.2) for _, line in strokes]
    return strokes, shapely.unary_union(boxes) if boxes else None


def without(picture: npt.NDArray[Any], area: Any, size: Size) -> npt.NDArray[Any]:
    """The picture without what lies in an area (mm): there it goes on as it is around."""
    from PIL import Image, ImageDraw  # noqa: PLC0415
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415

    if area is None or area.is_empty:
        return picture
    height, width = picture.shape[:2]
    mask = Image.new("1", (width, height))
    draw = ImageDraw.Draw(mask)
    factor = np.array([width / size[0], height / size[1]])
    for polygon in shapely.get_parts(area):
        if polygon.geom_type == "Polygon" and not polygon.is_empty:
            for ring, ink in ((polygon.exterior, 1), *((hole, 0) for hole in polygon.interiors)):
                draw.polygon(
                    [tuple(point) for point in (shapely.get_coordinates(ring) * factor).tolist()], fill=ink
                )
    covered = np.asarray(mask)
    if covered.all():
        return np.ones_like(picture)
    rows, columns = distance_transform_edt(covered, return_distances=False, return_indices=True)
    return np.asarray(picture[rows, columns])


def _thin_line(shape: Shape, drawn: Rgba | None, palette: Palette) -> Any:
    """A line about as wide as a pen, as it is; None for one that is too faint for a line of its own."""
    if drawn is None or drawn[3] < 0.5 or (shape.width < _FAINT * palette.finest and shape.width > 0):
        return None
    return shape.middle()


def _line_pen(drawn: Rgba | None, place: int, palette: Palette) -> Pen | None:
    nearest = palette.nearest(drawn)[0]
    return None if nearest is None else palette.forced.get(place) or nearest


def _shown(points: Floats, picture: npt.NDArray[Any], size: Size) -> bool:
    """Whether the rendering has anything where a line would be; it knows styles that hide it."""
    height, width = picture.shape[:2]
    fine = finely(points)
    columns = np.clip((fine[:, 0] / size[0] * width).astype(int), 0, width - 1)
    rows = np.clip((fine[:, 1] / size[1] * height).astype(int), 0, height - 1)
    return bool((picture[rows, columns].min(axis=1) < 0.9).mean() > 0.3)


def _polylines(geometry: Any) -> list[Floats]:
    """The lines of a geometry as arrays [n, 2], specks left out."""
    merged = shapely.line_merge(geometry) if "Line" in geometry.geom_type else geometry
    return [
        shapely.get_coordinates(part)
        for part in shapely.get_parts(merged)
        if part.geom_type in ("LineString", "LinearRing") and part.length >= _MIN_PIECE_MM
    ]
