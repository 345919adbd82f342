"""Turn a drawing into a plan: check, merge, simplify, order, pen by pen.

Every stroke of the drawing ends in a planned stroke's `sources` or in `dropped` with a reason. The same
inputs give the same plan, byte for byte. Points are put on the micrometre grid first, so that planning
never moves a point afterwards; it only leaves points out, turns strokes round and joins their ends.

A dot (a stroke of one point, or of no length) is drawn: pen down, pen up. Stippled drawings are made of
nothing else. `PlanOptions(dots=False)` drops them instead.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from plotbot.drawing import Source, sources
from plotbot.errors import BadInput
from plotbot.paper import Paper
from plotbot.pens.model import Inventory, Pen
from plotbot.plan.ends import chains, match_ends
from plotbot.plan.model import Dropped, Motion, Pass, Plan, Stroke
from plotbot.plan.motion import PARK_MM, check_motion
from plotbot.plan.order import order_strokes
from plotbot.plan.simplify import kept_points

if TYPE_CHECKING:
    import vpype

__all__ = ["Order", "PenOrder", "PlanOptions", "make_plan"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

Order = Literal["fast", "given"]
PenOrder = Literal["auto", "light-first", "dark-first", "given"]

_GRID_MM = 0.001
_EDGE_MM = 0.002
"""How far over the margin a point may be: rounding, not a mistake."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What planning may do to a drawing. Lengths in mm.

    merge: join ends nearer than this, but never further apart than the pen is wide; 0 joins only ends
    in the same place; None joins nothing. simplify: how far a line may move, never more than a quarter
    of the pen's width; None keeps every point. order: `given` keeps the file's own order and
    direction of strokes. dots: draw strokes of no length.
    """

    merge: float | None = 0.3
    simplify: float | None = 0.02
    order: Order = "fast"
    pen_order: PenOrder = "auto"
    dots: bool = True

    def __post_init__(self) -> None:
        for name, value in (("merge", self.merge), ("simplify", self.simplify)):
            if value is not None and not (math.isfinite(value) and 0 <= value <= 10):
                raise BadInput(f"The {name} tolerance is {value:g} mm; it must be between 0 and 10 mm.")
        for name, choice, choices in (
            ("order", self.order, get_args(Order)),
            ("pen order", self.pen_order, get_args(PenOrder)),
        ):
            if choice not in choices:
                raise BadInput(f"The {name} {choice!r} is unknown; use one of {', '.join(choices)}.")


def make_plan(
    drawing: vpype.Document,
    inventory: Inventory,
    paper: Paper,
    motion: Motion | None = None,
    options: PlanOptions | None = None,
) -> Plan:
    """Plan a drawing whose layers are pens of the inventory.

    Raises `BadInput` when a layer's pen is unknown, a coordinate is no number, the art leaves the
    margins, or nothing is left to draw.
    """
    motion = check_motion(motion or Motion())
    options = options or PlanOptions()
    found = sources(drawing)
    if not found:
        raise BadInput("The drawing is empty: it has no stroke to plan.")
    _check_pens(found, inventory)
    _check_numbers(found)
    dropped = [Dropped(one.index, one.pen, one.drop, _length(one.points)) for one in found if one.drop]
    by_pen: dict[str, list[Source]] = {}
    for one in found:
        if one.drop:
            continue
        points = _on_grid(one.points)
        if len(points) == 1:
            if not options.dots:
                dropped.append(Dropped(one.index, one.pen, "a dot: it has no length", 0.0))
                continue
            points = np.repeat(points, 2, axis=0)
        by_pen.setdefault(one.pen, []).append(Source(one.index, one.pen, points))
    if not by_pen:
        reasons = ", ".join(sorted({one.reason for one in dropped}))
        raise BadInput(
            f"Nothing of the drawing can be drawn: all {len(dropped)} strokes were dropped ({reasons})."
        )
    _check_inside([one.points for group in by_pen.values() for one in group], paper)
    passes = tuple(
        Pass(pen, _strokes(by_pen[pen.id], pen, options), reason)
        for pen, reason in _pen_order([inventory[pen_id] for pen_id in by_pen], options.pen_order)
    )
    return Plan(
        paper=paper,
        inventory=inventory.id,
        paper_lab=inventory.paper.lab,
        passes=passes,
        motion=motion,
        dropped=tuple(sorted(dropped, key=lambda one: one.source)),
    )


def _strokes(group: Sequence[Source], pen: Pen, options: PlanOptions) -> tuple[Stroke, ...]:
    """The strokes of one pen: merged, simplified and ordered."""
    indices = np.array([one.index for one in group])
    offsets = np.zeros(len(group) + 1, dtype=np.int64)
    np.cumsum([len(one.points) for one in group], out=offsets[1:])
    points = np.concatenate([one.points for one in group])
    if options.merge is not None and options.order != "given":
        ends = _ends(points, offsets)
        partner = match_ends(ends, min(options.merge, pen.width_mm))
        entered, chain_offsets = chains(partner, _first_ends(partner))
        points, offsets = _concatenate(points, offsets, entered, chain_offsets)
        members = [indices[entered[a:b] // 2] for a, b in pairwise(chain_offsets)]
    else:
        members = [indices[k : k + 1] for k in range(len(group))]
    if options.simplify is not None:
        keep = kept_points(points, offsets, min(options.simplify, pen.width_mm / 4))
        points = points[keep]
        offsets = np.concatenate([[0], np.cumsum(keep)[offsets[1:] - 1]])
    if options.order == "given":
        entered = np.arange(len(members)) * 2
    else:
        entered = order_strokes(_ends(points, offsets), PARK_MM)
    strokes = []
    for end in entered:
        k = end // 2
        path = points[offsets[k] : offsets[k + 1]]
        who = tuple(members[k].tolist())
        strokes.append(Stroke.from_mm(path[::-1], who[::-1]) if end % 2 else Stroke.from_mm(path, who))
    return tuple(strokes)


def _ends(points: FloatArray, offsets: IntArray) -> FloatArray:
    """First and last points of each stroke, alternating: [2s, 2]."""
    ends = np.empty((2 * (len(offsets) - 1), 2))
    ends[0::2], ends[1::2] = points[offsets[:-1]], points[offsets[1:] - 1]
    return ends


def _first_ends(partner: IntArray) -> IntArray:
    """One free end per chain: the one whose stroke came first, in the order of the drawing."""
    free = np.flatnonzero(partner < 0)
    entered, offsets = chains(partner, free)  # every chain twice, once from each of its ends
    last = entered[offsets[1:] - 1] ^ 1
    return np.asarray(free[free < last])


def _concatenate(
    points: FloatArray, offsets: IntArray, entered: IntArray, chain_offsets: IntArray
) -> tuple[FloatArray, IntArray]:
    """The points of chains of strokes, each stroke as it is entered, without repeated points."""
    stroke, backwards = entered // 2, entered % 2 == 1
    sizes = np.diff(offsets)[stroke]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    inside = np.arange(starts[-1]) - np.repeat(starts[:-1], sizes)
    first = np.where(backwards, offsets[stroke + 1] - 1, offsets[stroke])
    gathered = np.repeat(first, sizes) + inside * np.repeat(np.where(backwards, -1, 1), sizes)
    joined = points[gathered]
    chain_starts = starts[chain_offsets]
    keep = np.ones(len(joined), dtype=np.bool_)
    keep[1:] = (joined[1:] != joined[:-1]).any(axis=1)
    keep[chain_starts[:-1]] = True
    # A chain of nothing but dots in one place keeps its last point, so that it stays a stroke.
    kept = np.cumsum(keep)
    lonely = kept[chain_starts[1:] - 1] - kept[chain_starts[:-1]] == 0
    keep[chain_starts[1:][lonely] - 1] = True
    return joined[keep], np.concatenate([[0], np.cumsum(keep)[chain_starts[1:] - 1]])


def _pen_order(pens: Sequence[Pen], how: PenOrder) -> list[tuple[Pen, str]]:
    """Pens in the order they are mounted, each with the reason."""
    if how == "given":
        return [(pen, "in the order of the drawing's layers") for pen in pens]
    sign = 1 if how == "dark-first" else -1

    def key(numbered: tuple[int, Pen]) -> tuple[float, bool, float, int]:
        place, pen = numbered
        fixed = math.inf if pen.order is None else pen.order
        return (fixed, pen.opacity >= 0.5, sign * pen.lab[0], place)

    words = "dark to light" if how == "dark-first" else "light to dark"
    ordered = []
    for _, pen in sorted(enumerate(pens), key=key):
        if pen.order is not None:
            reason = f"fixed at place {pen.order} in the inventory"
        elif pen.opacity >= 0.5:
            reason = "opaque, so over the translucent inks"
        else:
            reason = f"{words}: L* {pen.lab[0]:.0f}"
        ordered.append((pen, reason))
    return ordered


def _check_pens(found: Sequence[Source], inventory: Inventory) -> None:
    for pen_id in dict.fromkeys(one.pen for one in found if not one.drop):
        if pen_id not in inventory:
            named = f"pen {pen_id!r}, which" if pen_id else "a layer without a pen, which"
            known = ", ".join(pen.id for pen in inventory.pens)
            raise BadInput(
                f"The drawing uses {named} inventory {inventory.id!r} does not have; it has {known}."
            )


def _check_numbers(found: Sequence[Source]) -> None:
    for one in found:
        if not np.isfinite(one.points).all():
            at = int(np.flatnonzero(~np.isfinite(one.points).all(axis=1))[0])
            x, y = one.points[at]
            raise BadInput(
                f"Point {at} of stroke {one.index} is ({x:g}, {y:g}) mm; "
                "every coordinate must be a finite number."
            )


def _check_inside(strokes: Sequence[FloatArray], paper: Paper) -> None:
    points = np.concatenate(strokes)
    low, high = points.min(axis=0), points.max(axis=0)
    left, top, right, bottom = paper.drawable
    over = {
        "left": left - low[0],
        "top": top - low[1],
        "right": high[0] - right,
        "bottom": high[1] - bottom,
    }
    too_far = {side: by for side, by in over.items() if by > _EDGE_MM}
    if not too_far:
        return
    size = f"{high[0] - low[0]:.1f} x {high[1] - low[1]:.1f} mm"
    sides = " and ".join(f"{by:.1f} mm on the {side}" for side, by in too_far.items())
    room = f"{right - left:g} x {bottom - top:g} mm"
    raise BadInput(
        f"The art ({size}) leaves the {room} inside the margins of {paper} by {sides}. "
        "Fit it to the sheet, or choose a larger paper or a smaller margin."
    )


def _on_grid(points: FloatArray) -> FloatArray:
    """Points on the micrometre grid, repeated ones left out."""
    if np.abs(points).max() > 1e6:
        # Further out than any sheet; the check against the margins will say by how much.
        return points
    grid = np.rint(points / _GRID_MM)
    keep = np.ones(len(grid), dtype=np.bool_)
    keep[1:] = (grid[1:] != grid[:-1]).any(axis=1)
    return np.asarray(grid[keep] / (1 / _GRID_MM))


def _length(points: FloatArray) -> float:
    if not np.isfinite(points).all():
        return 0.0
    return float(np.hypot(*np.diff(points, axis=0).T).sum())
