"""What a plot asks the person, in the terminal: sheet in place, pen mounted, how to go on."""

from __future__ import annotations

import sys
from collections.abc import Callable

from rich.text import Text

from plotbot.cli.console import minutes, people, swatch
from plotbot.errors import BadInput, Cancelled
from plotbot.ink.spaces import srgb_hex
from plotbot.job.runner import Answer, PenSwap, Progress, Start

__all__ = ["TerminalPrompter", "check_answerable"]


def check_answerable(*, hardware: bool, yes: bool, json: bool) -> None:
    """Refuse, before any work, a plot whose prompts nobody could answer; raises `BadInput`."""
    if yes and not hardware:
        return
    if json and not sys.stdin.isatty():
        way_out = (
            "a pen swap on a real machine needs a person, so run it in a terminal"
            if hardware
            else "add --yes to mount the virtual machine's pens without asking, or --dry-run"
        )
        raise BadInput(f"With --json and no terminal nobody can answer the pen prompts; {way_out}.")
    if sys.stdin is None or sys.stdin.closed:
        raise BadInput("Standard input is closed, so nobody can answer the pen prompts; use --dry-run.")


class TerminalPrompter:
    """Asks on stderr, reads answers from stdin.

    yes: take every answer that is safe as given; a pen swap on real hardware is always asked.
    before_asking: called first, to clear the terminal of progress bars.
    """

    def __init__(self, *, yes: bool = False, before_asking: Callable[[], None] = lambda: None) -> None:
        self._yes = yes
        self._before_asking = before_asking

    def start(self, start: Start) -> None:
        """Ask for paper and origin before the first move of a real machine."""
        self._before_asking()
        kept = start.position_kept
        if start.resuming:
            people.print(f"{start.strokes} strokes are left to draw on {start.machine}.")
            if kept is False:
                people.print(
                    "[yellow]The machine no longer knows where it is.[/yellow] Lay the same sheet exactly "
                    "where it was, and move the pen over the corner where the plot began."
                )
        if not start.hardware or (self._yes and kept is not False):
            return
        where = "the same sheet where it was" if start.resuming else f"a sheet of {start.plan.paper}"
        self._ask(f"Lay {where}, pen over its starting corner, then press Enter")

    def mount(self, swap: PenSwap) -> None:
        """Ask for a pen, with its swatch."""
        self._before_asking()
        text = Text.assemble(
            str(swap),
            " ",
            swatch(srgb_hex(swap.pen.lab)),
            f" {swap.strokes} strokes, {minutes(swap.seconds)}",
        )
        if self._yes and not swap.hardware:
            people.print(text)
            return
        self._ask(Text.assemble(text, ", then press Enter"))

    def paused(self, where: Progress) -> Answer:
        """A stop that was asked for leaves the plot resumably."""
        self._before_asking()
        return "stop"

    def _ask(self, question: str | Text) -> None:
        people.print(question, end=" ", soft_wrap=True)
        try:
            line = sys.stdin.readline()
        except ValueError as error:  # closed under our hands
            raise BadInput("Standard input is closed, so nobody can answer.") from error
        if not line:
            people.print()
            raise BadInput(
                "Nobody answered: standard input has ended. Run it in a terminal, or on the virtual machine "
                "with --yes."
            )
        if line.strip().lower() in {"q", "n", "no", "quit"}:
            raise Cancelled("Stopped at the prompt.")
