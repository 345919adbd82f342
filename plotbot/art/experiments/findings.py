"""What a sweep shows: a table of all cells, and where a style made a channel happier."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from plotbot.art.experiments.cell import Result

__all__ = ["Lowered", "lowered", "table"]


@dataclass(frozen=True, slots=True)
class Lowered:
    """A channel whose exc_loss is lower with a style than without: means over the same seeds."""

    channel: int
    style_weight: float
    without: float
    with_style: float
    seeds: int

    @property
    def by(self) -> float:
        """How much lower."""
        return self.without - self.with_style


def lowered(results: Sequence[Result]) -> list[Lowered]:
    """Where regularisation lowered exc_loss instead of raising it, most first.

    Only seeds that were finished both with the style and without count.
    """
    losses: dict[tuple[int, float], dict[int, float]] = defaultdict(dict)
    for one in results:
        if one.exc_loss is not None:
            losses[one.channel, one.style_weight][one.seed] = one.exc_loss
    found = []
    for (channel, weight), with_style in losses.items():
        without = losses.get((channel, 0.0), {})
        seeds = sorted(with_style.keys() & without.keys())
        if weight == 0 or not seeds:
            continue
        before, after = (float(np.mean([of[seed] for seed in seeds])) for of in (without, with_style))
        if after < before:
            found.append(Lowered(channel, weight, before, after, len(seeds)))
    return sorted(found, key=lambda one: -one.by)


def table(results: Sequence[Result], folders: Sequence[str]) -> str:
    """All cells as CSV, one a line; folders: where each one is."""
    text = io.StringIO()
    stages = ("free", "quantised", "refitted", "as_plotted")
    plain = ("channel", "style_weight", "seed", "exc_loss", "style")
    more = ("strokes", "ink_m", "ended", "seconds")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow([*plain, *(f"activation_{stage}" for stage in stages), *more, "pens", "folder"])
    for one, folder in zip(results, folders, strict=True):
        activation = [one.activation.get(stage) for stage in stages]
        rows.writerow(
            [
                *(getattr(one, name) for name in plain),
                *activation,
                *(getattr(one, name) for name in more),
                " ".join(one.pens),
                folder,
            ]
        )
    return text.getvalue()
