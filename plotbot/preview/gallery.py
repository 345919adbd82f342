"""A page over many jobs: thumbnails, pens, time and state; one file that asks for nothing outside itself."""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from plotbot.preview.page import data_uri, write_page
from plotbot.preview.raster import MAX_PIXELS

__all__ = ["THUMBNAIL_PX", "Card", "PenMark", "thumbnail", "write_gallery"]

_TEMPLATE = "gallery.html"
THUMBNAIL_PX = 400
"""Longer side of a thumbnail: sharp on a screen of double density at the size it is shown."""


@dataclass(frozen=True, slots=True)
class PenMark:
    """A pen as a swatch; `colour` is ``#rrggbb``."""

    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class Card:
    """One job on the page.

    link: where its report is, relative to the page, or None. picture: a WebP from `thumbnail`, or None.
    lines: what else is told of it. done: share of the strokes that are ink, 0..1.
    """

    title: str
    state: str
    lines: tuple[str, ...] = ()
    pens: tuple[PenMark, ...] = ()
    done: float = 0.0
    link: str | None = None
    picture: bytes | None = None


def write_gallery(path: Path, cards: Sequence[Card], title: str) -> None:
    """Write the page to `path`, whole or not at all."""
    states = sorted({card.state for card in cards})
    count = "1 job" if len(cards) == 1 else f"{len(cards)} jobs"
    parts = {
        "title": html.escape(title),
        "count": count,
        "states": "".join(f"<option>{html.escape(state)}</option>" for state in states),
        "cards": "\n".join(map(_card, cards)),
    }
    write_page(path, _TEMPLATE, parts)


def thumbnail(picture: Path | npt.NDArray[np.uint8], longer_px: int = THUMBNAIL_PX) -> bytes:
    """A small WebP of a picture, from a PNG file or sRGB pixels [H, W, 3]; its longer side is `longer_px`.

    Raises `OSError` or `ValueError` for a file that is no picture, or one of too many pixels.
    """
    with (
        Image.open(picture, formats=("PNG",))
        if isinstance(picture, Path)
        else Image.fromarray(picture) as image
    ):
        if image.width * image.height > MAX_PIXELS:
            raise ValueError(f"a picture of {image.width} x {image.height} pixels")
        # Averaging in whole steps first is as good here, and several times as quick.
        step = max(1, min(image.width, image.height) // (2 * longer_px))
        small = image.convert("RGB").reduce(step)
    small.thumbnail((longer_px, longer_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, format="WEBP", quality=82, method=2)
    return buffer.getvalue()


def _card(card: Card) -> str:
    title = html.escape(card.title)
    name = f'<a href="{html.escape(card.link)}">{title}</a>' if card.link else title
    sheet = '<span class="soft">no picture</span>'
    if card.picture is not None:
        sheet = f'<img loading="lazy" alt="{title}" src="{data_uri(card.picture)}">'
        if card.link:
            # The same link stands in the heading; once is enough for the keyboard and for readers.
            sheet = f'<a href="{html.escape(card.link)}" tabindex="-1" aria-hidden="true">{sheet}</a>'
    pens = ", ".join(pen.name for pen in card.pens)
    swatches = "".join(
        f'<i title="{html.escape(pen.name)}" style="background:{html.escape(pen.colour)}"></i>'
        for pen in card.pens
    )
    state = html.escape(card.state)
    pieces = [f'<h2>{name}</h2><div class="state {state}">{state}</div>']
    if 0 < card.done < 1:
        pieces.append(f'<progress value="{card.done:.4f}" aria-label="share of strokes drawn"></progress>')
    pieces += [f'<div class="soft">{html.escape(line)}</div>' for line in card.lines]
    if card.pens:
        pieces.append(f'<div class="pens" role="img" aria-label="{html.escape(pens)}">{swatches}</div>')
    return (
        f'<li data-state="{state}" data-pens="{html.escape(pens)}">'
        f'<div class="sheet">{sheet}</div><div class="words">{"".join(pieces)}</div></li>'
    )
