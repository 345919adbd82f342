"""`plotbot sweep`: many channels with and without a style, several seeds each, on one sheet."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plotbot.cli import completion
from plotbot.cli.bundles import spelled_out
from plotbot.cli.console import emit_json, minutes, people
from plotbot.cli.experimenting import CellOptions, grow_missing, open_experiment, tiles_of, write_sheets
from plotbot.cli.making import Clock
from plotbot.cli.options import Json, Pens
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from plotbot.art.experiments.findings import Lowered

__all__ = ["sweep"]

TABLE = "cells.csv"


@spelled_out
def sweep(
    options: CellOptions,
    channels: Annotated[
        str, typer.Option("--channels", help="Which channels: 0-111, or 3,7,20-25, or all.")
    ] = "all",
    style_weight: Annotated[
        str, typer.Option("--style-weight", help="How much the style counts; 0 is without it.")
    ] = "0,50",
    seeds: Annotated[int, typer.Option("--seeds", help="How many throws of each, seeds 0, 1, …")] = 1,
    style: Annotated[
        str, typer.Option("--style", help="mondrian, mondrian:3 for another one, or a picture file.")
    ] = "mondrian",
    style_layer: Annotated[
        list[str] | None,
        typer.Option(
            "--style-layer",
            help="Layer the style is read from. Repeatable.",
            autocompletion=completion.layers,
        ),
    ] = None,
    pens: Pens = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to write.", show_default="./sweeps/NETWORK-LAYER"),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page when it is written.")] = False,
    json: Json = False,
) -> None:
    """Grow a grid of small drawings: channels, with and without a style, several seeds of each.

    Writes a contact sheet as a picture and as a page that can be sorted, a table, and a folder per drawing
    with an SVG to plot and its run for TensorBoard. It names the channels that the style excited more
    instead of less. What is finished is never grown again: a sweep that was stopped goes on, and one with
    more channels, weights or seeds grows only those.

    A Dask cluster may do the work: --scheduler tcp://HOST:8786, after pip install 'plotbot\\[cluster]'.

    [bold]Examples[/bold]

    plotbot sweep --channels 0-111 --style-weight 0,50 --seeds 2

    plotbot sweep --channels 87,30 --style photo.jpg --style-weight 0,10,100 --workers 4
    """
    from plotbot.art.experiments.findings import lowered, table  # noqa: PLC0415
    from plotbot.art.experiments.grid import channel_numbers, grid_of, style_weights  # noqa: PLC0415
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.files import write_text_whole  # noqa: PLC0415

    clock = Clock()
    settings, _ = load_settings()
    options.check()
    if not 1 <= seeds <= 1000:
        raise BadInput(f"--seeds {seeds} is out of range; it must be 1 to 1000.")
    description, layer = options.described(settings)
    weights = style_weights(style_weight)
    cells = grid_of(channel_numbers(channels, description.channels[layer]), weights, range(seeds))
    folder = out or Path("sweeps") / f"{description.name}-{layer}"
    with open_experiment(
        options, settings, folder, pens=pens, style=style, style_layers=style_layer or ()
    ) as experiment:
        with clock.measure("grow"):
            grown = grow_missing(experiment, cells, options)
        store = experiment.store
        results = store.results(cells)
        folders = [store.path(one.cell).relative_to(folder).as_posix() for one in results]
        write_text_whole(folder / TABLE, [table(results, folders)])
        found = lowered(results)
        told = _told(found, weights, len({cell.channel for cell in cells}))
        with clock.measure("sheet"):
            tiles = tiles_of(experiment, results, styled=True)
            together = len(weights) * seeds
            written = write_sheets(
                folder, tiles, f"{layer} of {description.title}, style {style}", told, together
            )
    people.print(f"{len(cells)} drawings, {grown} of them grown now in {minutes(clock['grow'])}.")
    for line in told:
        people.print(line, soft_wrap=True)
    people.print(
        f"Look at {written['picture']} and {written['page']}; all figures are in {folder / TABLE}, and "
        f"tensorboard --logdir {folder} shows the runs.",
        soft_wrap=True,
    )
    if show:
        typer.launch(written["page"])
    if json:
        emit_json(
            {
                "sweep": str(folder),
                **written,
                "table": str(folder / TABLE),
                "cells": len(cells),
                "grown": grown,
                "lowered": [asdict(one) for one in found],
                "timings_s": {name: round(seconds, 3) for name, seconds in clock.items()},
            }
        )


def _told(found: list[Lowered], weights: tuple[float, ...], channels: int) -> list[str]:
    """Where regularisation lowered exc_loss, as sentences; nothing where there is nothing to compare."""
    lines = []
    for weight in weights:
        if weight == 0 or 0 not in weights:
            continue
        here = [one for one in found if one.style_weight == weight]
        said = f"Style weight {weight:g} lowered exc_loss in {len(here)} of {channels} channels"
        named = ", ".join(f"{one.channel} ({one.without:.2f} to {one.with_style:.2f})" for one in here)
        lines.append(f"{said}: {named}.".replace("-", "−") if here else f"{said}.")
    return lines
