"""A grown drawing as plain data: curves with a pen each, and what the network made of them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from plotbot.art.strokes import flatten
from plotbot.pens.ink_set import InkSet
from plotbot.pens.model import Pen

__all__ = ["Activations", "Artwork", "FilmSnapshot", "Grown", "Quantisation", "Snapshot", "Step", "Try"]


@dataclass(frozen=True, slots=True)
class Activations:
    """The objective's excitation under the fixed views, at each stage of the way to paper.

    free: before pens were decided. quantised: every stroke with one real pen. refitted: after the
    geometry was fitted again to those pens. as_plotted: of the final strokes as resvg draws them.
    """

    free: float
    quantised: float
    refitted: float
    as_plotted: float


@dataclass(frozen=True, slots=True)
class Quantisation:
    """What became of the free colours; arrays over the N strokes that stay, and K clusters.

    lab: [N, 3] free colours. ink: [N] how much each counts (mm²). cluster_of: [N]. centres: [K, 3] Lab.
    pens: [K] pen ids. delta_e00: of each stroke's free colour to its pen, [N]; mean and p95 weigh by ink.
    """

    lab: np.ndarray
    ink: np.ndarray
    cluster_of: np.ndarray
    centres: np.ndarray
    pens: tuple[str, ...]
    delta_e00: np.ndarray

    @property
    def mean(self) -> float:
        """Mean ΔE00 of the quantisation, weighted by ink."""
        return float(np.average(self.delta_e00, weights=self.ink))

    @property
    def p95(self) -> float:
        """The ΔE00 that 95 % of the ink stays within."""
        order = np.argsort(self.delta_e00)
        share = np.cumsum(self.ink[order]) / self.ink.sum()
        return float(self.delta_e00[order][np.searchsorted(share, 0.95)])


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the optimiser, as told to `on_step`.

    phase: ``choosing`` pens, ``refitting`` with pens decided, or ``enlarging`` a small drawing; of pixels,
    ``mixing`` colours or ``deciding`` which is whose. activation: the excitation of this step's views.
    terms: every term of the objective and every regulariser by name, unweighted. left_s: estimated time
    left. loss: what was minimised. ink_mm: length of all strokes, by the control polygon. pen_entropy: how
    undecided strokes are about their pen, mean in bits. Not a number where there is no such figure. done:
    share of all the work that is done with it, 0 to 1.
    """

    index: int
    count: int
    phase: str
    activation: float
    terms: dict[str, float]
    left_s: float
    loss: float = math.nan
    ink_mm: float = math.nan
    pen_entropy: float = math.nan
    done: float = math.nan


@dataclass(frozen=True, slots=True)
class Try:
    """One of several drawings that differ in their seed, and its activation under the fixed views."""

    seed: int
    activation: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The drawing as it stood before one step; N strokes.

    points_mm: float32 [N, 3K+1, 2], as in the artwork. pen_of: [N], indices into the artwork's pens, or
    None while they are open. width_mm: float32 [N]. ink: float32 [N, 3], the transmittance of what each
    stroke is drawn with, a mixture while pens are open.
    """

    step: int
    points_mm: np.ndarray
    pen_of: np.ndarray | None
    width_mm: np.ndarray
    ink: np.ndarray


@dataclass(frozen=True, slots=True)
class FilmSnapshot:
    """A drawing of pixels as it stood before one step: its film, float32 [3, H, W]."""

    step: int
    film: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Grown(ABC):
    """What was grown for a network: strokes in mm within an area whose top left corner is (0, 0), y down.

    size_px: height and width of the picture the network saw. inks: of the pens there were to draw with.
    history: one entry per step. growth: how it came to be, in at most a dozen snapshots. quantisation: with
    learned colours, what they became. ended: ``done``, ``stopped``, ``out of time`` or ``not a number``.
    view_px: height and width of what the network saw of a large drawing at a time, None where it saw it
    whole; activations of a large one are means over such windows, but for free and quantised, which are of
    the small one it grew out of. tries: what every seed came to.
    """

    area_mm: tuple[float, float]
    size_px: tuple[int, int]
    inks: InkSet
    activations: Activations
    history: tuple[Step, ...] = ()
    growth: tuple[Snapshot | FilmSnapshot, ...] = ()
    quantisation: Quantisation | None = None
    ended: str = "done"
    view_px: tuple[int, int] | None = None
    tries: tuple[Try, ...] = ()
    timings_s: dict[str, float] = field(default_factory=dict)

    @property
    def pens(self) -> tuple[Pen, ...]:
        """The pens that there were to draw with."""
        return self.inks.pens

    @property
    def paper_lab(self) -> tuple[float, float, float]:
        """The colour of the bare paper."""
        return self.inks.paper_lab

    @abstractmethod
    def polylines(
        self, tolerance_mm: float = 0.02, origin_mm: tuple[float, float] = (0.0, 0.0)
    ) -> list[tuple[str, np.ndarray]]:
        """Every stroke as (pen id, polyline [n, 2] in mm), within `tolerance_mm` of what was grown, with the
        area's corner moved to `origin_mm`."""

    def by_pen(
        self, tolerance_mm: float = 0.02, origin_mm: tuple[float, float] = (0.0, 0.0)
    ) -> dict[str, list[np.ndarray]]:
        """The polylines of every pen that draws something, by pen id, in drawing order."""
        lines: dict[str, list[np.ndarray]] = {pen.id: [] for pen in self.pens}
        for pen_id, line in self.polylines(tolerance_mm, origin_mm):
            lines[pen_id].append(line)
        return {pen_id: drawn for pen_id, drawn in lines.items() if drawn}


@dataclass(frozen=True, kw_only=True)
class Artwork(Grown):
    """Strokes that are curves.

    points_mm: float32 [N, 3K+1, 2], chains of cubic Béziers. pen_of: [N], indices into `pens`.
    """

    points_mm: np.ndarray
    pen_of: np.ndarray
    growth: tuple[Snapshot, ...] = ()

    def polylines(
        self, tolerance_mm: float = 0.02, origin_mm: tuple[float, float] = (0.0, 0.0)
    ) -> list[tuple[str, np.ndarray]]:
        """Every stroke as (pen id, polyline [n, 2] in mm), within `tolerance_mm` of the curve, with the
        area's corner moved to `origin_mm`."""
        lines = flatten(self.points_mm, tolerance_mm)
        return [
            (self.pens[pen].id, line + np.asarray(origin_mm))
            for pen, line in zip(self.pen_of, lines, strict=True)
        ]
