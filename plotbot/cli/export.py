"""`plotbot export`: the plan of a job for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from plotbot.cli import completion
from plotbot.cli.console import emit_json, people
from plotbot.cli.options import Json, MachineName
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from plotbot.plan.model import Plan

__all__ = ["export"]

SUFFIX = {"svg": ".svg", "gcode": ".gcode", "hpgl": ".hpgl", "json": ".json"}


def export(
    job: Annotated[Path, typer.Argument(help="A job folder.", autocompletion=completion.jobs)],
    to: Annotated[Literal["svg", "gcode", "hpgl", "json"], typer.Option("--to", help="The format.")] = "svg",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="File to write.", show_default="JOB/export.FORMAT")
    ] = None,
    machine: MachineName = None,
    gwrite: Annotated[
        str | None,
        typer.Option("--gwrite", help="G-code in the dialect of this vpype-gcode profile, e.g. gcodemm."),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="HPGL plotter, as vpype names it, e.g. hp7475a.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a job's plan as SVG, G-code, HPGL or JSON: the same strokes in the same order.

    G-code is what plotbot itself would send to the machine named with --machine, or the dialect of a
    vpype-gcode profile with --gwrite.

    [bold]Examples[/bold]: plotbot export jobs/NAME --to gcode --machine grbl-servo ·
    plotbot export jobs/NAME --to svg -o plan.svg
    """
    from plotbot.job.folder import open_job  # noqa: PLC0415
    from plotbot.plan import export as exports  # noqa: PLC0415

    if gwrite is not None and to != "gcode":
        raise BadInput(f"--gwrite is for --to gcode, not {to}.")
    if device is not None and to != "hpgl":
        raise BadInput(f"--device is for --to hpgl, not {to}.")
    opened = open_job(job)
    target = out or opened.path("export" + SUFFIX[to])
    if not target.parent.is_dir():
        raise BadInput(f"There is no folder {target.parent} to write {target.name} to.")
    plan = opened.plan
    if to == "svg":
        exports.export_svg(plan, target)
    elif to == "json":
        exports.export_json(plan, target)
    elif to == "hpgl":
        exports.export_hpgl(plan, target, device or exports.HPGL_DEVICE)
    elif gwrite is not None:
        exports.export_gcode(plan, target, gwrite)
    else:
        _machine_gcode(plan, machine or "grbl-servo", target)
    people.print(f"Wrote {target}", soft_wrap=True)
    if json:
        emit_json({"job": str(opened.folder), "export": str(target), "format": to})


def _machine_gcode(plan: Plan, machine: str, target: Path) -> None:
    from plotbot.files import write_text_whole  # noqa: PLC0415
    from plotbot.machine.grbl_gcode import gcode_lines  # noqa: PLC0415
    from plotbot.machine.handling import within  # noqa: PLC0415
    from plotbot.machine.profile import find_profile  # noqa: PLC0415

    profile = find_profile(machine)
    if profile.kind != "grbl":
        raise BadInput(f"{profile.name} is of kind {profile.kind} and takes no G-code; name a grbl profile.")
    profile = within(profile, plan.motion)
    write_text_whole(target, (f"{line}\n" for line in gcode_lines(plan, profile)))
