"""Ends of hatching at the edges of what is hatched.

Tones are made on cells about as large as a pen is wide, so hatching ends up to a cell before or behind an
edge, which the eye sees as a ragged one. The rendering knows better where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["ended_at_edges"]

Floats = npt.NDArray[np.float64]
Size = tuple[float, float]

_REACH_MM, _FAR_MM, _STEP_MM = 0.5, 0.9, 0.05
"""How far from an end an edge is looked for, how far from one on bare paper, and how finely."""

_SLOW_MM = 3.0
"""How far along a line that hardly changes an edge is looked for from bare paper."""

_HALF_MM = 0.2
"""An edge is a change of light between so far before and so far behind it,"""

_EDGE = 0.1
"""of at least this much."""

_CAP = np.pi / 8
"""A round end covers as much as a square one that goes so many widths over the end of the line."""

_SHORTEST_MM = 0.25
_BARE = 0.97


def ended_at_edges(
    lines: Sequence[Floats], widths: Floats, picture: npt.NDArray[Any], size: Size
) -> list[Floats | None]:
    """Straight lines [2, 2] in mm, and the widths of their pens, with ends at edges that are near them; None
    for a line of which nothing is left, or that lies wholly on bare paper.

    picture: of the page, light [H, W, 3].
    """
    if not lines:
        return []
    ends = np.stack(lines)
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)
    share = np.linspace(0.1, 0.9, 9)
    along = ends[:, None, 0] * (1 - share[:, None]) + ends[:, None, 1] * share[:, None]
    bare = (_light(along, picture, size).min(axis=-1) > _BARE).all(axis=1)
    moved = ends.copy()
    for end in (0, 1):
        out = (ends[:, end] - ends[:, 1 - end]) / np.maximum(length, 1e-9)[:, None]
        move = _to_edge(ends[:, end], out, length, widths, picture, size)
        moved[:, end] += move[:, None] * out
    left = ((moved[:, 1] - moved[:, 0]) * (ends[:, 1] - ends[:, 0])).sum(axis=1) / np.maximum(length, 1e-9)
    gone = bare | (left < np.minimum(_SHORTEST_MM, length))
    return [None if none else line for line, none in zip(moved, gone.tolist(), strict=True)]


def _to_edge(
    tips: Floats, out: Floats, length: Floats, widths: Floats, picture: npt.NDArray[Any], size: Size
) -> Floats:
    """How far ends [n, 2] are to go outwards, in the directions `out`, so that their ink ends at the edge."""
    count = round(_FAR_MM / _STEP_MM)
    half = round(_HALF_MM / _STEP_MM)
    steps = np.arange(-count - half, count + half + 1) * _STEP_MM
    ink = widths * _CAP
    begun = tips + ink[:, None] * out
    light = _light(begun[:, None] + steps[:, None] * out[:, None], picture, size)
    change = light[:, 2 * half :] - light[:, : -2 * half]
    lighter = change.sum(axis=-1) > 0
    at = steps[half:-half]
    # Of edges about as strong the nearest, and only those to what is lighter.
    change = np.abs(change).max(axis=-1) * (1 - 0.5 * np.abs(at) / _FAR_MM)
    bare = _light(tips, picture, size).min(axis=1) > _BARE
    change[:, at > _REACH_MM] = 0
    change[(at < -_REACH_MM) & ~bare[:, None]] = 0
    change[~lighter | (at < -length[:, None])] = 0
    best = change.argmax(axis=1)
    found = change[np.arange(len(best)), best] > _EDGE
    move = np.where(found, at[best], 0.0)
    lost = np.flatnonzero(~found & bare)
    move[lost] = _back(tips[lost], out[lost], length[lost], picture, size)
    return move


def _back(tips: Floats, out: Floats, length: Floats, picture: npt.NDArray[Any], size: Size) -> Floats:
    """How far ends on bare paper are to go, less than 0, until it is bare no more: a line that is nearly
    along an edge crosses it slowly."""
    at = -np.arange(0, _SLOW_MM, _STEP_MM)
    bare = _light(tips[:, None] + at[:, None] * out[:, None], picture, size).min(axis=-1) > _BARE
    bare |= at < -length[:, None]
    return np.where(bare.all(axis=1), 0.0, at[bare.argmin(axis=1)])


def _light(points: Floats, picture: npt.NDArray[Any], size: Size) -> npt.NDArray[Any]:
    """The picture at points [..., 2] of the page, [..., 3]; what lies beyond it is as its border."""
    from scipy.ndimage import map_coordinates  # noqa: PLC0415

    height, width = picture.shape[:2]
    at = np.array([points[..., 1] / size[1] * height - 0.5, points[..., 0] / size[0] * width - 0.5])
    return np.stack(
        [map_coordinates(picture[..., k], at, order=1, mode="nearest") for k in range(3)], axis=-1
    )
