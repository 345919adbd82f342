"""`plotbot plan`: from an SVG to a job, ready to be drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli.options import Json, Landscape, MachineName, Margin, Out, PaperSize, Pens

__all__ = ["plan"]


def plan(
    drawing: Annotated[Path, typer.Argument(help="An SVG, such as plotbot generate writes.")],
    pens: Pens = None,
    paper: PaperSize = None,
    landscape: Landscape = None,
    margin: Margin = None,
    fit: Annotated[
        bool, typer.Option("--fit", help="Scale it to fill the sheet.", rich_help_panel="Sheet")
    ] = False,
    out: Out = None,
    machine: MachineName = None,
    json: Json = False,
) -> None:
    """Plan a drawing for your pens and write the job folder; the same as draw with --dry-run.

    [bold]Example[/bold]: plotbot plan drawing.svg --pens staedtler12 --paper a4 --fit
    """
    from plotbot.cli.draw import draw  # noqa: PLC0415

    draw(
        drawing,
        pens=pens,
        paper=paper,
        landscape=landscape,
        margin=margin,
        fit=fit,
        out=out,
        machine=machine,
        dry_run=True,
        json=json,
    )
