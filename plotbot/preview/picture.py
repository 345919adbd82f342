"""The plan as a picture: every stroke at its pen's width, through the ink model, on the paper's colour, with
the light that strays in the paper: fine hatching looks darker than the share of paper it covers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from plotbot.compiled import compiled
from plotbot.files import written_whole
from plotbot.ink.film import film_to_srgb, screen_matrix
from plotbot.ink.sheet import REACH, InkedSheet
from plotbot.ink.spaces import encode_srgb, srgb_uint8
from plotbot.pens.ink_set import InkSet
from plotbot.plan.model import Plan
from plotbot.preview.raster import check_size
from plotbot.preview.stroking import Strokes

__all__ = ["plan_film", "render_plan", "write_png"]

_BAND_ROWS = 256
"""Rows rendered at once: linear light of a whole sheet at 300 dpi would not fit a small machine."""

_BARE = 2e-3
"""Film that differs less than this from 1 is bare paper to a screen."""

_LEVELS = 65536
"""Steps of linear light for which the 8 bits of the screen are worked out beforehand."""

_PNG_LEVEL = 2
"""Half the time of the usual level for four per cent more bytes."""


def render_plan(
    plan: Plan, px_per_mm: float, area_mm: tuple[float, float, float, float] | None = None
) -> np.ndarray:
    """The plan as it will look, sRGB uint8 [H, W, 3].

    area_mm: left, top, right, bottom on the sheet; the whole sheet by default. H and W are its sides times
    px_per_mm, rounded. Raises `BadInput` for a picture of more than `MAX_PIXELS`.
    """
    area = area_mm or (0.0, 0.0, plan.paper.width, plan.paper.height)
    width, height = check_size(area[2] - area[0], area[3] - area[1], px_per_mm)
    picture = np.empty((height, width, 3), dtype=np.uint8)
    picture[:] = srgb_uint8(film_to_srgb(np.ones(3), plan.paper_lab))
    matrix, offset = screen_matrix(plan.paper_lab)
    levels = srgb_uint8(encode_srgb(np.linspace(0, 1, _LEVELS)))
    for row, film in _bands(plan, px_per_mm, area, (height, width)):
        _show(film, matrix, offset, levels, picture[row : row + len(film)])
    return picture


def plan_film(plan: Plan, px_per_mm: float, area_mm: tuple[float, float, float, float]) -> np.ndarray:
    """The same as film, float32 [H, W, 3] (see `plotbot.ink.film`): colours that no screen shows are in it
    too. For calculations; keep it small."""
    width, height = check_size(area_mm[2] - area_mm[0], area_mm[3] - area_mm[1], px_per_mm)
    whole = np.ones((height, width, 3), dtype=np.float32)
    for row, film in _bands(plan, px_per_mm, area_mm, (height, width)):
        whole[row : row + len(film)] = film
    return whole


def _bands(
    plan: Plan, px_per_mm: float, area_mm: tuple[float, float, float, float], shape: tuple[int, int]
) -> Iterator[tuple[int, np.ndarray]]:
    """Film of the bands of rows that have ink, with the row that each begins at."""
    height, width = shape
    # Light strays in from ink beyond the edges of a band.
    reach = math.ceil(REACH * plan.paper_spread_mm * px_per_mm)
    origin = (area_mm[0] - reach / px_per_mm, area_mm[1] - reach / px_per_mm)
    drawn = [
        Strokes([stroke.mm for stroke in one.strokes], one.pen.width_mm, origin, px_per_mm)
        for one in plan.passes
    ]
    for row in range(0, height, _BAND_ROWS):
        rows = min(_BAND_ROWS, height - row)
        film = _film(drawn, row, (rows + 2 * reach, width + 2 * reach), plan.inks, px_per_mm)
        if film is not None:
            yield row, film[reach : reach + rows, reach : reach + width]


def _film(
    drawn: Sequence[Strokes], row: int, shape: tuple[int, int], inks: InkSet, px_per_mm: float
) -> np.ndarray | None:
    """What a band [H, W, 3] of paper shows of its ink, as film; None where there is none."""
    sheet: InkedSheet | None = None
    for number, strokes in enumerate(drawn):
        cover = strokes.cover(row, shape)
        if cover is not None:
            sheet = sheet or InkedSheet(
                shape, px_per_mm, inks.spread_mm, inks.films, inks.opacity, inks.trapping
            )
            sheet.lay(number, cover)
    return None if sheet is None else sheet.seen()


@compiled
def _show(
    film: np.ndarray, matrix: np.ndarray, offset: np.ndarray, levels: np.ndarray, picture: np.ndarray
) -> None:
    """Film [H, W, 3] as 8 bits of sRGB into the picture, which is bare paper already.

    matrix, offset: from `plotbot.ink.film.screen_matrix`; levels: the 8 bits for linear light from 0 to 1.
    """
    last = len(levels) - 1
    for row in range(film.shape[0]):
        for column in range(film.shape[1]):
            one, two, three = film[row, column, 0], film[row, column, 1], film[row, column, 2]
            if max(abs(one - 1), abs(two - 1), abs(three - 1)) <= _BARE:
                continue
            for band in range(3):
                light = matrix[band, 0] * one + matrix[band, 1] * two + matrix[band, 2] * three + offset[band]
                picture[row, column, band] = levels[int(min(max(light, 0.0), 1.0) * last + 0.5)]


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
