"""`plotbot doctor`: whether everything is there, and what to do where it is not."""

from __future__ import annotations

from typing import Any

import typer

from plotbot.cli.console import emit_json, results
from plotbot.cli.options import Json

__all__ = ["doctor"]

_SIGNS = {"ok": ("OK", "green"), "optional": ("--", "yellow"), "problem": ("!!", "bold red")}


def doctor(json: Json = False) -> None:
    """Check Python, torch, weights, settings, folders and ports, and say what to do about each.

    Nothing moves, no port is opened and nothing is downloaded. The exit code is 1 when something that
    plotbot needs is missing.

    [bold]Example[/bold]: plotbot doctor
    """
    from rich.text import Text  # noqa: PLC0415

    from plotbot.cli.checks import examine  # noqa: PLC0415

    found: list[dict[str, Any]] = []
    for one in examine():
        found.append({"what": one.what, "state": one.state, "found": one.found, "remedy": one.remedy})
        if json:
            continue
        sign, style = _SIGNS[one.state]
        results.print(Text.assemble((sign, style), f" {one.what}: {one.found}"), soft_wrap=True)
        if one.remedy:
            results.print(Text(f"   {one.remedy}"), soft_wrap=True)
    problems = sum(one["state"] == "problem" for one in found)
    if json:
        emit_json({"ok": not problems, "checks": found})
    elif problems:
        results.print(f"\n{problems} to mend." if problems > 1 else "\nOne thing to mend.")
    else:
        results.print("\nReady. Try: plotbot draw --pens staedtler12 --channel 87 --dry-run")
    if problems:
        raise typer.Exit(1)
