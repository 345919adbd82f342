"""Read SVG files that other programs wrote, and that nobody has checked.

Entities, oversized files and files that unfold into endless copies of themselves are refused before
anything is built from them; svgelements then resolves transforms, styles and shapes.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.paper import px_from_mm
from plotbot.svg_plain import MAX_POINTS, Layers, TooManyPoints, flatten_bend, paint_key, read_plain

if TYPE_CHECKING:
    import vpype

__all__ = [
    "DRAWING_NOTE",
    "DROP_FIELD",
    "LAYER_FIELD",
    "MAX_SVG_BYTES",
    "NUMBERED_FIELD",
    "PLAN_FIELD",
    "PLAN_NOTE",
    "read_document",
]

DROP_FIELD = "plotbot_drop"
"""Layer property: why the layer is not drawn."""

LAYER_FIELD = "plotbot_layer"
"""Layer property: a label with what the file's layer asks for, see `plotbot.layers`."""

NUMBERED_FIELD = "plotbot_numbered"
"""Document property: numbers of layers are no wish, for plotbot wrote them itself."""

PLAN_FIELD = "plotbot_plan"
"""Document property: what an SVG that plotbot exported says about the plan it came from."""

PLAN_NOTE = "plotbot plan of this drawing: "
DRAWING_NOTE = "plotbot drawing; its layers are numbered for other programs, in no order that matters"

MAX_SVG_BYTES = 300_000_000
MAX_ELEMENTS = 5_000_000
"""Elements after every <use> was replaced by what it refers to."""

MAX_DEPTH = 200

FloatArray = npt.NDArray[np.float64]

_FLATNESS_PX = px_from_mm(0.005)
"""How far a polyline may be from the curve it stands for."""

_INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"


def read_document(path: Path) -> vpype.Document:
    """Read an SVG as a document with one layer for each (layer name, colour) of the file; see
    `plotbot.drawing.read_svg`."""
    data = _read(path)
    note = _refuse_hostile(data, path)
    try:
        layers, page = read_plain(data, _FLATNESS_PX) or _parse(data, path)
    except TooManyPoints as error:
        raise BadInput(f"{path} is refused: its curves need more than {MAX_POINTS} points.") from error
    if not any(lines for lines in layers.values()):
        raise BadInput(f"{path} draws nothing: it has no path, line or shape.")
    document = _document(layers, page)
    if note.startswith(PLAN_NOTE):
        document.set_property(PLAN_FIELD, note)
    # A plan with orders of layers in it numbers its layers in the order that they ask for.
    if note.startswith((DRAWING_NOTE, PLAN_NOTE)) and not note.startswith(f'{PLAN_NOTE}{{"layers"'):
        document.set_property(NUMBERED_FIELD, True)
    return document


def _read(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise BadInput(f"There is no file {path}." if not path.exists() else f"{path} is not a file.")
        size = path.stat().st_size
        if size > MAX_SVG_BYTES:
            raise BadInput(
                f"{path} has {size / 1e6:.0f} MB; an SVG may have at most {MAX_SVG_BYTES / 1e6:.0f} MB."
            )
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error


class _Scan:
    """Counts what an SVG unfolds to, without building anything."""

    def __init__(self) -> None:
        self.root = ""
        self.depth = 0
        self.open: list[str] = [""]
        self.size: dict[str, int] = {"": 0}
        self.uses: dict[str, list[str]] = {"": []}
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
            self.size[own], self.uses[own] = 0, []
        self.open.append(own or self.open[-1])
        holder = self.open[-1]
        self.size[holder] += 1
        if own:
            self.uses[self.open[-2]].append(own)
        if local == "use":
            target = attributes.get("href") or attributes.get("xlink:href") or ""
            self.uses[holder].append(target.removeprefix("#"))

    def end(self, name: str) -> None:
        self.depth -= 1
        self.open.pop()
        self.in_metadata -= name.rpartition(":")[2] == "metadata"

    def text(self, words: str) -> None:
        if self.in_metadata:
            self.words.append(words)

    def unfolded(self) -> int:
        """Elements there are once every reference is followed; a ring of references has no end."""
        done: dict[str, int] = {}
        stack = [("", False)]
        running: set[str] = set()
        while stack:
            name, ready = stack.pop()
            if ready:
                running.discard(name)
                done[name] = self.size[name] + sum(done.get(part, 0) for part in self.uses[name])
            elif name in running:
                raise BadInput("an element of it contains itself by <use>")
            elif name not in done and name in self.size:
                running.add(name)
                stack.append((name, True))
                stack.extend((part, False) for part in self.uses[name] if part not in done)
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
        if scan.unfolded() > MAX_ELEMENTS:
            raise BadInput(f"it unfolds to more than {MAX_ELEMENTS} elements")
    except expat.ExpatError as error:
        raise BadInput(f"{path} is not a readable SVG: {error}.") from error
    except BadInput as error:
        raise BadInput(f"{path} is refused: {error}.") from error
    return "".join(scan.words).strip()


def _refuse_entity(*_: object) -> None:
    raise BadInput("it declares XML entities, which can make a small file endless; save it as plain SVG")


def _parse(data: bytes, path: Path) -> tuple[Layers, tuple[float, float]]:
    import svgelements  # type: ignore[import-untyped]  # noqa: PLC0415

    try:
        svg = svgelements.SVG.parse(io.BytesIO(data), reify=True)
        layers: Layers = {}
        points = 0
        for element in svg.elements():
            if isinstance(element, svgelements.Shape):
                key = _key(element)
                lines = _lines(element, svgelements)
                layers.setdefault(key, []).extend(lines)
                points += sum(map(len, lines))
                if points > MAX_POINTS:
                    raise TooManyPoints
        return layers, (float(svg.width), float(svg.height))
    except (TooManyPoints, MemoryError):
        raise
    except Exception as error:  # the library raises whatever a broken file makes happen inside it
        raise BadInput(
            f"{path} is not a readable SVG: its shapes make no sense ({type(error).__name__})."
        ) from error


def _key(element: Any) -> tuple[str, str, int, str]:
    values = element.values
    name = str(values.get(f"{_INKSCAPE}label") or "")
    if values.get("visibility") in ("hidden", "collapse"):
        return (name, "#000000", 0, "hidden in the file")
    try:
        opacity = float(values.get("opacity", 1.0))
    except ValueError:
        opacity = 1.0
    return paint_key(name, element.stroke, element.fill, opacity)


def _lines(shape: Any, svgelements: Any) -> list[npt.NDArray[np.complex128]]:
    """The polylines of a shape in px; a subpath without length becomes a dot of two equal points."""
    path = shape if isinstance(shape, svgelements.Path) else svgelements.Path(shape)
    path.reify()
    lines: list[list[complex]] = []
    drawn = False
    for segment in path:
        if isinstance(segment, svgelements.Move):
            if lines and not drawn:
                lines.pop()  # a Move alone draws nothing
            lines.append([complex(segment.end)])
            drawn = False
            continue
        if not lines or (drawn and not lines[-1]):
            lines.append([complex(segment.start)])
        drawn = True
        if isinstance(segment, svgelements.Close):
            if segment.end is not None:
                lines[-1].append(complex(segment.end))
        elif isinstance(segment, svgelements.Line):
            lines[-1].append(complex(segment.end))
        else:
            lines[-1].extend(_curve(segment, svgelements))
    if lines and not drawn:
        lines.pop()
    return [np.array(line if len(line) > 1 else line * 2, dtype=np.complex128) for line in lines if line]


def _curve(segment: Any, svgelements: Any) -> list[complex]:
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
    count = flatten_bend(bend, _FLATNESS_PX)
    t = np.linspace(0, 1, count + 1)[1:]
    points = np.asarray(segment.npoint(t), dtype=np.float64)
    points[-1] = segment.end.x, segment.end.y
    return [complex(x, y) for x, y in points]


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
