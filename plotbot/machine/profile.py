"""Machine profiles: what `machines/*.toml` says about one plotter, checked.

A profile is everything about a machine that the device does not tell by itself: travel, speeds, how
the pen is lifted, where the sheet lies, where pens are swapped. Profiles are looked for in
``./machines``, in the user's configuration folder, and among those shipped with plotbot, in this order.

Lengths mm, speeds mm/s, accelerations mm/s², times s. Pen heights are per cent of the lift's travel:
0 is its lowest point, 100 its highest.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from plotbot.errors import BadInput
from plotbot.files import user_config_folder, written_whole
from plotbot.paper import Paper
from plotbot.pens.model import Pen
from plotbot.plan.model import Motion

__all__ = [
    "EbbServo",
    "Frame",
    "Lines",
    "Profile",
    "ServoS",
    "Speeds",
    "Stream",
    "Travel",
    "ZAxis",
    "find_profile",
    "list_profiles",
    "locate_profile",
    "profile_folders",
    "read_profile",
    "save_profile",
]

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
_MAX_FILE_BYTES = 64 * 1024

Direction = Literal["+x", "-x", "+y", "-y"]
Corner = Literal["top-left", "top-right", "bottom-left", "bottom-right"]
Height = Annotated[float, Field(ge=0, le=100)]
Settle = Annotated[float, Field(ge=0, le=10)]
Scale = Annotated[float, Field(ge=0.9, le=1.1)]


class Travel(BaseModel):
    """How far the machine can move along each of its own axes, mm."""

    model_config = _STRICT

    x: float = Field(gt=0, le=5000)
    y: float = Field(gt=0, le=5000)
    z: float | None = Field(None, gt=0, le=500)


class Speeds(BaseModel):
    """Speed and acceleration limits; `travel_acceleration` left out means the same as when drawing."""

    model_config = _STRICT

    draw_speed: float = Field(40.0, gt=0, le=1000)
    draw_acceleration: float = Field(400.0, gt=0, le=50000)
    travel_speed: float = Field(120.0, gt=0, le=2000)
    travel_acceleration: float | None = Field(None, gt=0, le=50000)
    junction_deviation: float = Field(0.02, gt=0, le=2, description="GRBL's $11, mm")


class _Lift(BaseModel):
    """What every pen lift has: two heights in per cent and the time each way takes."""

    model_config = _STRICT

    up_height: Height = 100.0
    down_height: Height = 0.0
    lift_s: Settle = 0.15
    lower_s: Settle = 0.20

    @model_validator(mode="after")
    def _up_is_above_down(self) -> _Lift:
        if self.up_height <= self.down_height:
            raise ValueError(
                f"up_height is {self.up_height:g} and down_height {self.down_height:g}; "
                "up must be the higher one (0 is the lowest point of the lift, 100 the highest)"
            )
        return self


class ServoS(_Lift):
    """A servo on GRBL's spindle output: ``M3 S<value>``; S values at height 0 and at height 100."""

    mechanism: Literal["servo"] = "servo"
    s_low: float = Field(ge=0, le=100000)
    s_high: float = Field(ge=0, le=100000)

    @model_validator(mode="after")
    def _moves(self) -> ServoS:
        if self.s_low == self.s_high:
            raise ValueError(f"s_low and s_high are both {self.s_low:g}; the pen would never move")
        return self

    def s_at(self, height: float) -> float:
        """S value of a height in per cent."""
        return self.s_low + (self.s_high - self.s_low) * height / 100.0


class ZAxis(_Lift):
    """A Z axis: mm at height 0 and at height 100, and how fast it moves.

    With homing these are machine coordinates; without, the axis is taken to stand at `up_height` when
    the machine is connected.
    """

    mechanism: Literal["z"] = "z"
    z_low: float = Field(0.0, ge=-500, le=500)
    z_high: float = Field(5.0, ge=-500, le=500)
    z_speed: float = Field(10.0, gt=0, le=500)
    lift_s: Settle = 0.02
    lower_s: Settle = 0.05

    @model_validator(mode="after")
    def _moves(self) -> ZAxis:
        if self.z_low == self.z_high:
            raise ValueError(f"z_low and z_high are both {self.z_low:g}; the pen would never move")
        return self

    def z_at(self, height: float) -> float:
        """Z in mm of a height in per cent."""
        return self.z_low + (self.z_high - self.z_low) * height / 100.0


class Lines(_Lift):
    """The person's own G-code; ``{height}`` stands for the height in per cent.

    Each line must be what the controller takes in one line, and none may move X or Y.
    """

    mechanism: Literal["lines"] = "lines"
    up: tuple[str, ...] = Field(min_length=1, max_length=8)
    down: tuple[str, ...] = Field(min_length=1, max_length=8)

    @model_validator(mode="after")
    def _lines_are_short_words(self) -> Lines:
        for line in (*self.up, *self.down):
            text = line.replace("{height}", "100.00")
            if not text.strip() or len(text) > 78 or not text.isascii() or not text.isprintable():
                raise ValueError(f"{line!r} is no G-code line of 1 to 78 printable characters")
            if set(text) & set("!?~{}"):
                raise ValueError(f"{line!r} contains one of ! ? ~ {{ }}, which are not G-code here")
            if set(text.upper()) & set("XY$"):
                raise ValueError(f"{line!r} must neither move X or Y nor be a $ command")
        return self


class EbbServo(_Lift):
    """The servo of an EiBotBoard: pulse widths in 1/12 µs at height 0 and 100, rates in %/s."""

    mechanism: Literal["ebb"] = "ebb"
    up_height: Height = 60.0
    down_height: Height = 30.0
    pulse_low: int = Field(9855, ge=1, le=65535)
    pulse_high: int = Field(27831, ge=1, le=65535)
    lift_rate: float = Field(150.0, gt=0, le=2000)
    lower_rate: float = Field(100.0, gt=0, le=2000)
    lift_s: Settle = 0.0
    lower_s: Settle = 0.0

    @model_validator(mode="after")
    def _moves(self) -> EbbServo:
        if self.pulse_low == self.pulse_high:
            raise ValueError(f"pulse_low and pulse_high are both {self.pulse_low}; the pen would never move")
        return self

    def pulse_at(self, height: float) -> int:
        """Pulse width in 1/12 µs of a height in per cent."""
        return round(self.pulse_low + (self.pulse_high - self.pulse_low) * height / 100.0)

    def rate_at(self, per_cent_per_s: float) -> int:
        """The board's own unit of a rate: 1/12 µs of pulse width every 24 ms."""
        span = abs(self.pulse_high - self.pulse_low)
        return max(1, min(65535, math.ceil(span * per_cent_per_s / 100.0 * 0.024)))

    def slew_s(self, height: float, per_cent_per_s: float) -> float:
        """Seconds to move by `height` per cent: the pulse changes once every 24 ms."""
        way = abs(self.pulse_at(abs(height)) - self.pulse_at(0.0))
        return math.ceil(way / self.rate_at(per_cent_per_s)) * 0.024


PenLift: TypeAlias = Annotated[ServoS | ZAxis | Lines | EbbServo, Field(discriminator="mechanism")]


class Frame(BaseModel):
    """How the sheet lies on the machine.

    paper_x, paper_y: the machine direction in which the sheet's x (to the right) and y (down) run.
    corner: the corner of the sheet over which the pen stands when the plot begins.
    origin: machine coordinates of that corner, after homing; without homing it is where the pen is.
    scale: mm to tell the machine for each real mm along its own x and y, as a ruler card shows it.
    """

    model_config = _STRICT

    paper_x: Direction = "+x"
    paper_y: Direction = "-y"
    corner: Corner = "top-left"
    origin: tuple[float, float] | None = None
    scale: tuple[Scale, Scale] = (1.0, 1.0)

    @model_validator(mode="after")
    def _axes_differ(self) -> Frame:
        if self.paper_x[1] == self.paper_y[1]:
            raise ValueError(
                f"paper_x is {self.paper_x} and paper_y {self.paper_y}; they must be different axes"
            )
        return self

    def corner_mm(self, paper: Paper | None) -> tuple[float, float]:
        """The starting corner in sheet coordinates; (0, 0) while no sheet is known."""
        if paper is None:
            return (0.0, 0.0)
        return (
            paper.width if self.corner.endswith("right") else 0.0,
            paper.height if self.corner.startswith("bottom") else 0.0,
        )


class Stream(BaseModel):
    """What the link can take; the defaults suit an ATmega328P with GRBL 1.1 at 115200 baud.

    lines_per_s: short moves a second the controller digests for certain.
    tolerance_mm: how far the sent path may leave the planned one when short segments are joined.
    timeout_s: silence after which the controller counts as lost.
    rx_bytes: size of the receive buffer, where the controller does not tell.
    """

    model_config = _STRICT

    lines_per_s: float = Field(180.0, ge=5, le=20000)
    tolerance_mm: float = Field(0.01, gt=0, le=0.5)
    timeout_s: float = Field(6.0, ge=0.2, le=600)
    rx_bytes: int | None = Field(None, ge=64, le=65536)


class Profile(BaseModel):
    """One plotter."""

    model_config = _STRICT

    name: str = Field(min_length=1, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    kind: Literal["grbl", "axidraw", "virtual"]
    title: str = Field("", max_length=80, description="shown to people")
    model: str | None = Field(None, max_length=40, description="AxiDraw and NextDraw: which one")
    port: str | None = Field(None, min_length=1, max_length=200, description="else the only plotter found")
    usb: str | None = Field(
        None, pattern=r"^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}$", description="USB vendor:product"
    )
    tag: str | None = Field(None, min_length=1, max_length=40, description="name tag or serial number")
    baud: int = Field(115200, ge=1200, le=4_000_000)
    travel: Travel
    motion: Speeds = Speeds()
    pen: PenLift
    frame: Frame = Frame()
    stream: Stream = Stream()
    homing: bool = Field(False, description="home before the plot, and take positions from there")
    swap: tuple[float, float] = Field((0.0, 0.0), description="where pens are swapped, sheet mm")
    unlock: bool = Field(False, description="GRBL: unlock ($X) a board that starts locked, without homing")
    hold_motors: bool | None = Field(
        None, description="motors stay energised at rest; left out: as the board is set (GRBL's $1)"
    )
    release_at_swap: bool = Field(False, description="let go of the motors while a pen is swapped")

    @model_validator(mode="after")
    def _fits_together(self) -> Profile:
        if self.kind == "axidraw" and self.pen.mechanism != "ebb":
            raise ValueError(f"pen.mechanism is {self.pen.mechanism!r}; an axidraw needs 'ebb'")
        if self.kind == "grbl" and self.pen.mechanism == "ebb":
            raise ValueError("pen.mechanism is 'ebb'; a grbl machine needs 'servo', 'z' or 'lines'")
        motion = self.motion
        if self.kind == "grbl" and motion.travel_acceleration not in (None, motion.draw_acceleration):
            raise ValueError(
                f"motion.travel_acceleration is {motion.travel_acceleration:g} and draw_acceleration "
                f"{motion.draw_acceleration:g}; GRBL has one acceleration, so leave travel_acceleration out"
            )
        if self.frame.origin is not None and not self.homing:
            raise ValueError(
                "frame.origin needs homing = true; without homing the sheet lies where the pen is"
            )
        if self.homing and self.kind == "grbl" and self.frame.origin is None:
            raise ValueError(
                "homing = true needs frame.origin, the machine coordinates of the sheet's starting corner"
            )
        reach = max(self.travel.x, self.travel.y)
        if max(abs(self.swap[0]), abs(self.swap[1])) > reach:
            raise ValueError(
                f"swap is at {self.swap[0]:g}, {self.swap[1]:g} mm; the machine reaches {reach:g} mm"
            )
        return self

    def timing(self) -> Motion:
        """The limits and times that a plan's motion timing is computed from."""
        motion = self.motion
        lower, lift = self.settle(None)
        moving_down, moving_up = self._moving(None)
        return Motion(
            draw_speed=motion.draw_speed,
            draw_acceleration=motion.draw_acceleration,
            travel_speed=motion.travel_speed,
            travel_acceleration=motion.travel_acceleration or motion.draw_acceleration,
            junction_deviation=motion.junction_deviation,
            lower_s=lower,
            lift_s=lift,
            lower_move_s=moving_down,
            lift_move_s=moving_up,
            up_height=self.pen.up_height,
            down_height=self.pen.down_height,
        )

    def settle(self, pen: Pen | None) -> tuple[float, float]:
        """Seconds that lowering and lifting take together with their settling, for this pen.

        A pen's own settle times replace the profile's; the time the lift moves is added where the
        mechanism tells it (Z speed, servo rates).
        """
        lift = self.pen
        moving_down, moving_up = self._moving(pen)
        own = pen.mechanical if pen else None
        lower = lift.lower_s if own is None or own.lower_settle_s is None else own.lower_settle_s
        raise_ = lift.lift_s if own is None or own.lift_settle_s is None else own.lift_settle_s
        return moving_down + lower, moving_up + raise_

    def _moving(self, pen: Pen | None) -> tuple[float, float]:
        """Seconds that the lift moves down and up with this pen; 0 where only settling is waited for."""
        lift = self.pen
        height = lift.up_height - self.down_height(pen)
        if isinstance(lift, ZAxis):
            seconds = abs(lift.z_high - lift.z_low) * abs(height) / 100.0 / lift.z_speed
            return seconds, seconds
        if isinstance(lift, EbbServo):
            return lift.slew_s(height, lift.lower_rate), lift.slew_s(height, lift.lift_rate)
        return 0.0, 0.0

    def down_height(self, pen: Pen | None) -> float:
        """Height in per cent at which this pen draws."""
        own = pen.mechanical.down_height if pen else None
        return self.pen.down_height if own is None else own

    def draw_speed(self, pen: Pen | None) -> float:
        """Drawing speed in mm/s with this pen."""
        own = pen.mechanical.max_speed_mm_s if pen else None
        return self.motion.draw_speed if own is None else min(own, self.motion.draw_speed)


def read_profile(path: Path) -> Profile:
    """Read and check one profile; raises `BadInput` naming the file, the field and what is allowed."""
    try:
        size = path.stat().st_size
        if size > _MAX_FILE_BYTES:
            raise BadInput(f"{path} has {size} bytes; a machine profile has at most {_MAX_FILE_BYTES}.")
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"Machine profile {path} cannot be read: {error.strerror or error}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"Machine profile {path} is not TOML: {error}.") from None
    values.setdefault("name", path.stem)
    try:
        return Profile.model_validate(values)
    except ValidationError as error:
        raise BadInput(f"Machine profile {path}: {_first_fault(error)}.") from None


def save_profile(profile: Profile, path: Path) -> None:
    """Write a profile as TOML, whole or not at all."""
    values = _without_none(profile.model_dump(mode="json"))
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as temporary:
        temporary.write_text(tomli_w.dumps(values), encoding="utf-8")


def find_profile(name: str, project: Path | None = None) -> Profile:
    """The profile called `name`, or in the file `name` when that ends in .toml; raises `BadInput`."""
    return read_profile(locate_profile(name, project))


def locate_profile(name: str, project: Path | None = None) -> Path:
    """The file of the profile called `name`, or `name` itself when it ends in .toml; raises `BadInput`."""
    if name.lower().endswith(".toml"):
        return Path(name).expanduser()
    for folder in profile_folders(project):
        for path in _files(folder):
            if path.stem == name:
                return path
    known = ", ".join(sorted({path.stem for folder in profile_folders(project) for path in _files(folder)}))
    raise BadInput(
        f"No machine profile is called {name!r}; there are: {known}. "
        f"Write your own as machines/{name}.toml or name a .toml file."
    )


def list_profiles(project: Path | None = None) -> list[tuple[Path, Profile | BadInput]]:
    """Every profile that can be named, nearest folder first; a broken one comes as its error."""
    found: list[tuple[Path, Profile | BadInput]] = []
    seen: set[str] = set()
    for folder in profile_folders(project):
        for path in _files(folder):
            if path.stem in seen:
                continue
            seen.add(path.stem)
            try:
                found.append((path, read_profile(path)))
            except BadInput as error:
                found.append((path, error))
    return found


def profile_folders(project: Path | None = None) -> tuple[Path, Path, Path]:
    """Where profiles are looked for: the project's, the user's, the shipped ones."""
    return (
        (project or Path.cwd()) / "machines",
        user_config_folder() / "machines",
        Path(__file__).parent / "shipped",
    )


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from sorted(path for path in folder.glob("*.toml") if not path.name.startswith("."))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return value


def _first_fault(error: ValidationError) -> str:
    """The first complaint as a clause that names field, value and what is allowed."""
    first = error.errors(include_url=False)[0]
    tags = {"servo", "z", "lines", "ebb"}
    place = [str(part) for part in first["loc"]]
    if len(place) > 1 and place[0] == "pen" and place[1] in tags:
        del place[1]
    where = ".".join(place)
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "missing":
        return f"{where} is missing"
    if first["type"] == "extra_forbidden":
        return f"{where} is not a field of a machine profile"
    if first["type"] in {"value_error"}:
        return f"{where}: {message}" if where else message
    if first["type"].startswith("union_tag"):
        return f"{where}.mechanism must be 'servo', 'z', 'lines' or 'ebb'"
    message = message[:1].lower() + message[1:]
    return f"{where} is {first['input']!r}; {message}"
