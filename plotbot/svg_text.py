"""Text of an SVG as single lines, in the Hershey fonts that come with vpype.

Letters get the height that the file asks for; their widths are the Hershey font's own, unless the file says
how long the text is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from plotbot.svg_geometry import Line, Matrix

__all__ = ["Text", "single_lines"]

_CAPITAL = 0.716
"""Height of capital letters in ems, as in most text fonts."""

_SPACE = 0.3
_TYPOGRAPHIC = str.maketrans("‘’‚“”„–—−…×·•", '\'\',"""---.x..')


@dataclass(frozen=True, slots=True)
class Text:
    """A run of text. x, y: where its base line begins, in user units, before `matrix` puts it on the page.
    size: of the font, user units. anchor: start, middle or end. length: how long it is to be, 0 for
    as it comes."""

    words: str
    x: float
    y: float
    size: float
    anchor: str
    bold: bool
    script: bool
    length: float
    matrix: Matrix


def single_lines(text: Text) -> tuple[list[Line], int]:
    """The polylines of a run of text in px of the page, and how many letters its font does not have."""
    font = "scripts" if text.script else "futuram" if text.bold else "futural"
    lines: list[Line] = []
    at, missing = 0.0, 0
    for letter in _plain(text.words):
        glyph = _glyph(letter, font)
        if glyph is None:
            missing += 1
            at += 0.6
            continue
        shapes, advance = glyph
        lines += [line + at for line in shapes]
        at += advance
    stretch = text.length / (at * text.size) if text.length > 0 and at > 0 else 1.0
    back = {"middle": at / 2, "end": at}.get(text.anchor, 0.0)
    a, b, c, d, e, f = text.matrix
    placed = []
    for line in lines:
        x = text.x + (line.real - back) * text.size * stretch
        y = text.y + line.imag * text.size
        placed.append(np.asarray((a * x + c * y + e) + 1j * (b * x + d * y + f)))
    return placed, missing


def _plain(words: str) -> str:
    """Letters with their accents taken off, which single-line fonts do not have."""
    apart = unicodedata.normalize("NFKD", words.translate(_TYPOGRAPHIC))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


@lru_cache(maxsize=1024)
def _glyph(letter: str, font: str) -> tuple[Sequence[Line], float] | None:
    """A letter as lines in ems, its base line at 0, and how far the next one is; None where there is none."""
    if letter.isspace():
        return [], _SPACE
    if not letter.isprintable() or ord(letter) > 126:
        return None
    base, scale = _metrics(font)
    lines = _drawn(letter, font)
    if not lines:
        return None
    left = min(float(line.real.min()) for line in lines)
    right = max(float(line.real.max()) for line in lines)
    bearing = 0.09
    placed = [(line - left - 1j * base) * scale + bearing for line in lines]
    return placed, (right - left) * scale + 2 * bearing


@lru_cache(maxsize=8)
def _metrics(font: str) -> tuple[float, float]:
    """The base line of capital letters in the font's own units, and the scale to ems."""
    capital = np.concatenate(_drawn("H", font))
    top, base = float(capital.imag.min()), float(capital.imag.max())
    return base, _CAPITAL / (base - top)


def _drawn(letter: str, font: str) -> list[Line]:
    import vpype  # noqa: PLC0415

    return [np.asarray(line) for line in vpype.text_line(letter, font, 20.0) if len(line) > 1]
