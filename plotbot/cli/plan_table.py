"""The plan as a table that fits 80 columns: pens in drawing order, with swatches, ink and time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from plotbot.cli.console import minutes, swatch
from plotbot.ink.spaces import srgb_hex

__all__ = ["dropped_lines", "order_table", "plan_table", "totals_line"]


def plan_table(summary: Mapping[str, Any]) -> Table:
    """One row per pen from `plotbot.plan.store.summary`, in the order in which they are mounted."""
    table = Table(box=None, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("")
    table.add_column("Pen", overflow="ellipsis", no_wrap=True)
    for heading in ("Strokes", "Ink m", "Travel m", "Lifts", "Time"):
        table.add_column(heading, justify="right", no_wrap=True)
    for number, pen in enumerate(summary["pens"], start=1):
        table.add_row(
            str(number),
            swatch(srgb_hex(pen["lab"])),
            f"{pen['id']} {pen['name']}",
            f"{pen['strokes']}",
            f"{pen['down_mm'] / 1000:.2f}",
            f"{pen['up_mm'] / 1000:.2f}",
            f"{pen['lifts']}",
            minutes(pen["seconds"]),
        )
    totals = summary["totals"]
    table.add_section()
    table.add_row(
        "",
        "",
        Text("in all", style="bold"),
        f"{totals['strokes']}",
        f"{totals['down_mm'] / 1000:.2f}",
        f"{totals['up_mm'] / 1000:.2f}",
        f"{totals['lifts']}",
        minutes(totals["seconds"]),
    )
    return table


def order_table(summary: Mapping[str, Any]) -> Table | None:
    """Why the pens come in this order; None where there is one pen or nothing to say."""
    pens = summary["pens"]
    if len(pens) < 2 or not any(pen["reason"] for pen in pens):
        return None
    table = Table(box=None, pad_edge=False)
    table.add_column("#", justify="right")
    table.add_column("Pen", no_wrap=True)
    table.add_column("Why it comes here", overflow="fold")
    for number, pen in enumerate(pens, start=1):
        table.add_row(str(number), pen["id"], pen["reason"])
    return table


def totals_line(summary: Mapping[str, Any]) -> str:
    """What the whole plot takes, swaps included."""
    totals = summary["totals"]
    swaps = totals["swaps"]
    extra = f", with {swaps} pen swap{'s' if swaps != 1 else ''}" if swaps else ""
    if totals["wait_s"]:
        extra += f" and {minutes(totals['wait_s'])} more for ink to dry and delays"
    if totals["pauses"]:
        extra += f", not counting {totals['pauses']} pause{'s' if totals['pauses'] != 1 else ''} of layers"
    return f"About {minutes(summary['estimate_s'])}{extra}."


def dropped_lines(summary: Mapping[str, Any], most: int = 5) -> list[str]:
    """Strokes that are not drawn, grouped by reason; empty when all are."""
    reasons: dict[str, int] = {}
    for dropped in summary["dropped"]:
        reasons[dropped["reason"]] = reasons.get(dropped["reason"], 0) + 1
    lines = [
        f"Not drawn: {count} stroke{'s' if count != 1 else ''}, {reason}" for reason, count in reasons.items()
    ]
    hidden = len(lines) - most
    return [*lines[:most], f"… and {hidden} more reasons, see --json"] if hidden > 0 else lines
