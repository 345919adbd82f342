"""Many small drawings from a command: options of the cells, progress with time left, and the sheets."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plotbot.cli import completion
from plotbot.cli.console import minutes, people
from plotbot.cli.growing import torch_device
from plotbot.cli.making import stage
from plotbot.cli.options import Colours, Device, Network, Palette, Steps, Strokes, Weights
from plotbot.errors import BadInput, Cancelled

if TYPE_CHECKING:
    from plotbot.art.experiments.cell import Cell, Result, Setup
    from plotbot.art.experiments.grid import CellFolder
    from plotbot.art.networks import Description
    from plotbot.config import Settings
    from plotbot.preview.contact_sheet import Tile

__all__ = ["CellOptions", "Experiment", "grow_missing", "open_experiment", "tiles_of", "write_sheets"]

_ART = "Art"
_WORK = "Work"

PICTURE, PAGE = "sheet.png", "sheet.html"


@dataclass(frozen=True, slots=True)
class CellOptions:
    """What each small drawing is grown with, and who grows it, as typed."""

    layer: Annotated[
        str | None,
        typer.Option(
            "--layer",
            help="Layer of the channels; see plotbot networks.",
            rich_help_panel=_ART,
            autocompletion=completion.layers,
        ),
    ] = None
    network: Network = None
    weights: Weights = None
    palette: Palette = "pens"
    colours: Colours = 5
    pen_limit: Annotated[
        int | None,
        typer.Option("--pen-limit", help="Use at most that many pens of the tin.", rich_help_panel=_ART),
    ] = None
    strokes: Strokes = 300
    steps: Steps = 150
    size: Annotated[
        str, typer.Option("--size", help="Side of the square each is drawn on.", rich_help_panel=_ART)
    ] = "60mm"
    view: Annotated[
        int,
        typer.Option("--view", help="Pixels along that side, as the network sees it.", rich_help_panel=_ART),
    ] = 160
    device: Device = "auto"
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            help="Processes that grow drawings side by side. [dim]Default: one per core[/dim]",
            rich_help_panel=_WORK,
        ),
    ] = None
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            help="Grow them on a Dask cluster: tcp://HOST:8786. Needs plotbot\\[cluster].",
            rich_help_panel=_WORK,
        ),
    ] = None

    def check(self) -> None:
        """Raise `BadInput` for options that do not go together or are out of range."""
        if self.workers is not None and self.scheduler is not None:
            raise BadInput("Say --workers for this machine or --scheduler for a cluster, not both.")
        if self.workers is not None and not 1 <= self.workers <= 1024:
            raise BadInput(f"--workers {self.workers} is out of range; it must be 1 to 1024.")
        if self.weights is not None and not self.weights.is_file():
            raise BadInput(f"There is no weights file {self.weights}.")
        if self.pen_limit is not None and self.palette != "pens":
            raise BadInput(f"--pen-limit goes with --palette pens, not {self.palette}.")

    def described(self, settings: Settings) -> tuple[Description, str]:
        """The network and the layer that these and the settings name; raises `BadInput`."""
        from plotbot.art.networks import check_layer, describe  # noqa: PLC0415

        description = describe(self.network or settings.network)
        layer = self.layer or description.default_layer
        check_layer(description, layer)
        return description, layer


@dataclass(frozen=True)
class Experiment:
    """A folder of cells, and how a person asks for one of them large."""

    store: CellFolder
    pens: str
    style: str | None

    @property
    def folder(self) -> Path:
        """Where everything is written."""
        return self.store.folder

    def command(self, cell: Cell) -> str:
        """What draws the same motif large."""
        setup = self.store.setup
        words = ["plotbot", "draw", "--pens", self.pens]
        if setup.network != "embedded":
            words += ["--network", setup.network]
        if setup.weights is not None:
            words += ["--weights", str(setup.weights)]
        words += ["--layer", setup.layer, "--channel", str(cell.channel), "--seed", str(cell.seed)]
        if setup.palette != "pens":
            words += ["--palette", setup.palette]
        if setup.palette == "learn":
            words += ["--colors", str(setup.colours)]
        if setup.pen_limit is not None:
            words += ["--pen-limit", str(setup.pen_limit)]
        if cell.style_weight and self.style:
            words += ["--style", self.style, "--style-weight", f"{cell.style_weight:g}"]
            words += [word for layer in setup.style_layers for word in ("--style-layer", layer)]
        return shlex.join([*words, "--dry-run"])


@contextmanager
def open_experiment(
    options: CellOptions,
    settings: Settings,
    folder: Path,
    *,
    pens: str | None,
    style: str | None = None,
    style_layers: Sequence[str] = (),
) -> Iterator[Experiment]:
    """The experiment in `folder`, held for this process alone; everything is checked before anything slow.

    style: a picture file or ``mondrian``, for cells that have a style weight.
    """
    # Threads that wait must sleep; OpenMP reads this once, when torch is first imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from plotbot.job.lock import job_lock  # noqa: PLC0415
    from plotbot.paper import parse_length  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    description, layer = options.described(settings)
    tin = pens or settings.pens
    inventory = load_inventory(tin)
    side = parse_length(options.size, "--size")
    _check_folder(folder)
    if options.weights is None and not description.available:
        from plotbot.art.networks import fetch_weights  # noqa: PLC0415

        people.print(f"Downloading the weights of {description.name}.")
        fetch_weights(description.name)  # with a bar of its own
    with stage("Waking the network…"):
        import numpy as np  # noqa: PLC0415

        from plotbot.art.experiments.cell import Cell, Setup  # noqa: PLC0415
        from plotbot.art.experiments.grid import CellFolder  # noqa: PLC0415
        from plotbot.art.networks import check_layer, open_network  # noqa: PLC0415
        from plotbot.art.style import style_layers as usual_layers  # noqa: PLC0415
        from plotbot.art.style import style_picture  # noqa: PLC0415

        for named in style_layers:
            check_layer(description, named)
        setup = Setup(
            inventory,
            layer,
            description.name,
            open_network(description.name, [layer], weights=options.weights).weights_sha256,
            weights=options.weights,
            palette=options.palette,
            pen_limit=options.pen_limit,
            colours=options.colours,
            side_mm=side,
            view_px=options.view,
            strokes=options.strokes,
            steps=options.steps,
            device=torch_device(options.device),
            style=None if style is None else np.rint(style_picture(style) * 255).astype(np.uint8),
            style_layers=() if style is None else tuple(style_layers) or usual_layers(description),
        )
        setup.settings(Cell(0)).check()
    # By this a later run knows the folder as its own, even where this one gets no further.
    (folder / "cells").mkdir(parents=True, exist_ok=True)
    with job_lock(folder / "lock", str(folder), "worked on"):
        store = CellFolder(folder, setup)
        store.clear_up()
        yield Experiment(store, tin, style)


def grow_missing(experiment: Experiment, cells: Sequence[Cell], options: CellOptions) -> int:
    """Grow the cells that are not finished, and say how many that were.

    Ctrl-C keeps what is finished and raises `Cancelled`.
    """
    from plotbot.art.compiled import compile_apart, needs_compiling  # noqa: PLC0415
    from plotbot.art.experiments.pool import grow_cells  # noqa: PLC0415

    store = experiment.store
    missing = store.missing(cells)
    before = len(cells) - len(missing)
    if before and missing:
        people.print(f"{before} of {len(cells)} drawings are finished; growing the other {len(missing)}.")
    if not missing:
        return 0
    if options.scheduler is None and needs_compiling():
        people.print("Compiling the renderer; this happens once and takes about half a minute.")
        compile_apart()
    grown = 0
    try:
        with _progress(len(cells), before) as done:
            for cell, files in grow_cells(
                store.setup, missing, workers=_workers(options, store.setup), scheduler=options.scheduler
            ):
                store.save(cell, files)
                grown += 1
                done()
    except KeyboardInterrupt:
        raise Cancelled(
            f"Stopped with {before + grown} of {len(cells)} drawings finished, in {experiment.folder}. "
            "The same command goes on."
        ) from None
    return grown


def tiles_of(experiment: Experiment, results: Sequence[Result], *, styled: bool = False) -> list[Tile]:
    """A tile for every finished cell; styled: tell by how much the style counted and how near it came."""
    from plotbot.preview.contact_sheet import Tile  # noqa: PLC0415

    tiles = []
    for one in results:
        note = f"weight {one.style_weight:g} · seed {one.seed}" if styled else ""
        figures: dict[str, float | None] = {"activation": one.activation["as_plotted"]}
        if styled:
            figures |= {"exc_loss": one.exc_loss, "distance from the style": one.style}
            figures |= {"style weight": one.style_weight}
        figures |= {"channel": float(one.channel), "ink in m": one.ink_m}
        tiles.append(
            Tile(
                experiment.store.picture(one.cell),
                str(one.channel),
                note,
                figures,
                experiment.command(one.cell),
            )
        )
    return tiles


def write_sheets(
    folder: Path, tiles: Sequence[Tile], title: str, lines: Sequence[str] = (), together: int = 1
) -> dict[str, Any]:
    """Write the contact sheet as a picture and as a page; returns where they are, for JSON."""
    from plotbot.preview.contact_sheet import write_sheet_page, write_sheet_picture  # noqa: PLC0415

    with stage("Laying out the sheet…"):
        try:
            write_sheet_picture(folder / PICTURE, tiles, together)
            write_sheet_page(folder / PAGE, tiles, title, lines)
        except OSError as error:
            raise BadInput(f"The sheet in {folder} cannot be written: {error.strerror or error}.") from error
    return {"picture": str(folder / PICTURE), "page": str(folder / PAGE)}


def _check_folder(folder: Path) -> None:
    """Refuse a place that holds something else, before anything slow."""
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is no folder; name a new one with --out.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / "cells").is_dir():
        raise BadInput(
            f"{folder} holds other things; name a new folder with --out, such as {folder / 'sheet'}."
        )


def _workers(options: CellOptions, setup: Setup) -> int:
    if options.workers is not None:
        return options.workers
    import joblib  # noqa: PLC0415

    return 1 if setup.device != "cpu" else int(joblib.cpu_count())


@contextmanager
def _progress(count: int, before: int) -> Iterator[Callable[[], None]]:
    """A bar with the time left; without a terminal a line every ten seconds. Call what is given per cell."""
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    said = first = time.monotonic()
    finished = before
    with Progress(
        TextColumn("Growing"),
        BarColumn(bar_width=None),
        TextColumn("{task.completed} of {task.total} drawings"),
        TextColumn("{task.fields[left]} left"),
        console=people,
        transient=True,
        expand=True,
        disable=not people.is_terminal,
    ) as bars:
        task = bars.add_task("", total=count, completed=before, left="…")

        def done() -> None:
            nonlocal finished, first, said
            finished += 1
            now = time.monotonic()
            if finished == before + 1:  # until then workers were starting
                first = now
                bars.update(task, completed=finished)
                return
            left = minutes((now - first) / (finished - before - 1) * (count - finished))
            bars.update(task, completed=finished, left=left)
            if not people.is_terminal and now - said > 10:
                said = now
                people.print(f"{finished} of {count} drawings, {left} left")

        yield done
