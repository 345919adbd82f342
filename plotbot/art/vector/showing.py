"""What a rendering shows along lines: it knows of images, letters and styles that geometry does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.guides import compiled
from plotbot.art.picture.steps import finely_all

__all__ = ["ALIKE", "Seen", "parts_in", "shown"]

Floats = npt.NDArray[np.float64]
Size = tuple[float, float]

ALIKE = 0.2
"""Light that a rendered pixel may differ from a paint it shows."""

_LEVELS = 32
_LINE_STEP_MM, _AREA_STEP_MM = 0.5, 0.25
_SOFT_POINTS = 6
"""Soft edges of the rendering are no other colour: gaps up to this many points do not count."""


class Seen:
    """Which colours count as one of some paints, and where a rendering [H, W, 3] of a page has them."""

    def __init__(self, lights: Floats) -> None:
        """lights: of the paints, linear Rec.2020 [n, 3]."""
        from scipy.ndimage import maximum_filter  # noqa: PLC0415

        known = np.zeros((_LEVELS + 1,) * 3, np.uint8)
        known[tuple(_levels(lights).T)] = 1
        self._known = maximum_filter(known, 2 * round(ALIKE * _LEVELS) + 1, mode="constant") > 0

    def __call__(self, light: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
        """Of light [n, 3], which is one of the colours [n]."""
        return np.asarray(self._known[tuple(_levels(light).T)])


def shown(lines: list[Floats], picture: npt.NDArray[Any], size: Size) -> npt.NDArray[np.bool_]:
    """Which lines [n, 2] in mm the rendering of a page of this size shows at all."""
    if not lines:
        return np.zeros(0, np.bool_)
    points, offsets = finely_all(lines, _LINE_STEP_MM)
    inked = (_pixels(points, picture, size).min(axis=1) < 0.9).astype(np.float64)
    return np.asarray(np.add.reduceat(inked, offsets[:-1]) / np.diff(offsets) > 0.3)


def parts_in(seen: Seen, lines: list[Floats], picture: npt.NDArray[Any], size: Size) -> list[Floats]:
    """The parts of lines that the rendering shows in one of the colours: nothing unknown, such as an image,
    a letter or a marker, lies over them."""
    if not lines:
        return []
    points, offsets = finely_all(lines, _AREA_STEP_MM)
    there = seen(_pixels(points, picture, size))
    _close(there, offsets, _SOFT_POINTS)
    counts = np.diff(offsets)
    share = np.add.reduceat(there.astype(np.float64), offsets[:-1]) / counts
    whole = (share > 0.9) | ((counts < 8) & (share > 0))
    found: list[Floats] = []
    for k, line in enumerate(lines):
        if whole[k]:
            found.append(line)
        elif share[k]:
            own = there[offsets[k] : offsets[k + 1]]
            steps = np.flatnonzero(np.diff(np.concatenate([[False], own, [False]]).astype(int))) + offsets[k]
            found += [
                points[a:b]
                for a, b in zip(steps[::2].tolist(), steps[1::2].tolist(), strict=True)
                if b - a > 2
            ]
    return found


def _levels(light: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    return np.asarray(np.rint(np.clip(light, 0, 1) * _LEVELS), dtype=np.intp)


def _pixels(points: Floats, picture: npt.NDArray[Any], size: Size) -> npt.NDArray[Any]:
    height, width = picture.shape[:2]
    columns = np.clip((points[:, 0] / size[0] * width).astype(int), 0, width - 1)
    rows = np.clip((points[:, 1] / size[1] * height).astype(int), 0, height - 1)
    return np.asarray(picture[rows, columns])


@compiled
def _close(there: Any, offsets: Any, longest: int) -> None:
    """Fill gaps up to so long between points of a line that are there."""
    for k in range(len(offsets) - 1):
        last = -1
        for i in range(offsets[k], offsets[k + 1]):
            if there[i]:
                if last >= 0 and i - last - 1 <= longest:
                    for j in range(last + 1, i):
                        there[j] = True
                last = i
