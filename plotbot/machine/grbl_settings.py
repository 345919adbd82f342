"""What a GRBL board tells of itself: banner, build options, settings, status reports.

Pure parsing of the formats in GRBL 1.1's interface documentation, tolerant of what grblHAL and FluidNC
add. Lengths mm, rates mm/min as GRBL keeps them, accelerations mm/s².
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from plotbot.machine.profile import Profile, ServoS

__all__ = [
    "Banner",
    "Build",
    "Settings",
    "Status",
    "parse_banner",
    "parse_build",
    "parse_settings",
    "parse_status",
]

_BANNER = re.compile(r"(grblHAL|grbl)\s+(\d+)\.(\d+)(\w?)\s*(?:\[(.*)\])?$", re.IGNORECASE)
_SETTING = re.compile(r"\$(\d+)=([^ (]+)")
MM_PER_INCH = 25.4


@dataclass(frozen=True, slots=True)
class Banner:
    """The line a board greets with; `firmware` is Grbl, grblHAL or FluidNC."""

    firmware: str
    version: tuple[int, int]
    text: str

    @property
    def supported(self) -> bool:
        """GRBL 1.1 or newer: older boards report and stream differently."""
        return self.version >= (1, 1)


@dataclass(frozen=True, slots=True)
class Build:
    """Answer to ``$I``: option letters, and buffer sizes where the firmware tells them."""

    options: str = ""
    planner_blocks: int | None = None
    rx_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """Answer to ``$$``: numbers by setting; properties give None for what a firmware does not list."""

    values: dict[int, float] = field(default_factory=dict)

    def get(self, number: int) -> float | None:
        """Setting ``$number``."""
        return self.values.get(number)

    def flag(self, number: int) -> bool:
        """True when setting ``$number`` is there and not 0."""
        return bool(self.values.get(number, 0.0))

    def max_rate(self, axis: int) -> float | None:
        """``$110`` to ``$112``, mm/min."""
        return self.get(110 + axis)

    def acceleration(self, axis: int) -> float | None:
        """``$120`` to ``$122``, mm/s²."""
        return self.get(120 + axis)

    def travel(self, axis: int) -> float | None:
        """``$130`` to ``$132``, mm."""
        return self.get(130 + axis)

    @property
    def reports_inches(self) -> bool:
        """``$13``: status reports come in inches."""
        return self.flag(13)

    def notes(self, profile: Profile) -> list[str]:
        """Where the board moves otherwise than the profile says; the plot works, its estimate is off."""
        found = []
        motion = profile.motion
        for axis, letter in enumerate("xy"):
            rate, acceleration = self.max_rate(axis), self.acceleration(axis)
            fastest = max(motion.draw_speed, motion.travel_speed)
            if rate is not None and rate < fastest * 60 - 1e-6:
                found.append(
                    f"The board limits {letter} to {rate / 60:g} mm/s (${110 + axis}={rate:g}); "
                    f"the profile asks for {fastest:g} mm/s."
                )
            if acceleration is not None and not math.isclose(
                acceleration, motion.draw_acceleration, rel_tol=0.05
            ):
                found.append(
                    f"The board accelerates {letter} with {acceleration:g} mm/s² (${120 + axis}); "
                    f"the profile says {motion.draw_acceleration:g}."
                )
        junction = self.get(11)
        if junction is not None and not math.isclose(junction, motion.junction_deviation, rel_tol=0.1):
            found.append(
                f"The board's junction deviation is {junction:g} mm ($11); "
                f"the profile says {motion.junction_deviation:g}."
            )
        idle = self.get(1)
        if idle is not None and idle != 255 and profile.hold_motors is None:
            found.append(
                f"The motors let go {idle:g} ms after each move ($1); set hold_motors = true in the profile "
                "so that lifts cost no position."
            )
        return found

    def servo_fault(self, servo: ServoS) -> str | None:
        """Why this board cannot set the servo as the profile asks, or None."""
        if self.flag(32):
            return "The board is in laser mode ($32=1), which switches the servo off at rest; set $32=0."
        low, high = sorted((servo.s_low, servo.s_high))
        top, bottom = self.get(30), self.get(31)
        if top is not None and high > top:
            return f"The profile's servo value {high:g} is above the board's highest, $30={top:g}."
        if bottom is not None and low < bottom:
            return f"The profile's servo value {low:g} is below the board's lowest, $31={bottom:g}."
        return None


@dataclass(frozen=True, slots=True)
class Status:
    """One real-time report. `mpos` is the machine position in mm, None until it can be told.

    `state` is the word before a colon (Idle, Run, Hold, Jog, Alarm, Door, Check, Home, Sleep) and `sub`
    the number behind it; `wco` is the work offset remembered from the last report that had one.
    """

    state: str
    sub: int | None
    mpos: tuple[float, ...] | None
    wco: tuple[float, ...] | None
    feed: float = 0.0
    spindle: float = 0.0

    @property
    def at_rest(self) -> bool:
        """Nothing moves, and nothing will without being told to (a dwell may still run)."""
        return self.state in {"Idle", "Alarm", "Check", "Sleep"} or (
            self.state in {"Hold", "Door"} and self.sub in {0, None}
        )

    @property
    def held(self) -> bool:
        """Feed hold or door, with motion ended."""
        return self.state in {"Hold", "Door"} and self.sub in {0, None}


def parse_banner(line: str) -> Banner | None:
    """The banner in a line, or None when it is something else."""
    # A boot loader's noise may stand before it on the same line.
    match = None if line.startswith("[") else _BANNER.search(line.strip())
    if match is None:
        return None
    name, major, minor, _letter, rest = match.groups()
    firmware = "grblHAL" if name.lower() == "grblhal" else "Grbl"
    if rest and "fluidnc" in rest.lower():
        firmware = "FluidNC"
    return Banner(firmware, (int(major), int(minor)), match[0].strip())


def parse_build(lines: Iterable[str]) -> Build:
    """Read ``[OPT:V,15,128]`` from the answer to ``$I``."""
    for line in lines:
        if line.startswith("[OPT:") and line.endswith("]"):
            options, *numbers = line[5:-1].split(",")
            sizes = [int(text) if text.strip().isdigit() else None for text in numbers[:2]] + [None, None]
            planner, rx = sizes[:2]
            return Build(options, planner, rx if rx is None or rx >= 32 else None)
    return Build()


def parse_settings(lines: Iterable[str]) -> Settings:
    """Read ``$110=500.000`` lines; what is no number is left out."""
    values: dict[int, float] = {}
    for line in lines:
        match = _SETTING.match(line.strip())
        if match is not None:
            try:
                value = float(match[2])
            except ValueError:
                continue
            if math.isfinite(value):
                values[int(match[1])] = value
    return Settings(values)


def parse_status(line: str, last: Status | None, *, inches: bool = False) -> Status | None:
    """Read ``<Idle|MPos:0.000,0.000,0.000|FS:0,0|WCO:...>``; None when the report is damaged.

    `last` is the report before it: a work offset is only told now and then.
    """
    if not (line.startswith("<") and line.endswith(">")):
        return None
    head, *parts = line[1:-1].split("|")
    state, _, sub = head.partition(":")
    if not state.isalpha():
        return None
    fields = dict(part.partition(":")[::2] for part in parts)
    scale = MM_PER_INCH if inches else 1.0
    try:
        own = {name: _numbers(fields[name], scale) for name in ("MPos", "WPos", "WCO") if name in fields}
        speeds = [float(text) for text in fields.get("FS", fields.get("F", "0")).split(",")]
        wco = own.get("WCO", last.wco if last else None)
        mpos = own.get("MPos")
        if mpos is None and "WPos" in own and wco is not None:
            mpos = tuple(work + offset for work, offset in zip(own["WPos"], wco, strict=True))
        return Status(
            state,
            int(sub) if sub else None,
            mpos,
            wco,
            speeds[0] * scale,
            speeds[1] if len(speeds) > 1 else 0.0,
        )
    except ValueError:
        return None


def _numbers(text: str, scale: float) -> tuple[float, ...]:
    values = tuple(float(part) * scale for part in text.split(","))
    if not 2 <= len(values) <= 8 or not all(math.isfinite(value) for value in values):
        raise ValueError(text)
    return values
