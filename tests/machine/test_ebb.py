"""AxiDraw over an emulated EiBotBoard: what is ink, what is refused, and what happens when it goes wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
import shapely

from plotbot.errors import BadInput, LinkLost, NoPlotter
from plotbot.machine import ebb_drive
from plotbot.machine.axidraw_models import MODELS, find_model
from plotbot.machine.base import Control, PausedAt
from plotbot.machine.ebb import EbbMachine
from plotbot.machine.ebb_link import volts
from plotbot.machine.profile import find_profile
from plotbot.plan.clock import estimate
from plotbot.plan.model import Pass, Plan
from tests.emulators.ebb import EbbEmulator, Fault
from tests.machine.ebb_plots import (
    SLOW,
    astray_mm,
    circle,
    connected,
    draw,
    plan_of,
    profile,
    scribble,
    seconds,
    top_speed,
)

ZIGZAG = [(20, 20), (60, 25), (20, 30), (60, 35.5)]
DOT = [(70, 70), (70, 70)]
SPECK = [(30.0, 50.0), (30.02, 50.0)]


@pytest.fixture(autouse=True)
def no_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator's time is virtual, so waiting for it in real time is a waste."""
    monkeypatch.setattr(ebb_drive, "_NAP_S", 0.0)


@pytest.fixture
def board() -> Iterator[EbbEmulator]:
    # A slow connection, so that fewer questions are asked while the pen moves.
    with EbbEmulator(latency_ms=3.0) as emulator:
        yield emulator


# -- drawing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [(2, 5, 3), (2, 6, 6), (2, 7, 0), (2, 8, 1), (3, 0, 2)])
def test_the_ink_is_the_plan_on_every_firmware(version: tuple[int, int, int]) -> None:
    strokes = [circle(50, 60, 12), np.array(ZIGZAG), np.array(SPECK), np.array(DOT, float), scribble(3)]
    plan = plan_of(*strokes)
    with EbbEmulator(version) as board:
        with connected(board, plan) as machine:
            done, paused = draw(machine, plan)
            machine.park()
        ink = board.ink()
        assert (done, paused) == ([0, 1, 2, 3, 4], None)
        assert len(ink) == len(strokes)
        for line, drawn in zip(strokes, ink, strict=True):
            assert astray_mm(line, drawn) < 0.05
            assert np.abs(drawn.mm[0] - line[0]).max() <= 0.5 / 80 + 1e-9
            assert np.abs(drawn.mm[-1] - line[-1]).max() <= 0.5 / 80 + 1e-9
        assert board.problems == []
        assert board.refused == []
        assert board.starved == []
        assert board.moves_while_pen_moves() == 0
        drawing, anything = top_speed(board)
        assert drawing <= 60 * 1.02
        assert 150 < anything <= 180 * 1.02
        assert board.motors == [0, 0]
        assert all(len(command) < 64 and " " not in command for command in board.commands)
        motion = {command.split(",")[0] for command in board.commands} & {"LM", "SM", "XM"}
        assert motion == ({"LM"} if version >= (2, 7, 0) else {"SM"})


@pytest.mark.parametrize(("version", "seed"), [((2, 8, 1), k) for k in range(5)] + [((2, 6, 6), 1)])
def test_the_estimate_is_the_boards_time(version: tuple[int, int, int], seed: int) -> None:
    plan = plan_of(
        *(scribble(10 * seed + k, 40, 0.4 + 0.5 * seed) for k in range(4)), circle(60, 60, 5.0 + seed)
    )
    with EbbEmulator(version) as board, connected(board, plan) as machine:
        begin = board.now
        draw(machine, plan)
        machine.park()
        took = seconds(board.now - begin)
        assert took == pytest.approx(estimate(plan).machine_s, rel=0.03)


def test_nothing_of_the_next_stroke_before_this_one_is_reported(board: EbbEmulator) -> None:
    plan = plan_of(ZIGZAG, circle(50, 60, 3), SPECK)
    seen: list[tuple[int, int]] = []

    def report(index: int) -> None:
        seen.append((len(board.ink()), sum(c.startswith("SP,0") for c in board.commands)))
        assert board.pulse_at(np.array([board.now]))[0] > board.contact

    with connected(board, plan) as machine:
        machine.plot([(i, s) for i, _, s in plan.strokes()], report, Control())
    assert seen == [(1, 1), (2, 2), (3, 3)]


def test_each_pen_has_its_own_height_speed_and_settling(board: EbbEmulator) -> None:
    plan = plan_of(ZIGZAG, pen=SLOW)
    with connected(board, plan) as machine:
        draw(machine, plan)
    down = profile().pen.pulse_at(35)
    assert f"SC,5,{down}" in board.commands
    drawing, _ = top_speed(board)
    assert drawing <= 15 * 1.05
    first = next(c for c in board.commands if c.startswith("SP,0"))
    slew = -(-(profile().pen.pulse_at(60) - down) // profile().pen.rate_at(100)) * 24
    assert first == f"SP,0,{slew + 100}"


def test_the_servo_is_always_set_up_before_the_pen_moves(board: EbbEmulator) -> None:
    with connected(board, plan_of(SPECK)):
        pass
    first_move = next(k for k, c in enumerate(board.commands) if c.startswith("SP"))
    set_up = [command.split(",")[1] for command in board.commands[:first_move] if command.startswith("SC")]
    assert set_up == ["4", "5", "10", "11", "12"]
    assert "EM,1,1" in board.commands


def test_a_tip_offset_moves_the_holder_the_other_way(board: EbbEmulator) -> None:
    mechanical = SLOW.mechanical.model_copy(update={"tip_offset_mm": (2.0, -1.0), "max_speed_mm_s": None})
    plan = plan_of(ZIGZAG, pen=SLOW.model_copy(update={"mechanical": mechanical}))
    with connected(board, plan) as machine:
        draw(machine, plan)
    assert astray_mm(np.array(ZIGZAG) - [2.0, -1.0], board.ink()[0]) < 0.05


def test_motors_are_released_for_the_swap_and_the_drawing_stays_in_place(board: EbbEmulator) -> None:
    one, two = plan_of(ZIGZAG), plan_of(circle(50, 60, 3))
    plan = Plan(one.paper, "t", (95, 0, 0), (*one.passes, Pass(SLOW, two.passes[0].strokes)), one.motion)
    with connected(board, plan, release_at_swap=True, swap=(30.0, 40.0)) as machine:
        strokes = [(i, s) for i, _, s in plan.strokes()]
        machine.plot(strokes[:1], lambda _: None, Control())
        machine.park()
        assert board.commands.count("EM,0,0") == 1
        assert machine.position_mm() == pytest.approx((30.0, 40.0), abs=0.01)
        machine.mount(SLOW)
        machine.plot(strokes[1:], lambda _: None, Control())
    assert astray_mm(circle(50, 60, 3), board.ink()[1]) < 0.05


# -- pausing -------------------------------------------------------------------------------------------


def test_a_pause_waits_for_the_end_of_the_stroke(board: EbbEmulator) -> None:
    plan = plan_of(ZIGZAG, SPECK, DOT)
    control, done = Control(), []

    def report(index: int) -> None:
        done.append(index)
        control.pause()

    with connected(board, plan) as machine:
        assert machine.plot([(i, s) for i, _, s in plan.strokes()], report, control) == PausedAt(1)
    assert done == [0]
    assert len(board.ink()) == 1


class HaltAfter(Control):
    """Asks to halt after it was asked so often."""

    def __init__(self, asked: int) -> None:
        super().__init__()
        self.left = asked

    @property
    def halting(self) -> bool:
        self.left -= 1
        if self.left < 0:
            self.halt()
        return super().halting


@pytest.mark.parametrize("version", [(2, 6, 6), (2, 8, 1)])
@pytest.mark.parametrize("asked", [4, 12, 20, 31])
def test_a_halt_brakes_inside_the_stroke_and_the_rest_follows_on(
    version: tuple[int, int, int], asked: int
) -> None:
    line = np.concatenate([ZIGZAG, circle(60, 60, 20)])
    plan = plan_of(line)
    with EbbEmulator(version) as board, connected(board, plan) as machine:
        done, paused = draw(machine, plan, HaltAfter(asked))
        assert done == []
        assert paused is not None and paused.index == 0
        if not board.ink():
            assert paused.drawn_mm == 0
            return
        drawn = board.ink()[0].mm
        # Straightened, since the ink goes in steps of one motor at a time.
        assert shapely.LineString(drawn).simplify(0.02).length == pytest.approx(paused.drawn_mm, abs=0.1)
        along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
        stop = [float(np.interp(paused.drawn_mm, along, line[:, axis])) for axis in (0, 1)]
        assert np.abs(drawn[-1] - stop).max() < 0.02
        rest = np.concatenate([[stop], line[along > paused.drawn_mm]])
        second = plan_of(rest)
        draw(machine, second)
        assert astray_mm(rest, board.ink()[-1]) < 0.05
        assert board.problems == []
        assert board.moves_while_pen_moves() == 0


@pytest.mark.parametrize("version", [(2, 6, 1), (2, 8, 1)])
def test_the_button_pauses(version: tuple[int, int, int]) -> None:
    short, long = plan_of(SPECK, ZIGZAG, DOT), plan_of(circle(100, 100, 60), DOT)
    with EbbEmulator(version) as board, connected(board, short) as machine:
        board.press_at = board.now + 25_000
        done, paused = draw(machine, short)
        assert paused is not None and paused.drawn_mm == 0 and done == list(range(paused.index))
        assert paused.index < 3
        board.press_at = board.now + 50_000
        done, paused = draw(machine, long)
        assert (done, paused and paused.index) == ([], 0)
        assert paused is not None and 10 < paused.drawn_mm < 300


def test_the_button_pressed_before_the_plot_is_forgotten(board: EbbEmulator) -> None:
    plan = plan_of(SPECK)
    with connected(board, plan) as machine:
        board.button = True
        assert draw(machine, plan) == ([0], None)


# -- position ------------------------------------------------------------------------------------------


def test_a_new_process_goes_on_where_the_board_still_knows_its_position(board: EbbEmulator) -> None:
    plan = plan_of(ZIGZAG, circle(50, 60, 3))
    strokes = [(i, s) for i, _, s in plan.strokes()]
    with connected(board, plan) as machine:
        machine.plot(strokes[:1], lambda _: None, Control())
        there = machine.position_mm()
    assert there == pytest.approx(ZIGZAG[-1], abs=0.01)
    board.replug()
    with EbbMachine(profile(), port=board.path) as machine:
        machine.check(plan)
        assert not machine.position_kept((there[0] + 1, there[1]))
        assert machine.position_kept(there)
        machine.mount(plan.passes[0].pen)
        machine.plot(strokes[1:], lambda _: None, Control())
    assert astray_mm(circle(50, 60, 3), board.ink()[1]) < 0.05
    assert board.commands.count("EM,1,1") == 1


def test_a_board_without_power_in_between_has_lost_its_position(board: EbbEmulator) -> None:
    plan = plan_of(ZIGZAG, circle(50, 60, 3))
    strokes = [(i, s) for i, _, s in plan.strokes()]
    with connected(board, plan) as machine:
        machine.plot(strokes[:1], lambda _: None, Control())
        there = machine.position_mm()
        board.fault = Fault("power loss", 0)
        with pytest.raises(LinkLost):
            machine.plot(strokes[1:], lambda _: None, Control())
    board.replug()
    with EbbMachine(profile(), port=board.path) as machine:
        machine.check(plan)
        assert not machine.position_kept(there)
        assert not machine.position_kept(None)
        board.home_by_hand()
        machine.mount(plan.passes[0].pen)
        machine.plot(strokes[1:], lambda _: None, Control())
    assert astray_mm(circle(50, 60, 3), board.ink()[-1]) < 0.05


def test_parked_at_home_and_still_holding_its_motors_it_knows_where_it_is(board: EbbEmulator) -> None:
    plan = plan_of(SPECK)
    with connected(board, plan) as machine:
        draw(machine, plan)
        machine.park()
    board.replug()
    with EbbMachine(profile(), port=board.path) as machine:
        machine.check(plan)
        assert machine.position_kept((0.0, 0.0))


# -- faults --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["unplug", "stall", "power loss"])
def test_a_board_that_is_gone_is_told_in_words(board: EbbEmulator, kind: str) -> None:
    plan = plan_of(ZIGZAG, circle(50, 60, 3))
    with connected(board, plan, stream={"timeout_s": 0.4}) as machine:
        board.fault = Fault(kind, board.received + 900)  # type: ignore[arg-type]
        with pytest.raises(LinkLost, match=r"connection to the board|has not answered"):
            draw(machine, plan)


@pytest.mark.parametrize("kind", ["reset", "garbage", "lost byte", "lost reply byte"])
@pytest.mark.parametrize("at", [301, 900, 1500])
def test_a_stroke_spoilt_by_a_fault_is_not_reported_and_the_pen_is_lifted(
    board: EbbEmulator, kind: str, at: int
) -> None:
    line = np.concatenate([ZIGZAG, circle(60, 60, 20)])
    plan = plan_of(line, SPECK)
    with connected(board, plan) as machine:
        come = board.replied if kind == "lost reply byte" else board.received
        board.fault = Fault(kind, come + at)  # type: ignore[arg-type]
        try:
            done, _ = draw(machine, plan)
        except LinkLost:
            done = []
        assert board.faults_met
        if not done:
            assert board.pulse_at(np.array([board.now]))[0] > board.contact
        else:
            # A lost byte may cost nothing, such as a CR before an LF; then the ink must be right.
            assert astray_mm(line, board.ink()[0]) < 0.05


def test_a_reset_zeroes_the_position_for_good(board: EbbEmulator) -> None:
    plan = plan_of([(150, 100), (180, 120), (150, 140)])
    with connected(board, plan) as machine:
        board.fault = Fault("reset", board.received + 1200)
        with pytest.raises(LinkLost):
            draw(machine, plan)
        assert board.counters == [0, 0]
    board.replug()
    with EbbMachine(profile(), port=board.path) as machine:
        assert not machine.position_kept(None)


def test_a_reset_between_two_commands_is_noticed_by_the_counters(board: EbbEmulator) -> None:
    plan = plan_of([(150, 100), (180, 120), (150, 140)])

    class ResetBehindTheBack(Control):
        asked = 0

        @property
        def halting(self) -> bool:
            self.asked += 1
            if self.asked == 30:
                board.reset_now()
            return False

    with connected(board, plan) as machine, pytest.raises(LinkLost, match="was reset in mid-plot"):
        draw(machine, plan, ResetBehindTheBack())
    assert board.counters == [0, 0]


def test_motors_without_power_draw_nothing(board: EbbEmulator) -> None:
    plan = plan_of(ZIGZAG, SPECK)
    with connected(board, plan) as machine:
        board.fault = Fault("motor power", board.received + 600)
        with pytest.raises(LinkLost, match="motors have lost their power"):
            draw(machine, plan)
        assert machine.position_mm is not None
    board.replug()
    with (
        pytest.raises(NoPlotter, match=r"motors have no power \(0\.7 V"),
        EbbMachine(profile(), port=board.path),
    ):
        pass


def test_an_interrupt_stops_the_motors_and_lifts_the_pen(board: EbbEmulator) -> None:
    plan = plan_of(circle(100, 100, 60))

    class Interrupted(Control):
        asked = 0

        @property
        def halting(self) -> bool:
            self.asked += 1
            if self.asked > 12:
                raise KeyboardInterrupt
            return False

    with connected(board, plan) as machine:
        with pytest.raises(KeyboardInterrupt):
            draw(machine, plan, Interrupted())
        assert "ES" in board.commands
        assert board.pulse_at(np.array([board.now]))[0] > board.contact
        x, y = machine.position_mm()
        board_mm = np.array([sum(board.motors), board.motors[0] - board.motors[1]]) / 160
        assert (x, y) == pytest.approx(tuple(board_mm), abs=0.01)


# -- refusals ------------------------------------------------------------------------------------------


def test_old_firmware_is_refused_with_the_way_out() -> None:
    with (
        EbbEmulator((2, 5, 2)) as board,
        pytest.raises(NoPlotter, match=r"firmware 2\.5\.2; plotbot needs 2\.5\.3 or newer\. Update"),
        EbbMachine(profile(), port=board.path),
    ):
        pass


def test_no_motor_power_is_refused() -> None:
    with (
        EbbEmulator(supply=20) as board,
        pytest.raises(NoPlotter, match="motors have no power"),
        EbbMachine(profile(), port=board.path),
    ):
        pass


def test_another_name_tag_is_refused() -> None:
    with EbbEmulator(tag="East") as board:
        with EbbMachine(profile(tag="east"), port=board.path) as machine:
            assert machine.board.tag == "East"
        with pytest.raises(NoPlotter, match="'East', not 'West'"):
            EbbMachine(profile(tag="West"), port=board.path).__enter__()


def test_answers_left_in_the_newer_syntax_are_set_right() -> None:
    plan = plan_of(SPECK)
    with EbbEmulator((3, 0, 2)) as board:
        board.future_syntax = True
        with connected(board, plan) as machine:
            assert draw(machine, plan) == ([0], None)
        assert not board.future_syntax


def test_a_missing_port_is_refused() -> None:
    with pytest.raises(NoPlotter, match="/dev/nowhere"):
        EbbMachine(profile(), port="/dev/nowhere").__enter__()


def test_a_plan_outside_the_travel_is_refused_before_anything_moves(board: EbbEmulator) -> None:
    machine = EbbMachine(profile())
    with pytest.raises(BadInput, match=r"reaches y 10 to 230 mm.*AxiDraw V3\) can go from 0 to 218 mm"):
        machine.check(plan_of([(10, 10), (10, 230)]))
    machine.check(plan_of([(10, 10), (10, 218)]))
    with pytest.raises(BadInput, match="swap position"):
        EbbMachine(profile(swap=(-5.0, 0.0))).check(plan_of(SPECK))


def test_a_pen_that_would_never_lift_is_refused() -> None:
    high = SLOW.model_copy(update={"mechanical": SLOW.mechanical.model_copy(update={"down_height": 70})})
    with pytest.raises(BadInput, match="draws at height 70, not below the 60"):
        EbbMachine(profile()).check(plan_of(SPECK, pen=high))


def test_models_by_the_names_people_use() -> None:
    assert find_model("V3").x == find_model("axidraw se/a4").x == 300
    assert find_model("SE/A3") is find_model("V3/A3")
    assert find_model("nextdraw 2234").servo_pin == 2
    assert len({model.number for model in MODELS}) == len(MODELS)
    with pytest.raises(BadInput, match="'V9' is unknown"):
        find_model("V9")
    with pytest.raises(BadInput, match="kind grbl"):
        EbbMachine(find_profile("grbl-servo"))


def test_a_nextdraws_brushless_lift_is_on_its_own_pin(board: EbbEmulator) -> None:
    plan = plan_of(SPECK)
    with connected(board, plan, model="NextDraw 8511") as machine:
        draw(machine, plan)
    lifts = [command for command in board.commands if command.startswith("SP")]
    assert lifts and all(command.endswith(",2") for command in lifts)


def test_the_supply_voltage_is_the_documented_one() -> None:
    assert volts(300) == pytest.approx(9.2, abs=0.05)


# -- by hand -------------------------------------------------------------------------------------------


def test_pen_square_and_home_by_hand(board: EbbEmulator) -> None:
    with EbbMachine(profile(), port=board.path) as machine:
        machine.lower(20)
        assert board.pulse_at(np.array([board.now]))[0] == profile().pen.pulse_at(20)
        machine.jog_square(15)
        assert board.motors == [0, 0]
        _, motors = board.path_of_motors()
        mm = np.stack([motors.sum(axis=1), motors[:, 0] - motors[:, 1]], axis=1) / 160
        assert mm.max(axis=0) == pytest.approx([15, 15], abs=0.01)
        machine.home()
        with pytest.raises(BadInput, match="pen height of 120"):
            machine.lower(120)
        with pytest.raises(BadInput, match="square of 500 mm"):
            machine.jog_square(500)
    assert json.dumps(board.problems) == "[]"
