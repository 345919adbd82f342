"""A port is found, chosen and opened, or the reason why not is told with the way out."""

from __future__ import annotations

import os
import subprocess
import sys
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest

from plotbot.errors import NoPlotter
from plotbot.machine.ports import Port, _why_not, choose_port, find_ports, holder_of, open_port

CH340 = Port("/dev/ttyUSB0", "USB Serial", (0x1A86, 0x7523), "")
CH340_TOO = Port("/dev/ttyUSB1", "USB Serial", (0x1A86, 0x7523), "left")
EBB = Port("/dev/ttyACM0", "EiBotBoard,Anna", (0x04D8, 0xFD92), "Anna")
MODEM = Port("/dev/ttyS0", "n/a")


@pytest.fixture
def pty() -> Iterator[str]:
    master, slave = os.openpty()
    tty.setraw(slave)
    yield os.ttyname(slave)
    os.close(slave)
    os.close(master)


def grbl(ports: list[Port], **which: str) -> Port:
    return choose_port(ports, lambda port: port.may_be_grbl, what="GRBL board", **which)


def test_the_only_suitable_port_is_chosen() -> None:
    assert grbl([MODEM, EBB, CH340]) == CH340
    assert choose_port([MODEM, EBB, CH340], lambda port: port.is_ebb, what="AxiDraw") == EBB


def test_several_ports_are_a_question() -> None:
    with pytest.raises(NoPlotter, match=r"/dev/ttyUSB0.*/dev/ttyUSB1.*--port"):
        grbl([CH340, CH340_TOO])
    assert grbl([CH340, CH340_TOO], tag="LEFT") == CH340_TOO


def test_a_usb_id_decides() -> None:
    odd = Port("/dev/ttyUSB7", "odd", (0x9999, 0x0001))
    assert grbl([CH340, odd], usb="9999:0001") == odd


def test_no_port_and_no_suitable_port_are_told_apart() -> None:
    with pytest.raises(NoPlotter, match="no serial port at the moment"):
        grbl([])
    with pytest.raises(NoPlotter, match=r"No GRBL board.*ttyS0.*--port"):
        grbl([MODEM, EBB])
    with pytest.raises(NoPlotter, match=r"with tag 'right'"):
        grbl([CH340_TOO], tag="right")


def test_the_systems_ports_can_be_listed() -> None:
    assert all(port.device and str(port).startswith(port.device) for port in find_ports())


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(NoPlotter, match="There is no port /dev/ttyNONE7"):
        open_port("/dev/ttyNONE7", 115200)


def test_a_file_is_no_port(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(NoPlotter, match="is not a serial port"):
        open_port(str(path), 115200)


def test_a_busy_port_names_the_process(pty: str) -> None:
    code = (
        "import serial, sys, time; port = serial.Serial(sys.argv[1], exclusive=True); "
        "print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, pty], stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None and other.stdout.readline() == "open\n"
            assert (
                holder_of(pty) == f"{Path(f'/proc/{other.pid}/comm').read_text().strip()} (pid {other.pid})"
            )
            with pytest.raises(NoPlotter, match=rf"in use by .*\(pid {other.pid}\)"):
                open_port(pty, 115200)
        finally:
            other.kill()


def test_two_of_ours_cannot_have_one_port(pty: str) -> None:
    with open_port(pty, 115200), pytest.raises(NoPlotter, match="in use"):
        open_port(pty, 115200)
    open_port(pty, 115200).close()


def test_no_permission_names_group_and_command(tmp_path: Path) -> None:
    path = tmp_path / "port"
    path.write_text("")
    path.chmod(0)
    refused = PermissionError(13, "Permission denied", str(path))
    text = _why_not(str(path), 115200, refused)
    assert "belongs to the group" in text and "sudo usermod -aG" in text and "log out" in text
    if os.geteuid() != 0:
        with pytest.raises(NoPlotter, match="usermod"):
            open_port(str(path), 115200)
