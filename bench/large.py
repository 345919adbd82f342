"""A large drawing out of a small one, against the same drawing from scratch.

    python bench/large.py [--scale 3x2] [--paper a3] [--steps 300] [--strokes 1000] [--quick]

Each row is one way to the same sheet: what it cost in CPU seconds, and against one small drawing, and its
activation over windows all over the sheet (`plotbot.art.judge.activation_of_windows`), by the optimiser's own
renderer and as resvg draws it. Ways from scratch look at the whole sheet at every step.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import torch

from plotbot.art.artwork import Artwork
from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.judge import activation_of_plot
from plotbot.art.networks import open_network
from plotbot.art.objectives import channel
from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--scale", default="3x2")
    parser.add_argument("--paper", default="a3")
    parser.add_argument("--channel", type=int, default=87)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--strokes", type=int, default=1000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="Leave out the long way from scratch.")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    across, down = map(int, options.scale.split("x"))
    left, top, right, bottom = Paper.parse(options.paper, landscape=across > down).drawable
    large = GenerateSettings(
        channel("blocks.4", options.channel),
        load_inventory("staedtler12"),
        (right - left, bottom - top),
        strokes=options.strokes,
        steps=options.steps,
        scale=(across, down),
    )
    parts = across * down
    part = large.part()
    # The same pixels and the same strokes, all of them from the first step on.
    pixels = round(large.view_px * min(large.area_mm) / min(part.area_mm))
    scratch = replace(large, scale=(1, 1), view_px=pixels, strokes=min(20_000, parts * large.strokes))
    print(f"{options.scale} on {options.paper}, {large.strokes} strokes a part, {options.threads} threads")
    print(f"{'':44} steps   CPU s  x small  activation  as plotted")

    one, small_s = timed(part)
    print(
        row("one part by itself", one, small_s, small_s, one.activations.refitted, one.activations.as_plotted)
    )
    ours, ours_s = timed(large)
    print(row(f"{options.scale} out of a small one", ours, ours_s, small_s, *judged(ours, large, ours)))
    # Seconds count on the wall; on a busy machine steps are the fairer measure of the same cost.
    same = replace(scratch, steps=max(1, round(large.steps * ours_s / small_s / parts)))
    for name, settings in (
        ("from scratch, at the same cost", same),
        (f"from scratch, {large.steps} steps", replace(scratch, steps=large.steps)),
        (f"from scratch, {parts} x {large.steps} steps", replace(scratch, steps=parts * large.steps)),
    )[: 2 if options.quick else 3]:
        artwork, seconds = timed(settings)
        print(row(name, artwork, seconds, small_s, *judged(artwork, large, ours)), flush=True)


def timed(settings: GenerateSettings) -> tuple[Artwork, float]:
    """A drawing, and the CPU seconds of growing it."""
    begun = time.process_time()
    artwork = generate(settings)
    return artwork, time.process_time() - begun


def judged(artwork: Artwork, large: GenerateSettings, ours: Artwork) -> tuple[float, float]:
    """The optimiser's own activation, and that of what resvg draws, over the same windows for every way."""
    network = open_network(large.network, large.objective.layers)
    plotted = activation_of_plot(
        artwork.by_pen(),
        artwork.inks,
        area_mm=(0.0, 0.0, *large.area_mm),
        size_px=ours.size_px,
        network=network,
        objective=large.objective,
        view_px=ours.view_px,
    )
    return artwork.activations.refitted, plotted


def row(
    name: str, artwork: Artwork, seconds: float, small_s: float, activation: float, plotted: float
) -> str:
    cost = f"{len(artwork.history):5d} {seconds:7.1f} {seconds / small_s:8.2f}"
    return f"{name:44} {cost} {activation:11.2f} {plotted:11.2f}"


if __name__ == "__main__":
    main()
