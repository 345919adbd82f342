"""A drawing in the colours that its strokes had before they got pens: what the pens are judged against."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch

from plotbot.art.artwork import Artwork
from plotbot.art.ink_renderer import Canvas, render_free
from plotbot.ink.film import film_to_relative, transmittance

__all__ = ["free_light"]

_PX_PER_MM, _MOST_PX = 4.0, 2_000_000


def free_light(artwork: Artwork) -> npt.NDArray[np.float32]:
    """Linear Rec.2020 relative to the paper, [H, W, 3], of an artwork's area: its final strokes, as wide as
    their pens, each in its free colour. Raises ValueError for an artwork that never had free colours."""
    quantisation = artwork.quantisation
    if quantisation is None or len(quantisation.lab) != len(artwork.points_mm):
        raise ValueError("the strokes of this drawing never had colours of their own")
    width, height = artwork.area_mm
    px_per_mm = min(_PX_PER_MM, math.sqrt(_MOST_PX / (width * height)))
    canvas = Canvas(round(width * px_per_mm), round(height * px_per_mm), 1 / px_per_mm)
    widths = np.array([pen.width_mm for pen in artwork.pens])[artwork.pen_of]
    films = transmittance(quantisation.lab, artwork.paper_lab)
    with torch.no_grad():
        film = render_free(
            torch.as_tensor(artwork.points_mm),
            torch.as_tensor(widths, dtype=torch.float32),
            torch.as_tensor(films, dtype=torch.float32),
            canvas,
        )
    return np.asarray(film_to_relative(film.permute(1, 2, 0).numpy()))
