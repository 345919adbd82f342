"""Time the report, the PNG and the animation of a plan of 10,000 strokes on A4.

    python bench/preview.py [--strokes 10000] [--runs 3]

Prints the least of the runs, in seconds of this process's own computing and by the clock: they differ
where other programs share the processor. Bars: report under 2 s, PNG at 300 dpi under 5 s.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory
from plotbot.plan.model import Pass, Plan, Stroke
from plotbot.preview.picture import render_plan, write_png
from plotbot.preview.report import write_report


def main() -> None:
    """Make the plan, warm the kernels up, time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strokes", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    render_plan(curls(24), 2.0)  # compiles, once per installation
    plan = curls(options.strokes)
    with tempfile.TemporaryDirectory() as folder:
        report, picture = Path(folder) / "report.html", Path(folder) / "preview.png"

        def png() -> None:
            write_png(picture, render_plan(plan, 300 / 25.4), 300)

        for name, work, made in (
            ("report", lambda: write_report(report, plan, title="bench"), report),
            ("PNG, 300 dpi", png, picture),
        ):
            computing, clock = least(work, options.runs)
            size = made.stat().st_size / 1e6
            print(f"{name}: {computing:.2f} s computing, {clock:.2f} s by the clock, {size:.1f} MB")


def least(work: Callable[[], object], runs: int) -> tuple[float, float]:
    """The least seconds of several runs: of computing, by the clock."""
    took = []
    for _ in range(runs):
        computing, clock = time.process_time(), time.perf_counter()
        work()
        took.append((time.process_time() - computing, time.perf_counter() - clock))
    return min(one for one, _ in took), min(one for _, one in took)


def curls(count: int) -> Plan:
    """Cubic curves of a few centimetres all over A4, shared by twelve pens."""
    tin = load_inventory("staedtler12")
    rng = np.random.default_rng(0)
    t = np.linspace(0, 1, 12)[:, None]
    basis = np.concatenate([(1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3], axis=1)
    strokes = []
    for number in range(count):
        controls = rng.uniform([20, 20], [190, 277]) + np.cumsum(rng.normal(0, 4, (4, 2)), axis=0)
        strokes.append(Stroke.from_mm(np.clip(basis @ controls, [12, 12], [198, 285]), (number,)))
    parts = np.array_split(np.arange(count), len(tin.pens))
    passes = tuple(
        Pass(pen, tuple(strokes[number] for number in part))
        for pen, part in zip(tin.pens, parts, strict=True)
    )
    return Plan(Paper(210.0, 297.0, 12.0, "a4"), tin.id, tin.paper.lab, passes)


if __name__ == "__main__":
    main()
