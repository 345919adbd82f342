"""From strokes to a job: plan, previews, job folder, table. What draw, generate and plan share."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plotbot.cli.console import people
from plotbot.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from plotbot.config import Settings
    from plotbot.job.folder import Job
    from plotbot.machine.profile import Profile
    from plotbot.pens.model import Inventory
    from plotbot.plan.clock import PassClock
    from plotbot.plan.model import Plan
    from plotbot.preview.matching import Target

__all__ = ["Clock", "Facts", "check_out", "check_svg", "machine_clock", "make_job", "show_plan", "stage"]

PREVIEW_DPI = 150


class Clock(dict[str, float]):
    """Seconds per stage, by name."""

    @contextmanager
    def measure(self, name: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self[name] = self.get(name, 0.0) + time.perf_counter() - begun


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a drawing besides its strokes; goes into job.toml, the report and the JSON.

    target: what it is to look like, judged when the job is made, by the pens that were `usable` (all of the
    tin by default). quantisation: ΔE00 of free colours to the pens they became.
    files: figures of each file that was judged while it was made.
    keep: writes what else belongs into a job folder, and returns labelled pictures of how it grew.
    """

    title: str
    seeds: Mapping[str, int] = field(default_factory=dict)
    network: Mapping[str, str | int | float] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    activation: Mapping[str, float] | None = None
    target: Target | None = None
    usable: Inventory | None = None
    quantisation: Mapping[str, float] | None = None
    planning: Mapping[str, Any] | None = None
    files: Sequence[Mapping[str, Any]] = ()
    keep: Callable[[Path], Sequence[tuple[str, npt.NDArray[np.uint8]]]] = lambda _folder: ()


def check_out(out: Path | None, settings: Settings, title: str) -> Path:
    """The folder of the new job, refused before any work when it cannot take one."""
    from plotbot.job.folder import check_free, default_folder  # noqa: PLC0415

    folder = out or default_folder(settings.jobs, title)
    check_free(folder)
    return folder


def check_svg(out: Path) -> None:
    """Refuse, before any work, a name that no SVG can be written to; raises `BadInput`."""
    if out.suffix.lower() != ".svg":
        raise BadInput(f"--out {out} must end in .svg.")
    if not out.parent.is_dir():
        raise BadInput(f"There is no folder {out.parent} to write {out.name} to.")


@contextmanager
def stage(text: str) -> Iterator[None]:
    """Say what is going on while it lasts."""
    if people.is_terminal:
        with people.status(text):
            yield
    else:
        yield


def make_job(
    folder: Path,
    plan: Plan,
    inventory: Inventory,
    pens: str,
    machine: str,
    facts: Facts,
    clock: Clock,
    profile: Profile,
) -> tuple[Job, dict[str, Any]]:
    """Write the job folder with drawing, previews and report; returns it with its summary for JSON.

    pens, machine: as the person named them; a resumed job uses the same. profile: the
    machine, as the plan was made for it.
    """
    from plotbot.job.folder import create_job  # noqa: PLC0415
    from plotbot.plan.clock import estimate  # noqa: PLC0415
    from plotbot.plan.export import export_svg  # noqa: PLC0415
    from plotbot.plan.store import summary  # noqa: PLC0415
    from plotbot.preview.matching import PICTURE_NAME, judge_matching, matching_picture  # noqa: PLC0415
    from plotbot.preview.picture import render_plan, write_png  # noqa: PLC0415
    from plotbot.preview.report import write_report  # noqa: PLC0415

    command = ("plotbot", *sys.argv[1:])
    times = machine_clock(profile)(plan)
    figures: dict[str, Any] = {"activation": facts.activation, "colour": None}
    told = {"activation": facts.activation, "quantisation": facts.quantisation}
    told = {key: dict(value) for key, value in told.items() if value}

    def fill(staging: Path) -> None:
        shown, pictures = dict(figures), []
        if facts.target is not None:
            matching = judge_matching(plan, facts.target, facts.usable or inventory)
            figures["colour"] = matching.as_dict()
            shown["colour"] = matching.figures()
            if facts.quantisation is not None:
                figures["colour"]["quantisation"] = shown["colour"]["quantisation"] = facts.quantisation
            compared = matching_picture(plan, matching)
            write_png(staging / PICTURE_NAME, compared, 96)
            pictures = [(" ".join(matching.remarks()), compared)]
        saved = [one["overdrawing"] for one in facts.files if one.get("overdrawing")]
        if saved:
            shown["overdrawing left out"] = {
                "mm over ink of the same pen": sum(one["repeated_mm"] for one in saved),
                "mm where paper is wet enough": sum(one["soaked_mm"] for one in saved),
            }
        export_svg(plan, staging / "drawing.svg")
        picture = render_plan(plan, PREVIEW_DPI / 25.4)
        write_png(staging / "preview.png", picture, PREVIEW_DPI, [("Title", facts.title)])
        write_report(
            staging / "report.html",
            plan,
            title=facts.title,
            figures={key: value for key, value in shown.items() if value},
            pictures=pictures,
            provenance={
                "Command": shlex.join(command),
                "Pens": inventory.name,
                "Paper": f"{plan.paper}, colours on {inventory.paper.name}",
                **{f"Network {key}": str(value) for key, value in facts.network.items()},
                **{f"Seed of {key}": str(value) for key, value in facts.seeds.items()},
            },
            growth=facts.keep(staging),
            clock=times,
        )

    with stage("Drawing previews and judging colours…"), clock.measure("preview"):
        job = create_job(
            folder,
            plan,
            inventory,
            pens=pens,
            command=command,
            title=facts.title,
            seeds=facts.seeds,
            network=facts.network,
            settings={"machine": machine, **facts.settings, **told},
            fill=fill,
        )
    report = {
        "job": str(job.folder),
        **summary(plan, estimate(plan, times)),
        **figures,
        "planning": facts.planning,
        **({"files": list(facts.files)} if facts.files else {}),
        "timings_s": {name: round(seconds, 3) for name, seconds in clock.items()},
    }
    return job, report


def machine_clock(profile: Profile) -> Callable[[Plan], tuple[PassClock, ...]]:
    """How long a plan takes on a machine: a GRBL board goes by its own rules, which a plan's one limit for
    all directions cannot express; other machines drive exactly what was planned."""
    from plotbot.plan.clock import plan_clock  # noqa: PLC0415

    if profile.kind != "grbl":
        return plan_clock
    from plotbot.machine.grbl_timing import board_clock  # noqa: PLC0415

    return partial(board_clock, profile=profile)


def show_plan(report: Mapping[str, Any], plan: Plan) -> None:
    """Print the plan table, totals, what planning saved, and where to look."""
    from plotbot.cli.plan_table import dropped_lines, order_table, plan_table, totals_line  # noqa: PLC0415
    from plotbot.cli.planning import saved_lines  # noqa: PLC0415
    from plotbot.cli.preview import show_in_terminal  # noqa: PLC0415

    people.print()
    people.print(plan_table(report))
    people.print()
    reasons = order_table(report)
    if reasons is not None:
        people.print(reasons)
        people.print()
    people.print(totals_line(report), f"Sheet: {plan.paper}.")
    for line in saved_lines(report["planning"]) if report["planning"] else ():
        people.print(line)
    for line in dropped_lines(report):
        people.print(line)
    activation = report["activation"]
    if activation:
        people.print(
            f"Activation: {activation['free']:.2f} free, {activation['quantised']:.2f} with real pens, "
            f"{activation['refitted']:.2f} refined, {activation['as_plotted']:.2f} as plotted."
        )
    if report["colour"]:
        summary, *warnings = report["colour"]["remarks"]
        people.print(summary, soft_wrap=True)
        for warning in warnings:
            people.print(f"[yellow]{warning}[/yellow]", soft_wrap=True)
    show_in_terminal(people, plan)
    folder = report["job"]
    if report["colour"]:
        people.print(f"Beside what was wanted: {folder}/{report['colour']['picture']}", soft_wrap=True)
    people.print(f"Look at {folder}/preview.png and {folder}/report.html", soft_wrap=True)
