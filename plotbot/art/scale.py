"""How many parts a large drawing is made of: ``3x2`` is three across and two down. No torch in here."""

from __future__ import annotations

import math
import re

from plotbot.errors import BadInput

__all__ = ["VIEW_PX", "check_scale", "fitting_scale", "parse_scale"]

VIEW_PX = 224
"""Pixels along the short side of what a network sees at a time."""

MAX_PARTS = 12
"""Parts across, and down."""

WIDEST_LINE_PX, FINEST_LINE_PX = 3.0, 0.3
"""How wide a line may be as the network sees it: wider, and strokes are blots; finer, and they are a grey."""


def parse_scale(text: str) -> tuple[int, int]:
    """Read ``3x2``; raises `BadInput`."""
    match = re.fullmatch(r"\s*(\d{1,4})\s*[x×]\s*(\d{1,4})\s*", text.lower())
    if match is None or not all(map(int, match.groups())):
        raise BadInput(f"Scale {text!r} is not understood; write parts across and down, as 3x2.")
    return int(match[1]), int(match[2])


def check_scale(scale: tuple[int, int], area_mm: tuple[float, float], pen_mm: float) -> None:
    """Raise `BadInput` when an area has no room for so many parts in lines of the widest pen."""
    least = pen_mm * VIEW_PX / WIDEST_LINE_PX
    most = [min(MAX_PARTS, max(1, int(side / least))) for side in area_mm]
    if not all(1 <= wanted <= limit for wanted, limit in zip(scale, most, strict=True)):
        raise BadInput(
            f"A scale of {scale[0]}x{scale[1]} is larger than the paper: a part in lines of {pen_mm:g} mm "
            f"takes {least:.0f} x {least:.0f} mm, so that {area_mm[0]:g} x {area_mm[1]:g} mm have room for "
            f"1x1 to {most[0]}x{most[1]}."
        )


def fitting_scale(area_mm: tuple[float, float], pen_mm: float) -> tuple[int, int]:
    """As many parts, about square, as it takes for lines of the widest pen to be seen in each.

    1x1 for A4 and 0.3 mm.
    """
    short, largest = min(area_mm), pen_mm * VIEW_PX / FINEST_LINE_PX
    if short <= largest:
        return 1, 1
    part = short / math.ceil(short / largest)
    across, down = (min(MAX_PARTS, max(1, round(side / part))) for side in area_mm)
    return across, down
