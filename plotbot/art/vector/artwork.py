"""Any SVG onto the pens in the tin.

``lines`` draws centre lines. ``faithful`` makes the look: lines about as wide as a pen are drawn as they
are, what an opaque shape hides is cut away exactly, wide lines and fillings get an outline, and every
tone, whether it comes from a filling, a gradient, opacity, a filter or an embedded image, is taken from a
rendering of the file by resvg and hatched over what is drawn already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.inked import film_of_lines
from plotbot.art.picture.judge import ColourDifference, Strokes, colour_difference, resized
from plotbot.art.picture.quantize import QuantizeOptions, estimate_seconds, tones_over
from plotbot.art.vector.belonging import Belonging
from plotbot.art.vector.ending import ended_at_edges
from plotbot.art.vector.laying import lay_lines
from plotbot.art.vector.lettering import lay_text
from plotbot.art.vector.overdraw import Overdrawn, remove_overdrawing
from plotbot.art.vector.palette import Palette
from plotbot.art.vector.rest import rest_of
from plotbot.art.vector.shapes import Shape, Shapes, read_shapes, scaled
from plotbot.art.vector.source import only_text, read_source, render, tinted, without_text
from plotbot.errors import BadInput
from plotbot.layers import LayeredPen, LayerMap
from plotbot.pens.model import Inventory
from plotbot.placement import STILL, Placement, Pose, crop
from plotbot.svg_tangles import raster_load

__all__ = ["Artwork", "ArtworkOptions", "SvgMode", "TextMode", "read_artwork"]

Floats = npt.NDArray[np.float64]
SvgMode = Literal["lines", "faithful"]
TextMode = Literal["outlines", "lines"]
Box = tuple[float, float, float, float]
Progress = Callable[[str, float], None]

_JUDGED_PX_PER_MM = 6.0
_MANY = 10_000
"""Shapes of a file whose tones are made in less time and with a little more grain."""

_MOST_LOAD = 1e10
"""What one path may cost the renderer, which cannot be stopped: some ten seconds."""

_SHOWS = 0.01
"""Light by which a pixel changes with a layer."""

_NO_LINES = "which --svg-mode lines cannot draw; use --svg-mode faithful"


@dataclass(frozen=True, slots=True)
class ArtworkOptions:
    """svg_mode: `lines` or `faithful`. layer_map: entries like ``layer 2=20``. tones: how tones are made.
    text: letters as their outlines, or in a single-line font. most_ink: layers of ink that a place takes."""

    svg_mode: SvgMode = "faithful"
    layer_map: tuple[str, ...] = ()
    tones: QuantizeOptions = field(
        default_factory=lambda: QuantizeOptions(marks="hatch", shortest=1.2, detail=0.4)
    )
    text: TextMode = "outlines"
    most_ink: float = 4.0

    def __post_init__(self) -> None:
        if self.svg_mode not in ("lines", "faithful"):
            raise BadInput(f"SVG mode {self.svg_mode!r} is unknown; use lines or faithful.")
        if self.text not in ("outlines", "lines"):
            raise BadInput(f"Text as {self.text!r} is unknown; use outlines or lines.")


@dataclass(frozen=True, slots=True, eq=False)
class Artwork:
    """strokes: (pen id, points [n, 2] mm on the sheet). box_mm: where the page of the file lies. dropped:
    how many shapes are not drawn, by reason. difference: to the file as rendered, None for `lines`.
    floor: what the tin itself is off in its tones. target: that rendering, linear Rec.2020 [H, W, 3].
    overdrawn: what ink over ink was left out. pose: how all of it is to be moved, where it was made upright
    and is to be turned or cropped."""

    strokes: Strokes
    box_mm: Box
    dropped: dict[str, int]
    difference: ColourDifference | None = None
    floor: ColourDifference | None = None
    target: Floats | None = None
    overdrawn: Overdrawn | None = None
    pose: Pose = STILL


def read_artwork(
    path: Path,
    inventory: Inventory,
    area_mm: Box,
    options: ArtworkOptions | None = None,
    on_progress: Progress | None = None,
    placement: Placement | None = None,
) -> Artwork:
    """Read an SVG as strokes of the inventory's pens, as large as fits into an area of the sheet.

    placement: another size and place for its page. Art that is to be turned or cropped is made upright and
    whole, from (0, 0), and the artwork's pose tells how to move it.

    The file is untrusted: entities, references to anything outside, and excessive sizes are refused, and
    nothing but the file is opened. on_progress is told what is being done and how far it all is, 0..1.
    Raises `BadInput`.
    """
    options = options or ArtworkOptions()
    tell = on_progress or (lambda _what, _share: None)
    tell("reading the file", 0.0)
    root = read_source(path)
    chosen = LayerMap(options.layer_map, inventory)
    found = read_shapes(ElementTree.tostring(root), path, text=options.text == "lines")
    forced = {place: chosen.pen(label, place) for place, label in found.layers.items()}
    chosen.check_used()
    chosen_pens = {place: pen for place, pen in forced.items() if pen is not None}
    palette = Palette(inventory, chosen_pens, hurried=len(found.shapes) > _MANY)
    box, scale, pose = _placed(found.size, area_mm, placement or Placement())
    shapes = [scaled(shape, scale) for shape in found.shapes]
    dropped = found.hidden
    if found.missing:
        dropped["letters that the single-line font does not have"] = found.missing
    if options.svg_mode == "lines":
        tell("taking its lines", 0.3)
        strokes = _centre_lines(shapes, palette, dropped)
        for what, count in found.left_out.items():
            if what == "text":
                texts = only_text(root)
                assert texts is not None
                strokes += lay_text(texts, found.size_px, _size(box), str(path), palette)[0]
            else:
                dropped[f"{what}, {_NO_LINES}"] += count
        # As a browser does, nothing is shown beyond the page.
        strokes = crop([(pen, points + np.array(box[:2])) for pen, points in strokes], box)
        if not strokes:
            raise BadInput(f"{path} draws nothing: it has no visible line or shape.")
        return _spared(Artwork(strokes, box, {}, pose=pose), inventory, options, dropped)
    plain = without_text(root) if options.text == "lines" else root
    art = _faithful(plain, found, shapes, box, palette, options, dropped, str(path), tell)
    if plain is not root and art.target is not None:
        # It is judged by the letters that the file has.
        tints = tinted(root, palette.forced)
        whole = render(tints, art.target.shape[1], str(path), found.size_px)
        art = replace(art, target=np.asarray(whole, dtype=np.float64))
    return _spared(replace(art, pose=pose), inventory, options, dropped)


def _placed(size: tuple[float, float], area: Box, placement: Placement) -> tuple[Box, float, Pose]:
    """Where the page is made, at which scale, and how it is to be moved from there."""
    pose = placement.pose((0.0, 0.0, *size), area)
    w, h = size[0] * pose.scale, size[1] * pose.scale
    if not min(w, h) >= 1.0:
        raise BadInput(f"The artwork would be {w:.2g} x {h:.2g} mm on the sheet; choose a larger area.")
    if placement.rotate or placement.crop:
        return (0.0, 0.0, w, h), pose.scale, replace(pose, scale=1.0)
    x, y = pose.shift
    return (x, y, x + w, y + h), pose.scale, STILL


def _size(box: Box) -> tuple[float, float]:
    return (box[2] - box[0], box[3] - box[1])


def _centre_lines(shapes: list[Shape], palette: Palette, dropped: Counter[str]) -> Strokes:
    """Every line, and the outline of every filling without one, in the pen nearest to its colour."""
    strokes: Strokes = []
    for shape in shapes:
        pen = palette.pen(shape.stroke or shape.fill, shape.place)
        if pen is None:
            dropped["the colour of the bare paper"] += 1
            continue
        name = LayeredPen(pen.id, shape.layer)
        strokes += [(name, line) for line in shape.centre_lines()]
    return strokes


def _faithful(
    root: ElementTree.Element,
    found: Shapes,
    shapes: list[Shape],
    box: Box,
    palette: Palette,
    options: ArtworkOptions,
    dropped: Counter[str],
    name: str,
    tell: Progress,
) -> Artwork:
    size, corner, inventory = _size(box), np.array(box[:2]), palette.inventory
    for shape in shapes:
        count = sum(map(len, shape.outline))
        if count**2 > _MOST_LOAD and raster_load(shape.outline) > _MOST_LOAD:
            raise BadInput(
                f"{name} has a path of {count} points that goes to and fro too often to be drawn as it "
                "looks; take --svg-mode lines."
            )
    tones = options.tones
    tell("rendering the file", 0.05)
    picture = render(tinted(root, palette.forced), round(size[0] / tones.detail * 2), name, found.size_px)
    tell("cutting away what is hidden", 0.1)
    laid = lay_lines(
        shapes,
        size,
        picture,
        palette,
        dropped,
        lambda share: tell("cutting away what is hidden", 0.1 + 0.1 * share),
    )
    texts = only_text(root) if options.text == "outlines" else None
    letters: Strokes = []
    lettered: npt.NDArray[np.bool_] | None = None
    if texts is not None:
        letters, lettered = lay_text(tinted(texts, palette.forced), found.size_px, size, name, palette)
    rest = rest_of(picture, laid, letters, lettered, size, inventory)
    strokes = laid.strokes + letters
    sheet = [(pen, points + corner) for pen, points in strokes]
    floor = None
    if rest is not None:
        drawn, floor = tones_over(
            sheet,
            rest,
            inventory,
            box,
            tones,
            lambda what, share: tell(what, 0.2 + 0.7 * share),
            hurried=len(shapes) > _MANY,
            alone=_places_of(root, palette, picture.shape[1], name, found.size_px),
        )
        belonging = Belonging(shapes, corner)
        sheet = [
            (pen if isinstance(pen, LayeredPen) else belonging.named(pen, points), points)
            for pen, points in _trimmed(drawn, corner, picture, size, inventory)
        ]
    elif sheet and tones.time_budget_s is not None:
        needed = estimate_seconds(sheet, inventory, tones.motion)
        if needed > tones.time_budget_s:
            raise BadInput(
                f"A time budget of {tones.time_budget_s:g} s cannot be held: {name} has no tones to make "
                f"lighter, and its lines take {needed:.0f} s; make it smaller or give more time."
            )
    if not sheet:
        raise BadInput(f"{name} draws nothing that can be told from the paper.")
    tell("judging", 0.95)
    return Artwork(crop(sheet, box), box, {}, None, floor, np.asarray(picture, dtype=np.float64))


def _places_of(
    root: ElementTree.Element, palette: Palette, width_px: int, name: str, size_px: tuple[float, float]
) -> dict[str, npt.NDArray[np.bool_]]:
    """Where layers with pens of their own show, [H, W], by the pen."""
    places: dict[str, npt.NDArray[np.bool_]] = {}
    for place, pen in palette.forced.items():
        # What changes with the colour of a layer is the layer.
        greys = [pen.model_copy(update={"lab": (lightness, 0.0, 0.0)}) for lightness in (10.0, 60.0)]
        dark, light = (render(tinted(root, {place: grey}), width_px, name, size_px) for grey in greys)
        shows = np.abs(dark - light).max(axis=2) > _SHOWS
        places[pen.id] = places.get(pen.id, False) | shows
    return places


def _trimmed(
    strokes: Strokes, corner: Floats, picture: npt.NDArray[Any], size: tuple[float, float], pens: Inventory
) -> Strokes:
    """Strokes on the sheet, those of straight hatching with their ends at the edges of the picture."""
    hatching = [
        k for k, (pen, line) in enumerate(strokes) if not isinstance(pen, LayeredPen) and len(line) == 2
    ]
    widths = np.array([pens[strokes[k][0]].width_mm for k in hatching])
    ended = ended_at_edges([strokes[k][1] - corner for k in hatching], widths, picture, size)
    lines: list[Floats | None] = [line for _, line in strokes]
    for k, line in zip(hatching, ended, strict=True):
        lines[k] = None if line is None else line + corner
    return [(pen, line) for (pen, _), line in zip(strokes, lines, strict=True) if line is not None]


def _spared(art: Artwork, inventory: Inventory, options: ArtworkOptions, dropped: Counter[str]) -> Artwork:
    """The artwork without ink over ink, and judged as it is then."""
    spared = remove_overdrawing(art.strokes, inventory, most_ink=options.most_ink)
    kept = {reason: count for reason, count in dropped.items() if count}
    art = replace(art, strokes=spared.strokes, dropped=kept, overdrawn=spared)
    if art.target is None:
        return art
    cell, size = options.tones.detail, _size(art.box_mm)
    shape = (max(2, round(size[1] / cell)), max(2, round(size[0] / cell)))
    corner, finer = np.array(art.box_mm[:2]), max(1, round(cell * _JUDGED_PX_PER_MM))
    film = film_of_lines(
        [(pen, points - corner) for pen, points in art.strokes],
        inventory,
        size,
        (shape[0] * finer, shape[1] * finer),
    )
    target = resized(art.target, shape)
    seen = colour_difference(
        resized(film, shape), target, inventory.paper.lab, size[0] / shape[1], options.tones.viewing
    )
    return replace(art, difference=seen)
