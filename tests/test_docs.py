"""Every command that README, hardware.md, pens/README.md and the help texts show is run as it is written.

What would take long is made short by options at its end; what a command names (a photograph, a job, a
plotter) is there.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
import typer
from PIL import Image
from skimage import data

from plotbot.cli import app
from plotbot.machine.profile import read_profile
from tests.cli.conftest import Run, run
from tests.emulators.ebb import EbbEmulator
from tests.emulators.grbl import BoardOptions, GrblEmulator
from tests.pens.cards import small_card
from tests.pens.scanner import Scanner

__all__ = ["run"]

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "hardware.md", "pens/README.md")
PROFILES = [
    block
    for block in re.findall(r"^```toml\n(.*?)^```", (ROOT / "hardware.md").read_text(), re.S | re.M)
    if "kind =" in block
]

GROWN = "--strokes 24 --steps 4 --paper 80x80mm --margin 5mm"
SMALL = "--paper 60x50mm --margin 5mm"
SMALL_CARD = "--only 2,3,9 --paper 80x80mm --margin 3mm"
FEW = "--channels 3 --strokes 12 --steps 2 --view 32 --workers 1"
SHORT = {
    "draw": GROWN,
    "generate": GROWN,
    "atlas": FEW,
    "sweep": FEW,
    "pens measure": SMALL_CARD,
}
"""What makes a long command short."""

COLOURS = ("#efdf25", "#de220d", "#f8559e")


def _on_pages() -> Iterator[str]:
    """Commands of blocks, and in sentences."""
    for page in PAGES:
        text = (ROOT / page).read_text()
        blocks = re.findall(r"^```sh\n(.*?)^```", text, re.S | re.M)
        lines = [line for block in blocks for line in block.splitlines()]
        for line in (*lines, *re.findall(r"^    (.*)", text, re.M), *re.findall(r"`(plotbot .+?)`", text)):
            found = re.search(r"(?:^|run )(plotbot .*?) *(?: #.*)?$", line)
            if found:
                yield found[1]


def _commands() -> Iterator[tuple[str, list[str], bool]]:
    """Every command of the program: its words, the examples of its help, and whether it needs more words."""

    def walk(words: tuple[str, ...], command: Any) -> Iterator[tuple[str, list[str], bool]]:
        if hasattr(command, "commands"):
            for name, one in command.commands.items():
                yield from walk((*words, name), one)
            return
        told = re.sub(r"\[/?\w+\]", "", f"{command.help or ''}\n{command.epilog or ''}")
        _, _, examples = told.partition("Example")
        found = re.findall(r"(?:^s?:? *|· *)(plotbot [^·\n]+?) *(?=·|$|\n)", examples, re.M)
        yield " ".join(words), found, any(parameter.required for parameter in command.params)

    return walk((), typer.main.get_command(app))


COMMANDS = list(_commands())
MENTIONED = {f"plotbot {name}" for name, _, needs_more in COMMANDS if needs_more}
LINES = sorted({*_on_pages(), *(line for _, examples, _ in COMMANDS for line in examples)} - MENTIONED)


@pytest.mark.parametrize(("name", "examples"), [command[:2] for command in COMMANDS])
def test_every_command_has_an_example_in_its_help(name: str, examples: list[str]) -> None:
    assert any(line.startswith(f"plotbot {name}") for line in examples)


@pytest.mark.parametrize("text", PROFILES)
def test_profiles_are_read_as_they_are_shown(text: str, tmp_path: Path) -> None:
    file = tmp_path / "shown.toml"
    file.write_text(text)
    assert read_profile(file).kind in text


@pytest.mark.slow
@pytest.mark.parametrize("line", LINES)
def test_it_works_as_written(line: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typer, "launch", lambda _: 0)
    monkeypatch.setenv("PLOTBOT_MACHINE", "virtual")
    words = shlex.split(re.sub("NAME|my-plotter", "waves", line))[1:]
    _lay_out(line, words, run)
    with _board(words) as board:
        if board is not None:
            monkeypatch.setenv("PLOTBOT_PORT", board.path if isinstance(board, EbbEmulator) else board.port)
            if "--machine" not in words:
                monkeypatch.setenv("PLOTBOT_MACHINE", "grbl-servo")
        elif words[0] in ("draw", "resume") and "--dry-run" not in words:
            words += ["--machine", "virtual", "--speed", "0", "--yes"]
        words += _shorter(line)
        if words[0] == "watch":
            threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT)).start()
        result = run(*words, stdin="\n" * 20)
    assert result.code == 0, result.err


def _shorter(line: str) -> list[str]:
    """The options that make a line short."""
    grown = re.search("--channel|--neuron|--class|--layer", line)
    if "--card" in line:
        return []  # the card says it
    for name, more in SHORT.items():
        if f"plotbot {name} " in line and (grown or more != GROWN):
            return (more.replace("--strokes 24", "") if "--mode pixels" in line else more).split()
    return SMALL.split() if re.search(r"(draw|quantize|preview) \S*\.jpg", line) else []


def _lay_out(line: str, words: list[str], run: Run) -> None:
    """Put into the folder what the line names."""
    waves = "".join(
        f'<path d="M {20 + number % 10 * 10} {20 + number // 10 * 4} h 8" stroke="{COLOURS[number % 3]}"/>'
        for number in range(400)
    )
    if "--from-stroke" not in line:
        waves = waves[: waves.index("/>", 300) + 2]
    Path("drawing.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="148mm" height="210mm" viewBox="0 0 148 210">'
        f'<g fill="none">{waves}</g></svg>'
    )
    for name in ("photo", "a", "b"):
        Image.fromarray(data.chelsea()).resize((90, 60)).save(f"{name}.jpg")
        Path(f"{name}.svg").write_bytes(Path("drawing.svg").read_bytes())
    Path("machines").mkdir()
    for name in ("studio", "waves"):
        profile = next(one for one in PROFILES if '"servo"' in one)
        if words[:2] == ["machine", "home"]:
            profile = "homing = true\n" + profile.replace("[frame]", "[frame]\norigin = [-290, -10]")
        Path(f"machines/{name}.toml").write_text(profile)
    looked_at = words[0] in ("resume", "jobs", "gallery", "watch", "export", "preview")
    if looked_at or ("jobs/" in line and "--card" not in words):
        folder = next((word for word in words if "*" in word), "jobs/waves").replace("*", "2026")
        words[:] = [folder if "*" in word else "job" if word == "card" else word for word in words]
        for place in (folder, "job"):
            assert run("draw", "drawing.svg", "--dry-run", "--out", place).code == 0
        begin = ("--machine", "virtual", "--speed", "0", "--to-stroke", "0", "--yes")
        assert run("resume", folder, *begin).code == 0
    if "--card" in words:
        card = words[words.index("--card") + 1]
        chart = ("pens", "chart", "--pens", "staedtler12", *SMALL_CARD.split(), "--out", card)
        assert run(*chart).code == 0
    if "scan.png" in words:
        Image.fromarray(Scanner().scan(small_card()[1])).save("scan.png")
    if "mine.toml" in words and "--out" not in words:
        assert run("pens", "set-lab", "staedtler12", "20=57,66,-4", "--out", "mine.toml").code == 0
    if words[:2] == ["pens", "import"]:
        Path("pens").mkdir()
        Path("vpype.toml").write_text('[pen_config.rgb]\nlayers = [{ layer_id = 1, color = "#f00" }]\n')


def _board(words: list[str]) -> AbstractContextManager[Any]:
    """The emulated board that answers, where the command needs one."""
    machine = words[words.index("--machine") + 1] if "--machine" in words else None
    if machine == "axidraw":
        return EbbEmulator()
    if words[0] == "machine" and words[1] != "list":
        return GrblEmulator(BoardOptions(scale=20.0, settings={22: 1} if words[1] == "home" else {}))
    return nullcontext()
