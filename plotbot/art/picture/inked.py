"""Very many strokes as they will look, quickly: without writing them down for a rasteriser first."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.guides import cell_means, covered_by
from plotbot.art.picture.judge import Strokes
from plotbot.art.picture.steps import finely_all
from plotbot.ink.sheet import InkedSheet
from plotbot.pens.ink_set import InkSet
from plotbot.pens.model import Inventory

__all__ = ["film_of_lines"]


def film_of_lines(
    strokes: Strokes, inventory: Inventory, size_mm: tuple[float, float], shape: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """Film of strokes on bare paper, [H, W, 3], as `plotbot.art.picture.judge.film_of_strokes` has it but for
    the soft edges of its rasteriser: every pixel is sampled at four points. The area begins at (0, 0)."""
    px_per_mm = shape[1] / size_mm[0]
    inks = InkSet.of(inventory)
    sheet = InkedSheet(shape, px_per_mm, inks.spread_mm, inks.films, inks.opacity, inks.trapping)
    lines: dict[str, list[npt.NDArray[np.float64]]] = {}
    for pen_id, points in strokes:
        lines.setdefault(pen_id, []).append(points)
    for number, pen in enumerate(inks.pens):
        if pen.id in lines:
            points, offsets = finely_all(lines[pen.id])
            cover = covered_by(points, offsets, pen.width_mm, (2 * shape[0], 2 * shape[1]), 2 * px_per_mm)
            sheet.lay(number, cell_means(cover, 2))
    return sheet.seen()
