"""`plotbot atlas`: what every channel of a layer draws, on one sheet to choose from."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli.bundles import spelled_out
from plotbot.cli.console import emit_json, minutes, people
from plotbot.cli.experimenting import CellOptions, grow_missing, open_experiment, tiles_of, write_sheets
from plotbot.cli.making import Clock
from plotbot.cli.options import Json, Pens, Seed

__all__ = ["atlas"]


@spelled_out
def atlas(
    options: CellOptions,
    channels: Annotated[
        str, typer.Option("--channels", help="Which channels: 0-111, or 3,7,20-25, or all.")
    ] = "all",
    seed: Seed = 0,
    pens: Pens = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to write.", show_default="./atlases/NETWORK-LAYER"),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page when it is written.")] = False,
    json: Json = False,
) -> None:
    """Draw every channel of a layer small, on a sheet to choose from.

    The sheet is a picture, and a page that can be sorted; choose a drawing there and it tells the command
    that grows the same motif large. What is finished is kept: an atlas that was stopped goes on.

    [bold]Examples[/bold]

    plotbot atlas --layer blocks.4

    plotbot atlas --layer blocks.2 --channels 0-39 --pens micron --open
    """
    from plotbot.art.experiments.grid import channel_numbers, grid_of  # noqa: PLC0415
    from plotbot.config import load_settings  # noqa: PLC0415

    clock = Clock()
    settings, _ = load_settings()
    options.check()
    description, layer = options.described(settings)
    cells = grid_of(channel_numbers(channels, description.channels[layer]), (0.0,), (seed,))
    folder = out or Path("atlases") / f"{description.name}-{layer}"
    with open_experiment(options, settings, folder, pens=pens) as experiment:
        with clock.measure("grow"):
            grown = grow_missing(experiment, cells, options)
        results = experiment.store.results(cells)
        title = f"{layer} of {description.title}"
        with clock.measure("sheet"):
            written = write_sheets(folder, tiles_of(experiment, results), title)
    best = min(results, key=lambda one: math.inf if one.exc_loss is None else one.exc_loss)
    people.print(
        f"{len(cells)} channels of {layer}, {grown} of them grown now in {minutes(clock['grow'])}.",
        f"Look at {written['picture']} and {written['page']}, choose a number, and grow it large; "
        f"the most excited one is channel {best.channel}:",
        sep="\n",
        soft_wrap=True,
    )
    people.print(experiment.command(best.cell), soft_wrap=True)
    if show:
        typer.launch(written["page"])
    if json:
        emit_json(
            {
                "atlas": str(folder),
                **written,
                "channels": {
                    str(one.channel): {
                        "activation": one.activation["as_plotted"],
                        "command": experiment.command(one.cell),
                    }
                    for one in results
                },
                "grown": grown,
                "timings_s": {name: round(seconds, 3) for name, seconds in clock.items()},
            }
        )
