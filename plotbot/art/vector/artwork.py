"""Any SVG onto the pens in the tin.

``lines`` draws centre lines. ``faithful`` makes the look: lines about as wide as a pen are drawn as they
are, what an opaque shape hides is cut away exactly, wide lines and fillings get an outline, and every
tone, whether it comes from a filling, a gradient, opacity, a clip, a filter or an embedded image, is
taken from a rendering of the file by resvg and hatched over what is drawn already.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import shapely

from plotbot.art.picture.judge import ColourDifference, Strokes, colour_difference, film_of_strokes, resized
from plotbot.art.picture.quantize import QuantizeOptions, finely, quantize
from plotbot.art.vector.glyphs import mark_lines
from plotbot.art.vector.placement import crop
from plotbot.art.vector.shapes import Rgba, Shape, is_opaque, read_shapes, visible
from plotbot.art.vector.source import only_text, read_source, render
from plotbot.errors import BadInput
from plotbot.ink.spaces import delta_e00, lab_to_srgb, rec2020_to_lab, srgb_to_lab
from plotbot.layers import NOT_PLOTTED, LayeredPen, LayerMap
from plotbot.pens.inventory import matchable_pens
from plotbot.pens.model import Inventory, Pen

__all__ = ["Artwork", "ArtworkOptions", "SvgMode", "read_artwork"]

Floats = npt.NDArray[np.float64]
SvgMode = Literal["lines", "faithful"]
Box = tuple[float, float, float, float]

_THIN = 1.7
"""A line up to this many pen widths is drawn as one stroke."""

_MIN_PIECE_MM = 0.1


@dataclass(frozen=True, slots=True)
class ArtworkOptions:
    """svg_mode: `lines` or `faithful`. layer_map: entries like ``layer 2=20``. tones: how tones are made."""

    svg_mode: SvgMode = "faithful"
    layer_map: tuple[str, ...] = ()
    tones: QuantizeOptions = field(
        default_factory=lambda: QuantizeOptions(marks="hatch", shortest=1.2, detail=0.4)
    )

    def __post_init__(self) -> None:
        if self.svg_mode not in ("lines", "faithful"):
            raise BadInput(f"SVG mode {self.svg_mode!r} is unknown; use lines or faithful.")


@dataclass(frozen=True, slots=True, eq=False)
class Artwork:
    """strokes: (pen id, points [n, 2] mm on the sheet). box_mm: where the page of the file lies. dropped:
    how many shapes are not drawn, by reason. difference: to the file as rendered, None for `lines`.
    floor: what the tin itself is
    off in its tones. target: that rendering, linear Rec.2020 [H, W, 3]."""

    strokes: Strokes
    box_mm: Box
    dropped: dict[str, int]
    difference: ColourDifference | None = None
    floor: ColourDifference | None = None
    target: Floats | None = None


def read_artwork(
    path: Path, inventory: Inventory, area_mm: Box, options: ArtworkOptions | None = None
) -> Artwork:
    """Read an SVG as strokes of the inventory's pens, as large as fits into an area of the sheet.

    The file is untrusted: entities, references to anything outside, and excessive sizes are refused, and
    nothing but the file is opened. Raises `BadInput`.
    """
    options = options or ArtworkOptions()
    root, skipped = read_source(path)
    chosen = LayerMap(options.layer_map, inventory)
    shapes, size = read_shapes(ElementTree.tostring(root), str(path))
    box, scale = _placed(size, area_mm)
    dropped: Counter[str] = Counter({NOT_PLOTTED: len(skipped)})
    work = _Artist(inventory, options, chosen, scale, np.array(box[:2]), dropped)
    if options.svg_mode == "lines":
        # As a browser does, nothing is shown beyond the page.
        strokes = crop(work.centre_lines(shapes), box)
        if not strokes:
            raise BadInput(f"{path} draws nothing: it has no visible line or shape.")
        return Artwork(strokes, box, _kept(dropped))
    return work.faithful(root, shapes, box, str(path))


def _placed(size: tuple[float, float], area: Box) -> tuple[Box, float]:
    left, top, right, bottom = area
    scale = min((right - left) / size[0], (bottom - top) / size[1])
    w, h = size[0] * scale, size[1] * scale
    if not min(w, h) >= 1.0:
        raise BadInput(f"The artwork would be {w:.2g} x {h:.2g} mm on the sheet; choose a larger area.")
    x, y = (left + right - w) / 2, (top + bottom - h) / 2
    return (x, y, x + w, y + h), scale


def _kept(dropped: Counter[str]) -> dict[str, int]:
    return {reason: count for reason, count in dropped.items() if count}


class _Artist:
    def __init__(
        self,
        inventory: Inventory,
        options: ArtworkOptions,
        chosen: LayerMap,
        scale: float,
        shift: Floats,
        dropped: Counter[str],
    ) -> None:
        self.inventory, self.options, self.chosen = inventory, options, chosen
        self.scale, self.shift, self.dropped = scale, shift, dropped
        self.pens = matchable_pens(inventory)
        self.labs = np.array([pen.lab for pen in self.pens])
        self.finest = min(pen.width_mm for pen in self.pens)
        self.nearest: dict[Rgba, tuple[Pen | None, float]] = {}

    def centre_lines(self, shapes: list[Shape]) -> Strokes:
        """Every line, and the outline of every filling without one, in the pen nearest to its colour."""
        strokes: Strokes = []
        for shape in shapes:
            # What is painted with a gradient or pattern has no colour of its own: its outline is drawn dark.
            paint = shape.stroke or shape.fill or (None if shape.plain else (0, 0, 0, 1.0))
            pen = self._pen(shape, paint)
            if pen is None:
                self.dropped[
                    "the colour of the bare paper" if paint else "invisible: neither line nor filling"
                ] += 1
                continue
            name = LayeredPen(pen.id, shape.layer)
            strokes += [(name, line * self.scale + self.shift) for line in shape.lines]
        return strokes

    def faithful(self, root: ElementTree.Element, shapes: list[Shape], box: Box, name: str) -> Artwork:
        size = (box[2] - box[0], box[3] - box[1])
        tones = self.options.tones
        px = max(64, round(size[0] / tones.detail * 2))
        picture = render(root, px, name)
        laid = self._laid(shapes, size, picture)
        thin = shapely.unary_union([line.buffer(width / 2 + 0.5 * tones.detail) for line, width in self.thin])
        rest = picture
        if self.thin:
            rest = _inpainted(picture, thin, size)
        texts = only_text(root)
        if texts is not None:
            letters, covered = self._text(texts, size, name)
            laid += letters
            rest = _inpainted(rest, covered, size) if covered is not None else rest
        sheet = [(pen, points + self.shift) for pen, points in laid]
        if float(1 - rest.min(axis=2).mean()) < 1e-4 or _bare(rest):
            strokes, floor = sheet, None
        else:
            result = quantize(rest, self.inventory, box, tones, laid=sheet)
            strokes, floor = result.strokes, result.report.floor
        if not strokes:
            raise BadInput(f"{name} draws nothing that can be told from the paper.")
        strokes = crop(strokes, box)
        cell = tones.detail
        shape = (max(2, round(size[1] / cell)), max(2, round(size[0] / cell)))
        film = film_of_strokes(strokes, self.inventory, box, 8.0)
        seen = colour_difference(
            resized(film, shape),
            resized(picture, shape),
            self.inventory.paper.lab,
            size[0] / shape[1],
            tones.viewing,
        )
        return Artwork(strokes, box, _kept(self.dropped), seen, floor, resized(picture, shape))

    def _laid(self, shapes: list[Shape], size: tuple[float, float], picture: npt.NDArray[Any]) -> Strokes:
        """Thin lines and outlines, cut where something lies above, in mm from the corner of the page."""
        self.thin: list[tuple[Any, float]] = []
        page = shapely.box(0, 0, *size)
        lines: list[Any] = []
        covers: list[Any] = []
        pens: list[Pen | None] = []
        insets: list[float] = []
        for shape in shapes:
            scaled = _scaled(shape, self.scale)
            drawable = shape.plain
            # The filling comes first, the line over it.
            fill = scaled.filled() if shape.fill is not None and drawable else None
            pen = self._pen(shape, shape.fill) if fill is not None else None
            lines.append(fill)
            pens.append(pen if is_opaque(shape.fill) else None)
            covers.append(fill if is_opaque(shape.fill) else None)
            insets.append(0.5)
            wide = scaled.width > _THIN * self.finest
            stroke = (
                scaled.stroked()
                if shape.stroke is not None and drawable and (wide or is_opaque(shape.stroke))
                else None
            )
            pen = self._pen(shape, shape.stroke) if shape.stroke is not None and drawable else None
            if wide:
                lines.append(stroke)
                pens.append(pen if is_opaque(shape.stroke) else None)
                insets.append(0.5)
            else:
                path = shapely.MultiLineString([line for line in scaled.lines if len(line) > 1])
                faint = shape.stroke is None or shape.stroke[3] < 0.5 or scaled.width < 0.15 * self.finest
                lines.append(path if not faint and drawable else None)
                pens.append(pen)
                insets.append(0.0)
            covers.append(stroke if is_opaque(shape.stroke) else None)
        given = [shapely.Polygon() if line is None else line for line in lines]
        seen = visible(given, covers)
        laid: Strokes = []
        for piece, line, pen, inset in zip(seen, lines, pens, insets, strict=True):
            if line is None:
                continue
            if piece.is_empty:
                self.dropped["hidden by what lies above"] += 1
                continue
            if pen is None:
                continue
            shown = piece.intersection(page)
            if inset:
                shown = shown.buffer(-inset * pen.width_mm).boundary
            else:
                self.thin.append((shown, max(pen.width_mm, self.finest)))
            laid += [(pen.id, points) for points in _polylines(shown) if _shown(points, picture, size)]
        return laid

    def _text(self, texts: ElementTree.Element, size: tuple[float, float], name: str) -> tuple[Strokes, Any]:
        """Letters as lines, colour by colour, and where those that need no tone lie."""
        px_per_mm = min(20.0, 5000 / max(size))
        picture = render(texts, max(64, round(size[0] * px_per_mm)), name)
        mm_per_px = size[0] / picture.shape[1]
        inked = picture.min(axis=2) < 0.6
        if not inked.any():
            return [], None
        flat = np.asarray(rec2020_to_lab(picture[inked].astype(np.float64)))
        apart = np.stack([delta_e00(flat, lab[None]) for lab in self.labs], axis=1)
        which = np.full(inked.shape, -1)
        which[inked] = apart.argmin(axis=1)
        strokes: Strokes = []
        used, counts = np.unique(which[inked], return_counts=True)
        # Edges of letters mix with the paper; only colours with a body of their own are colours.
        for index in used[counts > 0.15 * counts.max()]:
            pen = self.pens[index]
            # Mixed edge pixels go to the letter they belong to.
            mask = (which == index) | (inked & ~np.isin(which, used[counts > 0.15 * counts.max()]))
            strokes += [(pen.id, line) for line in mark_lines(mask, mm_per_px, pen.width_mm)]
        boxes = [shapely.LineString(line).buffer(0.6 * self.finest + 0.2) for _, line in strokes]
        return strokes, shapely.unary_union(boxes) if boxes else None

    def _pen(self, shape: Shape, paint: Rgba | None) -> Pen | None:
        """The pen for a paint: its layer's own, or the nearest; None where the paper is nearer."""
        forced = self.chosen.pen(shape.layer, shape.place) if shape.place else None
        if forced is not None:
            return self.inventory[forced]
        if paint is None:
            return None
        if paint not in self.nearest:
            white = np.clip(lab_to_srgb(np.array(self.inventory.paper.lab)), 0, 1)
            over = np.array(paint[:3]) / 255 * paint[3] + white * (1 - paint[3])
            # What a screen shows as white is the bare paper, and darker colours follow it down a little.
            lab = srgb_to_lab(over * (1 - (1 - white) * over))
            apart = delta_e00(self.labs, lab[None])
            paper = float(delta_e00(np.array(self.inventory.paper.lab), lab))
            best = int(np.argmin(apart))
            self.nearest[paint] = (self.pens[best] if apart[best] < paper else None, float(apart[best]))
        return self.nearest[paint][0]


def _scaled(shape: Shape, scale: float) -> Shape:
    return Shape(
        tuple(line * scale for line in shape.lines), shape.fill, shape.stroke, shape.width * scale,
        shape.cap, shape.join, shape.even_odd, shape.layer, shape.place, shape.plain,
    )  # fmt: skip


def _shown(points: Floats, picture: npt.NDArray[Any], size: tuple[float, float]) -> bool:
    """Whether the rendering has anything where a line would be; it knows styles that hide it."""
    height, width = picture.shape[:2]
    fine = finely(points)
    columns = np.clip((fine[:, 0] / size[0] * width).astype(int), 0, width - 1)
    rows = np.clip((fine[:, 1] / size[1] * height).astype(int), 0, height - 1)
    return bool((picture[rows, columns].min(axis=1) < 0.9).mean() > 0.3)


def _bare(picture: npt.NDArray[Any]) -> bool:
    """Whether nothing in a picture can be told from white."""
    return bool((picture.min(axis=2) > 0.97).mean() > 0.9995)


def _inpainted(picture: npt.NDArray[Any], area: Any, size: tuple[float, float]) -> npt.NDArray[Any]:
    """The picture without what lies in an area (mm): there it goes on as it is around."""
    from PIL import Image, ImageDraw  # noqa: PLC0415
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415

    height, width = picture.shape[:2]
    mask = Image.new("1", (width, height))
    draw = ImageDraw.Draw(mask)
    factor = np.array([width / size[0], height / size[1]])
    for polygon in shapely.get_parts(area):
        if polygon.geom_type == "Polygon" and not polygon.is_empty:
            draw.polygon(
                [tuple(point) for point in (shapely.get_coordinates(polygon.exterior) * factor).tolist()],
                fill=1,
            )
            for hole in polygon.interiors:
                draw.polygon(
                    [tuple(point) for point in (shapely.get_coordinates(hole) * factor).tolist()], fill=0
                )
    covered = np.asarray(mask)
    if covered.all():
        return np.ones_like(picture)
    rows, columns = distance_transform_edt(covered, return_distances=False, return_indices=True)
    return np.asarray(picture[rows, columns])


def _polylines(geometry: Any) -> list[Floats]:
    """The lines of a geometry as arrays [n, 2], specks left out."""
    merged = shapely.line_merge(geometry) if "Line" in geometry.geom_type else geometry
    return [
        shapely.get_coordinates(part)
        for part in shapely.get_parts(merged)
        if part.geom_type in ("LineString", "LinearRing") and part.length >= _MIN_PIECE_MM
    ]
