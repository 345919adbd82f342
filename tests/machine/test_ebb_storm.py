"""Random faults at random bytes, resumed until the drawing is finished: nothing missing, little twice.

One thing no host can see: a byte lost from the speeds of an LM move bends that one move, which still ends in
the right place. Such strokes are counted, and may be off by the size of a move. (USB repeats damaged packets,
so that real boards do not lose single bytes.)

``PLOTBOT_STORM=300`` asks for that many faults instead of the usual few, ``PLOTBOT_STORM_SEED`` for others.
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
from plotbot.machine import ebb_drive
from plotbot.machine.base import Control
from plotbot.machine.ebb import EbbMachine
from plotbot.paper import Paper
from plotbot.pens.inventory import load_inventory
from plotbot.plan.model import Pass, Plan, Stroke
from tests.emulators.ebb import EbbEmulator, Fault
from tests.machine.ebb_plots import profile

PENS = load_inventory("staedtler12")
KINDS = ["unplug", "reset", "power loss", "motor power", "garbage", "lost byte", "lost reply byte", "stall"]
BENT_MM = 1.0
FAULTS = int(os.environ.get("PLOTBOT_STORM", "16"))


class Person:
    """Says yes to everything, and puts the carriage at home when the machine does not know where it is."""

    def __init__(self, board: EbbEmulator) -> None:
        self.board = board
        self.asked_home = 0

    def start(self, start: Start) -> None:
        if not start.position_kept:
            self.board.home_by_hand()
            self.asked_home += 1

    def mount(self, swap: PenSwap) -> None:
        pass

    def paused(self, where: Progress) -> Answer:
        return "go on"


def storm_plan(seed: int) -> Plan:
    """Twelve strokes far apart from each other, for two pens."""
    random = np.random.default_rng(seed)
    strokes = []
    for k in range(12):
        middle = np.array([60.0 + 35 * (k % 4), 50.0 + 45 * (k // 4)])
        points = middle + np.cumsum(random.normal(0, 0.8, (25, 2)), axis=0)
        strokes.append(Stroke.from_mm(np.clip(points, middle - 8, middle + 8), (k,)))
    passes = (Pass(PENS.pens[0], tuple(strokes[:7])), Pass(PENS.pens[1], tuple(strokes[7:])))
    return Plan(Paper.parse("a4"), PENS.id, PENS.paper.lab, passes, profile().timing())


def faults(seed: int) -> Iterator[tuple[str, int]]:
    random = np.random.default_rng(seed)
    while True:
        for kind in random.permutation(KINDS):
            yield str(kind), int(random.integers(0, 4000))


def finish(job: Job, board: EbbEmulator, storm: Iterator[tuple[str, int]], most: int) -> Counter[str]:
    """Run a job until it is complete, with at most `most` faults in the way; which ones were met."""
    met: Counter[str] = Counter()
    person = Person(board)
    for _ in range(200):
        if sum(met.values()) < most:
            kind, later = next(storm)
            come = board.replied if kind == "lost reply byte" else board.received
            board.fault = Fault(kind, come + later)  # type: ignore[arg-type]
        before = len(board.faults_met)
        try:
            machine = EbbMachine(profile(stream={"timeout_s": 0.7}), port=board.path)
            run(job, machine, person, Control(), lambda _: None)
            complete, connected = True, True
        except (LinkLost, NoPlotter) as error:
            complete, connected = False, isinstance(error, LinkLost)
        met.update(fault.kind for fault in board.faults_met[before:])
        if complete:
            board.fault = None
            return met
        alive = {"garbage", "lost byte", "lost reply byte", "reset", "motor power"}
        board.pass_time(1.0)
        if connected and board.faults_met[-1].kind in alive:
            assert board.pulse_at(np.array([board.now]))[0] > board.contact, "the pen was left down"
        board.supply = 300
        board.replug()
    raise AssertionError("the job was never finished")


@pytest.mark.slow
def test_storm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ebb_drive, "_NAP_S", 0.0)
    total: Counter[str] = Counter()
    redrawn, bent, seed = 0, 0, int(os.environ.get("PLOTBOT_STORM_SEED", "0"))
    while sum(total.values()) < FAULTS:
        seed += 1
        plan = storm_plan(seed)
        job = create_job(tmp_path / f"job{seed}", plan, PENS, title="storm")
        with EbbEmulator(latency_ms=4.0) as board:
            met = finish(job, board, faults(seed), 8)
            off, again = _check(plan, board)
        assert again <= sum(met.values()), f"{again} strokes drawn again after {dict(met)}"
        assert max(off) < BENT_MM, f"stroke {int(np.argmax(off))} lacks ink: {max(off):.2f} mm off"
        crooked = sum(mm >= 0.05 for mm in off)
        assert crooked <= met["lost byte"], (
            f"{crooked} strokes off by up to {max(off):.2f} mm after {dict(met)}"
        )
        total += met
        redrawn += again
        bent += crooked
    faults_met = f"{sum(total.values())} faults {dict(total)}"
    print(f"\n{faults_met}: 0 strokes missing, {redrawn} drawn again, {bent} with a bent move")


def _check(plan: Plan, board: EbbEmulator) -> tuple[list[float], int]:
    """How far each stroke lies from its ink, mm, and how many strokes were begun more than once."""
    lines = [stroke.mm for _, _, stroke in plan.strokes()]
    starts = np.array([line[0] for line in lines])
    inks: list[list[np.ndarray]] = [[] for _ in lines]
    for ink in board.ink():
        nearest = int(np.hypot(*(starts - ink.mm[0]).T).argmin())
        inks[nearest].append(ink.mm)
    off = []
    for index, line in enumerate(lines):
        assert inks[index], f"stroke {index} is missing"
        whole = shapely.union_all([_shape(drawn) for drawn in inks[index]])
        wanted = shapely.segmentize(shapely.LineString(line), 0.2)
        off.append(float(shapely.distance(shapely.points(shapely.get_coordinates(wanted)), whole).max()))
    return off, sum(len(drawn) - 1 for drawn in inks)


def _shape(points: np.ndarray) -> shapely.Geometry:
    return shapely.LineString(points) if len(points) > 1 else shapely.Point(points[0])
