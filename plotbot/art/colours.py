"""Which colours a file holds, and how much of each: what pens are chosen by. Nothing here needs torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from plotbot.errors import BadInput
from plotbot.ink.film import film_to_lab, relative_to_film
from plotbot.ink.matching import palette_of
from plotbot.ink.spaces import srgb_to_lab

__all__ = ["ArtColours", "colours_of"]

Floats = npt.NDArray[Any]

_PICTURE_PX, _RENDERED_PX = 160, 1200
_BARE = 0.985
"""Light relative to the paper over which a rendering shows no mark."""


@dataclass(frozen=True, slots=True, eq=False)
class ArtColours:
    """labs: [m, 3] on the paper; share: [m], of the area or of the length of all lines. picture: Labs
    [H, W, 3] where the file has places. mixed: pens are hatched over one another to make the colours;
    otherwise every line is drawn with one pen."""

    labs: Floats
    share: Floats
    picture: Floats | None
    mixed: bool


def colours_of(
    path: Path,
    paper_lab: tuple[float, float, float],
    svg_mode: Literal["plain", "lines", "faithful"] = "plain",
) -> ArtColours:
    """The colours of a photograph, or those of an SVG as `svg_mode` draws it: of its lines, or as it looks.

    Raises `BadInput` for what cannot be read.
    """
    from plotbot.art.picture.load import load_picture  # noqa: PLC0415

    if path.suffix.lower() not in (".svg", ".svgz"):
        picture = _on_paper(load_picture(path, _PICTURE_PX), paper_lab)
        return ArtColours(*palette_of(picture), picture, mixed=True)
    if svg_mode == "faithful":
        from plotbot.art.vector.source import read_source, render  # noqa: PLC0415

        root = read_source(path)
        light = render(root, _RENDERED_PX, str(path))
        marks = light[light.min(axis=2) < _BARE]
        if not len(marks):
            raise BadInput(f"{path} shows nothing that can be told from the paper.")
        picture = _on_paper(render(root, _PICTURE_PX, str(path)), paper_lab)
        return ArtColours(*palette_of(_on_paper(marks, paper_lab)), picture, mixed=True)
    labs, lengths = _lines(path)
    return ArtColours(labs, lengths, None, mixed=False)


def _on_paper(light: Floats, paper_lab: tuple[float, float, float]) -> Floats:
    film = relative_to_film(np.clip(np.asarray(light, dtype=float), 0, 1))
    return np.asarray(film_to_lab(film, paper_lab))


def _lines(path: Path) -> tuple[Floats, Floats]:
    """Lab of every layer's lines and the share of each, by length."""
    from plotbot.drawing import read_svg  # noqa: PLC0415

    labs, lengths = [], []
    for layer in read_svg(path).layers.values():
        colour = layer.property("vp_color")
        rgb = (0, 0, 0) if colour is None else (colour.red, colour.green, colour.blue)
        labs.append(srgb_to_lab(np.array(rgb) / 255))
        lengths.append(float(layer.length()))
    total = sum(lengths)
    if not total > 0:
        raise BadInput(f"{path} has no lines whose colours could be matched.")
    return np.array(labs), np.array(lengths) / total
