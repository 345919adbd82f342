"""Pens run dry: split a pass where a fresh pen of the same kind must take over, always between strokes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from plotbot.pens.ledger import split_before_dry
from plotbot.plan.model import UM_PER_MM, Pass
from plotbot.plan.motion import flatten, stroke_seconds

__all__ = ["InkLeft", "begins_fresh", "split_passes"]

_FRESH = "a fresh pen: "


@dataclass(frozen=True, slots=True)
class InkLeft:
    """How far a pen reaches, in metres: the one in use, and a fresh one of its kind."""

    pen: str
    left_m: float
    fresh_m: float


def split_passes(passes: Sequence[Pass], ink: Iterable[InkLeft]) -> tuple[Pass, ...]:
    """The passes, with those split that a pen does not last for; each part after the first begins with a
    fresh pen. A single stroke that no pen lasts for is left whole."""
    known = {one.pen: one for one in ink}
    parts: list[Pass] = []
    for one in passes:
        reach = known.get(one.pen.id)
        parts += [one] if reach is None else _parts(one, reach)
    return tuple(parts)


def begins_fresh(one: Pass) -> bool:
    """Whether a pass was planned for a pen of its kind that is new."""
    return one.reason.startswith(_FRESH)


def _parts(one: Pass, reach: InkLeft) -> list[Pass]:
    points, offsets = flatten([stroke.points for stroke in one.strokes])
    lengths = stroke_seconds(points / UM_PER_MM, offsets, 1.0, 1.0, 0.0)[0]
    parts: list[Pass] = []
    start, left_m, reason = 0, reach.left_m, one.reason
    while start < len(lengths):
        cut = split_before_dry(left_m, lengths[start:].tolist())
        if cut == 0 and not parts and left_m < reach.fresh_m:
            left_m, reason = reach.fresh_m, f"{_FRESH}the one in use is dry"
            continue
        end = len(lengths) if cut is None else start + max(cut, 1)
        wait_s = 0.0 if parts else one.wait_s
        part = replace(one, strokes=one.strokes[start:end], reason=reason, wait_s=wait_s)
        if parts and one.layer is not None:  # its pause and delay are over
            part = replace(part, layer=replace(one.layer, pause=False, delay_ms=None))
        parts.append(replace(part, kept=one.kept and not parts and reason == one.reason))
        drawn_m = float(np.sum(lengths[start:end])) / 1000
        start, left_m = end, reach.fresh_m
        reason = f"{_FRESH}the one before is nearly dry after {drawn_m:.3g} m"
    return parts
