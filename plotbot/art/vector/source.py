"""An SVG file that nobody has checked: refused, or a tree to render without opening anything else."""

from __future__ import annotations

import base64
import math
import re
import warnings
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote_to_bytes
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
from PIL import Image

from plotbot.art.picture.load import picture_from_bytes
from plotbot.errors import BadInput
from plotbot.ink.spaces import srgb_hex
from plotbot.layers import parse_layer_name
from plotbot.pens.model import Pen
from plotbot.svg import read_svg_bytes
from plotbot.svg_tree import layer_groups, page_size

__all__ = ["only_text", "read_source", "render", "tinted", "without_text"]

MAX_RASTER_SIDE = 6000
MAX_EMBEDDED_PIXELS = 60_000_000
"""Of one image inside an SVG."""

_SVG = "{http://www.w3.org/2000/svg}"
_LINKS = ("href", "{http://www.w3.org/1999/xlink}href")
_LABEL = "{http://www.inkscape.org/namespaces/inkscape}label"
_OUTSIDE_URL = re.compile(r"url\(\s*['\"]?\s*(?!#|data:)([^)'\"]{1,80})|@import\s+(\S{1,80})", re.IGNORECASE)
_DISPLAY = re.compile(r"(?:^|;)\s*display\s*:[^;]*")
_DRAWN = ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "image", "use", "foreignObject")
_HOLDERS = ("defs", "clipPath", "mask", "pattern", "marker", "symbol")


def read_source(path: Path) -> ElementTree.Element:
    """The tree of an SVG with the layers marked ``%`` hidden.

    Raises `BadInput` for what cannot be read, declares entities, or refers to anything outside the file.
    """
    data, _ = read_svg_bytes(path)
    try:
        # Entities have been refused, so nothing can unfold here.
        root = ElementTree.fromstring(data)  # noqa: S314
    except (ElementTree.ParseError, ValueError) as error:
        raise BadInput(f"{path} is not a readable SVG: {error}.") from None
    for element in list(root.iter()):
        _refuse_outside(element, path)
        for child in list(element):
            label = child.get(_LABEL)
            if _plain(child) == "g" and label and not parse_layer_name(label).plotted:
                # Kept, for others may use what is in it; and so that layers keep their places.
                child.set("style", _DISPLAY.sub("", child.get("style") or ""))
                child.set("display", "none")
            elif _plain(child) == "script":
                element.remove(child)
    return root


def render(
    root: ElementTree.Element, width_px: int, name: str, size_px: tuple[float, float] | None = None
) -> npt.NDArray[np.float32]:
    """The SVG as a browser shows it, on white: linear Rec.2020 [H, W, 3]. Raises `BadInput`.

    width_px: how wide the picture is to be; size_px: of its page in px, where that is known better than
    the file says.
    """
    import resvg_py  # noqa: PLC0415

    size_px = size_px or page_size(root)
    if not (min(size_px) > 0 and math.isfinite(max(size_px))):
        raise BadInput(f"{name} is {size_px[0]:g} x {size_px[1]:g} px large; both sides must be over 0.")
    longest = max(1.0, size_px[1] / size_px[0])
    width = max(16, min(width_px, int(MAX_RASTER_SIDE / longest)))
    sides = {"width": f"{size_px[0]:.9g}", "height": f"{size_px[1]:.9g}"}
    sized = ElementTree.Element(root.tag, root.attrib | sides)
    sized.text = root.text
    sized.extend(root)
    text = ElementTree.tostring(sized, encoding="unicode")
    try:
        png = resvg_py.svg_to_bytes(svg_string=text, width=width, background="#ffffff", dpi=96.0)
    except (ValueError, RuntimeError) as error:
        raise BadInput(f"{name} cannot be rendered: {str(error).splitlines()[0][:120]}.") from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise BadInput(f"{name} cannot be rendered: the renderer gave up on it.") from None
    return picture_from_bytes(bytes(png), name, 2 * MAX_RASTER_SIDE)


def tinted(root: ElementTree.Element, forced: Mapping[int, Pen]) -> ElementTree.Element:
    """A copy in which layers have the colour of the pens that were chosen for them, by place.

    White stays white; what is as dark, or as strong in colour, as can be becomes the pen's own colour.
    """
    if not forced:
        return root
    copy = ElementTree.fromstring(ElementTree.tostring(root))  # noqa: S314
    for place, group in enumerate(layer_groups(copy), 1):
        if place in forced:
            pen = forced[place]
            name = f"plotbot-pen-{place}"
            copy.insert(0, ElementTree.fromstring(_tint(name, srgb_hex(pen.lab))))  # noqa: S314
            inner = ElementTree.Element(f"{_SVG}g", {"filter": f"url(#{name})"})
            inner.extend(list(group))
            for child in list(group):
                group.remove(child)
            group.append(inner)
    return copy


def _tint(name: str, colour: str) -> str:
    """A filter that takes the weakest of red, green and blue as how little of a colour there is."""
    ink = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    rows = " ".join(f"{1 - part:.5f} 0 0 0 {part:.5f}" for part in ink) + " 0 0 0 1 0"
    one = "".join(
        f'<feColorMatrix in="SourceGraphic" values="{" ".join([row] * 3)} 0 0 0 1 0" result="{channel}"/>'
        for channel, row in (("r", "1 0 0 0 0"), ("g", "0 1 0 0 0"), ("b", "0 0 1 0 0"))
    )
    return (
        f'<filter xmlns="http://www.w3.org/2000/svg" id="{name}" x="-10%" y="-10%" width="120%" '
        f'height="120%" color-interpolation-filters="sRGB">{one}'
        '<feBlend mode="darken" in="r" in2="g" result="rg"/><feBlend mode="darken" in="rg" in2="b"/>'
        f'<feColorMatrix values="{rows}"/></filter>'
    )


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
            if target.startswith("data:"):
                _check_embedded(target, path)
    for text in (element.text if _plain(element) == "style" else None, *element.attrib.values()):
        found = _OUTSIDE_URL.search(text) if text else None
        if found:
            what = (found[1] or found[2]).strip()
            raise BadInput(
                f"{path} refers to {what!r} outside itself, which is not opened; embed it in the file."
            )


def _check_embedded(target: str, path: Path) -> None:
    """Refuse an embedded image that would unpack to more than any drawing needs, and one that is an SVG."""
    head, _, body = target.partition(",")
    if "svg" in head:
        raise BadInput(f"{path} has an SVG embedded as an image; put its shapes into the file itself.")
    try:
        text = unquote_to_bytes(body)
        data = base64.b64decode(re.sub(rb"\s", b"", text)) if head.endswith("base64") else text
    except ValueError:
        data = b""
    if data[:2] == b"\x1f\x8b" or b"<svg" in data[:2000]:
        raise BadInput(f"{path} has an SVG embedded as an image; put its shapes into the file itself.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(BytesIO(data)) as image:
                width, height = image.size
    except Image.DecompressionBombError:
        width, height = 50_000, 50_000
    except (OSError, ValueError, SyntaxError):
        return  # no picture, then: the renderer leaves it out
    if width * height > MAX_EMBEDDED_PIXELS:
        raise BadInput(
            f"{path} has an image of {width} x {height} pixels in it; at most "
            f"{MAX_EMBEDDED_PIXELS / 1e6:.0f} megapixels can be drawn. Make it smaller first."
        )


def _plain(element: ElementTree.Element) -> str:
    return str(element.tag).rpartition("}")[2]
