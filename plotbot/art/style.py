"""Style: Gram matrices of a picture's activations, and pictures to take a style from.

Gatys, Ecker, Bethge, "A Neural Algorithm of Artistic Style" (2015): what channels are active together,
wherever that is. Taken from a sparse painting it makes a drawing sparse: white paper, firm lines and a
few fields of colour. The target is computed once, when the objective meets its network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from plotbot.art.networks import Description, Network, check_layer
from plotbot.art.objectives import Objective, Seen, Term
from plotbot.errors import BadInput

__all__ = [
    "MONDRIAN",
    "gram",
    "mondrian",
    "read_style",
    "style",
    "style_layers",
    "style_picture",
    "style_term",
]

MONDRIAN = "mondrian"
"""The style that is built in; a seed may follow, as in ``mondrian:3``."""

STYLE_SIDE = 224
"""Short side of a style picture as the network sees it."""

SMALLEST_SIDE = 32
MAX_PIXELS = 100_000_000

COLOURED = 0.3
"""At most this share of a composition is red, yellow and blue."""

_WHITE, _BLACK = (0.96, 0.95, 0.91), (0.08, 0.08, 0.08)
_FIELDS = ((0.80, 0.11, 0.09), (0.98, 0.83, 0.10), (0.10, 0.24, 0.60))


def style_layers(description: Description) -> tuple[str, ...]:
    """Layers a style is read from unless others are named: early ones, where lines and colours are."""
    known = (("conv2_2",), ("blocks.1", "blocks.2"), ("layer1", "layer2"))
    for layers in known:
        if all(layer in description.channels for layer in layers):
            return layers
    names = list(description.channels)
    return (names[len(names) // 4],)


def style_term(
    name_or_path: str, description: Description, weight: float, layers: Sequence[str] | None = None
) -> Objective:
    """A style as what is added to an objective: the distance from it, times -weight; nothing for 0.

    name_or_path: as for `style_picture`. layers: of the network described; `style_layers` by default.
    Raises `BadInput` for a picture, layer or weight that cannot be used.
    """
    if not 0 <= weight <= 1e9:
        raise BadInput(f"A style of weight {weight:g} cannot be used; give 0 or more, 50 for example.")
    for layer in layers or ():
        check_layer(description, layer)
    picture = style_picture(name_or_path)
    return -weight * style(picture, layers or style_layers(description)) if weight else Objective(())


def style_picture(name_or_path: str) -> np.ndarray:
    """What a style is read from, sRGB [H, W, 3] in 0..1: the built-in ``mondrian``, with a seed as
    ``mondrian:3``, or a picture file. Raises `BadInput`."""
    name, _, seed = name_or_path.partition(":")
    if name == MONDRIAN and (not seed or seed.isdecimal()):
        return mondrian(int(seed or 0))
    if name == MONDRIAN:
        raise BadInput(f"Style {name_or_path!r} has no whole number as its seed; write {MONDRIAN}:3, say.")
    return read_style(Path(name_or_path))


def style(picture: np.ndarray, layers: Sequence[str], name: str = "style") -> Objective:
    """How far the Gram matrices of the views are from those of a picture; to be subtracted.

    picture: sRGB-encoded [H, W, 3] in 0..1. The value is the mean over layers of ‖G - G*‖² / ‖G*‖²: 0 for
    the same style.
    """

    def prepare(network: Network) -> Callable[[Seen], Tensor]:
        with torch.no_grad():
            maps = network(_as_input(picture))
        targets = {layer: gram(maps[layer]) for layer in layers}

        def value(seen: Seen) -> Tensor:
            return torch.stack(
                [
                    (gram(seen.activations[layer]) - target.to(seen.film)).square().sum((1, 2)).mean()
                    / target.square().sum().to(seen.film)
                    for layer, target in targets.items()
                ]
            ).mean()

        return value

    def check(description: Description) -> None:
        for layer in layers:
            check_layer(description, layer)

    return Objective((Term(name, _unprepared, 1.0, tuple(layers), False, check, prepare),))


def gram(maps: Tensor) -> Tensor:
    """Gram matrices [B, C, C] of maps [B, C, h, w], per place, so that sizes of pictures do not matter."""
    flat = maps.flatten(2)
    return flat @ flat.mT / flat.shape[2]


def mondrian(seed: int = 0, size: tuple[int, int] = (STYLE_SIDE, STYLE_SIDE)) -> np.ndarray:
    """A composition in the manner of neoplasticism, sRGB [H, W, 3] in 0..1: much white, black lines of
    two weights, and a few fields of red, yellow and blue."""
    random = np.random.default_rng(seed)
    height, width = size
    picture = np.empty((height, width, 3))
    picture[:] = _WHITE
    fields = _split((0, 0, height, width), random, min(height, width) // 5)
    areas = np.array([(bottom - top) * (right - left) for top, left, bottom, right in fields]) / (
        height * width
    )
    # Larger fields first with some luck, as long as most of the picture stays white.
    chance = random.random(len(fields)) ** (1 / areas)
    hues = random.permutation(3)
    painted = 0.0
    for turn, index in enumerate(np.argsort(-chance)):
        if painted + areas[index] <= COLOURED and turn < 6:
            painted += areas[index]
            top, left, bottom, right = fields[index]
            picture[top:bottom, left:right] = _FIELDS[hues[turn % 3]]
    for top, left, bottom, right in fields:
        half = max(1, round(min(height, width) * random.choice([0.007, 0.013])))
        if top > 0:
            picture[max(0, top - half) : top + half, left:right] = _BLACK
        if left > 0:
            picture[top:bottom, max(0, left - half) : left + half] = _BLACK
    return picture


def read_style(path: Path) -> np.ndarray:
    """A picture file as sRGB [H, W, 3] in 0..1; raises `BadInput` when it is unreadable or tiny."""
    try:
        with Image.open(path) as image:
            width, height = image.size
            if min(width, height) < SMALLEST_SIDE or width * height > MAX_PIXELS:
                raise BadInput(
                    f"Style picture {path} has {width} x {height} pixels; it needs at least {SMALLEST_SIDE} "
                    f"on each side and at most {MAX_PIXELS // 1_000_000} million in all."
                )
            shrunk = image.convert("RGBA")
            shrunk.thumbnail((4 * STYLE_SIDE, 4 * STYLE_SIDE))
            white = Image.new("RGBA", shrunk.size, "white")
            pixels = np.asarray(Image.alpha_composite(white, shrunk).convert("RGB"), dtype=np.float64)
    except FileNotFoundError as error:
        raise BadInput(
            f"There is no style picture {path}; name a picture file, or {MONDRIAN}, which is built in."
        ) from error
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError, SyntaxError, ValueError) as error:
        raise BadInput(f"Style picture {path} cannot be read as an image: {error}.") from error
    return pixels / 255


def _unprepared(_seen: Seen) -> Tensor:
    raise RuntimeError("a style has no value before it was prepared with its network")


def _as_input(picture: np.ndarray) -> Tensor:
    """The picture as the network takes it: [1, 3, h, w], short side about `STYLE_SIDE`, whole strides."""
    tensor = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))).float()[None]
    scale = STYLE_SIDE / min(tensor.shape[2:])
    height, width = (max(32, round(side * scale / 32) * 32) for side in tensor.shape[2:])
    return F.interpolate(tensor, (height, width), mode="bilinear", antialias=True)


def _split(
    field: tuple[int, int, int, int], random: np.random.Generator, least: int
) -> list[tuple[int, int, int, int]]:
    """Cut a field (top, left, bottom, right) across its longer side until the parts are small."""
    top, left, bottom, right = field
    height, width = bottom - top, right - left
    longer = max(height, width)
    if longer < 2 * least or (longer < 3 * least and random.random() < 0.35):
        return [field]
    cut = int(random.uniform(0.28, 0.72) * longer)
    if height > width:
        parts = (top, left, top + cut, right), (top + cut, left, bottom, right)
    else:
        parts = (top, left, bottom, left + cut), (top, left + cut, bottom, right)
    return [part for half in parts for part in _split(half, random, least)]
