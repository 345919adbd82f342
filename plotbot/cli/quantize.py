"""`plotbot quantize`: a person's own pictures in pens, as an SVG with one layer per pen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli.bundles import spelled_out
from plotbot.cli.console import emit_json, minutes, people
from plotbot.cli.making import check_svg
from plotbot.cli.options import Json, MachineName, Pens, Seed, SheetOptions
from plotbot.cli.reading import OwnArt, PlacementOptions, read_files

__all__ = ["quantize"]


@spelled_out
def quantize(
    art: Annotated[list[Path], typer.Argument(help="Photographs or SVGs.")],
    own: OwnArt,
    place: PlacementOptions,
    sheet: SheetOptions,
    out: Annotated[Path, typer.Option("--out", "-o", help="The SVG to write.")] = Path("drawing.svg"),
    pens: Pens = None,
    machine: MachineName = None,
    seed: Seed = 0,
    json: Json = False,
) -> None:
    """Turn photographs and SVGs into strokes of your pens and write them as an SVG; nothing is planned.

    [bold]Examples[/bold]

    plotbot quantize photo.jpg --pens staedtler12 --out drawing.svg

    plotbot quantize photo.jpg --marks flow+lines --refine

    plotbot quantize a.jpg b.svg --svg-mode faithful --grid 2x1
    """
    from plotbot.cli.plotting import choose_plotter  # noqa: PLC0415
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.drawing import sources, write_svg  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    settings, _ = load_settings()
    inventory = load_inventory(pens or settings.pens)
    paper = sheet.on(settings)
    profile = choose_plotter(machine or settings.machine, moves=False).profile
    options = own.options(art, place, profile.timing(), seed)
    check_svg(out)
    read = read_files(art, inventory, paper, options)
    write_svg(read.drawing, out, inventory)
    drawn = [one for one in sources(read.drawing) if not one.drop]
    used = len({one.pen for one in drawn})
    seconds = sum(one.get("seconds", 0.0) for one in read.figures)
    people.print(
        f"Wrote {out}: {len(drawn)} strokes of {used} pen{'s' if used != 1 else ''}."
        + (f" About {minutes(seconds)} to plot." if seconds else ""),
        *(f"{one['art']}: mean ΔE00 {one['drawn']['mean']:.1f}." for one in read.figures if "drawn" in one),
        f"Plan it with: plotbot plan {out}",
        soft_wrap=True,
    )
    if json:
        emit_json(
            {
                "drawing": str(out),
                "strokes": len(drawn),
                "pens": sorted({one.pen for one in drawn}),
                "files": list(read.figures),
            }
        )
