"""`plotbot generate`: art alone, as an SVG with one layer per pen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli import growing
from plotbot.cli.console import emit_json, people
from plotbot.cli.options import Json, Landscape, Margin, PaperSize, Pens, Seed
from plotbot.errors import BadInput

__all__ = ["generate"]


def generate(
    out: Annotated[Path, typer.Option("--out", "-o", help="The SVG to write.")] = Path("drawing.svg"),
    pens: Pens = None,
    channel: growing.Channel = None,
    neuron: growing.Neuron = None,
    classes: growing.Classes = None,
    layer: growing.Layer = None,
    network: growing.NetworkName = None,
    weights: growing.Weights = None,
    palette: growing.PaletteName = "pens",
    colors: growing.Colours = 5,
    allow_repeat: growing.AllowRepeat = False,
    pen_limit: growing.PenLimit = None,
    strokes: growing.Strokes = growing.DEFAULT_STROKES,
    steps: growing.Steps = growing.DEFAULT_STEPS,
    device: growing.Device = "auto",
    seed: Seed = 0,
    paper: PaperSize = None,
    landscape: Landscape = None,
    margin: Margin = None,
    json: Json = False,
) -> None:
    """Grow art that excites a network and write it as an SVG, one layer per pen; nothing is planned.

    [bold]Example[/bold]: plotbot generate --pens staedtler12 --channel 87 --out drawing.svg
    """
    from plotbot.cli.making import make_sheet  # noqa: PLC0415
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    settings, _ = load_settings()
    inventory = load_inventory(pens or settings.pens)
    sheet = make_sheet(settings, paper, landscape, margin)
    options = growing.ArtOptions(
        tuple(channel or ()),
        tuple(neuron or ()),
        tuple(classes or ()),
        layer,
        network or settings.network,
        weights,
        palette,
        colors,
        allow_repeat,
        pen_limit,
        strokes,
        steps,
        seed,
        device,
    )
    options.check(inventory)
    if out.suffix.lower() != ".svg":
        raise BadInput(f"--out {out} must end in .svg.")
    if not out.parent.is_dir():
        raise BadInput(f"There is no folder {out.parent} to write {out.name} to.")
    artwork, _ = growing.grow(options, inventory, sheet)
    from plotbot.drawing import write_svg  # noqa: PLC0415

    write_svg(growing.drawing_of(artwork, inventory, sheet), out, inventory)
    activations = artwork.activations
    people.print(
        f"Wrote {out}. Activation {activations.free:.2f} free, {activations.refitted:.2f} in real pens. "
        f"Plan it with: plotbot plan {out}",
        soft_wrap=True,
    )
    if json:
        emit_json(
            {
                "drawing": str(out),
                "strokes": len(artwork.pen_of),
                "activation": {
                    "free": activations.free,
                    "quantised": activations.quantised,
                    "refitted": activations.refitted,
                    "as_plotted": activations.as_plotted,
                },
                "timings_s": artwork.timings_s,
            }
        )
