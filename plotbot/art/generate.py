"""From settings to a finished drawing: the way in to the art."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

from plotbot.art.artwork import Activations, Artwork, Step
from plotbot.art.judge import activation_of_plot
from plotbot.art.networks import open_network
from plotbot.art.optimiser import Growth, grow
from plotbot.art.pace import Pace
from plotbot.art.settings import GenerateSettings
from plotbot.art.strokes import bezier_points
from plotbot.art.studio import Studio
from plotbot.errors import BadInput

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
    studio = Studio.of(settings, network)
    growth = Growth(studio, settings.seed)
    grow([growth], Pace(settings.steps, settings.seconds, stop), on_step)
    grown = clock()
    artwork = _artwork(studio, growth)
    timings = {"network": opened - begun, "optimise": grown - opened, "judge": clock() - grown}
    return replace(artwork, timings_s=timings)


def _artwork(studio: Studio, growth: Growth) -> Artwork:
    settings, canvas = studio.settings, studio.canvas
    chosen = growth.chosen()
    if not math.isfinite(chosen.activation):
        raise BadInput(
            f"The activation of {settings.objective.excitation} in {settings.network} is not a number from "
            "the start; the network's weights may be damaged, or a weight in the objective too large."
        )
    artwork = Artwork(
        area_mm=settings.area_mm,
        size_px=(canvas.height_px, canvas.width_px),
        points_mm=bezier_points(chosen.vertices).cpu().numpy(),
        pen_of=chosen.pen_of.cpu().numpy(),
        pens=studio.inks.pens,
        paper_lab=studio.inks.paper_lab,
        activations=Activations(growth.free, growth.quantised, chosen.activation, math.nan),
        history=tuple(growth.history),
        growth=tuple(growth.snapshots),
        quantisation=growth.palette.quantisation,
        ended=growth.ended,
    )
    plotted = activation_of_plot(
        artwork.by_pen(),
        artwork.pens,
        artwork.paper_lab,
        area_mm=(0.0, 0.0, canvas.width_px * canvas.mm_per_px, canvas.height_px * canvas.mm_per_px),
        size_px=artwork.size_px,
        network=studio.network,
        objective=studio.objective,
    )
    return replace(artwork, activations=replace(artwork.activations, as_plotted=plotted))
