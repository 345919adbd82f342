"""The Drawing: a `vpype.Document` with one layer per pen.

A layer's `vp_name` is the pen's id, `vp_color` a screen preview of its ink, `vp_pen_width` its width in
vpype's pixels. A layer with `DROP_FIELD` holds strokes that are known and will not be drawn, with the
reason, so that nothing of a file vanishes. Everything here takes and gives millimetres; the pixels
inside the document are this module's own business.

Strokes are numbered from 0 through all layers in the order of their layer numbers; plans and journals
name a stroke by that number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.files import write_text_whole
from plotbot.ink.spaces import delta_e00, srgb_hex, srgb_to_lab
from plotbot.layers import NOT_PLOTTED, LayeredPen, LayerMap, LayerOrder, parse_layer_name
from plotbot.paper import Paper, mm_from_px, px_from_mm
from plotbot.pens.model import Inventory, Pen
from plotbot.placement import Box, Placement, Pose, bounds, crop
from plotbot.plan.lines import Lines
from plotbot.svg import (
    DRAWING_NOTE,
    DROP_FIELD,
    LAYER_FIELD,
    LEFT_OUT_FIELD,
    NUMBERED_FIELD,
    PLAN_FIELD,
    read_document,
)

if TYPE_CHECKING:
    import vpype

__all__ = [
    "DROP_FIELD",
    "Layer",
    "Source",
    "SvgLayer",
    "assign_pens",
    "cropped",
    "fit",
    "flat_layers",
    "from_strokes",
    "left_out",
    "merged",
    "moved",
    "placed",
    "read_svg",
    "sources",
    "svg_text",
    "write_svg",
]

FloatArray = npt.NDArray[np.float64]
PixelLine = npt.NDArray[np.complex128]

CROPPED = "outside of the crop"

_PAPER_MATCH_DE = 8.0
"""A colour this close (ΔE00) to the paper, and closer to it than to any pen, is meant as bare paper."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One stroke of a drawing: its number, its pen's id, its points [n, 2] in mm, and, when it is not
    to be drawn, why."""

    index: int
    pen: str
    points: FloatArray
    drop: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One layer of a drawing, its strokes in mm as flat arrays; `drop` says why it is not drawn, if so.
    order: what the layer of the file asked for."""

    pen: str
    lines: Lines
    drop: str = ""
    order: LayerOrder | None = None


@dataclass(frozen=True, slots=True)
class SvgLayer:
    """One layer of an SVG to write: label, colour (#rrggbb), line width in mm, strokes [n, 2] in mm."""

    label: str
    colour: str
    width_mm: float
    strokes: Sequence[FloatArray] = field(repr=False)


def from_strokes(
    strokes: Iterable[tuple[str, npt.ArrayLike]],
    inventory: Inventory,
    paper: Paper,
    dropped: Mapping[str, Sequence[FloatArray]] | None = None,
) -> vpype.Document:
    """Build a drawing from (pen id, points [n >= 1, 2] in mm); layers come in the inventory's order.

    A single point becomes a dot: a stroke with two equal points. What the layer of a `LayeredPen` asks for
    is kept. dropped: lines that are known and will not be drawn, by reason. Raises `BadInput` for a pen
    that the inventory does not have, and for strokes that are no list of points.
    """
    by_pen: dict[str, dict[str, list[FloatArray]]] = {}
    for number, (pen_id, points) in enumerate(strokes):
        if pen_id not in inventory:
            known = ", ".join(pen.id for pen in inventory.pens)
            raise BadInput(f"Inventory {inventory.id!r} has no pen {pen_id!r}; it has {known}.")
        label = pen_id.layer if isinstance(pen_id, LayeredPen) else ""
        by_pen.setdefault(pen_id, {}).setdefault(label, []).append(_points(points, number))
    drawn = [
        (pen, label, list(map(_px, lines)))
        for pen in inventory.pens
        for label, lines in by_pen.get(pen.id, {}).items()
    ]
    drops = [(reason, list(map(_px, lines))) for reason, lines in (dropped or {}).items()]
    return _document(drawn, (paper.width, paper.height), drops)


def sources(drawing: vpype.Document) -> list[Source]:
    """Every stroke of a drawing with its number, in order."""
    return [
        Source(int(layer.lines.sources[number]), layer.pen, layer.lines[number], layer.drop)
        for layer in flat_layers(drawing)
        for number in range(len(layer.lines))
    ]


def flat_layers(drawing: vpype.Document) -> list[Layer]:
    """The layers of a drawing in order, without empty ones; sources are the strokes' numbers."""
    found: list[Layer] = []
    count = 0
    for number in sorted(drawing.layers):
        layer = drawing.layers[number]
        lines = [line for line in layer if len(line)]
        if not lines:
            continue
        pixels = np.ascontiguousarray(np.concatenate(lines), dtype=np.complex128)
        offsets = np.zeros(len(lines) + 1, dtype=np.int64)
        np.cumsum([len(line) for line in lines], out=offsets[1:])
        points = mm_from_px(pixels.view(np.float64).reshape(-1, 2))
        pen = str(layer.property("vp_name") or "")
        drop = str(layer.property(DROP_FIELD) or "")
        numbers = np.arange(count, count + len(lines))
        order = _asked(layer) if layer.property(LAYER_FIELD) else None
        found.append(Layer(pen, Lines.build(points, offsets, numbers), drop, order))
        count += len(lines)
    return found


def fit(drawing: vpype.Document, paper: Paper) -> vpype.Document:
    """Scale the art, keeping its shape, to fill the paper's drawable area, and centre it there.

    Returns a new drawing; strokes that are not drawn do not count for the size.
    """
    return placed(drawing, paper, Placement(), paper.drawable)


def placed(drawing: vpype.Document, paper: Paper, placement: Placement, area_mm: Box) -> vpype.Document:
    """Put the art where a placement in an area of the sheet has it; returns a new drawing.

    Strokes that are not drawn do not count for the size. What a crop cuts off whole goes to a layer that
    is not drawn.
    """
    drawn = [one.points for one in sources(drawing) if not one.drop and np.isfinite(one.points).all()]
    pose = placement.pose(bounds(drawn) if drawn else (0.0, 0.0, 0.0, 0.0), area_mm)
    there = moved(drawing, pose, paper)
    return cropped(there, area_mm) if placement.crop else there


def moved(drawing: vpype.Document, pose: Pose, paper: Paper) -> vpype.Document:
    """A new drawing with all strokes moved on their sheet."""
    import vpype  # noqa: PLC0415

    new = vpype.Document(metadata=dict(drawing.metadata))
    shift = complex(*(px_from_mm(part) for part in pose.shift))
    factor = pose.scale * complex(math.cos(pose.turn), math.sin(pose.turn))
    for number, layer in drawing.layers.items():
        new.add([line * factor + shift for line in layer], number, with_metadata=False)
        new.layers[number].metadata = dict(layer.metadata)
    new.page_size = (px_from_mm(paper.width), px_from_mm(paper.height))
    return new


def cropped(drawing: vpype.Document, area_mm: Box) -> vpype.Document:
    """A new drawing without what lies outside of an area; strokes lost as a whole are listed as not drawn."""
    import vpype  # noqa: PLC0415

    new = vpype.Document(metadata=dict(drawing.metadata))
    lost: list[PixelLine] = []
    for number, layer in drawing.layers.items():
        kept: list[PixelLine] = []
        for line in layer:
            pieces = [line]
            if not layer.property(DROP_FIELD):
                pieces = [_px(points) for _, points in crop([("", _mm(line))], area_mm)]
            kept += pieces
            lost += [] if pieces else [line]
        new.add(kept, number, with_metadata=False)
        new.layers[number].metadata = dict(layer.metadata)
    if lost:
        new.add(lost, max(drawing.layers) + 1)
        new.layers[max(drawing.layers) + 1].set_property(DROP_FIELD, CROPPED)
    new.page_size = drawing.page_size
    return new


def merged(drawings: Sequence[vpype.Document], paper: Paper) -> vpype.Document:
    """Several drawings on one sheet: layers of the same pen that ask for the same become one."""
    import vpype  # noqa: PLC0415

    new = vpype.Document()
    numbers: dict[str, int] = {}
    for drawing in drawings:
        for number in sorted(drawing.layers):
            layer = drawing.layers[number]
            same = str(sorted((key, str(value)) for key, value in layer.metadata.items()))
            at = numbers.setdefault(same, len(numbers) + 1)
            new.add(list(layer), at, with_metadata=False)
            new.layers[at].metadata = dict(layer.metadata)
    new.page_size = (px_from_mm(paper.width), px_from_mm(paper.height))
    return new


def assign_pens(
    drawing: vpype.Document, inventory: Inventory, chosen: LayerMap | None = None
) -> vpype.Document:
    """Give every layer a pen of the inventory; returns a new drawing with one layer per pen and orders.

    A layer gets the pen that was chosen for it; else one named like a pen (its id, its name, or both, with
    or without a leading ``3 - ``) gets that pen; any other the pen whose ink is nearest to its colour by
    CIEDE2000. A colour that is nearer to the paper than to any pen is meant as bare paper; its strokes go
    to a layer that is not drawn, and so do those of a layer marked ``%``. Pens come in the order in which
    the file first uses them. Raises `BadInput` when a pen was chosen for a layer that is not there.
    """
    drawn: dict[tuple[str, str], list[PixelLine]] = {}
    unseen: dict[str, list[PixelLine]] = {}
    # Fluorescent pens are drawn with by name; a tin of nothing else has no other way.
    plain = [pen for pen in inventory.pens if not pen.fluorescent] or list(inventory.pens)
    labs = np.array([pen.lab for pen in plain])
    places: dict[str, int] = {}
    for number in sorted(drawing.layers):
        layer = drawing.layers[number]
        reason = str(layer.property(DROP_FIELD) or "")
        label = str(layer.property("vp_name") or "")
        # "20 Magenta" is the name of a pen, not a wish to be the twentieth.
        order = LayerOrder() if _is_pen(label, inventory) else parse_layer_name(label)
        place = places.setdefault(label, len(places) + 1)
        wanted = chosen.pen(label, place) if chosen is not None else None
        if reason or not order.plotted:
            unseen.setdefault(reason or NOT_PLOTTED, []).extend(layer)
            continue
        pen = _named_pen(label, inventory) if wanted is None else inventory[wanted]
        if pen is None:
            lab = _layer_lab(layer, inventory)
            apart = delta_e00(labs, lab[None])
            nearest = int(np.argmin(apart))
            to_paper = float(delta_e00(np.array(inventory.paper.lab), lab))
            if to_paper < min(float(apart[nearest]), _PAPER_MATCH_DE):
                unseen.setdefault("the colour of the bare paper", []).extend(layer)
                continue
            pen = plain[nearest]
        if drawing.property(NUMBERED_FIELD):
            order = replace(order, number=None)
        drawn.setdefault((pen.id, str(order) if order.orders else ""), []).extend(layer)
    if chosen is not None:
        chosen.check_used()
    layers = [(inventory[pen_id], text, lines) for (pen_id, text), lines in drawn.items() if lines]
    drops = [(reason, lines) for reason, lines in unseen.items() if lines]
    size = drawing.page_size
    page = None if size is None else (mm_from_px(float(size[0])), mm_from_px(float(size[1])))
    assigned = _document(layers, page, drops)
    if drawing.property(PLAN_FIELD):
        assigned.set_property(PLAN_FIELD, drawing.property(PLAN_FIELD))
    return assigned


def read_svg(path: Path, *, text: bool = False) -> vpype.Document:
    """Read any SVG as a drawing whose layers still have the file's names and colours; see `assign_pens`.
    text: whether text becomes single lines, or is left out.

    The file is untrusted: its size is limited, entities are refused, nothing outside it is opened.
    Raises `BadInput` when it cannot be read or draws nothing.
    """
    return read_document(path, text=text)


def left_out(drawing: vpype.Document) -> dict[str, int]:
    """What of the file that a drawing was read from has no lines, and how often."""
    return dict(drawing.property(LEFT_OUT_FIELD) or {})


def write_svg(drawing: vpype.Document, path: Path, inventory: Inventory | None = None) -> None:
    """Write a drawing as SVG in mm, one Inkscape layer per pen, named ``1 - 20 Magenta`` so that AxiDraw
    software finds them too. Strokes that are not drawn are left out. Raises `BadInput` when the file
    cannot be written; then nothing is."""
    layers: list[SvgLayer] = []
    asked = {number: _asked(layer) for number, layer in drawing.layers.items()}
    far = max((order.number or 0 for order in asked.values()), default=0) + 1
    places = {number: far if order.number is None else order.number for number, order in asked.items()}
    for number in sorted(asked, key=lambda one: (places[one], one)):
        layer = drawing.layers[number]
        if layer.property(DROP_FIELD):
            continue
        name = str(layer.property("vp_name") or f"layer {number}")
        pen = inventory[name] if inventory is not None and name in inventory else None
        colour, width = layer.property("vp_color"), layer.property("vp_pen_width")
        layers.append(
            SvgLayer(
                f"{replace(asked[number], number=len(layers) + 1).orders} - {pen or name}",
                "#000000" if colour is None else colour.as_hex()[:7],
                0.3 if width is None else mm_from_px(float(width)),
                [_mm(line) for line in layer],
            )
        )
    size = drawing.page_size
    if size is None:
        bounds = drawing.bounds() or (0.0, 0.0, 0.0, 0.0)
        size = (max(bounds[2], 1.0), max(bounds[3], 1.0))
    page = (mm_from_px(float(size[0])), mm_from_px(float(size[1])))
    note = "" if any(order.number is not None for order in asked.values()) else DRAWING_NOTE
    write_text_whole(path, svg_text(layers, page, note))


def svg_text(layers: Sequence[SvgLayer], page_mm: tuple[float, float], metadata: str = "") -> Iterable[str]:
    """The text of an SVG in pieces; user units are mm. `metadata` goes into <metadata> as plain text."""
    width, height = page_mm
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" '
        'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" version="1.1" '
        f'width="{width:.10g}mm" height="{height:.10g}mm" viewBox="0 0 {width:.10g} {height:.10g}">\n'
    )
    if metadata:
        yield f"<metadata>{_escape(metadata)}</metadata>\n"
    for number, layer in enumerate(layers, 1):
        yield (
            f'<g inkscape:groupmode="layer" inkscape:label="{_escape(layer.label)}" id="layer{number}" '
            f'fill="none" stroke="{layer.colour}" stroke-width="{layer.width_mm:.6g}" '
            'stroke-linecap="round" stroke-linejoin="round">\n'
        )
        for points in layer.strokes:
            pattern = "M%.3f,%.3f" + " %.3f,%.3f" * (len(points) - 1)
            yield f'<path d="{pattern % tuple(points.ravel().tolist())}"/>\n'
        yield "</g>\n"
    yield "</svg>\n"


def _document(
    layers: Iterable[tuple[Pen, str, list[PixelLine]]],
    page_mm: tuple[float, float] | None,
    drops: Iterable[tuple[str, list[PixelLine]]],
) -> vpype.Document:
    import vpype  # noqa: PLC0415

    document = vpype.Document()
    number = 0
    for number, (pen, label, lines) in enumerate(layers, 1):
        document.add(lines, number)
        layer = document.layers[number]
        layer.set_property("vp_name", pen.id)
        layer.set_property("vp_color", vpype.Color(srgb_hex(pen.lab)))
        layer.set_property("vp_pen_width", px_from_mm(pen.width_mm))
        if label and parse_layer_name(label).orders:
            layer.set_property(LAYER_FIELD, label)
    for number, (reason, lines) in enumerate(drops, number + 1):  # noqa: B020 - goes on counting
        document.add(lines, number)
        document.layers[number].set_property(DROP_FIELD, reason)
    if page_mm is not None:
        document.page_size = (px_from_mm(page_mm[0]), px_from_mm(page_mm[1]))
    return document


def _asked(layer: vpype.LineCollection) -> LayerOrder:
    """What the layer of the file asked for."""
    return parse_layer_name(str(layer.property(LAYER_FIELD) or ""))


def _points(points: npt.ArrayLike, number: int) -> FloatArray:
    try:
        array = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise BadInput(f"Stroke {number} is not a list of points (x, y) in mm.") from error
    if array.ndim != 2 or array.shape[1] != 2 or not len(array):
        raise BadInput(f"Stroke {number} has the shape {array.shape}; it must be points [n >= 1, 2] in mm.")
    return np.repeat(array, 2, axis=0) if len(array) == 1 else array


def _px(points: FloatArray) -> npt.NDArray[np.complex128]:
    pixels = px_from_mm(np.ascontiguousarray(points, dtype=np.float64))
    return pixels.view(np.complex128).ravel()


def _mm(line: npt.NDArray[np.complex128]) -> FloatArray:
    return mm_from_px(np.column_stack([line.real, line.imag]))


def _is_pen(label: str, inventory: Inventory) -> bool:
    return label.strip().casefold() in {
        text.casefold() for pen in inventory.pens for text in (pen.id, pen.name, str(pen))
    }


def _named_pen(name: str, inventory: Inventory) -> Pen | None:
    wanted = {name.strip().casefold(), parse_layer_name(name).name.casefold()}
    for texts in (lambda pen: (pen.id,), lambda pen: (str(pen), pen.name)):
        for pen in inventory.pens:
            if any(text.casefold() in wanted for text in texts(pen)):
                return pen
    return None


def _layer_lab(layer: vpype.LineCollection, inventory: Inventory) -> FloatArray:
    """Colour a layer is meant to have on this paper: its stroke colour, see-through ones over the paper."""
    colour = layer.property("vp_color")
    rgba = (0, 0, 0, 255) if colour is None else (colour.red, colour.green, colour.blue, colour.alpha)
    opacity = rgba[3] / 255
    over = np.array(rgba[:3]) / 255
    if opacity < 1:
        paper = np.frombuffer(bytes.fromhex(srgb_hex(inventory.paper.lab)[1:]), dtype=np.uint8) / 255
        over = over * opacity + paper * (1 - opacity)  # SVG blends encoded values
    return np.asarray(srgb_to_lab(over))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
