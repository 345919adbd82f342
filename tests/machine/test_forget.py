"""A trial's starting corner is not taken for the corner of a plot that is resumed later."""

from __future__ import annotations

import pytest

from plotbot.machine.ebb import EbbMachine
from plotbot.machine.grbl import GrblMachine
from tests.emulators.ebb import EbbEmulator
from tests.emulators.grbl import BoardOptions, GrblEmulator
from tests.machine import ebb_plots
from tests.machine.grbl_plans import curves_plan, profile


@pytest.mark.parametrize("forget", [False, True])
def test_an_axidraw_forgets_where_a_trial_began(forget: bool) -> None:
    with EbbEmulator(latency_ms=4) as board:
        with EbbMachine(ebb_plots.profile(), port=board.path) as machine:
            machine.set_origin()
            machine.jog_square(10.0)
            if forget:
                machine.forget_origin()
        with EbbMachine(ebb_plots.profile(), port=board.path) as machine:
            assert machine.position_kept((0.0, 0.0)) is not forget


@pytest.mark.parametrize("forget", [False, True])
def test_a_grbl_board_forgets_where_a_trial_began(forget: bool) -> None:
    plan = curves_plan(1)
    with GrblEmulator(BoardOptions(scale=20.0, boot_s=0.3, reset_on_open=False)) as board:
        with GrblMachine(profile(), port=board.port) as machine:
            machine.check(plan)
            machine.set_origin()
            if forget:
                machine.forget_origin()
        with GrblMachine(profile(), port=board.port) as machine:
            assert machine.position_kept((0.0, 0.0)) is not forget
