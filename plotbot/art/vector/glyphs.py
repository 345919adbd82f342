"""Small solid marks, such as text, as lines of one pen: rings inside the edge, and the middle of what they
leave bare. They come from a picture, so any font that resvg knows will do."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.edges import link

__all__ = ["mark_lines"]

Floats = npt.NDArray[np.float64]

_SPACING = 0.8
"""Between rings, in widths of the pen."""

_COVERED = 0.85
"""How far the ink of a ring surely reaches, in halves of its width."""


def mark_lines(mask: npt.NDArray[Any], mm_per_px: float, width_mm: float) -> list[Floats]:
    """Polylines [n, 2] in mm that ink a mask [H, W] with a pen."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter1d  # noqa: PLC0415
    from skimage.measure import find_contours  # noqa: PLC0415
    from skimage.morphology import skeletonize  # noqa: PLC0415

    mask = np.pad(np.asarray(mask, dtype=bool), 1)
    if not mask.any():
        return []
    depth = distance_transform_edt(mask) * mm_per_px
    half = width_mm / 2
    lines = []
    # Rings inwards as long as there is an inside.
    levels = np.arange(half, max(float(depth.max()), 1.01 * half), _SPACING * width_mm)
    bare = np.ones(mask.shape, dtype=bool)
    for contour in (one for level in levels for one in find_contours(depth, level)):  # type: ignore[no-untyped-call]
        smooth = gaussian_filter1d(contour, 1.0, axis=0, mode="wrap")
        lines.append(np.concatenate([smooth, smooth[:1]]) if len(smooth) > 3 else contour)
        bare[tuple(np.rint(contour).astype(int).T)] = False
    # What is too narrow for a ring, or for one ring more.
    inked = distance_transform_edt(bare) * mm_per_px < _COVERED * half if lines else ~bare
    middle = skeletonize(mask)  # type: ignore[no-untyped-call]
    chains, offsets = link(np.ascontiguousarray(middle & ~inked))
    for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        chain = chains[start:end].astype(np.float64)
        if (end - start) * mm_per_px >= half:
            lines.append(gaussian_filter1d(chain, 1.0, axis=0, mode="nearest") if len(chain) > 3 else chain)
    # The padding is one pixel; a pixel's middle is half a pixel from its corner.
    return [
        (line[::3][:, ::-1] - 0.5) * mm_per_px
        for line in (_closed_thin(line) for line in lines)
        if len(line) > 1
    ]


def _closed_thin(line: Floats) -> Floats:
    """So many points that every third of them includes both ends."""
    spare = (len(line) - 1) % 3
    return np.concatenate([line, np.repeat(line[-1:], (3 - spare) % 3, axis=0)])
