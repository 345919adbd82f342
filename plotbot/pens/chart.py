"""The calibration card: what it shows, where, and the strokes that draw it.

A card is nothing but its layout, computed from the pens, the sheet and the pens to cross; `plotbot pens
measure` computes it again and knows where to look. A number drawn in bars along the upper edge tells one
card from another and up from down.

Every pen has a row: its name, a solid (hatched twice, crosswise), five hatchings and a ladder of single
lines. Below, bands of all pens cross bands of the chosen ones. Everything is hatched by the nominal width,
so that a card stays the same when its pens are known better. All lengths are mm on the sheet.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.paper import Paper, mm_from_px, px_from_mm
from plotbot.pens.inventory import select_pens
from plotbot.pens.model import Inventory, Pen

__all__ = [
    "CODE_BITS",
    "MARKER_RADIUS_MM",
    "TINTS",
    "Card",
    "Patch",
    "bit_centres",
    "checked_code",
    "code_bits",
    "make_card",
]

Floats: TypeAlias = npt.NDArray[np.float64]
Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom."""

PatchKind = Literal["solid", "tint", "lines", "overprint"]

TINTS = (0.25, 0.4, 0.55, 0.7, 0.85)
"""Nominal coverage of the hatchings of a row."""

LADDER_PITCH = 5.0
"""Distance of the ladder's lines in nominal widths: their light does not mix."""

MARKER_RADIUS_MM = 4.0
RING_MM = (2.6, 4.0)
DISC_MM = 1.2

CODE_BITS = 26
"""One bar that is always there, 20 bits of the card's number, 4 of a checksum, and another such bar."""

_LAYOUT = 1
_SOLID_PITCH = 0.6
_LARGEST_UNIT_MM, _SMALLEST_UNIT_MM = 9.0, 5.5
_LARGEST_CELL_MM, _SMALLEST_CELL_MM = 6.5, 5.0
_BAND = 0.77
_GAP_MM = 1.5
_LABEL_UNITS, _LADDER_UNITS = 2.6, 2.0
_ROW_UNITS = _LABEL_UNITS + 1 + len(TINTS) + _LADDER_UNITS
_ROW_GAPS = 2 + len(TINTS)
_COLUMN_GAP_MM = 4.0
_TITLE_MM = 5.0
_MATRIX_LABEL_MM = 8.0
_MOST_COLUMNS = 3
_EDGE_MM = 0.5
_CIRCLE_POINTS = 73
_CAPITAL, _CAPITAL_MIDDLE = 0.656, 0.047
"""Height of the font's capitals and their middle above its origin, in sizes."""


@dataclass(frozen=True, slots=True)
class Patch:
    """One place to be measured. pitch_mm: of a hatching or ladder. over: the pen on top of an overprint."""

    kind: PatchKind
    pen: str
    box: Box
    pitch_mm: float = 0.0
    over: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A card's layout. order: pens as they are drawn. markers: centres [4, 2], clockwise from top left.
    bars: the box of the bars. strokes: (pen id, points [n, 2])."""

    paper: Paper
    order: tuple[str, ...]
    crossed: tuple[str, ...]
    marker_pen: str
    number: int
    patches: tuple[Patch, ...]
    markers: Floats = field(repr=False)
    bars: Box
    strokes: tuple[tuple[str, Floats], ...] = field(repr=False)


def make_card(
    inventory: Inventory, paper: Paper, *, pens: Iterable[str] = (), cross: Iterable[str] | None = None
) -> Card:
    """Lay out a card for an inventory.

    pens: ids or names, all by default. cross: pens whose bands cross those of all others; all of up to
    twelve pens by default, none of more. Raises `BadInput` when a pen is unknown or the sheet too small.
    """
    shown = select_pens(inventory, pens) if (pens := tuple(pens)) else inventory
    chosen = tuple(sorted(shown.pens, key=lambda pen: (pen.opacity >= 0.5, -pen.lab[0])))
    if cross is None:
        crossed = tuple(pen.id for pen in shown.pens) if len(chosen) <= 12 else ()
    else:
        wanted = tuple(cross)
        crossed = tuple(pen.id for pen in select_pens(shown, wanted).pens) if wanted else ()
    # Fluorescent inks may be lighter than paper to a scanner.
    marker = min(chosen, key=lambda pen: (pen.fluorescent, pen.lab[0]))
    order = tuple(pen.id for pen in chosen)
    number = _number(shown.pens, order, crossed, paper)

    left, top, right, bottom = paper.drawable
    inset = MARKER_RADIUS_MM + _EDGE_MM
    if right - left < 8 * inset or bottom - top < 8 * inset:
        raise BadInput(f"A calibration card does not fit on {paper}; choose a larger sheet, such as a5.")
    x, y = np.array([left + inset, right - inset]), np.array([top + inset, bottom - inset])
    markers = np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]])
    bars = (x[0] + inset + 2, y[0] - 2.5, x[1] - inset - 2, y[0] + 2.5)
    strokes: list[tuple[str, Floats]] = []
    for centre in markers:
        strokes += [(marker.id, circle) for circle in _bullseye(centre, _SOLID_PITCH * marker.nominal_mm)]
    strokes += [(marker.id, line) for line in _bar_lines(number, bars, _SOLID_PITCH * marker.nominal_mm)]
    body = (left, top + 2 * inset + _TITLE_MM, right, bottom - 2 * inset)
    title = f"plotbot card {number:05x}  {inventory.id}  {paper.name or f'{paper.width:g}x{paper.height:g}'}"
    title_box = (left + 1, top + 2 * inset, right - 1, top + 2 * inset + 3)
    strokes += [(marker.id, line) for line in _lettering(title, title_box)]

    patches: list[Patch] = []
    rows_bottom, unit = _rows(shown.pens, crossed, body, paper)
    for pen, box in _row_boxes(shown.pens, body, unit):
        label, row, lines = _row(pen, box, unit)
        patches += row
        strokes += [(marker.id, line) for line in _lettering(str(pen), label)]
        strokes += [(pen.id, line) for line in lines]
    if crossed:
        matrix = (body[0], rows_bottom, body[2], body[3])
        cells, drawn = _crossings(shown, order, crossed, matrix, marker.id)
        patches += cells
        strokes += drawn
    return Card(paper, order, crossed, marker.id, number, tuple(patches), markers, bars, tuple(strokes))


def code_bits(number: int) -> list[bool]:
    """The bars of a card's number, left to right: whether each is drawn."""
    word = (number & 0xFFFFF) << 4 | _checksum(number)
    return [True, *(bool(word >> place & 1) for place in range(CODE_BITS - 3, -1, -1)), True]


def checked_code(bits: Sequence[bool]) -> int | None:
    """The number that bars say, or None where they are no card's."""
    word = sum(bool(bit) << place for place, bit in enumerate(reversed(bits[1:-1])))
    number = word >> 4
    return number if bits[0] and bits[-1] and word & 15 == _checksum(number) else None


def bit_centres(bars: Box) -> Floats:
    """Centres [CODE_BITS, 2] of the places of the bars."""
    left, top, right, bottom = bars
    pitch = min(4.0, (right - left) / CODE_BITS)
    x = left + pitch * (np.arange(CODE_BITS) + 0.5)
    return np.stack([x, np.full(CODE_BITS, (top + bottom) / 2)], axis=1)


def _number(pens: Sequence[Pen], order: Sequence[str], crossed: Sequence[str], paper: Paper) -> int:
    sheet = [paper.width, paper.height, paper.margin]
    drawn = [[pen.id, pen.nominal_mm] for pen in pens]
    text = json.dumps([_LAYOUT, sheet, drawn, list(order), list(crossed)], separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:3], "big") & 0xFFFFF


def _checksum(number: int) -> int:
    return hashlib.sha256(f"plotbot card {number}".encode()).digest()[0] & 15


def _rows(pens: Sequence[Pen], crossed: Sequence[str], body: Box, paper: Paper) -> tuple[float, float]:
    """Bottom of the pens' rows and the side of their patches: the largest that fits."""
    height = body[3] - body[1]
    matrix = _MATRIX_LABEL_MM + len(pens) * _SMALLEST_CELL_MM if crossed else 0.0
    unit = _LARGEST_UNIT_MM
    while unit >= _SMALLEST_UNIT_MM:
        columns = _columns(body, unit)
        needed = math.ceil(len(pens) / columns) * (unit + _GAP_MM) if columns else math.inf
        if needed + matrix <= height:
            break
        unit -= 0.25
    else:
        columns = _columns(body, _SMALLEST_UNIT_MM)
        most = columns * int(height / (_SMALLEST_UNIT_MM + _GAP_MM))
        crossing = ", without crossings (--cross none)" if crossed else ""
        raise BadInput(
            f"A card for {len(pens)} pens does not fit on {paper}: at most {most} do{crossing}. "
            "Choose pens by --only, or a larger sheet."
        )
    width = body[2] - body[0]
    most_crossed = int((width - _MATRIX_LABEL_MM) / _SMALLEST_CELL_MM)
    if len(crossed) > most_crossed:
        raise BadInput(
            f"Bands of {len(crossed)} pens do not fit beside each other on {paper}; choose at most "
            f"{most_crossed} by --cross."
        )
    for pen in pens:
        if pen.nominal_mm > unit / 6:
            raise BadInput(
                f"Pen {pen} draws lines {pen.nominal_mm:g} mm wide, too wide for patches of {unit:g} mm; "
                f"at most {unit / 6:.1f} mm can be measured on this card. Leave it out by --only."
            )
    return body[1] + needed, unit


def _columns(body: Box, unit: float) -> int:
    row = _ROW_UNITS * unit + _ROW_GAPS * 1.0
    return min(_MOST_COLUMNS, int((body[2] - body[0] + _COLUMN_GAP_MM) / (row + _COLUMN_GAP_MM)))


def _row_boxes(pens: Sequence[Pen], body: Box, unit: float) -> Iterator[tuple[Pen, Box]]:
    """The box of every pen's row, column by column."""
    columns = _columns(body, unit)
    rows = math.ceil(len(pens) / columns)
    wide = (body[2] - body[0] + _COLUMN_GAP_MM) / columns
    for number, pen in enumerate(pens):
        column, row = divmod(number, rows)
        left, top = body[0] + column * wide, body[1] + row * (unit + _GAP_MM)
        yield pen, (left, top, left + wide - _COLUMN_GAP_MM, top + unit)


def _row(pen: Pen, box: Box, unit: float) -> tuple[Box, list[Patch], list[Floats]]:
    """Box of the label, patches and strokes of one pen's row."""
    left, top, _, bottom = box
    width = pen.nominal_mm
    label = (left + 1, (top + bottom) / 2 - 1.3, left + _LABEL_UNITS * unit, (top + bottom) / 2 + 1.3)
    x = left + _LABEL_UNITS * unit + 1
    solid = (x, top, x + unit, bottom)
    patches = [Patch("solid", pen.id, solid)]
    lines = [
        *_hatching(solid, _SOLID_PITCH * width, width),
        *_hatching(solid, _SOLID_PITCH * width, width, across=True),
    ]
    for share in TINTS:
        x += unit + 1
        tint = (x, top, x + unit, bottom)
        patches.append(Patch("tint", pen.id, tint, width / share))
        lines += _hatching(tint, width / share, width)
    x += unit + 1
    ladder = (x, top, x + _LADDER_UNITS * unit, bottom)
    patches.append(Patch("lines", pen.id, ladder, LADDER_PITCH * width))
    return label, patches, [*lines, *_hatching(ladder, LADDER_PITCH * width, width)]


def _crossings(
    inventory: Inventory, order: Sequence[str], crossed: Sequence[str], room: Box, marker: str
) -> tuple[list[Patch], list[tuple[str, Floats]]]:
    """Bands of all pens, left to right, over bands of the crossed ones, top to bottom."""
    pens = inventory.pens
    cell = min(
        _LARGEST_CELL_MM,
        (room[2] - room[0] - _MATRIX_LABEL_MM) / len(crossed),
        (room[3] - room[1] - _MATRIX_LABEL_MM) / len(pens),
    )
    band = _BAND * cell
    left, top = room[0] + _MATRIX_LABEL_MM, room[1] + _MATRIX_LABEL_MM
    right, bottom = left + len(crossed) * cell, top + len(pens) * cell
    x = {pen: left + column * cell for column, pen in enumerate(crossed)}
    y = {pen.id: top + row * cell for row, pen in enumerate(pens)}
    strokes: list[tuple[str, Floats]] = []
    patches = []
    for pen in pens:
        pitch = _SOLID_PITCH * pen.nominal_mm
        strokes += [
            (pen.id, line)
            for line in _hatching(
                (left, y[pen.id], right, y[pen.id] + band), pitch, pen.nominal_mm, across=True
            )
        ]
        label = (room[0] + 1, y[pen.id] + band / 2 - 1.2, left - 1, y[pen.id] + band / 2 + 1.2)
        strokes += [(marker, line) for line in _lettering(pen.id, label)]
        for other in crossed:
            if other != pen.id:
                under, over = sorted((pen.id, other), key=order.index)
                box = (x[other], y[pen.id], x[other] + band, y[pen.id] + band)
                patches.append(Patch("overprint", under, box, over=over))
    for other in crossed:
        pen = inventory[other]
        pitch = _SOLID_PITCH * pen.nominal_mm
        box = (x[other], top, x[other] + band, bottom)
        strokes += [(other, line) for line in _hatching(box, pitch, pen.nominal_mm)]
        label = (x[other], top - 3.6, x[other] + band, top - 1.2)
        strokes += [(marker, line) for line in _lettering(other, label)]
    return patches, strokes


def _hatching(box: Box, pitch: float, width: float, *, across: bool = False) -> list[Floats]:
    """Lines that fill a box, upright or, `across`, lying; their ink stays inside it. Every other one goes
    the other way."""
    left, top, right, bottom = box
    if across:
        return [line[:, ::-1] for line in _hatching((top, left, bottom, right), pitch, width)]
    half = width / 2
    count = int((right - left - width) / pitch + 1e-9) + 1
    first = (left + right - (count - 1) * pitch) / 2
    found = []
    for number in range(count):
        x = first + number * pitch
        line = np.array([[x, top + half], [x, bottom - half]])
        found.append(line[::-1] if number % 2 else line)
    return found


def _bullseye(centre: Floats, pitch: float) -> list[Floats]:
    """Circles that fill a ring and the disc inside it."""
    angle = np.linspace(0, 2 * np.pi, _CIRCLE_POINTS)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    found = []
    for inner, outer in ((0.0, DISC_MM), RING_MM):
        count = math.ceil((outer - inner) / pitch)
        radii = np.linspace(outer - pitch / 2, inner + pitch / 2, max(count, 2))
        found += [centre + radius * circle for radius in radii]
    return found


def _bar_lines(number: int, bars: Box, pitch: float) -> Iterator[Floats]:
    centres = bit_centres(bars)
    wide = 0.55 * (centres[1, 0] - centres[0, 0])
    for (x, _), drawn in zip(centres, code_bits(number), strict=True):
        if drawn:
            yield from _hatching((x - wide / 2, bars[1], x + wide / 2, bars[3]), pitch, pitch)


def _lettering(text: str, box: Box) -> list[Floats]:
    """Single-line letters as large as the box allows, at its left edge."""
    import vpype  # noqa: PLC0415 - slow to import; only drawing a card needs letters

    left, top, right, bottom = box
    size = (bottom - top) / _CAPITAL
    letters = vpype.text_line(text, "futural", px_from_mm(size))
    bounds = letters.bounds()
    if bounds is None:  # nothing of it is in the font
        return []
    scale = min(1.0, (right - left) / mm_from_px(bounds[2] - bounds[0])) if bounds[2] > bounds[0] else 1.0
    base = np.array([left, (top + bottom) / 2 + _CAPITAL_MIDDLE * size * scale])
    return [
        base + mm_from_px(np.column_stack([line.real - bounds[0], line.imag])) * scale for line in letters
    ]
