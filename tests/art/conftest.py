"""One open network and one small drawing for all tests of the art."""

from __future__ import annotations

import pytest

from plotbot.art.artwork import Artwork, Step
from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.networks import EMBEDDED, Network, open_network
from plotbot.art.objectives import channel
from plotbot.pens.inventory import load_inventory
from plotbot.pens.model import Inventory


@pytest.fixture(scope="session")
def network() -> Network:
    return open_network(EMBEDDED, ["blocks.4", "logits"])


@pytest.fixture(scope="session")
def tin() -> Inventory:
    return load_inventory("staedtler12")


@pytest.fixture(scope="session")
def small(tin: Inventory) -> GenerateSettings:
    """A drawing that takes a few seconds: 96 pixels wide, lines as thin on it as in a large one."""
    return GenerateSettings(
        channel("blocks.4", 87), tin, (40.0, 50.0), strokes=60, stroke_px=18, steps=60, view_px=96, seed=4
    )


@pytest.fixture(scope="session")
def grown(small: GenerateSettings) -> tuple[Artwork, list[Step]]:
    steps: list[Step] = []
    return generate(small, steps.append), steps
