"""From a person's own files to a plan that keeps to a time budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from plotbot.cli.console import minutes, people
from plotbot.cli.making import Clock, Facts, machine_clock
from plotbot.cli.planning import Planning, plan_drawing
from plotbot.cli.reading import read_files
from plotbot.errors import BadInput

if TYPE_CHECKING:
    from plotbot.art.arrangement import ArrangeOptions
    from plotbot.machine.profile import Profile
    from plotbot.paper import Paper
    from plotbot.pens.model import Inventory
    from plotbot.plan.model import Plan

__all__ = ["plan_files"]

_TRIES = 4
"""How often art is drawn again until its plan keeps to a time budget."""


def plan_files(
    arts: Sequence[Path],
    inventory: Inventory,
    sheet: Paper,
    wishes: ArrangeOptions,
    profile: Profile,
    planning: Planning,
    title: str,
    clock: Clock,
) -> tuple[Plan, Facts]:
    """The plan of files in the pens of an inventory, and what is known of it.

    Art is drawn within a time budget by an estimate; where the plan takes longer all the same, it is drawn
    again with less time. Raises `BadInput` when that does not help.
    """
    from plotbot.plan.clock import estimate  # noqa: PLC0415

    tones = wishes.tones
    budget = tones.time_budget_s if tones is not None else None
    seconds = 0.0
    for _ in range(_TRIES):
        with clock.measure("art"):
            read = read_files(arts, inventory, sheet, wishes)
        plan, saved = plan_drawing(read.drawing, inventory, sheet, profile, planning, clock)
        seconds = estimate(plan, machine_clock(profile)(plan)).seconds
        if tones is None or budget is None or tones.time_budget_s is None or seconds <= budget:
            origin = [str(art.resolve()) for art in arts]
            return plan, Facts(
                title,
                settings={"art": origin[0] if len(origin) == 1 else origin},
                target=read.target,
                usable=inventory,
                planning=saved,
                files=read.figures,
            )
        people.print(f"The plan takes {minutes(seconds)}, over {minutes(budget)}; drawing with less time.")
        tones = replace(tones, time_budget_s=tones.time_budget_s * 0.98 * budget / seconds)
        wishes = replace(wishes, tones=tones)
    raise BadInput(f"The plan takes {minutes(seconds)}; --time-budget {minutes(budget or 0)} cannot be held.")
