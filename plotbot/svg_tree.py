"""The complete reader: every shape of an SVG in paint order, with its style and place resolved.

Style sheets, inheritance, ``<use>``, ``<symbol>``, nested ``<svg>``, units, viewBox, transforms, dashes and
clip paths come out as polylines in px of the page (96 to the inch, y down) with plain paints. What has no
lines of its own, such as text and images, is counted in `Picture.left_out`. The bytes must have been
checked for hostile contents before.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import numpy.typing as npt

from plotbot.svg_css import Properties, StyleSheet, declarations, local_name
from plotbot.svg_geometry import Line, Matrix, dashed, length, matrix, shape_lines, view_box
from plotbot.svg_plain import MAX_POINTS, TooManyPoints
from plotbot.svg_tangles import is_tangled
from plotbot.svg_text import Text, single_lines

__all__ = [
    "MAX_SHAPES",
    "Picture",
    "Rgba",
    "Shape",
    "TooMuch",
    "clipped",
    "filled",
    "layer_groups",
    "page_size",
    "read_tree",
]

Rgba = tuple[int, int, int, float]

MAX_SHAPES = 500_000
_MAX_DEPTH = 250

_INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
_XLINK = "{http://www.w3.org/1999/xlink}href"

_INHERITED = frozenset(
    {
        "fill", "stroke", "stroke-width", "stroke-linecap", "stroke-linejoin", "stroke-dasharray",
        "stroke-dashoffset", "stroke-opacity", "fill-opacity", "fill-rule", "clip-rule", "color",
        "visibility", "font-size", "font-family", "font-weight", "text-anchor", "marker",
        "marker-start", "marker-mid", "marker-end",
    }
)  # fmt: skip
_OWN = frozenset({"opacity", "display", "clip-path", "mask", "filter", "transform", "mix-blend-mode"})
_SHAPES = frozenset(["path", "rect", "circle", "ellipse", "line", "polyline", "polygon"])
_NOT_PLAIN = ("mask", "filter")


class TooMuch(Exception):
    """The file unfolds to more shapes, or deeper, than any drawing needs."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """One painted shape. lines: its outline, complex px. stroked: the same cut into dashes where it has any.
    fill, stroke: sRGB 0..255 and opacity 0..1, None where there is none. width: of the line, px. label,
    place: of the layer it is in, places from 1 and 0 outside of all. plain: whether all of how it looks is
    said here (no gradient, pattern, mask, filter or marker). clip: area in px outside of which it is
    hidden. hidden: why it is not seen, if so."""

    lines: tuple[Line, ...]
    stroked: tuple[Line, ...]
    fill: Rgba | None
    stroke: Rgba | None
    width: float
    cap: str
    join: str
    even_odd: bool
    label: str
    place: int
    plain: bool
    clip: Any = None
    hidden: str = ""


@dataclass(slots=True)
class Picture:
    """What was read. size: of the page, px; sized: whether the file says it. left_out: how many things that
    have no lines, by what they are. layers: labels by place. missing: letters that the single-line font does
    not have.
    """

    size: tuple[float, float]
    shapes: list[Shape]
    left_out: Counter[str]
    layers: dict[int, str]
    missing: int = 0
    sized: bool = True


def read_tree(root: Element, flatness: float, *, text: bool = False) -> Picture:
    """Every shape of a tree, bottom first; flatness: how far a polyline may be from its curve, px. text:
    whether text becomes single lines, or is left out.

    Raises `TooMuch`, `TooManyPoints`, and ValueError for sizes and transforms that are no numbers.
    """
    walk = _Walk(root, flatness, text=text)
    shapes = list(walk.shapes())
    sized = any(root.get(name) for name in ("width", "height", "viewBox"))
    return Picture(walk.size, shapes, walk.left_out, walk.layers, walk.missing, sized)


@dataclass(frozen=True, slots=True)
class _State:
    """What an element takes over from what it is in."""

    style: Properties
    matrix: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
    viewport: tuple[float, float] = (0.0, 0.0)
    opacity: float = 1.0
    label: str = ""
    place: int = 0
    plain: bool = True
    hidden: str = ""
    clip: Any = None
    depth: int = 0
    above: tuple[Element, ...] = field(default=(), repr=False)


_START = {"fill": "black", "stroke": "none", "color": "black"}


class _Walk:
    def __init__(self, root: Element, flatness: float, *, text: bool) -> None:
        self.root, self.flatness, self.text = root, flatness, text
        self.missing = 0
        self.by_id: dict[str, Element] = {}
        texts = []
        for element in root.iter():
            own = element.get("id")
            if own and own not in self.by_id:
                self.by_id[own] = element
            if local_name(element) == "style" and element.text:
                texts.append(element.text)
        self.sheet = StyleSheet(texts)
        self.left_out: Counter[str] = Counter()
        groups = layer_groups(root)
        self.places = {id(group): place for place, group in enumerate(groups, 1)}
        names = [group.get(f"{_INKSCAPE}label") or group.get("id") or "" for group in groups]
        self.layers = dict(enumerate(names, 1))
        self.count = self.points = 0
        self.clips: dict[tuple[str, Matrix], Any] = {}
        self.size, self.start = _page(root)

    def shapes(self) -> Iterator[Shape]:
        yield from self._children(self.root, self._entered(self.root, self.start))

    def _style(self, element: Element, state: _State) -> tuple[Properties, Properties]:
        """Inherited style, and the element's own that is not inherited."""
        usual, important = self.sheet.properties(element, state.above)
        inline, inline_important = declarations(element.get("style") or "")
        said = {
            **{name: value for name, value in element.attrib.items() if name in _INHERITED or name in _OWN},
            **usual, **inline, **important, **inline_important,
        }  # fmt: skip
        if not said:
            return state.style, said
        taken = {name: value for name, value in said.items() if name in _INHERITED and value != "inherit"}
        return state.style | taken, {
            name: value for name, value in said.items() if name in _OWN and value != "inherit"
        }

    def _entered(self, element: Element, state: _State) -> _State:
        """The state inside an element."""
        if state.depth >= _MAX_DEPTH:
            raise TooMuch
        style, own = self._style(element, state)
        transform = own.get("transform")
        placed = matrix(transform) if transform and transform != "none" else None
        here = state.matrix if placed is None else _times(state.matrix, placed)
        hidden = state.hidden or ("hidden in the file" if own.get("display") == "none" else "")
        plain = state.plain and all(own.get(name, "none") == "none" for name in _NOT_PLAIN)
        plain = plain and own.get("mix-blend-mode", "normal") == "normal"
        clip = state.clip
        target = _target(own.get("clip-path"))
        if target:
            area = self._clip(target, here)
            if area is None:
                plain = False
            else:
                clip = area if clip is None else clip.intersection(area)
        return _State(
            style, here, state.viewport, state.opacity * _number(own.get("opacity"), 1.0), state.label,
            state.place, plain, hidden, clip, state.depth + 1, (*state.above, element),
        )  # fmt: skip

    def _children(self, element: Element, state: _State) -> Iterator[Shape]:
        for child in element:
            yield from self._element(child, state)

    def _element(self, element: Element, state: _State) -> Iterator[Shape]:
        kind = local_name(element)
        if kind in _SHAPES:
            yield from self._shape(kind, element, self._entered(element, state))
        elif kind in ("g", "a"):
            yield from self._children(element, self._layer(element, self._entered(element, state)))
        elif kind == "use":
            yield from self._use(element, self._entered(element, state))
        elif kind == "svg":
            yield from self._nested(element, self._entered(element, state), element.attrib)
        elif kind == "switch":
            inside = self._entered(element, state)
            shown = [child for child in element if local_name(child) != "foreignObject"]
            for child in shown[:1]:
                yield from self._element(child, inside)
        elif kind in ("text", "image", "foreignObject"):
            inside = self._entered(element, state)
            if kind == "text" and self.text:
                yield from self._text(element, inside)
            elif not inside.hidden and _seen(inside):
                self.left_out[kind if kind != "foreignObject" else "embedded web page"] += 1

    def _layer(self, element: Element, state: _State) -> _State:
        place = self.places.get(id(element))
        if place is None:
            return state
        if state.label.lstrip().startswith("%"):
            return state  # what is in a layer that is not plotted is not plotted, whatever it is called
        return replace(state, label=self.layers[place], place=place)

    def _use(self, element: Element, state: _State) -> Iterator[Shape]:
        href = element.get("href") or element.get(_XLINK) or ""
        target = self.by_id.get(href.removeprefix("#")) if href.startswith("#") else None
        if target is None:
            self.left_out["reference to nothing"] += 1
            return
        across, down = state.viewport
        x, y = length(element.get("x"), across, 0.0), length(element.get("y"), down, 0.0)
        state = replace(state, matrix=_times(state.matrix, (1.0, 0.0, 0.0, 1.0, x, y)))
        if local_name(target) in ("symbol", "svg"):
            sizes = {name: element.attrib.get(name) for name in ("width", "height")}
            attributes = {**target.attrib, **{name: size for name, size in sizes.items() if size}}
            yield from self._nested(target, self._entered(target, state), attributes)
        else:
            yield from self._element(target, state)

    def _nested(self, element: Element, state: _State, attributes: dict[str, str]) -> Iterator[Shape]:
        """A viewport inside another one."""
        across, down = state.viewport
        x, y = length(attributes.get("x"), across, 0.0), length(attributes.get("y"), down, 0.0)
        width, height = (
            length(attributes.get("width"), across, across),
            length(attributes.get("height"), down, down),
        )
        if width <= 0 or height <= 0:
            return
        box = view_box(attributes.get("viewBox"))
        if box:
            fitted = _fitted(box, (x, y, width, height), attributes.get("preserveAspectRatio"))
            state = replace(state, matrix=_times(state.matrix, fitted), viewport=(box[2], box[3]))
        else:
            moved = _times(state.matrix, (1.0, 0.0, 0.0, 1.0, x, y))
            state = replace(state, matrix=moved, viewport=(width, height))
        yield from self._children(element, state)

    def _shape(self, kind: str, element: Element, state: _State) -> Iterator[Shape]:
        self.count += 1
        if self.count > MAX_SHAPES:
            raise TooMuch
        scale = math.sqrt(abs(state.matrix[0] * state.matrix[3] - state.matrix[1] * state.matrix[2])) or 1.0
        lines = shape_lines(kind, element.attrib, state.viewport, self.flatness / scale)
        placed = tuple(_moved(line, state.matrix) for line in lines)
        if not placed:
            return
        self.points += sum(map(len, placed))
        if self.points > MAX_POINTS:
            raise TooManyPoints
        style = state.style
        fill, fill_known = self._paint(style, "fill", state.opacity)
        stroke, stroke_known = self._paint(style, "stroke", state.opacity)
        if kind == "line":
            fill, fill_known = None, True
        width = length(style.get("stroke-width"), math.hypot(*state.viewport) / math.sqrt(2), 1.0)
        markers = any(style.get(f"marker{end}", "none") != "none" for end in ("", "-start", "-mid", "-end"))
        stroked = placed
        pattern = style.get("stroke-dasharray", "none")
        if stroke is not None and pattern not in ("none", ""):
            sizes = [length(part, 100.0, 0.0) for part in pattern.replace(",", " ").split()]
            offset = length(style.get("stroke-dashoffset"), 100.0, 0.0)
            stroked = tuple(_moved(line, state.matrix) for line in dashed(lines, sizes, offset))
        hidden = state.hidden
        if not hidden and not _seen(state):
            hidden = "hidden in the file"
        yield Shape(
            placed, stroked, fill, stroke if width > 0 else None, width * scale,
            style.get("stroke-linecap", "butt"), style.get("stroke-linejoin", "miter"),
            style.get("fill-rule") == "evenodd", state.label, state.place,
            state.plain and fill_known and stroke_known and not markers, state.clip, hidden,
        )  # fmt: skip

    def _text(self, element: Element, state: _State) -> Iterator[Shape]:
        """Text as single lines in the colour of its filling."""
        for run, here in _runs(element, state, self._entered):
            lines, missing = single_lines(run)
            self.missing += missing
            paint = self._paint(here.style, "fill", here.opacity)[0]
            paint = paint or self._paint(here.style, "stroke", here.opacity)[0]
            hidden = here.hidden or ("" if _seen(here) else "hidden in the file")
            self.count += 1
            self.points += sum(map(len, lines))
            if lines:
                yield Shape(
                    tuple(lines), tuple(lines), None, paint, 0.0, "round", "round", False,
                    here.label, here.place, here.plain, here.clip, hidden,
                )  # fmt: skip

    def _paint(self, style: Properties, name: str, opacity: float) -> tuple[Rgba | None, bool]:
        """A paint, and whether it is a plain colour; a gradient counts as the middle of its colours."""
        text = style.get(name, "none").strip()
        opacity *= _number(style.get(f"{name}-opacity"), 1.0)
        if text.startswith("url("):
            server = self.by_id.get(_target(text))
            if server is None:
                rest = text.partition(")")[2].strip()
                return (_faded(_rgba(rest), opacity) if rest else None), True
            return _faded(self._middle(server), opacity), False
        if text in ("currentColor", "currentcolor"):
            text = style.get("color", "black")
        return _faded(_rgba(text), opacity), True

    def _middle(self, server: Element) -> Rgba | None:
        """The mean colour of a gradient's stops; a pattern is taken to be black."""
        stops: list[Rgba] = []
        for _ in range(8):
            for stop in server:
                if local_name(stop) == "stop":
                    usual, important = self.sheet.properties(stop, ())
                    said = {**stop.attrib, **usual, **declarations(stop.get("style") or "")[0], **important}
                    colour = _rgba(said.get("stop-color", "black"))
                    if colour is not None:
                        stops.append((*colour[:3], colour[3] * _number(said.get("stop-opacity"), 1.0)))
            following = server.get("href") or server.get(_XLINK) or ""
            if stops or not following.startswith("#") or following[1:] not in self.by_id:
                break
            server = self.by_id[following[1:]]
        if not stops:
            return (0, 0, 0, 1.0)
        mean = np.mean(np.array(stops, dtype=np.float64), axis=0)
        return (round(mean[0]), round(mean[1]), round(mean[2]), float(mean[3]))

    def _clip(self, target: str, here: Matrix) -> Any:
        """The area of a clip path in px; None where it is not known from here."""
        import shapely  # noqa: PLC0415

        element = self.by_id.get(target)
        if element is None or local_name(element) != "clipPath":
            return None
        if element.get("clipPathUnits") == "objectBoundingBox" or element.get("clip-path"):
            return None
        if (target, here) not in self.clips:
            state = replace(self.start, matrix=here, style=dict(_START), above=())
            own = _Walk.__new__(_Walk)
            own.__dict__.update(self.__dict__ | {"left_out": Counter(), "places": {}})
            shapes = list(own._children(element, own._entered(element, state)))
            self.count, self.points = own.count, own.points
            known = not own.left_out and all(one.clip is None for one in shapes)
            if not known or any(is_tangled(one.lines) for one in shapes):
                self.clips[target, here] = None
            else:
                areas = [filled(one.lines, even_odd=one.even_odd) for one in shapes]
                self.clips[target, here] = shapely.union_all([area for area in areas if area])
        return self.clips[target, here]


def filled(lines: Sequence[Line], *, even_odd: bool) -> Any:
    """The area inside outlines [complex], by their fill rule; None where they have none."""
    import shapely  # noqa: PLC0415

    rings = [
        np.column_stack([line.real, line.imag]) for line in lines if len(line) > 2 and np.isfinite(line).all()
    ]
    if not rings:
        return None
    solid = [shapely.make_valid(shapely.Polygon(ring), method="structure") for ring in rings]
    if len(rings) == 1:
        return solid[0]
    if even_odd:
        total = shapely.Polygon()
        for one in solid:
            total = total.symmetric_difference(one)
        return total
    # Non-zero winding: rings of one sense add up, those of the other sense cut holes; a ring of the other
    # sense outside of all others is solid too.
    largest = max(range(len(rings)), key=lambda k: float(solid[k].area))
    same: list[Any] = []
    other: list[Any] = []
    sense = _turns(rings[largest])
    for ring, one in zip(rings, solid, strict=True):
        (same if _turns(ring) == sense else other).append(one)
    if not other:
        return shapely.union_all(same)
    return shapely.union_all(same).symmetric_difference(shapely.union_all(other))


def page_size(root: Element) -> tuple[float, float]:
    """Width and height of the page in px."""
    return _page(root)[0]


def _page(root: Element) -> tuple[tuple[float, float], _State]:
    """Size of the page in px, and the state that its view box makes."""
    box = view_box(root.get("viewBox"))
    natural = (box[2], box[3]) if box else (1000.0, 1000.0)
    width = length(root.get("width"), natural[0], natural[0])
    height = length(root.get("height"), natural[1], natural[1])
    state = _State(dict(_START), viewport=(width, height))
    if box and width > 0 and height > 0:
        fitted = _fitted(box, (0.0, 0.0, width, height), root.get("preserveAspectRatio"))
        state = replace(state, matrix=fitted, viewport=(box[2], box[3]))
    return (width, height), state


def layer_groups(root: Element) -> list[Element]:
    """The layers of a file in order: what Inkscape calls one, or else a group at the top that has a name."""
    found: list[Element] = []
    stack = [(child, True) for child in reversed(root)]
    while stack:
        element, top = stack.pop()
        kind = local_name(element)
        if kind not in ("g", "a", "svg", "switch"):
            continue
        named = top and (element.get(f"{_INKSCAPE}label") or element.get("id"))
        if kind == "g" and (named or element.get(f"{_INKSCAPE}groupmode") == "layer"):
            found.append(element)
        stack.extend((child, False) for child in reversed(element))
    return found


def clipped(lines: Sequence[Line], area: Any) -> tuple[list[Line], list[Line]]:
    """The parts of polylines inside an area and those outside of it; all are inside of no area."""
    import shapely  # noqa: PLC0415

    if area is None:
        return list(lines), []
    known = [line for line in lines if np.isfinite(line).all()]
    paths = shapely.MultiLineString([np.column_stack([line.real, line.imag]) for line in known])
    parts = []
    for geometry in (paths.intersection(area), paths.difference(area)):
        pieces = shapely.get_parts(shapely.line_merge(geometry) if "Line" in geometry.geom_type else geometry)
        parts.append([
            shapely.get_coordinates(piece).view(np.complex128).ravel()
            for piece in pieces if piece.geom_type == "LineString"
        ])  # fmt: skip
    return parts[0], parts[1] + [line for line in lines if not np.isfinite(line).all()]


def _turns(ring: npt.NDArray[np.float64]) -> bool:
    x, y = ring.T
    return bool((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() > 0)


def _runs(
    element: Element, state: _State, entered: Callable[[Element, _State], _State]
) -> Iterator[tuple[Text, _State]]:
    """The lines of a text, one for each place that it or a <tspan> of it names."""
    across, down = state.viewport
    cursor = [length(_first(element.get("x")), across, 0.0), length(_first(element.get("y")), down, 0.0)]
    found: list[tuple[list[str], float, float, Element, _State]] = []

    def walk(one: Element, here: _State, *, top: bool) -> None:
        size = font_size(here)
        moved = top or any(one.get(name) for name in ("x", "y", "dx", "dy"))
        for axis, name, whole in ((0, "x", across), (1, "y", down)):
            cursor[axis] = length(_first(one.get(name)), whole, cursor[axis])
            cursor[axis] += length(_first(one.get(f"d{name}")), size, 0.0)
        if moved:
            found.append(([], cursor[0], cursor[1], one, here))
        found[-1][0].append(one.text or "")
        for child in one:
            if local_name(child) in ("tspan", "textPath", "a"):
                walk(child, entered(child, here), top=False)
            found[-1][0].append(child.tail or "")

    walk(element, state, top=True)
    for parts, x, y, one, here in found:
        words = " ".join("".join(parts).split())
        family = here.style.get("font-family", "").lower()
        weight = here.style.get("font-weight", "normal")
        run = Text(
            words, x, y, font_size(here), here.style.get("text-anchor", "start"),
            weight in ("bold", "bolder") or (weight.isdigit() and int(weight) >= 600),
            "script" in family or "cursive" in family,
            length(one.get("textLength"), across, 0.0), here.matrix,
        )  # fmt: skip
        if words:
            yield run, here


def font_size(state: _State) -> float:
    """The size of the font in user units; words such as ``large`` count as usual text."""
    return max(length(state.style.get("font-size"), 16.0, 16.0), 0.0)


def _first(text: str | None) -> str | None:
    """The first of a list of lengths."""
    parts = (text or "").replace(",", " ").split()
    return parts[0] if parts else None


def _seen(state: _State) -> bool:
    return state.style.get("visibility", "visible") not in ("hidden", "collapse")


def _target(text: str | None) -> str:
    """The id that ``url(#id)`` refers to, or nothing."""
    if not text or not text.startswith("url("):
        return ""
    return text[4:].partition(")")[0].strip(" '\"").removeprefix("#")


def _times(a: Matrix, b: Matrix) -> Matrix:
    return (
        a[0] * b[0] + a[2] * b[1],
        a[1] * b[0] + a[3] * b[1],
        a[0] * b[2] + a[2] * b[3],
        a[1] * b[2] + a[3] * b[3],
        a[0] * b[4] + a[2] * b[5] + a[4],
        a[1] * b[4] + a[3] * b[5] + a[5],
    )


def _moved(line: Line, m: Matrix) -> Line:
    with np.errstate(invalid="ignore", over="ignore"):
        x, y = line.real, line.imag
        return np.asarray((m[0] * x + m[2] * y + m[4]) + 1j * (m[1] * x + m[3] * y + m[5]))


def _fitted(
    box: tuple[float, float, float, float], port: tuple[float, float, float, float], how: str | None
) -> Matrix:
    """From a view box to a viewport (x, y, width, height), by preserveAspectRatio."""
    sx, sy = port[2] / box[2], port[3] / box[3]
    words = (how or "xMidYMid meet").split()
    if words and words[0] == "defer":
        words = words[1:]
    align = words[0] if words else "xMidYMid"
    if align == "none":
        return (sx, 0.0, 0.0, sy, port[0] - box[0] * sx, port[1] - box[1] * sy)
    scale = max(sx, sy) if "slice" in words else min(sx, sy)
    spare = (port[2] - box[2] * scale, port[3] - box[3] * scale)
    share = [{"Min": 0.0, "Mid": 0.5, "Max": 1.0}.get(part, 0.5) for part in (align[1:4], align[5:8])]
    return (
        scale, 0.0, 0.0, scale,
        port[0] + spare[0] * share[0] - box[0] * scale,
        port[1] + spare[1] * share[1] - box[1] * scale,
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _rgba(text: str) -> Rgba | None:
    import svgelements  # type: ignore[import-untyped]  # noqa: PLC0415

    if text in ("none", "transparent", ""):
        return None
    try:
        colour = svgelements.Color(text)
        if colour.value is None:
            return None
        return (int(colour.red), int(colour.green), int(colour.blue), colour.alpha / 255)
    except (ValueError, TypeError, AttributeError, IndexError):
        return None


def _faded(colour: Rgba | None, opacity: float) -> Rgba | None:
    if colour is None:
        return None
    alpha = min(colour[3] * opacity, 1.0)
    return (*colour[:3], alpha)


def _number(text: str | None, default: float) -> float:
    """A share from 0 to 1, as a number or in per cent."""
    if text is None:
        return default
    try:
        number = float(text.rstrip("% ")) / (100 if text.rstrip().endswith("%") else 1)
    except ValueError:
        return default
    return min(max(number, 0.0), 1.0) if math.isfinite(number) else default
