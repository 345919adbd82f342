"""From a picture to strokes of real pens.

Pens are laid down from the lightest to the darkest. Before each, what is still missing is separated
anew into the pens that are left, below which lies what was really drawn, rasterised: so every pen puts
right what the ones before it could not, and the darkest, which the eye sees best, come last. In the end all
are settled together.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from plotbot.art.picture.budget import Effort, estimate_seconds, within_budget
from plotbot.art.picture.edges import edge_lines
from plotbot.art.picture.flow import direction_field, flow_guides
from plotbot.art.picture.gain import share_to_ink
from plotbot.art.picture.guides import (
    Guides,
    cell_means,
    choose,
    covered,
    covered_by,
    crossed_guides,
    fineness,
    parallel_guides,
    sample,
    strokes_on,
)
from plotbot.art.picture.joining import joined
from plotbot.art.picture.judge import (
    ColourDifference,
    Strokes,
    colour_difference,
    film_of_strokes,
    low_passed,
    resized,
)
from plotbot.art.picture.pen_choice import worth_mounting
from plotbot.art.picture.search import stamp_discs
from plotbot.art.picture.separation import NEAR_DARK, loss, separate
from plotbot.art.picture.settle import Dots, Ground, Lines, settle
from plotbot.art.picture.steps import finely_all
from plotbot.art.picture.stipple import dot, dot_scale, dot_sizes, stipple
from plotbot.errors import BadInput
from plotbot.ink.film import compose, film_to_lab, relative_to_film, trapped
from plotbot.ink.sheet import InkedSheet
from plotbot.ink.spaces import light_to_dark
from plotbot.pens.ink_set import InkSet
from plotbot.pens.inventory import matchable_pens, select_pens
from plotbot.pens.model import Inventory, Pen
from plotbot.plan.model import Motion

__all__ = [
    "MARKS",
    "Progress",
    "QuantizeOptions",
    "QuantizeReport",
    "Quantized",
    "estimate_seconds",
    "ink_by_pen",
    "quantize",
    "tones_over",
]

Floats = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]

MARKS = ("hatch", "cross", "flow", "stipple", "lines")
"""What strokes look like; several joined by + are laid over one another, such as flow+lines."""

_MENDING = 0.5
"""How far pens may go over the cap to mend what came out too light."""

_WORTH_MM = 20.0
"""Less ink than this is not worth a pen change; where time is short, nor is a multiple of it."""

_LIFTING = {"hatch": 1.15, "flow": 1.4, "stipple": 2.2}
"""Time of drawing over time of ink, where strokes are long and joined, and of dots."""

_LIFT = 0.3
"""What a stroke more has to bring when strokes settle, by the price of a layer of ink."""

_ASKS, _SETTLED = 0.02, 0.004
"""Light by which a place must be off for ink to be laid over what is there, and for more to be laid than was
thought where there is much to draw."""

_MOSTLY = 0.3
"""A cell is a pen's alone where so much of it is."""

_MIN_SIDE_MM = 5.0
_MOST_CELLS = 600_000
_GOLDEN_TURN = math.pi * (3 - math.sqrt(5)) / 2
"""Any few successive multiples of it are well apart, so hatchings of different pens always cross."""


@dataclass(frozen=True, slots=True)
class QuantizeOptions:
    """How a picture becomes strokes. Lengths in mm.

    marks: one of `MARKS`, or several joined by +. pens: ids or names, all of the inventory by default;
    fluorescent pens are never used. most_ink: coverage of all pens together where it is greatest.
    detail: size of the smallest thing that is told apart. shortest: of a stroke. viewing: low-pass
    (sigma) under which the drawing is compared with the picture, see `ColourDifference`.
    angle: of the darkest pen's hatching, degrees. dots: most dots of a stippling. time_budget_s: draw
    no longer than this, by the motion's own estimate: with longer strokes that are joined, with less ink
    of fewer and darker pens, and only then with lighter tones.
    """

    marks: str = "flow"
    pens: tuple[str, ...] | None = None
    most_ink: float = 2.8
    detail: float = 0.5
    shortest: float = 2.5
    viewing: float = 1.0
    angle: float = 45.0
    dots: int = 20_000
    time_budget_s: float | None = None
    motion: Motion = field(default_factory=Motion)
    seed: int = 0

    def __post_init__(self) -> None:
        for mark in self.marks.split("+"):
            if mark not in MARKS:
                raise BadInput(
                    f"Marks {self.marks!r} are unknown; use {', '.join(MARKS)}, "
                    "or several joined like flow+lines."
                )
        ranges = {
            "most_ink": (0.1, 6.0, "layers"), "detail": (0.1, 10.0, "mm"), "shortest": (0.0, 100.0, "mm"),
            "viewing": (0.05, 50.0, "mm"), "angle": (-360.0, 360.0, "degrees"), "dots": (1, 1_000_000, ""),
            "time_budget_s": (10.0, 1e6, "s"),
        }  # fmt: skip
        for name, (low, high, unit) in ranges.items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                raise BadInput(
                    f"{name} is {value:g}; it must be from {low:g} to {high:g} {unit}".rstrip() + "."
                )


@dataclass(frozen=True, slots=True)
class QuantizeReport:
    """What came out. floor: what the tin itself is off, if its inks mixed without any grain. drawn:
    the strokes as plotted. pens: mm of ink per pen, in drawing order. tone: 1, or less where a time
    budget made the drawing lighter. shortest: mm, more where it left out detail. seconds: the estimate
    that the budget was held to. refined_from: the mean ΔE00 before refining, if that was tried."""

    floor: ColourDifference
    drawn: ColourDifference
    pens: dict[str, float]
    strokes: int
    tone: float
    shortest: float
    seconds: float
    refined_from: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "floor": self.floor.as_dict(),
            "drawn": self.drawn.as_dict(),
            "pens": {pen: round(length, 1) for pen, length in self.pens.items()},
            "strokes": self.strokes,
            "tone": round(self.tone, 4),
            "shortest_mm": round(self.shortest, 2),
            "seconds": round(self.seconds, 1),
            "refined_from": None if self.refined_from is None else round(self.refined_from, 3),
        }


@dataclass(frozen=True, slots=True, eq=False)
class Quantized:
    """strokes: (pen id, points [n, 2] mm on the sheet), lightest pen first. target: the picture as light
    relative to the paper, linear Rec.2020 [H, W, 3], on square cells of `cell_mm` that fill `box_mm`
    (left, top, right, bottom)."""

    strokes: Strokes
    target: Floats
    cell_mm: float
    box_mm: tuple[float, float, float, float]
    report: QuantizeReport


def quantize(
    picture: npt.NDArray[Any],
    inventory: Inventory,
    area_mm: tuple[float, float, float, float],
    options: QuantizeOptions | None = None,
    on_progress: Progress | None = None,
) -> Quantized:
    """Turn a picture into strokes of an inventory's pens.

    picture: linear Rec.2020 [H, W, 3] from `load_picture`; its white becomes the bare paper. area_mm:
    left, top, right, bottom of where it may go; it is made as large as fits, centred. on_progress is
    told what is being done and how far it all is, 0..1. Raises `BadInput`.
    """
    options = options or QuantizeOptions()
    tell = on_progress or (lambda _what, _share: None)
    box = _placed(picture, area_mm)
    work = _work(picture, inventory, box, options, [])
    budget, motion = options.time_budget_s, options.motion
    strokes, effort, seconds = within_budget(work.draw, work.worth_mounting, inventory, budget, motion, tell)
    tell("judging", 0.95)
    film = film_of_strokes(strokes, inventory, work.area, 10.0)
    seen = resized(film, work.shape)
    drawn = colour_difference(seen, work.target, inventory.paper.lab, work.cell, options.viewing)
    tell("done", 1.0)
    corner = np.array(box[:2])
    return Quantized(
        [(pen_id, points + corner) for pen_id, points in strokes],
        work.target,
        work.cell,
        box,
        QuantizeReport(
            work.floor(),
            drawn,
            ink_by_pen(strokes),
            len(strokes),
            effort.tone,
            options.shortest * effort.longer,
            seconds,
        ),
    )


def tones_over(
    laid: Strokes,
    picture: npt.NDArray[Any],
    inventory: Inventory,
    box_mm: tuple[float, float, float, float],
    options: QuantizeOptions,
    tell: Progress,
    *,
    hurried: bool = False,
    alone: Mapping[str, npt.NDArray[np.bool_]] | None = None,
) -> tuple[Strokes, ColourDifference]:
    """Strokes that are part of a drawing already, in mm on the sheet, and those of the tones over them that
    make the picture, which fills a box; and what the tin is off in the tones. A time budget is for both.

    What the strokes make of the picture already is left alone. hurried: in half the time, with a little more
    grain. alone: places of the picture, [H, W], that only one pen may draw, by its id. Raises `BadInput`.
    """
    corner = np.array(box_mm[:2])
    box = _placed(picture, box_mm)
    work = _work(picture, inventory, box, options, [(pen_id, points - corner) for pen_id, points in laid])
    work.hurried = hurried
    for number, pen in enumerate(work.pens):
        if alone and pen.id in alone:
            share = resized(alone[pen.id][..., None].astype(np.float64), work.shape)
            work.alone[number] = share[..., 0] > _MOSTLY
    strokes, _, _ = within_budget(
        work.draw, work.worth_mounting, inventory, options.time_budget_s, options.motion, tell
    )
    return [(pen_id, points + corner) for pen_id, points in strokes], work.floor()


def _work(
    picture: npt.NDArray[Any],
    inventory: Inventory,
    box: tuple[float, float, float, float],
    options: QuantizeOptions,
    laid: Strokes,
) -> _Work:
    chosen = select_pens(inventory, options.pens) if options.pens is not None else inventory
    size = (box[2] - box[0], box[3] - box[1])
    cell = max(options.detail, math.sqrt(size[0] * size[1] / _MOST_CELLS))
    # Whole cells: the grid is made to fit the box, not the box to the grid.
    shape = (max(2, round(size[1] / cell)), max(2, round(size[0] / cell)))
    target = np.clip(resized(picture, shape), 0.0, None)
    return _Work(list(matchable_pens(chosen)), inventory, target, size, size[0] / shape[1], options, laid)


def ink_by_pen(strokes: Strokes) -> dict[str, float]:
    """Length of the strokes of each pen, mm."""
    ink: dict[str, float] = {}
    for pen_id, points in strokes:
        ink[pen_id] = ink.get(pen_id, 0.0) + float(np.hypot(*np.diff(points, axis=0).T).sum())
    return ink


def _placed(
    picture: npt.NDArray[Any], area: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    if picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < 1:
        raise BadInput(f"A picture of shape {picture.shape} cannot be drawn; it must be [height, width, 3].")
    if not np.isfinite(picture).all():
        raise BadInput("The picture holds values that are no numbers.")
    left, top, right, bottom = area
    height, width = picture.shape[:2]
    scale = min((right - left) / width, (bottom - top) / height)
    w, h = width * scale, height * scale
    if not min(w, h) >= _MIN_SIDE_MM:
        raise BadInput(
            f"The picture would be {max(w, 0):.1f} x {max(h, 0):.1f} mm on the sheet; "
            f"each side must be at least {_MIN_SIDE_MM:g} mm."
        )
    x, y = (left + right - w) / 2, (top + bottom - h) / 2
    return (x, y, x + w, y + h)


class _Work:
    """One picture on one sheet, drawn as often as a time budget asks."""

    def __init__(
        self,
        pens: Sequence[Pen],
        inventory: Inventory,
        target: Floats,
        size: tuple[float, float],
        cell: float,
        options: QuantizeOptions,
        laid: Strokes,
    ) -> None:
        ordered = tuple(pens[index] for index in light_to_dark([pen.lab for pen in pens]))
        self.inks = replace(InkSet.of(inventory), pens=ordered)
        self.pens = ordered
        self.inventory, self.options, self.size, self.cell = inventory, options, size, cell
        self.paper = inventory.paper.lab
        self.films = self.inks.films
        self.target = target
        self.shape = target.shape[:2]
        self.area = (0.0, 0.0, *size)
        self.laid = laid
        self.sigma = 1.0 / cell
        self.fine = fineness(min(pen.width_mm for pen in pens), cell)
        self.fine_shape = (self.shape[0] * self.fine, self.shape[1] * self.fine)
        self.px_per_mm = self.fine / cell
        self.guides: dict[tuple[str, int, int], Guides] = {}
        lightness = film_to_lab(relative_to_film(target), self.paper)[..., 0]
        self.lightness = lightness
        self.field = direction_field(lightness, cell)
        self.best: Floats | None = None
        self.open = np.arange(self.shape[0] * self.shape[1])
        """Cells that still ask for ink when what was laid before is there."""
        self.ground: Floats = np.ones((1, 3))
        """Film in these cells of what was laid before, [n, 3] or [1, 3]."""
        self.own: dict[int, Floats] = {}
        """Which share of every cell [H, W] the strokes laid before cover, by the number of their pen."""
        self.alone: dict[int, npt.NDArray[np.bool_]] = {}
        """Cells [H, W] that only this pen may draw."""
        self.hurried = False
        self.shortest, self.dots = options.shortest, options.dots
        self.effort, self.used = Effort(), list(range(len(ordered)))

    def floor(self) -> ColourDifference:
        """What is left when the inks mix as well as the tin can, without grain."""
        assert self.best is not None
        film = self.best.reshape(*self.shape, 3)
        return colour_difference(film, self.target, self.paper, self.cell, self.options.viewing)

    def _film(self, coverage: npt.NDArray[np.float32]) -> Floats:
        """Film [n, 3] of coverages [n, pens] of inks that mix without grain."""
        return np.asarray(compose(coverage.astype(float), self.films, trapping=self.inks.trapping))

    def _mixed(self, goal: Floats, coverage: npt.NDArray[np.float32]) -> Floats:
        """Film [cells, 3] of coverages of the open cells; others are as they are to be."""
        film = goal.copy()
        film[self.open] = self.ground * self._film(coverage)
        return film

    def draw(self, effort: Effort, tell: Progress) -> Strokes:
        """All pens, one after the other."""
        tell("separating", 0.0)
        self.effort, self.used = effort, self._named(effort.pens)
        tone, options, spread = effort.tone, self.options, self.inventory.paper.light_spread_mm
        self.shortest, self.dots = options.shortest * effort.longer, round(options.dots * effort.dots)
        cap = options.most_ink
        wanted = np.clip(relative_to_film(self.target), 1e-4, None) ** tone
        marks = options.marks.split("+")
        goal = wanted.reshape(-1, 3)
        tones = [mark for mark in marks if mark != "lines"]
        spent = np.zeros(len(goal))
        laid: list[Lines | Dots] = []
        strokes = list(self.laid) + (self._edges() if "lines" in marks else [])
        before = self._inked(strokes)
        sheet = self._sheet(before)
        planned = resized(sheet.seen(), self.shape)
        self._begin_on(planned, goal, before)
        plan = self._first_plan(goal, cap, self._meets(sheet))
        first = plan.copy()
        if self.best is None:
            self.best = self._mixed(goal, first)
        meets: Floats | None = None
        expected, changed = np.ones((len(self.open), 3)), bool(strokes)
        for index, pen in [(index, self.pens[index]) for index in self.used if tones]:
            tell(f"drawing with pen {pen}", 0.15 + 0.5 * index / len(self.pens))
            if changed or (index and not self.hurried):
                meets = self._meets(sheet)
                caps = np.maximum(cap + _MENDING - spent, 0)
                self._mend(plan, index, goal, self._below(sheet, planned), expected, caps, meets)
            want = self._wanted(plan[:, index])
            changed = float(want.sum()) * self.cell**2 / pen.width_mm >= _WORTH_MM * effort.longer / tone
            if not changed:
                continue
            # Several marks share the tone: each draws its part, crossing the others.
            inked = share_to_ink(want, self.films[index], pen.width_mm, spread)
            share = inked if len(tones) == 1 else 1 - (1 - np.minimum(inked, 0.999)) ** (1 / len(tones))
            cover = np.zeros(self.fine_shape, np.bool_)
            for number, mark in enumerate(tones):
                one, under = self._marks(mark, pen, index, share, number, plan, laid)
                laid.append(one)
                cover |= under
            sheet.lay(index, cell_means(cover & ~before[index] if index in before else cover, 2))
            met = 1.0 if meets is None else meets[:, index].reshape(*self.shape, 3)
            taken = 1 - want[..., None] * (1 - self.films[index] * met)
            planned *= taken
            expected *= taken.reshape(-1, 3)[self.open]
            spent += low_passed(self._cells(cover)[..., None], self.sigma, 0.0).ravel()
        if laid:
            if not self.hurried:
                self._settle(laid, before, self._mixed(goal, first), cap + _MENDING, tell)
            strokes += [stroke for one in laid for stroke in self._strokes(one)]
        return self._in_order(strokes)

    def _begin_on(self, planned: Floats, goal: Floats, before: Mapping[int, npt.NDArray[np.bool_]]) -> None:
        """Take in what was laid before: the film that it makes, and which fine pixels which pen inked."""
        if self.laid:
            film = planned.reshape(-1, 3)
            self.open = np.flatnonzero(np.abs(goal - film).max(axis=1) > _ASKS)
            self.ground = np.clip(film[self.open], 1e-3, 1)
            if not self.hurried:
                self.own = {index: self._cells(inked) for index, inked in before.items()}

    def _in_order(self, strokes: Strokes) -> Strokes:
        """The lightest pens first."""
        every = light_to_dark([pen.lab for pen in self.inventory.pens])
        order = {self.inventory.pens[index].id: place for place, index in enumerate(every)}
        return sorted(strokes, key=lambda one: order[one[0]])

    def _below(self, sheet: InkedSheet, planned: Floats) -> Floats:
        """What lies on the paper, film [cells, 3]: its detail as planned, its tone as it really came out."""
        drawn = low_passed(resized(sheet.seen(), self.shape), self.sigma)
        drawn /= np.maximum(low_passed(planned, self.sigma), 1e-3)
        return np.asarray(np.clip(planned * drawn, 1e-3, 1).reshape(-1, 3))

    def _meets(self, sheet: InkedSheet) -> Floats | None:
        """What every pen is on what lies below it, as measured, a factor on its film [cells, pens, 3]; None
        where it is what it is on paper. On its own ink, laid before, it is nothing more, nor is it where
        another is alone."""
        inks = self.inks
        laid = {
            one: low_passed(resized(cover[..., None], self.shape), self.sigma, 0.0)
            for one, cover in sheet.shares.items()
        }
        if not self.own and not self.alone and (inks.trapping is None or not laid):
            return None
        meets = np.ones((*self.shape, len(self.pens), 3), dtype=np.float32)
        if inks.trapping is not None and laid:
            told = (inks.trapping != 1).any(axis=-1)
            for number in range(len(self.pens)):
                on = [one for one in laid if told[one, number]]
                below = [(laid[one], inks.films[one], inks.trapping[one, number]) for one in on]
                meets[:, :, number] = trapped(np.ones(3), below)
        for number, share in self.own.items():
            again = 1 / np.maximum(self.films[number], 1e-3)
            meets[:, :, number] += share[..., None] * (again - meets[:, :, number])
        for number, place in self.alone.items():
            for other in range(len(self.pens)):
                if other != number:
                    meets[place, other] = 1 / np.maximum(self.films[other], 1e-3)
        return meets.reshape(-1, len(self.pens), 3)

    def _sheet(self, inked: Mapping[int, npt.NDArray[np.bool_]]) -> InkedSheet:
        half = (self.shape[0] * self.fine // 2, self.shape[1] * self.fine // 2)
        inks = self.inks
        sheet = InkedSheet(half, self.px_per_mm / 2, inks.spread_mm, inks.films, inks.opacity, inks.trapping)
        for index, cover in inked.items():
            sheet.lay(index, cell_means(cover, 2))
        return sheet

    def _mend(
        self,
        plan: npt.NDArray[np.float32],
        index: int,
        goal: Floats,
        below: Floats,
        expected: Floats,
        caps: Floats,
        meets: Floats | None,
    ) -> None:
        """Separate anew into the pens from `index` on what is missing over what lies below, film [cells, 3];
        in a hurry only where that is not what was expected, film [open cells, 3]."""
        off = np.arange(len(self.open))
        if self.hurried:
            off = np.flatnonzero(np.abs(below[self.open] - expected).max(axis=1) >= _SETTLED)
            expected[off] = below[self.open[off]]
        at = self.open[off]
        plan[off, index:] = self._separated(
            goal[at], below[at], plan[off, index:], caps[at], 5, index, None if meets is None else meets[at]
        )

    def _wanted(self, plan: npt.NDArray[np.float32]) -> Floats:
        """What a pen is to cover [H, W], from its shares in the open cells."""
        want = np.zeros(self.shape)
        want.reshape(-1)[self.open] = np.where(plan < 0.012, 0, plan)
        return want

    def _cells(self, cover: npt.NDArray[np.bool_]) -> Floats:
        return np.asarray(cell_means(cover, self.fine))

    def _named(self, pens: frozenset[str] | None) -> list[int]:
        return [place for place, pen in enumerate(self.pens) if pens is None or pen.id in pens]

    def worth_mounting(self, budget_s: float) -> tuple[frozenset[str], float]:
        """The pens that make the best drawing in a time, and the price of ink at which they keep to it."""
        motion = self.options.motion
        goal = np.clip(relative_to_film(self.target), 1e-4, None).reshape(-1, 3)[self.open]
        if not len(goal):
            return frozenset(pen.id for pen in self.pens), 0.0
        left = budget_s - (estimate_seconds(self.laid, self.inventory, motion) if self.laid else 0.0)
        width = float(np.mean([pen.width_mm for pen in self.pens]))
        lifting = max(_LIFTING.get(mark, 1.15) for mark in self.options.marks.split("+"))
        layer_s = lifting * len(goal) * self.cell**2 / width / motion.draw_speed
        best, price = worth_mounting(goal, self.inks, self.options.most_ink, left, layer_s, motion.swap_s)
        return frozenset(self.pens[pen].id for pen in {*best, *self.alone}), price

    def _first_plan(self, goal: Floats, cap: float, meets: Floats | None) -> npt.NDArray[np.float32]:
        """The separation before anything is drawn. Dark places are tried both ways that `separate` knows;
        neighbours choose together, because strokes are longer than a cell."""
        trapping = self.inks.trapping
        here = goal[self.open]
        below = np.broadcast_to(self.ground, here.shape)
        met = None if meets is None else meets[self.open]
        plan = self._separated(here, below, None, cap, 14, meets=met)
        near = film_to_lab(here, self.paper)[:, 0] < self.pens[self.used[-1]].lab[0] + NEAR_DARK
        if near.any():
            other = plan.copy()
            other[near] = self._separated(
                here[near],
                below[near],
                None,
                cap,
                14,
                meets=None if met is None else met[near],
                dark_first=True,
            )
            gain, dark = np.zeros(len(goal)), self.open[near]
            of = (self.films, self.paper, trapping, below[near], self.effort.price)
            gain[dark] = loss(plan[near], here[near], *of) - loss(other[near], here[near], *of)
            together = low_passed(gain.reshape(*self.shape, 1), 2 * self.sigma, 0.0).ravel()[self.open]
            plan[together > 0] = other[together > 0]
        return plan

    def _separated(
        self,
        goal: Floats,
        below: Any,
        start: Any,
        cap: Any,
        rounds: int,
        first: int = 0,
        meets: Any = None,
        dark_first: bool = False,
    ) -> npt.NDArray[np.float32]:
        """`separate` into the pens from the `first` on, on all cores: places do not depend on one another."""
        used = [pen for pen in self.used if pen >= first]
        columns = np.array(used) - first
        trapping = self.inks.trapping
        of_these = None if trapping is None else trapping[used][:, used]
        parts = np.array_split(np.arange(len(goal)), max(1, min(os.cpu_count() or 1, 8)))
        caps = np.broadcast_to(np.asarray(cap, dtype=np.float64), (len(goal),))

        def one(part: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
            found = np.zeros((len(part), len(self.pens) - first), np.float32)
            found[:, columns] = separate(
                goal[part], self.films[used], self.paper, cap=caps[part], limit=1.0, rounds=rounds,
                price=self.effort.price,
                below=None if below is None else below[part],
                start=None if start is None else start[part][:, columns],
                dark_first=dark_first, trapping=of_these,
                meets=None if meets is None else meets[part][:, used],
            )  # fmt: skip
            return found

        with ThreadPoolExecutor(len(parts)) as pool:
            return np.concatenate(list(pool.map(one, parts)))

    def _marks(
        self,
        mark: str,
        pen: Pen,
        index: int,
        want: Floats,
        number: int,
        plan: npt.NDArray[np.float32],
        laid: Sequence[Lines | Dots],
    ) -> tuple[Lines | Dots, npt.NDArray[np.bool_]]:
        """One pen's marks of one kind, and the fine pixels that they ink."""
        width, options = pen.width_mm, self.options
        if mark == "stipple":
            left = self.dots - sum(len(one.middles) for one in laid if isinstance(one, Dots))
            widths = [one.width_mm for one in self.pens[index:]]
            scale = dot_scale(plan[:, index:], widths, left / self.cell**2)
            dots = Dots(
                index, *stipple(want, self.cell, width, scale, options.seed * 1000 + index), dot_sizes(width)
            )
            count = np.zeros(self.fine_shape, np.uint8)
            stamp_discs(dots.middles, dots.diameters, self.px_per_mm, count)
            return dots, count > 0
        key = (mark, index, number)
        # Guides that flow are laid only where they are wanted, which is elsewhere with other pens.
        if mark == "flow" or key not in self.guides:
            turn = (len(self.pens) - 1 - index + 0.5 * number) * _GOLDEN_TURN
            if mark == "flow":
                seed = options.seed * 1000 + index * 10 + number
                self.guides[key] = flow_guides(self.field, self.cell, self.size, width, want, turn, seed)
            else:
                angle = math.radians(options.angle) + turn
                one = parallel_guides(self.size, angle, width, 0.5)
                other = parallel_guides(self.size, angle + math.pi / 2, width, 0.5)
                self.guides[key] = crossed_guides(one, other) if mark == "cross" else one
        guides = self.guides[key]
        drawn = choose(guides, want, self.cell, width, self.shortest, self.fine)
        least = max(1, round(self.shortest / guides.step))
        inked = covered(guides, drawn, width, self.fine_shape, self.px_per_mm)
        return Lines(index, guides, drawn, want, least, mark == "flow"), inked

    def _settle(
        self,
        marks: Sequence[Lines | Dots],
        before: Mapping[int, npt.NDArray[np.bool_]],
        goal: Floats,
        most_ink: float,
        tell: Progress,
    ) -> None:
        """Let the marks of all pens make up for one another, over strokes that stay as they are."""
        ground = Ground(self.cell, self.fine, self.inks, goal.reshape(*self.shape, 3), before)
        settle(
            ground,
            marks,
            most_ink,
            lambda share: tell("settling strokes", 0.65 + 0.35 * share),
            self.effort.price * _LIFT,
        )

    def _inked(self, strokes: Strokes) -> dict[int, npt.NDArray[np.bool_]]:
        """Fine pixels that strokes ink, by the number of the pen."""
        by_pen: dict[str, list[Floats]] = {}
        for pen_id, line in strokes:
            by_pen.setdefault(pen_id, []).append(line)
        return {
            index: covered_by(*finely_all(by_pen[pen.id]), pen.width_mm, self.fine_shape, self.px_per_mm)
            for index, pen in enumerate(self.pens)
            if pen.id in by_pen
        }

    def _strokes(self, one: Lines | Dots) -> Strokes:
        pen = self.pens[one.pen]
        if isinstance(one, Dots):
            discs = zip(one.middles, one.diameters, strict=True)
            return [(pen.id, dot(middle, size, pen.width_mm, one.pen)) for middle, size in discs if size]
        lines = strokes_on(one.guides, one.drawn, pen.width_mm)
        if one.bends:
            lines = [line[_thinned(len(line))] for line in lines]
        else:
            lines = [line[[0, -1]] if len(line) > 1 else line for line in lines]
        return [(pen.id, line) for line in joined(lines, self.effort.join_mm)]

    def _edges(self) -> Strokes:
        """Edges, each in the dark pen that is nearest to what lies on its darker side."""
        dark = [pen for pen in self.used if self.pens[pen].lab[0] < 55] or self.used[-1:]
        labs = film_to_lab(self.films[dark], self.paper)
        picture = film_to_lab(relative_to_film(low_passed(self.target, 0.7 / self.cell)), self.paper)
        shortest = max(self.shortest, 2.5)
        strokes: Strokes = []
        half = min(self.pens[index].width_mm for index in dark) / 2
        for line in edge_lines(self.lightness, self.cell, shortest):
            local = np.stack([sample(picture[..., k], line, self.cell).mean() for k in range(3)])
            # The line is to be darker than what it parts.
            local[0] = 0.5 * local[0]
            best = int(np.argmin(((labs - local) ** 2).sum(axis=1)))
            inside = np.clip(line, half, np.array(self.size) - half)
            strokes.append((self.pens[dark[best]].id, inside))
        return strokes


def _thinned(count: int) -> list[int]:
    """Every other point of a smooth line, and its ends."""
    return [*range(0, count - 1, 2), count - 1]
