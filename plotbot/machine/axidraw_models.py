"""AxiDraw and NextDraw models: how far each can move, and which pin drives its pen lift.

Travel in mm: AxiDraw's from the maker's configuration file (axidraw_conf.py 3.9). The three NextDraws have
the travel of the AxiDraw frame of the same size; their brushless pen lift hangs on pin 2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from plotbot.errors import BadInput

__all__ = ["MODELS", "Model", "find_model"]


@dataclass(frozen=True, slots=True)
class Model:
    """One model: travel in mm, the number pyaxidraw knows it by, and the pen lift's pin of port B."""

    name: str
    x: float
    y: float
    number: int
    servo_pin: int = 1
    also: tuple[str, ...] = ()


MODELS = (
    Model("AxiDraw V3", 300.0, 218.0, 1, also=("AxiDraw V2", "AxiDraw SE/A4", "AxiDraw V3/A4")),
    Model("AxiDraw V3/A3", 430.0, 297.0, 2, also=("AxiDraw SE/A3",)),
    Model("AxiDraw V3 XLX", 595.0, 218.0, 3),
    Model("AxiDraw MiniKit", 160.0, 101.6, 4, also=("AxiDraw MiniKit 2",)),
    Model("AxiDraw SE/A1", 864.0, 594.0, 5),
    Model("AxiDraw SE/A2", 594.0, 432.0, 6),
    Model("AxiDraw V3/B6", 190.0, 140.0, 7),
    Model("NextDraw 8511", 300.0, 218.0, 8, servo_pin=2),
    Model("NextDraw 1117", 430.0, 297.0, 9, servo_pin=2),
    Model("NextDraw 2234", 864.0, 594.0, 10, servo_pin=2),
)


def find_model(text: str) -> Model:
    """The model a person means (``V3``, ``axidraw se/a3``, ``nextdraw 1117``); raises `BadInput`."""
    wanted = _key(text)
    for model in MODELS:
        if wanted in {_key(name) for name in (model.name, *model.also)}:
            return model
    names = ", ".join(name for model in MODELS for name in (model.name, *model.also))
    raise BadInput(f"Model {text!r} is unknown; it must be one of: {names}.")


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower()).removeprefix("axidraw").removeprefix("nextdraw")
