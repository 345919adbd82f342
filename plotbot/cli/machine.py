"""`plotbot machine`: what is connected, and small, asked-for moves to try it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from plotbot.cli.console import emit_json, people, results
from plotbot.cli.options import Json, MachineName, Port
from plotbot.errors import BadInput, Cancelled, PlotbotError

if TYPE_CHECKING:
    from plotbot.machine.ebb import EbbMachine
    from plotbot.machine.grbl import GrblMachine

__all__ = ["app"]

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
