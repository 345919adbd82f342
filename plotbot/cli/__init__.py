"""The command line: parse, call, print. One module per command, heavy imports inside the commands."""

from __future__ import annotations

import signal
import sys

import typer

from plotbot.cli import (
    atlas,
    config,
    console,
    doctor,
    draw,
    export,
    gallery,
    generate,
    jobs,
    machine,
    networks,
    pens,
    plan,
    preview,
    quantize,
    setup,
    sweep,
    watch,
)
from plotbot.errors import Cancelled, PlotbotError

__all__ = ["app", "main"]

app = typer.Typer(
    name="plotbot",
    help="Turns a neuron into ink: art that excites one channel of a neural network, drawn with your pens.",
    epilog="Start with: plotbot draw --pens staedtler12 --channel 87 --dry-run",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(rich_help_panel="Make")(draw.draw)
app.command(rich_help_panel="Make")(generate.generate)
app.command(rich_help_panel="Make")(quantize.quantize)
app.command(rich_help_panel="Make")(plan.plan)
app.command(rich_help_panel="Explore")(atlas.atlas)
app.command(rich_help_panel="Explore")(sweep.sweep)
app.command(rich_help_panel="Make")(preview.preview)
app.command(rich_help_panel="Make")(export.export)
app.command(rich_help_panel="Plot")(jobs.resume)
app.command(rich_help_panel="Plot")(jobs.jobs)
app.command(rich_help_panel="Plot")(watch.watch)
app.command(rich_help_panel="Plot")(gallery.gallery)
app.add_typer(machine.app, name="machine", rich_help_panel="Plot")
app.add_typer(pens.app, name="pens", rich_help_panel="Look up")
app.command(rich_help_panel="Look up")(networks.networks)
app.command(rich_help_panel="Set up")(setup.setup)
app.add_typer(config.app, name="config", rich_help_panel="Set up")
app.command(rich_help_panel="Set up")(doctor.doctor)


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Show the version and leave.", is_eager=True),
) -> None:
    if version:
        from importlib.metadata import version as installed  # noqa: PLC0415

        typer.echo(f"plotbot {installed('plotbot')}")
        raise typer.Exit


def main() -> None:
    """Run plotbot; the one place where an error is printed and becomes an exit code."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A script's shell starts what it puts in the background deaf to Ctrl-C; a plot must hear it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except PlotbotError as error:
        console.report_error(error)
        sys.exit(error.exit_code)
    except SystemExit as ended:
        if ended.code == Cancelled.exit_code:  # Ctrl-C where nobody had more to say; Typer made it an exit
            console.people.print("Stopped.")
        raise
