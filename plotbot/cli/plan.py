"""`plotbot plan`: from an SVG to a job, ready to be drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli.options import (
    DropCovered,
    HandlingName,
    JoinHatch,
    JoinUnder,
    Json,
    KeepOrder,
    Landscape,
    MachineName,
    Margin,
    Merge,
    NoMerge,
    Optimize,
    Out,
    PaperSize,
    PenOrderName,
    Pens,
    SplitDry,
)

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
    optimize: Optimize = None,
    handling: HandlingName = None,
    pen_order: PenOrderName = None,
    merge: Merge = None,
    no_merge: NoMerge = False,
    keep_order: KeepOrder = False,
    join_under: JoinUnder = None,
    join_hatch: JoinHatch = None,
    drop_covered: DropCovered = False,
    split_dry: SplitDry = False,
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
        optimize=optimize,
        handling=handling,
        pen_order=pen_order,
        merge=merge,
        no_merge=no_merge,
        keep_order=keep_order,
        join_under=join_under,
        join_hatch=join_hatch,
        drop_covered=drop_covered,
        split_dry=split_dry,
        dry_run=True,
        json=json,
    )
