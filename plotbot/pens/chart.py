"""The calibration card: what it shows, where, and the strokes that draw it.

A card is nothing but its layout, computed from the pens, the sheet and the pens to cross; `plotbot pens
measure` computes it again and knows where to look. A number drawn in bars along the upper edge tells one
card from another and up from down.

Every pen has a row: its name, a solid (hatched twice, crosswise), five hatchings and a ladder of single
lines. Beside or below the rows every pen meets the chosen ones once, hatched one over the other, and itself
as a second solid. Everything is hatched by the nominal width, so that a card stays the same when its pens
are known better. Parts are as large as the sheet allows and as is worth the ink; what is left of the sheet
stays outside the markers. All lengths are mm on the sheet.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from plotbot.errors import BadInput
from plotbot.paper import Paper
from plotbot.pens.chart_layout import APART_MM, GAP_MM, HEAD_MM, TINTS, Layout, fit_layout
from plotbot.pens.chart_strokes import MARKER_RADIUS_MM, Box, Floats, bullseye, hatching, lettering
from plotbot.pens.inventory import select_pens
from plotbot.pens.model import Inventory, Pen

__all__ = [
    "CODE_BITS",
    "MOST_CROSSED_UNASKED",
    "Card",
    "Patch",
    "bit_centres",
    "checked_code",
    "code_bits",
    "make_card",
]

PatchKind = Literal["solid", "repeat", "tint", "lines", "overprint"]

LADDER_PITCH = 5.0
"""Distance of the ladder's lines in nominal widths: their light does not mix."""

CODE_BITS = 26
"""One bar that is always there, 20 bits of the card's number, 4 of a checksum, and another such bar."""

_LAYOUT = 2
_SOLID_PITCH = 0.6
_BAND = 0.8
"""Share of a crossing's place that is inked."""

_TITLE_MM = 5.0
_EDGE_MM = 0.5
_INSET_MM = MARKER_RADIUS_MM + _EDGE_MM
_LEAST_WIDTH_MM = 8 * _INSET_MM
_WIDEST_PEN = 6.0
"""A patch is at least so many times as wide as the lines in it."""

MOST_CROSSED_UNASKED = 12
"""So many pens are all crossed with each other where nothing was said of it."""

_LEAST_TITLE_MM = 90.0
_WHAT_NEXT = (
    "Let it dry. Scan it flat with 300 to 600 dpi, everything automatic switched off. Then:",
    "plotbot pens measure SCAN.png --card JOB --out mine.toml",
)

_ORDER_UP_TO = 20
"""More pens than this are not listed above the crossings."""


@dataclass(frozen=True, slots=True)
class Patch:
    """One place to be measured. repeat: a second solid. pitch_mm: of a hatching or ladder. over: the pen on
    top of an overprint."""

    kind: PatchKind
    pen: str
    box: Box
    pitch_mm: float = 0.0
    over: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A card's layout. order: pens as they are drawn. markers: centres [4, 2], clockwise from top left.
    bars: the box of the bars. labels: where each pen's name stands. strokes: (pen id, points [n, 2])."""

    paper: Paper
    order: tuple[str, ...]
    crossed: tuple[str, ...]
    marker_pen: str
    number: int
    patches: tuple[Patch, ...]
    markers: Floats = field(repr=False)
    bars: Box
    labels: tuple[tuple[str, Box], ...]
    strokes: tuple[tuple[str, Floats], ...] = field(repr=False)


def make_card(
    inventory: Inventory,
    paper: Paper,
    *,
    pens: Iterable[str] = (),
    cross: Iterable[str] | None = None,
    order: Sequence[str] | None = None,
) -> Card:
    """Lay out a card for an inventory.

    pens: ids or names, all by default. cross: pens that meet all others; all of up to twelve pens by default,
    none of more. order: how a card was drawn whose pens had other colours then; light to dark by default.
    Raises `BadInput` when a pen is unknown or the sheet too small.
    """
    shown = select_pens(inventory, pens) if (pens := tuple(pens)) else inventory
    chosen = tuple(sorted(shown.pens, key=lambda pen: (pen.opacity >= 0.5, -pen.lab[0])))
    if order is not None:
        chosen = select_pens(shown, order).pens
        chosen = tuple(sorted(chosen, key=lambda pen: list(order).index(pen.id)))
    if cross is None:
        crossed = tuple(pen.id for pen in shown.pens) if len(chosen) <= MOST_CROSSED_UNASKED else ()
    else:
        wanted = tuple(cross)
        crossed = tuple(pen.id for pen in select_pens(shown, wanted).pens) if wanted else ()
    # Fluorescent inks may be lighter than paper to a scanner.
    marker = min(chosen, key=lambda pen: (pen.fluorescent, pen.lab[0]))
    drawn = tuple(pen.id for pen in chosen)
    number = _number(shown.pens, drawn, crossed, paper)

    left, top, right, bottom = paper.drawable
    room = (right - left, bottom - top - 4 * _INSET_MM - _TITLE_MM)
    if right - left < _LEAST_WIDTH_MM or room[1] <= 0:
        raise BadInput(f"A calibration card does not fit on {paper}; choose a larger sheet, such as a5.")
    layout = fit_layout(len(shown.pens), len(crossed), room, paper)
    _check_widths(shown.pens, layout)
    frame = (
        left,
        top,
        left + min(right - left, max(layout.width, _LEAST_TITLE_MM)),
        top + 4 * _INSET_MM + _TITLE_MM + layout.height,
    )
    markers, bars, strokes = _frame(frame, number, marker, _title(inventory, paper, number))
    body = (left, top + 2 * _INSET_MM + _TITLE_MM)
    patches, labels, rows = _rows(shown.pens, layout, body, marker.id)
    strokes += rows
    if crossed:
        cells, bands = _crossings(shown, drawn, crossed, layout, body, marker.id)
        patches += cells
        strokes += bands
    return Card(
        paper, drawn, crossed, marker.id, number, tuple(patches), markers, bars, tuple(labels), tuple(strokes)
    )


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


def _check_widths(pens: Sequence[Pen], layout: Layout) -> None:
    least = min(layout.patch)
    for pen in pens:
        if pen.nominal_mm > least / _WIDEST_PEN:
            raise BadInput(
                f"Pen {pen} draws lines {pen.nominal_mm:g} mm wide, too wide for patches of {least:.1f} mm; "
                f"at most {least / _WIDEST_PEN:.1f} mm can be measured on this card. Leave it out by --only."
            )


def _title(inventory: Inventory, paper: Paper, number: int) -> str:
    return f"plotbot card {number:05x}  {inventory.id}  {paper.name or f'{paper.width:g}x{paper.height:g}'}"


def _frame(frame: Box, number: int, marker: Pen, title: str) -> tuple[Floats, Box, list[tuple[str, Floats]]]:
    """Markers, bars, and the strokes of both, with the title and what to do with the card."""
    left, top, right, bottom = frame
    x = np.array([left + _INSET_MM, right - _INSET_MM])
    y = np.array([top + _INSET_MM, bottom - _INSET_MM])
    markers = np.array([[x[0], y[0]], [x[1], y[0]], [x[1], y[1]], [x[0], y[1]]])
    inner = (x[0] + _INSET_MM + 2, x[1] - _INSET_MM - 2)
    bars = (inner[0], y[0] - 2.5, inner[1], y[0] + 2.5)
    pitch = _SOLID_PITCH * marker.nominal_mm
    lines = [circle for centre in markers for circle in bullseye(centre, pitch)]
    lines += _bar_lines(number, bars, pitch)
    lines += lettering(title, (left + 1, top + 2 * _INSET_MM, right - 1, top + 2 * _INSET_MM + 3))
    lines += lettering(_WHAT_NEXT[0], (inner[0], y[1] - 2.4, inner[1], y[1] - 0.4))
    lines += lettering(_WHAT_NEXT[1], (inner[0], y[1] + 1.2, inner[1], y[1] + 3.2))
    return markers, bars, [(marker.id, line) for line in lines]


def _rows(
    pens: Sequence[Pen], layout: Layout, body: tuple[float, float], marker: str
) -> tuple[list[Patch], list[tuple[str, Box]], list[tuple[str, Floats]]]:
    """A row for every pen, column by column, under a line that says what is what."""
    patches: list[Patch] = []
    labels: list[tuple[str, Box]] = []
    strokes: list[tuple[str, Floats]] = []
    wide, high = layout.patch
    for number, pen in enumerate(pens):
        column, row = divmod(number, layout.rows)
        left = body[0] + column * (layout.column + APART_MM)
        top = body[1] + HEAD_MM + row * (high + GAP_MM)
        places = [
            (x, top, x + wide, top + high)
            for x in (left + layout.label + np.arange(1 + len(TINTS)) * (wide + GAP_MM)).tolist()
        ]
        ladder = (places[-1][2] + GAP_MM, top, left + layout.column, top + high)
        if row == 0:
            heads = ["solid", *(f"{share:.0%}" for share in TINTS), "lines"]
            for text, box in zip(heads, [*places, ladder], strict=True):
                above = (box[0], body[1] + 0.6, box[2], body[1] + HEAD_MM - 1.2)
                strokes += [(marker, line) for line in lettering(text, above)]
        middle, right = top + high / 2, left + layout.label - 1
        labels.append((pen.id, (left, top, right, top + high)))
        strokes += [
            (marker, line)
            for text, box in (
                (pen.id, (left + 1, middle - 2.6, right, middle - 0.1)),
                (pen.name, (left + 1, middle + 0.8, right, middle + 2.6)),
            )
            for line in lettering(text, box)
        ]
        solid, *tints = places
        patches.append(Patch("solid", pen.id, solid))
        lines = _solid(solid, pen)
        for share, box in zip(TINTS, tints, strict=True):
            patches.append(Patch("tint", pen.id, box, pen.nominal_mm / share))
            lines += hatching(box, pen.nominal_mm / share, pen.nominal_mm)
        patches.append(Patch("lines", pen.id, ladder, LADDER_PITCH * pen.nominal_mm))
        lines += hatching(ladder, LADDER_PITCH * pen.nominal_mm, pen.nominal_mm)
        strokes += [(pen.id, line) for line in lines]
    return patches, labels, strokes


def _crossings(
    inventory: Inventory,
    order: Sequence[str],
    crossed: Sequence[str],
    layout: Layout,
    body: tuple[float, float],
    marker: str,
) -> tuple[list[Patch], list[tuple[str, Floats]]]:
    """Every pen's row meets the columns of the crossed ones, each pair once; a pen meets itself in a second
    solid."""
    rows = [*crossed, *(pen.id for pen in inventory.pens if pen.id not in crossed)]
    wide, high = layout.cell
    left = body[0] + layout.crossings[0] + layout.cell_label
    top = body[1] + layout.crossings[1]
    strokes: list[tuple[str, Floats]] = []
    patches = []

    def letter(text: str, box: Box) -> None:
        strokes.extend((marker, line) for line in lettering(text, box))

    what = "Of two pens the one drawn later is on top"
    if len(order) <= _ORDER_UP_TO:
        what += f": drawn in the order {' '.join(order)}"
    letter(what, (left - layout.cell_label + 1, top + 0.6, body[0] + layout.width, top + HEAD_MM - 1.2))
    top += 2 * HEAD_MM
    for row, pen_id in enumerate(rows):
        y = top + row * high
        middle = y + _BAND * high / 2
        letter(pen_id, (left - layout.cell_label + 1, middle - 1.2, left - 1, middle + 1.2))
        for column, other in enumerate(crossed[: row + 1]):
            x = left + column * wide
            box = (x, y, x + _BAND * wide, y + _BAND * high)
            if other == pen_id:
                letter(other, (x, y - 3.2, box[2], y - 1.0))
                patches.append(Patch("repeat", pen_id, box))
                strokes += [(pen_id, line) for line in _solid(box, inventory[pen_id])]
                continue
            under, over = sorted((pen_id, other), key=order.index)
            patches.append(Patch("overprint", under, box, over=over))
            for pen in (inventory[under], inventory[over]):
                lines = hatching(box, _SOLID_PITCH * pen.nominal_mm, pen.nominal_mm, across=pen.id == under)
                strokes += [(pen.id, line) for line in lines]
    return patches, strokes


def _solid(box: Box, pen: Pen) -> list[Floats]:
    """Hatched twice, crosswise."""
    pitch = _SOLID_PITCH * pen.nominal_mm
    return [
        *hatching(box, pitch, pen.nominal_mm),
        *hatching(box, pitch, pen.nominal_mm, across=True),
    ]


def _bar_lines(number: int, bars: Box, pitch: float) -> Iterator[Floats]:
    centres = bit_centres(bars)
    wide = 0.55 * (centres[1, 0] - centres[0, 0])
    for (x, _), drawn in zip(centres, code_bits(number), strict=True):
        if drawn:
            yield from hatching((x - wide / 2, bars[1], x + wide / 2, bars[3]), pitch, pitch)
