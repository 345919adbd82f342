"""Turn a drawing into a plan: check, merge, simplify, order, pen by pen.

Every stroke of the drawing ends in a planned stroke's `sources` or in `dropped` with a reason. The same
inputs give the same plan, byte for byte. Points are put on the micrometre grid first, so that planning
never moves a point afterwards; it only leaves points out, turns strokes round and joins their ends.

A dot (a stroke of one point, or of no length) is drawn: pen down, pen up. Stippled drawings are made of
nothing else. `PlanOptions(dots=False)` drops them instead.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from plotbot.drawing import Layer, flat_layers
from plotbot.errors import BadInput
from plotbot.paper import Paper
from plotbot.pens.model import Inventory, Pen
from plotbot.plan.capacity import InkLeft, split_passes
from plotbot.plan.drying import with_drying
from plotbot.plan.layering import Key, arranged, key_of
from plotbot.plan.lifts import connect, covered, without
from plotbot.plan.lines import Lines, begun_at, join, merge, on_grid, pick, simplify, strokes_of
from plotbot.plan.model import Dropped, Motion, Pass, Plan, Stroke
from plotbot.plan.motion import PARK_MM, check_motion, draw_limits, hop_seconds, pen_times, stroke_seconds
from plotbot.plan.order import Effort, order_strokes
from plotbot.plan.pen_order import PenOrder, crossings
from plotbot.plan.reimport import carried_plan

if TYPE_CHECKING:
    import vpype

__all__ = ["MERGE_MM", "Order", "PenOrder", "PlanOptions", "Saving", "make_plan", "plan_with_savings"]


Order = Literal["fast", "given"]

_EFFORT = Effort()
MERGE_MM = 0.3
"""How near ends are joined when nothing else is said, where the pen is as wide."""

_EDGE_MM = 0.002
"""How far over the margin a point may be: rounding, not a mistake."""


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What planning may do to a drawing. Lengths in mm.

    merge: join ends nearer than this, but never further apart than the pen is wide; 0 joins only ends
    in the same place; None joins nothing. simplify: how far a line may move, never more than a quarter
    of the pen's width; None keeps every point. order: `given` keeps the file's own order and
    direction of strokes. effort: how long to search for a fast order. dots: draw strokes of no length.
    join_under: draw hops up to this length that lie wholly under ink of the same pen, instead of lifting.
    join_hatch: draw hops up to this length between hatch lines that turn back beside each other; that ink
    shows. drop_covered: drop strokes that lie wholly under others of the same pen.
    ink: for pens that may run dry, how far they reach; where one would, a fresh one is mounted.
    carried: an SVG that plotbot exported, with its lines unchanged, keeps the plan it came from.
    """

    merge: float | None = MERGE_MM
    simplify: float | None = 0.01
    order: Order = "fast"
    effort: Effort = _EFFORT
    pen_order: PenOrder = "auto"
    dots: bool = True
    join_under: float = 0.0
    join_hatch: float = 0.0
    drop_covered: bool = False
    ink: tuple[InkLeft, ...] = ()
    carried: bool = True

    def __post_init__(self) -> None:
        lengths = {
            "merge tolerance": self.merge,
            "simplify tolerance": self.simplify,
            "longest join under ink": self.join_under,
            "longest join of hatch lines": self.join_hatch,
        }
        for name, value in lengths.items():
            if value is not None and not (math.isfinite(value) and 0 <= value <= 10):
                raise BadInput(f"The {name} is {value:g} mm; it must be between 0 and 10 mm.")
        for name, choice, choices in (
            ("order", self.order, get_args(Order)),
            ("pen order", self.pen_order, get_args(PenOrder)),
        ):
            if choice not in choices:
                raise BadInput(f"The {name} {choice!r} is unknown; use one of {', '.join(choices)}.")


@dataclass(frozen=True, slots=True)
class Saving:
    """What one switch of the options did with one pen: `lifts` and machine time saved, `ink_mm` added
    (negative: less ink)."""

    switch: Literal["merge", "join_under", "join_hatch", "drop_covered"]
    pen: str
    lifts: int
    seconds: float
    ink_mm: float


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
    return plan_with_savings(drawing, inventory, paper, motion, options)[0]


def plan_with_savings(
    drawing: vpype.Document,
    inventory: Inventory,
    paper: Paper,
    motion: Motion | None = None,
    options: PlanOptions | None = None,
) -> tuple[Plan, list[Saving]]:
    """The plan as `make_plan` makes it, and what merging, joining and dropping saved, pen by pen.

    The time of a dropped or merged stroke counts its drawing and its lift; travel is not known before all
    strokes are in order.
    """
    motion = check_motion(motion or Motion())
    options = options or PlanOptions()
    # 40 and 40.0 are the same speed, and must give the same hash.
    motion = Motion(**{name: float(value) for name, value in asdict(motion).items()})
    paper = Paper(float(paper.width), float(paper.height), float(paper.margin), paper.name)
    layers = flat_layers(drawing)
    if not any(len(layer.lines) for layer in layers):
        raise BadInput("The drawing is empty: it has no stroke to plan.")
    _check_pens(layers, inventory)
    if options.carried:
        plan = carried_plan(drawing, layers, inventory, paper, motion)
        if plan is not None:
            _check_inside([layer.lines for layer in layers], paper)
            return plan, []
    dropped: list[Dropped] = []
    by_key: dict[Key, list[Lines]] = {}
    for layer in layers:
        if layer.drop:
            dropped += _drop(layer.lines, layer.pen, layer.drop)
            continue
        _check_numbers(layer.lines)
        lines = on_grid(layer.lines)
        if not options.dots:
            dots = lines.lengths() == 0
            dropped += _drop(pick(lines, 2 * np.flatnonzero(dots)), layer.pen, "a dot: it has no length")
            lines = pick(lines, 2 * np.flatnonzero(~dots))
        if len(lines):
            by_key.setdefault(key_of(layer.pen, layer.order), []).append(lines)
    if not by_key:
        reasons = ", ".join(sorted({one.reason for one in dropped}))
        raise BadInput(
            f"Nothing of the drawing can be drawn: all {len(dropped)} strokes were dropped ({reasons})."
        )
    parts = {key: join(lines) for key, lines in by_key.items()}
    _check_inside(parts.values(), paper)
    savings: list[Saving] = []
    if options.drop_covered:
        for (pen_id, order), lines in parts.items():
            parts[pen_id, order], under = without(lines, covered(lines, inventory[pen_id].width_mm))
            dropped += _drop(under, pen_id, "wholly under other strokes of the same pen")
            if len(under):
                seconds = _drawing_s(under, inventory[pen_id], motion)
                ink = -float(under.lengths().sum())
                savings.append(Saving("drop_covered", pen_id, len(under), seconds, ink))
    total = sum(map(len, parts.values()))
    passes = []
    for one in arranged(parts, inventory, options.pen_order, lambda lines: crossings(lines, paper)):
        pen_id, order = one.key
        pen = inventory[pen_id] if order is None else order.applied_to(inventory[pen_id], motion.draw_speed)
        strokes = _strokes(parts[one.key], pen, motion, options, total, savings)
        passes.append(Pass(pen, strokes, one.reason, layer=order, kept=one.kept))
    plan = Plan(
        paper=paper,
        inventory=inventory.id,
        paper_lab=inventory.paper.lab,
        paper_spread_mm=inventory.paper.light_spread_mm,
        overprints=inventory.overprints_among(one.pen.id for one in passes),
        passes=split_passes(with_drying(passes, paper, motion, reorder=options.order == "fast"), options.ink),
        motion=motion,
        dropped=tuple(sorted(dropped, key=lambda one: one.source)),
    )
    return plan, savings


def _strokes(
    lines: Lines, pen: Pen, motion: Motion, options: PlanOptions, total: int, savings: list[Saving]
) -> tuple[Stroke, ...]:
    """The strokes of one pen: merged, simplified, ordered and joined; adds what that saved."""
    effort = options.effort.share(len(lines), total)
    if options.merge is not None and options.order != "given":
        apart = lines
        lines, gaps = merge(lines, min(options.merge, pen.width_mm))
        if len(gaps):
            seconds = _drawing_s(apart, pen, motion) - _drawing_s(lines, pen, motion)
            savings.append(Saving("merge", pen.id, len(apart) - len(lines), seconds, float(gaps.sum())))
    if options.simplify is not None:
        lines = simplify(lines, min(options.simplify, pen.width_mm / 4))
    if options.order == "fast":
        entered, begin = order_strokes(
            lines.points,
            lines.offsets,
            home=PARK_MM,
            speed=motion.travel_speed,
            acceleration=motion.travel_acceleration,
            effort=effort,
        )
        # Counted from the end by which the stroke is entered.
        begin = begin[entered // 2]
        sizes = np.diff(lines.offsets)[entered // 2]
        begin = np.where((entered % 2 == 1) & (begin > 0), sizes - 1 - begin, begin)
        lines = begun_at(pick(lines, entered), begin)
    # Hatch lines first: what joins them hides hops, never the other way round.
    if options.join_hatch > 0:
        lines = _joined(lines, pen, motion, "join_hatch", options.join_hatch, savings)
    if options.join_under > 0:
        lines = _joined(lines, pen, motion, "join_under", options.join_under, savings)
    return strokes_of(lines)


def _joined(
    lines: Lines,
    pen: Pen,
    motion: Motion,
    switch: Literal["join_hatch", "join_under"],
    longest: float,
    savings: list[Saving],
) -> Lines:
    """Polylines in drawing order with the hops drawn that a switch allows; adds what that saved."""
    if switch == "join_hatch":
        joined, _, drawn = connect(lines, pen.width_mm, hatch=longest)
    else:
        joined, drawn, _ = connect(lines, pen.width_mm, under=longest)
    if len(drawn):
        travel = hop_seconds(drawn, motion.travel_speed, motion.travel_acceleration).sum()
        seconds = _drawing_s(lines, pen, motion) - _drawing_s(joined, pen, motion) + float(travel)
        savings.append(Saving(switch, pen.id, len(drawn), seconds, float(drawn.sum())))
    return joined


def _drawing_s(lines: Lines, pen: Pen, motion: Motion) -> float:
    """Seconds to draw polylines and to lift after each, without travel."""
    _, seconds = stroke_seconds(lines.points, lines.offsets, *draw_limits(motion, pen))
    return float(seconds.sum()) + len(lines) * sum(pen_times(motion, pen))


def _drop(lines: Lines, pen: str, reason: str) -> list[Dropped]:
    with np.errstate(invalid="ignore"):
        lengths = np.nan_to_num(lines.lengths(), posinf=0.0)
    return [
        Dropped(source, pen, reason, round(length, 3))
        for number, length in enumerate(lengths.tolist())
        for source in lines.who(number)
    ]


def _check_pens(layers: Iterable[Layer], inventory: Inventory) -> None:
    for pen_id in dict.fromkeys(layer.pen for layer in layers if not layer.drop):
        if pen_id not in inventory:
            named = f"pen {pen_id!r}, which" if pen_id else "a layer without a pen, which"
            known = ", ".join(pen.id for pen in inventory.pens)
            raise BadInput(
                f"The drawing uses {named} inventory {inventory.id!r} does not have; it has {known}."
            )


def _check_numbers(lines: Lines) -> None:
    wrong = ~np.isfinite(lines.points).all(axis=1)
    if wrong.any():
        at = int(np.flatnonzero(wrong)[0])
        line = int(np.searchsorted(lines.offsets, at, side="right")) - 1
        x, y = lines.points[at]
        raise BadInput(
            f"Point {at - lines.offsets[line]} of stroke {lines.sources[line]} is ({x:g}, {y:g}) mm; "
            "every coordinate must be a finite number."
        )


def _check_inside(parts: Iterable[Lines], paper: Paper) -> None:
    parts = list(parts)
    low = np.min([lines.points.min(axis=0) for lines in parts], axis=0)
    high = np.max([lines.points.max(axis=0) for lines in parts], axis=0)
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
        "Fit it to the sheet (--fit), or choose a larger paper or a smaller margin."
    )
