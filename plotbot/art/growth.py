"""How a drawing grew, in pictures: its snapshots rendered small, and side by side on a strip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from plotbot.art.artwork import FilmSnapshot, Grown, Snapshot
from plotbot.art.ink_renderer import Canvas, render_free
from plotbot.art.palette import Inks
from plotbot.ink.film import film_to_srgb
from plotbot.ink.spaces import srgb_uint8

__all__ = ["film_picture", "growth_pictures", "snapshot_picture", "strip"]

_FINER = 2
"""Pictures are rendered larger by this factor and averaged in linear light."""

_GAP_PX = 6


def growth_pictures(artwork: Grown, short_px: int = 320) -> list[tuple[str, np.ndarray]]:
    """Every snapshot as (what to call it, sRGB uint8 [H, W, 3]); `short_px` is the shorter side."""
    count = len(artwork.history)
    return [
        ("final" if one.step >= count else f"step {one.step}", snapshot_picture(artwork, one, short_px))
        for one in artwork.growth
    ]


@torch.no_grad()
def snapshot_picture(artwork: Grown, snapshot: Snapshot | FilmSnapshot, short_px: int) -> np.ndarray:
    """One snapshot on its paper as sRGB uint8 [H, W, 3]; `short_px` is the shorter side."""
    if isinstance(snapshot, FilmSnapshot):
        return film_picture(snapshot.film, artwork.paper_lab, short_px)
    width, height = artwork.area_mm
    px = min(width, height) / short_px
    size = round(height / px), round(width / px)
    canvas = Canvas(size[1] * _FINER, size[0] * _FINER, px / _FINER)
    points = torch.from_numpy(snapshot.points_mm)
    if snapshot.pen_of is not None:
        inks = Inks.of(artwork.inks, "cpu")
        film = inks.render_assigned(points, torch.from_numpy(snapshot.pen_of), canvas)
    else:
        width_mm, ink = torch.from_numpy(snapshot.width_mm), torch.from_numpy(snapshot.ink)
        film = render_free(points, width_mm, ink, canvas)
    blocks = film.reshape(3, size[0], _FINER, size[1], _FINER).mean((2, 4))
    return film_picture(blocks.numpy(), artwork.paper_lab)


def film_picture(
    film: np.ndarray, paper_lab: tuple[float, float, float], short_px: int | None = None
) -> np.ndarray:
    """A film [3, h, w] on its paper as sRGB uint8 [H, W, 3]; pixels stay squares where it gets larger."""
    encoded = film_to_srgb(film.transpose(1, 2, 0).astype(np.float64), paper_lab)
    picture = np.asarray(srgb_uint8(encoded))
    if short_px is None:
        return picture
    height, width = picture.shape[:2]
    scale = short_px / min(height, width)
    rows, columns = ((np.arange(round(side * scale)) / scale).astype(int) for side in (height, width))
    larger: np.ndarray = picture[rows.clip(0, height - 1)[:, None], columns.clip(0, width - 1)]
    return larger


def strip(pictures: Sequence[np.ndarray], columns: int = 6) -> np.ndarray:
    """Pictures of one size [H, W, 3] in reading order on one, with white between them."""
    height, width = pictures[0].shape[:2]
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    size = columns * (width + _GAP_PX) - _GAP_PX, rows * (height + _GAP_PX) - _GAP_PX
    whole = Image.new("RGB", size, "white")
    for index, picture in enumerate(pictures):
        row, column = divmod(index, columns)
        whole.paste(Image.fromarray(picture), (column * (width + _GAP_PX), row * (height + _GAP_PX)))
    return np.asarray(whole)
