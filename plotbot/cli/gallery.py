"""`plotbot gallery`: one page over all jobs of a folder."""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plotbot.cli.console import emit_json, minutes, people
from plotbot.cli.making import stage
from plotbot.cli.options import Json
from plotbot.errors import BadInput, PlotbotError

if TYPE_CHECKING:
    from plotbot.job.folder import Job
    from plotbot.job.listing import JobStatus
    from plotbot.preview.gallery import Card

__all__ = ["gallery"]

PAGE = "gallery.html"


def gallery(
    folder: Annotated[Path | None, typer.Argument(help="Folder of jobs.", show_default="./jobs")] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Page to write.", show_default="FOLDER/gallery.html"),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it when it is written.")] = False,
    json: Json = False,
) -> None:
    """Write one page over all jobs: pictures, pens, time, how far each is, links to the reports.

    The page is one file that can be sent or put on a shelf; only its links need the jobs beside it.

    [bold]Example[/bold]: plotbot gallery jobs --open
    """
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.job.listing import find_jobs  # noqa: PLC0415
    from plotbot.preview.gallery import write_gallery  # noqa: PLC0415

    place = folder or load_settings()[0].jobs
    if not place.is_dir():
        raise BadInput(f"There is no folder of jobs {place}. Make a job first: plotbot draw --dry-run.")
    target = out or place / PAGE
    if not target.parent.is_dir():
        raise BadInput(f"There is no folder {target.parent} to write {target.name} to.")
    with stage("Looking through the jobs…"):
        cards = [_card(status, target.parent) for status in find_jobs(place)]
    try:
        write_gallery(target, cards, f"Jobs in {place.resolve().name}")
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror or error}.") from error
    people.print(f"Wrote {target}, {len(cards)} job{'' if len(cards) == 1 else 's'}", soft_wrap=True)
    if show:
        typer.launch(str(target))
    if json:
        emit_json({"gallery": str(target), "jobs": len(cards)})


def _card(status: JobStatus, beside: Path) -> Card:
    """What the page tells of a job; a broken one says what is wrong with it."""
    from plotbot.ink.spaces import srgb_hex  # noqa: PLC0415
    from plotbot.job.folder import open_job  # noqa: PLC0415
    from plotbot.plan.clock import estimate  # noqa: PLC0415
    from plotbot.preview.gallery import Card, PenMark  # noqa: PLC0415

    title = status.title or status.folder.name
    try:
        job = open_job(status.folder)
        plan = job.plan
    except PlotbotError as error:
        return Card(title, "broken", (str(error),))
    drawn, count = status.executed or 0, plan.stroke_count
    lines = [
        f"{count} strokes, about {minutes(estimate(plan).seconds)}",
        f"{plan.paper} · {plan.inventory}",
        status.folder.name,
    ]
    if status.state == "unfinished":
        lines.insert(
            0, f"{drawn} of {count} strokes are ink" + (f", {status.how_ended}" * bool(status.how_ended))
        )
    if status.problem:
        lines.insert(0, status.problem)
    return Card(
        title,
        status.state,
        tuple(lines),
        tuple(PenMark(str(one.pen), srgb_hex(one.pen.lab)) for one in plan.passes),
        drawn / max(count, 1),
        _link(job, beside),
        _picture(job),
    )


def _link(job: Job, beside: Path) -> str | None:
    if not job.path("report.html").is_file():
        return None
    try:
        way = Path(os.path.relpath(job.folder, beside.resolve())) / "report.html"
    except ValueError:  # another drive
        return (job.folder / "report.html").as_uri()
    return urllib.parse.quote(way.as_posix())


def _picture(job: Job) -> bytes:
    """The job's own preview, small; drawn anew where that is missing or no picture."""
    from plotbot.preview.gallery import THUMBNAIL_PX, thumbnail  # noqa: PLC0415
    from plotbot.preview.picture import render_plan  # noqa: PLC0415

    try:
        return thumbnail(job.path("preview.png"))
    except (OSError, ValueError, PlotbotError):
        paper = job.plan.paper
        return thumbnail(render_plan(job.plan, THUMBNAIL_PX / max(paper.width, paper.height)))
