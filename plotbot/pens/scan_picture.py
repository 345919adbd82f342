"""What was found on a scan, patch by patch, as a picture for the person who made it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.ink.spaces import lab_to_rec2020, lab_to_srgb, rec2020_to_srgb, srgb_uint8
from plotbot.pens.chart_strokes import MARKER_RADIUS_MM, Box
from plotbot.pens.model import Pen
from plotbot.pens.scan import Measurement

__all__ = ["found_picture"]

_PX_PER_MM = 9.0
_SWATCH = 0.32


def found_picture(measurement: Measurement) -> npt.NDArray[np.uint8]:
    """The card laid straight and as bright as its paper, sRGB [H, W, 3]: markers crossed, patches framed (red
    where doubtful), in a corner of each solid and overprint the colour that was written for it, and over the
    pens' names the numbers."""
    from PIL import Image, ImageDraw  # noqa: PLC0415

    card, placed = measurement.card, measurement.placed
    size = (round(card.paper.width * _PX_PER_MM), round(card.paper.height * _PX_PER_MM))
    x = (np.arange(size[0]) + 0.5) / _PX_PER_MM
    corners = placed.at(np.repeat(card.markers, 64, axis=0) + _around(MARKER_RADIUS_MM + 1.5))
    bright = lab_to_rec2020(np.array(measurement.inventory.paper.lab)) / np.nanmedian(corners, axis=0)
    flat = np.empty((size[1], size[0], 3), dtype=np.uint8)
    for row in range(0, size[1], 128):
        y = (np.arange(row, min(row + 128, size[1])) + 0.5) / _PX_PER_MM
        light = np.nan_to_num(placed.at(np.stack(np.meshgrid(x, y), axis=-1)), nan=0.5)
        flat[row : row + 128] = srgb_uint8(rec2020_to_srgb(light * bright))
    image = Image.fromarray(flat)
    pencil: Any = ImageDraw.Draw(image)
    colours = srgb_uint8(lab_to_srgb(measurement.labs))
    for one, colour in zip(measurement.seen, colours, strict=True):
        left, top, right, bottom = (value * _PX_PER_MM for value in one.patch.box)
        frame = (255, 0, 0) if one.clipped > 0.2 or one.uneven > 6 else (0, 200, 0)
        pencil.rectangle((left, top, right, bottom), outline=frame)
        if one.patch.kind in ("solid", "repeat", "overprint"):
            side = _SWATCH * (right - left)
            swatch = tuple(int(value) for value in colour)
            pencil.rectangle(
                (right - side, bottom - side, right, bottom), fill=swatch, outline=(255, 255, 255)
            )
    for pen_id, (left, top, right, bottom) in card.labels:
        _written(pencil, measurement.inventory[pen_id], (left, top, right, bottom))
    for marker in card.markers * _PX_PER_MM:
        cx, cy = (float(value) for value in marker)
        pencil.line((cx - 25, cy, cx + 25, cy), fill=(0, 200, 0))
        pencil.line((cx, cy - 25, cx, cy + 25), fill=(0, 200, 0))
    return np.asarray(image)


def _written(pencil: Any, pen: Pen, box: Box) -> None:
    """What was measured of a pen, over its name on the card."""
    left, top, right, bottom = (value * _PX_PER_MM for value in box)
    pencil.rectangle((left, top, right, bottom), fill=(255, 255, 255))
    unsure = f" ±{pen.scan.width_uncertainty_mm:.3f}" if pen.scan else ""
    lines = (str(pen), "L*{:.0f} a*{:.0f} b*{:.0f} ±{:.0f}".format(*pen.lab, pen.uncertainty))
    for number, text in enumerate((*lines, f"{pen.width_mm:.3f} mm{unsure}")):
        size = min(19, (bottom - top) / 3.6)
        wide = pencil.textlength(text, font_size=size)
        size *= min(1.0, (right - left - 4) / max(wide, 1))
        pencil.text((left + 4, top + number * (bottom - top) / 3.1), text, fill=(40, 40, 40), font_size=size)


def _around(radius: float) -> npt.NDArray[np.float64]:
    """64 points on a circle, for each of four markers."""
    angle = np.tile(np.linspace(0, 2 * np.pi, 64, endpoint=False), 4)
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
