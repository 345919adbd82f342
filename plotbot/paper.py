"""Paper: sizes, margins, orientation, and lengths as people write them.

Everything inside plotbot is millimetres with y down from the top left corner of the sheet.
vpype counts CSS pixels (1/96 inch); `px_from_mm` and `mm_from_px` are the only place where the
two meet.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from plotbot.errors import BadInput

__all__ = [
    "PAPER_SIZES_MM",
    "Paper",
    "mm_from_px",
    "parse_length",
    "parse_paper",
    "px_from_mm",
]

PAPER_SIZES_MM: dict[str, tuple[float, float]] = {
    "a2": (420.0, 594.0),
    "a3": (297.0, 420.0),
    "a4": (210.0, 297.0),
    "a5": (148.0, 210.0),
    "a6": (105.0, 148.0),
    "letter": (215.9, 279.4),
    "legal": (215.9, 355.6),
    "tabloid": (279.4, 431.8),
    "postcard": (101.6, 152.4),
}
"""Portrait sizes, width by height."""

MAX_SIDE_MM = 5000.0

_MM_PER_UNIT = {"mm": 1.0, "cm": 10.0, "in": 25.4, "pt": 25.4 / 72.0, "px": 25.4 / 96.0}
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_LENGTH = re.compile(rf"\s*({_NUMBER})\s*(mm|cm|in|pt|px)?\s*", re.IGNORECASE)
_SIZE = re.compile(
    rf"\s*({_NUMBER})\s*(mm|cm|in|pt|px)?\s*[x×]\s*({_NUMBER})\s*(mm|cm|in|pt|px)?\s*",
    re.IGNORECASE,
)

Length = TypeVar("Length", float, np.ndarray)


def mm_from_px(px: Length) -> Length:
    """Convert vpype's pixels (1/96 inch) to millimetres."""
    return px * _MM_PER_UNIT["px"]


def px_from_mm(mm: Length) -> Length:
    """Convert millimetres to vpype's pixels (1/96 inch)."""
    return mm / _MM_PER_UNIT["px"]


def parse_length(text: str, what: str = "length") -> float:
    """Read a length such as ``15mm``, ``1.5cm``, ``0.6in``, ``12pt``, ``96px`` or ``15`` (mm).

    Returns millimetres. Raises `BadInput` naming `what` when the text is no finite length.
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise BadInput(f"{what} {text!r} is not a length; write it like 15mm, 1.5cm, 0.6in, 12pt or 96px.")
    value = float(match[1]) * _MM_PER_UNIT[(match[2] or "mm").lower()]
    if not math.isfinite(value):
        raise BadInput(f"{what} {text!r} is not a finite length.")
    return value


def parse_paper(text: str) -> tuple[float, float]:
    """Read a paper size by name (``a4``, ``letter``) or as ``210x297mm``; returns (width, height) in mm."""
    size = PAPER_SIZES_MM.get(text.strip().lower())
    if size is not None:
        return size
    match = _SIZE.fullmatch(text)
    if match is None:
        names = ", ".join(PAPER_SIZES_MM)
        raise BadInput(f"Paper {text!r} is unknown; use one of {names}, or a size like 210x297mm.")
    unit = match[4] or match[2] or "mm"
    width = parse_length(match[1] + (match[2] or unit), "paper width")
    height = parse_length(match[3] + unit, "paper height")
    if not (0 < width <= MAX_SIDE_MM and 0 < height <= MAX_SIDE_MM):
        raise BadInput(f"Paper {text!r} must be more than 0 and at most {MAX_SIDE_MM:g} mm on each side.")
    return (width, height)


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet and the margin that stays empty, in mm."""

    width: float
    height: float
    margin: float = 15.0
    name: str = ""

    def __post_init__(self) -> None:
        sides = (self.width, self.height, self.margin)
        if not all(math.isfinite(side) for side in sides) or min(self.width, self.height) <= 0:
            raise BadInput(f"A sheet of {self.width:g} x {self.height:g} mm is impossible.")
        limit = min(self.width, self.height) / 2
        if not 0 <= self.margin < limit:
            raise BadInput(
                f"A margin of {self.margin:g} mm does not fit a {self.width:g} x {self.height:g} mm sheet; "
                f"it must be at least 0 and under {limit:g} mm."
            )

    @classmethod
    def parse(cls, size: str, *, margin: str = "15mm", landscape: bool = False) -> Paper:
        """Build a sheet from what a person wrote; raises `BadInput`."""
        width, height = parse_paper(size)
        if landscape and width < height:
            width, height = height, width
        name = size.strip().lower()
        return cls(width, height, parse_length(margin, "margin"), name if name in PAPER_SIZES_MM else "")

    @property
    def drawable(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of what lies inside the margins, in mm."""
        return (self.margin, self.margin, self.width - self.margin, self.height - self.margin)

    def __str__(self) -> str:
        size = f"{self.width:g} x {self.height:g} mm"
        return f"{self.name.upper()} ({size})" if self.name else size
