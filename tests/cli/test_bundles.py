"""Options declared once in a dataclass are options of every command that takes it."""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from plotbot.cli.bundles import spelled_out


@dataclass(frozen=True, slots=True)
class Tea:
    kind: Annotated[str, typer.Option("--kind", help="What leaves.")] = "green"
    extras: Annotated[list[str], typer.Option("--with")] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Chai(Tea):
    spice: Annotated[str, typer.Option("--spice")] = "ginger"


@pytest.mark.parametrize(
    ("typed", "brewed"),
    [
        ([], (2, Tea())),
        (["3", "--kind", "black", "--with", "milk", "--with", "sugar"], (3, Tea("black", ["milk", "sugar"]))),
    ],
)
def test_a_command_gets_its_bundle_whole(typed: list[str], brewed: tuple[int, Tea]) -> None:
    got = []

    @spelled_out
    def brew(tea: Tea, cups: Annotated[int, typer.Argument()] = 2) -> None:
        """Brew it."""
        got.append((cups, tea))

    app = typer.Typer()
    app.command()(brew)
    result = CliRunner().invoke(app, typed)
    assert result.exit_code == 0, result.output
    assert got == [brewed]
    help_text = CliRunner().invoke(app, ["--help"]).output
    assert "What leaves." in help_text
    assert "Brew it." in help_text


def test_a_bundle_that_extends_another_shows_its_own_options_first() -> None:
    @spelled_out
    def brew(chai: Chai) -> None: ...

    assert list(inspect.signature(brew).parameters) == ["spice", "kind", "extras"]


@dataclass(frozen=True, slots=True)
class Biscuits:
    kind: Annotated[str, typer.Option("--kind", help="What crumbles.")] = "green"


@dataclass(frozen=True, slots=True)
class Jam:
    kind: Annotated[int, typer.Option("--kind")] = 3


def test_bundles_may_share_an_option_but_not_a_name_for_two_things() -> None:
    got = []

    @spelled_out
    def serve(tea: Tea, biscuits: Biscuits) -> None:
        got.append((tea.kind, biscuits.kind))

    app = typer.Typer()
    app.command()(serve)
    assert CliRunner().invoke(app, ["--kind", "ginger"]).exit_code == 0
    assert got == [("ginger", "ginger")]
    help_text = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    assert "What leaves. What crumbles." in help_text

    def spread(tea: Tea, jam: Jam) -> None: ...

    with pytest.raises(ValueError, match="duplicate parameter name: 'kind'"):
        spelled_out(spread)
