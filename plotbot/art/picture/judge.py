"""Strokes as they will look, and how far that is from the picture they stand for.

Strokes are rasterised by resvg, pen by pen, and meet in the ink model; both pictures are then seen from
a distance (a Gaussian low-pass in linear light) and compared by CIEDE2000.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from plotbot.ink.film import film_to_lab, relative_to_film
from plotbot.ink.sheet import InkedSheet
from plotbot.ink.spaces import delta_e00
from plotbot.pens.ink_set import InkSet
from plotbot.pens.model import Inventory
from plotbot.preview.raster import pen_coverage

__all__ = ["ColourDifference", "Strokes", "colour_difference", "film_of_strokes", "low_passed", "resized"]

Floats = npt.NDArray[Any]
Strokes = list[tuple[str, npt.NDArray[np.float64]]]
"""(pen id, points [n, 2] in mm), in the order in which they were thought of."""


@dataclass(frozen=True, slots=True)
class ColourDifference:
    """ΔE00 between two pictures on white paper, seen from a distance: `viewing_mm` is the low-pass's sigma.

    A Gaussian of 1 mm stands for the view from about 3 m: the main lobe of the eye's filter for lightness
    in S-CIELAB (Zhang and Wandell, "A spatial extension of CIELAB", 1997) has a standard deviation of 0.02
    degrees, which is 1 mm from 2.9 m. From 1.4 m it is 0.5 mm, and from arm's length strokes are seen as
    strokes. Colour is blurred more than lightness by the eye, but not here.
    """

    viewing_mm: float
    mean: float
    p95: float

    def as_dict(self) -> dict[str, float]:
        """Rounded, for reports."""
        return {key: round(value, 3) for key, value in asdict(self).items()}


def film_of_strokes(
    strokes: Iterable[tuple[str, npt.NDArray[np.float64]]],
    inventory: Inventory,
    area_mm: tuple[float, float, float, float],
    px_per_mm: float,
) -> npt.NDArray[np.float32]:
    """Film of strokes on bare paper, [H, W, 3], as the paper shows it, with the light that strays in it; pens
    are laid down in the inventory's light-to-dark order."""
    by_pen: dict[str, list[npt.NDArray[np.float64]]] = {}
    for pen_id, points in strokes:
        by_pen.setdefault(pen_id, []).append(points if len(points) > 1 else np.repeat(points, 2, axis=0))
    inks = InkSet.of(inventory)
    left, top, right, bottom = area_mm
    sheet = InkedSheet(
        (round((bottom - top) * px_per_mm), round((right - left) * px_per_mm)),
        px_per_mm,
        inks.spread_mm,
        inks.films,
        inks.opacity,
        inks.trapping,
    )
    for number, pen in enumerate(inks.pens):
        if pen.id in by_pen:
            sheet.lay(number, pen_coverage(by_pen[pen.id], pen.width_mm, area_mm, px_per_mm))
    return sheet.seen()


def colour_difference(
    film: Floats, relative: Floats, paper_lab: tuple[float, float, float], cell_mm: float, viewing_mm: float
) -> ColourDifference:
    """How far a film [H, W, 3] is from a picture [H, W, 3] of light relative to the paper, on one grid."""
    seen = film_to_lab(low_passed(film, viewing_mm / cell_mm), paper_lab)
    meant = film_to_lab(relative_to_film(low_passed(relative, viewing_mm / cell_mm)), paper_lab)
    apart = delta_e00(seen, meant)
    return ColourDifference(viewing_mm, float(apart.mean()), float(np.percentile(apart, 95)))


def low_passed(picture: Floats, sigma: float, beyond: float = 1.0) -> Floats:
    """Each channel of [H, W, C] under a Gaussian of `sigma` cells; beyond the edges is bare paper, which is
    1 for light and film."""
    from scipy.ndimage import gaussian_filter  # noqa: PLC0415

    picture = np.asarray(picture, dtype=np.float64)
    return np.stack(
        [
            gaussian_filter(picture[..., k], sigma, mode="constant", cval=beyond)
            for k in range(picture.shape[2])
        ],
        axis=-1,
    )


def resized(picture: Floats, shape: Sequence[int]) -> npt.NDArray[np.float64]:
    """A picture [H, W, C] on a grid of [h, w]: areas averaged when it shrinks, bicubic when it grows."""
    height, width = int(shape[0]), int(shape[1])
    if picture.shape[:2] == (height, width):
        return np.asarray(picture, dtype=np.float64)
    shrinks = height <= picture.shape[0] and width <= picture.shape[1]
    how = Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC
    channels = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(picture[..., k], dtype=np.float32)).resize(
                (width, height), how
            )
        )
        for k in range(picture.shape[2])
    ]
    return np.stack(channels, axis=-1).astype(np.float64)
