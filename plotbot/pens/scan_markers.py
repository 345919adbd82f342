"""Find a calibration card on a scan: its markers, its number, and where every millimetre of it lies."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.pens.chart import Card, bit_centres, checked_code
from plotbot.pens.chart_strokes import DISC_MM, MARKER_RADIUS_MM, RING_MM

__all__ = ["MAX_DPI", "MIN_DPI", "Placed", "place_card"]

Floats = npt.NDArray[Any]

MIN_DPI, MAX_DPI = 190.0, 1300.0

_SEARCH_SIDE_PX = 1800
_MOST_CANDIDATES = 9
_MOST_SKEW = 1.35
"""How much longer one side may be than the opposite one, or than the card says."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """A card on a scan. light: linear Rec.2020 [H, W, 3]. matrix [3, 3]: from mm on the card to pixels."""

    light: Floats
    matrix: Floats

    @property
    def px_per_mm(self) -> float:
        """Resolution in the middle of the card."""
        return float(math.sqrt(abs(np.linalg.det(self.matrix[:2, :2] / self.matrix[2, 2]))))

    def pixels(self, points_mm: Floats) -> Floats:
        """Where points [..., 2] of the card are on the scan, x and y in pixels."""
        flat = np.concatenate([points_mm, np.ones((*points_mm.shape[:-1], 1))], axis=-1) @ self.matrix.T
        return np.asarray(flat[..., :2] / flat[..., 2:])

    def at(self, points_mm: Floats) -> Floats:
        """The light [..., 3] at points [..., 2] of the card; NaN beyond the scan."""
        from scipy.ndimage import map_coordinates  # noqa: PLC0415

        where = self.pixels(points_mm)
        rows_columns = [where[..., 1], where[..., 0]]
        return np.stack(
            [
                map_coordinates(self.light[..., band], rows_columns, order=1, mode="constant", cval=np.nan)
                for band in range(3)
            ],
            axis=-1,
        )


def place_card(light: Floats, card: Card) -> Placed:
    """Find the card on a scan of linear light [H, W, 3].

    Raises `BadInput` when markers are missing, the card is another one or mirrored, the scan is too
    coarse or too fine, or too far from a flat view.
    """
    found = _bullseyes(light)
    if len(found) < 4:
        raise BadInput(
            f"Only {len(found)} of the card's four corner markers can be seen. Scan the whole card, flat, "
            "with its edges on the glass and nothing over the corners."
        )
    other: set[int] = set()
    plausible = False
    for corners, mirrored in _arrangements(found):
        placed = _placed(light, corners, card)
        if placed is None:
            continue
        plausible = True
        number = _read_number(placed, card)
        if number == card.number:
            if mirrored:
                raise BadInput("The scan is mirrored; scan the card again without flipping it.")
            _check_resolution(placed)
            return placed
        if number is not None and not mirrored:
            other.add(number)
    if other:
        raise BadInput(
            f"This is card {min(other):05x}, but the pens, sheet and options given make card "
            f"{card.number:05x}. Name the job that drew it by --card, or give the pens (its title names "
            "them), sheet and options it was drawn with."
        )
    if plausible:
        raise BadInput(
            "Four markers were found, but no card number between them that can be read: this is another "
            "sheet, or the bars along its upper edge are damaged."
        )
    raise BadInput(
        f"The markers found do not lie like those of a card on {card.paper}; scan it flat, or give the sheet "
        "it was drawn on by --paper."
    )


def _bullseyes(light: Floats) -> list[tuple[float, float]]:
    """Centres (x, y) of rings with a disc inside, best first."""
    from skimage import filters  # noqa: PLC0415

    step = max(1, math.ceil(max(light.shape[:2]) / _SEARCH_SIDE_PX))
    height, width = (side // step * step for side in light.shape[:2])
    # The least of the bands sees a yellow pen as well as a black one; the root evens out the noise.
    dark = light[:height, :width].min(axis=2)
    dark = np.sqrt(np.clip(dark.reshape(height // step, step, width // step, step).mean((1, 3)), 0, 1))
    if dark.max() - dark.min() < 0.05:
        raise BadInput("The scan is blank: there is no card on it.")
    otsu = cast(Any, filters).threshold_otsu  # scikit-image has no types
    threshold = otsu(dark)
    found = _rings(light, dark < threshold, step)
    if len(found) < 4:
        # Beside a dark glass or lid, pale markers count as bright: look among what is bright alone.
        found = max(found, _rings(light, dark < otsu(dark[dark > threshold]), step), key=len)
    return found


def _rings(light: Floats, inked: npt.NDArray[np.bool_], step: int) -> list[tuple[float, float]]:
    """As `_bullseyes`, of what is inked on the scan made smaller by `step`."""
    from skimage import measure  # noqa: PLC0415

    library: Any = measure
    regions = library.regionprops(library.label(inked, connectivity=2))
    share = 1 - (RING_MM[0] / RING_MM[1]) ** 2
    discs = [region for region in regions if region.solidity > 0.8]
    centres = np.array([region.centroid for region in discs]).reshape(-1, 2)
    scored = []
    for region in regions:
        top, left, bottom, right = region.bbox
        tall, wide = bottom - top, right - left
        # A ring fills 58 % of its round; a quick look at the box first, for regions can be huge.
        if min(tall, wide) < 8 or max(tall, wide) > 1.5 * min(tall, wide) or tall > len(inked) / 4:
            continue
        round_area = math.pi / 4 * tall * wide
        whole = region.area_filled
        if not (0.85 < whole / round_area < 1.12 and 0.3 < region.area / whole < 0.8):
            continue
        middle = np.array([(top + bottom - 1) / 2, (left + right - 1) / 2])
        if not len(centres):
            continue
        apart = np.hypot(*(centres - middle).T)
        for number in np.flatnonzero(apart < 0.12 * min(tall, wide)):
            inner = discs[number].area / whole
            if discs[number].label != region.label and 0.02 < inner < 0.25:
                score = abs(region.area / whole - share) + abs(inner - (DISC_MM / RING_MM[1]) ** 2)
                radius = step * (tall + wide) / 4
                x, y = (step * (middle[::-1] + 0.5) - 0.5).tolist()
                scored.append((score, _refined(light, x, y, radius)))
                break
    return [centre for _, centre in sorted(scored)[:_MOST_CANDIDATES]]


def _refined(light: Floats, x: float, y: float, radius: float) -> tuple[float, float]:
    """The centre of the darkness around a marker, to a fraction of a pixel."""
    reach = 1.2 * radius
    for _ in range(2):
        left, top = max(0, round(x - reach)), max(0, round(y - reach))
        window = light[top : round(y + reach) + 1, left : round(x + reach) + 1].min(axis=2)
        rows, columns = np.mgrid[top : top + window.shape[0], left : left + window.shape[1]]
        inside = np.hypot(rows - y, columns - x) <= reach
        white = np.percentile(window[inside], 90)
        weight = np.where(inside, np.clip(white - window, 0, None), 0)
        weight[weight < 0.3 * weight.max()] = 0
        total = weight.sum()
        if total <= 0:
            break
        x, y = float((weight * columns).sum() / total), float((weight * rows).sum() / total)
    return x, y


def _arrangements(found: list[tuple[float, float]]) -> Iterator[tuple[Floats, bool]]:
    """Four of the markers as clockwise corners from each of them, then the same as a mirror shows it."""
    for mirrored in (False, True):
        for four in itertools.combinations(found, 4):
            corners = np.array(four)
            middle = corners.mean(axis=0)
            around = np.argsort(np.arctan2(*(corners - middle).T[::-1]))
            corners = corners[around[::-1] if mirrored else around]
            for turn in range(4):
                yield np.roll(corners, turn, axis=0), mirrored


def _placed(light: Floats, corners: Floats, card: Card) -> Placed | None:
    """The view in which the markers lie at these corners, or None where no flat scan looks so."""
    from skimage.transform import ProjectiveTransform  # noqa: PLC0415

    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    meant = np.hypot(*(np.roll(card.markers, -1, axis=0) - card.markers).T)
    ratios = sides / meant
    if ratios.min() <= 0 or ratios.max() / ratios.min() > _MOST_SKEW:
        return None
    view = cast(Any, ProjectiveTransform).from_estimate(card.markers, corners)
    if not view:
        return None
    matrix = np.asarray(view.params)
    # Moved to the card's middle, so that the resolution is read there.
    return Placed(light, matrix / matrix[2, 2])


def _read_number(placed: Placed, card: Card) -> int | None:
    """The number in the bars, or None where there is none."""
    offsets = np.stack(np.meshgrid([-0.2, 0, 0.2], np.linspace(-1.2, 1.2, 7)), axis=-1).reshape(-1, 2)
    seen = placed.at(bit_centres(card.bars)[:, None] + offsets).min(axis=-1)
    if not np.isfinite(seen).all():
        return None
    levels = np.median(np.sqrt(np.clip(seen, 0, None)), axis=1)
    low, high = levels.min(), levels.max()
    if high - low < 0.05:
        return None
    return checked_code(list(levels < (low + high) / 2))


def _check_resolution(placed: Placed) -> None:
    dpi = placed.px_per_mm * 25.4
    if not MIN_DPI <= dpi <= MAX_DPI:
        raise BadInput(f"The scan has about {dpi:.0f} dpi; scan with 200 to 1200 dpi, best with 600.")


assert DISC_MM < RING_MM[0] < RING_MM[1] == MARKER_RADIUS_MM
