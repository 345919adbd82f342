"""Drawings, pens and profiles for the GRBL tests."""

from __future__ import annotations

import numpy as np

from plotbot.machine.profile import Frame, Profile, ServoS, Speeds, Stream, Travel, ZAxis
from plotbot.paper import Paper
from plotbot.pens.model import Mechanical, Pen
from plotbot.plan.model import Pass, Plan, Stroke

SERVO = ServoS(s_low=300, s_high=600, lift_s=0.15, lower_s=0.2)
Z_LIFT = ZAxis(z_low=0.0, z_high=3.0, z_speed=8.0)
SPEEDS = Speeds(draw_speed=40, draw_acceleration=400, travel_speed=100, junction_deviation=0.01)


def profile(**changes: object) -> Profile:
    """A servo plotter that matches the emulator's settings."""
    values: dict[str, object] = {
        "name": "bench", "kind": "grbl", "travel": Travel(x=300, y=300), "motion": SPEEDS, "pen": SERVO,
        "stream": Stream(timeout_s=2.0), "frame": Frame(),
    }  # fmt: skip
    return Profile.model_validate(values | changes)


def pen(name: str = "9", **mechanical: object) -> Pen:
    return Pen(
        id=name, name=f"pen {name}", lab=(20, 0, 0), provenance="guess", uncertainty=5, nominal_mm=0.3,
        width_mm=0.3, mechanical=Mechanical.model_validate(mechanical),
    )  # fmt: skip


def curve(rng: np.random.Generator, size_mm: float = 60.0, points: int = 60) -> np.ndarray:
    """A Bézier curve inside an A5 sheet, [points, 2] mm."""
    middle = rng.uniform(40, 100, 2)
    control = middle + rng.uniform(-size_mm / 2, size_mm / 2, (4, 2))
    t = np.linspace(0, 1, points)[:, None]
    out: np.ndarray = (
        (1 - t) ** 3 * control[0]
        + 3 * t * (1 - t) ** 2 * control[1]
        + 3 * t * t * (1 - t) * control[2]
        + t**3 * control[3]
    )
    return out


def plan_of(*pens_and_strokes: tuple[Pen, list[np.ndarray]], paper: Paper | None = None) -> Plan:
    number = 0
    passes = []
    for one, strokes in pens_and_strokes:
        passes.append(
            Pass(one, tuple(Stroke.from_mm(points, (number + k,)) for k, points in enumerate(strokes)))
        )
        number += len(strokes)
    return Plan(paper or Paper(148, 210, 10), "bench", (95, 0, 0), tuple(passes))


def curves_plan(count: int, seed: int = 1, size_mm: float = 60.0, one: Pen | None = None) -> Plan:
    rng = np.random.default_rng(seed)
    return plan_of((one or pen(), [curve(rng, size_mm) for _ in range(count)]))
