"""Lengths, transforms and outlines as SVG writes them."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.svg_plain import Unreadable, flatten_bend, path_lines

__all__ = ["Line", "Matrix", "dashed", "length", "matrix", "shape_lines", "view_box"]

Line = npt.NDArray[np.complex128]
Matrix = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f of SVG: x' = a x + c y + e, y' = b x + d y + f."""

_UNITS = {
    "": 1.0, "px": 1.0, "mm": 96 / 25.4, "cm": 96 / 2.54, "q": 96 / 101.6, "in": 96.0, "pt": 96 / 72,
    "pc": 16.0, "em": 16.0, "rem": 16.0, "ex": 8.0,
}  # fmt: skip
_LENGTH = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([a-zA-Z]*|%)\s*")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_MOST_DASHES = 200_000


def length(text: str | None, whole: float, default: float) -> float:
    """A length in user units; whole: what 100 % is. What is no length counts as the default."""
    if text is None or text.strip() in ("", "auto"):
        return default
    match = _LENGTH.fullmatch(text)
    if match is None:
        return default
    number, unit = float(match[1]), match[2].lower()
    if unit == "%":
        return number * whole / 100
    return number * _UNITS[unit] if unit in _UNITS else default


def view_box(text: str | None) -> tuple[float, float, float, float] | None:
    """The four numbers of a viewBox; None when there is none, or none that can be used."""
    try:
        numbers = [float(part) for part in (text or "").replace(",", " ").split()]
    except ValueError:
        return None
    if len(numbers) != 4 or not all(map(math.isfinite, numbers)) or numbers[2] <= 0 or numbers[3] <= 0:
        return None
    return (numbers[0], numbers[1], numbers[2], numbers[3])


@lru_cache(maxsize=4096)
def matrix(text: str) -> Matrix:
    """The matrix of a transform attribute; raises ValueError for one that is no transform."""
    import svgelements  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        m = svgelements.Matrix(text)
        found = (float(m.a), float(m.b), float(m.c), float(m.d), float(m.e), float(m.f))
    except (TypeError, IndexError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"the transform {text[:60]!r}") from error
    return found


def shape_lines(
    kind: str, attributes: Mapping[str, str], viewport: tuple[float, float], flatness: float
) -> list[Line]:
    """The outlines of a basic shape or path in user units; none where it has no extent."""
    across, down = viewport
    both = math.hypot(across, down) / math.sqrt(2)

    def of(name: str, whole: float, default: float = 0.0) -> float:
        return length(attributes.get(name), whole, default)

    if kind == "path":
        return _path(attributes.get("d", ""), flatness)
    if kind == "line":
        ends = [complex(of(f"x{k}", across), of(f"y{k}", down)) for k in (1, 2)]
        return [np.array(ends)]
    if kind in ("polyline", "polygon"):
        return _points(attributes.get("points", ""), closed=kind == "polygon")
    if kind == "rect":
        return _rectangle(attributes, viewport, flatness)
    if kind == "circle":
        rx = ry = of("r", both)
    else:
        rx, ry = of("rx", across, math.nan), of("ry", down, math.nan)
        rx, ry = (ry if math.isnan(rx) else rx), (rx if math.isnan(ry) else ry)
    if not (rx > 0 and ry > 0):
        return []
    turn = np.linspace(0, 2 * np.pi, flatten_bend(max(rx, ry) * (2 * np.pi) ** 2, flatness) + 1)
    middle = complex(of("cx", across), of("cy", down))
    ring = middle + rx * np.cos(turn) + 1j * ry * np.sin(turn)
    ring[-1] = ring[0]
    return [ring]


def dashed(lines: Sequence[Line], sizes: Sequence[float], offset: float) -> list[Line]:
    """Polylines cut into dashes: sizes are dash, gap, dash, gap, … in the units of the lines."""
    if not sizes or any(not math.isfinite(size) or size < 0 for size in sizes) or sum(sizes) <= 0:
        return list(lines)
    pattern = list(sizes) * (2 if len(sizes) % 2 else 1)
    total = sum(pattern)
    if sum(float(np.abs(np.diff(line)).sum()) for line in lines) / total * len(pattern) > _MOST_DASHES:
        return list(lines)  # finer than any pen: as good as solid
    edges = np.concatenate([[0.0], np.cumsum(pattern)])
    found: list[Line] = []
    for line in lines:
        along = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(line)))])
        start = -(offset % total)
        while start < along[-1]:
            for k in range(0, len(pattern), 2):
                begin, end = max(start + edges[k], 0.0), min(start + edges[k + 1], float(along[-1]))
                if end > begin:
                    inner = line[(along > begin) & (along < end)]
                    ends = [np.interp(at, along, line.real) + 1j * np.interp(at, along, line.imag)
                            for at in (begin, end)]  # fmt: skip
                    found.append(np.concatenate([ends[:1], inner, ends[1:]]))
            start += total
    return found


def _points(text: str, *, closed: bool) -> list[Line]:
    try:
        numbers = np.array(text.replace(",", " ").split(), dtype=np.float64)
    except ValueError:
        numbers = np.array(
            [float(one) for one in re.findall(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", text)]
        )
    line = numbers[: len(numbers) // 2 * 2].reshape(-1, 2).copy().view(np.complex128).ravel()
    if len(line) < 2:
        return []
    return [np.append(line, line[0]) if closed else line]


def _rectangle(attributes: Mapping[str, str], viewport: tuple[float, float], flatness: float) -> list[Line]:
    across, down = viewport
    x, y = length(attributes.get("x"), across, 0.0), length(attributes.get("y"), down, 0.0)
    w, h = length(attributes.get("width"), across, 0.0), length(attributes.get("height"), down, 0.0)
    if not (w > 0 and h > 0):
        return []
    rx, ry = length(attributes.get("rx"), across, math.nan), length(attributes.get("ry"), down, math.nan)
    rx, ry = (ry if math.isnan(rx) else rx), (rx if math.isnan(ry) else ry)
    rx, ry = min(max(rx, 0.0), w / 2), min(max(ry, 0.0), h / 2)
    if not (rx > 0 and ry > 0):
        corners = [complex(x, y), complex(x + w, y), complex(x + w, y + h), complex(x, y + h), complex(x, y)]
        return [np.array(corners)]
    turn = np.linspace(0, np.pi / 2, flatten_bend(max(rx, ry) * (np.pi / 2) ** 2, flatness) + 1)
    parts = [
        complex(cx, cy) + rx * np.cos(turn + begin) + 1j * ry * np.sin(turn + begin)
        for cx, cy, begin in (
            (x + w - rx, y + ry, -np.pi / 2), (x + w - rx, y + h - ry, 0.0),
            (x + rx, y + h - ry, np.pi / 2), (x + rx, y + ry, np.pi),
        )
    ]  # fmt: skip
    ring = np.concatenate(parts)
    return [np.append(ring, ring[0])]


def _path(text: str, flatness: float) -> list[Line]:
    """The subpaths of path data up to the first thing in it that is none, as the standard wants it."""
    try:
        return path_lines(text, flatness)
    except (Unreadable, ValueError, OverflowError):
        return _slow_path(text, flatness)


def _slow_path(text: str, flatness: float) -> list[Line]:
    import svgelements  # noqa: PLC0415

    path = svgelements.Path()
    # What was understood before the first fault is drawn.
    with contextlib.suppress(ValueError, TypeError, IndexError, AttributeError, ArithmeticError):
        path.parse(text)
    lines: list[list[complex]] = []
    drawn = False
    for segment in path:
        if isinstance(segment, svgelements.Move):
            if lines and not drawn:
                lines.pop()  # a Move alone draws nothing
            lines.append([complex(segment.end)])
            drawn = False
            continue
        if segment.end is None or segment.start is None:
            continue
        if not lines or (drawn and not lines[-1]):
            lines.append([complex(segment.start)])
        drawn = True
        if isinstance(segment, svgelements.Close | svgelements.Line):
            lines[-1].append(complex(segment.end))
        else:
            lines[-1].extend(_curve(segment, svgelements, flatness))
    if lines and not drawn:
        lines.pop()
    return [np.array(line if len(line) > 1 else line * 2, dtype=np.complex128) for line in lines if line]


def _curve(segment: Any, svgelements: Any, flatness: float) -> list[complex]:
    """Points after the first of a curve, close enough to it."""
    if isinstance(segment, svgelements.CubicBezier):
        p = [complex(point) for point in (segment.start, segment.control1, segment.control2, segment.end)]
        bend = 6 * max(abs(p[0] - 2 * p[1] + p[2]), abs(p[1] - 2 * p[2] + p[3]))
    elif isinstance(segment, svgelements.QuadraticBezier):
        p = [complex(point) for point in (segment.start, segment.control, segment.end)]
        bend = 2 * abs(p[0] - 2 * p[1] + p[2])
    else:
        radius = max(float(segment.rx), float(segment.ry))
        if not radius:
            return [complex(segment.end)]
        bend = radius * float(segment.sweep) ** 2
    if not math.isfinite(bend):
        return [complex(segment.end)]
    t = np.linspace(0, 1, flatten_bend(bend, flatness) + 1)[1:]
    points = np.asarray(segment.npoint(t), dtype=np.float64)
    points[-1] = segment.end.x, segment.end.y
    return [complex(x, y) for x, y in points]
