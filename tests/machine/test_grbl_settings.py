"""What boards tell of themselves, in the formats of three firmwares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plotbot.machine.grbl_settings import (
    Build,
    Settings,
    Status,
    parse_banner,
    parse_build,
    parse_settings,
    parse_status,
)
from plotbot.machine.grbl_words import alarm_in_words, error_in_words
from tests.machine.grbl_plans import SERVO, profile


@pytest.mark.parametrize(
    ("line", "firmware", "supported"),
    [
        ("Grbl 1.1h ['$' for help]", "Grbl", True),
        ("Grbl 1.1f ['$' for help]", "Grbl", True),
        ("GrblHAL 1.1f ['$' or '$HELP' for help]", "grblHAL", True),
        ("Grbl 3.7 [FluidNC v3.7.8 (wifi) '$' for help]", "FluidNC", True),
        ("Grbl 0.9j ['$' for help]", "Grbl", False),
        ("\x7fUGrbl 1.1h ['$' for help]", "Grbl", True),
    ],
)
def test_banners(line: str, firmware: str, supported: bool) -> None:
    banner = parse_banner(line)
    assert banner is not None
    assert banner.firmware == firmware
    assert banner.supported is supported


@pytest.mark.parametrize(
    "line",
    ["ok", "[VER:1.1h.20190825:]", "[MSG:Grbl 1.1 is nice]", "EBBv13_and_above EB Firmware Version 2.8.1"],
)
def test_other_lines_are_no_banner(line: str) -> None:
    assert parse_banner(line) is None


def test_buffer_sizes() -> None:
    assert parse_build(["[VER:1.1h.20190825:]", "[OPT:V,15,128]"]) == Build("V", 15, 128)
    assert parse_build(["[OPT:VNMSL,35,1024,3,0]"]) == Build("VNMSL", 35, 1024)
    assert parse_build(["[VER:3.7 FluidNC v3.7.8:]", "[OPT:MPHS]"]) == Build("MPHS")
    assert parse_build([]) == Build()


def test_settings_and_what_differs_from_the_profile() -> None:
    bench = profile()
    same = parse_settings(
        ["$1=255", "$11=0.010", "$110=6000.000", "$111=6000.000", "$120=400.000 (x accel)", "$121=400.000"]
    )
    assert same.acceleration(0) == 400
    assert same.notes(bench) == []
    other = parse_settings(["$1=25", "$11=0.5", "$110=600.000", "$121=10.000", "$N0=G54", "junk", "$131=nan"])
    assert other.travel(1) is None
    text = " ".join(other.notes(bench))
    assert "limits x to 10 mm/s" in text and "accelerates y with 10" in text
    assert "junction deviation is 0.5" in text and "let go 25 ms" in text


def test_servo_faults() -> None:
    assert Settings({30: 1000, 31: 0, 32: 0}).servo_fault(SERVO) is None
    assert "laser mode" in str(Settings({32: 1}).servo_fault(SERVO))
    assert "above the board's highest, $30=255" in str(Settings({30: 255}).servo_fault(SERVO))
    assert "below the board's lowest, $31=400" in str(Settings({31: 400}).servo_fault(SERVO))


def test_status_remembers_the_work_offset() -> None:
    first = parse_status("<Idle|WPos:1.000,2.000,3.000|FS:0,0>", None)
    assert first is not None and first.mpos is None
    second = parse_status("<Idle|WPos:1.000,2.000,3.000|FS:0,0|WCO:10.000,20.000,0.000>", first)
    assert second is not None and second.mpos == (11, 22, 3)
    third = parse_status("<Run|WPos:2.000,2.000,3.000|Bf:15,128|FS:600,300|Ov:100,100,100|A:S>", second)
    assert third is not None and third.mpos == (12, 22, 3) and third.wco == (10, 20, 0)
    assert (third.feed, third.spindle) == (600, 300)


def test_status_in_inches() -> None:
    status = parse_status("<Idle|MPos:1.000,0.000,0.000|F:0>", None, inches=True)
    assert status is not None and status.mpos is not None and status.mpos[0] == pytest.approx(25.4)


@pytest.mark.parametrize(
    ("head", "rest", "held"),
    [("Hold:1", False, False), ("Hold:0", True, True), ("Run", False, False), ("Idle", True, False),
     ("Door:1", False, False), ("Door:0", True, True), ("Alarm", True, False), ("Jog", False, False)],
)  # fmt: skip
def test_states(head: str, rest: bool, held: bool) -> None:
    status = parse_status(f"<{head}|MPos:0.000,0.000,0.000|FS:0,0>", None)
    assert status is not None
    assert (status.at_rest, status.held) == (rest, held)


@given(st.text(max_size=60), st.sampled_from(["{}", "<{}>", "<Idle|MPos:{}>", "<Idle|MPos:0,0,0|FS:{}>"]))
def test_damaged_reports_never_raise(text: str, shape: str) -> None:
    status = parse_status(shape.format(text), None)
    assert status is None or isinstance(status, Status)
    parse_banner(text)
    parse_build([f"[OPT:{text}]"])
    parse_settings([f"$1{text}", text])


@given(
    st.tuples(*[st.floats(-9999, 9999, allow_nan=False)] * 3),
    st.tuples(*[st.floats(-9999, 9999, allow_nan=False)] * 3),
)
def test_positions_come_back(mpos: tuple[float, ...], wco: tuple[float, ...]) -> None:
    def shown(values: tuple[float, ...]) -> str:
        return ",".join(f"{value:.3f}" for value in values)

    status = parse_status(f"<Run|MPos:{shown(mpos)}|FS:1,2|WCO:{shown(wco)}>", None)
    assert status is not None
    assert status.mpos == pytest.approx(mpos, abs=6e-4)
    assert status.wco == pytest.approx(wco, abs=6e-4)


def test_every_number_has_words() -> None:
    assert "no feed rate" in error_in_words(22)
    assert "error 99" in error_in_words(99)
    assert "limit switch" in alarm_in_words(1)
    assert "alarm 77" in alarm_in_words(77)
