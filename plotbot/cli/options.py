"""Options that several commands share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from plotbot.cli import completion

__all__ = [
    "DriverName",
    "DropCovered",
    "DryRun",
    "HandlingName",
    "JoinHatch",
    "JoinUnder",
    "Json",
    "KeepOrder",
    "Landscape",
    "Live",
    "MachineName",
    "Margin",
    "Merge",
    "NoMerge",
    "Optimize",
    "Out",
    "PaperSize",
    "PenOrderName",
    "Pens",
    "Port",
    "Seed",
    "Speed",
    "SplitDry",
    "StopAfter",
    "Ticks",
    "Yes",
]

_SHEET = "Sheet"
_PLOT = "Plotting"
_PLAN = "Planning"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout; text goes to stderr.")]
Pens = Annotated[
    str | None,
    typer.Option("--pens", "-p", help="Inventory of pens, by name or path.", autocompletion=completion.pens),
]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same machine: same drawing.")]
PaperSize = Annotated[
    str | None,
    typer.Option(
        "--paper",
        help="a4, a5, letter, … or 210x297mm.",
        rich_help_panel=_SHEET,
        autocompletion=completion.papers,
    ),
]
Landscape = Annotated[
    bool | None,
    typer.Option("--landscape/--portrait", help="Which way the sheet lies.", rich_help_panel=_SHEET),
]
Margin = Annotated[
    str | None,
    typer.Option("--margin", help="Kept empty on all sides: 15mm, 0.5in, …", rich_help_panel=_SHEET),
]
Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="The job folder to make. [dim]Default: a new one in ./jobs[/dim]"),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", "--preview", help="Plan and show everything, open no port, move nothing."),
]
Yes = Annotated[
    bool,
    typer.Option("--yes", "-y", help="Answer prompts where that is safe; never a pen swap on hardware."),
]
MachineName = Annotated[
    str | None,
    typer.Option(
        "--machine",
        "-m",
        help="Machine profile, by name or path.",
        rich_help_panel=_PLOT,
        autocompletion=completion.machines,
    ),
]
Port = Annotated[
    str | None, typer.Option("--port", help="Serial port of the plotter.", rich_help_panel=_PLOT)
]
DriverName = Annotated[
    str | None,
    typer.Option("--driver", help="AxiDraw: ebb (plotbot itself) or pyaxidraw.", rich_help_panel=_PLOT),
]
Speed = Annotated[
    float | None,
    typer.Option(
        "--speed",
        min=0,
        help="Virtual machine only: 1 is real time, 10 ten times that, 0 as fast as possible.",
        rich_help_panel=_PLOT,
    ),
]
Live = Annotated[
    bool,
    typer.Option(
        "--live",
        help="Follow the plot in the browser, at an address on this computer that it prints.",
        rich_help_panel=_PLOT,
    ),
]
StopAfter = Annotated[
    str | None,
    typer.Option(
        "--stop-after",
        help="Pause at the end of a stroke once so much time has gone by, e.g. 2h; exit code 4.",
        rich_help_panel=_PLOT,
    ),
]
Optimize = Annotated[
    str | None,
    typer.Option(
        "--optimize",
        help="Search so much longer for a faster order, e.g. 10s.",
        rich_help_panel=_PLAN,
    ),
]
HandlingName = Annotated[
    Literal["technical", "sketch", "handwriting"] | None,
    typer.Option(
        "--handling",
        help="Speeds and cornering to keep to; where the machine's own limits are lower, they hold.",
        rich_help_panel=_PLAN,
    ),
]
PenOrderName = Annotated[
    Literal["auto", "light-first", "dark-first", "given"] | None,
    typer.Option(
        "--pen-order",
        help="auto: what keeps nibs and ink cleanest; given: the drawing's own. [dim]Default: auto[/dim]",
        rich_help_panel=_PLAN,
    ),
]
Merge = Annotated[
    str | None,
    typer.Option(
        "--merge",
        help="Join ends this near, never wider apart than the pen. [dim]Default: 0.3mm[/dim]",
        rich_help_panel=_PLAN,
    ),
]
NoMerge = Annotated[bool, typer.Option("--no-merge", help="Join no ends.", rich_help_panel=_PLAN)]
KeepOrder = Annotated[
    bool,
    typer.Option(
        "--keep-order",
        help="Draw each pen's strokes in the file's order and direction, and merge none.",
        rich_help_panel=_PLAN,
    ),
]
JoinUnder = Annotated[
    str | None,
    typer.Option(
        "--join-under",
        help="Draw on without lifting over gaps up to this long that lie under ink of the same pen.",
        rich_help_panel=_PLAN,
    ),
]
JoinHatch = Annotated[
    str | None,
    typer.Option(
        "--join-hatch",
        help="Draw on where a hatch line turns back beside the next, up to this far; that ink shows.",
        rich_help_panel=_PLAN,
    ),
]
SplitDry = Annotated[
    bool,
    typer.Option(
        "--split-dry",
        help="Plan a change to a fresh pen where the ink ledger says that one will run dry.",
        rich_help_panel=_PLAN,
    ),
]
Ticks = Annotated[
    bool,
    typer.Option(
        "--ticks",
        help="Every pen first draws a cross in the margin, to see whether it sits as the others do.",
        rich_help_panel=_PLAN,
    ),
]
DropCovered = Annotated[
    bool,
    typer.Option(
        "--drop-covered",
        help="Leave out strokes that lie wholly under others of the same pen.",
        rich_help_panel=_PLAN,
    ),
]
