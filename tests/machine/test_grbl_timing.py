"""The time a GRBL board is said to need is the time its clock shows afterwards, within 3 per cent."""

from __future__ import annotations

import numpy as np
import pytest

from plotbot.machine.base import Control
from plotbot.machine.grbl import GrblMachine
from plotbot.machine.grbl_timing import plotting_seconds
from plotbot.plan.model import Plan
from tests.emulators.grbl import BoardOptions, GrblEmulator
from tests.machine.grbl_plans import curves_plan, pen, plan_of, profile

DRAWINGS = {
    "curves": curves_plan(4, seed=3),
    "small curves": curves_plan(8, seed=4, size_mm=15),
    "diagonal hatch": plan_of((pen(), [np.array([[20 + k, 20], [60 + k, 60.0]]) for k in range(6)])),
    "straight hatch": plan_of((pen(), [np.array([[20.0, 20 + k], [80.0, 20 + k]]) for k in range(6)])),
    "zigzag": plan_of(
        (
            pen("2", max_speed_mm_s=25),
            [np.stack([20.0 + np.arange(60), 60 + 6.0 * (np.arange(60) % 2)], axis=1)],
        )
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("plan", DRAWINGS.values(), ids=DRAWINGS.keys())
def test_the_estimate_is_the_boards_clock(plan: Plan) -> None:
    bench = profile()
    # The clock waits for the client, so that a busy computer does not count as the board's time.
    with (
        GrblEmulator(BoardOptions(scale=4.0, boot_s=0.5, grace=0.05)) as board,
        GrblMachine(bench, port=board.port) as machine,
    ):
        machine.check(plan)
        machine.mount(plan.passes[0].pen)
        began = board.clock
        machine.plot([(index, stroke) for index, _, stroke in plan.strokes()], lambda index: None, Control())
        machine.park()
        took = board.clock - began
        assert plotting_seconds(plan, bench, machine.settings) == pytest.approx(took, rel=0.03)


def test_without_a_board_the_profile_stands_for_it() -> None:
    plan = DRAWINGS["curves"]
    assert plotting_seconds(plan, profile()) > 0
    slow = profile(motion={"draw_speed": 5.0, "draw_acceleration": 400.0})
    assert plotting_seconds(plan, slow) > 2 * plotting_seconds(plan, profile())
