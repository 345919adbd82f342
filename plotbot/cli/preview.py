"""`plotbot preview`: what a job will look like, as PNG, SVG or HTML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from plotbot.cli.console import emit_json, people
from plotbot.cli.options import Json
from plotbot.errors import BadInput

__all__ = ["preview"]

SUFFIXES = (".png", ".html")


def preview(
    job: Annotated[Path, typer.Argument(help="A job folder.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Picture to write: .png or .html.", show_default="JOB/preview.png"),
    ] = None,
    dpi: Annotated[float, typer.Option("--dpi", min=10, max=2400, help="Resolution of a PNG.")] = 300,
    show: Annotated[bool, typer.Option("--open", help="Open it when it is written.")] = False,
    json: Json = False,
) -> None:
    """Render a job through the ink model on its paper, at the width of its pens.

    [bold]Examples[/bold]: plotbot preview jobs/NAME --dpi 600 · plotbot preview jobs/NAME -o plot.html --open
    """
    from plotbot.job.folder import open_job  # noqa: PLC0415
    from plotbot.preview.picture import render_plan, write_png  # noqa: PLC0415
    from plotbot.preview.report import write_report  # noqa: PLC0415

    opened = open_job(job)
    target = out or opened.path("preview.png")
    if target.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{target.name} must end in {' or '.join(SUFFIXES)}.")
    if not target.parent.is_dir():
        raise BadInput(f"There is no folder {target.parent} to write {target.name} to.")
    plan = opened.plan
    title = opened.about.title or opened.folder.name
    try:
        if target.suffix.lower() == ".html":
            write_report(target, plan, title=title)
        else:
            write_png(target, render_plan(plan, dpi / 25.4), dpi, [("Title", title)])
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror or error}.") from error
    people.print(f"Wrote {target}", soft_wrap=True)
    if show:
        typer.launch(str(target))
    if json:
        emit_json({"job": str(opened.folder), "preview": str(target)})
