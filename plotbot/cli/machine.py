"""`plotbot machine`: what is connected, and small, asked-for moves to try it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer

from plotbot.cli.console import emit_json, people, results
from plotbot.cli.options import Json, MachineName, Port
from plotbot.errors import BadInput, Cancelled, PlotbotError

if TYPE_CHECKING:
    from plotbot.machine.card import Card
    from plotbot.machine.ebb import EbbMachine
    from plotbot.machine.grbl import GrblMachine
    from plotbot.machine.profile import Profile
    from plotbot.plan.model import Plan

__all__ = ["app"]

Answer = TypeVar("Answer")

app = typer.Typer(help="Plotters: find them, try them, set them up.", no_args_is_help=True)

Sure = Annotated[bool, typer.Option("--yes", "-y", help="Move without asking first.")]


@app.callback()
def _group() -> None: ...


@app.command("list", epilog="Example: plotbot machine list")
def list_(
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Ask each port what it is; opening one resets some boards.")
    ] = True,
    json: Json = False,
) -> None:
    """List the serial ports, what answers there, and the profiles that fit; nothing moves."""
    from rich.table import Table  # noqa: PLC0415

    from plotbot.machine.opening import suits  # noqa: PLC0415
    from plotbot.machine.ports import find_ports  # noqa: PLC0415
    from plotbot.machine.probe import what_answers  # noqa: PLC0415
    from plotbot.machine.profile import Profile, list_profiles  # noqa: PLC0415

    known = list_profiles()
    profiles = [(path, one) for path, one in known if isinstance(one, Profile)]
    ports: list[dict[str, Any]] = []
    for port in find_ports():
        fitting = [one.name for _, one in profiles if suits(one, port)]
        could_be = port.is_ebb or port.may_be_grbl
        answer = what_answers(port) if ask and could_be else "" if could_be else "no plotter's chip"
        ports.append({"port": port.device, "usb": port.usb_id, "answers": answer, "profiles": fitting})
    if json:
        emit_json(
            {
                "ports": ports,
                "profiles": [
                    {"name": one.name, "kind": one.kind, "title": one.title, "path": str(path)}
                    for path, one in profiles
                ],
            }
        )
        return
    if ports:
        table = Table("Port", "USB", "What answers", "Profiles", box=None, pad_edge=False)
        for entry in ports:
            table.add_row(entry["port"], entry["usb"], entry["answers"], ", ".join(entry["profiles"]))
        results.print(table)
    else:
        results.print("No serial port: nothing is plugged in that could be a plotter.")
    results.print()
    table = Table("Profile", "Kind", "Reach", "Title", "From", box=None, pad_edge=False)
    for path, one in profiles:
        reach = f"{one.travel.x:g} x {one.travel.y:g} mm"
        source = "shipped" if path.parent.name == "shipped" else str(path.parent)
        table.add_row(one.name, one.kind, reach, one.title, source)
    results.print(table)
    for path, broken in known:
        if not isinstance(broken, Profile):
            people.print(f"[red]{path.name}[/red]: {broken}", soft_wrap=True)


@app.command(epilog="Example: plotbot machine test --machine grbl-servo")
def test(
    machine: MachineName = None,
    port: Port = None,
    side: Annotated[str, typer.Option("--side", help="Size of the square.")] = "20mm",
    yes: Sure = False,
    json: Json = False,
) -> None:
    """Lift and lower the pen once, then go once around a small square with the pen up; asks first."""
    from plotbot.paper import parse_length  # noqa: PLC0415

    side_mm = parse_length(side, "--side")
    with _connected(machine, port) as plotter:
        _ask_to_move(f"Pen down and up once, then around a square of {side_mm:g} mm, pen up", yes)
        plotter.set_origin()
        plotter.lower()
        plotter.lift()
        plotter.jog_square(side_mm)
        x, y = plotter.position_mm()
        plotter.forget_origin()
    people.print(f"Done: back at {x:.2f}, {y:.2f} mm, pen up.")
    if json:
        emit_json({"machine": plotter.name, "side_mm": side_mm, "position_mm": [x, y]})


@app.command(epilog="Example: plotbot machine pen down --height 25")
def pen(
    where: Annotated[Literal["up", "down"], typer.Argument(help="up or down.")],
    height: Annotated[
        float | None,
        typer.Option("--height", min=0, max=100, help="Height in % of the lift's travel, 100 is highest."),
    ] = None,
    machine: MachineName = None,
    port: Port = None,
    yes: Sure = False,
) -> None:
    """Move the pen up or down, to find the height at which it just draws; Enter lifts it again."""
    if where == "up" and height is not None:
        raise BadInput("--height is for pen down; the height of a lifted pen is up_height in the profile.")
    with _connected(machine, port) as plotter:
        if where == "up":
            plotter.lift()
            people.print("Pen up.")
            return
        _ask_to_move("Pen down" + (f" to {height:g} %" if height is not None else ""), yes)
        plotter.lower(height)
        people.print("Pen down; it is lifted when you press Enter.", end=" ")
        sys.stdin.readline()
        plotter.lift()


@app.command(epilog="Example: plotbot machine home --machine my-plotter")
def home(machine: MachineName = None, port: Port = None, yes: Sure = False) -> None:
    """Run the machine's homing cycle with the pen up; asks first."""
    with _connected(machine, port) as plotter:
        if not plotter.profile.homing:
            raise BadInput(
                f"Profile {plotter.profile.name} says homing = false: this machine has no switches to find "
                "its home by. Move the pen over the sheet's corner by hand."
            )
        _ask_to_move("Home the machine; keep hands off", yes)
        plotter.home()
    people.print("Homed.")


@app.command(epilog="Example: plotbot machine calibrate --machine my-plotter")
def calibrate(
    machine: MachineName = None,
    port: Port = None,
    ruler: Annotated[
        str, typer.Option("--ruler", help="Length of the rulers; long ones tell more.")
    ] = "100mm",
    step: Annotated[float, typer.Option("--step", help="Height between two rungs, in %.")] = 5.0,
    yes: Sure = False,
    json: Json = False,
) -> None:
    """Draw a ladder of pen heights and two rulers, ask what they show, and write it into the profile.

    A shipped profile is left alone: the changed one becomes your own, under the same name.
    """
    from plotbot.machine.card import Card, corrected_scale  # noqa: PLC0415
    from plotbot.machine.profile import locate_profile  # noqa: PLC0415
    from plotbot.machine.profile_edit import change_profile, own_file  # noqa: PLC0415
    from plotbot.paper import parse_length  # noqa: PLC0415

    ruler_mm = parse_length(ruler, "--ruler")
    with _connected(machine, port) as plotter:
        profile = plotter.profile
        card = Card(profile, ruler_mm, step)
        _ask_to_move(f"{_where_to_lay(card)}, a pen in the holder", yes)
        try:
            plotter.check(card.ladder())
            plotter.set_origin()
            height = _chosen_height(plotter, card)
            _draw(plotter, card.rulers(height))
            scale = _answered(
                "How long are the rulers, from the first long tick to the last? First the one along the "
                f"upper edge, then the one along the left edge, e.g. {ruler_mm - 0.4:g} {ruler_mm:g}; "
                "Enter keeps the lengths as they are.",
                lambda text: corrected_scale(profile, ruler_mm, _two_lengths(text)),
                profile.frame.scale,
            )
        finally:
            with suppress(PlotbotError):  # never in the way of what went wrong
                plotter.forget_origin()
    source = _profile_file(machine, profile, locate_profile)
    numbers: dict[str, float | tuple[float, ...]] = {}
    if height != profile.pen.down_height:
        numbers["pen.down_height"] = height
    if scale != profile.frame.scale:
        numbers["frame.scale"] = scale
    written = own_file(source) if numbers else None
    if written is not None:
        change_profile(source, numbers, written)
        said = ", ".join(f"{name} = {_in_words(value)}" for name, value in numbers.items())
        people.print(f"Wrote {said} to {written}", soft_wrap=True)
    else:
        people.print("Nothing to change.")
    if json:
        emit_json(
            {"machine": profile.name, "down_height": height, "scale": list(scale)}
            | {"profile": str(written) if written is not None else None}
        )


def _where_to_lay(card: Card) -> str:
    frame, size = card.profile.frame, f"{card.sheet.width:g} x {card.sheet.height:g} mm"
    corner = frame.corner.replace("-", " ")
    if card.profile.homing and frame.origin is not None:
        x, y = frame.origin
        place = f"its {corner} corner at {x:g}, {y:g} mm of the machine, which homes first"
    else:
        place = f"the pen's tip over its {corner} corner"
    return f"Lay a sheet of at least {size}, {place}"


def _chosen_height(plotter: GrblMachine | EbbMachine, card: Card) -> float:
    """Draw the ladder and ask for the rung to draw at; the profile's own height without one."""
    kept = plotter.profile.pen.down_height
    if not card.heights:
        people.print("This lift knows only up and down, so there is no ladder of heights.")
        return kept
    _draw(plotter, card.ladder())

    def height_of(text: str) -> float:
        if not text.isdecimal() or not 1 <= int(text) <= len(card.heights):
            raise BadInput(f"{text!r} is no rung; the ladder has 1 to {len(card.heights)}.")
        return card.heights[int(text) - 1]

    return _answered(
        f"Which is the first rung without gaps? 1 to {len(card.heights)} ({card.heights[0]:g} to "
        f"{card.heights[-1]:g} %); Enter keeps {kept:g} %. If none is drawn, put the pen lower into its "
        "holder and begin again (Ctrl-C).",
        height_of,
        kept,
    )


def _draw(plotter: GrblMachine | EbbMachine, plan: Plan) -> None:
    """Draw a small plan from where the sheet is known to lie, and park."""
    from plotbot.machine.base import Control  # noqa: PLC0415

    plotter.check(plan)
    for one_pass in plan.passes:
        plotter.mount(one_pass.pen)
        if plotter.plot(enumerate(one_pass.strokes), lambda index: None, Control()) is not None:
            raise Cancelled("Stopped at the machine; the pen is lifted and nothing was written.")
    plotter.park()


def _answered(question: str, read: Callable[[str], Answer], kept: Answer) -> Answer:
    """Ask until the answer makes sense; Enter keeps what is."""
    while True:
        people.print(question, end=" ", soft_wrap=True)
        line = sys.stdin.readline()
        if not line:
            raise BadInput("Nobody answered: standard input has ended. Nothing was written.")
        if not line.strip():
            return kept
        try:
            return read(line.strip())
        except BadInput as error:
            people.print(f"[yellow]{error}[/yellow]", soft_wrap=True)


def _two_lengths(text: str) -> tuple[float, float]:
    from plotbot.paper import parse_length  # noqa: PLC0415

    words = text.split()
    if len(words) != 2:
        raise BadInput(f"{text!r} is not two lengths; write them like 99.6 100.2, in mm.")
    return (parse_length(words[0], "The upper ruler"), parse_length(words[1], "The left ruler"))


def _profile_file(machine: str | None, profile: Profile, locate: Callable[[str], Path]) -> Path:
    """The file that the profile in use was read from."""
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.machine.opening import AUTO  # noqa: PLC0415

    named = machine or load_settings()[0].machine
    return locate(profile.name if named == AUTO else named)


def _in_words(value: float | tuple[float, ...]) -> str:
    return f"{value:g}" if isinstance(value, float) else f"[{', '.join(f'{one:g}' for one in value)}]"


@app.command(epilog="Example: plotbot machine check jobs/NAME --machine grbl-servo")
def check(
    job: Annotated[Path, typer.Argument(help="A job folder.")],
    machine: MachineName = None,
    port: Port = None,
    json: Json = False,
) -> None:
    """Have the plotter check a job without moving: its reach, and on GRBL every line of the program ($C)."""
    from plotbot.job.folder import open_job  # noqa: PLC0415
    from plotbot.machine.grbl import GrblMachine  # noqa: PLC0415

    plan = open_job(job).plan
    with _connected(machine, port) as plotter:
        plotter.check(plan)
        complaints = plotter.check_on_board(plan) if isinstance(plotter, GrblMachine) else []
    if json:
        emit_json({"machine": plotter.name, "plan_hash": plan.hash, "complaints": complaints})
    if complaints:
        for complaint in complaints[:5]:
            people.print(complaint, soft_wrap=True)
        raise BadInput(f"{plotter.name} refuses {len(complaints)} lines of {job}; nothing has moved.")
    people.print(f"{plotter.name} takes the whole plan: it lies within reach, and nothing has moved.")


@contextmanager
def _connected(name: str | None, port: str | None) -> Iterator[GrblMachine | EbbMachine]:
    """The real machine that options and settings name, connected; its pen is up when it is left."""
    from plotbot.cli.plotting import choose_plotter  # noqa: PLC0415
    from plotbot.config import load_settings  # noqa: PLC0415
    from plotbot.machine.ebb import EbbMachine  # noqa: PLC0415
    from plotbot.machine.grbl import GrblMachine  # noqa: PLC0415
    from plotbot.machine.opening import open_machine  # noqa: PLC0415

    settings, _ = load_settings()
    chosen = choose_plotter(name or settings.machine, port=port or settings.port)
    opened = open_machine(chosen.profile, port=chosen.port)
    if not isinstance(opened, GrblMachine | EbbMachine):
        raise BadInput(f"{chosen.profile.name} is no real machine; name one with --machine.")
    with opened as plotter:
        people.print(f"Connected: {plotter.name}")
        try:
            yield plotter
        except PlotbotError:
            raise
        except KeyboardInterrupt as error:
            raise Cancelled("Stopped; the pen is lifted.") from error


def _ask_to_move(what: str, yes: bool) -> None:
    if yes:
        return
    people.print(f"{what}. Is the way free? Press Enter to move, Ctrl-C to leave.", end=" ", soft_wrap=True)
    if not sys.stdin.readline():
        raise BadInput("Nobody answered: standard input has ended. Use --yes to move without asking.")
