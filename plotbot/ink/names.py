"""What people call a colour: enough words for a sentence such as "the tin cannot make a bright blue"."""

from __future__ import annotations

import math

import numpy as np

from plotbot.ink.spaces import lab_to_oklab

__all__ = ["colour_name"]

_GREYS = ((24, "black"), (45, "dark grey"), (70, "grey"), (90, "light grey"), (101, "white"))
_HUES = (
    (18, "pink"),
    (48, "red"),
    (74, "orange"),
    (104, "yellow"),
    (124, "yellow-green"),
    (172, "green"),
    (220, "turquoise"),
    (296, "blue"),
    (326, "violet"),
    (350, "magenta"),
    (361, "pink"),
)
"""Up to which hue angle of Lab (degrees) a colour has the name."""

_BLUE_OR_VIOLET, _VIOLET_FROM = (285, 326), 290
"""Between these hues of Lab, which bends vivid blues towards violet, the hue of Oklab decides."""

_GREY_CHROMA, _DULL_CHROMA, _BRIGHT_CHROMA, _GLARING_CHROMA = 8.0, 20.0, 48.0, 75.0


def colour_name(lab: tuple[float, float, float]) -> str:
    """An everyday name of a Lab (D50): "bright blue", "dark brown", "light grey"."""
    lightness, a, b = lab
    chroma, hue = math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360
    if chroma < _GREY_CHROMA:
        return next(name for most, name in _GREYS if lightness < most)
    name = next(name for most, name in _HUES if hue < most)
    if _BLUE_OR_VIOLET[0] <= hue < _BLUE_OR_VIOLET[1]:
        _, a, b = lab_to_oklab(np.array(lab)).tolist()
        name = "violet" if math.degrees(math.atan2(b, a)) % 360 >= _VIOLET_FROM else "blue"
    if name in ("orange", "yellow") and lightness < 50:
        name = "brown"
    if name == "pink" and lightness < 60:
        name = "crimson"
    if lightness < 30 and chroma < _GLARING_CHROMA:
        return f"dark {name}"
    if chroma < _DULL_CHROMA:
        return f"greyish {name}"
    if chroma > _BRIGHT_CHROMA:
        return f"bright {name}"
    return f"pale {name}" if lightness > 75 else name
