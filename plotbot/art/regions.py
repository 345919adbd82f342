"""A map of colours as regions that a pen can draw: specks and what is thinner than two lines go to the
neighbours, borders are smooth, and how far each place is from its border is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Regions", "find_regions"]

SMALLEST = 3.0
"""A region stays if a pen that keeps a line's width away from its border has room for so many squares of
that width: about a millimetre square for a fineliner."""


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """labels: [h, w], 0 for bare paper. depth_mm: [h, w], how far it is to the region's border, or the edge
    of the sheet. cell_mm: side of a cell; cell (0, 0) covers [0, cell_mm)²."""

    labels: npt.NDArray[np.int64]
    depth_mm: npt.NDArray[np.float64]
    cell_mm: float


def find_regions(labels: npt.NDArray[np.int64], cell_mm: float, pen_mm: float) -> Regions:
    """Make regions of a map of labels [h, w] that lines `pen_mm` wide can outline and fill.

    What a pen cannot enter without touching the border belongs to nobody: every place of the map then goes
    to the nearest region that has a core. Where cores lie on both sides, the border stays where it was.
    """
    from scipy import ndimage  # noqa: PLC0415

    core = _depth(labels, cell_mm) >= pen_mm
    # Cores of different regions never touch.
    numbered, count = ndimage.label(core)
    areas = np.bincount(numbered.ravel(), minlength=count + 1) * cell_mm**2
    kept = areas >= SMALLEST * pen_mm**2
    kept[0] = False
    if not kept.any():
        blank = np.zeros_like(labels)
        return Regions(blank, _depth(blank, cell_mm), cell_mm)
    rows, columns = ndimage.distance_transform_edt(
        ~kept[numbered], return_distances=False, return_indices=True
    )
    cleaned = labels[rows, columns]
    return Regions(cleaned, _depth(cleaned, cell_mm), cell_mm)


def _depth(labels: npt.NDArray[np.int64], cell_mm: float) -> npt.NDArray[np.float64]:
    """Distance of every cell to the border of its region, the edge of the map being one too."""
    from scipy import ndimage  # noqa: PLC0415

    inner = np.zeros(labels.shape, np.bool_)
    here = labels[1:-1, 1:-1]
    inner[1:-1, 1:-1] = (
        (here == labels[:-2, 1:-1])
        & (here == labels[2:, 1:-1])
        & (here == labels[1:-1, :-2])
        & (here == labels[1:-1, 2:])
    )
    return np.asarray((ndimage.distance_transform_edt(inner) + 0.5) * cell_mm)
