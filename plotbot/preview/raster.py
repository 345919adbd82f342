"""Rasterise planned strokes with resvg, independently of the ink renderer that grew them.

One coverage mask per pen comes from resvg (anti-aliased strokes with round caps at the pen's real
width); the masks meet in the ink model, in linear light, never in the SVG's own blending.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
import resvg_py
from PIL import Image

from plotbot.errors import BadInput

__all__ = ["MAX_PIXELS", "check_size", "pen_coverage"]

MAX_PIXELS = 200_000_000
"""Largest picture that is rendered; an A1 sheet at 400 dpi still fits."""

_HAIRLINE_PX = 1.0
"""resvg draws lines up to this width as hairlines, with up to a tenth too little ink; they are
rasterised finer and averaged instead."""

_STROKES_PER_PATH = 64
"""Strokes joined into one SVG path: few elements parse fast, small paths rasterise fast."""


def pen_coverage(
    strokes_mm: Sequence[np.ndarray],
    width_mm: float,
    area_mm: tuple[float, float, float, float],
    px_per_mm: float,
) -> np.ndarray:
    """Share of every pixel that the strokes of one pen cover.

    strokes_mm: polylines [n >= 2, 2] in mm. area_mm: left, top, right, bottom of the picture.
    Returns float32 [H, W] in 0..1, where H and W are the area times px_per_mm, rounded.
    Raises `BadInput` when the picture would be larger than `MAX_PIXELS`.
    """
    left, top, right, bottom = area_mm
    width_px, height_px = check_size(right - left, bottom - top, px_per_mm)
    if not strokes_mm:
        return np.zeros((height_px, width_px), dtype=np.float32)
    finer = math.floor(_HAIRLINE_PX / (width_mm * px_per_mm)) + 1
    if width_px * height_px * finer**2 > MAX_PIXELS:
        raise BadInput(
            f"A pen of {width_mm:g} mm is too fine for a picture of {width_px} x {height_px} pixels at "
            f"{px_per_mm:g} pixels/mm. Choose a higher resolution or a smaller part of the sheet."
        )
    fine = _rasterise(strokes_mm, width_mm, area_mm, (width_px * finer, height_px * finer))
    if finer == 1:
        return fine
    blocks = fine.reshape(height_px, finer, width_px, finer)
    coverage: np.ndarray = blocks.mean((1, 3), dtype=np.float32)
    return coverage


def check_size(width_mm: float, height_mm: float, px_per_mm: float) -> tuple[int, int]:
    """Width and height of a picture in pixels; raises `BadInput` for more than `MAX_PIXELS`, or none."""
    width_px, height_px = round(width_mm * px_per_mm), round(height_mm * px_per_mm)
    if width_px < 1 or height_px < 1 or width_px * height_px > MAX_PIXELS:
        raise BadInput(
            f"A picture of {width_px} x {height_px} pixels cannot be rendered; the limit is "
            f"{MAX_PIXELS / 1e6:g} megapixels. Choose a lower resolution."
        )
    return width_px, height_px


def _rasterise(
    strokes_mm: Sequence[np.ndarray],
    width_mm: float,
    area_mm: tuple[float, float, float, float],
    size_px: tuple[int, int],
) -> np.ndarray:
    """Coverage [H, W] of strokes wider than a pixel; size_px is width and height."""
    left, top, right, bottom = area_mm
    width_px, height_px = size_px
    paths = (
        "".join(map(_path_data, strokes_mm[start : start + _STROKES_PER_PATH]))
        for start in range(0, len(strokes_mm), _STROKES_PER_PATH)
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width_px}" height="{height_px}" '
        f'viewBox="{left} {top} {right - left} {bottom - top}" preserveAspectRatio="none">'
        f'<g fill="none" stroke="#fff" stroke-width="{width_mm}" '
        'stroke-linecap="round" stroke-linejoin="round">'
        + "".join(f'<path d="{data}"/>' for data in paths)
        + "</g></svg>"
    )
    png = resvg_py.svg_to_bytes(svg_string=svg, skip_system_fonts=True)
    with Image.open(io.BytesIO(png)) as image:
        alpha = np.asarray(image.convert("RGBA").getchannel("A"), dtype=np.float32)
    return alpha / np.float32(255)


def _path_data(stroke_mm: np.ndarray) -> str:
    x, y = stroke_mm[0]
    # A stroke that does not move is a dot: SVG draws round caps on a zero-length segment.
    return f"M{x:.4f} {y:.4f}L" + " ".join(f"{x:.4f} {y:.4f}" for x, y in stroke_mm[1:])
