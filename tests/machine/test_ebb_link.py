"""What an EiBotBoard answers, read whatever the line ends, and refused when it makes no sense."""

from __future__ import annotations

import pytest
import serial
from hypothesis import given
from hypothesis import strategies as st

from plotbot.errors import LinkLost, NoPlotter
from plotbot.machine.ebb_link import EbbLink, parse_version

ENDS = st.sampled_from(["\r\n", "\n\r", "\r", "\n", "\r\n\r\n"])


class Script:
    """A port that answers each command with the next of some prepared bytes, in pieces."""

    port = "/dev/script"
    timeout = 0.0

    def __init__(self, *answers: bytes, piece: int = 3) -> None:
        self.answers = list(answers)
        self.sent: list[bytes] = []
        self.waiting = b""
        self.piece = piece

    @property
    def in_waiting(self) -> int:
        return len(self.waiting)

    def write(self, data: bytes) -> int:
        self.sent.append(data)
        if self.answers:
            self.waiting += self.answers.pop(0)
        return len(data)

    def read(self, size: int) -> bytes:
        size = min(size, self.piece)
        data, self.waiting = self.waiting[:size], self.waiting[size:]
        return data


def link_of(*answers: bytes | str, version: tuple[int, int, int] = (2, 8, 1), piece: int = 3) -> EbbLink:
    port = Script(*(a.encode("latin-1") if isinstance(a, str) else a for a in answers), piece=piece)
    link = EbbLink(port, timeout_s=0.02)  # type: ignore[arg-type]
    link.version = version
    return link


@given(st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1), ENDS, ENDS, st.integers(1, 9))
def test_counters_in_any_line_ends(first: int, second: int, one: str, two: str, piece: int) -> None:
    link = link_of(f"{first},{second}{one}OK{two}", piece=piece)
    assert link.steps() == (first, second)


@given(st.integers(0, 255), ENDS)
def test_the_status_byte(status: int, end: str) -> None:
    busy, button = link_of(f"{status:02X}{end}").state()
    assert busy == bool(status % 16)
    assert button == bool(status // 32 % 2)


def test_older_firmware_is_asked_for_motors_and_button_apart() -> None:
    link = link_of("QM,1,0,1,0\n\r", "1\n\rOK\r\n", version=(2, 5, 5))
    assert link.state() == (True, True)
    assert link.port.sent == [b"QM\r", b"QB\r"]


@given(st.binary(max_size=40))
def test_nonsense_is_never_taken_for_a_position(data: bytes) -> None:
    link = link_of(data + b"\r\nOK\r\n")
    try:
        counted = link.steps()
    except LinkLost:
        return
    assert data.strip(b"\r\n").decode() == f"{counted[0]},{counted[1]}" or b"\r" in data or b"\n" in data


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("!8 Err: Unknown command 'XX'\r\n", "refused SM"),
        ("OL\r\n", "answered 'OL'"),
        ("", "has not answered SM"),
    ],
)
def test_a_command_without_its_ok(answer: str, words: str) -> None:
    with pytest.raises(LinkLost, match=words):
        link_of(answer).command("SM,20,1,1")


def test_a_tag_or_none() -> None:
    said = "EBBv13_and_above EB Firmware Version 2.8.1\r\n"
    assert link_of(said, "East EBB\r\nOK\r\n").connect().tag == "East EBB"
    assert link_of(said, "\r\nOK\r\n").connect().tag == ""
    old = link_of("EBBv13_and_above EB Firmware Version 2.5.3\r\n")
    assert old.connect().version == (2, 5, 3)
    assert [sent for sent in old.port.sent if sent != b"V\r"] == []


def test_the_first_question_may_be_spoilt_by_what_was_in_the_line() -> None:
    link = link_of(
        "!8 Err: Unknown command '4V'\r\n", "EBBv13_and_above EB Firmware Version 2.8.1\r\n", "\r\nOK\r\n"
    )
    assert link.connect().firmware == "2.8.1"


@pytest.mark.parametrize("answer", ["Grbl 1.1h ['$' for help]\r\n", ""])
def test_another_device_is_refused(answer: str) -> None:
    with pytest.raises(NoPlotter, match="does not answer like an EiBotBoard"):
        link_of(answer).connect()


def test_a_pulled_cable() -> None:
    class Gone(Script):
        def read(self, size: int) -> bytes:
            raise serial.SerialException("device reports readiness to read but returned no data")

    link = EbbLink(Gone(), timeout_s=0.02)  # type: ignore[arg-type]
    with pytest.raises(LinkLost, match="connection to the board was lost"):
        link.steps()
    assert link.dead
    assert not link.insist("SP,1,100")


def test_noise_without_end_is_not_collected_forever() -> None:
    with pytest.raises(LinkLost, match="noise"):
        link_of(b"x" * 10_000, piece=1000).steps()


def test_an_emergency_stop_tells_what_was_left() -> None:
    stopped = link_of("1,50,1200,18634,9848\n\rOK\r\n").stop()
    assert stopped.interrupted
    assert stopped.remaining == (50, 1200, 18634, 9848)


@pytest.mark.parametrize("text", ["SM,1, 2,3", "X" * 64, "SM,1,2,é"])
def test_what_the_board_could_not_read_is_not_sent(text: str) -> None:
    with pytest.raises(ValueError, match="not an EiBotBoard command"):
        link_of().command(text)


def test_versions() -> None:
    assert parse_version("EBBv13_and_above EB Firmware Version 2.8.1") == (2, 8, 1)
    assert parse_version("V,EBBv13_and_above EB Firmware Version 3.0.2") == (3, 0, 2)
    assert parse_version("Grbl 1.1h") is None
