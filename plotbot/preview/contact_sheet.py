"""Contact sheets: many small drawings side by side, as one picture and as one page that can be sorted."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from plotbot.files import written_whole
from plotbot.preview.gallery import thumbnail
from plotbot.preview.page import data_uri, write_page
from plotbot.preview.raster import MAX_PIXELS

__all__ = ["Tile", "write_sheet_page", "write_sheet_picture"]

_TEMPLATE = "contact_sheet.html"

_FEW, _MANY = 150, 800
"""Up to so many tiles are shown large, and from so many on small."""

_DESK, _TEXT, _SOFT = "#e9e7e2", "#22211e", "#6d6a63"


@dataclass(frozen=True, slots=True)
class Tile:
    """One drawing on a sheet.

    picture: a PNG file. title: what it is, in a word. note: what else tells it from its neighbours.
    figures: what it can be sorted by, by name; the first one is shown on the picture too. command: what
    draws it large.
    """

    picture: Path
    title: str
    note: str
    figures: Mapping[str, float | None]
    command: str


def write_sheet_picture(path: Path, tiles: Sequence[Tile], together: int = 1) -> None:
    """All tiles in reading order on one PNG, title and activation below each.

    together: how many neighbours belong together and stay in one row.
    """
    side = _side_px(len(tiles), 200, 128, 96)
    letters_px = max(11, side // 11)
    font, line = ImageFont.load_default(letters_px), round(letters_px * 1.25)
    gap, below = max(6, side // 20), (1 + any(tile.note for tile in tiles)) * line + side // 12
    groups = math.sqrt(len(tiles) * (side + below) / side * 4 / 3) / together
    columns = min(len(tiles), together * max(1, round(groups)))
    rows = -(-len(tiles) // columns)
    size = columns * (side + gap) + gap, rows * (side + below) + gap
    if size[0] * size[1] > MAX_PIXELS:
        raise ValueError(f"a sheet of {size[0]} x {size[1]} pixels")
    sheet = Image.new("RGB", size, _DESK)
    draw = ImageDraw.Draw(sheet)
    for index, tile in enumerate(tiles):
        row, column = divmod(index, columns)
        x, y = gap + column * (side + gap), gap + row * (side + below)
        with Image.open(tile.picture, formats=("PNG",)) as picture:
            sheet.paste(picture.convert("RGB").resize((side, side), Image.Resampling.LANCZOS), (x, y))
        draw.text((x, y + side + 2), tile.title, _TEXT, font)
        # Pillow's own font has no minus and no dash.
        shown = _figure(next(iter(tile.figures.values()), None)).replace("−", "-").replace("–", "-")
        draw.text((x + side, y + side + 2), shown, _TEXT, font, anchor="ra")
        draw.text((x, y + side + 2 + line), tile.note, _SOFT, font)
    with written_whole(path) as temporary:
        sheet.save(temporary, format="PNG", compress_level=6)


def write_sheet_page(path: Path, tiles: Sequence[Tile], title: str, lines: Sequence[str] = ()) -> None:
    """All tiles on one page, sortable by their figures; a tile says the command that draws it large.

    lines: what is to be said above them.
    """
    side = _side_px(len(tiles), 240, 160, 112)
    names = list(dict.fromkeys(name for tile in tiles for name in tile.figures))
    write_page(
        path,
        _TEMPLATE,
        {
            "title": html.escape(title),
            "count": f"{len(tiles)} drawing{'s' * (len(tiles) != 1)}",
            "side": str(side),
            "lines": "".join(f"<p>{html.escape(line)}</p>" for line in lines),
            "orders": "".join(f"<option>{html.escape(name)}</option>" for name in names),
            "tiles": "\n".join(_tile(tile, side) for tile in tiles),
        },
    )


def _tile(tile: Tile, side: int) -> str:
    title, note = html.escape(tile.title), html.escape(tile.note)
    figures = " ".join(
        f'data-{_attribute(name)}="{value:.6g}"' for name, value in tile.figures.items() if value is not None
    )
    told = " · ".join(f"{html.escape(name)} {_figure(value)}" for name, value in tile.figures.items())
    first = _figure(next(iter(tile.figures.values()), None))
    told_below = f"<small>{note}</small>" if note else ""
    return (
        f'<li {figures}><button aria-pressed="false" title="{told}" '
        f'data-command="{html.escape(tile.command)}">'
        f'<img loading="lazy" alt="" src="{data_uri(thumbnail(tile.picture, side))}">'
        f"<b>{title}</b> <span>{first}</span>{told_below}</button></li>"
    )


def _attribute(name: str) -> str:
    """A figure's name as the page's script finds it again."""
    return "".join(letter if letter.isalnum() else "-" for letter in name.lower())


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _side_px(count: int, large: int, middle: int, small: int) -> int:
    return large if count <= _FEW else middle if count < _MANY else small
