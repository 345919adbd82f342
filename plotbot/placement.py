"""Where art lies on the sheet: fitted, scaled, turned, aligned, cropped, several in the cells of a grid.

Art of any kind is first made in a frame of its own, from (0, 0), at the size it will have; a `Pose` then
moves it to its place as a whole. So hatching keeps its tone however the art is turned.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput

__all__ = ["STILL", "Align", "Box", "Placement", "Pose", "Strokes", "bounds", "cells", "crop", "parse_grid"]

Floats = npt.NDArray[np.float64]
Strokes = list[tuple[str, Floats]]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in mm."""

Align = Literal[
    "center", "top", "bottom", "left", "right", "top-left", "top-right", "bottom-left", "bottom-right"
]

_MOST_CELLS = 10_000
_HAIR_MM = 1e-7


@dataclass(frozen=True, slots=True)
class Pose:
    """From a frame to the sheet: scaled, then turned clockwise by `turn` radians (y is down), then moved."""

    scale: float
    turn: float
    shift: tuple[float, float]

    def apply(self, points: Floats) -> Floats:
        """Points [n, 2] of the frame, on the sheet."""
        return np.asarray(points @ self._matrix * self.scale + np.array(self.shift))

    def undo(self, points: Floats) -> Floats:
        """Points [n, 2] of the sheet, in the frame."""
        return np.asarray((points - np.array(self.shift)) / self.scale @ self._matrix.T)

    def box(self, frame: Box) -> Box:
        """What a frame takes up on the sheet."""
        return _around(self.apply(_corners(frame)))

    def seen(self, frame: Box, area_mm: Box) -> Box:
        """The part of a frame that may show in an area of the sheet; raises `BadInput` if none does."""
        back = _around(self.undo(_corners(area_mm)))
        left, top = max(frame[0], back[0]), max(frame[1], back[1])
        right, bottom = min(frame[2], back[2]), min(frame[3], back[3])
        if not (left < right and top < bottom):
            raise BadInput("All of the art lies outside of its place on the sheet; there is nothing to draw.")
        return (left, top, right, bottom)

    @property
    def _matrix(self) -> Floats:
        cosine, sine = math.cos(self.turn), math.sin(self.turn)
        return np.array([[cosine, sine], [-sine, cosine]])


STILL = Pose(1.0, 0.0, (0.0, 0.0))
"""Leaves everything where it is."""


@dataclass(frozen=True, slots=True)
class Placement:
    """rotate: degrees clockwise. fit: as large as the area allows, else in its own size; both times `scale`.
    align: where in the area. crop: cut off what leaves the area, and with `fit` fill all of the area."""

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

    def pose(self, frame: Box, area_mm: Box) -> Pose:
        """How art in a frame comes to lie in an area of the sheet."""
        room = np.array([area_mm[2] - area_mm[0], area_mm[3] - area_mm[1]])
        if not (room > 0).all():
            raise BadInput(f"The area to place art in is {room[0]:g} x {room[1]:g} mm; both must be over 0.")
        turn = math.radians(self.rotate)
        low, high = np.array(_around(replace(STILL, turn=turn).apply(_corners(frame)))).reshape(2, 2)
        scale = self.scale * (self._fitting(frame, high - low, room, turn) if self.fit else 1.0)
        spare = room - (high - low) * scale
        across = 0.0 if "left" in self.align else 1.0 if "right" in self.align else 0.5
        down = 0.0 if "top" in self.align else 1.0 if "bottom" in self.align else 0.5
        shift = np.array(area_mm[:2]) + spare * [across, down] - low * scale
        return Pose(scale, turn, (float(shift[0]), float(shift[1])))

    def _fitting(self, frame: Box, extent: Floats, room: Floats, turn: float) -> float:
        if self.crop:
            # The area, seen from the frame, must lie inside it.
            cosine, sine = abs(math.cos(turn)), abs(math.sin(turn))
            needed = np.array([cosine * room[0] + sine * room[1], sine * room[0] + cosine * room[1]])
            own = np.array([frame[2] - frame[0], frame[3] - frame[1]])
            return float((needed / own).max()) if (own > 1e-9).all() else 1.0
        # A straight line fits by its length alone, a dot as it is.
        return float(min((room[k] / extent[k] for k in (0, 1) if extent[k] > 1e-9), default=1.0))


def bounds(lines: Sequence[Floats]) -> Box:
    """Left, top, right and bottom of all points; raises `BadInput` when there are none, or no numbers."""
    if not lines:
        raise BadInput("There is nothing to place: the art has no stroke.")
    points = np.concatenate(lines)
    if not np.isfinite(points).all():
        raise BadInput("The art has a coordinate that is no number.")
    return _around(points)


def crop(strokes: Strokes, area_mm: Box) -> Strokes:
    """Cut strokes at the edges of an area, exactly (Liang and Barsky 1984); what lies outside is gone.

    A stroke keeps its direction, and stays one stroke as long as it does not leave the area.
    """
    # A line along the edge, where rounding may have put it a hair outside, is inside.
    low, high = np.array(area_mm[:2]) - _HAIR_MM, np.array(area_mm[2:]) + _HAIR_MM
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
    # Within a hair of the edge a stroke that grazes it at a small angle leaves a piece of many hairs.
    return [(pen, line)] if np.ptp(line, axis=0).max() > 50 * _HAIR_MM else []


def parse_grid(text: str) -> tuple[int, int]:
    """Columns and rows of ``2x3``; raises `BadInput`."""
    match = re.fullmatch(r"\s*(\d{1,4})\s*[x×]\s*(\d{1,4})\s*", text)
    if match is None or not 0 < int(match[1]) * int(match[2]) <= _MOST_CELLS:
        raise BadInput(f"A grid of {text!r} is impossible; write columns by rows, like 2x3.")
    return int(match[1]), int(match[2])


def cells(area_mm: Box, columns: int, rows: int, gap_mm: float) -> list[Box]:
    """The cells of a grid that fills an area, row by row, a gap between neighbours."""
    left, top, right, bottom = area_mm
    width = (right - left - gap_mm * (columns - 1)) / columns
    height = (bottom - top - gap_mm * (rows - 1)) / rows
    if not min(width, height) > 0:
        raise BadInput(
            f"A grid of {columns}x{rows} leaves no room on {right - left:g} x {bottom - top:g} mm "
            f"with gaps of {gap_mm:g} mm; use fewer cells or smaller gaps."
        )
    corners = [
        (left + column * (width + gap_mm), top + row * (height + gap_mm))
        for row in range(rows)
        for column in range(columns)
    ]
    return [(x, y, x + width, y + height) for x, y in corners]


def _corners(box: Box) -> Floats:
    return np.array([[x, y] for x in box[::2] for y in box[1::2]])


def _around(points: npt.NDArray[Any]) -> Box:
    low, high = points.min(axis=0), points.max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
