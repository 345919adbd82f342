"""`plotbot pens chart` and `measure`: a card for the plotter to draw, and pens measured on its scan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plotbot.cli.bundles import spelled_out
from plotbot.cli.console import emit_json, people, results, swatch
from plotbot.cli.making import Clock, Facts, check_out, make_job, show_plan, stage
from plotbot.cli.options import Json, MachineName, Out, Pens, SheetOptions
from plotbot.cli.pen_files import PenFileOut, Replace, write_pen_file
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from plotbot.paper import Paper
    from plotbot.pens.chart import Card
    from plotbot.pens.model import Inventory
    from plotbot.pens.scan import Measurement

__all__ = ["chart", "measure"]

_MOST_PIXELS_ASIDE = 7200
"""600 dpi on A4; finer scans are averaged down to about that."""

Only = Annotated[
    str | None, typer.Option("--only", help="Only these pens, with commas: 1,2,20.", show_default="all")
]
Cross = Annotated[
    str | None,
    typer.Option(
        "--cross",
        help="Pens that cross all others, with commas; or all, or none.",
        show_default="all of up to twelve pens",
    ),
]


@spelled_out
def chart(
    sheet_options: SheetOptions,
    pens: Pens = None,
    only: Only = None,
    cross: Cross = None,
    out: Out = None,
    machine: MachineName = None,
    json: Json = False,
) -> None:
    """Plan a calibration card: solids, hatchings, single lines and crossings of your pens.

    Draw it, let it dry, scan it flat with 300 to 600 dpi and every automatic correction switched off, then
    measure it. A card takes no more of the sheet than its pens need.

    [bold]Example[/bold]: plotbot pens chart --pens staedtler12 --paper a4
    """
    from plotbot.cli.plotting import choose_plotter  # noqa: PLC0415
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.drawing import from_strokes  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory, select_pens  # noqa: PLC0415
    from plotbot.plan.build import PlanOptions, make_plan  # noqa: PLC0415

    clock = Clock()
    settings, _ = load_settings()
    tin = pens or settings.pens
    inventory = load_inventory(tin)
    sheet = sheet_options.on(settings)
    card = _card(inventory, sheet, only, cross)
    name = machine or settings.machine
    profile = choose_plotter(name, moves=False).profile
    folder = check_out(out, settings, f"card-{inventory.id}")
    chosen = select_pens(inventory, card.order)
    ordered = tuple(sorted(chosen.pens, key=lambda pen: card.order.index(pen.id)))
    with stage("Planning…"), clock.measure("plan"):
        drawing = from_strokes(card.strokes, chosen.model_copy(update={"pens": ordered}), sheet)
        plan = make_plan(drawing, inventory, sheet, profile.timing(), PlanOptions(pen_order="given"))
    drawn = {"number": f"{card.number:05x}", "order": list(card.order), "crossed": list(card.crossed)}
    facts = Facts(f"Calibration card {card.number:05x}", settings={"card": drawn})
    job, report = make_job(folder, plan, inventory, tin, name, facts, clock, profile)
    show_plan(report, plan)
    if cross is None and len(card.order) > 1 and not card.crossed:
        pairs = len(card.order) * (len(card.order) - 1) // 2
        people.print(
            f"Without crossings, for {len(card.order)} pens have {pairs} pairs; add them by "
            "--cross all, or some by --cross 1,3,9.",
            soft_wrap=True,
        )
    people.print(
        f"Nothing was moved. To draw it: plotbot resume {job.folder}\nOnce it is dry and scanned: "
        f"plotbot pens measure SCAN.png --card {job.folder} --out mine.toml",
        soft_wrap=True,
    )
    if json:
        emit_json({**report, "card": f"{card.number:05x}", "pens_in_order": list(card.order)})


@spelled_out
def measure(
    scan: Annotated[Path, typer.Argument(help="The scanned card: PNG, TIFF or JPEG.")],
    out: PenFileOut,
    sheet_options: SheetOptions,
    card_job: Annotated[
        Path | None,
        typer.Option(
            "--card",
            help="The card's job folder; it knows pens and sheet.",
            show_default="by the options below",
        ),
    ] = None,
    pens: Pens = None,
    only: Only = None,
    cross: Cross = None,
    scanner: Annotated[
        Literal["auto", "ccd", "led"],
        typer.Option(
            "--scanner",
            help="led (CIS: thin ones, most in printers), ccd (a white lamp), or auto: by the pens' colours.",
        ),
    ] = "auto",
    found: Annotated[
        Path | None,
        typer.Option("--found", help="Picture of what was found.", show_default="beside the pen file"),
    ] = None,
    replace: Replace = False,
    json: Json = False,
) -> None:
    """Measure pens on a scan of their card: colour, line width, coverage and overprints, and how sure it is.

    Name the card's job, or give --pens, --paper and the other options as for the chart. --pens beside --card
    names a file in which the same pens are known better. Pens that an instrument has measured (see set-lab)
    keep their colours, and correct the scanner's more than published colours can.

    [bold]Examples[/bold]: plotbot pens measure scan.png --card jobs/card --out mine.toml
    · plotbot pens measure scan.png --pens staedtler12 --paper a4 --out mine.toml
    """
    from plotbot.art.picture.load import load_picture  # noqa: PLC0415
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.pens.check import check_inventory  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415
    from plotbot.pens.scan import measure_card  # noqa: PLC0415
    from plotbot.pens.scan_picture import found_picture  # noqa: PLC0415
    from plotbot.preview.picture import write_png  # noqa: PLC0415

    settings, _ = load_settings()
    if card_job is None:
        inventory = load_inventory(pens or settings.pens)
        card = _card(inventory, sheet_options.on(settings), only, cross)
    else:
        if only or cross or sheet_options != SheetOptions():
            raise BadInput("--card says all of --only, --cross and the sheet already; leave those out.")
        inventory, card = _card_of(card_job, pens)
    for finding in check_inventory(inventory):
        if finding.kind == "wrong-white":  # every colour is relative to it
            raise BadInput(f"{finding.message} Put the paper's right Lab in by set-lab.")
    with stage(f"Reading {scan.name}…"):
        light = load_picture(scan, longest_px=_MOST_PIXELS_ASIDE)
    if _is_jpeg(scan):
        people.print(
            f"[yellow]{scan.name} is a JPEG, which blurs colours: widths and hatchings of coloured pens come "
            "out less sure. Scan as PNG or TIFF if you can.[/yellow]",
            soft_wrap=True,
        )
    with stage("Measuring…"):
        measurement = measure_card(light, card, inventory, None if scanner == "auto" else scanner)
    write_pen_file(measurement.inventory.model_copy(update={"id": out.stem}), out, replace=replace)
    picture = found or out.with_name(f"{out.stem}-found.png")
    write_png(picture, found_picture(measurement), 180)
    report = {
        "path": str(out),
        "found": str(picture),
        "dpi": round(measurement.placed.px_per_mm * 25.4),
        "pens": [pen.model_dump(mode="json") for pen in measurement.inventory.pens if pen.id in card.order],
        "spread_mm": measurement.inventory.paper.spread_mm,
        "scanner": measurement.correction.kind,
        "scanner_doubtful": measurement.correction.doubtful,
        "pens_measured_before": measurement.correction.known,
        "correction_error": measurement.correction.error,
        "overprint_error": measurement.overprint_error,
        "overprints": len(measurement.inventory.overprints),
        "remarks": list(measurement.remarks),
    }
    if json:
        emit_json(report)
    else:
        _show(measurement, out, picture)


def _card(inventory: Inventory, sheet: Paper, only: str | None, cross: str | None) -> Card:
    from plotbot.pens.chart import make_card  # noqa: PLC0415

    crossed: list[str] | None = None if cross is None else _names(cross)
    if cross is not None and cross.strip().lower() in ("all", "none"):
        chosen = _names(only) if only else [pen.id for pen in inventory.pens]
        crossed = chosen if cross.strip().lower() == "all" else []
    return make_card(inventory, sheet, pens=_names(only) if only else (), cross=crossed)


def _card_of(folder: Path, pens: str | None) -> tuple[Inventory, Card]:
    """The card that a job draws, and its pens as they are known now."""
    from plotbot.job.folder import open_job  # noqa: PLC0415
    from plotbot.paper import Paper  # noqa: PLC0415
    from plotbot.pens.chart import make_card  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415

    about = open_job(folder).about
    try:
        drawn = about.settings["card"]
        order, crossed = [str(pen) for pen in drawn["order"]], [str(pen) for pen in drawn["crossed"]]
        width, height, margin = (float(about.paper[key]) for key in ("width", "height", "margin"))
        sheet = Paper(width, height, margin, str(about.paper.get("name", "")))
    except (KeyError, TypeError, ValueError):
        raise BadInput(f"{folder} is not the job of a calibration card (plotbot pens chart).") from None
    inventory = load_inventory(pens or about.pens)
    return inventory, make_card(inventory, sheet, pens=order, cross=crossed, order=order)


def _is_jpeg(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(3) == b"\xff\xd8\xff"


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _show(measurement: Measurement, out: Path, picture: Path) -> None:
    from rich.table import Table  # noqa: PLC0415

    from plotbot.ink.spaces import srgb_hex  # noqa: PLC0415

    table = Table("Pen", "", "Name", "L* a* b*", "±", "mm", "Gain", "n", box=None, pad_edge=False)
    for pen in measurement.inventory.pens:
        if pen.id not in measurement.card.order:
            continue
        lab = " ".join(f"{value:.0f}" for value in pen.lab)
        width, gain, n = f"{pen.width_mm:g}", "", ""
        if pen.scan is not None:
            width = f"{pen.width_mm:.3f} ±{pen.scan.width_uncertainty_mm:.3f}"
            gain, n = f"{pen.scan.coverage_gain:+.0%}", f"{pen.scan.n:.2f} ±{pen.scan.n_uncertainty:.2f}"
        table.add_row(
            pen.id, swatch(srgb_hex(pen.lab)), pen.name, lab, f"{pen.uncertainty:.0f}", width, gain, n
        )
    results.print(table)
    results.print(f"Light strays {measurement.spread_mm:.2f} mm in this paper. {_corrected(measurement)}")
    if measurement.overprint_error is not None:
        results.print(
            f"Overprints are {measurement.overprint_error:.1f} ΔE00 off what the ink model says; from now on "
            "they count as measured.",
            soft_wrap=True,
        )
    for remark in measurement.remarks:
        people.print(f"[yellow]{remark}[/yellow]", soft_wrap=True)
    people.print(f"Wrote {out}. Look at {picture} to see what was found.", soft_wrap=True)


def _corrected(measurement: Measurement) -> str:
    """What the scanner's colours were corrected by."""
    found = measurement.correction
    lamps = {"ccd": "a white lamp (ccd)", "led": "coloured lamps (led)"}[found.kind]
    what = f"Colours corrected as of a scanner with {lamps}"
    if found.doubtful:
        what = (
            "Colours hardly corrected: the card does not tell which kind of scanner it was (--scanner does)"
        )
    if found.error is not None:
        return f"{what}, by {found.known} pens measured before, to {found.error:.1f} ΔE00."
    return f"{what}; an instrument's readings of six pens (set-lab) would say how well."
