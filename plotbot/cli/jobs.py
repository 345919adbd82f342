"""`plotbot jobs` and `plotbot resume`: what was begun, and going on with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli import completion
from plotbot.cli.bundles import spelled_out
from plotbot.cli.console import emit_json, people, results
from plotbot.cli.options import Json, PlotOptions, Yes

__all__ = ["jobs", "resume"]


def jobs(
    folder: Annotated[Path | None, typer.Argument(help="Folder of jobs.", show_default="./jobs")] = None,
    json: Json = False,
) -> None:
    """List the jobs, last used first: how far each is and how it ended.

    [bold]Example[/bold]: plotbot jobs
    """
    from rich.table import Table  # noqa: PLC0415

    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.job.listing import find_jobs  # noqa: PLC0415

    place = folder or load_settings()[0].jobs
    found = find_jobs(place)
    if json:
        emit_json(
            {
                "jobs": [
                    {
                        "job": str(one.folder),
                        "state": one.state,
                        "title": one.title,
                        "strokes": one.strokes,
                        "executed": one.executed,
                        "last_used": one.last_used.isoformat() if one.last_used else None,
                        "how_ended": one.how_ended,
                        "problem": one.problem,
                    }
                    for one in found
                ]
            }
        )
        return
    if not found:
        results.print(f"There are no jobs in {place}. Make one: plotbot draw --pens staedtler12 --channel 87")
        return
    table = Table("Job", "State", "Strokes", "Last used", box=None, pad_edge=False)
    colours = {"done": "green", "unfinished": "yellow", "broken": "red", "plotting": "cyan"}
    for one in found:
        colour = colours.get(one.state, "default")
        state = f"[{colour}]{one.state}[/{colour}]"
        if one.how_ended and one.state == "unfinished":
            state += f", {one.how_ended}"
        strokes = "" if one.strokes is None else f"{one.executed}/{one.strokes}"
        used = one.last_used.astimezone().strftime("%Y-%m-%d %H:%M") if one.last_used else ""
        table.add_row(one.folder.name, state, strokes, used)
    results.print(table)
    for one in found:
        if one.problem:
            people.print(f"[red]{one.folder.name}[/red]: {one.problem}", soft_wrap=True)


@spelled_out
def resume(
    plot: PlotOptions,
    job: Annotated[
        Path | None,
        typer.Argument(
            help="Job folder.", show_default="the last unfinished job", autocompletion=completion.jobs
        ),
    ] = None,
    from_stroke: Annotated[
        int | None, typer.Option("--from-stroke", help="Draw from this stroke on, again where it is ink.")
    ] = None,
    to_stroke: Annotated[int | None, typer.Option("--to-stroke", help="Draw nothing after this one.")] = None,
    from_pen: Annotated[
        str | None, typer.Option("--from-pen", help="Draw from this pen's first stroke on.")
    ] = None,
    pen: Annotated[str | None, typer.Option("--pen", help="Draw only with this pen.")] = None,
    redo_last: Annotated[
        str, typer.Option("--redo-last", help="Draw the last ink again, e.g. 5mm, where a pen skipped.")
    ] = "0mm",
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Go on with a job where the ink stopped: the same frozen plan, never a new one.

    [bold]Examples[/bold]: plotbot resume · plotbot resume jobs/NAME --redo-last 5mm ·
    plotbot resume --pen 20 --from-stroke 118
    """
    from plotbot.cli.plotting import plot_job  # noqa: PLC0415
    from plotbot.cli.prompts import check_answerable  # noqa: PLC0415
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.job.folder import open_job  # noqa: PLC0415
    from plotbot.job.listing import last_unfinished  # noqa: PLC0415
    from plotbot.job.selection import Selection  # noqa: PLC0415
    from plotbot.paper import parse_length  # noqa: PLC0415

    settings, _ = load_settings()
    selection = Selection(from_stroke, from_pen, to_stroke, pen, parse_length(redo_last, "--redo-last"))
    plot.check(moves=True)
    opened = open_job(job) if job else last_unfinished(settings.jobs)
    plotter = plot.plotter(settings, machine=opened.about.settings.get("machine"))
    check_answerable(hardware=plotter.hardware, yes=yes, json=json)
    people.print(f"Going on with {opened.folder.name}", soft_wrap=True)
    outcome = plot_job(opened, plotter, yes=yes, selection=selection, stop_s=plot.stop_s, live=plot.live)
    if json:
        emit_json({"job": str(opened.folder), "plan_hash": opened.about.plan_hash, "plot": outcome})
