"""The Plan: an ordered, frozen and hashed list of passes, one mounted pen each.

A plan is pure data. Coordinates are whole micrometres from the top left corner of the sheet, y down,
so that the same plan is the same bytes everywhere; `Stroke.mm` gives millimetres. Drivers execute a
plan, they never change it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property

import numpy as np

from plotbot.ink.coverage import PAPER_SPREAD_MM
from plotbot.layers import LayerOrder
from plotbot.paper import Paper
from plotbot.pens.ink_set import InkSet
from plotbot.pens.model import Overprint, Pen

__all__ = ["Dropped", "Motion", "Pass", "Plan", "Stroke"]

UM_PER_MM = 1000.0


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """One pen-down path, drawn from its first point to its last.

    points: int32 array [n, 2] of micrometres, n >= 2, read-only.
    sources: indices of the drawing's strokes that it is made of (several after a merge).
    """

    points: np.ndarray
    sources: tuple[int, ...]

    def __post_init__(self) -> None:
        points = np.ascontiguousarray(self.points, dtype=np.int32)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2:
            raise ValueError(f"a stroke needs points of shape [n >= 2, 2], not {points.shape}")
        points.flags.writeable = False
        object.__setattr__(self, "points", points)

    @classmethod
    def from_mm(cls, points_mm: np.ndarray, sources: tuple[int, ...]) -> Stroke:
        """Build a stroke from float millimetres [n, 2], rounded to the nearest micrometre."""
        return cls(np.rint(np.asarray(points_mm, dtype=float) * UM_PER_MM).astype(np.int32), sources)

    @property
    def mm(self) -> np.ndarray:
        """The points as float64 millimetres [n, 2]."""
        return self.points / UM_PER_MM

    @property
    def length_mm(self) -> float:
        """Length of the path in mm."""
        return float(np.hypot(*np.diff(self.mm, axis=0).T).sum())


@dataclass(frozen=True, slots=True)
class Motion:
    """How the machine moves; what timing is computed from. Speeds in mm/s, accelerations in mm/s²,
    times in s, heights in per cent of the lift. `junction_deviation` is GRBL's cornering parameter in mm.

    lower_s, lift_s: all the time that lowering and lifting take between `down_height` and `up_height`.
    lower_move_s, lift_move_s: how much of it the lift moves; the rest is settling, which a pen may have of
    its own. Both are 0 for a lift that is not waited for but by settling.
    """

    draw_speed: float = 40.0
    draw_acceleration: float = 400.0
    travel_speed: float = 120.0
    travel_acceleration: float = 800.0
    junction_deviation: float = 0.02
    lower_s: float = 0.20
    lift_s: float = 0.15
    swap_s: float = 45.0
    lower_move_s: float = 0.0
    lift_move_s: float = 0.0
    up_height: float = 100.0
    down_height: float = 0.0


@dataclass(frozen=True, slots=True)
class Pass:
    """All strokes drawn with one mounted pen, in drawing order; `reason` says why this pen comes here.

    wait_s: how long ago the pass before must have ended when this one begins, for its ink to dry where
    they cross. Changing the pen is part of it. layer: what the layer of the file asks for; its height and
    speed are in `pen` already, its pause and delay come before the first stroke. kept: the pen of the pass
    before stays in the holder.
    """

    pen: Pen
    strokes: tuple[Stroke, ...]
    reason: str = ""
    wait_s: float = 0.0
    layer: LayerOrder | None = None
    kept: bool = False

    @property
    def pause(self) -> bool:
        """Whether a person is to say when it begins, also where no pen is changed."""
        return self.layer is not None and self.layer.pause

    @property
    def delay_s(self) -> float:
        """How long the machine stands still before it, over and above what ink needs to dry."""
        return ((self.layer.delay_ms or 0) if self.layer is not None else 0) / 1000


@dataclass(frozen=True, slots=True)
class Dropped:
    """A stroke of the drawing that is not drawn, and why."""

    source: int
    pen: str
    reason: str
    length_mm: float


@dataclass(frozen=True)
class Plan:
    """What will be drawn, in order. `index` of a stroke is its place in `strokes()`, from 0.

    paper_spread_mm: how far light strays in the sheet. overprints: the measured crossings of its pens, so
    that it looks the same whatever becomes of the pen file.
    """

    paper: Paper
    inventory: str
    paper_lab: tuple[float, float, float]
    passes: tuple[Pass, ...]
    motion: Motion = field(default_factory=Motion)
    dropped: tuple[Dropped, ...] = ()
    paper_spread_mm: float = PAPER_SPREAD_MM
    overprints: tuple[Overprint, ...] = ()

    @cached_property
    def inks(self) -> InkSet:
        """The inks of the passes, one each, on this paper."""
        pens = tuple(one.pen for one in self.passes)
        return InkSet(pens, self.paper_lab, self.paper_spread_mm, self.overprints)

    def strokes(self) -> Iterator[tuple[int, Pass, Stroke]]:
        """Every stroke in drawing order with its index and its pass."""
        index = 0
        for one_pass in self.passes:
            for stroke in one_pass.strokes:
                yield index, one_pass, stroke
                index += 1

    @cached_property
    def stroke_count(self) -> int:
        """Number of strokes in all passes."""
        return sum(len(one_pass.strokes) for one_pass in self.passes)

    @property
    def swaps(self) -> int:
        """How often the pen is changed."""
        return sum(not one.kept for one in self.passes[1:])

    @cached_property
    def hash(self) -> str:
        """SHA-256 over everything that reaches paper or clock: sheet, pens, points, motion, drops."""
        digest = hashlib.sha256(b"plotbot plan 1\n")

        def feed(value: object) -> None:
            digest.update(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())
            digest.update(b"\n")

        feed([asdict(self.paper), self.inventory, self.paper_lab, asdict(self.motion)])
        if self.paper_spread_mm != PAPER_SPREAD_MM:  # plans for usual paper keep the hash they always had
            feed(["light strays", self.paper_spread_mm])
        if self.overprints:  # and so do plans of pens that were not measured together
            feed(["overprints", [one.model_dump(mode="json") for one in self.overprints]])
        for one_pass in self.passes:
            feed([one_pass.pen.model_dump(mode="json"), len(one_pass.strokes)])
            if one_pass.wait_s:  # plans without a wait keep the hash they always had
                feed(["wait_s", one_pass.wait_s])
            if one_pass.layer is not None or one_pass.kept:
                feed(["layer", str(one_pass.layer or ""), one_pass.kept])
            for stroke in one_pass.strokes:
                feed([len(stroke.points), stroke.sources])
                digest.update(stroke.points.astype("<i4").tobytes())
        feed([asdict(dropped) for dropped in self.dropped])
        return digest.hexdigest()
