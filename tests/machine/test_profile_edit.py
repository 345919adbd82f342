"""A few numbers of a profile change; what the person wrote around them stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from plotbot.errors import BadInput
from plotbot.machine.profile import profile_folders, read_profile
from plotbot.machine.profile_edit import change_profile, own_file

NUMBERS = {"pen.down_height": 12.5, "frame.scale": (1.01, 0.99)}
BODY = '[travel]\nx = 300 # wide\ny = 200\n[pen]\nmechanism = "servo"\ns_low = 0\ns_high = 9\n'


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('# mine\nkind = "grbl"\n' + BODY, True),  # no table, no line of that name yet
        ('kind = "grbl" # mine\n' + BODY + "down_height = 5 # tip\n[frame]\nscale = [1.0, 1]\n", True),
        ('# mine\nkind = "grbl"\n[frame] # lies\npaper_y = "+y"\n' + BODY, True),
        ('# mine\nkind = "grbl"\nframe = { paper_y = "+y" }\n' + BODY, False),  # a table on one line
        ('# mine\nkind = "grbl"\n[frame]\nscale = [\n  1.0,\n  1.0,\n]\n' + BODY, False),
    ],
)
def test_only_those_numbers_change(text: str, kept: bool, tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    path.write_text(text)
    before = read_profile(path)
    after = change_profile(path, NUMBERS)
    assert read_profile(path) == after
    assert after.pen.down_height == 12.5
    assert after.frame.scale == (1.01, 0.99)
    assert after.model_copy(update={"pen": before.pen, "frame": before.frame}) == before
    assert after.frame.paper_y == before.frame.paper_y
    assert ("mine" in path.read_text() and "# wide" in path.read_text()) is kept
    assert [one.name for one in tmp_path.iterdir()] == ["bench.toml"]


def test_numbers_that_a_profile_cannot_have_change_nothing(tmp_path: Path) -> None:
    path = tmp_path / "bench.toml"
    path.write_text('kind = "grbl"\n' + BODY)
    with pytest.raises(BadInput, match=r"less than or equal to 1\.1"):
        change_profile(path, {"frame.scale": (1.0, 1.3)})
    assert path.read_text() == 'kind = "grbl"\n' + BODY


def test_a_shipped_profile_stays_as_it_was_shipped() -> None:
    _, mine, shipped = profile_folders()
    assert own_file(shipped / "axidraw.toml") == mine / "axidraw.toml"
    assert own_file(Path("machines/studio.toml")) == Path("machines/studio.toml")
