"""`plotbot plan`: from an SVG to a job, ready to be drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli.console import emit_json
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
    Ticks,
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
    optimize: Optimize = None,
    handling: HandlingName = None,
    pen_order: PenOrderName = None,
    merge: Merge = None,
    no_merge: NoMerge = False,
    keep_order: KeepOrder = False,
    join_under: JoinUnder = None,
    join_hatch: JoinHatch = None,
    drop_covered: DropCovered = False,
    ticks: Ticks = False,
    split_dry: SplitDry = False,
    json: Json = False,
) -> None:
    """Plan a drawing for your pens and write the job folder; the same as draw with --dry-run.

    [bold]Example[/bold]: plotbot plan drawing.svg --pens staedtler12 --paper a4 --fit
    """
    if sheets is not None:
        from plotbot.cli.planning import Planning  # noqa: PLC0415
        from plotbot.cli.tiling import plan_sheets  # noqa: PLC0415
        from plotbot.config import load_settings  # noqa: PLC0415

        report = plan_sheets(
            drawing,
            sheets,
            load_settings()[0],
            Planning(
                optimize,
                handling,
                pen_order,
                merge,
                no_merge,
                keep_order,
                join_under,
                join_hatch,
                drop_covered,
                split_dry,
                ticks,
            ),
            pens=pens,
            paper=(paper, landscape, margin),
            fit=fit,
            out=out,
            machine=machine,
        )
        if json:
            emit_json(report)
        return

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
        ticks=ticks,
        split_dry=split_dry,
        dry_run=True,
        json=json,
    )
