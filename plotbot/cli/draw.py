"""`plotbot draw`: the whole way, from a channel or a drawing to ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from plotbot.cli import growing
from plotbot.cli.bundles import spelled_out
from plotbot.cli.console import emit_json, people
from plotbot.cli.growing import ArtOptions
from plotbot.cli.making import Clock, Facts, check_out, make_job, show_plan, stage
from plotbot.cli.options import DryRun, Json, Out, Pens, PlotOptions, SheetOptions, Yes
from plotbot.cli.pixelling import PixelOptions, pixel_figures
from plotbot.cli.planning import Planning
from plotbot.cli.reading import OwnArt, PlacementOptions
from plotbot.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from plotbot.art.artwork import Grown
    from plotbot.art.settings import GenerateSettings
    from plotbot.paper import Paper
    from plotbot.pens.model import Inventory
    from plotbot.plan.model import Plan
    from plotbot.preview.matching import Target

__all__ = ["draw", "draw_art"]


@spelled_out
def draw(
    grown: ArtOptions,
    pixels: PixelOptions,
    sheet: SheetOptions,
    own: OwnArt,
    place: PlacementOptions,
    plot: PlotOptions,
    planning: Planning,
    art: Annotated[
        list[Path] | None,
        typer.Argument(help="An SVG or a photograph to draw, several with --grid. Leave it out to grow art."),
    ] = None,
    pens: Pens = None,
    out: Out = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Make art, plan it for your pens, show it, and draw it.

    With --channel the art is grown to excite a neural network; with ART an SVG is drawn. Every run makes
    a job folder with the drawing, the plan, previews and a journal, so that a plot can be resumed.

    [bold]Examples[/bold]

    plotbot draw --pens staedtler12 --channel 87 --dry-run

    plotbot draw --mode pixels --channel 87 --paper a5 --dry-run

    plotbot draw --pens staedtler12 --channel 87 --machine virtual --speed 0 --yes

    plotbot draw --channel 87 --style mondrian --dry-run

    plotbot draw drawing.svg --pens micron --paper a4 --fit --dry-run

    plotbot draw photo.jpg --pens staedtler12 --paper a5 --time-budget 90min --dry-run

    plotbot draw a.svg b.jpg --grid 2x1 --rotate 90 --dry-run
    """
    draw_art(
        art or [],
        pens,
        grown,
        pixels,
        sheet,
        own,
        place,
        plot,
        planning,
        out=out,
        dry_run=dry_run,
        yes=yes,
        json=json,
    )


def draw_art(
    arts: Sequence[Path],
    pens: str | None,
    grown: ArtOptions,
    pixels: PixelOptions,
    sheet_options: SheetOptions,
    own: OwnArt,
    place: PlacementOptions,
    plot: PlotOptions,
    planning: Planning,
    *,
    out: Path | None = None,
    dry_run: bool = False,
    yes: bool = False,
    json: bool = False,
) -> None:
    """Make a job of grown art or a file, and unless this is a dry run, plot it; the options as typed."""
    from plotbot.cli.planning import plan_drawing  # noqa: PLC0415
    from plotbot.cli.planning_files import plan_files  # noqa: PLC0415
    from plotbot.cli.plotting import plot_job  # noqa: PLC0415
    from plotbot.cli.prompts import check_answerable  # noqa: PLC0415
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    clock = Clock()
    settings, _ = load_settings()
    tin = pens or settings.pens
    inventory = load_inventory(tin)
    sheet = sheet_options.on(settings)
    options = grown.settled(settings)
    planning.options()
    plot.check(moves=not dry_run)
    _check_art(arts, options, pixels, inventory)
    plotter = plot.plotter(settings, moves=not dry_run)
    plotter = replace(plotter, profile=planning.limit(plotter.profile))
    wishes = own.options(arts, place, plotter.profile.timing(), options.seed) if arts else None
    if not dry_run:
        check_answerable(hardware=plotter.hardware, yes=yes, json=json)
    title = _title(arts) if arts else options.title()
    folder = check_out(out, settings, title)

    if wishes is None:
        with clock.measure("art"):
            artwork, grown_with = growing.grow(options, inventory, sheet, pixels)
        drawing = growing.drawing_of(artwork, inventory, sheet)
        plan, saved = plan_drawing(drawing, inventory, sheet, plotter.profile, planning, clock)
        with stage("Judging the plan…"), clock.measure("judge"):
            facts = _facts(options, pixels, artwork, grown_with, plan)
            facts = replace(facts, target=_free_colours(artwork, sheet), planning=saved)
    else:
        chosen = own.limited(arts, inventory, options.pen_limit)
        plan, facts = plan_files(arts, chosen, sheet, wishes, plotter.profile, planning, title, clock)
        limit = {} if options.pen_limit is None else {"pens_chosen": [pen.id for pen in chosen.pens]}
        facts = replace(facts, settings={**facts.settings, **limit})
    facts = replace(facts, settings={**facts.settings, **planning.said()})
    machine = plot.machine or settings.machine
    job, report = make_job(folder, plan, inventory, tin, machine, facts, clock, plotter.profile)
    show_plan(report, plan)
    if dry_run:
        people.print(f"Nothing was moved. To draw it: plotbot resume {job.folder}", soft_wrap=True)
    else:
        with clock.measure("plot"):
            report["plot"] = plot_job(job, plotter, yes=yes, stop_s=plot.stop_s, live=plot.live)
    if json:
        emit_json(report)


def _check_art(arts: Sequence[Path], options: ArtOptions, pixels: PixelOptions, inventory: Inventory) -> None:
    if arts and options.excites:
        raise BadInput(f"Draw {arts[0]}, or grow art with --channel; one at a time.")
    pixels.check(options, arts)
    if not arts:
        options.check(inventory)


def _title(arts: Sequence[Path]) -> str:
    return arts[0].stem if len(arts) == 1 else f"{arts[0].stem} and {len(arts) - 1} more"


def _facts(
    options: ArtOptions, pixels: PixelOptions, artwork: Grown, grown_with: GenerateSettings, plan: Plan
) -> Facts:
    """What the finished plan does to the network, and where the drawing came from."""
    from plotbot.art.judge import activation_of_plot  # noqa: PLC0415
    from plotbot.art.networks import describe, open_network  # noqa: PLC0415

    objective = grown_with.objective
    network = open_network(
        options.network_name,
        objective.excitation.layers,
        weights=options.weights,
        device="cpu",
        leaky=options.leaky,
    )
    strokes: dict[str, list[npt.NDArray[np.float64]]] = {}
    for _, one, stroke in plan.strokes():
        strokes.setdefault(one.pen.id, []).append(stroke.mm)
    as_plotted = activation_of_plot(
        strokes,
        plan.inks.once,
        area_mm=plan.paper.drawable,
        size_px=artwork.size_px,
        network=network,
        objective=objective,
        view_px=artwork.view_px,
    )
    activation = asdict(replace(artwork.activations, as_plotted=as_plotted)) | pixel_figures(artwork)
    learned = artwork.quantisation
    return Facts(
        options.title(),
        seeds={"art": options.seed},
        network={
            "name": options.network_name,
            "layer": options.layer or describe(options.network_name).default_layer,
            "leaky": options.leaky,
            "objective": str(objective),
            "weights_sha256": network.weights_sha256,
        },
        settings={
            **pixels.said(grown_with),
            "steps": options.steps,
            "steps_done": len(artwork.history),
            "refit": "by palette" if options.refit is None else options.refit,
            "palette": options.palette,
            "renderer": options.renderer,
            **growing.scale_and_tries(artwork, grown_with),
            **options.look_said(),
            **({"quantised_to": list(learned.pens)} if learned else {}),
        },
        activation={name: round(value, 4) for name, value in activation.items()},
        quantisation=None
        if learned is None
        else {"mean": round(learned.mean, 3), "p95": round(learned.p95, 3)},
        keep=partial(_keep_pictures, artwork, grown_with),
    )


def _keep_pictures(
    artwork: Grown, grown_with: GenerateSettings, folder: Path
) -> list[tuple[str, npt.NDArray[np.uint8]]]:
    """The run for TensorBoard, a strip of its growth, and with learned colours what became of them, into
    the job folder; returns the pictures of its growth."""
    from plotbot.art.cluster_picture import cluster_picture  # noqa: PLC0415
    from plotbot.art.growth import growth_pictures, strip  # noqa: PLC0415
    from plotbot.art.tensorboard_log import FOLDER, write_run  # noqa: PLC0415
    from plotbot.preview.picture import write_png  # noqa: PLC0415

    labelled = growth_pictures(artwork)
    pictures = [picture for _, picture in labelled]
    write_run(folder / FOLDER, artwork, grown_with, pictures)
    write_png(folder / "growth.png", strip(pictures), 96)
    if artwork.quantisation is not None:
        pen_labs = {pen.id: pen.lab for pen in artwork.pens}
        write_png(folder / "clusters.png", cluster_picture(artwork.quantisation, pen_labs), 96)
    return labelled


def _free_colours(artwork: Grown, sheet: Paper) -> Target | None:
    """The drawing in the colours that its strokes had before they got pens, where they had any."""
    learned = artwork.quantisation
    from plotbot.art.artwork import Artwork  # noqa: PLC0415

    if learned is None or not isinstance(artwork, Artwork) or len(learned.lab) != len(artwork.points_mm):
        return None
    from plotbot.art.free_colours import free_light  # noqa: PLC0415
    from plotbot.preview.matching import Target  # noqa: PLC0415

    return Target(free_light(artwork), sheet.drawable, "In free colours, before pens")
