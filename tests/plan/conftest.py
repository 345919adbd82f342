"""A small tin, a sheet and random drawings for planning."""

from __future__ import annotations

import numpy as np
import pytest

from plotbot.paper import Paper
from plotbot.pens.model import Inventory, PaperColour, Pen


def make_pen(pen_id: str, lightness: float, **more: object) -> Pen:
    values = {
        "id": pen_id,
        "name": f"Grey {lightness:g}",
        "lab": (lightness, 0.0, 0.0),
        "provenance": "guess",
        "uncertainty": 10.0,
        "nominal_mm": 0.3,
        "width_mm": 0.3,
    }
    return Pen.model_validate({**values, **more})


@pytest.fixture(scope="session")
def tin() -> Inventory:
    pens = (make_pen("dark", 20), make_pen("light", 80), make_pen("middle", 50))
    return Inventory(id="greys", name="Greys", paper=PaperColour(name="white", lab=(95, 0, 2)), pens=pens)


@pytest.fixture(scope="session")
def sheet() -> Paper:
    return Paper(210, 297, 15)


def scribble(rng: np.random.Generator, count: int, points: int = 5, step: float = 2.0) -> list[np.ndarray]:
    """Random strokes inside the margins of an A4 sheet."""
    starts = rng.uniform((30, 30), (180, 260), (count, 1, 2))
    walks = np.cumsum(rng.normal(0, step, (count, points, 2)), axis=1)
    return list(np.clip(starts + walks, (16, 16), (194, 281)))
