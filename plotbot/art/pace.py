"""How long to go on: for so many steps or seconds, whichever ends first, or until someone asks to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

__all__ = ["Pace"]


class Pace:
    """The turns of one loop, perhaps of several loops in a row.

    Iterating gives, for each step, its number and how much is done, 0 to 1, by steps or by time, whichever
    is more. After that `ended` is ``done``, ``stopped`` or ``out of time``.
    earlier, later: steps of the loops before and after this one, that cost about as much each.
    """

    def __init__(
        self,
        steps: int,
        seconds: float | None = None,
        stop: Callable[[], bool] = lambda: False,
        *,
        earlier: int = 0,
        later: int = 0,
    ) -> None:
        self.steps, self.ended = steps, "done"
        self._seconds, self._stop = seconds, stop
        self._earlier, self._later = earlier, later
        self._begun = time.perf_counter()
        self._index = 0

    def __iter__(self) -> Iterator[tuple[int, float]]:
        self._begun = time.perf_counter()
        for index in range(self.steps):
            self._index, done = index, index / self.steps
            if self._seconds is not None:
                done = max(done, (time.perf_counter() - self._begun) / self._seconds)
            if self._stop():
                self.ended = "stopped"
                return
            if done >= 1:
                self.ended = "out of time"
                return
            yield index, done

    @property
    def done(self) -> float:
        """Share of the steps of all the loops that are done with the current one, 0 to 1."""
        return (self._earlier + self._index + 1) / (self._earlier + self.steps + self._later)

    @property
    def left_s(self) -> float:
        """Seconds left after the current step, at the pace so far, in this loop and later ones."""
        spent = time.perf_counter() - self._begun
        each = spent / (self._index + 1)
        left = each * (self.steps - self._index - 1)
        if self._seconds is not None:
            left = min(left, max(0.0, self._seconds - spent))
        return left + each * self._later
