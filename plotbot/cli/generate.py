"""`plotbot generate`: art alone, as an SVG with one layer per pen."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli import growing
from plotbot.cli.bundles import spelled_out
from plotbot.cli.console import emit_json, people
from plotbot.cli.growing import ArtOptions
from plotbot.cli.making import check_svg
from plotbot.cli.options import Json, Pens, SheetOptions

__all__ = ["generate"]


@spelled_out
def generate(
    grown: ArtOptions,
    sheet_options: SheetOptions,
    out: Annotated[Path, typer.Option("--out", "-o", help="The SVG to write.")] = Path("drawing.svg"),
    pens: Pens = None,
    json: Json = False,
) -> None:
    """Grow art that excites a network and write it as an SVG, one layer per pen; nothing is planned.

    [bold]Example[/bold]: plotbot generate --pens staedtler12 --channel 87 --out drawing.svg
    """
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    settings, _ = load_settings()
    inventory = load_inventory(pens or settings.pens)
    sheet = sheet_options.on(settings)
    options = grown.settled(settings)
    options.check(inventory)
    check_svg(out)
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
