"""Cover pixels by their distance from strokes: quick, and within a band of rows, so that a sheet of any size
fits in memory.

`plotbot.preview.raster` has resvg do the same independently; the two are held against each other by a test.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from plotbot.compiled import compiled
from plotbot.plan.motion import flatten

__all__ = ["Strokes"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Cover = npt.NDArray[np.float32]


_NARROW_PX = 2.0
"""Within a pixel, ink of strokes that cross is added up, as if they lay side by side: up to a seventh too
much for a line of a pixel, and too little to matter where pixels are half as wide as the line."""

_MOST_FINER = 8


class Strokes:
    """The strokes of one pen, ready to be laid on bands of pixels.

    strokes_mm: polylines [n >= 2, 2] in mm. origin_mm: top left corner of the picture. Strokes narrower than
    `_NARROW_PX` are laid on finer pixels, and averaged.
    """

    def __init__(
        self,
        strokes_mm: Sequence[FloatArray],
        width_mm: float,
        origin_mm: tuple[float, float],
        px_per_mm: float,
    ) -> None:
        points, self._offsets = flatten(strokes_mm)
        self._finer = min(max(1, math.ceil(_NARROW_PX / (width_mm * px_per_mm))), _MOST_FINER)
        self._xy = np.ascontiguousarray((points - np.array(origin_mm)) * px_per_mm * self._finer)
        self._radius = width_mm * px_per_mm / 2 * self._finer
        if len(strokes_mm):
            reach = self._radius + 0.5
            self._top = np.minimum.reduceat(self._xy[:, 1], self._offsets[:-1]) - reach
            self._bottom = np.maximum.reduceat(self._xy[:, 1], self._offsets[:-1]) + reach

    def cover(self, top: int, shape: tuple[int, int]) -> Cover | None:
        """Share of every pixel that is covered, float32 [rows, width] from row `top` on, 0..1; None for no
        ink at all."""
        if len(self._offsets) < 2:
            return None
        finer, (height, width) = self._finer, shape
        top, shape = top * finer, (height * finer, width * finer)
        (here,) = np.nonzero((self._bottom >= top) & (self._top <= top + shape[0]))
        if not len(here):
            return None
        done = np.zeros(shape, dtype=np.float32)
        latest = np.zeros(shape, dtype=np.float32)
        along = np.full(shape, -np.inf)
        _lay_strokes(self._xy, self._offsets, here, self._radius, top, done, latest, along)
        covered: Cover = np.minimum(done + latest, np.float32(1))
        if finer == 1:
            return covered
        blocks = covered.reshape(height, finer, width, finer)
        return np.asarray(blocks.mean((1, 3), dtype=np.float32))


@compiled
def _lay_strokes(
    xy: FloatArray,
    offsets: IntArray,
    strokes: IntArray,
    radius: float,
    top: int,
    done: Cover,
    latest: Cover,
    along: FloatArray,
) -> None:
    """Cover pixels with strokes as thick as twice `radius`, round at their ends and corners.

    A stroke that comes back to a pixel later, and another stroke, adds to what is covered: two lines side
    by side fill the pixel between them. Neighbouring segments do not, for they meet in the same ink: the
    pixel has the larger share. `along` tells the two apart: how far along all strokes the ink that came
    last to a pixel was laid.
    """
    rows, columns = done.shape
    reach = radius + 0.5
    same = 2 * reach + 1
    travelled = 0.0
    for stroke in strokes:
        travelled += 10 * same
        for i in range(offsets[stroke], offsets[stroke + 1] - 1):
            x, y = xy[i, 0], xy[i, 1] - top
            dx, dy = xy[i + 1, 0] - x, xy[i + 1, 1] - top - y
            length = math.sqrt(dx * dx + dy * dy)
            first = max(0, math.floor(min(y, y + dy) - reach))
            last = min(rows - 1, math.floor(max(y, y + dy) + reach))
            left, right = min(x, x + dx) - reach, max(x, x + dx) + reach
            slanted = abs(dy) > 1e-3 * length
            for row in range(first, last + 1):
                begin, end = left, right
                if slanted:
                    # Where the strip around the endless line crosses this row of pixels.
                    middle = x + (row + 0.5 - y) * dx / dy
                    half = (reach * length + 0.5 * abs(dx)) / abs(dy) + 0.5
                    begin, end = max(begin, middle - half), min(end, middle + half)
                for column in range(max(0, math.floor(begin)), min(columns - 1, math.floor(end)) + 1):
                    px, py = column + 0.5 - x, row + 0.5 - y
                    t = 0.0
                    if length > 0:
                        t = min(1.0, max(0.0, (px * dx + py * dy) / (length * length)))
                    away = math.sqrt((px - t * dx) ** 2 + (py - t * dy) ** 2)
                    part = min(away + 0.5, radius) - max(away - 0.5, -radius)
                    if part <= 0:
                        continue
                    part = min(part, 1.0)
                    here = travelled + t * length
                    if here - along[row, column] <= same:
                        latest[row, column] = max(latest[row, column], part)
                    else:
                        done[row, column] = min(1.0, done[row, column] + latest[row, column])
                        latest[row, column] = part
                    along[row, column] = here
            travelled += length
