"""A bar with time left for work that says what it does and how far it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from plotbot.cli.console import minutes, people

__all__ = ["progress_bar"]

_SAY_EVERY_S = 10.0
_FIRST_GUESS = 0.05
"""Share of the work after which the time left can be told."""


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[str, float], None]]:
    """Gives a function to tell what is being done and how far it all is, 0..1; without a terminal a line
    every ten seconds."""
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    begun = said = time.monotonic()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TextColumn("{task.fields[left]}"),
        console=people,
        transient=True,
        expand=True,
        disable=not people.is_terminal,
    ) as bars:
        task = bars.add_task(title, total=1.0, left="")

        def tell(what: str, share: float) -> None:
            nonlocal said
            gone = time.monotonic() - begun
            left = f"{minutes(gone * (1 - share) / share)} left" if share > _FIRST_GUESS else ""
            bars.update(task, completed=share, description=f"{title}: {what}", left=left)
            if not people.is_terminal and time.monotonic() - said > _SAY_EVERY_S:
                said = time.monotonic()
                people.print(f"{title}: {what}, {left or f'{100 * share:.0f} %'}")

        yield tell
