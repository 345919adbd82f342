"""From settings to a finished drawing: the way in to the art."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from plotbot.art.artwork import Artwork, Step
from plotbot.art.networks import open_network
from plotbot.art.optimiser import Growth
from plotbot.art.settings import GenerateSettings

__all__ = ["GenerateSettings", "generate"]


def generate(
    settings: GenerateSettings,
    on_step: Callable[[Step], None] = lambda _step: None,
    stop: Callable[[], bool] = lambda: False,
) -> Artwork:
    """Grow a drawing. `on_step` hears of every step; `stop` is asked before each, and ends the drawing
    early with the best so far. Raises `BadInput` for settings that make no sense."""
    settings.check()
    clock = time.perf_counter
    begun = clock()
    network = open_network(
        settings.network,
        settings.objective.layers,
        weights=settings.weights,
        device=settings.device,
        leaky=settings.leaky,
    )
    opened = clock()
    growth = Growth(settings, network)
    ended = growth.run(on_step, stop)
    grown = clock()
    artwork = growth.artwork(ended)
    timings = {"network": opened - begun, "optimise": grown - opened, "judge": clock() - grown}
    return replace(artwork, timings_s=timings)
