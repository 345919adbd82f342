"""The plan as a picture: every stroke at its pen's width, through the ink model, on the paper's colour."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from plotbot.files import written_whole
from plotbot.ink.film import film_to_srgb, lay, transmittance
from plotbot.ink.spaces import srgb_uint8
from plotbot.plan.model import Plan
from plotbot.preview.raster import check_size
from plotbot.preview.stroking import Strokes

__all__ = ["render_plan", "write_png"]

_BAND_ROWS = 256
"""Rows rendered at once: linear light of a whole sheet at 300 dpi would not fit a small machine."""

_PNG_LEVEL = 2
"""Half the time of the usual level for four per cent more bytes."""


def render_plan(
    plan: Plan, px_per_mm: float, area_mm: tuple[float, float, float, float] | None = None
) -> np.ndarray:
    """The plan as it will look, sRGB uint8 [H, W, 3].

    area_mm: left, top, right, bottom on the sheet; the whole sheet by default. H and W are its sides times
    px_per_mm, rounded. Raises `BadInput` for a picture of more than `MAX_PIXELS`.
    """
    left, top, right, bottom = area_mm or (0.0, 0.0, plan.paper.width, plan.paper.height)
    width, height = check_size(right - left, bottom - top, px_per_mm)
    inks = [
        (
            Strokes([stroke.mm for stroke in one.strokes], one.pen.width_mm, (left, top), px_per_mm),
            transmittance(one.pen.lab, plan.paper_lab).astype(np.float32),
            one.pen.opacity,
        )
        for one in plan.passes
    ]
    picture = np.empty((height, width, 3), dtype=np.uint8)
    picture[:] = srgb_uint8(film_to_srgb(np.ones(3), plan.paper_lab))
    for row in range(0, height, _BAND_ROWS):
        band = picture[row : row + _BAND_ROWS]
        pixels = band.reshape(-1, 3)
        film = np.ones(pixels.shape, dtype=np.float32)
        inked = np.zeros(len(film), dtype=bool)
        for strokes, ink, opacity in inks:
            cover = strokes.cover(row, (len(band), width))
            if cover is None:
                continue
            (here,) = np.nonzero(cover.ravel())
            film[here] = lay(film[here], cover.ravel()[here, None], ink, opacity)
            inked[here] = True
        pixels[inked] = srgb_uint8(film_to_srgb(film[inked], plan.paper_lab))
    return picture


def write_png(path: Path, picture: np.ndarray, dpi: float, notes: Sequence[tuple[str, str]] = ()) -> None:
    """Write a picture [H, W, 3] with its resolution and text notes; the file appears whole or not at all."""
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415

    info = PngInfo()
    for key, value in notes:
        info.add_text(key, value)
    with written_whole(path) as temporary:
        Image.fromarray(picture).save(
            temporary, format="PNG", dpi=(dpi, dpi), pnginfo=info, compress_level=_PNG_LEVEL
        )
