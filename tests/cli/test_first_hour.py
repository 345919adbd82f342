"""The first hour: finding out what is missing, setting up, looking at what was made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from plotbot.cli import app, completion
from plotbot.machine.ports import obstacle
from tests.cli.conftest import Run


@pytest.mark.slow
def test_the_doctor_finds_this_machine_able_to_draw(run: Run) -> None:
    result = run("doctor", "--json")
    checks = {one["what"]: one for one in result.json["checks"]}
    assert result.code == 0, result.err
    assert {"Python", "torch", "Network", "Settings", "Pens", "Jobs folder"} <= set(checks)
    assert "0 to 111" in checks["Network"]["found"]
    assert all(one["remedy"] for one in checks.values() if one["state"] != "ok")


def test_the_doctor_says_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("no folder")
    monkeypatch.setenv("PLOTBOT_PENS", "crayons")
    monkeypatch.setenv("PLOTBOT_JOBS", str(blocker / "jobs"))
    result = run("doctor")
    assert result.code == 1
    assert "crayons" in result.out
    assert f"{blocker} is a file" in result.out
    assert "2 to mend" in result.out


def test_a_port_in_use_is_told_without_opening_it() -> None:
    controller, port = os.openpty()
    device = os.ttyname(port)
    os.close(port)
    try:
        assert obstacle(device) is None
        with Path(device).open() as held, subprocess.Popen(["sleep", "60"], stdin=held) as holder:
            told = obstacle(device)
            holder.kill()
        assert told is not None
        assert f"sleep (pid {holder.pid})" in told
    finally:
        os.close(controller)
    assert "no port" in str(obstacle("/dev/does-not-exist"))


def test_the_gallery_shows_every_job_and_what_became_of_it(run: Run, square: Path) -> None:
    plot = ("--machine", "virtual", "--speed", "0", "--yes")
    assert run("draw", square, *plot, "--out", "jobs/a <b>").code == 0
    assert run("draw", square, *plot[:-1], "--out", "jobs/half", stdin="\nq\n").code == 4
    assert run("draw", square, "--dry-run", "--out", "jobs/planned").code == 0
    assert run("draw", square, "--dry-run", "--out", "jobs/broken").code == 0
    Path("jobs/broken/plan.json").write_text("{}")
    Path("jobs/planned/preview.png").write_bytes(b"no picture")
    result = run("gallery", "--json")
    assert result.code == 0, result.err
    assert result.json["jobs"] == 4
    page = Path(result.json["gallery"]).read_text()
    for state in ("done", "unfinished", "planned", "broken"):
        assert page.count(f'<li data-state="{state}"') == 1
    assert page.count("data:image/webp;base64,") == 3
    assert 'href="a%20%3Cb%3E/report.html"' in page
    assert "<b>" not in page
    assert "2 Red" in page
    assert "http" not in page


def test_a_gallery_of_nothing_says_how_to_begin(run: Run) -> None:
    result = run("gallery", "nowhere")
    assert result.code == 2
    assert "plotbot draw" in result.err


@pytest.mark.parametrize("name", ["sheet.png", "sheet.svg", "sheet.html", "sheet.gif"])
def test_an_svg_is_previewed_without_making_a_job(run: Run, square: Path, name: str) -> None:
    options = ("--dpi", "40", "--seconds", "1", "--paper", "a5")
    result = run("preview", square, "--pens", "micron", "-o", name, *options, "--json")
    assert result.code == 0, result.err
    assert Path(result.json["preview"]).stat().st_size > 500
    assert [path.name for path in Path().iterdir()] == [name]
    assert "\x1b" not in result.err


def test_the_plan_of_a_job_is_not_made_anew(run: Run, square: Path) -> None:
    made = run("draw", square, "--dry-run", "--json", "--out", "job").json
    assert run("preview", "job", "-o", "a.html", "--json").json["plan_hash"] == made["plan_hash"]
    refused = run("preview", "job", "--pens", "micron")
    assert refused.code == 2
    assert "--pens micron is for a file" in refused.err
    assert run("preview", "job", "-o", "a.bmp").code == 2


def test_setup_takes_every_suggestion(run: Run) -> None:
    result = run("setup", "--yes", "--json")
    assert result.code == 0, result.err
    shown = run("config", "show", "--json").json
    assert shown["settings"]["machine"] == "auto"
    assert shown["origin"]["paper"] == result.json["user_file"]


def test_setup_writes_what_was_answered(run: Run) -> None:
    file = Path(run("config", "show", "--json").json["user_file"])
    file.parent.mkdir(parents=True)
    file.write_text('network = "vgg16"\nport = "/dev/old"\n')
    answers = [
        "virtual",
        "a4",
        "yes",
        "1cm",
        "own",
        "desk",
        "Black #1a1a1a 0.4",
        "Sky blue #8cf",
        "",
        "prints",
    ]
    result = run("setup", stdin="\n".join(answers) + "\n")
    assert result.code == 0, result.err
    assert run("config", "show", "--json").json["settings"] == {
        "pens": "desk",
        "paper": "a4",
        "landscape": True,
        "margin": "1cm",
        "machine": "virtual",
        "port": None,
        "network": "vgg16",
        "jobs": "prints",
    }
    pens = run("pens", "show", "desk", "--json").json["pens"]
    assert [(pen["name"], pen["width_mm"], pen["provenance"]) for pen in pens] == [
        ("Black", 0.4, "guess"),
        ("Sky blue", 0.3, "guess"),
    ]
    again = run("setup", stdin="")
    assert again.code == 0
    assert run("config", "show", "--json").json["settings"]["pens"] == "desk"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (["cricut"], "number from 1"),
        (["virtual", "a99"], "a99"),
        (["virtual", "a6", "no", "80mm"], "80 mm does not fit"),
        (["virtual", "", "", "", "own", "x y"], "x y"),
        (["virtual", "", "", "", "own", "mine", "Black"], "Black #1a1a1a"),
        (["virtual", "", "", "", "own", "mine", "Black #000 70"], "70 mm"),
    ],
)
def test_an_answer_that_cannot_be_used_writes_nothing(run: Run, answers: list[str], told: str) -> None:
    result = run("setup", stdin="\n".join(answers) + "\n")
    assert result.code == 2
    assert told in " ".join(result.err.split())
    assert not Path(run("config", "show", "--json").json["user_file"]).exists()


def test_setup_mends_a_broken_file_and_names_what_wins(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(run("config", "show", "--json").json["user_file"])
    file.parent.mkdir(parents=True)
    file.write_text("paper = [")
    monkeypatch.setenv("PLOTBOT_MARGIN", "9mm")
    result = run("setup", "--yes")
    assert result.code == 0, result.err
    assert "margin of environment wins" in result.err
    assert file.with_name("plotbot.toml.broken").read_text() == "paper = ["
    assert run("config", "show").code == 0


def _offered(line: str, folder: Path) -> list[str]:
    """What Tab offers after this line in bash; fails when torch was imported for it."""
    words = line.split(" ")
    program = "import sys; sys.argv = ['plotbot']\nfrom plotbot.cli import main\ntry: main()\n"
    program += "finally: assert 'torch' not in sys.modules"
    complete = {"_PLOTBOT_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    environment = os.environ | complete | {"XDG_CONFIG_HOME": str(folder / "config")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.stdout.split()


@pytest.mark.slow
def test_tab_offers_what_there_is(run: Run, square: Path) -> None:
    assert run("draw", square, "--dry-run", "--out", "jobs/waves").code == 0
    here = Path.cwd()
    assert _offered("plotbot draw --layer blocks.0 --channel 1", here)[-1] == "15"
    assert _offered("plotbot resume jobs/wa", here) == ["jobs/waves"]


@pytest.mark.parametrize(
    ("offer", "typed", "expected"),
    [
        (completion.pens, "staed", ["staedtler12", "staedtler20"]),
        (completion.channels, "11", ["11", "110", "111"]),
        (completion.machines, "grbl", ["grbl-servo", "grbl-z"]),
        (completion.papers, "a", ["a2", "a3", "a4", "a5", "a6"]),
        (completion.networks, "embed", ["embedded"]),
        (completion.jobs_or_art, "pi", ["pictures/"]),
        (completion.jobs_or_art, "pictures/", ["pictures/one.svg"]),
        (completion.pens, "pictures/", ["pictures/mine.toml"]),
        (completion.jobs, "no/such/folder", []),
    ],
)
def test_each_offer_fits_what_was_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, offer: completion.Offer, typed: str, expected: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    (tmp_path / "pictures").mkdir()
    for name in ("one.svg", "mine.toml", "note.txt", ".hidden.svg"):
        (tmp_path / "pictures" / name).touch()
    context = typer.Context(typer.main.get_command(app))
    assert offer(context, typed) == expected


def test_tab_offers_nothing_where_the_settings_are_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plotbot.toml").write_text("paper = [")
    context = typer.Context(typer.main.get_command(app))
    assert completion.jobs(context, "") == []
    assert completion.channels(context, "8") == []


@pytest.mark.parametrize("command", ["doctor", "gallery", "setup", "watch", "preview"])
def test_help_has_an_example(run: Run, command: str) -> None:
    result = run(command, "--help")
    assert result.code == 0
    assert "Example" in result.out
    assert f"plotbot {command}" in result.out.split("Example", 1)[1]
