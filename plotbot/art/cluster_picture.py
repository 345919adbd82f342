"""A picture of what became of free colours: the clusters in Lab, and the palette before and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from plotbot.art.artwork import Quantisation
from plotbot.ink.spaces import delta_e00, lab_to_srgb, srgb_uint8

__all__ = ["cluster_picture"]

PANEL, GAP, TOP = 560, 40, 70
SWATCH_TALL, SWATCH_GAP = 64, 26
DARK, PALE = (40, 40, 40), (205, 205, 205)
Colour = tuple[int, ...]


def cluster_picture(
    quantisation: Quantisation, pen_labs: Mapping[str, Sequence[float]]
) -> npt.NDArray[np.uint8]:
    """Free colours as they scatter in Lab, joined to their clusters, and the pens those became.

    Left, a* against b*; right, chroma against L*. A dot is a stroke in its own colour, the larger the more
    ink it is; a ring with a number is a cluster; a square is the pen it became. Below, the palette before
    and after, each colour as broad as its share of the ink. pen_labs: Lab of every pen by id. Returns
    sRGB [H, W, 3].
    """
    width = 2 * PANEL + 3 * GAP
    height = TOP + PANEL + GAP + 2 * (SWATCH_TALL + SWATCH_GAP + GAP // 2)
    image = Image.new("RGB", (width, height), (255, 255, 255))
    pencil = ImageDraw.Draw(image)
    pencil.text(
        (GAP, 24),
        f"{len(quantisation.lab)} free colours in {len(quantisation.centres)} clusters; off by "
        f"{quantisation.mean:.1f} CIEDE2000 on average as pens, {quantisation.p95:.1f} at most for 95 %",
        fill=DARK,
        font_size=20,
    )
    pens = np.array([pen_labs[pen] for pen in quantisation.pens])
    _panel(pencil, GAP, quantisation, pens, "a*", "b*", _hues)
    _panel(pencil, 2 * GAP + PANEL, quantisation, pens, "chroma", "L*", _tones)
    share = np.bincount(quantisation.cluster_of, quantisation.ink, len(pens)) / quantisation.ink.sum()
    apart = delta_e00(quantisation.centres, pens)
    before = [f"{number}: {part:.0%}" for number, part in enumerate(share, 1)]
    after = [f"pen {pen}, off {off:.0f}" for pen, off in zip(quantisation.pens, apart, strict=True)]
    y = TOP + PANEL + GAP
    for title, labs, labels in (("Clusters", quantisation.centres, before), ("Pens", pens, after)):
        _swatches(pencil, y, width, title, labs, share, labels)
        y += SWATCH_TALL + SWATCH_GAP + GAP // 2
    return np.asarray(image)


def _hues(lab: npt.NDArray[Any], reach: float) -> npt.NDArray[Any]:
    """Places in the square [0, 1]² of a* and b*, from -reach to reach, y down."""
    return np.stack([0.5 + lab[:, 1] / (2 * reach), 0.5 - lab[:, 2] / (2 * reach)], -1)


def _tones(lab: npt.NDArray[Any], reach: float) -> npt.NDArray[Any]:
    """Places in the square [0, 1]² of chroma, from 0 to reach, and L*, y down."""
    return np.stack([np.hypot(lab[:, 1], lab[:, 2]) / reach, 1 - lab[:, 0] / 100], -1)


def _panel(
    pencil: ImageDraw.ImageDraw,
    left: int,
    quantisation: Quantisation,
    pens: npt.NDArray[Any],
    across: str,
    up: str,
    place: Callable[[npt.NDArray[Any], float], npt.NDArray[Any]],
) -> None:
    everything = np.concatenate([quantisation.lab, quantisation.centres, pens])
    reach = 1.05 * max(20.0, float(np.hypot(everything[:, 1], everything[:, 2]).max()))

    def at(lab: npt.NDArray[Any]) -> npt.NDArray[Any]:
        placed: npt.NDArray[Any] = np.array([left, TOP]) + place(lab, reach).clip(0, 1) * PANEL
        return placed

    pencil.rectangle((left, TOP, left + PANEL, TOP + PANEL), outline=PALE, fill=(248, 248, 248))
    for share in (0.25, 0.5, 0.75):
        pencil.line((left + share * PANEL, TOP, left + share * PANEL, TOP + PANEL), fill=(232, 232, 232))
        pencil.line((left, TOP + share * PANEL, left + PANEL, TOP + share * PANEL), fill=(232, 232, 232))
    pencil.text((left + PANEL - 8, TOP + PANEL - 8), across, fill=DARK, font_size=16, anchor="rs")
    pencil.text((left + 8, TOP + 8), up, fill=DARK, font_size=16)

    dots, centres, squares = at(quantisation.lab), at(quantisation.centres), at(pens)
    for dot, cluster in zip(dots, quantisation.cluster_of, strict=True):
        pencil.line((*dot, *centres[cluster]), fill=(226, 226, 226))
    radii = np.clip(3.5 * np.sqrt(quantisation.ink / quantisation.ink.mean()), 2, 9)
    for (x, y), radius, colour in zip(dots, radii, _colours(quantisation.lab), strict=True):
        pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    for (x, y), square in zip(centres, squares, strict=True):
        pencil.line((x, y, *square), fill=DARK, width=2)
    for (x, y), colour in zip(squares, _colours(pens), strict=True):
        pencil.rectangle((x - 10, y - 10, x + 10, y + 10), fill=colour, outline=DARK, width=2)
    for number, ((x, y), colour) in enumerate(zip(centres, _colours(quantisation.centres), strict=True), 1):
        pencil.ellipse((x - 14, y - 14, x + 14, y + 14), fill=colour, outline=DARK, width=2)
        ink = DARK if quantisation.centres[number - 1][0] > 55 else (255, 255, 255)
        pencil.text((x, y), str(number), fill=ink, font_size=16, anchor="mm")


def _swatches(
    pencil: ImageDraw.ImageDraw,
    y: int,
    width: int,
    title: str,
    labs: npt.NDArray[Any],
    share: npt.NDArray[Any],
    labels: Sequence[str],
) -> None:
    pencil.text((GAP, y + SWATCH_TALL / 2), title, fill=DARK, font_size=18, anchor="lm")
    left, room = GAP + 100, width - 2 * GAP - 100
    # Room for a label comes first, the rest by ink.
    broad = room * (0.4 / len(share) + 0.6 * share)
    for wide, colour, label in zip(broad, _colours(labs), labels, strict=True):
        pencil.rectangle((left, y, left + wide - 3, y + SWATCH_TALL), fill=colour, outline=PALE)
        size = 15.0
        while size > 8 and pencil.textlength(label, font_size=size) > wide - 4:
            size -= 1
        pencil.text((left, y + SWATCH_TALL + 4), label, fill=DARK, font_size=size)
        left += wide


def _colours(labs: npt.NDArray[Any]) -> list[Colour]:
    return [tuple(int(value) for value in one) for one in srgb_uint8(lab_to_srgb(labs))]
