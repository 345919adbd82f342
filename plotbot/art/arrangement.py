"""A person's own files on one sheet: each made for the place it gets, photographs as marks, SVGs as asked."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from plotbot import drawing as drawings
from plotbot.errors import BadInput
from plotbot.layers import LayerMap
from plotbot.paper import Paper
from plotbot.pens.model import Inventory
from plotbot.placement import STILL, Align, Box, Placement, Pose, Strokes, cells, crop

if TYPE_CHECKING:
    import vpype

    from plotbot.art.picture import Quantized, QuantizeOptions

__all__ = ["PICTURES", "ArrangeOptions", "Arranged", "Look", "arrange"]

Progress = Callable[[str, float], None]
PICTURES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif"})
"""Endings of files that are photographs; others are read as SVGs."""

_JUDGED_MM = 0.5
_INKED = "over ink that is there already"


@dataclass(frozen=True, slots=True)
class ArrangeOptions:
    """svg_mode: ``plain`` keeps an SVG's paths, see `read_artwork` for the others. layers: pens of layers.
    tones: how photographs become marks; without it, as `QuantizeOptions` are. refine: let their strokes
    slide to where they match better (see `plotbot.art.picture.refine`; needs torch). text: letters of SVGs as
    their outlines, which plain ones leave out, or in a single-line font.

    fit, scale, rotate, align, crop: see `Placement`; without any a plain SVG stays where it is, and all
    else fills its place. grid: columns and rows of cells; the files fill them row by row, over and over
    until it is full. gap: between cells, mm.
    """

    svg_mode: Literal["plain", "lines", "faithful"] = "plain"
    layers: tuple[str, ...] = ()
    tones: QuantizeOptions | None = None
    fit: bool | None = None
    scale: float | None = None
    rotate: float = 0.0
    align: Align | None = None
    crop: bool = False
    grid: tuple[int, int] | None = None
    gap: float = 5.0
    refine: bool = False
    text: Literal["outlines", "lines"] = "outlines"

    def placement(self, *, fits: bool) -> Placement:
        """What was asked for; `fits` is what is done where nothing was said of fitting."""
        fit = fits if self.fit is None else self.fit
        return Placement(
            fit, 1.0 if self.scale is None else self.scale, self.rotate, self.align or "center", self.crop
        )

    @property
    def placed(self) -> bool:
        """Whether a plain SVG is to be moved at all."""
        said = (self.fit, self.scale, self.align, self.grid)
        return any(one is not None and one is not False for one in said) or self.rotate != 0


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What strokes are to look like: light relative to the paper, linear Rec.2020 [H, W, 3], in a box on the
    sheet (left, top, right, bottom in mm); outside of it is bare paper."""

    light: npt.NDArray[np.float64]
    box_mm: Box


@dataclass(frozen=True, slots=True, eq=False)
class Arranged:
    """look: None where a file has none to keep to. figures: of each file that was judged while it was made.
    not_drawn: how many shapes, by reason. remarks: what else a person may want to know."""

    drawing: vpype.Document
    look: Look | None = None
    figures: tuple[dict[str, Any], ...] = ()
    not_drawn: dict[str, int] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class _Piece:
    """A file's own part of the sheet. look: what it is to look like, in a frame that `pose` moves."""

    drawing: vpype.Document
    figures: dict[str, Any] | None = None
    look: npt.NDArray[np.float64] | None = None
    frame: Box = (0.0, 0.0, 0.0, 0.0)
    pose: Pose = STILL
    area: Box = (0.0, 0.0, 0.0, 0.0)
    cut: bool = False
    not_drawn: dict[str, int] = field(default_factory=dict)
    remark: str = ""


def arrange(
    paths: Sequence[Path],
    inventory: Inventory,
    paper: Paper,
    options: ArrangeOptions | None = None,
    on_progress: Progress | None = None,
) -> Arranged:
    """Draw files on a sheet. A time budget in `tones` is shared by what has tones:
    photographs, and SVGs as they look. Raises `BadInput`."""
    options = options or ArrangeOptions()
    columns, rows = options.grid or (1, 1)
    if not 1 <= len(paths) <= columns * rows:
        raise BadInput(
            f"{len(paths)} files do not go into a grid of {columns}x{rows}; "
            "use a larger one, such as --grid 2x2 for four."
        )
    areas = cells(paper.drawable, columns, rows, options.gap)
    tell = on_progress or (lambda _what, _share: None)
    if options.tones is not None and options.tones.time_budget_s is not None:
        toned = [_is_picture(path) or options.svg_mode == "faithful" for path in paths]
        share = options.tones.time_budget_s / max(sum(toned[k % len(paths)] for k in range(len(areas))), 1)
        options = replace(options, tones=replace(options.tones, time_budget_s=share))
    made = [
        _piece(path, inventory, paper, area, options, _part(tell, index, len(paths)))
        for index, (path, area) in enumerate(zip(paths, areas, strict=False))
    ]
    pieces = [_copied(made[index % len(made)], area, paper) for index, area in enumerate(areas)]
    if len(pieces) == 1:
        drawing = pieces[0].drawing
    else:
        drawing = drawings.merged([piece.drawing for piece in pieces], paper)
    dropped: dict[str, int] = {}
    for piece in pieces:
        for reason, count in piece.not_drawn.items():
            dropped[reason] = dropped.get(reason, 0) + count
    return Arranged(
        drawing,
        _look(pieces),
        tuple(piece.figures for piece in made if piece.figures is not None),
        dropped,
        tuple(piece.remark for piece in made if piece.remark),
    )


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in PICTURES


def _part(tell: Progress, index: int, count: int) -> Progress:
    return lambda what, share: tell(what, (index + share) / count)


def _piece(
    path: Path, inventory: Inventory, paper: Paper, area: Box, options: ArrangeOptions, tell: Progress
) -> _Piece:
    tell(f"reading {path.name}", 0.0)
    if _is_picture(path):
        return _picture(path, inventory, paper, area, options, tell)
    if options.svg_mode != "plain":
        return _svg(path, inventory, paper, area, options, tell)
    chosen = LayerMap(options.layers, inventory)
    read = drawings.read_svg(path, text=options.text == "lines")
    left_out = {f"{what}, which plain SVGs leave out": n for what, n in drawings.left_out(read).items()}
    drawing = drawings.assign_pens(read, inventory, chosen)
    if options.placed:
        placement = options.placement(fits=options.grid is not None)
        drawing = drawings.placed(drawing, paper, placement, area)
    elif options.crop:
        drawing = drawings.cropped(drawing, area)
    return _Piece(drawing, area=area, not_drawn=left_out)


def _picture(
    path: Path, inventory: Inventory, paper: Paper, area: Box, options: ArrangeOptions, tell: Progress
) -> _Piece:
    from plotbot.art.picture import QuantizeOptions, load_picture, quantize  # noqa: PLC0415

    tones = options.tones or QuantizeOptions()
    light = load_picture(path)
    height, width = light.shape[:2]
    pose = options.placement(fits=True).pose((0.0, 0.0, width, height), area)
    left, top, right, bottom = 0, 0, width, height
    if options.crop:
        seen = pose.seen((0.0, 0.0, width, height), area)
        left, top, right, bottom = (*map(math.floor, seen[:2]), *map(math.ceil, seen[2:]))
    corner = pose.apply(np.array([[left, top]], dtype=np.float64))[0]
    move = Pose(1.0, pose.turn, (float(corner[0]), float(corner[1])))
    frame = (0.0, 0.0, (right - left) * pose.scale, (bottom - top) * pose.scale)
    half = 0.4 if options.refine else 1.0
    drawn = quantize(
        light[top:bottom, left:right], inventory, frame, tones, lambda what, share: tell(what, share * half)
    )
    if options.refine:
        drawn = _refined(drawn, inventory, tones, lambda what, share: tell(what, half + (1 - half) * share))
    return _Piece(
        drawings.from_strokes(_moved(drawn.strokes, move, area, options.crop), inventory, paper),
        {"art": path.name, **drawn.report.as_dict()},
        drawn.target,
        frame,
        move,
        area,
        options.crop,
    )


def _refined(drawn: Quantized, inventory: Inventory, tones: QuantizeOptions, tell: Progress) -> Quantized:
    tell("waking the renderer", 0.0)
    from plotbot.art.compiled import compile_apart, needs_compiling  # noqa: PLC0415
    from plotbot.art.picture.refine import refine  # noqa: PLC0415

    if needs_compiling():
        tell("compiling the renderer, once", 0.0)
        compile_apart()
    return refine(drawn, inventory, tones, tell)


def _svg(
    path: Path, inventory: Inventory, paper: Paper, area: Box, options: ArrangeOptions, tell: Progress
) -> _Piece:
    from plotbot.art.vector import ArtworkOptions, read_artwork  # noqa: PLC0415

    mode: Literal["lines", "faithful"] = "lines" if options.svg_mode == "lines" else "faithful"
    settings = ArtworkOptions(svg_mode=mode, layer_map=options.layers, text=options.text)
    if options.tones is not None:
        asked = options.tones
        tones = replace(
            settings.tones, time_budget_s=asked.time_budget_s, motion=asked.motion, seed=asked.seed
        )
        settings = replace(settings, tones=tones)
    art = read_artwork(path, inventory, area, settings, tell, options.placement(fits=True))
    figures: dict[str, Any] = {"art": path.name}
    if art.difference is not None:
        floor = art.floor.as_dict() if art.floor is not None else None
        figures |= {"drawn": art.difference.as_dict(), "floor": floor}
    figures["not_drawn"] = art.dropped
    if art.overdrawn is not None:
        figures["overdrawing"] = art.overdrawn.as_dict()
    strokes = _moved(art.strokes, art.pose, area, options.crop)
    gone = [] if art.overdrawn is None else [art.pose.apply(points) for points in art.overdrawn.gone]
    return _Piece(
        drawings.from_strokes(strokes, inventory, paper, {_INKED: gone} if gone else None),
        figures,
        art.target,
        art.box_mm,
        art.pose,
        area,
        options.crop,
        art.dropped,
        str(art.overdrawn or ""),
    )


def _moved(strokes: Strokes, move: Pose, area: Box, cut: bool) -> Strokes:
    placed = [(pen, move.apply(points)) for pen, points in strokes]
    if not cut:
        return placed
    kept = crop(placed, area)
    if not kept:
        raise BadInput(
            "Nothing of the art is left inside of its place on the sheet; there is nothing to draw."
        )
    return kept


def _copied(piece: _Piece, area: Box, paper: Paper) -> _Piece:
    """The same in another cell."""
    if area == piece.area:
        return piece
    by = (area[0] - piece.area[0], area[1] - piece.area[1])
    x, y = piece.pose.shift
    pose = replace(piece.pose, shift=(x + by[0], y + by[1]))
    moved = drawings.moved(piece.drawing, Pose(1.0, 0.0, by), paper)
    return replace(piece, drawing=moved, pose=pose, area=area)


def _look(pieces: list[_Piece]) -> Look | None:
    """All looks on one picture of their part of the sheet."""
    from scipy.ndimage import map_coordinates  # noqa: PLC0415

    looks = [(piece.look, piece) for piece in pieces if piece.look is not None]
    if len(looks) < len(pieces):
        return None
    boxes = np.array([_shown(piece) for _, piece in looks])
    box: Box = (*map(float, boxes[:, :2].min(axis=0)), *map(float, boxes[:, 2:].max(axis=0)))  # type: ignore[assignment]
    first, only = looks[0]
    if len(looks) == 1 and only.pose.turn == 0 and not only.cut:
        return Look(first, box)
    cell = max(_JUDGED_MM, math.sqrt((box[2] - box[0]) * (box[3] - box[1]) / 1e6))
    shape = (max(2, round((box[3] - box[1]) / cell)), max(2, round((box[2] - box[0]) / cell)))
    x = box[0] + (np.arange(shape[1]) + 0.5) * (box[2] - box[0]) / shape[1]
    y = box[1] + (np.arange(shape[0]) + 0.5) * (box[3] - box[1]) / shape[0]
    places = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    light = np.ones((*shape, 3))
    for look, piece in looks:
        own = piece.pose.undo(places) - np.array(piece.frame[:2])
        size = np.array([piece.frame[2] - piece.frame[0], piece.frame[3] - piece.frame[1]])
        shown = ((own >= 0) & (own <= size)).all(axis=1)
        if piece.cut:
            shown &= ((places >= piece.area[:2]) & (places <= piece.area[2:])).all(axis=1)
        inside = shown.reshape(shape)
        at = own / size * [look.shape[1], look.shape[0]] - 0.5
        for k in range(3):
            sampled = map_coordinates(look[..., k], [at[:, 1], at[:, 0]], order=1, mode="nearest")
            light[inside, k] = sampled.reshape(shape)[inside]
    return Look(light, box)


def _shown(piece: _Piece) -> Box:
    left, top, right, bottom = piece.pose.box(piece.frame)
    if not piece.cut:
        return (left, top, right, bottom)
    area = piece.area
    return (max(left, area[0]), max(top, area[1]), min(right, area[2]), min(bottom, area[3]))
