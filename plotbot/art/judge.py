"""Activation, reported honestly: under fixed views, of pictures the optimiser had no hand in.

`rasterise` draws polylines with resvg at pen width, pen by pen, and lets the masks meet on the sheet of the
ink model, as previews do. What a network makes of that picture is what it makes of the plotted sheet, so an
optimiser that only exploits its own renderer is found out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from plotbot.art.augment import fixed_views, look, view_size
from plotbot.art.networks import Network
from plotbot.art.objectives import Objective, Seen
from plotbot.ink.film import film_to_srgb
from plotbot.ink.sheet import REACH, InkedSheet
from plotbot.pens.ink_set import InkSet
from plotbot.preview.raster import pen_coverage

__all__ = [
    "activation_of_film",
    "activation_of_plot",
    "activation_of_windows",
    "encode",
    "rasterise",
]

SUPERSAMPLING = 4

AROUND_PX = 24
"""Seen around a window, so that one that is turned shows the drawing in its corners too."""


def encode(film: Tensor, paper_lab: tuple[float, float, float]) -> Tensor:
    """Films [B, 3, H, W] on their paper as sRGB-encoded pictures [B, 3, H, W] in 0..1, differentiable."""
    return film_to_srgb(film.permute(0, 2, 3, 1), paper_lab).clamp(0, 1).permute(0, 3, 1, 2)


def activation_of_film(
    film: Tensor,
    paper_lab: tuple[float, float, float],
    network: Network,
    objective: Objective,
    size: tuple[int, int] | None = None,
) -> float:
    """The objective's excitation for a film [3, H, W], averaged over the fixed views.

    size: height and width of a view in pixels, where it is not that of the film; the middle is seen.
    """
    excitation = objective.excitation
    size = size or view_size(film.shape[1], film.shape[2], math.lcm(network.stride, 32))
    with torch.no_grad():
        views = fixed_views()
        total = 0.0
        for view in torch.split(views, 4):
            picture = encode(look(film, view, size), paper_lab)
            value, _ = excitation.evaluate(Seen(network(picture), picture, film))
            total += float(value) * len(view)
    return total / len(views)


def activation_of_windows(
    film_of: Callable[[int, int, int, int], Tensor],
    size_px: tuple[int, int],
    view_px: tuple[int, int],
    paper_lab: tuple[float, float, float],
    network: Network,
    objective: Objective,
) -> float:
    """The excitation for a drawing larger than a view: the mean over windows that overlap by about half.

    film_of: the film [3, h, w] of a part of the drawing, by its top, left, height and width in pixels; it
    may reach beyond the edges. size_px, view_px: height and width of the drawing and of a window. Each
    window is seen under one of the fixed views, in turn.
    """
    excitation, total = objective.excitation, 0.0
    views, corners = fixed_views(), _corners(size_px, view_px)
    height, width = (side + 2 * AROUND_PX for side in view_px)
    with torch.no_grad():
        for number, (top, left) in enumerate(corners):
            film = film_of(top - AROUND_PX, left - AROUND_PX, height, width)
            view = views[number % len(views)][None]
            picture = encode(look(film, view, view_px), paper_lab)
            value, _ = excitation.evaluate(Seen(network(picture), picture, film))
            total += float(value)
    return total / len(corners)


def _corners(size_px: tuple[int, int], view_px: tuple[int, int]) -> list[tuple[int, int]]:
    """Top left corners of windows over a drawing, evenly, about half a window apart."""

    def starts(size: int, view: int) -> list[int]:
        middle = (size - view) // 2
        count = max(1, round(2 * size / view) - 1)
        return [round(at) for at in np.linspace(min(0, middle), max(size - view, middle), count).tolist()]

    return [(top, left) for top in starts(size_px[0], view_px[0]) for left in starts(size_px[1], view_px[1])]


def rasterise(
    strokes: Mapping[str, Sequence[np.ndarray]],
    inks: InkSet,
    *,
    area_mm: tuple[float, float, float, float],
    size_px: tuple[int, int],
) -> np.ndarray:
    """Film [3, H, W] (float32) of strokes as resvg draws them, each pen at its real width, with the light
    that strays in the paper: what previews show.

    strokes: polylines [n, 2] in mm by pen id. inks: in drawing order. area_mm: left, top, right, bottom of
    the picture. size_px: height and width; pixels must be square. Coverage is taken at `SUPERSAMPLING`
    times the size and films are averaged in linear light.
    """
    height, width = size_px
    px_per_mm = SUPERSAMPLING * width / (area_mm[2] - area_mm[0])
    fine = (height * SUPERSAMPLING, width * SUPERSAMPLING)
    drawn = [(number, pen) for number, pen in enumerate(inks.pens) if strokes.get(pen.id)]
    if not drawn:
        return np.ones((3, height, width), dtype=np.float32)
    # Whole pixels to the right and below, whatever the area's last fraction of a pixel is.
    box = (
        area_mm[0],
        area_mm[1],
        area_mm[0] + fine[1] / px_per_mm,
        area_mm[1] + fine[0] / px_per_mm,
    )
    sheet = InkedSheet(fine, px_per_mm, inks.spread_mm, inks.films, inks.opacity, inks.trapping)
    for number, pen in drawn:
        sheet.lay(number, pen_coverage(strokes[pen.id], pen.width_mm, box, px_per_mm))
    blocks = sheet.seen().reshape(height, SUPERSAMPLING, width, SUPERSAMPLING, 3)
    return np.ascontiguousarray(blocks.mean((1, 3)).transpose(2, 0, 1), dtype=np.float32)


def activation_of_plot(
    strokes: Mapping[str, Sequence[np.ndarray]],
    inks: InkSet,
    *,
    area_mm: tuple[float, float, float, float],
    size_px: tuple[int, int],
    network: Network,
    objective: Objective,
    view_px: tuple[int, int] | None = None,
) -> float:
    """Activation of strokes as plotted: of the picture resvg makes of them (see `rasterise`).

    view_px: for a large drawing, what is seen of it at a time (see `activation_of_windows`).
    """
    if view_px is None:
        film = torch.from_numpy(rasterise(strokes, inks, area_mm=area_mm, size_px=size_px))
        return activation_of_film(film, inks.paper_lab, network, objective)
    film = _rasterised_in_blocks(strokes, inks, area_mm, size_px, view_px)

    def film_of(top: int, left: int, height: int, width: int) -> Tensor:
        beyond = (-left, left + width - size_px[1], -top, top + height - size_px[0])
        inside = film[:, max(0, top) : top + height, max(0, left) : left + width]
        return F.pad(inside, [max(0, side) for side in beyond], value=1.0)

    return activation_of_windows(film_of, size_px, view_px, inks.paper_lab, network, objective)


def _rasterised_in_blocks(
    strokes: Mapping[str, Sequence[np.ndarray]],
    inks: InkSet,
    area_mm: tuple[float, float, float, float],
    size_px: tuple[int, int],
    block_px: tuple[int, int],
) -> Tensor:
    """As `rasterise`, a block of so many pixels at a time: memory grows with those, not with the sheet."""
    px = (area_mm[2] - area_mm[0]) / size_px[1]
    # Light strays in from ink beyond the edges of a block.
    beyond = math.ceil(REACH * inks.spread_mm / px)
    widest = max((pen.width_mm for pen in inks.pens), default=0.0)
    boxes = {
        pen: np.array([[*line.min(0), *line.max(0)] for line in lines])
        for pen, lines in strokes.items()
        if lines
    }
    film = torch.ones(3, *size_px)
    for top in range(0, size_px[0], block_px[0]):
        for left in range(0, size_px[1], block_px[1]):
            height, width = min(block_px[0], size_px[0] - top), min(block_px[1], size_px[1] - left)
            x, y = area_mm[0] + (left - beyond) * px, area_mm[1] + (top - beyond) * px
            tall, wide = height + 2 * beyond, width + 2 * beyond
            box = (x, y, x + wide * px, y + tall * px)
            near = {}
            for pen, ends in boxes.items():
                seen = (ends[:, 2:] + widest > box[:2]) & (ends[:, :2] - widest < box[2:])
                near[pen] = [strokes[pen][index] for index in np.flatnonzero(seen.all(1)).tolist()]
            block = rasterise(near, inks, area_mm=box, size_px=(tall, wide))
            inside = block[:, beyond : beyond + height, beyond : beyond + width]
            film[:, top : top + height, left : left + width] = torch.from_numpy(inside)
    return film
