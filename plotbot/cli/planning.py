"""The planning options of draw and plan: what they ask for, and what planning saved with them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from plotbot.cli.durations import parse_duration
from plotbot.cli.making import Clock, machine_clock, stage
from plotbot.errors import BadInput

if TYPE_CHECKING:
    import vpype

    from plotbot.machine.profile import Profile
    from plotbot.paper import Paper
    from plotbot.pens.model import Inventory
    from plotbot.plan.build import PlanOptions
    from plotbot.plan.capacity import InkLeft
    from plotbot.plan.model import Plan

__all__ = ["Planning", "plan_drawing", "saved_lines"]

_PLAN = "Planning"
_LONGEST_SEARCH_S = 3600.0
_VPYPE_UP_TO = 2000
"""Strokes that vpype sorts in a moment; with more it takes longer than all of planning."""

_SWITCHES = {
    "merge": "Joining ends",
    "join_hatch": "Joining hatch lines",
    "join_under": "Joining under ink",
    "drop_covered": "Leaving out covered strokes",
}


@dataclass(frozen=True, slots=True)
class Planning:
    """The options as they were typed; None or False where nothing was said."""

    optimize: Annotated[
        str | None,
        typer.Option(
            "--optimize",
            help="Search so much longer for a faster order, e.g. 10s.",
            rich_help_panel=_PLAN,
        ),
    ] = None
    handling: Annotated[
        Literal["technical", "sketch", "handwriting"] | None,
        typer.Option(
            "--handling",
            help="Speeds and cornering to keep to; where the machine's own limits are lower, they hold.",
            rich_help_panel=_PLAN,
        ),
    ] = None
    pen_order: Annotated[
        Literal["auto", "light-first", "dark-first", "given"] | None,
        typer.Option(
            "--pen-order",
            help="auto: what keeps nibs and ink cleanest; given: the drawing's own. [dim]Default: auto[/dim]",
            rich_help_panel=_PLAN,
        ),
    ] = None
    merge: Annotated[
        str | None,
        typer.Option(
            "--merge",
            help="Join ends this near, never wider apart than the pen. [dim]Default: 0.3mm[/dim]",
            rich_help_panel=_PLAN,
        ),
    ] = None
    no_merge: Annotated[bool, typer.Option("--no-merge", help="Join no ends.", rich_help_panel=_PLAN)] = False
    keep_order: Annotated[
        bool,
        typer.Option(
            "--keep-order",
            help="Draw each pen's strokes in the file's order and direction, and merge none.",
            rich_help_panel=_PLAN,
        ),
    ] = False
    join_under: Annotated[
        str | None,
        typer.Option(
            "--join-under",
            help="Draw on without lifting over gaps up to this long that lie under ink of the same pen.",
            rich_help_panel=_PLAN,
        ),
    ] = None
    join_hatch: Annotated[
        str | None,
        typer.Option(
            "--join-hatch",
            help="Draw on where a hatch line turns back beside the next, up to this far; that ink shows.",
            rich_help_panel=_PLAN,
        ),
    ] = None
    drop_covered: Annotated[
        bool,
        typer.Option(
            "--drop-covered",
            help="Leave out strokes that lie wholly under others of the same pen.",
            rich_help_panel=_PLAN,
        ),
    ] = False
    split_dry: Annotated[
        bool,
        typer.Option(
            "--split-dry",
            help="Plan a change to a fresh pen where the ink ledger says that one will run dry.",
            rich_help_panel=_PLAN,
        ),
    ] = False
    compare_vpype: Annotated[
        bool | None,
        typer.Option(
            "--compare-vpype/--no-compare-vpype",
            help="Say what vpype's linemerge and linesort would need. [dim]Default: up to 2000 strokes[/dim]",
            rich_help_panel=_PLAN,
        ),
    ] = None
    ticks: Annotated[
        bool,
        typer.Option(
            "--ticks",
            help="Every pen first draws a cross in the margin, to see whether it sits as the others do.",
            rich_help_panel=_PLAN,
        ),
    ] = False

    def __post_init__(self) -> None:
        self.options()

    def options(self) -> PlanOptions:
        """What planning may do; raises `BadInput` for options that do not go together or are no lengths."""
        from plotbot.paper import parse_length  # noqa: PLC0415
        from plotbot.plan.build import PlanOptions  # noqa: PLC0415
        from plotbot.plan.order import Effort  # noqa: PLC0415

        if self.merge and self.no_merge:
            raise BadInput(f"Say --merge {self.merge} or --no-merge, not both.")
        for name, given in (("--optimize", self.optimize), ("--merge", self.merge)):
            if self.keep_order and given:
                raise BadInput(f"{name} looks for another order; it does not go with --keep-order.")
        options = PlanOptions(
            order="given" if self.keep_order else "fast",
            pen_order=self.pen_order or "auto",
            join_under=parse_length(self.join_under or "0mm", "--join-under"),
            join_hatch=parse_length(self.join_hatch or "0mm", "--join-hatch"),
            drop_covered=self.drop_covered,
            # Whoever asks for an order wants it, and not the one that the file was exported with.
            carried=self.said().keys() <= {"handling", "ticks", "compare_vpype"},
        )
        if self.optimize:
            seconds = parse_duration(self.optimize, "--optimize", most_s=_LONGEST_SEARCH_S)
            options = replace(options, effort=Effort(seconds=seconds))
        if self.merge or self.no_merge:
            tolerance = None if self.no_merge else parse_length(self.merge or "", "--merge")
            options = replace(options, merge=tolerance)
        return options

    def limit(self, profile: Profile) -> Profile:
        """The profile within the limits of the handling, if one was named."""
        if self.handling is None:
            return profile
        from plotbot.machine.handling import handled  # noqa: PLC0415

        return handled(profile, self.handling)

    def said(self) -> dict[str, Any]:
        """What was asked for, to be kept with the job."""
        names = self.__dataclass_fields__
        return {name: getattr(self, name) for name in names if getattr(self, name) not in (None, False)}


def plan_drawing(
    drawing: vpype.Document,
    inventory: Inventory,
    sheet: Paper,
    profile: Profile,
    planning: Planning,
    clock: Clock,
) -> tuple[Plan, dict[str, Any]]:
    """The plan of a drawing on a machine, and what planning saved, ready for JSON."""
    from plotbot.plan.build import plan_with_savings  # noqa: PLC0415
    from plotbot.plan.report import report  # noqa: PLC0415
    from plotbot.plan.ticks import with_ticks  # noqa: PLC0415

    options = planning.options()
    if planning.split_dry:
        options = replace(options, ink=_ink_left(inventory))
    with stage("Planning…"), clock.measure("plan"):
        plan, savings = plan_with_savings(drawing, inventory, sheet, profile.timing(), options)
        compare = sum(map(len, drawing.layers.values())) <= _VPYPE_UP_TO
        figures = report(
            drawing,
            inventory,
            plan,
            savings,
            clock=machine_clock(profile),
            with_vpype=compare if planning.compare_vpype is None else planning.compare_vpype,
        )
        return (with_ticks(plan) if planning.ticks else plan), figures


def saved_lines(figures: dict[str, Any]) -> list[str]:
    """What planning saved, as sentences for people; figures: what `plotbot.plan.report.report` gives."""
    from plotbot.cli.console import minutes  # noqa: PLC0415

    lines = []
    for other, name, less in (
        ("own", "the drawing's own order", "saved"),
        ("vpype", "vpype's linemerge and linesort", "saved_against_vpype"),
    ):
        if other not in figures or figures[less]["seconds"] < 1:
            continue
        saved, before = figures[less], figures[other]["seconds"]
        share = 100 * saved["seconds"] / before
        time = f"{minutes(saved['seconds'])} of {minutes(before)} ({share:.0f} %)"
        travel = _less(saved["up_mm"] / 1000, "m of travel")
        lifts = _less(int(saved["lifts"]), "lift" if abs(saved["lifts"]) == 1 else "lifts")
        lines.append(f"Saved against {name}: {time}, {travel}, {lifts}.")
    for switch, one in figures["switches"].items():
        ink = one["ink_mm"]
        added = f"{ink:.0f} mm of ink more" if ink >= 0 else f"{-ink:.0f} mm of ink less"
        lines.append(
            f"{_SWITCHES[switch]}: {one['lifts']} lift{'s' if one['lifts'] != 1 else ''} fewer, "
            f"{_less(one['seconds'], 's', 1)}, {added}."
        )
    return lines


def _ink_left(inventory: Inventory) -> tuple[InkLeft, ...]:
    """How far each pen reaches, as the ledger has it."""
    from plotbot.pens.ledger import Ledger  # noqa: PLC0415
    from plotbot.plan.capacity import InkLeft  # noqa: PLC0415

    with Ledger() as ledger:
        return tuple(
            InkLeft(pen.id, ledger.left_m(inventory.id, pen), ledger.capacity_m(inventory.id, pen))
            for pen in inventory.pens
        )


def _less(number: float, what: str, digits: int = 0) -> str:
    digits = max(digits, 1 if isinstance(number, float) and abs(number) < 10 else 0)
    return f"{abs(number):.{digits}f} {what} {'less' if number >= 0 else 'more'}"
