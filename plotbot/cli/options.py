"""Options that several commands share, written once: single ones, and bundles (see `plotbot.cli.bundles`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plotbot.cli import completion

if TYPE_CHECKING:
    from plotbot.cli.plotting import Plotter
    from plotbot.config import Settings
    from plotbot.paper import Paper

__all__ = [
    "Colours",
    "Device",
    "DryRun",
    "Json",
    "MachineName",
    "Network",
    "Out",
    "Palette",
    "Pens",
    "PlotOptions",
    "Port",
    "Seed",
    "SheetOptions",
    "Steps",
    "Strokes",
    "Weights",
    "Yes",
]

_ART = "Art"
_SHEET = "Sheet"
_PLOT = "Plotting"

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout; text goes to stderr.")]
Pens = Annotated[
    str | None,
    typer.Option("--pens", "-p", help="Inventory of pens, by name or path.", autocompletion=completion.pens),
]
Seed = Annotated[int, typer.Option("--seed", help="Same seed, same machine: same drawing.")]
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

Network = Annotated[
    str | None,
    typer.Option(
        "--network",
        help="Network to excite; see plotbot networks.",
        rich_help_panel=_ART,
        autocompletion=completion.networks,
    ),
]
Weights = Annotated[
    Path | None, typer.Option("--weights", help="File of weights for the network.", rich_help_panel=_ART)
]
Palette = Annotated[
    Literal["pens", "learn", "mono"],
    typer.Option(
        "--palette",
        help="pens: in the tin's inks from the start; learn: free colours first, then the nearest pens, "
        "best with --steps 450; mono: the darkest pen alone.",
        rich_help_panel=_ART,
    ),
]
Colours = Annotated[
    int, typer.Option("--colors", help="--palette learn: how many colours.", rich_help_panel=_ART)
]
Strokes = Annotated[int, typer.Option("--strokes", help="How many strokes to grow.", rich_help_panel=_ART)]
Steps = Annotated[int, typer.Option("--steps", help="How many steps to improve them.", rich_help_panel=_ART)]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or mps.", rich_help_panel=_ART)]


@dataclass(frozen=True, slots=True)
class SheetOptions:
    """The paper, as typed."""

    paper: Annotated[
        str | None,
        typer.Option(
            "--paper",
            help="a4, a5, letter, … or 210x297mm.",
            rich_help_panel=_SHEET,
            autocompletion=completion.papers,
        ),
    ] = None
    landscape: Annotated[
        bool | None,
        typer.Option("--landscape/--portrait", help="Which way the sheet lies.", rich_help_panel=_SHEET),
    ] = None
    margin: Annotated[
        str | None,
        typer.Option("--margin", help="Kept empty on all sides: 15mm, 0.5in, …", rich_help_panel=_SHEET),
    ] = None

    def on(self, settings: Settings) -> Paper:
        """The sheet that these and the settings name; raises `BadInput`."""
        from plotbot.paper import Paper  # noqa: PLC0415

        return Paper.parse(
            self.paper or settings.paper,
            margin=self.margin or settings.margin,
            landscape=settings.landscape if self.landscape is None else self.landscape,
        )


@dataclass(frozen=True, slots=True)
class PlotOptions:
    """The machine and how the plot runs, as typed."""

    machine: MachineName = None
    port: Port = None
    driver: Annotated[
        str | None,
        typer.Option("--driver", help="AxiDraw: ebb (plotbot itself) or pyaxidraw.", rich_help_panel=_PLOT),
    ] = None
    speed: Annotated[
        float | None,
        typer.Option(
            "--speed",
            min=0,
            help="Virtual machine only: 1 is real time, 10 ten times that, 0 as fast as possible.",
            rich_help_panel=_PLOT,
        ),
    ] = None
    stop_after: Annotated[
        str | None,
        typer.Option(
            "--stop-after",
            help="Pause at the end of a stroke once so much time has gone by, e.g. 2h; exit code 4.",
            rich_help_panel=_PLOT,
        ),
    ] = None
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Follow the plot in the browser, at an address on this computer that it prints.",
            rich_help_panel=_PLOT,
        ),
    ] = False

    def check(self, *, moves: bool) -> None:
        """Refuse what cannot be when nothing moves, and what is no time; raises `BadInput`."""
        from plotbot.cli.plotting import check_live, stop_seconds  # noqa: PLC0415

        stop_seconds(self.stop_after, moves=moves)
        check_live(self.live, moves=moves)

    @property
    def stop_s(self) -> float | None:
        """Seconds after which the plot shall pause."""
        from plotbot.cli.plotting import stop_seconds  # noqa: PLC0415

        return stop_seconds(self.stop_after)

    def plotter(self, settings: Settings, *, machine: str | None = None, moves: bool = True) -> Plotter:
        """The plotter that these and the settings name; see `plotbot.cli.plotting.choose_plotter`.

        machine: one that goes before the settings', such as a job's.
        """
        from plotbot.cli.plotting import choose_plotter  # noqa: PLC0415

        return choose_plotter(
            self.machine or machine or settings.machine,
            port=self.port or settings.port,
            driver=self.driver,
            speed=self.speed,
            moves=moves,
        )
