"""A GRBL plot, judged by what the emulated motors and the pen really did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from plotbot.errors import BadInput, LinkLost
from plotbot.machine.base import Control, PausedAt
from plotbot.machine.grbl import GrblMachine
from plotbot.machine.grbl_gcode import gcode_lines
from plotbot.machine.profile import Frame, Lines, Profile, Stream, Travel
from plotbot.paper import Paper
from plotbot.plan.model import Plan, Stroke
from tests.emulators.grbl import BoardOptions, Fault, GrblEmulator, hausdorff, rest_of_motion
from tests.machine.grbl_plans import SPEEDS, Z_LIFT, curves_plan, pen, plan_of, profile


def fast(**options: object) -> BoardOptions:
    return BoardOptions(**{"scale": 25.0, "boot_s": 0.5, **options})  # type: ignore[arg-type]


@contextmanager
def ready(
    plan: Plan, bench: Profile | None = None, **options: object
) -> Iterator[tuple[GrblEmulator, GrblMachine]]:
    """An emulated board with a machine that has checked the plan and mounted its first pen."""
    with (
        GrblEmulator(fast(**options)) as board,
        GrblMachine(bench or profile(), port=board.port) as machine,
    ):
        machine.check(plan)
        machine.mount(plan.passes[0].pen)
        yield board, machine


def strokes_of(plan: Plan) -> list[tuple[int, Stroke]]:
    return [(index, stroke) for index, _, stroke in plan.strokes()]


def assert_clean(board: GrblEmulator) -> None:
    """Nothing that a careful sender never lets happen."""
    assert board.violations == []
    assert board.overruns == 0
    assert not [reply for reply in board.replies if reply.startswith(("error", "ALARM"))]


def on_sheet(board: GrblEmulator) -> list[np.ndarray]:
    return [points * [1, -1] for points in board.ink()]


def assert_drawn(ink: list[np.ndarray], plan: Plan) -> None:
    assert len(ink) == plan.stroke_count
    for points, (_, _, stroke) in zip(ink, plan.strokes(), strict=True):
        assert hausdorff(points, stroke.mm, step=0.2) < 0.05
        assert np.hypot(*(points[0] - stroke.mm[0])) < 0.05  # in the planned direction
        assert np.hypot(*(points[-1] - stroke.mm[-1])) < 0.05


def test_the_ink_is_the_plan() -> None:
    plan = curves_plan(8)
    done: list[int] = []
    with ready(plan) as (board, machine):
        assert machine.plot(strokes_of(plan), done.append, Control()) is None
        machine.park()
        assert machine.position_mm() == pytest.approx((0, 0), abs=0.01)
    assert done == list(range(8))
    assert_clean(board)
    assert_drawn(on_sheet(board), plan)
    top_down = max(move.top_speed for move in board.planner.log if move.pen_down)
    top_up = max(move.top_speed for move in board.planner.log if not move.pen_down)
    assert top_down <= SPEEDS.draw_speed + 1e-6
    assert top_up <= SPEEDS.travel_speed + 1e-6
    assert not board.pen_down


def test_what_export_shows_is_what_is_sent() -> None:
    plan = plan_of(
        (pen("1"), [np.array([[20, 20], [60, 90.0]])]), (pen("2"), [np.array([[30, 30], [30, 31.0]])])
    )
    with ready(plan) as (board, machine):
        for number, one_pass in enumerate(plan.passes):
            if number:
                machine.park()
                machine.mount(one_pass.pen)
            machine.plot([(0, stroke) for stroke in one_pass.strokes], lambda index: None, Control())
        machine.park()
    exported = [line for line in gcode_lines(plan, profile()) if line != "M0" and not line.startswith("(")]
    assert [line for line in board.lines if not line.startswith("$")] == exported


def test_executed_means_executed_and_the_pen_is_up() -> None:
    """At the call nothing of the stroke is left to move, and nothing of the next pen-down path was sent."""
    plan = curves_plan(6, size_mm=20)
    seen: list[int] = []
    with ready(plan) as (board, machine):

        def executed(index: int) -> None:
            with board._locked():
                assert not board.pen_down
                assert len(board.ink()) == index + 1
                stroke = plan.passes[0].strokes[index]
                assert np.hypot(*(board.ink()[-1][-1] * [1, -1] - stroke.mm[-1])) < 0.05
                lowered = sum(line == "M3S300" for line in board.lines)
                assert lowered == index + 1
            time.sleep(0.03)  # a slow disk
            with board._locked():
                assert sum(line == "M3S300" for line in board.lines) == index + 1
            seen.append(index)

        assert machine.plot(strokes_of(plan), executed, Control()) is None
    assert seen == list(range(6))


@pytest.mark.slow
def test_the_planner_never_runs_empty_in_a_stroke() -> None:
    """In real time, with points far denser than the board could take one by one."""
    t = np.linspace(0, 2 * np.pi, 3000)
    spiral = np.stack([70 + (8 + t) * np.cos(t), 70 + (8 + t) * np.sin(t)], axis=1)
    t = np.linspace(0, 1, 800)
    rng = np.random.default_rng(5)
    shaky = np.stack([30 + 30 * t, 150 + 8 * np.sin(9 * t)], axis=1) + rng.normal(0, 0.02, (800, 2))
    plan = plan_of((pen(), [spiral, shaky]))
    with ready(plan, profile(stream=Stream(timeout_s=4, lines_per_s=180)), scale=1.0) as (board, machine):
        assert machine.plot(strokes_of(plan), lambda index: None, Control()) is None
    assert board.starved == []
    assert_clean(board)
    assert_drawn(on_sheet(board), plan)


def test_tip_offsets_put_the_ink_where_it_belongs() -> None:
    offset = pen("2", tip_offset_mm=(1.5, -2.0))
    plan = curves_plan(2, one=offset)
    with ready(plan) as (board, machine):
        machine.plot(strokes_of(plan), lambda index: None, Control())
    assert_drawn([points + np.array([1.5, -2.0]) for points in on_sheet(board)], plan)


def test_the_frame_turns_the_sheet() -> None:
    plan = curves_plan(2)
    frame = Frame(paper_x="+y", paper_y="-x", corner="bottom-left")
    with ready(plan, profile(frame=frame)) as (board, machine):
        machine.plot(strokes_of(plan), lambda index: None, Control())
    assert_drawn(
        [np.stack([points[:, 1], plan.paper.height - points[:, 0]], axis=1) for points in board.ink()], plan
    )


def test_a_z_axis_lifts_and_lowers() -> None:
    plan = curves_plan(3)
    bench = profile(pen=Z_LIFT, travel=Travel(x=300, y=300, z=20))
    with ready(plan, bench, z_contact=-1.5) as (board, machine):
        machine.plot(strokes_of(plan), lambda index: None, Control())
        machine.park()
    # The axis starts at 0 on the board, which is the upper height, so the paper is 3 mm below it.
    assert board.planner.position[2] == pytest.approx(0)
    assert_clean(board)
    assert_drawn(on_sheet(board), plan)


def test_the_persons_own_pen_lines() -> None:
    plan = curves_plan(2)
    own = Lines(up=("M3 S600",), down=("M3 S300", "(down to {height})"), lift_s=0.15, lower_s=0.2)
    with ready(plan, profile(pen=own)) as (board, machine):
        machine.plot(strokes_of(plan), lambda index: None, Control())
    assert_clean(board)
    assert_drawn(on_sheet(board), plan)


def test_pen_heights_go_to_the_servo() -> None:
    plan = curves_plan(1, one=pen("7", down_height=20))
    with ready(plan) as (board, machine):
        machine.lower()
        machine.lower(50)
        machine.lift()
        with pytest.raises(BadInput, match="150 is impossible"):
            machine.lower(150)
        with pytest.raises(BadInput, match="not below"):
            machine.mount(pen("8", down_height=100))
        assert [line for line in board.lines if line.startswith("M3")] == [
            "M3S600",
            "M3S360",
            "M3S450",
            "M3S600",
        ]


# -- pause and halt --------------------------------------------------------------------------------


def when(condition: Callable[[], bool], act: Callable[[], None]) -> threading.Thread:
    """Do something as soon as something is so; join the thread."""

    def run() -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.001)
        act()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_a_pause_stops_between_strokes() -> None:
    plan = curves_plan(6)
    control, done = Control(), list[int]()

    def executed(index: int) -> None:
        done.append(index)
        if index == 2:
            control.pause()

    with ready(plan) as (board, machine):
        assert machine.plot(strokes_of(plan), executed, control) == PausedAt(3)
        assert not board.pen_down
        control.clear()
        assert machine.plot(strokes_of(plan)[3:], executed, control) is None
    assert done == list(range(6))
    assert_drawn(on_sheet(board), plan)
    assert_clean(board)


@pytest.mark.parametrize("share", [0.02, 0.3, 0.77, 0.99])
def test_a_halt_stops_inside_a_stroke_and_the_rest_can_follow(share: float) -> None:
    t = np.linspace(0, 4 * np.pi, 400)
    spiral = np.stack([70 + 4 * t * np.cos(t), 70 + 4 * t * np.sin(t)], axis=1)  # crosses no part of itself
    stroke = Stroke.from_mm(spiral, (0,))
    plan = plan_of((pen(), [spiral]))
    control, done = Control(), list[int]()
    with ready(plan) as (board, machine):

        def far() -> bool:
            return board.planner.down_mm > share * stroke.length_mm

        thread = when(far, control.halt)
        stopped = machine.plot([(0, stroke)], done.append, control)
        thread.join()
        assert not board.pen_down
        if stopped is None:  # the end came first
            assert done == [0]
            return
        ink = on_sheet(board)
        assert len(ink) == 1
        length = float(np.hypot(*np.diff(ink[0], axis=0).T).sum())
        if stopped == PausedAt(1):
            assert done == [0] and length == pytest.approx(stroke.length_mm, abs=0.1)
            return
        assert done == []
        assert stopped.index == 0
        assert stopped.drawn_mm == pytest.approx(length, abs=0.05)
        along = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(spiral, axis=0).T))])
        rest = np.concatenate([ink[0][-1:], spiral[along > stopped.drawn_mm]])
        control.clear()
        assert machine.plot([(0, Stroke.from_mm(rest, (0,)))], done.append, control) is None
    assert done == [0]
    whole = np.concatenate(on_sheet(board))
    assert hausdorff(whole, spiral, step=0.2) < 0.05
    assert_clean(board)
    # It braked: the last piece before the hold ends slowly, within the acceleration.
    assert board.state == "Idle"


def test_the_hold_button_on_the_machine_pauses() -> None:
    plan = curves_plan(4)
    with ready(plan) as (board, machine):

        def drawing() -> bool:
            with board._locked():
                return len(board.ink()) == 2 and board.planner.running

        thread = when(drawing, board.push_hold)
        done: list[int] = []
        stopped = machine.plot(strokes_of(plan), done.append, Control())
        thread.join()
        assert stopped is not None and stopped.index in {1, 2}
        assert not board.pen_down


def test_an_error_in_the_callback_lifts_the_pen() -> None:
    plan = curves_plan(3)
    with ready(plan) as (board, machine):

        def executed(index: int) -> None:
            raise OSError("disk full")

        with pytest.raises(OSError, match="disk full"):
            machine.plot(strokes_of(plan), executed, Control())
        rest_of_motion(board)
        assert not board.pen_down
        assert board.lines[-2:] == ["M3S600", "G4P0.15"]


# -- what goes wrong -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "says", "lifted"),
    [
        ("unplug", "unplugged or lost power", False),
        ("reset", "position is lost", True),
        ("limit", "limit switch", True),
        ("lost", "", True),
        ("garbled", "", True),
        ("mute", "", True),
    ],
)
def test_a_fault_in_mid_stroke_ends_in_link_lost(kind: str, says: str, lifted: bool) -> None:
    plan = curves_plan(4)
    done: list[int] = []
    with ready(plan) as (board, machine):
        board.inject(Fault(kind, at_byte=700))
        try:
            machine.plot(strokes_of(plan), done.append, Control())
        except LinkLost as error:
            assert says in str(error)
        else:
            assert kind in {"lost", "garbled", "mute"}  # a digit lost shows nowhere, a lost status neither
        assert board.fired
        if lifted:
            rest_of_motion(board)
            assert not board.pen_down
            machine.lift() if kind in {"mute", "lost", "garbled"} else None
        if kind in {"reset", "limit"}:
            with pytest.raises(LinkLost, match="lost its position"):
                machine.plot(strokes_of(plan), done.append, Control())
            machine.set_origin()
            machine.lift()
    ink = on_sheet(board)
    for index in done:
        assert len(ink[index])


def test_a_board_that_stalls_is_given_up_in_time_and_lifted_when_it_comes_back() -> None:
    plan = curves_plan(3)
    with ready(plan, profile(stream=Stream(timeout_s=0.8))) as (board, machine):
        board.inject(Fault("stall", at_byte=400, stall_s=2.0))
        began = time.monotonic()
        with pytest.raises(LinkLost, match=r"not answered for 0\.8 s.*pen is up is unknown"):
            machine.plot(strokes_of(plan), lambda index: None, Control())
        assert time.monotonic() - began < 15
        assert not board.pen_down


def test_noise_from_the_board_is_ignored() -> None:
    plan = curves_plan(3)
    with ready(plan) as (board, machine):
        for at in (100, 300, 500):
            board.inject(Fault("garbage", at_byte=at))
        assert machine.plot(strokes_of(plan), lambda index: None, Control()) is None
    assert len(board.fired) == 3
    assert_drawn(on_sheet(board), plan)


def test_a_deaf_board_is_woken_after_a_soft_limit() -> None:
    """Soft limits on the board stop a motion that the profile would allow: alarm 2, silence, Ctrl-X."""
    plan = curves_plan(2)
    bench = profile(unlock=True)
    with (
        GrblEmulator(fast(settings={22: 1, 20: 1})) as board,
        GrblMachine(bench, port=board.port) as machine,
    ):
        with pytest.raises(BadInput, match="reaches x"):
            machine.check(plan)
        machine.mount(plan.passes[0].pen)
        with pytest.raises(LinkLost, match="alarm 2"):
            machine.plot(strokes_of(plan), lambda index: None, Control())
        assert not board.pen_down
        machine.lift()
        assert board.state == "Idle"


# -- before and after the plot ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "sheet", "says"),
    [
        ({"travel": Travel(x=50, y=300)}, Paper(148, 210, 10), r"Stroke 0 with pen 9 reaches x .*travel 50"),
        ({"travel": Travel(x=300, y=300)}, Paper(148, 210, 10), ""),
        ({"swap": (0, 290)}, Paper(148, 210, 10), ""),
        ({"swap": (-40, 0)}, Paper(148, 210, 10), r"swap position -40, 0"),
    ],
)
def test_the_whole_plan_is_checked_against_the_travel(
    changes: dict[str, object], sheet: Paper, says: str
) -> None:
    plan = curves_plan(3)
    machine = GrblMachine(profile(**changes), port="none")
    if not says:
        machine.check(plan)
        return
    with pytest.raises(BadInput, match=says):
        machine.check(plan)


def test_the_boards_own_travel_and_tip_offsets_count() -> None:
    far = plan_of((pen("3", tip_offset_mm=(-30, 0)), [np.array([[20, 20], [100, 20.0]])]))
    with GrblEmulator(fast(settings={130: 120})) as board, GrblMachine(profile(), port=board.port) as machine:
        with pytest.raises(BadInput, match=r"tip offset reaches x 50 to 130 mm.*0 to 120"):
            machine.check(far)
        machine.check(plan_of((pen("3"), [np.array([[20, 20], [100, 20.0]])])))


def test_check_mode_finds_no_fault_in_a_good_program_and_names_those_of_a_bad_one() -> None:
    plan = curves_plan(3)
    with GrblEmulator(fast()) as board, GrblMachine(profile(), port=board.port) as machine:
        assert machine.check_on_board(plan) == []
        assert board.planner.log == []
        machine.check(plan)
        machine.mount(plan.passes[0].pen)
        assert machine.plot(strokes_of(plan), lambda index: None, Control()) is None
    assert_drawn(on_sheet(board), plan)
    bad = profile(pen=Lines(up=("M5",), down=("M77",)))
    with GrblEmulator(fast()) as board, GrblMachine(bad, port=board.port) as machine:
        complaints = machine.check_on_board(plan)
        assert len(complaints) == 3
        assert all("'M77'" in text and "error 20" in text for text in complaints)
        machine.lift()


def test_homing_gives_the_sheet_its_place() -> None:
    plan = curves_plan(2)
    homed = profile(homing=True, frame=Frame(origin=(-290, -5)), travel=Travel(x=300, y=300))
    with ready(plan, homed, settings={22: 1, 20: 1, 1: 255}) as (board, machine):
        assert machine.plot(strokes_of(plan), lambda index: None, Control()) is None
        machine.park()
        assert machine.position_mm() == pytest.approx((0, 0), abs=0.01)
    assert_clean(board)
    assert_drawn([(points - [-290, -5]) * [1, -1] for points in board.ink()], plan)


def test_homing_without_switches_is_explained() -> None:
    homed = profile(homing=True, frame=Frame(origin=(-290, -5)))
    with (
        GrblEmulator(fast()) as board,
        GrblMachine(homed, port=board.port) as machine,
        pytest.raises(BadInput, match=r"\$22=0"),
    ):
        machine.home()


def test_the_square_of_the_machine_test() -> None:
    with GrblEmulator(fast()) as board, GrblMachine(profile(), port=board.port) as machine:
        machine.jog_square(20)
        rest_of_motion(board)
        ends = [np.round(move.end[:2], 3).tolist() for move in board.planner.log]
        assert [20, -20] in ends and ends[-1] == [0, 0]
        assert not board.pen_down
        with pytest.raises(BadInput, match="900 mm does not fit"):
            machine.jog_square(900)


def test_motors_let_go_at_the_swap_and_wake_up_in_place() -> None:
    plan = curves_plan(1)
    with ready(plan, profile(release_at_swap=True, swap=(10, 10))) as (board, machine):
        machine.park()
        time.sleep(0.05)
        assert board._asleep
        machine.mount(plan.passes[0].pen)
        assert machine.plot(strokes_of(plan), lambda index: None, Control()) is None
    assert_drawn(on_sheet(board), plan)


@pytest.mark.parametrize("killed", [False, True])
def test_a_board_that_was_not_reset_keeps_its_position(killed: bool) -> None:
    plan = curves_plan(4)
    with GrblEmulator(fast(reset_on_open=False)) as board:
        machine = GrblMachine(profile(swap=(12, 7)), port=board.port).__enter__()
        machine.check(plan)
        machine.mount(plan.passes[0].pen)
        machine.plot(strokes_of(plan)[:2], lambda index: None, Control())
        if killed:
            machine._link.send("G1X30Y-30F2400")
            machine._link.port.close()  # as the end of a process does
        else:
            machine.park()
            machine.__exit__()
        with GrblMachine(profile(swap=(12, 7)), port=board.port) as machine:
            assert not machine.position_kept((50.0, 50.0))
            assert machine.position_kept(None if killed else (12.0, 7.0))
            machine.check(plan)
            machine.mount(plan.passes[0].pen)
            machine.plot(strokes_of(plan)[2:], lambda index: None, Control())
    assert_drawn(on_sheet(board), plan)


@pytest.mark.parametrize("resets_on_open", [True, False])
def test_a_board_that_was_reset_has_not_kept_it(resets_on_open: bool) -> None:
    with GrblEmulator(fast(reset_on_open=resets_on_open)) as board:
        with GrblMachine(profile(), port=board.port) as machine:
            machine.park()
        board.power_cycle()
        time.sleep(0.1)
        with GrblMachine(profile(), port=board.port) as machine:
            assert not machine.position_kept((0.0, 0.0))
            assert not machine.position_kept(None)
