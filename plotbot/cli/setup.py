"""`plotbot setup`: the first questions, and the settings file they make."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from plotbot.cli.console import emit_json, people, swatch
from plotbot.cli.options import Json
from plotbot.errors import BadInput, Cancelled, PlotbotError

if TYPE_CHECKING:
    from plotbot.config import Settings
    from plotbot.machine.profile import Profile
    from plotbot.pens.model import Pen

__all__ = ["setup"]

OWN = "own"
"""Answer to the question for pens that leads to typing them in."""

_PEN = re.compile(r"(?P<name>.*\S)\s+(?P<colour>#[0-9A-Fa-f]{6}|#[0-9A-Fa-f]{3})(?:\s+(?P<width>\S+))?")


def setup(
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Take every answer as suggested; nothing moves.")
    ] = False,
    json: Json = False,
) -> None:
    """Ask what plotter, paper and pens you have, and write your settings file.

    Every question has an answer that Enter takes. At the end a small square can be tried, pen up.

    [bold]Example[/bold]: plotbot setup
    """
    from plotbot.config import user_file  # noqa: PLC0415

    before = _settings_so_far()
    ask = _Questions(yes=yes)
    profile, port = _ask_machine(ask, before)
    values: dict[str, Any] = {"machine": profile.name if profile else "auto"}
    if port:
        values["port"] = port
    values |= _ask_sheet(ask, before)
    values["pens"] = _ask_pens(ask, before)
    values["jobs"] = ask("Folder for new jobs", str(before.jobs), lambda text: str(Path(text).expanduser()))
    _write(user_file(), values)
    people.print(f"\nWrote {user_file()}; plotbot config show tells where each setting comes from.")
    _name_what_wins(values)
    tried = _try_square(ask, profile, port)
    people.print("Next: plotbot draw --channel 87 --dry-run")
    if json:
        emit_json({"user_file": str(user_file()), "settings": values, "square": tried})


class _Questions:
    """Asks on stderr and reads from stdin; a terminal is asked again, a script with a bad answer is told."""

    def __init__(self, *, yes: bool) -> None:
        self.silent = yes

    def __call__(self, question: str, default: str, read: Callable[[str], str] = str) -> str:
        """The answer as `read` gives it back; `read` raises `BadInput` for one that cannot be used."""
        while True:
            people.print(f"{question} [{default}]:", end=" ", markup=False, soft_wrap=True)
            answer = self._line() or default
            try:
                return read(answer)
            except BadInput as error:
                if answer == default or not sys.stdin.isatty():
                    raise
                people.print(str(error), soft_wrap=True)

    def choice(self, question: str, choices: Sequence[str], default: str) -> str:
        """One of the choices, by number from 1 or by name."""

        def read(text: str) -> str:
            if text.isdecimal() and 1 <= int(text) <= len(choices):
                return choices[int(text) - 1]
            if text in choices:
                return text
            raise BadInput(f"{text!r} is not among the answers; give a number from 1 to {len(choices)}.")

        return self(question, default, read)

    def yes_or_no(self, question: str, default: bool) -> bool:
        """True for yes."""

        def read(text: str) -> str:
            if text.lower() not in {"y", "yes", "n", "no"}:
                raise BadInput(f"{text!r} is neither yes nor no.")
            return text.lower()[0]

        return self(question, "yes" if default else "no", read) == "y"

    def lines(self) -> list[str]:
        """Lines up to an empty one, or the end."""
        found = []
        while line := self._line():
            found.append(line)
        return found

    def _line(self) -> str:
        if self.silent:
            people.print()
            return ""
        try:
            line = sys.stdin.readline()
        except KeyboardInterrupt as error:
            raise Cancelled("Nothing was written.") from error
        if not sys.stdin.isatty():
            people.print()
        return line.strip()


def _settings_so_far() -> Settings:
    from plotbot.config import Settings, load_settings  # noqa: PLC0415

    try:
        return load_settings()[0]
    except BadInput as error:
        people.print(f"[yellow]{error}[/yellow] Beginning with the built-in settings.", soft_wrap=True)
        return Settings.model_construct()


def _ask_machine(ask: _Questions, before: Settings) -> tuple[Profile | None, str | None]:
    """The profile, None for whatever is connected, and the port where one must be named."""
    from plotbot.machine.opening import AUTO, connected_profile, suits  # noqa: PLC0415
    from plotbot.machine.ports import find_ports, obstacle  # noqa: PLC0415
    from plotbot.machine.profile import Profile, list_profiles  # noqa: PLC0415

    ports = [port for port in find_ports() if port.is_ebb or port.may_be_grbl]
    people.print("Plotter:" if ports else "Plotter: none is connected at the moment.")
    for port in ports:
        people.print(f"  connected: {port}", markup=False, soft_wrap=True)
        in_the_way = obstacle(port.device)
        if in_the_way:
            people.print(f"  [yellow]{in_the_way}[/yellow]", soft_wrap=True)
    known = {one.name: one for _, one in list_profiles() if isinstance(one, Profile)}
    names = [AUTO, *sorted(known)]
    for number, name in enumerate(names, 1):
        title = "whatever is connected" if name == AUTO else known[name].title or known[name].kind
        people.print(f"  {number} {name}: {title}", markup=False)
    suggested = before.machine if before.machine in names else AUTO
    if suggested == AUTO and ports:
        try:
            connected_profile(lambda: ports)
        except PlotbotError:  # it is not clear which; the first that could be it is a fair guess
            suggested = next((name for name, one in known.items() if suits(one, ports[0])), AUTO)
    profile = known.get(ask.choice("Which", names, suggested))
    fitting = [port.device for port in ports if profile is None or suits(profile, port)]
    if (profile is not None and profile.kind == "virtual") or len(fitting) < 2:
        return profile, None
    preferred = before.port if before.port in fitting else fitting[0]
    return profile, ask.choice("Several ports could be it. Which", fitting, preferred)


def _ask_sheet(ask: _Questions, before: Settings) -> dict[str, Any]:
    from plotbot.paper import PAPER_SIZES_MM, Paper, parse_length, parse_paper  # noqa: PLC0415

    def paper(text: str) -> str:
        parse_paper(text)
        return text

    size = ask(f"Paper ({', '.join(PAPER_SIZES_MM)} or 210x297mm)", before.paper, paper)

    def margin(text: str) -> str:
        parse_length(text, "margin")
        Paper.parse(size, margin=text)
        return text

    width, height = parse_paper(size)
    landscape = width < height and ask.yes_or_no("Does it lie on its long side", before.landscape)
    widest = min(width, height) / 2
    usual = before.margin if parse_length(before.margin) < widest else f"{widest / 8:.3g}mm"
    return {"paper": size, "landscape": landscape, "margin": ask("Margin kept empty", usual, margin)}


def _ask_pens(ask: _Questions, before: Settings) -> str:
    """The name of the inventory; one typed in is written to the person's own first."""
    from rich.text import Text  # noqa: PLC0415

    from plotbot.ink.spaces import srgb_hex  # noqa: PLC0415
    from plotbot.pens.inventory import available_inventories, load_inventory  # noqa: PLC0415

    people.print("Pens:")
    names = []
    for name, path in available_inventories().items():
        try:
            tin = load_inventory(path)
        except BadInput:  # plotbot doctor names it
            continue
        names.append(name)
        colours = [swatch(srgb_hex(pen.lab), 1) for pen in tin.pens[:40]]
        people.print(Text.assemble(f"  {len(names)} {name}: {tin.name}, {len(tin.pens)} pens ", *colours))
    names.append(OWN)
    people.print(f"  {len(names)} {OWN}: others, to be typed in")
    chosen = ask.choice("Which", names, before.pens if before.pens in names else names[0])
    return _type_pens_in(ask) if chosen == OWN else chosen


def _type_pens_in(ask: _Questions) -> str:
    """Make an inventory of typed-in pens; their colours are guesses until they are measured."""
    from plotbot.files import write_text_whole  # noqa: PLC0415
    from plotbot.pens.exchange import USUAL_PAPER, to_toml  # noqa: PLC0415
    from plotbot.pens.inventory import user_pens_folder  # noqa: PLC0415
    from plotbot.pens.model import Inventory, PaperColour  # noqa: PLC0415

    folder = user_pens_folder()

    def free(text: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text) or text == OWN:
            raise BadInput(f"{text!r} cannot be a name of pens; use letters, digits, dots and dashes.")
        if (folder / f"{text}.toml").exists():
            raise BadInput(f"There are pens called {text} already in {folder}; choose another name.")
        return text

    number = next(n for n in range(1, 1000) if not (folder / f"pens-{n}.toml").exists())
    name = ask("A name for them", f"pens-{number}", free)
    people.print(
        "One pen a line: name, colour as #rrggbb, line width in mm, as in\n"
        "  Black #1a1a1a 0.4\nAn empty line ends the list.",
        markup=False,
    )
    pens = [_pen(number, line) for number, line in enumerate(ask.lines(), 1)]
    if not pens:
        raise BadInput("No pen was typed in; choose one of the inventories, or type at least one pen.")
    tin = Inventory(id=name, name=name, paper=PaperColour.model_validate(USUAL_PAPER), pens=tuple(pens))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder} cannot be made: {error.strerror or error}.") from error
    write_text_whole(folder / f"{name}.toml", [to_toml(tin)])
    people.print(
        f"Wrote {folder / f'{name}.toml'}. Their colours are guesses until they are measured: "
        "plotbot pens --help.",
        soft_wrap=True,
    )
    return name


def _pen(number: int, line: str) -> Pen:
    from plotbot.ink.spaces import lab_from_hex  # noqa: PLC0415
    from plotbot.paper import parse_length  # noqa: PLC0415
    from plotbot.pens.exchange import SCREEN_COLOUR_UNCERTAINTY, USUAL_WIDTH_MM  # noqa: PLC0415
    from plotbot.pens.model import Pen  # noqa: PLC0415

    match = _PEN.fullmatch(line)
    if match is None:
        raise BadInput(f"Pen {number}, {line!r}, is no pen; write it like: Black #1a1a1a 0.4")
    width = parse_length(match["width"], "line width") if match["width"] else USUAL_WIDTH_MM
    if not 0 < width <= 50:
        raise BadInput(
            f"Pen {number}: a line of {width:g} mm is impossible; it must be over 0 and at most 50 mm."
        )
    lightness, a, b = (round(float(value), 1) for value in lab_from_hex(match["colour"]))
    return Pen(
        id=str(number),
        name=match["name"][:80],
        lab=(min(max(lightness, 0.0), 100.0), a, b),
        provenance="guess",
        uncertainty=SCREEN_COLOUR_UNCERTAINTY,
        nominal_mm=width,
        width_mm=width,
    )


def _write(path: Path, values: dict[str, Any]) -> None:
    """Write the settings file; what it said of other settings stays."""
    import tomli_w  # noqa: PLC0415

    from plotbot.config import Settings  # noqa: PLC0415
    from plotbot.files import write_text_whole  # noqa: PLC0415

    kept: dict[str, Any] = {}
    try:
        kept = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        pass
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        broken = path.with_name(path.name + ".broken")
        people.print(f"The file that could not be read is kept as {broken}.", soft_wrap=True)
        path.replace(broken)
    kept = {key: kept[key] for key in kept if key in Settings.model_fields and key != "port"}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{path.parent} cannot be made: {error.strerror or error}.") from error
    write_text_whole(path, [tomli_w.dumps(kept | values)])


def _name_what_wins(values: dict[str, Any]) -> None:
    """Say where ./plotbot.toml or the environment stands in the way of what was just answered."""
    from plotbot.config import load_settings, user_file  # noqa: PLC0415

    _, origin = load_settings()
    for key in values:
        if origin[key] != str(user_file()):
            people.print(f"[yellow]{key} of {origin[key]} wins over this file.[/yellow]", soft_wrap=True)


def _try_square(ask: _Questions, profile: Profile | None, port: str | None) -> bool:
    """Offer the pen-up square on a real machine; an error there leaves the settings as they are."""
    from plotbot.cli.machine import test  # noqa: PLC0415
    from plotbot.machine.opening import connected_profile  # noqa: PLC0415

    if ask.silent:
        return False
    try:
        if profile is None:
            profile, port = connected_profile()
        if profile.kind == "virtual" or not ask.yes_or_no("Try a small square, pen up, now", False):
            return False
        test(profile.name, port)
    except PlotbotError as error:
        people.print(f"[yellow]{error}[/yellow]", soft_wrap=True)
        return False
    return True
