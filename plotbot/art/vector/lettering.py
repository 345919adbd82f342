"""Text of an SVG as lines, from a rendering of it: any font that resvg knows will do."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.judge import Strokes
from plotbot.art.vector.glyphs import mark_lines
from plotbot.art.vector.palette import Palette
from plotbot.art.vector.source import render
from plotbot.ink.spaces import delta_e00, rec2020_to_lab
from plotbot.layers import LayeredPen

__all__ = ["lay_text"]

Size = tuple[float, float]


def lay_text(
    texts: ElementTree.Element, size_px: Size, size: Size, name: str, palette: Palette
) -> tuple[Strokes, npt.NDArray[np.bool_] | None]:
    """Letters as lines in mm from the corner of the page, colour by colour, and which parts of the page,
    in a picture of it [h, w], they are."""
    px_per_mm = min(20.0, 5000 / max(size))
    picture = render(texts, round(size[0] * px_per_mm), name, size_px)
    mm_per_px = size[0] / picture.shape[1]
    inked = picture.min(axis=2) < 0.6
    if not inked.any():
        return [], None
    flat = np.asarray(rec2020_to_lab(picture[inked].astype(np.float64)))
    apart = np.stack([delta_e00(flat, lab[None]) for lab in palette.labs], axis=1)
    which = np.full(inked.shape, -1)
    which[inked] = apart.argmin(axis=1)
    strokes: Strokes = []
    used, counts = np.unique(which[inked], return_counts=True)
    # Edges of letters mix with the paper; only colours with a body of their own are colours.
    bodies = used[counts > 0.15 * counts.max()]
    for index in bodies:
        pen = palette.pens[index]
        # Mixed edge pixels go to the letter they belong to.
        mask = (which == index) | (inked & ~np.isin(which, bodies))
        strokes += [(LayeredPen(pen.id, ""), line) for line in mark_lines(mask, mm_per_px, pen.width_mm)]
    return strokes, inked
