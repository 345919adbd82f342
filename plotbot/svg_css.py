"""Style sheets inside SVG files, as drawing programs write them, resolved to plain properties.

Selectors: type, ``*``, ``#id``, ``.class``, ``[attribute]``, ``[attribute=value]``, and descendants and
children of them; specificity and ``!important`` as in CSS 2. Rules with any other selector, and rules for
media or fonts, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

__all__ = ["StyleSheet", "declarations", "local_name"]

_COMMENT = re.compile(r"/\*.*?\*/|<!--|-->", re.DOTALL)
_COMPOUND = re.compile(r"(?P<tag>[\w-]+|\*)?(?P<parts>(?:[.#][\w-]+|\[[^\[\]]*\])*)")
_PART = re.compile(r"([.#])([\w-]+)|\[\s*([\w:-]+)\s*(?:=\s*['\"]?([^'\"\]]*)['\"]?\s*)?\]")
_MOST_RULES = 20_000

Properties = dict[str, str]


def local_name(element: Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def declarations(text: str) -> tuple[Properties, Properties]:
    """The properties of a block like ``fill: red; stroke: none !important``: usual ones, important ones."""
    usual: Properties = {}
    important: Properties = {}
    for part in text.split(";"):
        name, colon, value = part.partition(":")
        if not colon:
            continue
        value, bang, _ = value.partition("!")
        (important if bang else usual)[name.strip().lower()] = value.strip()
    return usual, important


@dataclass(frozen=True, slots=True)
class _Compound:
    """What one element must be. child: whether it must be the parent of the next, not any ancestor."""

    tag: str
    ids: frozenset[str]
    classes: frozenset[str]
    attributes: tuple[tuple[str, str | None], ...]
    child: bool

    def matches(self, element: Element) -> bool:
        if self.tag not in ("*", local_name(element)):
            return False
        if self.ids and self.ids != {element.get("id")}:
            return False
        if self.classes and not self.classes <= set((element.get("class") or "").split()):
            return False
        return all(
            (value is None and name in element.attrib) or (value is not None and element.get(name) == value)
            for name, value in self.attributes
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    rank: tuple[int, int, int, int]
    path: tuple[_Compound, ...]
    usual: Properties
    important: Properties

    def matches(self, element: Element, above: Sequence[Element]) -> bool:
        return self.path[-1].matches(element) and self._above(len(self.path) - 2, above)

    def _above(self, step: int, above: Sequence[Element]) -> bool:
        if step < 0:
            return True
        one = self.path[step]
        if one.child:
            return bool(above) and one.matches(above[-1]) and self._above(step - 1, above[:-1])
        return any(
            one.matches(above[k]) and self._above(step - 1, above[:k]) for k in range(len(above) - 1, -1, -1)
        )


class StyleSheet:
    """All <style> elements of a file."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._by_key: dict[str, list[_Rule]] = {}
        count = 0
        for text in texts:
            for selectors, block in _blocks(_COMMENT.sub(" ", text)):
                usual, important = declarations(block)
                for selector in selectors.split(","):
                    path = _selector(selector.strip())
                    if path and count < _MOST_RULES:
                        count += 1
                        rank = (
                            sum(len(one.ids) for one in path),
                            sum(len(one.classes) + len(one.attributes) for one in path),
                            sum(one.tag != "*" for one in path),
                            count,
                        )
                        self._by_key.setdefault(_key(path[-1]), []).append(
                            _Rule(rank, path, usual, important)
                        )

    def properties(self, element: Element, above: Sequence[Element]) -> tuple[Properties, Properties]:
        """What the sheet says of an element under its ancestors, outermost first: usual, important."""
        if not self._by_key:
            return {}, {}
        keys = [f".{name}" for name in (element.get("class") or "").split()]
        keys += [f"#{element.get('id')}", local_name(element), "*"]
        found = [rule for key in keys for rule in self._by_key.get(key, ()) if rule.matches(element, above)]
        usual: Properties = {}
        important: Properties = {}
        for rule in sorted(found, key=lambda one: one.rank):
            usual |= rule.usual
            important |= rule.important
        return usual, important


def _key(last: _Compound) -> str:
    if last.ids:
        return f"#{min(last.ids)}"
    return f".{min(last.classes)}" if last.classes else last.tag


def _blocks(text: str) -> list[tuple[str, str]]:
    """Selectors and declarations of each rule; what an at-rule holds is left out."""
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        opening = text.find("{", at)
        ending = text.find(";", at)
        head = text[at : opening if opening >= 0 else len(text)].strip()
        if head.startswith("@") and ending >= 0 and (opening < 0 or ending < opening):
            at = ending + 1  # such as @charset
            continue
        if opening < 0:
            break
        depth, end = 1, opening + 1
        while end < len(text) and depth:
            depth += {"{": 1, "}": -1}.get(text[end], 0)
            end += 1
        if not head.startswith("@"):
            found.append((head, text[opening + 1 : end - 1]))
        at = end
    return found


def _selector(text: str) -> tuple[_Compound, ...]:
    """The compounds of a selector, outermost first; none when it has something else in it."""
    path: list[_Compound] = []
    words = re.sub(r"\s*>\s*", " > ", text).split()
    for place, word in enumerate(words):
        if word == ">":
            continue
        match = _COMPOUND.fullmatch(word)
        if match is None or not word:
            return ()
        ids, classes, attributes = set(), set(), []
        for kind, name, attribute, value in _PART.findall(match["parts"]):
            if kind == "#":
                ids.add(name)
            elif kind == ".":
                classes.add(name)
            else:
                attributes.append((attribute, value or None))
        child = place + 1 < len(words) and words[place + 1] == ">"
        path.append(
            _Compound(match["tag"] or "*", frozenset(ids), frozenset(classes), tuple(attributes), child)
        )
    return tuple(path)
