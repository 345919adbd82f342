"""Activation, reported honestly: under fixed views, of pictures the optimiser had no hand in.

`rasterise` draws polylines with resvg at pen width, pen by pen, and lets the masks meet in the ink
model, in linear light. What a network makes of that picture is what it makes of the plotted sheet, so an
optimiser that only exploits its own renderer is found out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from plotbot.art.augment import fixed_views, look, view_size
from plotbot.art.networks import Network
from plotbot.art.objectives import Objective, Seen
from plotbot.ink.film import compose, film_to_srgb, transmittance
from plotbot.pens.model import Pen
from plotbot.preview.raster import pen_coverage

__all__ = ["activation_of_film", "activation_of_plot", "encode", "rasterise"]

SUPERSAMPLING = 4


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


def rasterise(
    strokes: Mapping[str, Sequence[np.ndarray]],
    pens: Sequence[Pen],
    paper_lab: tuple[float, float, float],
    *,
    area_mm: tuple[float, float, float, float],
    size_px: tuple[int, int],
) -> np.ndarray:
    """Film [3, H, W] (float32) of strokes as resvg draws them, each pen at its real width.

    strokes: polylines [n, 2] in mm by pen id. pens: in drawing order; those that hide what is below
    come last. area_mm: left, top, right, bottom of the picture. size_px: height and width; pixels must
    be square. Coverage is taken at `SUPERSAMPLING` times the size and films are averaged in linear light.
    """
    height, width = size_px
    px_per_mm = SUPERSAMPLING * width / (area_mm[2] - area_mm[0])
    inks = sorted((pen for pen in pens if strokes.get(pen.id)), key=lambda pen: pen.opacity > 0)
    fine = (height * SUPERSAMPLING, width * SUPERSAMPLING)
    if not inks:
        return np.ones((3, height, width), dtype=np.float32)
    # Whole pixels to the right and below, whatever the area's last fraction of a pixel is.
    box = (
        area_mm[0],
        area_mm[1],
        area_mm[0] + fine[1] / px_per_mm,
        area_mm[1] + fine[0] / px_per_mm,
    )
    coverage = np.stack([pen_coverage(strokes[pen.id], pen.width_mm, box, px_per_mm) for pen in inks], -1)
    films = transmittance([pen.lab for pen in inks], paper_lab)
    film = compose(coverage, films, [pen.opacity for pen in inks])
    blocks = film.reshape(height, SUPERSAMPLING, width, SUPERSAMPLING, 3)
    return np.ascontiguousarray(blocks.mean((1, 3)).transpose(2, 0, 1), dtype=np.float32)


def activation_of_plot(
    strokes: Mapping[str, Sequence[np.ndarray]],
    pens: Sequence[Pen],
    paper_lab: tuple[float, float, float],
    *,
    area_mm: tuple[float, float, float, float],
    size_px: tuple[int, int],
    network: Network,
    objective: Objective,
) -> float:
    """Activation of strokes as plotted: of the picture resvg makes of them (see `rasterise`)."""
    film = torch.from_numpy(rasterise(strokes, pens, paper_lab, area_mm=area_mm, size_px=size_px))
    return activation_of_film(film, paper_lab, network, objective)
