"""Strokes of a calibration card's parts: hatchings, markers, letters. All lengths are mm."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from plotbot.paper import mm_from_px, px_from_mm

__all__ = ["DISC_MM", "MARKER_RADIUS_MM", "RING_MM", "Box", "bullseye", "hatching", "lettering"]

Floats: TypeAlias = npt.NDArray[np.float64]
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom."""

MARKER_RADIUS_MM = 4.0
RING_MM = (2.6, 4.0)
DISC_MM = 1.2

_CIRCLE_POINTS = 73
_CAPITAL, _CAPITAL_MIDDLE = 0.656, 0.047
"""Height of the font's capitals and their middle above its origin, in sizes."""


def hatching(box: Box, pitch: float, width: float, *, across: bool = False) -> list[Floats]:
    """Lines that fill a box, upright or, `across`, lying; their ink stays inside it. Every other one goes
    the other way."""
    left, top, right, bottom = box
    if across:
        return [line[:, ::-1] for line in hatching((top, left, bottom, right), pitch, width)]
    half = width / 2
    count = int((right - left - width) / pitch + 1e-9) + 1
    first = (left + right - (count - 1) * pitch) / 2
    found = []
    for number in range(count):
        x = first + number * pitch
        line = np.array([[x, top + half], [x, bottom - half]])
        found.append(line[::-1] if number % 2 else line)
    return found


def bullseye(centre: Floats, pitch: float) -> list[Floats]:
    """Circles that fill a ring and the disc inside it."""
    angle = np.linspace(0, 2 * np.pi, _CIRCLE_POINTS)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = []
    for inner, outer in ((0.0, DISC_MM), RING_MM):
        count = math.ceil((outer - inner) / pitch)
        radii = np.linspace(outer - pitch / 2, inner + pitch / 2, max(count, 2))
        found += [centre + radius * circle for radius in radii]
    return found


def lettering(text: str, box: Box) -> list[Floats]:
    """Single-line letters as large as the box allows, at its left edge."""
    import vpype  # noqa: PLC0415 - slow to import; only drawing a card needs letters

    left, top, right, bottom = box
    size = (bottom - top) / _CAPITAL
    letters = vpype.text_line(text, "futural", px_from_mm(size))
    bounds = letters.bounds()
    if bounds is None:  # nothing of it is in the font
        return []
    scale = min(1.0, (right - left) / mm_from_px(bounds[2] - bounds[0])) if bounds[2] > bounds[0] else 1.0
    base = np.array([left, (top + bottom) / 2 + _CAPITAL_MIDDLE * size * scale])
    return [
        base + mm_from_px(np.column_stack([line.real - bounds[0], line.imag])) * scale for line in letters
    ]
