"""Plots for tests of the EiBotBoard driver, and what to compare them with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import shapely

from plotbot.machine.base import Control, PausedAt
from plotbot.machine.ebb import EbbMachine
from plotbot.machine.profile import Profile, find_profile
from plotbot.paper import Paper
from plotbot.pens.model import Mechanical, Pen
from plotbot.plan.model import Pass, Plan, Stroke
from tests.emulators.ebb import TICKS_PER_S, EbbEmulator, Ink

BLACK = Pen(
    id="9", name="black", lab=(20, 0, 0), provenance="guess", uncertainty=9, nominal_mm=0.3, width_mm=0.3
)
SLOW = BLACK.model_copy(
    update={"id": "slow", "mechanical": Mechanical(max_speed_mm_s=15, down_height=35, lower_settle_s=0.1)}
)


def profile(**changes: object) -> Profile:
    """The shipped AxiDraw, patient enough for a busy computer and not more."""
    shipped = find_profile("axidraw").model_dump(exclude_none=True)
    shipped["stream"] = {"timeout_s": 2.0}
    return Profile.model_validate(shipped | changes)


def plan_of(*strokes: object, pen: Pen = BLACK, paper: str = "a4") -> Plan:
    """One pass of strokes given as lists of points in mm."""
    drawn = tuple(Stroke.from_mm(np.array(points, float), (k,)) for k, points in enumerate(strokes))
    return Plan(Paper.parse(paper), "test", (95, 0, 0), (Pass(pen, drawn),), motion=profile().timing())


def circle(x: float, y: float, radius: float, points: int = 120) -> np.ndarray:
    """A closed circle."""
    angle = np.linspace(0, 2 * np.pi, points)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def scribble(seed: int, points: int = 60, size: float = 0.8) -> np.ndarray:
    """A wild line of short segments in the middle of the sheet."""
    random = np.random.default_rng(seed)
    return np.clip(np.array([100.0, 100.0]) + np.cumsum(random.normal(0, size, (points, 2)), axis=0), 20, 180)


@contextlib.contextmanager
def connected(board: EbbEmulator, plan: Plan | None = None, **changes: object) -> Iterator[EbbMachine]:
    """A machine on an emulated board, with the plan checked and its first pen mounted."""
    with EbbMachine(profile(**changes), port=board.path) as machine:
        if plan is not None:
            machine.check(plan)
            machine.mount(plan.passes[0].pen)
        yield machine


def draw(
    machine: EbbMachine, plan: Plan, control: Control | None = None
) -> tuple[list[int], PausedAt | None]:
    """Plot a plan of one pen; the strokes reported, and where it paused."""
    done: list[int] = []
    strokes = [(index, stroke) for index, _, stroke in plan.strokes()]
    return done, machine.plot(strokes, done.append, control or Control())


def astray_mm(line: np.ndarray, ink: Ink) -> float:
    """Hausdorff distance in mm between a planned stroke and the ink."""
    return float(shapely.hausdorff_distance(_shape(line), _shape(ink.mm), densify=0.2))


def top_speed(board: EbbEmulator, window_ms: int = 20) -> tuple[float, float]:
    """Highest speed of the carriage in mm/s over a window, pen on paper and off it."""
    ticks, motors = board.path_of_motors()
    mm = np.stack([motors.sum(axis=1), motors[:, 0] - motors[:, 1]], axis=1) / 160
    step = window_ms * 25
    at = np.arange(0, ticks[-1] + 2 * step, 25)
    place = mm[np.searchsorted(ticks, at, side="right") - 1]
    speed = np.hypot(*(place[window_ms:] - place[:-window_ms]).T) / window_ms * 1000
    down = board.pulse_at(at[:-window_ms]) <= board.contact
    down &= board.pulse_at(at[window_ms:]) <= board.contact
    return float(speed[down].max(initial=0.0)), float(speed.max(initial=0.0))


def seconds(ticks: int) -> float:
    """Board time in s."""
    return ticks / TICKS_PER_S


def _shape(points: np.ndarray) -> shapely.Geometry:
    if len(points) < 2 or (points == points[0]).all():
        return shapely.Point(points[0])
    return shapely.LineString(points)
