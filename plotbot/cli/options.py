"""Options that several commands share, written once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "DriverName",
    "DryRun",
    "Json",
    "Landscape",
    "MachineName",
    "Margin",
    "Out",
    "PaperSize",
    "Pens",
    "Port",
    "Seed",
    "Speed",
    "Yes",
]

_SHEET = "Sheet"
_PLOT = "Plotting"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout; text goes to stderr.")]
Pens = Annotated[str | None, typer.Option("--pens", "-p", help="Inventory of pens, by name or path.")]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same machine: same drawing.")]
PaperSize = Annotated[
    str | None,
    typer.Option("--paper", help="a4, a5, letter, … or 210x297mm.", rich_help_panel=_SHEET),
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
    typer.Option("--machine", "-m", help="Machine profile, by name or path.", rich_help_panel=_PLOT),
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
