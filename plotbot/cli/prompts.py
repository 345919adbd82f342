"""What a plot asks the person, in the terminal: sheet in place, pen mounted, how to go on."""

from __future__ import annotations

import sys
from collections.abc import Callable

from rich.text import Text

from plotbot.cli.console import minutes, people, swatch
from plotbot.cli.keys import Keys
from plotbot.errors import BadInput, Cancelled
from plotbot.ink.spaces import srgb_hex
from plotbot.job.runner import Answer, DrawAt, PenSwap, Progress, Start
from plotbot.machine.profile import Profile
from plotbot.pens.model import Pen

__all__ = ["TerminalPrompter", "check_answerable"]

_HEIGHT_STEP = 2.0
"""Per cent of the lift's travel that one key changes a pen's height by."""


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
    profile: the machine's, to say where to put the pen, and how high it draws. keys: what was pressed while
    it drew; without any, every pause leaves the plot. fresh: told when a fresh pen has been mounted.
    """

    def __init__(
        self,
        *,
        yes: bool = False,
        before_asking: Callable[[], None] = lambda: None,
        profile: Profile | None = None,
        keys: Keys | None = None,
        fresh: Callable[[Pen], None] = lambda pen: None,
    ) -> None:
        self._yes = yes
        self._before_asking = before_asking
        self._profile = profile
        self._keys = keys
        self._fresh = fresh
        self._mounted: str | None = None

    def start(self, start: Start) -> None:
        """Ask for paper and origin before the first move of a real machine."""
        self._before_asking()
        kept = start.position_kept
        if start.resuming:
            people.print(f"{start.strokes} strokes are left to draw on {start.machine}.")
            if kept is False:
                people.print(
                    f"[yellow]The machine no longer knows where it is.[/yellow] {_way_back(self._profile)}",
                    soft_wrap=True,
                )
            if start.again is not None:
                people.print(_drawn_again(start), soft_wrap=True)
        if not start.hardware or (self._yes and kept is not False):
            return
        where = "the same sheet where it was" if start.resuming else f"a sheet of {start.plan.paper}"
        if self._profile is not None and self._profile.homing:
            self._ask(f"Lay {where}; the machine homes first, so keep hands off; then press Enter")
        else:
            self._ask(f"Lay {where}, pen over its {_corner(self._profile)}, then press Enter")

    def mount(self, swap: PenSwap) -> None:
        """Ask for a pen, with its swatch."""
        self._before_asking()
        self._mounted = swap.pen.id
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
        if swap.fresh:
            self._fresh(swap.pen)

    def paused(self, where: Progress) -> Answer:
        """Do what a key asked for; after a mere pause, ask. Without a terminal a stop leaves the plot."""
        self._before_asking()
        wish = self._keys.take_wish() if self._keys is not None else None
        if wish == "next pen":
            # Its last stroke may have been the one that was running.
            return "next pen" if where.pen.id == self._mounted else "go on"
        if wish == "stop" or self._keys is None or not self._keys.there:
            return "stop"
        return self._choose(where, self._keys)

    def _choose(self, where: Progress, keys: Keys) -> Answer:
        """Let a key say how to go on."""
        lift = self._profile.pen if self._profile is not None and _adjustable(self._profile) else None
        height = before = self._profile.down_height(where.pen) if self._profile is not None else 0.0
        people.print(
            f"Paused, pen up; {where.strokes_done} of {where.strokes_total} strokes are ink. Enter goes on, "
            + (f"+ and - change the pen's height ({height:g} %), " if lift is not None else "")
            + "s leaves the rest of this pen, q leaves the plot.",
            soft_wrap=True,
        )
        with keys.choosing() as read:
            while key := read().lower():
                if key in "\r\n ":
                    return "go on" if height == before else DrawAt(height)
                if key == "s":
                    return "next pen"
                if key in "q\x04":
                    break
                if lift is not None and key in "+=-_":
                    step = _HEIGHT_STEP if key in "+=" else -_HEIGHT_STEP
                    height = min(max(height + step, 0.0), max(lift.up_height - _HEIGHT_STEP, 0.0))
                    people.print(f"{where.pen} will draw at {height:g} %.", soft_wrap=True)
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


def _corner(profile: Profile | None) -> str:
    return "starting corner" if profile is None else f"{profile.frame.corner.replace('-', ' ')} corner"


def _way_back(profile: Profile | None) -> str:
    """How a machine finds its place again."""
    if profile is not None and profile.homing:
        return "Leave the sheet exactly where it was; the machine homes ($H) and counts from there."
    return (
        "Lay the same sheet exactly where it was, and move the lifted pen by hand over the sheet's "
        f"{_corner(profile)}, as when the plot began; a tip beside it shifts all that follows."
    )


def _drawn_again(start: Start) -> str:
    """Which stroke may get ink twice, and from where."""
    number, pen, stroke = next(one for one in start.plan.strokes() if one[0] == start.again)
    x, y = stroke.mm[0]
    return (
        f"Stroke {number} with pen {pen.pen.id} may be ink in part; it is drawn again, from "
        f"{x:.0f}, {y:.0f} mm on."
    )


def _adjustable(profile: Profile) -> bool:
    """Whether the lift knows more heights than up and down."""
    lift = profile.pen
    return lift.mechanism != "lines" or any("{height}" in line for line in lift.down)
