"""Plan random and real drawings, and put vpype's sorting beside it in the same run.

    python bench/plan.py [--sizes 1000 5000 50000] [--drawings FILE.svg ...] [--vpype-up-to 50000]

Travel counts from the park position to the first stroke and from the last one back, for everybody.
Times are CPU seconds of this process, the smallest of the runs; compare them within one run only. The first
plan after an installation also waits for the compiler; `NUMBA_CACHE_DIR=$(mktemp -d)` shows how long.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import vpype
import vpype_cli

from plotbot.drawing import assign_pens, fit, from_strokes, read_svg, sources
from plotbot.paper import Paper
from plotbot.pens.model import Inventory, Pen
from plotbot.plan.build import PlanOptions, make_plan
from plotbot.plan.clock import estimate
from plotbot.plan.motion import PARK_MM, hop_seconds
from plotbot.plan.order import Effort

PEN = Pen(
    id="black", name="Black", lab=(20, 0, 0), provenance="guess", uncertainty=10, nominal_mm=0.3, width_mm=0.3
)
TIN = Inventory.model_validate(
    {"id": "one", "name": "One", "paper": {"name": "white", "lab": (95, 0, 2)}, "pens": (PEN,)}
)
SHEET = Paper(210, 297, 15)
Result = TypeVar("Result")


def random_drawing(count: int) -> vpype.Document:
    """Short random walks of eight points, as crowded as the sheet makes them."""
    rng = np.random.default_rng(count)
    starts = rng.uniform((20, 20), (190, 277), (count, 1, 2))
    walks = np.clip(starts + np.cumsum(rng.normal(0, 0.6, (count, 8, 2)), axis=1), (15, 15), (195, 282))
    return from_strokes((("black", walk) for walk in walks), TIN, SHEET)


def timed(work: Callable[[], Result], runs: int) -> tuple[float, Result]:
    best, result = np.inf, None
    for _ in range(runs):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    assert result is not None
    return best, result


def travel(lines: list[np.ndarray]) -> tuple[float, float]:
    """Metres and seconds of pen-up travel, from the park position and back to it."""
    starts, stops = np.array([line[0] for line in lines]), np.array([line[-1] for line in lines])
    far = np.hypot(*(np.concatenate([starts, [PARK_MM]]) - np.concatenate([[PARK_MM], stops])).T)
    return float(far.sum()) / 1000, float(hop_seconds(far, 120, 800).sum())


def linesort(drawing: vpype.Document, *options: str) -> list[np.ndarray]:
    copy = vpype.Document()
    for number, layer in drawing.layers.items():
        copy.add(layer, number)
    done = vpype_cli.execute(" ".join(["linesort", *options]), copy)
    return [one.points for one in sources(done)]


def row(name: str, seconds: float, metres: float, travelling: float, base: tuple[float, float]) -> None:
    less = 100 * (1 - metres / base[0])
    against = f"   {less:5.1f} % less travel than linesort" if np.isfinite(less) else ""
    print(f"  {name:28} {seconds:8.2f} s {metres:9.2f} m {travelling:9.1f} s{against}")


def compare(title: str, drawing: vpype.Document, vpype_up_to: int, runs: int) -> dict[str, float]:
    """Print a row for everybody; returns the seconds each took."""
    took: dict[str, float] = {}
    count = sum(len(layer) for layer in drawing.layers.values())
    print(f"{title}: {count} strokes   (CPU time; pen-up travel; time of that travel)")
    base = (np.nan, np.nan)
    if count <= vpype_up_to:
        seconds, lines = timed(lambda: linesort(drawing), 1)
        base = travel(lines)
        took["vpype linesort"] = seconds
        row("vpype linesort", seconds, *base, base)
        if count <= vpype_up_to // 10:
            seconds, lines = timed(lambda: linesort(drawing, "--two-opt"), 1)
            took["vpype linesort --two-opt"] = seconds
            row("vpype linesort --two-opt", seconds, *travel(lines), base)
    choices = {
        "plotbot, order only": PlanOptions(merge=None, simplify=None),
        "plotbot, whole plan": PlanOptions(),
        "plotbot, whole plan, 10 s more": PlanOptions(effort=Effort(seconds=10)),
    }
    for name, options in choices.items():
        longer = options.effort.seconds > 0
        if longer and count > vpype_up_to:
            continue
        seconds, plan = timed(
            lambda o=options: make_plan(drawing, TIN, SHEET, None, o), 1 if longer else runs
        )
        timing = estimate(plan)
        metres = sum(one.up_mm for one in timing.passes) / 1000
        row(name, seconds, metres, sum(one.travel_s for one in timing.passes), base)
        if not longer:
            took[name] = seconds
    return took


def growth(took: dict[int, dict[str, float]]) -> None:
    """How the cost grows: by which power of the number of strokes from one size to the next."""
    print("growth: time goes with strokes to the power of")
    for name in dict.fromkeys(name for of_size in took.values() for name in of_size):
        sizes = [size for size in sorted(took) if name in took[size]]
        powers = [
            f"{np.log(took[more][name] / took[less][name]) / np.log(more / less):.2f} ({less} to {more})"
            for less, more in itertools.pairwise(sizes)
        ]
        print(f"  {name:28} {', '.join(powers)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[1000, 5000, 20_000, 50_000, 200_000])
    parser.add_argument("--drawings", type=Path, nargs="*", default=[])
    parser.add_argument("--vpype-up-to", type=int, default=50_000, help="strokes vpype is tried with")
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    start = time.process_time()
    make_plan(random_drawing(50), TIN, SHEET)
    print(f"first plan, compiled code loaded or made: {time.process_time() - start:.2f} s CPU")
    took = {
        size: compare("random", random_drawing(size), arguments.vpype_up_to, arguments.runs)
        for size in sorted(arguments.sizes)
    }
    growth(took)
    for path in arguments.drawings:
        drawing = fit(assign_pens(read_svg(path), TIN), SHEET)
        compare(path.name, drawing, arguments.vpype_up_to, arguments.runs)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 if sys.platform != "darwin" else 1024**2
    )
    print(f"peak memory of this process, vpype included: {peak:.0f} MB")


if __name__ == "__main__":
    main()
