"""A machine profile is read whole and sane, or refused with a sentence that names the fault."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from plotbot.errors import BadInput
from plotbot.machine.profile import (
    Frame,
    Profile,
    find_profile,
    list_profiles,
    profile_folders,
    read_profile,
    save_profile,
)
from plotbot.paper import Paper
from plotbot.plan.motion import pen_times
from tests.machine.grbl_plans import SERVO, Z_LIFT, pen, profile

GOOD = {
    "kind": "grbl",
    "travel": {"x": 300.0, "y": 200.0},
    "pen": {"mechanism": "servo", "s_low": 300.0, "s_high": 600.0},
}


def write(path: Path, **changes: object) -> Path:
    path.write_text(tomli_w.dumps(GOOD | changes), encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted(profile_folders()[2].glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_profile_is_valid_and_named_like_its_file(path: Path) -> None:
    found = read_profile(path)
    assert found.name == path.stem
    assert found.title
    assert found.timing().draw_speed > 0


def test_the_project_comes_before_the_user_and_the_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    user = profile_folders(tmp_path)[1]
    user.mkdir(parents=True)
    write(user / "mine.toml", title="user's")
    write(user / "grbl-servo.toml", title="user's servo")
    assert find_profile("mine", tmp_path).title == "user's"
    assert find_profile("grbl-servo", tmp_path).title == "user's servo"
    (tmp_path / "machines").mkdir()
    write(tmp_path / "machines" / "mine.toml", title="project's")
    assert find_profile("mine", tmp_path).title == "project's"
    assert find_profile(str(user / "mine.toml"), tmp_path).title == "user's"


def test_an_unknown_name_lists_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"'grbl-sevro'.*grbl-servo"):
        find_profile("grbl-sevro", tmp_path)


def test_a_broken_profile_is_listed_as_its_error(tmp_path: Path) -> None:
    (tmp_path / "machines").mkdir()
    write(tmp_path / "machines" / "broken.toml", baud=-5)
    found = {path.stem: entry for path, entry in list_profiles(tmp_path)}
    assert isinstance(found["broken"], BadInput)
    assert isinstance(found["grbl-servo"], Profile)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"travel": {"x": -3.0, "y": 200.0}}, r"travel\.x is -3\.0.*greater than 0"),
        ({"travel": {"x": float("nan"), "y": 200.0}}, r"travel\.x is nan"),
        ({"travel": {"x": 300.0}}, r"travel\.y is missing"),
        ({"motion": {"draw_speed": 0}}, r"motion\.draw_speed is 0.*greater than 0"),
        ({"motion": {"draw_speed": 1e9}}, r"draw_speed is 1000000000\.0.*1000"),
        ({"motion": {"travel_acceleration": 900.0}}, r"one acceleration"),
        ({"motion": {"junction_deviation": float("inf")}}, r"junction_deviation is inf"),
        ({"baud": 3}, r"baud is 3.*1200"),
        ({"usb": "1A86"}, r"usb is '1A86'"),
        ({"speed": 3}, r"speed is not a field"),
        ({"kind": "axidraw"}, r"'servo'.*needs 'ebb'"),
        ({"kind": "laser"}, r"kind is 'laser'"),
        ({"pen": {"mechanism": "magnet"}}, r"mechanism must be 'servo'"),
        ({"pen": GOOD["pen"] | {"s_high": 300.0}}, r"both 300.*never move"),
        ({"pen": GOOD["pen"] | {"up_height": 10.0, "down_height": 20.0}}, r"up must be the higher"),
        ({"pen": GOOD["pen"] | {"lift_s": -1.0}}, r"pen\.lift_s is -1\.0"),
        ({"pen": {"mechanism": "lines", "up": ["M5 X3"], "down": ["M3"]}}, r"neither move X or Y"),
        ({"pen": {"mechanism": "lines", "up": ["M5!"], "down": ["M3"]}}, r"not G-code"),
        ({"pen": {"mechanism": "lines", "up": ["G" * 90], "down": ["M3"]}}, r"1 to 78"),
        ({"frame": {"paper_x": "+y", "paper_y": "-y"}}, r"must be different axes"),
        ({"frame": {"origin": [0.0, 0.0]}}, r"needs homing = true"),
        ({"homing": True}, r"needs frame\.origin"),
        ({"swap": [900.0, 0.0]}, r"swap is at 900"),
    ],
)
def test_impossible_values_are_refused_in_one_sentence(
    tmp_path: Path, changes: dict[str, object], says: str
) -> None:
    path = write(tmp_path / "p.toml", **changes)
    with pytest.raises(BadInput, match=says) as error:
        read_profile(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"kind = ", b"\xff\xfe", b"a = " + b"[" * 5000, b"#" * 70_000])
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        read_profile(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No such file"):
        find_profile(str(tmp_path / "none.toml"))


@given(
    speed=st.floats(0.1, 1000),
    lift=st.sampled_from([SERVO, Z_LIFT]),
    frame=st.builds(
        Frame,
        paper_x=st.sampled_from(["+x", "-x"]),
        paper_y=st.sampled_from(["+y", "-y"]),
        corner=st.sampled_from(["top-left", "top-right", "bottom-left", "bottom-right"]),
    ),
    hold=st.sampled_from([None, True, False]),
)
def test_saving_and_reading_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, speed: float, lift: object, frame: Frame, hold: bool | None
) -> None:
    before = profile(motion={"draw_speed": speed}, pen=lift, frame=frame, hold_motors=hold)
    path = tmp_path_factory.mktemp("profiles") / "bench.toml"
    save_profile(before, path)
    assert read_profile(path) == before
    assert [entry.name for entry in path.parent.iterdir()] == ["bench.toml"]


def test_a_pen_overrides_settle_height_and_speed() -> None:
    bench = profile()
    slow = pen("1", lift_settle_s=0.5, lower_settle_s=0.7, down_height=12.0, max_speed_mm_s=15.0)
    assert bench.settle(slow) == (0.7, 0.5)
    assert bench.settle(None) == (0.2, 0.15)
    assert bench.down_height(slow) == 12.0
    assert bench.draw_speed(slow) == 15.0
    assert bench.draw_speed(pen("2", max_speed_mm_s=900.0)) == bench.motion.draw_speed


def test_a_z_axis_adds_the_time_it_moves() -> None:
    lower, lift = profile(pen=Z_LIFT).settle(None)
    assert lower == pytest.approx(3.0 / 8.0 + Z_LIFT.lower_s)
    assert lift == pytest.approx(3.0 / 8.0 + Z_LIFT.lift_s)


@pytest.mark.parametrize("bench", [profile(), profile(pen=Z_LIFT), find_profile("axidraw")])
@pytest.mark.parametrize(
    "own", [{}, {"lift_settle_s": 0.5}, {"lower_settle_s": 0.1, "down_height": 12.0}, {"down_height": 50.0}]
)
def test_a_plan_is_timed_with_the_lifts_that_the_machine_does(bench: Profile, own: dict[str, float]) -> None:
    one = pen("1", **own)
    # A servo's pulse changes once every 24 ms, so its slew is whole frames.
    assert pen_times(bench.timing(), one) == pytest.approx(bench.settle(one), abs=0.024)


def test_the_starting_corner_follows_the_sheet() -> None:
    sheet = Paper(148, 210)
    assert Frame(corner="top-left").corner_mm(sheet) == (0, 0)
    assert Frame(corner="bottom-right").corner_mm(sheet) == (148, 210)
    assert Frame(corner="bottom-right").corner_mm(None) == (0, 0)
