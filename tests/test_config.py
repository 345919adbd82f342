"""Settings: the order of sources, and bad values named with their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from plotbot.config import load_settings, user_file
from plotbot.errors import BadInput


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def _write_user_file(text: str) -> None:
    user_file().parent.mkdir(parents=True, exist_ok=True)
    user_file().write_text(text)


def test_later_sources_win_and_each_value_knows_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    _write_user_file('pens = "micron"\npaper = "a3"\nmargin = "20mm"\n')
    Path("plotbot.toml").write_text('paper = "letter"\nmargin = "1in"\n')
    monkeypatch.setenv("PLOTBOT_MARGIN", "5mm")
    settings, origin = load_settings()
    assert (settings.pens, settings.paper, settings.margin) == ("micron", "letter", "5mm")
    assert origin["pens"] == str(user_file())
    assert origin["paper"] == "plotbot.toml"
    assert origin["margin"] == "environment"
    assert origin["machine"] == "default"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('papr = "a4"', "no setting 'papr'"),
        ('paper = "a99"', "a99"),
        ('margin = "wide"', "wide"),
        ('landscape = "maybe"', "landscape"),
        ("paper = ", "no valid TOML"),
    ],
)
def test_a_bad_settings_file_is_one_clear_sentence(text: str, says: str) -> None:
    Path("plotbot.toml").write_text(text)
    with pytest.raises(BadInput, match=says):
        load_settings()


def test_a_huge_settings_file_is_refused() -> None:
    Path("plotbot.toml").write_text("#" * 1_000_001)
    with pytest.raises(BadInput, match="larger than 1 MB"):
        load_settings()
