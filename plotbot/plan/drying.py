"""Let wet ink dry: how long a pass must wait before it may cross what was drawn before it.

Where a stroke crosses ink of an earlier pass on the same half millimetre, that ink must be dry when the
pen comes there. What is missing is a pass's `wait_s`, counted from the end of the pass before, so that
changing the pen is part of it. Where a wait is longer than the change of pens, the pass begins with what
is dry already, as long as the detours cost less time than the wait.

The drying times are estimates for ordinary drawing paper, not measurements. All ink is taken to be put
down at the end of its stroke, and every pen change to be done at once, so that waits err to the long side.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from plotbot.paper import Paper
from plotbot.pens.model import InkType
from plotbot.plan.cells import cell_count, inked_cells, touched
from plotbot.plan.clock import pass_clock
from plotbot.plan.model import UM_PER_MM, Motion, Pass, Stroke
from plotbot.plan.motion import flatten

__all__ = ["DRY_S", "with_drying"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

DRY_S: dict[InkType, float] = {
    "water-based": 8.0,
    "pigment": 10.0,
    "gel": 40.0,
    "alcohol": 4.0,
    "oil": 90.0,
    "ballpoint": 2.0,
    "acrylic": 120.0,
    "other": 20.0,
}
"""Seconds until a line can be crossed by another pen."""

_GROUPS = (1, 2, 3, 5)
"""In how many groups, by when they are dry, the strokes that must wait are tried."""


def with_drying(passes: Sequence[Pass], paper: Paper, motion: Motion, *, reorder: bool) -> tuple[Pass, ...]:
    """The passes with their waits; reorder: whether strokes may change places to save waiting."""
    if len(passes) < 2:
        return tuple(passes)
    dry_at = np.full(cell_count(paper), -np.inf)
    now = 0.0
    timed: list[Pass] = []
    for number, planned in enumerate(passes):
        one = planned
        points, offsets = flatten([stroke.points for stroke in one.strokes])
        cells, owner = inked_cells(points / UM_PER_MM, offsets, paper)
        if number:
            dry = np.zeros(len(one.strokes))
            np.maximum.at(dry, owner, dry_at[cells] - now)
            one, order = _arranged(one, motion, dry, reorder=reorder)
            now += one.wait_s
            owner = np.argsort(order)[owner]
        times = pass_clock(one.strokes, one.pen, motion)
        done = times.down_at + times.draw_s
        dry_from = np.broadcast_to(now + done[owner] + DRY_S[one.pen.ink], (4, len(cells)))
        np.maximum.at(dry_at, touched(cells, paper), dry_from)
        now += times.seconds
        timed.append(one)
    return tuple(timed)


def _arranged(one: Pass, motion: Motion, dry: FloatArray, *, reorder: bool) -> tuple[Pass, IntArray]:
    """A pass with its wait, and where its strokes were before; dry: when each may be drawn, from the end of
    the pass before."""
    count = len(one.strokes)
    best, order, least = one, np.arange(count), math.inf
    for tried, turned in _orders(dry, motion.swap_s) if reorder else iter([(np.arange(count), False)]):
        strokes = tuple(_reversed(one.strokes[k]) if turned else one.strokes[k] for k in tried.tolist())
        times = pass_clock(strokes, one.pen, motion)
        wait = float(max(math.ceil(np.max(dry[tried] - times.down_at, initial=0.0)), 0))
        seconds = max(wait, motion.swap_s) + times.seconds
        if seconds < least - 0.5:  # a detour must be worth it
            best, order, least = replace(one, strokes=strokes, wait_s=wait), tried, seconds
        if wait <= motion.swap_s:
            break
    return best, order


def _orders(dry: FloatArray, swap_s: float) -> Iterator[tuple[IntArray, bool]]:
    """Orders to try, the planned one first, each with whether strokes are turned round.

    What is dry after the change of pens comes first, then the rest in groups by when they are dry; within
    a group the order is the planned one, so that the travel of a group is no longer than that of all.
    """
    planned = np.arange(len(dry))
    yield planned, False
    yield planned[::-1], True
    wet = np.sort(dry[dry > swap_s])
    for groups in _GROUPS:
        bounds = [swap_s, *wet[[len(wet) * k // groups for k in range(1, groups)]]] if len(wet) else [swap_s]
        yield np.argsort(np.searchsorted(bounds, dry), kind="stable"), False


def _reversed(stroke: Stroke) -> Stroke:
    return Stroke(stroke.points[::-1], stroke.sources[::-1])
