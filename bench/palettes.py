"""What real pens cost: activation free, quantised, refitted and as plotted, for both palettes.

    python bench/palettes.py [--channels 87 30] [--steps 450] [--refit 150] [--colours 5] [--threads 2]

Free is what the drawing reached when its pens were decided. Two more drawings show how honest that is: free
ones that are never refitted, with as many steps as this one had before its pens were decided, and with as
many as it had in all.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Literal

import torch

from plotbot.art.generate import GenerateSettings, generate
from plotbot.art.objectives import channel
from plotbot.pens.inventory import load_inventory

A4_INSIDE_MM = (180.0, 267.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--channels", type=int, nargs="+", default=[87])
    parser.add_argument("--palettes", nargs="+", default=["pens", "learn"])
    parser.add_argument("--steps", type=int, default=450)
    parser.add_argument("--refit", type=int, default=150)
    parser.add_argument("--colours", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("palette channel  free  quantised  refitted  plotted  of free  free alone  free, all steps  dE00")
    for palette in options.palettes:
        for number in options.channels:
            _row(palette, number, options.steps, options.refit, options.colours)


def _row(palette: Literal["pens", "learn"], number: int, steps: int, refit: int, colours: int) -> None:
    settings = GenerateSettings(
        channel("blocks.4", number),
        load_inventory("staedtler12"),
        A4_INSIDE_MM,
        palette=palette,
        colours=colours,
        steps=steps,
        refit=refit,
    )
    artwork = generate(settings)
    alone = generate(replace(settings, steps=steps - refit, refit=0)).activations.free
    whole = generate(replace(settings, refit=0)).activations.free
    found, learned = artwork.activations, artwork.quantisation
    print(
        f"{palette:7} {number:7} {found.free:5.2f} {found.quantised:10.2f} {found.refitted:9.2f} "
        f"{found.as_plotted:8.2f} {found.as_plotted / found.free:8.0%} {alone:11.2f} {whole:16.2f} "
        f"{'' if learned is None else f'{learned.mean:5.1f}'}",
        flush=True,
    )


if __name__ == "__main__":
    main()
