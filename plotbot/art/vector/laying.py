"""What of an SVG is drawn as lines before any tone: thin lines, outlines of what is solid, and letters."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import shapely

from plotbot.art.picture.judge import Strokes, film_of_strokes, resized
from plotbot.art.picture.quantize import finely
from plotbot.art.vector.glyphs import mark_lines
from plotbot.art.vector.shapes import Rgba, Shape, is_opaque, visible
from plotbot.art.vector.solids import infill, polylines
from plotbot.art.vector.source import render
from plotbot.ink.film import film_to_relative, relative_to_film
from plotbot.ink.matching import reachable
from plotbot.ink.spaces import delta_e00, lab_to_srgb, rec2020_to_lab, srgb_to_lab, srgb_to_rec2020
from plotbot.layers import LayeredPen
from plotbot.pens.advice import matchable_inks
from plotbot.pens.inventory import matchable_pens
from plotbot.pens.model import Inventory, Pen

__all__ = ["Laid", "Palette", "lay_lines", "lay_text", "rest_of"]

Floats = npt.NDArray[np.float64]
Size = tuple[float, float]

_THIN = 1.5
"""A line up to this many pen widths is drawn as one stroke."""

_FAINT = 0.15
"""A line narrower than this share of the finest pen is left to the tones."""

_VISIBLE_LINE = 0.5
"""A line more transparent than this is left to the tones."""

_LIKE_DE, _LITTLE_DE, _LIKE_AB = 7.0, 2.5, 12.0
"""An area is drawn with one pen that is so near (ΔE00) to its colour, or hardly farther than any mixture."""

_BARE, _WORTH_A_TONE = 0.97, 0.0005
"""Light above which a place is bare, and the share of a picture that must not be for tones to be made."""

_MOST_PAINTS = 400
_ALIKE = 0.2
"""Light that a rendered pixel may differ from a paint it shows."""


class Palette:
    """Which pen a paint is drawn with. forced: pen ids by the place of a layer."""

    def __init__(self, inventory: Inventory, forced: Mapping[int, str]) -> None:
        self.inventory = inventory
        self.forced = {place: inventory[pen] for place, pen in forced.items()}
        self.pens = matchable_pens(inventory)
        self.labs = np.array([pen.lab for pen in self.pens])
        self.finest = min(pen.width_mm for pen in self.pens)
        self._nearest: dict[Rgba, tuple[Pen | None, float]] = {}
        self._alone: dict[Rgba, bool] = {}

    def pen(self, paint: Rgba | None, place: int) -> Pen | None:
        """The pen of a paint in a layer: the layer's own, or the nearest; None where the paper is nearer."""
        return self.forced.get(place) or self.nearest(paint)[0]

    def nearest(self, paint: Rgba | None) -> tuple[Pen | None, float]:
        """The pen nearest to a paint, None where the paper is nearer, and how far off (ΔE00) it is."""
        if paint is None:
            return None, 0.0
        if paint not in self._nearest:
            lab = self._lab(paint)
            apart = delta_e00(self.labs, lab[None])
            paper = float(delta_e00(np.array(self.inventory.paper.lab), lab))
            best = int(np.argmin(apart))
            self._nearest[paint] = (self.pens[best] if apart[best] < paper else None, float(apart[best]))
        return self._nearest[paint]

    def learn(self, paints: Sequence[Rgba]) -> None:
        """Find out which of these paints one pen draws about as well as any mixture."""
        new = [paint for paint in dict.fromkeys(paints) if paint not in self._alone][:_MOST_PAINTS]
        if not new:
            return
        labs = np.array([self._lab(paint) for paint in new])
        inks = matchable_inks(self.inventory)
        mixed = delta_e00(reachable(labs, inks.films, inks.paper_lab, trapping=inks.trapping)[0], labs)
        for paint, lab, best in zip(new, labs, mixed.tolist(), strict=True):
            pen, apart = self.nearest(paint)
            if pen is None:
                continue
            # What is darker than any ink is as near as it gets in the darkest.
            darkest = lab[0] < pen.lab[0] and float(np.hypot(*(lab[1:] - pen.lab[1:]))) < _LIKE_AB
            self._alone[paint] = apart < _LIKE_DE or apart < best + _LITTLE_DE or darkest

    def solid_pen(self, paint: Rgba, place: int) -> Pen | None:
        """The pen that covers an area of a paint; None where the area is seen through or is a mixture."""
        pen = self.nearest(paint)[0]
        if pen is None or not is_opaque(paint):
            return None
        return self.forced.get(place) or (pen if self._alone.get(paint) else None)

    def line_pen(self, paint: Rgba, place: int) -> Pen | None:
        """The pen of a thin line that is to look like its paint; None where that is the bare paper."""
        pen = self.nearest(paint)[0]
        return None if pen is None else self.forced.get(place) or pen

    def _lab(self, paint: Rgba) -> Floats:
        white = np.clip(lab_to_srgb(np.array(self.inventory.paper.lab)), 0, 1)
        over = np.array(paint[:3]) / 255 * paint[3] + white * (1 - paint[3])
        # What a screen shows as white is the bare paper, and darker colours follow it down a little.
        return np.asarray(srgb_to_lab(over * (1 - (1 - white) * over)))


@dataclass(frozen=True, slots=True)
class Laid:
    """strokes: in mm from the corner of the page. thin: lines that are drawn as they are, with their widths.
    solid: areas that are wholly covered, each with its colour as light, linear Rec.2020."""

    strokes: Strokes
    thin: list[tuple[Floats, float]]
    solid: list[tuple[Any, Floats]]


@dataclass(slots=True)
class _Piece:
    """A line or an area of one paint, with what it hides and what it tints of those below."""

    geometry: Any
    paint: Rgba
    shape: Shape
    area: Any
    line: bool
    plain: bool


def lay_lines(
    shapes: Sequence[Shape], size: Size, picture: npt.NDArray[Any], palette: Palette, dropped: Counter[str]
) -> Laid:
    """Thin lines as they are, and areas of one pen with outline and lines, cut where something lies above;
    in mm from the corner of the page.

    picture: the file as rendered, which knows what is not said in its shapes. Counts in `dropped` what is
    wholly hidden.
    """
    page = shapely.box(0, 0, *size)
    pieces = [piece for shape in shapes for piece in _pieces(shape, palette)]
    palette.learn([piece.paint for piece in pieces if not piece.line and is_opaque(piece.paint)])
    pens = [_pen_of(piece, palette) for piece in pieces]
    inks = [None if pen is None else pen.id for pen in pens]
    hiding = [piece.area if is_opaque(piece.paint) and piece.plain else None for piece in pieces]
    seen = visible([piece.geometry for piece in pieces], hiding, inks=inks)
    laid = Laid([], [], [])
    solid: dict[int, Any] = {}
    for k, (piece, left, pen) in enumerate(zip(pieces, seen, pens, strict=True)):
        if left.is_empty and piece.plain and not piece.geometry.is_empty:
            dropped["hidden by what lies above"] += 1
        if left.is_empty or pen is None:
            continue
        if not piece.line:
            solid[k] = left
            continue
        lines = [points for points in polylines(left.intersection(page)) if _shown(points, picture, size)]
        laid.strokes.extend((LayeredPen(pen.id, piece.shape.layer), points) for points in lines)
        width = max(piece.shape.width, pen.width_mm)
        laid.thin.extend((points, width) for points in lines)
    # What lies under something translucent, or under a gradient, is left to the tones.
    tinting = [piece.area for piece in pieces]
    pure = visible(list(solid.values()), tinting, list(solid), inks)
    groups: dict[tuple[str, str], list[Any]] = {}
    for k, area in zip(solid, pure, strict=True):
        pen_id = inks[k]
        assert pen_id is not None
        groups.setdefault((pen_id, pieces[k].shape.layer), []).append(area)
        laid.solid.append((area.intersection(page), _light(pieces[k].paint)))
    for (pen_id, label), areas in groups.items():
        width = palette.inventory[pen_id].width_mm
        lights = np.unique([_light(pieces[k].paint) for k in solid if inks[k] == pen_id], axis=0)
        for points in infill(shapely.union_all(areas).intersection(page), width):
            parts = _where_seen(points, lights, picture, size)
            laid.strokes.extend((LayeredPen(pen_id, label), part) for part in parts)
    return laid


def rest_of(
    picture: npt.NDArray[Any],
    laid: Laid,
    letters: Strokes,
    lettered: npt.NDArray[np.bool_] | None,
    size: Size,
    inventory: Inventory,
) -> npt.NDArray[Any] | None:
    """The picture that tones are to make: as it is where nothing is laid, and as laid where that is all.
    None where nothing is left for tones.

    letters, lettered: what `lay_text` gives.
    """
    from scipy.ndimage import binary_dilation  # noqa: PLC0415

    height, width = picture.shape[:2]
    factor = np.array([width / size[0], height / size[1]])
    bare = np.zeros((height, width), dtype=bool)
    for region, light in laid.solid:
        if region.is_empty:
            continue
        left, top, right, bottom = region.bounds
        x0, y0 = max(int(left * factor[0]) - 1, 0), max(int(top * factor[1]) - 1, 0)
        x1, y1 = min(int(right * factor[0]) + 2, width), min(int(bottom * factor[1]) + 2, height)
        if x1 > x0 and y1 > y0:
            alike = np.abs(picture[y0:y1, x0:x1] - light).max(axis=2) < _ALIKE
            bare[y0:y1, x0:x1] |= _mask(region, factor, (x0, y0, x1, y1)) & alike
    covered = bare | binary_dilation(bare, iterations=3)
    if laid.thin:
        covered |= _lines_mask(laid.thin, factor, (height, width))
    if lettered is not None:
        share = resized(lettered[..., None].astype(np.float32), (height, width))[..., 0]
        covered |= binary_dilation(share > 0.05, iterations=2)
    left = picture[~covered].min(axis=1) < _BARE
    if left.sum() < _WORTH_A_TONE * covered.size:
        return None
    if not covered.any():
        return picture
    wanted = relative_to_film(np.asarray(_continued(picture, covered), dtype=np.float64))
    wanted[bare] = 1.0
    inked = film_of_strokes([*laid.strokes, *letters], inventory, (0.0, 0.0, *size), 8.0)
    wanted[covered] *= resized(inked, (height, width))[covered]
    wanted[~covered] = relative_to_film(picture[~covered].astype(np.float64))
    return np.asarray(film_to_relative(np.clip(wanted, 0, None)))


def lay_text(
    texts: ElementTree.Element, size_px: Size, size: Size, name: str, palette: Palette
) -> tuple[Strokes, npt.NDArray[np.bool_] | None]:
    """Letters as lines in mm from the corner of the page, colour by colour, and which parts of the page,
    in a picture of it [h, w], they are."""
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
    return strokes, inked


def _pen_of(piece: _Piece, palette: Palette) -> Pen | None:
    """The pen that draws a line, or covers an area by itself; None for what is left to the tones."""
    if not piece.plain:
        return None
    if piece.line:
        return palette.line_pen(piece.paint, piece.shape.place)
    return palette.solid_pen(piece.paint, piece.shape.place)


def _pieces(shape: Shape, palette: Palette) -> list[_Piece]:
    """The filling of a shape, then its line over it."""
    found = []
    if shape.fill is not None:
        area = shape.filled()
        if area is not None:
            found.append(_Piece(area, shape.fill, shape, area, line=False, plain=shape.plain))
    if shape.stroke is not None:
        area = shape.stroked()
        widths = shape.width / palette.finest
        thin = widths == 0 or _FAINT <= widths <= _THIN
        if thin and shape.plain and shape.stroke[3] >= _VISIBLE_LINE:
            found.append(_Piece(shape.middle(), shape.stroke, shape, area, line=True, plain=True))
        elif area is not None:
            found.append(_Piece(area, shape.stroke, shape, area, line=False, plain=shape.plain))
    return found


def _mask(area: Any, factor: Floats, window: tuple[int, int, int, int]) -> npt.NDArray[np.bool_]:
    """Which pixels of a window (left, top, right, bottom) an area in mm covers."""
    from PIL import Image, ImageDraw  # noqa: PLC0415

    x0, y0, x1, y1 = window
    mask = Image.new("1", (x1 - x0, y1 - y0))
    draw = ImageDraw.Draw(mask)
    for polygon in shapely.get_parts(area):
        if polygon.geom_type == "Polygon" and not polygon.is_empty:
            for ring, ink in ((polygon.exterior, 1), *((hole, 0) for hole in polygon.interiors)):
                points = shapely.get_coordinates(ring) * factor - (x0, y0)
                draw.polygon([tuple(point) for point in points.tolist()], fill=ink)
    return np.array(mask)


def _lines_mask(
    lines: Sequence[tuple[Floats, float]], factor: Floats, shape: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Which pixels lines in mm cover, and the soft edges of their rendering around them."""
    from PIL import Image, ImageDraw  # noqa: PLC0415
    from scipy.ndimage import binary_dilation  # noqa: PLC0415

    mask = Image.new("1", (shape[1], shape[0]))
    draw = ImageDraw.Draw(mask)
    for points, width in lines:
        flat = (points * factor).ravel().tolist()
        draw.line(flat, fill=1, width=max(1, math.ceil(width * factor.min())), joint="curve")
    return np.asarray(binary_dilation(np.array(mask), iterations=2))


def _continued(picture: npt.NDArray[Any], covered: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """The picture with covered pixels as the nearest that is not."""
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415

    if covered.all():
        return np.ones_like(picture)
    if not covered.any():
        return picture.copy()
    rows, columns = distance_transform_edt(covered, return_distances=False, return_indices=True)
    return np.asarray(picture[rows, columns])


def _light(paint: Rgba) -> Floats:
    """A paint on white as light, linear Rec.2020 [3]."""
    return np.asarray(srgb_to_rec2020(np.array(paint[:3]) / 255 * paint[3] + 1 - paint[3]))


def _where_seen(points: Floats, lights: Floats, picture: npt.NDArray[Any], size: Size) -> list[Floats]:
    """The parts of a line of a solid area that the rendering shows in one of its colours: nothing unknown,
    such as an image, a letter or a marker, lies over them."""
    from scipy.ndimage import binary_closing  # noqa: PLC0415

    fine = finely(points, 0.25)
    apart = np.abs(_pixels(fine, picture, size)[:, None] - lights).max(axis=2).min(axis=1)
    # Soft edges of the rendering are no other colour: short gaps do not count.
    seen = binary_closing(np.pad(apart < _ALIKE, 3, mode="edge"), iterations=3)[3:-3]
    if seen.mean() > 0.9 or (len(fine) < 8 and seen.any()):
        return [points]
    steps = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]]).astype(int)))
    return [fine[a:b] for a, b in zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True) if b - a > 2]


def _pixels(fine: Floats, picture: npt.NDArray[Any], size: Size) -> npt.NDArray[Any]:
    height, width = picture.shape[:2]
    columns = np.clip((fine[:, 0] / size[0] * width).astype(int), 0, width - 1)
    rows = np.clip((fine[:, 1] / size[1] * height).astype(int), 0, height - 1)
    return np.asarray(picture[rows, columns])


def _shown(points: Floats, picture: npt.NDArray[Any], size: Size) -> bool:
    """Whether the rendering has anything where a line would be; it knows styles that hide it."""
    return bool((_pixels(finely(points), picture, size).min(axis=1) < 0.9).mean() > 0.3)
