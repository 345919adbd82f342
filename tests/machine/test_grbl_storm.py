"""Random faults at random bytes, resumed until the drawing is finished: nothing missing, little twice.

``PLOTBOT_STORM=300`` asks for that many faults instead of the usual few.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely

from plotbot.errors import LinkLost, NoPlotter
from plotbot.job.folder import Job, create_job
from plotbot.job.runner import Answer, PenSwap, Progress, Start, run
from plotbot.machine.base import Control
from plotbot.machine.grbl import GrblMachine
from plotbot.machine.profile import Profile, Stream, Travel
from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory
from plotbot.plan.model import Pass, Plan, Stroke
from tests.emulators.grbl import BoardOptions, Fault, GrblEmulator, rest_of_motion
from tests.machine.grbl_plans import Z_LIFT, profile

PENS = load_inventory("staedtler12")
KINDS = ["unplug", "reset", "lost", "garbled", "garbage", "mute", "stall", "limit"]
ALIVE = {"reset", "lost", "garbled", "mute", "limit"}
FAULTS = int(os.environ.get("PLOTBOT_STORM", "16"))
STREAM = Stream(timeout_s=1.2)


class Person:
    """Says yes to everything, and puts the pen over the corner when the machine has lost its place."""

    def __init__(self, board: GrblEmulator) -> None:
        self.board = board
        self.moved_by_hand = 0

    def start(self, start: Start) -> None:
        if not start.position_kept:
            self.board.move_by_hand()
            self.moved_by_hand += 1

    def mount(self, swap: PenSwap) -> None:
        pass

    def paused(self, where: Progress) -> Answer:
        return "go on"


def storm_plan(seed: int, bench: Profile) -> Plan:
    """Twelve strokes far apart from each other, for two pens."""
    random = np.random.default_rng(seed)
    strokes = []
    for k in range(12):
        middle = np.array([30.0 + 35 * (k % 4), 30.0 + 40 * (k // 4)])
        points = middle + np.cumsum(random.normal(0, 0.9, (25, 2)), axis=0)
        strokes.append(Stroke.from_mm(np.clip(points, middle - 8, middle + 8), (k,)))
    passes = (Pass(PENS.pens[0], tuple(strokes[:7])), Pass(PENS.pens[1], tuple(strokes[7:])))
    return Plan(Paper.parse("a4"), PENS.id, PENS.paper.lab, passes, bench.timing())


def faults(seed: int) -> Iterator[Fault]:
    random = np.random.default_rng(seed)
    while True:
        for kind in random.permutation(KINDS):
            yield Fault(str(kind), int(random.integers(10, 3500)), stall_s=float(random.uniform(0.2, 2.5)))


def finish(job: Job, board: GrblEmulator, storm: Iterator[Fault], bench: Profile, most: int) -> Counter[str]:
    """Run a job until it is complete, with at most `most` faults in the way; which ones were met."""
    person = Person(board)
    injected = 0
    for _ in range(100):
        if injected < most and not board.faults:
            board.inject(next(storm))
            injected += 1
        before, lingering = len(board.fired), board.troubled
        try:
            run(job, GrblMachine(bench, port=board.port), person, Control(), lambda _: None)
            return Counter(fault.kind for fault in board.fired)
        except (LinkLost, NoPlotter) as error:
            given_up = str(error)
        met = [fault.kind for fault in board.fired[before:]]
        assert met or lingering, f"a plot was given up without any fault: {given_up}"
        rest_of_motion(board, 20.0)
        if met and set(met) <= ALIVE and not lingering:
            assert not board.pen_down, f"the pen was left down after {met}"
        if "unplug" in met:
            board.plug()
    raise AssertionError("the job was never finished")


def missing_and_again(plan: Plan, board: GrblEmulator) -> tuple[list[str], int]:
    """Strokes that are not all ink where they belong, and how many stretches of ink there are too many."""
    ink = [points * [1, -1] for points in board.ink()]
    paper = shapely.union_all(
        [shapely.LineString(one) if len(one) > 1 else shapely.Point(one[0]) for one in ink]
    )
    missing = []
    for index, _, stroke in plan.strokes():
        wanted = shapely.segmentize(shapely.LineString(stroke.mm), 0.2)
        off = shapely.distance(shapely.points(shapely.get_coordinates(wanted)), paper).max()
        if off >= 0.05:
            missing.append(f"stroke {index} is {off:.2f} mm away from ink")
    return missing, len(ink) - plan.stroke_count


@pytest.mark.slow
@pytest.mark.parametrize("lift", ["servo", "z"])
@pytest.mark.parametrize("resets_on_open", [True, False])
def test_storm(tmp_path: Path, lift: str, resets_on_open: bool) -> None:
    bench = profile(stream=STREAM)
    if lift == "z":
        bench = profile(stream=STREAM, pen=Z_LIFT, travel=Travel(x=300, y=300, z=20))
    total: Counter[str] = Counter()
    again = 0
    seed = 100 * (lift == "z") + 1000 * resets_on_open
    while sum(total.values()) < FAULTS / 4:
        seed += 1
        plan = storm_plan(seed, bench)
        job = create_job(tmp_path / f"job{seed}", plan, PENS, title="storm")
        options = BoardOptions(
            scale=40.0, boot_s=0.5, reset_on_open=resets_on_open, z_contact=-1.5 if lift == "z" else None
        )
        with GrblEmulator(options) as board:
            met = finish(job, board, faults(seed), bench, 6)
            missing, more = missing_and_again(plan, board)
        assert missing == [], dict(met)
        assert more <= sum(met.values()), f"{more} strokes drawn again after {dict(met)}"
        assert board.overruns == 0
        total += met
        again += max(more, 0)
    print(f"\n{sum(total.values())} faults {dict(total)}: 0 strokes missing, {again} drawn again")
