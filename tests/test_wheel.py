"""The built wheel, installed elsewhere and run from another folder, has everything it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_tins_profiles_and_the_report_s_page_are_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for pens in ROOT.glob("pens/*.toml"):
        assert f"plotbot/pens/shipped/{pens.name}" in names
    for profile in ROOT.glob("plotbot/machine/shipped/*.toml"):
        assert f"plotbot/machine/shipped/{profile.name}" in names
    assert "plotbot/preview/report.html" in names
    assert not any(name.startswith(("tests/", "bench/")) for name in names)


@pytest.mark.slow
def test_it_runs_from_another_folder_and_finds_its_pens(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "line.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="148mm" height="210mm" viewBox="0 0 148 210">'
        '<path d="M30 40L90 120" stroke="#000" fill="none"/></svg>'
    )
    # The wheel's own code must win over the checkout that the environment knows.
    environment = os.environ | {
        "PYTHONPATH": str(site),
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
    }

    def plotbot(*args: str) -> dict[str, object]:
        done = subprocess.run(
            [sys.executable, "-m", "plotbot", *args, "--json"],
            cwd=elsewhere,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return dict(json.loads(done.stdout))

    where = subprocess.run(
        [sys.executable, "-c", "import plotbot; print(plotbot.__file__)"],
        cwd=elsewhere,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(site))
    assert len(plotbot("pens", "show", "staedtler12")["pens"]) == 12  # type: ignore[arg-type]
    report = plotbot("draw", "line.svg", "--dry-run", "--out", "job")
    assert (elsewhere / "job" / "report.html").stat().st_size > 0
    assert report["plan_hash"]
