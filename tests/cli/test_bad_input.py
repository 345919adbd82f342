"""Bad input is one clear sentence that names the value and the way out, with a documented exit code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_unknown_pens_suggest_the_nearest_name(run: Run) -> None:
    result = run("draw", "--pens", "staedler12", "--channel", "87", "--dry-run")
    assert result.code == 2
    assert "staedler12" in result.err
    assert "staedtler12" in result.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--channel", "112"], ["112", "blocks.4", "0 to 111"]),
        (["--channel", "-1"], ["-1", "0 to 111"]),
        (["--channel", "eighty"], ["eighty"]),
        (["--channel", "3:heavy"], ["3:heavy"]),
        (["--channel", "3", "--layer", "blocks.9"], ["blocks.9", "blocks."]),
        (["--channel", "3", "--network", "resnet3000"], ["resnet3000"]),
        (["--channel", "3", "--strokes", "-5"], ["--strokes -5", "1 to"]),
        (["--channel", "3", "--steps", "0"], ["--steps 0", "1 to"]),
        (["--channel", "3", "--pen-limit", "13"], ["--pen-limit 13", "1 to 12"]),
        (["--channel", "3", "--palette", "rainbow"], ["rainbow", "mono"]),
        (["--channel", "3", "--paper", "a99"], ["a99", "a4"]),
        (["--channel", "3", "--margin", "wide"], ["wide", "15mm"]),
        (["--channel", "3", "--paper", "a6", "--margin", "60mm"], ["60 mm", "52.5 mm"]),
        (["--channel", "3", "--weights", "none.pth"], ["none.pth"]),
        (["--channel", "3", "--machine", "grbl-serv"], ["grbl-serv", "grbl-servo"]),
        (["--class", "tabby cta"], ["tabby cta", "tabby"]),
        ([], ["--channel 87"]),
    ],
)
def test_options_out_of_range_name_the_value_and_the_range(
    run: Run, options: list[str], says: list[str]
) -> None:
    result = run("draw", "--dry-run", *options)
    assert result.code == 2
    for text in says:
        assert text in " ".join(result.err.split())
    assert not Path("jobs").exists()


def test_a_wrong_channel_is_refused_before_torch_is_loaded() -> None:
    code = (
        "import sys; sys.argv = ['plotbot', 'draw', '--channel', '999', '--dry-run']\n"
        "from plotbot.cli import main\n"
        "try: main()\n"
        "except SystemExit as e: print(e.code, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2", "False"]


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    code = (
        "import plotbot.cli, sys; print({'torch', 'vpype', 'numpy', 'pydantic', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("broken.svg", "<svg"),
        ("text.svg", "hello"),
        ("empty.svg", '<svg xmlns="http://www.w3.org/2000/svg" width="10mm" height="10mm"/>'),
        ("nothing.svg", ""),
    ],
)
def test_an_unreadable_or_empty_svg_is_refused_by_name(run: Run, name: str, text: str) -> None:
    Path(name).write_text(text)
    result = run("draw", name, "--dry-run")
    assert result.code == 2
    assert Path(name).stem in result.err or "empty" in result.err
    assert not Path("jobs").exists()


def test_a_missing_drawing_is_refused(run: Run) -> None:
    result = run("draw", "missing.svg", "--dry-run")
    assert result.code == 2
    assert "missing.svg" in result.err


def test_art_larger_than_the_paper_says_by_how_much_and_how_to_fit_it(run: Run, square: Path) -> None:
    result = run("draw", square, "--paper", "a6", "--dry-run")
    assert result.code == 2
    assert "mm" in result.err
    assert "--fit" in result.err
    assert run("draw", square, "--paper", "a6", "--fit", "--dry-run").code == 0


def test_an_output_folder_that_cannot_be_written_is_refused(run: Run, square: Path) -> None:
    Path("file").write_text("not a folder")
    result = run("draw", square, "--dry-run", "--out", "file/job")
    assert result.code == 2
    assert "file/job" in result.err


def test_a_folder_that_holds_a_job_is_refused(run: Run, square: Path) -> None:
    assert run("draw", square, "--dry-run", "--out", "job").code == 0
    result = run("draw", square, "--dry-run", "--out", "job")
    assert result.code == 2
    assert "already holds a job" in result.err


def test_json_with_prompts_and_no_terminal_fails_at_once_instead_of_hanging(run: Run, square: Path) -> None:
    result = run("draw", square, "--machine", "virtual", "--json")
    assert result.code == 2
    assert "--yes" in result.err
    assert result.json["exit_code"] == 2
    assert not Path("jobs").exists()


def test_a_closed_stdin_is_one_sentence(tmp_path: Path, square: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "plotbot", "draw", str(square), "--machine", "virtual", "--speed", "0"],
        stdin=None,
        preexec_fn=lambda: __import__("os").close(0),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "stdin" in done.stderr.lower() or "standard input" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_an_empty_stdin_leaves_a_job_that_can_be_resumed(run: Run, square: Path) -> None:
    result = run("draw", square, "--machine", "virtual", "--speed", "0", "--out", "job")
    assert result.code == 2
    assert "Nobody answered" in result.err
    assert run("resume", "job", "--speed", "0", "--yes").code == 0


def test_speed_is_for_the_virtual_machine_only(run: Run, square: Path) -> None:
    result = run("draw", square, "--machine", "grbl-servo", "--speed", "3")
    assert result.code == 2
    assert "virtual" in result.err


def test_resuming_nothing_says_so(run: Run) -> None:
    result = run("resume")
    assert result.code == 2
    assert "no unfinished job" in result.err
