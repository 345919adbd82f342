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
from plotbot.preview.raster import pen_coverage

__all__ = ["film_of_plan", "render_plan", "write_png"]

_BAND_ROWS = 256
"""Rows converted at once: linear light of a whole sheet at 300 dpi would not fit a small machine."""


def film_of_plan(
    plan: Plan, px_per_mm: float, area_mm: tuple[float, float, float, float] | None = None
) -> np.ndarray:
    """The plan's ink as light relative to the bare paper (see `plotbot.ink.film`), float32 [H, W, 3].

    area_mm: left, top, right, bottom on the sheet; the whole sheet by default.
    """
    area = area_mm or (0.0, 0.0, plan.paper.width, plan.paper.height)
    film: np.ndarray | None = None
    for one_pass in plan.passes:
        pen = one_pass.pen
        cover = pen_coverage([stroke.mm for stroke in one_pass.strokes], pen.width_mm, area, px_per_mm)
        if film is None:
            film = np.ones((*cover.shape, 3), dtype=np.float32)
        ink = transmittance(pen.lab, plan.paper_lab).astype(np.float32)
        rows, columns = np.nonzero(cover)
        part, below = cover[rows, columns, None], film[rows, columns]
        film[rows, columns] = lay(below, part, ink, pen.opacity)
    if film is None:
        shape = pen_coverage([], 1.0, area, px_per_mm).shape
        film = np.ones((*shape, 3), dtype=np.float32)
    return film


def render_plan(
    plan: Plan, px_per_mm: float, area_mm: tuple[float, float, float, float] | None = None
) -> np.ndarray:
    """The plan as it will look, sRGB uint8 [H, W, 3]; arguments as for `film_of_plan`."""
    film = film_of_plan(plan, px_per_mm, area_mm)
    picture = np.empty(film.shape, dtype=np.uint8)
    for top in range(0, len(film), _BAND_ROWS):
        band = slice(top, top + _BAND_ROWS)
        picture[band] = srgb_uint8(film_to_srgb(film[band], plan.paper_lab))
    return picture


def write_png(path: Path, picture: np.ndarray, dpi: float, notes: Sequence[tuple[str, str]] = ()) -> None:
    """Write a picture [H, W, 3] with its resolution and text notes; the file appears whole or not at all."""
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415

    info = PngInfo()
    for key, value in notes:
        info.add_text(key, value)
    with written_whole(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG", dpi=(dpi, dpi), pnginfo=info)
