"""What is left of an SVG's look when its lines and solid areas are laid: the picture for the tones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.guides import compiled
from plotbot.art.picture.inked import film_of_lines
from plotbot.art.picture.judge import Strokes, resized
from plotbot.art.vector.laying import Laid
from plotbot.art.vector.scan import spans
from plotbot.art.vector.showing import ALIKE
from plotbot.ink.film import film_to_relative, relative_to_film
from plotbot.pens.model import Inventory

__all__ = ["rest_of"]

Floats = npt.NDArray[np.float64]
Size = tuple[float, float]

_BARE, _WORTH_A_TONE = 0.97, 0.0005
"""Light above which a place is bare, and the share of a picture that must not be for tones to be made."""


def rest_of(
    picture: npt.NDArray[Any],
    laid: Laid,
    letters: Strokes,
    lettered: npt.NDArray[np.bool_] | None,
    size: Size,
    inventory: Inventory,
) -> npt.NDArray[Any] | None:
    """The picture that tones are to make: as it is where nothing is laid, and as laid where that is all.
    None where nothing is left for tones.

    letters, lettered: what `lay_text` gives.
    """
    from scipy.ndimage import binary_dilation  # noqa: PLC0415

    height, width = picture.shape[:2]
    factor = np.array([width / size[0], height / size[1]])
    bare = np.zeros((height, width), dtype=bool)
    if len(laid.solid):
        polygon, row, ends = spans(laid.solid, 0.5 / factor[1], 1 / factor[1])
        lights = laid.lights[polygon].astype(picture.dtype)
        _mark_alike(row, ends * factor[0] - 0.5, lights, picture, ALIKE, bare)
    covered = bare | binary_dilation(bare, iterations=3)
    if laid.thin:
        covered |= _lines_mask(laid.thin, factor, (height, width))
    if lettered is not None:
        share = resized(lettered[..., None].astype(np.float32), (height, width))[..., 0]
        covered |= binary_dilation(share > 0.05, iterations=2)
    left = picture[~covered].min(axis=1) < _BARE
    if left.sum() < _WORTH_A_TONE * covered.size:
        return None
    if not covered.any():
        return picture
    wanted = relative_to_film(np.asarray(_continued(picture, covered), dtype=np.float64))
    wanted[bare] = 1.0
    inked = film_of_lines([*laid.strokes, *letters], inventory, size, (height, width))
    wanted[covered] *= resized(inked, (height, width))[covered]
    wanted[~covered] = relative_to_film(picture[~covered].astype(np.float64))
    return np.asarray(film_to_relative(np.clip(wanted, 0, None)))


def _lines_mask(
    lines: Sequence[tuple[Floats, float]], factor: Floats, shape: tuple[int, int]
) -> npt.NDArray[np.bool_]:
    """Which pixels lines in mm cover, and the soft edges of their rendering around them."""
    from PIL import Image, ImageDraw  # noqa: PLC0415
    from scipy.ndimage import binary_dilation  # noqa: PLC0415

    mask = Image.new("1", (shape[1], shape[0]))
    draw = ImageDraw.Draw(mask)
    for points, width in lines:
        flat = (points * factor).ravel().tolist()
        draw.line(flat, fill=1, width=max(1, math.ceil(width * factor.min())), joint="curve")
    return np.asarray(binary_dilation(np.array(mask), iterations=2))


def _continued(picture: npt.NDArray[Any], covered: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    """The picture with covered pixels as the nearest that is not."""
    from scipy.ndimage import distance_transform_edt  # noqa: PLC0415

    if covered.all():
        return np.ones_like(picture)
    if not covered.any():
        return picture.copy()
    rows, columns = distance_transform_edt(covered, return_distances=False, return_indices=True)
    return np.asarray(picture[rows, columns])


@compiled
def _mark_alike(row: Any, ends: Any, lights: Any, picture: Any, most: float, marked: Any) -> None:
    """Mark the pixels of spans that are about as light as their spans are."""
    height, width = marked.shape
    for k in range(len(row)):
        y = row[k]
        if y < 0 or y >= height:
            continue
        for x in range(max(0, math.ceil(ends[k, 0])), min(width - 1, math.floor(ends[k, 1])) + 1):
            if (
                abs(picture[y, x, 0] - lights[k, 0]) < most
                and abs(picture[y, x, 1] - lights[k, 1]) < most
                and abs(picture[y, x, 2] - lights[k, 2]) < most
            ):
                marked[y, x] = True
