"""`plotbot plan`: from an SVG to a job, ready to be drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli.bundles import spelled_out
from plotbot.cli.console import emit_json
from plotbot.cli.options import Json, MachineName, Out, Pens, SheetOptions
from plotbot.cli.planning import Planning
from plotbot.cli.reading import OwnArt, PlacementOptions
from plotbot.errors import BadInput

__all__ = ["plan"]


@spelled_out
def plan(
    drawing: Annotated[Path, typer.Argument(help="An SVG, such as plotbot generate writes.")],
    sheet: SheetOptions,
    planning: Planning,
    place: PlacementOptions,
    pens: Pens = None,
    sheets: Annotated[
        str | None,
        typer.Option(
            "--sheets",
            help="Spread it over several sheets, columns by rows, e.g. 2x3: a job for each, with crop marks.",
            rich_help_panel="Sheet",
        ),
    ] = None,
    out: Out = None,
    machine: MachineName = None,
    json: Json = False,
) -> None:
    """Plan a drawing for your pens and write the job folder; the same as draw with --dry-run.

    [bold]Example[/bold]: plotbot plan drawing.svg --pens staedtler12 --paper a4 --fit
    """
    if sheets is not None:
        from plotbot.cli.tiling import plan_sheets  # noqa: PLC0415
        from plotbot.config import load_settings  # noqa: PLC0415

        if place not in (PlacementOptions(), PlacementOptions(fit=place.fit)):
            raise BadInput(
                "--sheets spreads a drawing over whole sheets; of the placement, only --fit goes with it."
            )
        report = plan_sheets(
            drawing,
            sheets,
            load_settings()[0],
            sheet,
            planning,
            pens=pens,
            fit=bool(place.fit),
            out=out,
            machine=machine,
        )
        if json:
            emit_json(report)
        return

    from plotbot.cli.draw import draw_art  # noqa: PLC0415
    from plotbot.cli.growing import ArtOptions  # noqa: PLC0415
    from plotbot.cli.options import PlotOptions  # noqa: PLC0415
    from plotbot.cli.pixelling import PixelOptions  # noqa: PLC0415

    draw_art(
        [drawing],
        pens,
        ArtOptions(),
        PixelOptions(),
        sheet,
        OwnArt(),
        place,
        PlotOptions(machine=machine),
        planning,
        out=out,
        dry_run=True,
        json=json,
    )
