"""Plot drawings on emulated boards: is the plan's estimate the board's time, and does the pen ever wait?

    python bench/machine.py [--drawings FILE.svg ...] [--only ebb|grbl] [--scale 4]

Each drawing is planned as `plotbot plan` does and plotted by the real drivers over a pseudo-terminal. The
clock is the board's own, so a busy computer changes no figure but the wall time. Columns:

    plan       what the plan says the machine needs (`plotbot.plan.motion.estimate`)
    rules      the same by the board's own rules, which limit each axis by itself on GRBL
    board      what the board's clock shows, from the first travel to the last return
    bound      the least time for the same path under the same limits, with no gap anywhere
    empty      how often motion ended in mid-stroke because the next line had not come
    lines/s    lines (GRBL) or commands (EiBotBoard) over the whole plot
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from plotbot.drawing import assign_pens, fit, from_strokes, read_svg
from plotbot.machine.base import Control
from plotbot.machine.ebb import EbbMachine
from plotbot.machine.grbl import GrblMachine
from plotbot.machine.grbl_timing import plotting_seconds
from plotbot.machine.profile import Profile, find_profile
from plotbot.paper import Paper
from plotbot.pens.model import Inventory, Pen
from plotbot.plan.build import make_plan
from plotbot.plan.clock import estimate
from plotbot.plan.model import Plan
from tests.emulators.ebb import TICKS_PER_S, EbbEmulator
from tests.emulators.grbl import BoardOptions, GrblEmulator

PEN = Pen(
    id="black", name="Black", lab=(20, 0, 0), provenance="guess", uncertainty=10, nominal_mm=0.3, width_mm=0.3
)
TIN = Inventory.model_validate(
    {"id": "one", "name": "One", "paper": {"name": "white", "lab": (95, 0, 2)}, "pens": (PEN,)}
)
SHEET = Paper(148, 210, 10)
Lines = list[np.ndarray]


def scribbles() -> Lines:
    rng = np.random.default_rng(1)
    return [rng.uniform(30, 110, 2) + np.cumsum(rng.normal(0, 0.8, (60, 2)), axis=0) for _ in range(12)]


def curves() -> Lines:
    """Single cubic Béziers, as a neural drawing is made of."""
    rng = np.random.default_rng(2)
    t = np.linspace(0, 1, 50)[:, None]
    weights = np.hstack([(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3])
    return [weights @ (rng.uniform(40, 110, 2) + rng.uniform(-25, 25, (4, 2))) for _ in range(20)]


def circles() -> Lines:
    angle = np.linspace(0, 2 * np.pi, 120)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return [np.array([40 + 22 * k, 60 + 25 * row]) + ring * (2 + 2 * k) for k in range(4) for row in range(3)]


def hatching() -> Lines:
    return [np.array([[30 + 2 * k, 40], [60 + 2 * k, 90.0]]) for k in range(20)]


def dots() -> Lines:
    rng = np.random.default_rng(3)
    return [np.stack([place, place + np.array([0.05, 0.0])]) for place in rng.uniform(20, 120, (40, 2))]


def spiral() -> Lines:
    turn = np.linspace(0, 24 * np.pi, 4000)
    return [np.stack([74 + turn / 2.2 * np.cos(turn), 100 + turn / 2.2 * np.sin(turn)], axis=1)]


DRAWINGS: dict[str, Callable[[], Lines]] = {
    "scribbles": scribbles, "curves": curves, "circles": circles, "hatching": hatching, "dots": dots,
    "spiral": spiral,
}  # fmt: skip


@dataclass(frozen=True)
class Took:
    """One plot: seconds by the plan, by the board's rules, by its clock and at the least; lines; waits."""

    plan_s: float
    rules_s: float
    board_s: float
    bound_s: float
    lines: int
    empty: int
    drawn: int


def planned(lines: Lines, profile: Profile) -> Plan:
    return make_plan(
        from_strokes((("black", line) for line in lines), TIN, SHEET), TIN, SHEET, profile.timing()
    )


def planned_svg(path: Path, profile: Profile) -> Plan:
    return make_plan(fit(assign_pens(read_svg(path), TIN), SHEET), TIN, SHEET, profile.timing())


def on_ebb(plan: Plan, profile: Profile) -> Took:
    done: list[int] = []
    with EbbEmulator() as board, EbbMachine(profile, port=board.path) as machine:
        machine.check(plan)
        machine.mount(plan.passes[0].pen)
        began, commands = board.now, len(board.commands)
        machine.plot([(index, stroke) for index, _, stroke in plan.strokes()], done.append, Control())
        machine.park()
        assert not board.problems, board.problems
        took = (board.now - began) / TICKS_PER_S
        least = estimate(plan).machine_s
        return Took(least, least, took, least, len(board.commands) - commands, len(board.starved), len(done))


def on_grbl(plan: Plan, profile: Profile, scale: float) -> Took:
    done: list[int] = []
    speeds = profile.motion
    axes = {120: speeds.draw_acceleration, 121: speeds.draw_acceleration, 11: speeds.junction_deviation}
    options = BoardOptions(scale=scale, boot_s=0.5, grace=0.05, settings=axes)
    with GrblEmulator(options) as board, GrblMachine(profile, port=board.port) as machine:
        machine.check(plan)
        machine.mount(plan.passes[0].pen)
        began, lines = board.clock, len(board.lines)
        machine.plot([(index, stroke) for index, _, stroke in plan.strokes()], done.append, Control())
        machine.park()
        assert not board.violations and not board.overruns, (board.violations, board.overruns)
        return Took(
            estimate(plan).machine_s,
            plotting_seconds(plan, profile, machine.settings),
            board.clock - began,
            plotting_seconds(plan, profile, machine.settings, line_s=0.0),
            len(board.lines) - lines,
            len(board.starved),
            len(done),
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--drawings", nargs="*", type=Path, default=[], help="SVG files to plot as well")
    parser.add_argument("--only", choices=("ebb", "grbl"))
    parser.add_argument(
        "--scale", type=float, default=4.0, help="how much faster than real the GRBL board runs"
    )
    chosen = parser.parse_args()
    axidraw, grbl = find_profile("axidraw"), find_profile("grbl-servo")
    print(
        f"{'board':5} {'drawing':24} {'strokes':>7} {'plan':>8} {'off':>7} {'rules':>8} {'off':>7}", end=" "
    )
    print(f"{'board':>8} {'bound':>8} {'/bound':>7} {'lines/s':>8} {'empty':>5} {'wall':>7}")
    worst = 0.0
    for kind, profile in (("ebb", axidraw), ("grbl", grbl)):
        if chosen.only not in (None, kind):
            continue
        plans = {name: planned(make(), profile) for name, make in DRAWINGS.items()}
        plans |= {path.stem[:24]: planned_svg(path, profile) for path in chosen.drawings}
        for name, plan in plans.items():
            start = time.monotonic()
            took = on_ebb(plan, profile) if kind == "ebb" else on_grbl(plan, profile, chosen.scale)
            wall = time.monotonic() - start
            assert took.drawn == plan.stroke_count
            plan_off, off = took.plan_s / took.board_s - 1, took.rules_s / took.board_s - 1
            worst = max(worst, abs(off))
            print(f"{kind:5} {name:24} {took.drawn:7} {took.plan_s:7.1f}s {plan_off:+7.1%}", end=" ")
            print(f"{took.rules_s:7.1f}s {off:+7.1%} {took.board_s:7.1f}s {took.bound_s:7.1f}s", end=" ")
            print(f"{took.board_s / took.bound_s:7.3f} {took.lines / took.board_s:8.1f}", end=" ")
            print(f"{took.empty:5} {wall:6.1f}s", flush=True)
    print(f"The time by the board's rules is off by at most {worst:.1%}; the bar is 3 %.")


if __name__ == "__main__":
    main()
