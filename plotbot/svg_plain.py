"""A quick reader for the SVG files that plotters usually get: groups of plain paths, lines and polylines.

It reads one or two hundred times faster than a complete SVG library, and only what it surely
understands. For a file with anything else in it `read_plain` gives up, and the complete reader has to.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

__all__ = [
    "MAX_POINTS",
    "Layers",
    "TooManyPoints",
    "Unreadable",
    "flatten_bend",
    "paint_key",
    "path_lines",
    "read_plain",
]

FloatArray = npt.NDArray[np.float64]
Layers = dict[tuple[str, str, int, str], list[npt.NDArray[np.complex128]]]
"""Lines in px by (layer name, #rrggbb, alpha 0..255, reason for not drawing them)."""

_PX = {"": 1.0, "px": 1.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "in": 96.0, "pt": 96 / 72, "pc": 16.0}
_LENGTH = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-z]*)\s*")
_TOKEN = re.compile(r"[A-Za-z]|[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_SEPARATORS = str.maketrans("ML,\n\t", "     ")
_LETTERS = re.compile(r"[A-DF-Za-df-z]")  # without e and E, which numbers may have
_NUMBERS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "Z": 0}
_SILENT = {"title", "desc", "metadata", "namedview"}
_HARMLESS = {
    "id",
    "width",
    "height",
    "viewBox",
    "version",
    "xmlns",
    "d",
    "points",
    "x1",
    "x2",
    "y1",
    "y2",
    "fill",
}
_HARMLESS |= {
    "stroke",
    "stroke-width",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
}
_HARMLESS |= {"fill-opacity", "fill-rule", "opacity", "style", "stroke-dasharray", "baseProfile", "xml:space"}
_STYLES = {"fill", "stroke", "stroke-opacity", "fill-opacity", "opacity"}


_MAX_CHORDS = 10_000
"""Enough for a curve as long as the largest sheet many times over; a hostile one gets no more."""


MAX_POINTS = 10_000_000
"""Points of all lines together; they take 16 bytes each, several times over."""


class TooManyPoints(Exception):
    """The curves of a file would need more than `MAX_POINTS` points."""


class Unreadable(Exception):
    """Something that the complete reader must look at."""


@dataclass(frozen=True, slots=True)
class _Style:
    label: str = ""
    stroke: str = "none"
    fill: str = "#000"
    stroke_opacity: str = "1"
    fill_opacity: str = "1"
    opacity: str = "1"


def read_plain(data: bytes, flatness_px: float) -> tuple[Layers, tuple[float, float]] | None:
    """Lines by layer and page size in px; None for a file that is not plain.

    `data` must have been scanned for entities before.
    """
    reader = _Reader(flatness_px)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    try:
        parser.Parse(data, True)
    except (Unreadable, ValueError, OverflowError):
        return None
    return reader.layers, reader.page


def flatten_bend(bend: float, flatness: float) -> int:
    """Chords for a curve whose second derivative over its parameter is at most `bend`: a chord over a
    step h leaves the curve by at most h²/8 of that."""
    if not math.isfinite(bend):
        raise ValueError("a curve with a coordinate that is no number")
    return min(max(math.ceil(math.sqrt(bend / (8 * flatness))), 1), _MAX_CHORDS)


def paint_key(label: str, stroke: Any, fill: Any, opacity: float) -> tuple[str, str, int, str]:
    """The layer of a shape painted in these svgelements colours, and whether it can be seen at all."""
    # What has no line but a filling is drawn as its outline, in the colour of the filling.
    paint = stroke if stroke.value is not None else fill
    if paint.value is None:
        return (label, "#000000", 0, "invisible: neither line nor filling")
    alpha = round(paint.alpha * min(max(opacity, 0.0), 1.0))
    if alpha == 0:
        return (label, paint.hexrgb, 0, "invisible: its opacity is 0")
    return (label, paint.hexrgb, alpha, "")


class _Reader:
    def __init__(self, flatness_px: float) -> None:
        self.flatness = flatness_px
        self.layers: Layers = {}
        self.page = (0.0, 0.0)
        self.scale, self.shift = 1.0, 0j
        self.styles: list[_Style] = []
        self.silent = 0
        self.points = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if self.silent or local in _SILENT:
            self.silent += 1
            return
        if local == "defs":
            self.styles.append(self.styles[-1] if self.styles else _Style())
            return
        style = self._style(local, attributes)
        if local == "svg":
            if self.styles:
                raise Unreadable
            self._viewport(attributes)
        elif local in ("path", "polyline", "polygon", "line"):
            self._draw(local, attributes, style)
        elif local != "g":
            raise Unreadable
        self.styles.append(style)

    def end(self, _name: str) -> None:
        if self.silent:
            self.silent -= 1
        else:
            self.styles.pop()

    def _style(self, kind: str, attributes: dict[str, str]) -> _Style:
        style = self.styles[-1] if self.styles else _Style()
        known: dict[str, str] = {}
        for name, value in attributes.items():
            if name == "inkscape:label":
                is_layer = attributes.get("inkscape:groupmode") == "layer" or len(self.styles) == 1
                # What is in a layer that is not plotted is not plotted, whatever it is called.
                if kind == "g" and is_layer and not style.label.lstrip().startswith("%"):
                    known["label"] = value
            elif name in _STYLES:
                known[name.replace("-", "_")] = value
            elif name == "style":
                for part in value.split(";"):
                    key, _, setting = part.partition(":")
                    key = key.strip()
                    if key in ("display", "visibility", "transform", "mix-blend-mode", "marker"):
                        raise Unreadable
                    if key in _STYLES:
                        known[key.replace("-", "_")] = setting.strip()
            elif name not in _HARMLESS and ":" not in name:
                raise Unreadable
        if "inherit" in known.values() or "currentColor" in known.values():
            raise Unreadable
        return replace(style, **known) if known else style

    def _viewport(self, attributes: dict[str, str]) -> None:
        width, height = (_length(attributes.get(side, "")) for side in ("width", "height"))
        self.page = (width, height)
        if "viewBox" in attributes:
            x, y, across, down = map(float, attributes["viewBox"].replace(",", " ").split())
            self.scale = width / across
            if not 0.9999 < self.scale * down / height < 1.0001:
                raise Unreadable
            self.shift = complex(-x, -y)

    def _draw(self, kind: str, attributes: dict[str, str], style: _Style) -> None:
        if kind == "path":
            lines = path_lines(attributes.get("d", ""), self.flatness / self.scale)
        elif kind == "line":
            ends = [float(attributes.get(name, "0")) for name in ("x1", "y1", "x2", "y2")]
            lines = [np.array([complex(*ends[:2]), complex(*ends[2:])])]
        else:
            numbers = np.array(attributes.get("points", "").replace(",", " ").split(), dtype=np.float64)
            line = numbers.reshape(-1, 2).view(np.complex128).ravel()
            if len(line) < 2:
                raise Unreadable
            lines = [np.append(line, line[0]) if kind == "polygon" else line]
        key = _key(style)
        placed = self.layers.setdefault(key, [])
        placed.extend((line + self.shift) * self.scale for line in lines)
        self.points += sum(map(len, lines))
        if self.points > MAX_POINTS:
            raise TooManyPoints


@lru_cache(maxsize=4096)
def _key(style: _Style) -> tuple[str, str, int, str]:
    import svgelements  # type: ignore[import-untyped]  # noqa: PLC0415

    colours = []
    for paint, opacity in ((style.stroke, style.stroke_opacity), (style.fill, style.fill_opacity)):
        if "url" in paint:
            raise Unreadable
        colour = svgelements.Color(paint)
        if colour.value is not None and opacity != "1":
            colour.opacity = float(opacity)
        colours.append(colour)
    return paint_key(style.label, colours[0], colours[1], float(style.opacity))


def _length(text: str) -> float:
    match = _LENGTH.fullmatch(text)
    if match is None or match[2] not in _PX or float(match[1]) <= 0:
        raise Unreadable
    return float(match[1]) * _PX[match[2]]


def path_lines(text: str, flatness: float) -> list[npt.NDArray[np.complex128]]:
    """The subpaths of path data; one without length is a dot of two equal points."""
    letters = _LETTERS.findall(text)
    if letters and letters[0] == "M" and letters.count("M") == 1 and set(letters) <= {"M", "L"}:
        numbers = np.array(text.translate(_SEPARATORS).split(), dtype=np.float64)
        line = numbers.reshape(-1, 2).view(np.complex128).ravel()
        return [line] if len(line) > 1 else []
    return _commands(_TOKEN.findall(text), flatness)


def _commands(  # noqa: PLR0912 - one branch for each letter of path data
    tokens: list[str], flatness: float
) -> list[npt.NDArray[np.complex128]]:
    lines: list[list[complex]] = []
    here = start = handle = 0j
    letter, last = "", ""
    at = 0
    while at < len(tokens):
        if tokens[at].isalpha():
            letter = tokens[at]
            at += 1
        elif letter in "Zz":
            raise Unreadable
        command = letter.upper()
        if command not in _NUMBERS:
            raise Unreadable
        count = _NUMBERS[command]
        if at + count > len(tokens):
            raise Unreadable
        v = [float(token) for token in tokens[at : at + count]]
        at += count
        base = here if letter.islower() else 0j
        if command == "M":
            here = start = base + complex(v[0], v[1])
            lines.append([here])
            letter = "l" if letter == "m" else "L"
            last = "M"
            continue
        if not lines:
            raise Unreadable
        if last == "Z":
            lines.append([start])
        if command == "Z":
            here = start
            lines[-1].append(here)
        elif command in "LHV":
            if command == "L":
                here = base + complex(v[0], v[1])
            elif command == "H":
                here = complex(base.real + v[0], here.imag)
            else:
                here = complex(here.real, base.imag + v[0])
            lines[-1].append(here)
        else:
            p = [base + complex(v[k], v[k + 1]) for k in range(0, count, 2)]
            if command in "ST":
                family = "CS" if command == "S" else "QT"
                p.insert(0, 2 * here - handle if last in family else here)
            handle = p[-2]
            lines[-1].extend(_bezier(here, p, flatness))
            here = p[-1]
        last = command
    return [np.array(line, dtype=np.complex128) for line in lines if len(line) > 1]


def _bezier(start: complex, points: list[complex], flatness: float) -> list[complex]:
    """Points after the first of a quadratic or cubic Bézier curve."""
    p = [start, *points]
    bend = max(abs(p[k] - 2 * p[k + 1] + p[k + 2]) for k in range(len(p) - 2))
    count = flatten_bend(bend * (6 if len(p) == 4 else 2), flatness)
    curve: list[complex] = (_bernstein(len(p) - 1, count) @ np.array(p)).tolist()
    curve[-1] = p[-1]
    return curve


@lru_cache(maxsize=1024)
def _bernstein(degree: int, count: int) -> FloatArray:
    t = np.linspace(0, 1, count + 1)[1:]
    return np.stack(
        [math.comb(degree, k) * t**k * (1 - t) ** (degree - k) for k in range(degree + 1)], axis=1
    )
