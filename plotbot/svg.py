"""Read SVG files that other programs wrote, and that nobody has checked.

Entities, oversized files and files that unfold into endless copies of themselves are refused before
anything is built from them; svgelements then resolves transforms, styles and shapes.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.paper import px_from_mm
from plotbot.svg_plain import MAX_POINTS, Layers, TooManyPoints, read_plain
from plotbot.svg_tree import MAX_SHAPES, Picture, TooMuch, clipped, read_tree

if TYPE_CHECKING:
    import vpype

__all__ = [
    "DRAWING_NOTE",
    "DROP_FIELD",
    "LAYER_FIELD",
    "LEFT_OUT_FIELD",
    "MAX_SVG_BYTES",
    "NUMBERED_FIELD",
    "PLAN_FIELD",
    "PLAN_NOTE",
    "read_checked",
    "read_document",
    "read_svg_bytes",
]

DROP_FIELD = "plotbot_drop"
"""Layer property: why the layer is not drawn."""

LAYER_FIELD = "plotbot_layer"
"""Layer property: a label with what the file's layer asks for, see `plotbot.layers`."""

NUMBERED_FIELD = "plotbot_numbered"
"""Document property: numbers of layers are no wish, for plotbot wrote them itself."""

LEFT_OUT_FIELD = "plotbot_left_out"
"""Document property: how many things of a file have no lines, by what they are."""

PLAN_FIELD = "plotbot_plan"
"""Document property: what an SVG that plotbot exported says about the plan it came from."""

PLAN_NOTE = "plotbot plan of this drawing: "
DRAWING_NOTE = "plotbot drawing; its layers are numbered for other programs, in no order that matters"

MAX_SVG_BYTES = 100_000_000
MAX_ELEMENTS = 1_000_000
"""Elements after every <use> was replaced by what it refers to."""

MAX_PAINTED = 20_000_000
"""The same with patterns, masks, markers and clip paths drawn afresh wherever they are used."""

MAX_DEPTH = 200

FloatArray = npt.NDArray[np.float64]

_URL = re.compile(r"url\(\s*['\"]?#([^'\")]+)")
_LINKING = frozenset(
    ["a", "animate", "animateTransform", "animateMotion", "set", "mpath", "textPath", "tref", "script"]
)
"""Elements whose links show no copy of what they link to."""

_FLATNESS_PX = px_from_mm(0.005)
"""How far a polyline may be from the curve it stands for."""


def read_document(path: Path, *, text: bool = False) -> vpype.Document:
    """Read an SVG as a document with one layer for each (layer name, colour) of the file; see
    `plotbot.drawing.read_svg`. text: whether text becomes single lines, or is left out."""
    data, note = read_svg_bytes(path)
    try:
        plain = read_plain(data, _FLATNESS_PX)
        layers, page, left_out = (*plain, Counter[str]()) if plain else _parse(data, path, text=text)
    except TooManyPoints as error:
        raise BadInput(f"{path} is refused: its curves need more than {MAX_POINTS} points.") from error
    if not any(lines for lines in layers.values()):
        others = " and ".join(f"{count} {what}" for what, count in left_out.items())
        raise BadInput(
            f"{path} draws nothing: it has no path, line or shape"
            + (f", only {others}; try --svg-mode faithful." if others else ".")
        )
    document = _document(layers, page)
    if left_out:
        document.set_property(LEFT_OUT_FIELD, dict(left_out))
    if note.startswith(PLAN_NOTE):
        document.set_property(PLAN_FIELD, note)
    # A plan with orders of layers in it numbers its layers in the order that they ask for.
    if note.startswith((DRAWING_NOTE, PLAN_NOTE)) and not note.startswith(f'{PLAN_NOTE}{{"layers"'):
        document.set_property(NUMBERED_FIELD, True)
    return document


def read_svg_bytes(path: Path) -> tuple[bytes, str]:
    """An SVG, unpacked if it is a compressed one, and the text in its <metadata>. Raises `BadInput` for what
    is too large, and for what no drawing needs: entities, endless copies."""
    try:
        if not path.is_file():
            raise BadInput(f"There is no file {path}." if not path.exists() else f"{path} is not a file.")
        size = path.stat().st_size
        if size > MAX_SVG_BYTES:
            raise BadInput(
                f"{path} has {size / 1e6:.0f} MB; an SVG may have at most {MAX_SVG_BYTES / 1e6:.0f} MB."
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a null byte in the name
        raise BadInput(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
    if data.startswith(b"\x1f\x8b"):
        data = _unpacked(data, path)
    return data, _refuse_hostile(data, path)


def _unpacked(data: bytes, path: Path) -> bytes:
    reader = zlib.decompressobj(wbits=31)
    try:
        text = reader.decompress(data, MAX_SVG_BYTES + 1)
    except zlib.error as error:
        raise BadInput(f"{path} is a damaged compressed SVG: {error}.") from error
    if len(text) > MAX_SVG_BYTES:
        raise BadInput(f"{path} unpacks to more than the {MAX_SVG_BYTES / 1e6:.0f} MB that an SVG may have.")
    if not reader.eof:
        raise BadInput(f"{path} is a damaged compressed SVG: its end is missing.")
    return text


class _Scan:
    """Counts what an SVG unfolds to, without building anything."""

    def __init__(self) -> None:
        self.root = ""
        self.depth = 0
        self.open: list[str] = [""]
        self.size: dict[str, int] = {"": 0}
        self.uses: dict[str, list[str]] = {"": []}
        self.refers: dict[str, list[str]] = {"": []}
        self.in_metadata = 0
        self.words: list[str] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise BadInput(f"its elements are nested more than {MAX_DEPTH} deep")
        self.root = self.root or name
        local = name.rpartition(":")[2]
        self.in_metadata += local == "metadata"
        own = attributes.get("id", "")
        if own and own not in self.size:
            self.size[own], self.uses[own], self.refers[own] = 0, [], []
            self.uses[self.open[-1]].append(own)
        holder = own or self.open[-1]
        self.open.append(holder)
        self.size[holder] += 1
        for key, value in attributes.items():
            if key.rpartition(":")[2] == "href" and value.strip().startswith("#") and local not in _LINKING:
                refers = self.uses if local == "use" else self.refers
                refers[holder].append(value.strip()[1:])
            elif "url(" in value:
                self.refers[holder] += _URL.findall(value)

    def end(self, name: str) -> None:
        self.depth -= 1
        self.open.pop()
        self.in_metadata -= name.rpartition(":")[2] == "metadata"

    def text(self, words: str) -> None:
        if self.in_metadata:
            self.words.append(words)

    def unfolded(self, *, painted: bool) -> int:
        """Elements there are once every <use> is followed, and if `painted`, every reference; a ring of
        references has no end."""
        done: dict[str, int] = {}
        stack = [("", False)]
        running: set[str] = set()
        while stack:
            name, ready = stack.pop()
            parts = self.uses.get(name, []) + (self.refers.get(name, []) if painted else [])
            if ready:
                running.discard(name)
                done[name] = self.size[name] + sum(done.get(part, 0) for part in parts)
            elif name in running:
                raise BadInput("an element of it contains itself by <use> or another reference")
            elif name not in done and name in self.size:
                running.add(name)
                stack.append((name, True))
                stack.extend((part, False) for part in parts if part not in done)
        return done[""]


def _refuse_hostile(data: bytes, path: Path) -> str:
    """Refuses what no drawing needs; gives the text in the file's <metadata>."""
    scan = _Scan()
    parser = expat.ParserCreate()
    parser.StartElementHandler = scan.start
    parser.EndElementHandler = scan.end
    parser.CharacterDataHandler = scan.text
    parser.buffer_text = True
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(data, True)
        if scan.root.rpartition(":")[2] != "svg":
            raise BadInput(f"its root element is <{scan.root}>, not <svg>")
        for limit, painted in ((MAX_ELEMENTS, False), (MAX_PAINTED, True)):
            if scan.unfolded(painted=painted) > limit:
                raise BadInput(f"it unfolds to more than {limit} elements")
    except expat.ExpatError as error:
        raise BadInput(f"{path} is not a readable SVG: {error}.") from error
    except BadInput as error:
        raise BadInput(f"{path} is refused: {error}.") from error
    return "".join(scan.words).strip()


def _refuse_entity(*_: object) -> None:
    raise BadInput("it declares XML entities, which can make a small file endless; save it as plain SVG")


def _parse(data: bytes, path: Path, *, text: bool) -> tuple[Layers, tuple[float, float], Counter[str]]:
    """Lines by layer as `read_plain` has them, of any file, and what of it has no lines."""
    layers: Layers = {}
    picture = read_checked(data, path, text=text)
    for shape in picture.shapes:
        reason = shape.hidden
        paint = shape.stroke or shape.fill
        if paint is None:
            reason = reason or "invisible: neither line nor filling"
        elif round(paint[3] * 255) == 0:
            reason = reason or "invisible: its opacity is 0"
        rgb, alpha = ((0, 0, 0), 0.0) if paint is None else (paint[:3], paint[3])
        key = (shape.label, "#{:02x}{:02x}{:02x}".format(*rgb), round(alpha * 255), reason)
        inside, outside = clipped(shape.lines, shape.clip)
        layers.setdefault(key, []).extend(inside)
        if outside:
            layers.setdefault((*key[:3], "outside of a clip path"), []).extend(outside)
    if picture.missing:
        picture.left_out["letter that the single-line font lacks"] += picture.missing
    return layers, picture.size, picture.left_out


def read_checked(data: bytes, path: Path, *, text: bool = False) -> Picture:
    """`read_tree` of bytes that were checked for hostile contents; raises `BadInput`."""
    try:
        # Entities have been refused, so nothing can unfold here.
        return read_tree(ElementTree.fromstring(data), _FLATNESS_PX, text=text)  # noqa: S314
    except TooMuch as error:
        raise BadInput(
            f"{path} is refused: it has more than {MAX_SHAPES} shapes, or is nested too deeply; split it."
        ) from error
    except ElementTree.ParseError as error:
        raise BadInput(f"{path} is not a readable SVG: {error}.") from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise BadInput(f"{path} is not a readable SVG: {_first_words(error)} makes no sense.") from error


def _first_words(error: Exception) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__


def _document(layers: Layers, page: tuple[float, float]) -> vpype.Document:
    import vpype  # noqa: PLC0415

    document = vpype.Document()
    number = 0
    for drawn in (True, False):  # what is not drawn goes last, so that it moves no other's number
        for (name, colour, alpha, reason), lines in layers.items():
            if not lines or drawn == bool(reason):
                continue
            number += 1
            document.add(lines, number)
            layer = document.layers[number]
            layer.set_property("vp_name", name)
            layer.set_property("vp_color", vpype.Color(f"{colour}{alpha:02x}"))
            if reason:
                layer.set_property(DROP_FIELD, reason)
    document.page_size = page
    return document
