"""An SVG file that nobody has checked: refused, or a tree to render without opening anything else."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.load import picture_from_bytes
from plotbot.errors import BadInput
from plotbot.layers import parse_layer_name
from plotbot.svg import _read, _refuse_hostile

__all__ = ["only_text", "read_source", "render", "without_text"]

MAX_RASTER_SIDE = 6000

_SVG = "{http://www.w3.org/2000/svg}"
_LINKS = ("href", "{http://www.w3.org/1999/xlink}href")
_LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
_OUTSIDE_URL = re.compile(r"url\(\s*['\"]?\s*(?!#|data:)([^)'\"]{1,80})|@import\s+(\S{1,80})", re.IGNORECASE)
_DRAWN = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image", "use", "foreignObject")
_HOLDERS = ("defs", "clipPath", "mask", "pattern", "marker", "symbol")


def read_source(path: Path) -> tuple[ElementTree.Element, list[str]]:
    """The tree of an SVG without the layers marked ``%``, and the labels of those.

    Raises `BadInput` for what cannot be read, declares entities, or refers to anything outside the file.
    """
    data = _read(path)
    _refuse_hostile(data, path)
    try:
        # Entities have been refused, so nothing can unfold here.
        root = ElementTree.fromstring(data)  # noqa: S314
    except (ElementTree.ParseError, ValueError) as error:
        raise BadInput(f"{path} is not a readable SVG: {error}.") from None
    skipped: list[str] = []
    for element in list(root.iter()):
        _refuse_outside(element, path)
        for child in list(element):
            label = child.get(_LABEL)
            if _plain(child) == "g" and label and not parse_layer_name(label).plotted:
                element.remove(child)
                skipped.append(label)
            elif _plain(child) == "script":
                element.remove(child)
    return root, skipped


def render(root: ElementTree.Element, width_px: int, name: str) -> npt.NDArray[np.float32]:
    """The SVG as a browser shows it, on white: linear Rec.2020 [H, W, 3]. Raises `BadInput`."""
    import resvg_py  # noqa: PLC0415

    text = ElementTree.tostring(root, encoding="unicode")
    try:
        png = resvg_py.svg_to_bytes(
            svg_string=text, width=min(width_px, MAX_RASTER_SIDE), background="#ffffff", dpi=96.0
        )
    except (ValueError, RuntimeError) as error:
        raise BadInput(f"{name} cannot be rendered: {str(error).splitlines()[0][:120]}.") from None
    return picture_from_bytes(bytes(png), name, 2 * MAX_RASTER_SIDE)


def only_text(root: ElementTree.Element) -> ElementTree.Element | None:
    """A copy with nothing but its text; None when it has none."""
    if not any(_plain(element) == "text" for element in root.iter()):
        return None
    copy = ElementTree.fromstring(ElementTree.tostring(root))  # noqa: S314
    _prune(copy, lambda element: _plain(element) in _DRAWN)
    return copy


def without_text(root: ElementTree.Element) -> ElementTree.Element:
    """A copy without its text."""
    copy = ElementTree.fromstring(ElementTree.tostring(root))  # noqa: S314
    _prune(copy, lambda element: _plain(element) == "text")
    return copy


def _prune(element: ElementTree.Element, unwanted: object) -> None:
    for child in list(element):
        if _plain(child) in _HOLDERS:
            continue
        if unwanted(child):  # type: ignore[operator]
            element.remove(child)
        else:
            _prune(child, unwanted)


def _refuse_outside(element: ElementTree.Element, path: Path) -> None:
    if _plain(element) != "a":
        for key in _LINKS:
            target = (element.get(key) or "").strip()
            if target and not target.startswith(("#", "data:")):
                raise BadInput(
                    f"{path} refers to {target[:80]!r} outside itself, which is not opened; "
                    "embed it in the file."
                )
    for text in (element.text if _plain(element) == "style" else None, *element.attrib.values()):
        found = _OUTSIDE_URL.search(text) if text else None
        if found:
            what = (found[1] or found[2]).strip()
            raise BadInput(
                f"{path} refers to {what!r} outside itself, which is not opened; embed it in the file."
            )


def _plain(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]
