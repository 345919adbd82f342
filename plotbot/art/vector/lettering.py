"""Text of an SVG as lines, from a rendering of it: any font that resvg knows will do."""

from __future__ import annotations

from typing import Any
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

_MOSTLY = 0.6
"""A letter of which so much is of one pen is all drawn with it."""


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
    which = _pens_of(picture, inked, palette)
    strokes: Strokes = []
    for index in np.unique(which[inked]):
        pen = palette.pens[index]
        lines = mark_lines(which == index, mm_per_px, pen.width_mm)
        strokes += [(LayeredPen(pen.id, ""), line) for line in lines]
    return strokes, inked


def _pens_of(
    picture: npt.NDArray[Any], inked: npt.NDArray[np.bool_], palette: Palette
) -> npt.NDArray[np.int64]:
    """The number of the pen for every pixel of letters [H, W], -1 elsewhere.

    A pixel at the edge is mixed with the paper: it has the colour of what is inside, and a letter that is
    mostly of one colour is all of it.
    """
    from scipy.ndimage import binary_erosion, distance_transform_edt, label  # noqa: PLC0415
    from skimage.morphology import skeletonize  # noqa: PLC0415

    core = binary_erosion(inked, iterations=2) | skeletonize(inked)  # type: ignore[no-untyped-call]
    flat = np.asarray(rec2020_to_lab(picture[core].astype(np.float64)))
    apart = np.stack([delta_e00(flat, lab[None]) for lab in palette.labs], axis=1)
    which = np.full(inked.shape, -1)
    which[core] = apart.argmin(axis=1)
    rows, columns = distance_transform_edt(~core, return_distances=False, return_indices=True)
    which[inked] = which[rows[inked], columns[inked]]
    letters, count = label(inked, np.ones((3, 3)))
    shares = np.zeros((count, len(palette.pens)))
    np.add.at(shares, (letters[core] - 1, which[core]), 1)
    mostly = shares.argmax(axis=1)
    alike = shares.max(axis=1) > _MOSTLY * shares.sum(axis=1)
    whole = inked & np.concatenate([[False], alike])[letters]
    which[whole] = mostly[letters[whole] - 1]
    return which
