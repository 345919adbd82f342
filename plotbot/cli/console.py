"""What people see: results on stdout, prompts and progress on stderr; with --json, JSON alone on stdout."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from plotbot.errors import PlotbotError

__all__ = ["emit_json", "minutes", "people", "report_error", "results", "swatch", "wants_json"]

people = Console(stderr=True, highlight=False)
"""Prompts, progress and remarks; stdout stays clean for what was asked for."""

results = Console(highlight=False)
"""Tables that a command was asked for; a command with --json prints nothing here."""


def wants_json() -> bool:
    """Whether this run was asked for JSON; known even where parsing has failed."""
    return "--json" in sys.argv[1:]


def emit_json(value: dict[str, Any]) -> None:
    """Print the one JSON object of a run on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def report_error(error: PlotbotError) -> None:
    """Say what went wrong, once: to people on stderr and, with ``--json``, to scripts on stdout."""
    people.print(Text.assemble(("plotbot: ", "bold red"), str(error)), soft_wrap=True)
    if wants_json():
        emit_json({"error": str(error), "exit_code": error.exit_code})


def swatch(colour_hex: str, cells: int = 4) -> Text:
    """A block of colour, `cells` wide; only blanks where the terminal shows no colour."""
    return Text(" " * cells, style=f"on {colour_hex}")


def minutes(seconds: float) -> str:
    """A duration as people say it: ``48 s``, ``12 min``, ``2 h 05 min``."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    if whole < 3600:
        return f"{round(whole / 60)} min"
    hours, rest = divmod(round(whole / 60), 60)
    return f"{hours} h {rest:02d} min"
