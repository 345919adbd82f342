"""Where art lies on the sheet: fitted, scaled, turned, aligned, cropped, several in a grid, with ticks.

Everything is strokes as (pen id, points [n, 2] in mm, y down) in and out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput

__all__ = ["Align", "Placement", "Strokes", "bounds", "crop", "grid", "place", "registration_ticks"]

Floats = npt.NDArray[np.float64]
Strokes = list[tuple[str, Floats]]
Box = tuple[float, float, float, float]
Align = Literal[
    "center", "top", "bottom", "left", "right", "top-left", "top-right", "bottom-left", "bottom-right"
]

_TICK_MM = 5.0


@dataclass(frozen=True, slots=True)
class Placement:
    """rotate: degrees clockwise, first. fit: as large as the area allows; otherwise `scale` times its own
    size. align: where in the area. crop: cut off what leaves the area, instead of keeping it."""

    fit: bool = True
    scale: float = 1.0
    rotate: float = 0.0
    align: Align = "center"
    crop: bool = False

    def __post_init__(self) -> None:
        if not (math.isfinite(self.scale) and 1e-3 <= self.scale <= 1e3):
            raise BadInput(f"A scale of {self.scale:g} is impossible; it must be from 0.001 to 1000.")
        if not (math.isfinite(self.rotate) and abs(self.rotate) <= 360):
            raise BadInput(
                f"A rotation of {self.rotate:g} degrees is impossible; it must be from -360 to 360."
            )
        if self.align not in get_args(Align):
            raise BadInput(f"Alignment {self.align!r} is unknown; use one of {', '.join(get_args(Align))}.")


def bounds(strokes: Strokes) -> Box:
    """Left, top, right and bottom of all points; raises `BadInput` when there are none, or no numbers."""
    if not strokes:
        raise BadInput("There is nothing to place: the art has no stroke.")
    points = np.concatenate([points for _, points in strokes])
    if not np.isfinite(points).all():
        raise BadInput("The art has a coordinate that is no number.")
    low, high = points.min(axis=0), points.max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def place(
    strokes: Strokes, area_mm: Box, placement: Placement | None = None, frame_mm: Box | None = None
) -> Strokes:
    """Put art into an area of the sheet.

    frame_mm: the art's own page, whose margins are kept; by default what the strokes fill.
    """
    placement = placement or Placement()
    frame = frame_mm or bounds(strokes)
    turn = math.radians(placement.rotate)
    cosine, sine = math.cos(turn), math.sin(turn)
    matrix = np.array([[cosine, sine], [-sine, cosine]])
    corners = np.array([[x, y] for x in frame[::2] for y in frame[1::2]]) @ matrix
    low, high = corners.min(axis=0), corners.max(axis=0)
    room = np.array([area_mm[2] - area_mm[0], area_mm[3] - area_mm[1]])
    if (room <= 0).any():
        raise BadInput(f"The area to place art in is {room[0]:g} x {room[1]:g} mm; both must be over 0.")
    extent = high - low
    scale = placement.scale
    if placement.fit:
        with np.errstate(divide="ignore"):
            ratios = np.where(extent > 1e-9, room / np.maximum(extent, 1e-9), np.inf)
        scale = float(ratios.min()) if np.isfinite(ratios.min()) else 1.0
    spare = room - extent * scale
    across = 0.0 if "left" in placement.align else 1.0 if "right" in placement.align else 0.5
    down = 0.0 if "top" in placement.align else 1.0 if "bottom" in placement.align else 0.5
    shift = np.array(area_mm[:2]) + spare * [across, down] - low * scale
    placed = [(pen, points @ matrix * scale + shift) for pen, points in strokes]
    return crop(placed, area_mm) if placement.crop else placed


def crop(strokes: Strokes, area_mm: Box) -> Strokes:
    """Cut strokes at the edges of an area, exactly (Liang and Barsky 1984); what lies outside is gone.

    A stroke keeps its direction, and stays one stroke as long as it does not leave the area.
    """
    low, high = np.array(area_mm[:2]), np.array(area_mm[2:])
    kept: Strokes = []
    for pen, points in strokes:
        if (points >= low).all() and (points <= high).all():
            kept.append((pen, points))
            continue
        start, step = points[:-1], np.diff(points, axis=0)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            one, other = (low - start) / step, (high - start) / step
        still = step == 0
        out = still & ((start < low) | (start > high))
        enters = np.maximum(np.where(still, 0.0, np.minimum(one, other)).max(axis=1), 0.0)
        leaves = np.minimum(np.where(still, 1.0, np.maximum(one, other)).min(axis=1), 1.0)
        inside = (enters <= leaves) & ~out.any(axis=1)
        first = np.clip(start + enters[:, None] * step, low, high)
        last = np.clip(start + leaves[:, None] * step, low, high)
        piece: list[Floats] = []
        for k in np.flatnonzero(inside).tolist():
            if not piece or enters[k] > 0 or k == 0 or not inside[k - 1] or leaves[k - 1] < 1:
                kept += _piece(pen, piece)
                piece = [first[k]]
            piece.append(last[k])
        kept += _piece(pen, piece)
    return kept


def _piece(pen: str, points: list[Floats]) -> Strokes:
    """A piece of a cut stroke, unless it only touches the edge."""
    if not points:
        return []
    line = np.array(points)
    return [(pen, line)] if np.ptp(line, axis=0).max() > 0 else []


def grid(
    artworks: Sequence[Strokes],
    area_mm: Box,
    columns: int,
    gap_mm: float = 5.0,
    placement: Placement | None = None,
) -> Strokes:
    """Several artworks on one sheet, row by row, each in a cell of the same size."""
    if not artworks:
        raise BadInput("There is nothing to put in a grid.")
    if not 1 <= columns <= 1000:
        raise BadInput(f"A grid of {columns} columns is impossible; use 1 to 1000.")
    rows = math.ceil(len(artworks) / columns)
    left, top, right, bottom = area_mm
    width = (right - left - gap_mm * (columns - 1)) / columns
    height = (bottom - top - gap_mm * (rows - 1)) / rows
    if not min(width, height) > 0:
        raise BadInput(
            f"{len(artworks)} artworks in {columns} columns leave no room on {right - left:g} x "
            f"{bottom - top:g} mm with gaps of {gap_mm:g} mm; use fewer columns or smaller gaps."
        )
    placed: Strokes = []
    for index, strokes in enumerate(artworks):
        row, column = divmod(index, columns)
        x, y = left + column * (width + gap_mm), top + row * (height + gap_mm)
        placed += place(strokes, (x, y, x + width, y + height), placement)
    return placed


def registration_ticks(area_mm: Box, pens: Sequence[str], length_mm: float = _TICK_MM) -> Strokes:
    """A corner mark in every corner of an area, by each pen, to see whether pens meet."""
    left, top, right, bottom = area_mm
    ticks: Strokes = []
    for pen in pens:
        for x, inward_x in ((left, 1), (right, -1)):
            for y, inward_y in ((top, 1), (bottom, -1)):
                ends = [[x + inward_x * length_mm, y], [x, y], [x, y + inward_y * length_mm]]
                ticks.append((pen, np.array(ends, dtype=np.float64)))
    return ticks
