"""What people look up: pens, networks, settings, help."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Run


def test_inventories_are_listed(run: Run) -> None:
    names = [one["id"] for one in run("pens", "list", "--json").json["inventories"]]
    assert {"staedtler12", "stabilo88", "micron", "mono"} <= set(names)
    assert "staedtler12" in run("pens", "list").out


def test_a_tin_is_shown_with_where_its_colours_are_from(run: Run) -> None:
    result = run("pens", "show", "staedtler12")
    assert result.code == 0
    for text in ("Willow Green", "third-party", "ΔE00"):
        assert text in result.out
    assert max(len(line) for line in result.out.splitlines()) <= 80
    assert len(run("pens", "show", "staedtler12", "--json").json["pens"]) == 12


def test_nothing_is_coloured_when_it_is_piped(run: Run) -> None:
    assert "\x1b" not in run("pens", "show", "staedtler12").out


@pytest.mark.slow
def test_networks_are_listed_with_their_layers(run: Run) -> None:
    networks = {one["name"]: one for one in run("networks", "--json").json["networks"]}
    assert networks["embedded"]["available"] is True
    assert networks["embedded"]["layers"]["blocks.4"] == 112
    assert networks["vgg16"]["layers"]["conv4_3"] == 512
    assert "blocks.4" in run("networks", "embedded").out


def test_settings_say_where_they_come_from(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLOTBOT_PAPER", "letter")
    shown = run("config", "show", "--json").json
    assert shown["settings"]["paper"] == "letter"
    assert shown["origin"]["paper"] == "environment"


@pytest.mark.parametrize(
    "command",
    ["draw", "generate", "plan", "preview", "resume", "jobs", "networks", "pens show", "config show"],
)
def test_every_help_text_has_an_example(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.code == 0
    assert f"plotbot {command}" in " ".join(result.out.split())
