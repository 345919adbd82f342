"""Meeting a board: handshakes, wrong devices, buffer sizes, locked boards."""

from __future__ import annotations

import os
import threading
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from plotbot.errors import BadInput, NoPlotter
from plotbot.machine.base import Control
from plotbot.machine.grbl import GrblMachine
from tests.emulators.grbl import BoardOptions, GrblEmulator
from tests.machine.grbl_plans import curves_plan, pen, profile


@contextmanager
def device(answer: Callable[[bytes], bytes]) -> Iterator[str]:
    """Some other thing on a port: says `answer(what it heard)`."""
    master, slave = os.openpty()
    tty.setraw(slave)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                heard = os.read(master, 1024)
            except OSError:
                return
            reply = answer(heard)
            if reply:
                os.write(master, reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield os.ttyname(slave)
    finally:
        stop.set()
        os.write(slave, b"\n")
        thread.join(5)
        os.close(slave)
        os.close(master)


def fast(**options: object) -> BoardOptions:
    return BoardOptions(**{"scale": 25.0, "boot_s": 0.5, **options})  # type: ignore[arg-type]


def test_the_banner_after_opening_is_awaited() -> None:
    with (
        GrblEmulator(fast(boot_s=1.6, scale=1.0)) as board,
        GrblMachine(profile(), port=board.port) as machine,
    ):
        assert (machine.build.rx_bytes, machine.build.planner_blocks) == (128, 15)
        assert machine.settings.max_rate(0) == 6000
        assert board.lines == ["$I", "$$"]


def test_a_board_that_does_not_reset_gets_one_ctrl_x() -> None:
    with GrblEmulator(fast(reset_on_open=False)) as board:
        board.power_cycle()
        with GrblMachine(profile(), port=board.port) as machine:
            assert machine.settings.values
        assert board.resets <= 3


@pytest.mark.parametrize(
    ("banner", "opt", "rx"),
    [
        ("GrblHAL 1.1f ['$' or '$HELP' for help]", "[OPT:VNMSL,35,1024,3,0]", 1024),
        ("Grbl 3.7 [FluidNC v3.7.8 (wifi) '$' for help]", "[OPT:MPHS]", 128),
    ],
)
def test_larger_buffers_are_used_where_the_board_tells_them(banner: str, opt: str, rx: int) -> None:
    with GrblEmulator(fast(banner=banner, opt=opt, rx=rx, blocks=35)) as board:
        with GrblMachine(profile(), port=board.port) as machine:
            machine.mount(pen())
            plan = curves_plan(2)
            machine.check(plan)
            assert machine.plot([(i, s) for i, _, s in plan.strokes()], lambda index: None, Control()) is None
        assert board.overruns == 0
        assert board.most_rx <= rx - 1
        assert (board.most_rx > 127) is (rx > 128)


@pytest.mark.slow
def test_silence_is_no_plotter() -> None:
    with device(lambda heard: b"") as port, pytest.raises(NoPlotter, match="says nothing"):
        GrblMachine(profile(), port=port).__enter__()


@pytest.mark.slow
def test_another_device_is_no_plotter() -> None:
    with (
        device(lambda heard: b"!8 Err: Unknown command\r\n") as port,
        pytest.raises(NoPlotter, match=r"does not answer like GRBL.*Unknown command"),
    ):
        GrblMachine(profile(), port=port).__enter__()


def test_a_board_that_is_too_old_is_refused() -> None:
    with (
        GrblEmulator(fast(banner="Grbl 0.9j ['$' for help]")) as board,
        pytest.raises(NoPlotter, match=r"Grbl 0\.9j.*1\.1 or newer"),
    ):
        GrblMachine(profile(), port=board.port).__enter__()


def test_no_port_at_all_is_no_plotter() -> None:
    with pytest.raises(NoPlotter, match="There is no port"):
        GrblMachine(profile(), port="/dev/ttyNONE7").__enter__()


def test_a_locked_board_is_explained() -> None:
    with (
        GrblEmulator(fast(settings={22: 1})) as board,
        pytest.raises(NoPlotter, match=r"locked.*\$22=1.*\$H.*\$X"),
    ):
        GrblMachine(profile(), port=board.port).__enter__()


def test_a_locked_board_is_unlocked_where_the_profile_says_so() -> None:
    with (
        GrblEmulator(fast(settings={22: 1})) as board,
        GrblMachine(profile(unlock=True), port=board.port) as machine,
    ):
        machine.lift()
        assert board.state == "Idle"


def test_a_servo_that_the_board_cannot_set_is_refused() -> None:
    with GrblEmulator(fast(settings={30: 255})) as board, pytest.raises(BadInput, match=r"\$30=255"):
        GrblMachine(profile(), port=board.port).__enter__()


@pytest.mark.parametrize(("hold", "stored"), [(True, 255), (False, 25), (None, 25)])
def test_motor_hold_is_stored_only_when_asked_for(hold: bool | None, stored: int) -> None:
    with GrblEmulator(fast()) as board:
        with GrblMachine(profile(hold_motors=hold), port=board.port):
            pass
        assert board.settings[1] == stored
        assert [line for line in board.lines if "=" in line] == (["$1=255"] if hold else [])


def test_reports_in_inches_are_understood() -> None:
    with (
        GrblEmulator(fast(settings={13: 1, 10: 0})) as board,
        GrblMachine(profile(swap=(20, 30)), port=board.port) as machine,
    ):
        machine.park()
        assert machine.position_mm() == pytest.approx((20, 30), abs=0.02)


def test_leaving_frees_the_port() -> None:
    with GrblEmulator(fast()) as board:
        for _ in range(2):
            with GrblMachine(profile(), port=board.port) as machine:
                machine.lift()
        with pytest.raises(RuntimeError, match="not connected"):
            machine.lift()
