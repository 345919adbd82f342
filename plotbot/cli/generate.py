"""`plotbot generate`: art alone, as an SVG with one layer per pen."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plotbot.cli import growing
from plotbot.cli.bundles import spelled_out
from plotbot.cli.console import emit_json, people
from plotbot.cli.growing import ArtOptions
from plotbot.cli.making import check_svg
from plotbot.cli.options import Json, Pens, SheetOptions
from plotbot.cli.pixelling import Ablate, PixelOptions, ablate_to, pixel_figures
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from plotbot.paper import Paper
    from plotbot.pens.model import Inventory

__all__ = ["generate"]


@spelled_out
def generate(
    grown: ArtOptions,
    pixels: PixelOptions,
    sheet_options: SheetOptions,
    out: Annotated[Path, typer.Option("--out", "-o", help="The SVG to write.")] = Path("drawing.svg"),
    pens: Pens = None,
    ablate: Ablate = False,
    json: Json = False,
) -> None:
    """Grow art that excites a network and write it as an SVG, one layer per pen; nothing is planned.

    [bold]Examples[/bold]

    plotbot generate --pens staedtler12 --channel 87 --out drawing.svg

    plotbot generate --channel 87 --style mondrian --style-weight 0,50,1000 --out bold.svg

    plotbot generate --channel 87 --paper a3 --landscape --scale 3x2 --out large.svg

    plotbot generate --channel 87 --tries 4 --out best_of_four.svg

    plotbot generate --mode pixels --channel 87 --ablate --out regions.svg
    """
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    settings, _ = load_settings()
    inventory = load_inventory(pens or settings.pens)
    sheet = sheet_options.on(settings)
    options = grown.settled(settings)
    several = bool(options.style) and len(options.style_weights()) > 1
    options.check(inventory, several_styles=not ablate)
    pixels.check(options)
    if ablate and pixels.mode != "pixels":
        raise BadInput("--ablate goes with --mode pixels, and not with strokes.")
    check_svg(out)
    if several:
        from plotbot.cli.comparing import compare_styles  # noqa: PLC0415

        report = compare_styles(options, pixels, inventory, sheet, out)
    else:
        report = _generate_one(options, pixels, inventory, sheet, out, ablate=ablate)
    if json:
        emit_json(report)


def _generate_one(
    options: ArtOptions,
    pixels: PixelOptions,
    inventory: Inventory,
    sheet: Paper,
    out: Path,
    *,
    ablate: bool,
) -> dict[str, Any]:
    from plotbot.drawing import write_svg  # noqa: PLC0415

    tricks: dict[str, Any] = {}
    if ablate:
        pictures = out.with_name(f"{out.stem}-ablation.png")
        artwork, grown_with, tricks = ablate_to(pictures, options, pixels, inventory, sheet)
    else:
        artwork, grown_with = growing.grow(options, inventory, sheet, pixels)
    write_svg(growing.drawing_of(artwork, inventory, sheet), out, inventory)
    activations, learned = artwork.activations, artwork.quantisation
    people.print(
        f"Wrote {out}. Activation {activations.free:.2f} free, {activations.quantised:.2f} with real pens, "
        f"{activations.refitted:.2f} refined, {activations.as_plotted:.2f} as plotted. "
        f"Plan it with: plotbot plan {out}",
        soft_wrap=True,
    )
    return {
        "drawing": str(out),
        "strokes": len(artwork.polylines()),
        "pens": sorted(artwork.by_pen()),
        "activation": asdict(activations) | pixel_figures(artwork),
        "colour": learned and {"mean": round(learned.mean, 3), "p95": round(learned.p95, 3)},
        **growing.scale_and_tries(artwork, grown_with),
        "ended": artwork.ended,
        **tricks,
        "timings_s": artwork.timings_s,
    }
