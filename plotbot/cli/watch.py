"""`plotbot watch`: follow a plot of another terminal in the browser, and pause it from there."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli import completion
from plotbot.cli.console import people, results

__all__ = ["watch"]


def watch(
    job: Annotated[Path, typer.Argument(help="Job folder.", autocompletion=completion.jobs)],
    host: Annotated[
        str, typer.Option("--host", help="Address to serve at; anything but loopback lets others in.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Port to serve at; 0 takes a free one.")
    ] = 0,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Serve the report of a job that is being plotted, with buttons to pause and to go on.

    The page follows the journal of the plot, wherever that runs on this computer; it ends with Ctrl-C,
    and the plot does not. The address holds a secret: who knows it can pause the plot.

    [bold]Example[/bold]: plotbot watch jobs/NAME --open
    """
    from plotbot.cli.watching import live_report, planned_for  # noqa: PLC0415
    from plotbot.job.folder import open_job  # noqa: PLC0415

    followed = open_job(job)
    with live_report(followed, host=host, port=port, profile=planned_for(followed)) as at:
        results.print(at.url, soft_wrap=True)
        people.print("Ctrl-C ends watching; the plot goes on.")
        if show:
            typer.launch(at.url)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            people.print("\nNo longer watching.")
