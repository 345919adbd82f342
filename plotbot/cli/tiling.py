"""`plotbot plan --sheets`: a drawing that is larger than a sheet, as one job for each of several."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plotbot.cli.console import minutes, people
from plotbot.cli.making import Clock, Facts, check_out, make_job, stage
from plotbot.cli.planning import Planning, plan_drawing
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from plotbot.cli.options import SheetOptions
    from plotbot.config import Settings

__all__ = ["parse_sheets", "plan_sheets"]


def parse_sheets(text: str) -> tuple[int, int]:
    """Columns and rows of ``2x3``; raises `BadInput`."""
    match = re.fullmatch(r"\s*(\d{1,3})\s*[x×]\s*(\d{1,3})\s*", text)
    if match is None:
        raise BadInput(f"--sheets {text!r} is not columns by rows; write it like 2x3.")
    return int(match[1]), int(match[2])


def plan_sheets(
    art: Path,
    sheets: str,
    settings: Settings,
    paper: SheetOptions,
    planning: Planning,
    *,
    pens: str | None,
    fit: bool,
    out: Path | None,
    machine: str | None,
) -> dict[str, Any]:
    """Plan an SVG for columns by rows of a sheet and write a job for each part; returns the JSON of all."""
    from plotbot import drawing as drawings  # noqa: PLC0415
    from plotbot.cli.plotting import choose_plotter  # noqa: PLC0415
    from plotbot.pens.inventory import load_inventory  # noqa: PLC0415
    from plotbot.plan.tiles import tiles, whole_sheet  # noqa: PLC0415

    columns, rows = parse_sheets(sheets)
    if not art.is_file():
        raise BadInput(f"There is no file {art}.")
    tin, plotter = pens or settings.pens, machine or settings.machine
    inventory, sheet = load_inventory(tin), paper.on(settings)
    whole = whole_sheet(sheet, columns, rows)
    profile = planning.limit(choose_plotter(plotter, moves=False).profile)
    folder = check_out(out, settings, art.stem)
    with stage(f"Reading {art.name}…"):
        document = drawings.assign_pens(drawings.read_svg(art), inventory)
        if fit:
            document = drawings.fit(document, whole)
        parts = tiles(document, inventory, sheet, columns, rows)
    reports = []
    for part in parts:
        clock = Clock()
        plan, saved = plan_drawing(part.drawing, inventory, sheet, profile, planning, clock)
        title = f"{art.stem}, sheet {part.row}-{part.column} of {rows} rows and {columns} columns"
        facts = Facts(title, settings={"art": str(art.resolve()), **planning.said()}, planning=saved)
        place = folder / f"sheet-{part.row}-{part.column}"
        job, report = make_job(place, plan, inventory, tin, plotter, facts, clock, profile)
        reports.append({"row": part.row, "column": part.column, **report})
        people.print(_line(job.folder, report), soft_wrap=True)
    dropped: dict[str, int] = {}
    for source in drawings.sources(document):
        if source.drop:
            dropped[source.drop] = dropped.get(source.drop, 0) + 1
    for reason, count in dropped.items():
        people.print(f"Not drawn: {count} stroke{'s' if count != 1 else ''}, {reason}")
    seconds = sum(report["estimate_s"] for report in reports)
    people.print(f"{len(reports)} sheets of {sheet}, about {minutes(seconds)} in all. Cut each at its marks.")
    return {"jobs": reports, "columns": columns, "rows": rows, "estimate_s": seconds, "dropped": dropped}


def _line(folder: Path, report: Mapping[str, Any]) -> str:
    strokes, pens = report["totals"]["strokes"], len(report["pens"])
    return (
        f"{folder}: {strokes} strokes, {pens} pen{'s' if pens != 1 else ''}, about "
        f"{minutes(report['estimate_s'])}. To draw it: plotbot resume {folder}"
    )
