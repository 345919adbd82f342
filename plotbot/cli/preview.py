"""`plotbot preview`: what a job or a drawing will look like, as a picture, a page or a film."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plotbot.cli import completion
from plotbot.cli.bundles import spelled_out
from plotbot.cli.console import emit_json, people
from plotbot.cli.making import stage
from plotbot.cli.options import Json, Pens, SheetOptions
from plotbot.cli.reading import OwnArt, PlacementOptions, read_files
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from rich.console import Console

    from plotbot.art.arrangement import ArrangeOptions
    from plotbot.plan.model import Plan

__all__ = ["preview", "show_in_terminal"]

SUFFIXES = (".png", ".svg", ".html", ".gif", ".mp4")
PICTURE_DPI, FILM_DPI = 300.0, 72.0


@spelled_out
def preview(
    what: Annotated[
        Path,
        typer.Argument(
            metavar="JOB_OR_ART",
            help="A job folder, or an SVG or photograph to plan.",
            autocompletion=completion.jobs_or_art,
        ),
    ],
    sheet: SheetOptions,
    own: OwnArt,
    place: PlacementOptions,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="File to write: .png, .svg, .html, .gif or .mp4.",
            show_default="JOB/preview.png or ART-preview.png",
        ),
    ] = None,
    dpi: Annotated[
        float | None,
        typer.Option(
            "--dpi", min=10, max=2400, help="Resolution.", show_default="300 for a PNG, 72 for a film"
        ),
    ] = None,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.5, max=600, help="Length of a film of the plot.")
    ] = 12,
    pens: Pens = None,
    show: Annotated[bool, typer.Option("--open", help="Open it when it is written.")] = False,
    json: Json = False,
) -> None:
    """Render a job, or art as it would be planned, through the ink model at the width of its pens.

    PNG is the picture on its paper, SVG the strokes, HTML the report with playback, GIF and MP4 films of
    the plot (MP4 needs ffmpeg). Nothing is plotted, and art makes no job.

    [bold]Examples[/bold]

    plotbot preview jobs/NAME --dpi 600

    plotbot preview drawing.svg --pens micron -o drawing.html --open

    plotbot preview photo.jpg --pens stabilo88 --marks flow

    plotbot preview jobs/NAME -o plot.gif
    """
    from plotbot.job.folder import open_job  # noqa: PLC0415

    if what.is_file():
        options = own.options([what], place)
        target = out or what.with_name(f"{what.stem}-preview.png")
        _check_target(target)
        plan, title = _plan(what, pens, sheet, options), what.stem
    else:
        for given, usual, name in (
            (pens, None, f"--pens {pens}"),
            (sheet, SheetOptions(), "An option of the sheet"),
            (own, OwnArt(), "An option of your own art"),
            (place, PlacementOptions(), "An option of its place"),
        ):
            if given != usual:
                raise BadInput(f"{name} is for a file; the plan of a job stays as it is.")
        opened = open_job(what)
        target = out or opened.path("preview.png")
        _check_target(target)
        plan, title = opened.plan, opened.about.title or opened.folder.name
    with stage(f"Writing {target.name}…"):
        _write(target, plan, title, dpi, seconds)
    show_in_terminal(people, plan)
    people.print(f"Wrote {target}", soft_wrap=True)
    if show:
        typer.launch(str(target))
    if json:
        emit_json({"source": str(what), "preview": str(target), "plan_hash": plan.hash})


def show_in_terminal(console: Console, plan: Plan) -> None:
    """Show a small picture where the terminal can; nothing where it cannot, or where no colour is wanted."""
    from plotbot.preview.terminal import can_show, plan_in_characters  # noqa: PLC0415

    if can_show(console):
        console.print(plan_in_characters(plan, min(console.width, 80) - 2, max(8, console.height // 2)))


def _check_target(target: Path) -> None:
    if target.suffix.lower() not in SUFFIXES:
        raise BadInput(f"{target.name} must end in one of {', '.join(SUFFIXES)}.")
    if not target.parent.is_dir():
        raise BadInput(f"There is no folder {target.parent} to write {target.name} to.")


def _plan(art: Path, pens: str | None, paper: SheetOptions, options: ArrangeOptions) -> Plan:
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415
    from plotbot.plan.build import make_plan  # noqa: PLC0415

    settings, _ = load_settings()
    inventory = load_inventory(pens or settings.pens)
    sheet = paper.on(settings)
    drawing = read_files([art], inventory, sheet, options).drawing
    with stage(f"Planning {art.name}…"):
        return make_plan(drawing, inventory, sheet)


def _write(target: Path, plan: Plan, title: str, dpi: float | None, seconds: float) -> None:
    from plotbot.plan.export import export_svg  # noqa: PLC0415
    from plotbot.preview.animation import write_gif, write_mp4  # noqa: PLC0415
    from plotbot.preview.picture import render_plan, write_png  # noqa: PLC0415
    from plotbot.preview.report import write_report  # noqa: PLC0415

    form = target.suffix.lower()
    try:
        if form == ".html":
            write_report(target, plan, title=title)
        elif form == ".svg":
            export_svg(plan, target)
        elif form in (".gif", ".mp4"):
            write = write_gif if form == ".gif" else write_mp4
            write(target, plan, px_per_mm=(dpi or FILM_DPI) / 25.4, seconds=seconds)
        else:
            dpi = dpi or PICTURE_DPI
            write_png(target, render_plan(plan, dpi / 25.4), dpi, [("Title", title)])
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror or error}.") from error
