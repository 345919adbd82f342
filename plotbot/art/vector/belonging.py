"""Which layer of a file a stroke of a tone belongs to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import shapely

from plotbot.art.vector.areas import filled_areas, stroked_areas
from plotbot.art.vector.shapes import Shape
from plotbot.layers import LayeredPen, parse_layer_name

__all__ = ["Belonging"]

Floats = npt.NDArray[np.float64]


class Belonging:
    """A stroke belongs to the layer of the uppermost shape that its middle lies in. Where no layer asks for
    anything, all belong to none."""

    def __init__(self, shapes: Sequence[Shape], corner: Floats) -> None:
        """corner: where the origin of the shapes lies on the sheet, mm."""
        self._labels: list[str] = []
        self._tree: shapely.STRtree | None = None
        self._corner = corner
        if not any(parse_layer_name(shape.layer).orders for shape in shapes):
            return
        filled = [k for k, shape in enumerate(shapes) if shape.fill]
        stroked = [k for k, shape in enumerate(shapes) if shape.stroke]
        areas = np.concatenate(
            [filled_areas([shapes[k] for k in filled]), stroked_areas([shapes[k] for k in stroked])]
        )
        # Bottom first: of one shape the filling, then the line.
        order = np.argsort(filled + stroked, kind="stable")
        self._labels = [shapes[(filled + stroked)[k]].layer for k in order.tolist()]
        self._tree = shapely.STRtree(areas[order])

    def named(self, pen: str, points: Floats) -> str:
        """The pen with the layer that a stroke [n, 2] on the sheet belongs to."""
        if self._tree is None:
            return pen
        middle = (points[(len(points) - 1) // 2] + points[len(points) // 2]) / 2 - self._corner
        hit = self._tree.query(shapely.Point(middle), predicate="within")
        return LayeredPen(pen, self._labels[int(hit.max())]) if len(hit) else pen
