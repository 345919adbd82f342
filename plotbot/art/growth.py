"""How a drawing grew, in pictures: its snapshots rendered small, and side by side on a strip."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image

from plotbot.art.artwork import Artwork, Snapshot
from plotbot.art.ink_renderer import Canvas, render_free
from plotbot.art.palette import Inks
from plotbot.ink.film import film_to_srgb
from plotbot.ink.spaces import srgb_uint8

__all__ = ["growth_pictures", "snapshot_picture", "strip"]

_FINER = 2
"""Pictures are rendered larger by this factor and averaged in linear light."""

_GAP_PX = 6


def growth_pictures(artwork: Artwork, short_px: int = 320) -> list[tuple[str, np.ndarray]]:
    """Every snapshot as (what to call it, sRGB uint8 [H, W, 3]); `short_px` is the shorter side."""
    count = len(artwork.history)
    return [
        ("final" if one.step >= count else f"step {one.step}", snapshot_picture(artwork, one, short_px))
        for one in artwork.growth
    ]


@torch.no_grad()
def snapshot_picture(artwork: Artwork, snapshot: Snapshot, short_px: int) -> np.ndarray:
    """One snapshot on its paper as sRGB uint8 [H, W, 3]; `short_px` is the shorter side."""
    width, height = artwork.area_mm
    px = min(width, height) / short_px
    size = round(height / px), round(width / px)
    canvas = Canvas(size[1] * _FINER, size[0] * _FINER, px / _FINER)
    points = torch.from_numpy(snapshot.points_mm)
    if snapshot.pen_of is not None:
        inks = Inks.of(artwork.pens, artwork.paper_lab, "cpu")
        film = inks.render_assigned(points, torch.from_numpy(snapshot.pen_of), canvas)
    else:
        width_mm, ink = torch.from_numpy(snapshot.width_mm), torch.from_numpy(snapshot.ink)
        film = render_free(points, width_mm, ink, canvas)
    blocks = film.reshape(3, size[0], _FINER, size[1], _FINER).mean((2, 4))
    return np.asarray(srgb_uint8(film_to_srgb(blocks.permute(1, 2, 0).double().numpy(), artwork.paper_lab)))


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
