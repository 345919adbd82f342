"""From settings to a finished drawing: the way in to the art."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import torch

from plotbot.art.artwork import Activations, Artwork, Step, Try
from plotbot.art.judge import activation_of_plot
from plotbot.art.multiscale import Enlargement, large_steps
from plotbot.art.optimiser import Candidate, Growth, grow
from plotbot.art.pace import Pace
from plotbot.art.settings import GenerateSettings
from plotbot.art.strokes import bezier_points
from plotbot.art.studio import Studio

__all__ = ["GenerateSettings", "generate", "repeatable"]

OnStep = Callable[[Step], None]
Stop = Callable[[], bool]


def generate(
    settings: GenerateSettings,
    on_step: OnStep = lambda _step: None,
    stop: Stop = lambda: False,
) -> Artwork:
    """Grow a drawing. `on_step` hears of every step; `stop` is asked before each, and ends the drawing
    early with the best so far. Raises `BadInput` for settings that make no sense."""
    settings.check()
    with repeatable(settings.device):
        return _generate(settings, on_step, stop)


def _generate(settings: GenerateSettings, on_step: OnStep, stop: Stop) -> Artwork:
    clock = time.perf_counter
    begun = clock()
    network = settings.open_network()
    opened = clock()
    large = settings.scale != (1, 1)
    later = large_steps(settings.steps, settings.scale) if large else 0
    studio = Studio.of(settings.part(), network, endless=large)
    tried = _tries(studio, later, on_step, stop)
    growth, drawing = max(tried, key=lambda one: one[1].finite_activation())
    studio.check_number(drawing.activation)
    history, snapshots, ended = growth.history, tuple(growth.snapshots), growth.ended
    if large:
        first, area = len(growth.history), settings.area_mm
        enlargement = Enlargement(studio, drawing, settings.scale, area, growth.generator, first)
        earlier = settings.steps * settings.tries
        pace = Pace(later, _seconds(settings, later, earlier + later), stop, earlier=earlier)
        ended = enlargement.fit(pace, on_step)
        studio, drawing = enlargement.studio, enlargement.chosen()
        history, snapshots = history + enlargement.history, enlargement.grown_from(snapshots)
    grown = clock()
    artwork = _judged(
        Artwork(
            area_mm=settings.area_mm,
            size_px=(studio.canvas.height_px, studio.canvas.width_px),
            points_mm=bezier_points(drawing.vertices).cpu().numpy(),
            pen_of=drawing.pen_of.cpu().numpy(),
            inks=studio.inks.laid,
            activations=Activations(growth.free, growth.quantised, drawing.activation, math.nan),
            history=tuple(history),
            growth=snapshots,
            quantisation=growth.palette.quantisation,
            ended=ended,
            view_px=studio.view if large else None,
            tries=tuple(Try(one.seed, candidate.activation) for one, candidate in tried),
        ),
        studio,
    )
    timings = {"network": opened - begun, "optimise": grown - opened, "judge": clock() - grown}
    return replace(artwork, timings_s=timings)


def _tries(studio: Studio, later: int, on_step: OnStep, stop: Stop) -> list[tuple[Growth, Candidate]]:
    """Drawings of one seed after the other, finished, with their activation; `later` steps are to follow.

    A GPU grows all of them in one pass, a CPU one at a time: it is busy with one.
    """
    settings = studio.settings
    growths = [Growth(studio, settings.seed + number) for number in range(settings.tries)]
    steps = settings.steps * settings.tries
    if settings.device != "cpu":
        pace = Pace(settings.steps, _seconds(settings, steps, steps + later), stop, later=later)
        grow(growths, pace, on_step)
        return [(growth, growth.chosen()) for growth in growths]
    done, seconds = [], _seconds(settings, settings.steps, steps + later)
    for number, growth in enumerate(growths):
        before, after = number * settings.steps, (settings.tries - number - 1) * settings.steps
        grow([growth], Pace(settings.steps, seconds, stop, earlier=before, later=after + later), on_step)
        done.append((growth, growth.chosen()))
        if growth.ended == "stopped":
            break
    return done


def _judged(artwork: Artwork, studio: Studio) -> Artwork:
    """With its activation as plotted."""
    canvas = studio.canvas
    plotted = activation_of_plot(
        artwork.by_pen(),
        artwork.inks,
        area_mm=(0.0, 0.0, canvas.width_px * canvas.mm_per_px, canvas.height_px * canvas.mm_per_px),
        size_px=artwork.size_px,
        network=studio.network,
        objective=studio.objective,
        view_px=artwork.view_px,
    )
    return replace(artwork, activations=replace(artwork.activations, as_plotted=plotted))


def repeatable(device: str) -> AbstractContextManager[None]:
    """While a GPU draws, convolutions that come out the same every time."""
    if not device.startswith("cuda"):
        return nullcontext()
    return torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True)


def _seconds(settings: GenerateSettings, steps: int, of: int) -> float | None:
    """The part of the time limit that falls to so many steps."""
    return None if settings.seconds is None else settings.seconds * steps / of
