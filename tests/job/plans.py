"""Plans to plot in tests, made by hand so that no drawing, network or planner is needed."""

from __future__ import annotations

import os

import numpy as np

from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory
from plotbot.plan.model import Motion, Pass, Plan, Stroke

PENS = load_inventory("staedtler12")

RAM = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where to put folders of which only the contents matter; None for the usual place."""


def plan_of(
    strokes_per_pen: tuple[int, ...] = (5, 3, 4),
    *,
    seed: int = 1,
    points: int = 6,
    motion: Motion | None = None,
) -> Plan:
    """A plan on A5 with so many random strokes for each of the first pens of staedtler12.

    No two strokes share a point, so that every piece of ink tells which stroke it is of.
    """
    random = np.random.default_rng(seed)
    passes, source = [], 0
    for pen, count in zip(PENS.pens, strokes_per_pen, strict=False):
        strokes = []
        for _ in range(count):
            start = random.uniform(20, 120, 2)
            way = np.cumsum(random.uniform(-4, 4, (points, 2)), axis=0)
            strokes.append(Stroke.from_mm(np.clip(start + way, 0, 148), (source,)))
            source += 1
        passes.append(Pass(pen, tuple(strokes)))
    paper = Paper.parse("a5", margin="0mm")
    return Plan(paper, PENS.id, PENS.paper.lab, tuple(passes), motion or Motion())
