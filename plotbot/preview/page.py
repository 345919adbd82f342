"""Pages from templates: one HTML file each that asks for nothing outside itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from plotbot.files import written_whole

__all__ = ["data_uri", "write_page"]


def write_page(path: Path, template: str, parts: Mapping[str, str]) -> None:
    """Write a template of this package with every ``{{name}}`` replaced; whole or not at all.

    parts: HTML by name; text from elsewhere must be escaped already. ``{{style}}`` is what all pages share.
    """
    page, style = (
        (resources.files("plotbot.preview") / name).read_text(encoding="utf-8")
        for name in (template, "page.css")
    )
    parts = {"style": style} | dict(parts)
    # Split once, so that text from elsewhere cannot stand for a part of the page.
    pieces = page.split("{{")
    whole = pieces[0]
    for piece in pieces[1:]:
        name, rest = piece.split("}}", 1)
        whole += parts[name] + rest
    with written_whole(path) as temporary:
        temporary.write_text(whole, encoding="utf-8")


def data_uri(webp: bytes) -> str:
    """A WebP picture as an address that holds it."""
    return "data:image/webp;base64," + base64.b64encode(webp).decode("ascii")
