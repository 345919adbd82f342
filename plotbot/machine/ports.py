"""Serial ports: which are there, which one is meant, and why one cannot be opened.

Shared by every driver. A port is opened exclusively, so that two programs never steer one machine, and
every reason for not getting it is told in words that say what to do.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import serial
from serial.tools import list_ports

from plotbot.errors import NoPlotter

__all__ = ["Port", "choose_port", "find_ports", "holder_of", "obstacle", "open_port"]

# USB vendors whose serial chips sit on GRBL boards: WCH, FTDI, Silicon Labs, Prolific, Arduino,
# Espressif, STMicroelectronics, Raspberry Pi, SparkFun, Adafruit, Teensy, OpenMoko (hobby boards).
_BOARD_VENDORS = {
    0x1A86, 0x0403, 0x10C4, 0x067B, 0x2341, 0x2A03, 0x303A, 0x0483, 0x2E8A, 0x1B4F, 0x239A, 0x16C0, 0x1D50,
}  # fmt: skip
_EBB = (0x04D8, 0xFD92)


@dataclass(frozen=True, slots=True)
class Port:
    """A serial port as the system lists it; `usb` is (vendor, product) or None."""

    device: str
    description: str = ""
    usb: tuple[int, int] | None = None
    serial_number: str = ""

    @property
    def usb_id(self) -> str:
        """``VVVV:PPPP`` in capitals, or an empty text."""
        return f"{self.usb[0]:04X}:{self.usb[1]:04X}" if self.usb else ""

    @property
    def is_ebb(self) -> bool:
        """An EiBotBoard: AxiDraw or NextDraw."""
        return self.usb == _EBB or self.description.startswith("EiBotBoard")

    @property
    def may_be_grbl(self) -> bool:
        """A USB serial chip found on boards that run GRBL; only talking to it makes sure."""
        return not self.is_ebb and self.usb is not None and self.usb[0] in _BOARD_VENDORS

    def __str__(self) -> str:
        details = ", ".join(text for text in (self.description, self.usb_id) if text and text != "n/a")
        return f"{self.device} ({details})" if details else self.device


def find_ports() -> list[Port]:
    """Every serial port of this computer, USB ones first, then by name."""
    ports = [
        Port(
            info.device,
            info.description or "",
            (info.vid, info.pid) if info.vid is not None and info.pid is not None else None,
            info.serial_number or "",
        )
        for info in list_ports.comports()
    ]
    return sorted(ports, key=lambda port: (port.usb is None, port.device))


def choose_port(
    ports: Iterable[Port],
    suits: Callable[[Port], bool],
    *,
    what: str,
    usb: str | None = None,
    tag: str | None = None,
) -> Port:
    """The one port that suits; raises `NoPlotter` when there is none, or more than one.

    what: the machine as people call it, for the message. usb: ``VVVV:PPPP`` that the port must have.
    tag: name tag or serial number that must appear in its description or serial number.
    """
    everything = list(ports)
    found = [
        port
        for port in everything
        if (port.usb_id == usb.upper() if usb else suits(port))
        and (tag is None or tag.lower() in f"{port.description} {port.serial_number}".lower())
    ]
    if len(found) == 1:
        return found[0]
    if found:
        names = "; ".join(map(str, found))
        raise NoPlotter(f"Several ports could be the {what}: {names}. Say which one with --port.")
    wanted = f"{what} with tag {tag!r}" if tag else what
    if not everything:
        raise NoPlotter(
            f"No {wanted} is connected: this computer has no serial port at the moment. "
            "Check the USB cable (it must carry data) and the machine's power."
        )
    names = "; ".join(map(str, everything))
    raise NoPlotter(f"No {wanted} was found among the serial ports: {names}. Name the port with --port.")


def open_port(device: str, baud: int, *, timeout: float = 0.02) -> serial.Serial:
    """Open a port exclusively; reads wait at most `timeout` s, writes at most 5 s.

    Raises `NoPlotter` that says what is in the way: no such port, no permission, busy and with whom.
    """
    try:
        return serial.Serial(device, baud, timeout=timeout, write_timeout=5.0, exclusive=True)
    except (OSError, serial.SerialException, ValueError) as error:
        raise NoPlotter(_why_not(device, baud, error)) from None


def holder_of(device: str) -> str | None:
    """Which other process has a port open, as ``name (pid 123)``, where the system tells (Linux)."""
    try:
        target = Path(device).stat().st_rdev
    except OSError:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with contextlib.suppress(OSError):
            for link in (process / "fd").iterdir():
                with contextlib.suppress(OSError):
                    if str(link.readlink()).startswith("/dev/") and link.stat().st_rdev == target:
                        return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
    return None


def obstacle(device: str) -> str | None:
    """What is in the way of opening a port, told without opening it, for that resets some boards."""
    if not Path(device).exists():
        return None if platform.system() == "Windows" else f"There is no port {device}."
    if not os.access(device, os.R_OK | os.W_OK):
        return _no_permission(device)
    holder = holder_of(device)
    return f"Port {device} is in use by {holder}. Close that program before plotting." if holder else None


def _why_not(device: str, baud: int, error: Exception) -> str:
    number = getattr(error, "errno", None)
    text = str(error)
    if isinstance(error, ValueError):
        return f"Port {device} does not take {baud} baud; GRBL boards use 115200."
    if number in (errno.ENOENT, errno.ENXIO, errno.ENODEV) or "FileNotFoundError" in text:
        return f"There is no port {device}. {_ports_in_words()}"
    busy = number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in text
    if "PermissionError" in text and platform.system() == "Windows":
        busy = True
    if busy:
        holder = holder_of(device)
        by = f" by {holder}" if holder else " by another program"
        return f"Port {device} is in use{by}. Close that program, then try again."
    if number in (errno.EACCES, errno.EPERM) or "PermissionError" in text:
        return _no_permission(device)
    if number == errno.ENOTTY or "Inappropriate ioctl" in text:
        return f"{device} is not a serial port. {_ports_in_words()}"
    return f"Port {device} cannot be opened: {os.strerror(number) if number else text}."


def _no_permission(device: str) -> str:
    if platform.system() != "Linux":
        return f"This user may not open {device}; allow access to it in the system's settings."
    group = _group_of(device) or "dialout"
    return (
        f"This user may not open {device}, which belongs to the group {group}. "
        f"Run: sudo usermod -aG {group} $USER, then log out and in again."
    )


def _group_of(device: str) -> str | None:
    try:
        import grp  # noqa: PLC0415 (not on Windows)

        name = grp.getgrgid(Path(device).stat().st_gid).gr_name
    except (ImportError, OSError, KeyError):
        return None
    return None if name == "root" else name


def _ports_in_words() -> str:
    names = "; ".join(map(str, find_ports()))
    return f"Ports of this computer: {names}." if names else "This computer has no serial port at the moment."
