"""A job folder is whole or not there, says where it came from, and is refused when it does not fit."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plotbot.errors import BadInput, JobMismatch
from plotbot.job.folder import check_free, create_job, default_folder, open_job
from plotbot.job.journal import JournalDamaged
from plotbot.job.listing import find_jobs, job_status, last_unfinished
from plotbot.job.selection import Selection
from plotbot.pens.inventory import load_inventory
from tests.job.plans import PENS, RAM, plan_of
from tests.job.plotting import Person, make_job, plot

PLAN = plan_of((2, 3))


def test_a_job_says_where_it_came_from(tmp_path: Path) -> None:
    def fill(folder: Path) -> None:
        (folder / "drawing.svg").write_text("<svg/>")

    folder = tmp_path / "jobs" / "one"
    create_job(
        folder,
        PLAN,
        PENS,
        command=("plotbot", "draw", "--channel", "87", "a\udcff"),
        title='say "ink" \\ 50 %',
        seeds={"drawing": 7},
        network={"name": "embedded", "layer": "blocks.4", "channel": 87, "weights": "ab12"},
        settings={"machine": "virtual", "pen_limit": None, "tolerances": {"merge_mm": 0.3, "join": None}},
        fill=fill,
    )
    job = open_job(folder)
    about = job.about
    assert about.command == ("plotbot", "draw", "--channel", "87", "a?")
    assert about.title == 'say "ink" \\ 50 %'
    assert about.seeds == {"drawing": 7}
    assert about.network["channel"] == 87
    assert about.settings == {"machine": "virtual", "tolerances": {"merge_mm": 0.3}}
    assert about.paper == {"name": "a5", "width": 148.0, "height": 210.0, "margin": 0.0}
    assert about.plan_hash == PLAN.hash == job.plan.hash
    assert {"python", "plotbot", "numpy", "torch"} <= set(about.versions)
    assert abs(dt.datetime.now(dt.UTC) - about.created) < dt.timedelta(minutes=5)
    names = {entry.name for entry in folder.iterdir()}
    assert names == {"drawing.svg", "plan.json", "journal.sqlite", "job.toml"}
    assert [entry.name for entry in folder.parent.iterdir()] == ["one"]


@given(
    title=st.text(max_size=300),
    command=st.lists(st.text(max_size=30), max_size=5),
    settings_=st.dictionaries(
        st.text(max_size=10), st.text(max_size=30) | st.integers(-(2**60), 2**60) | st.booleans() | st.none()
    ),
)
@settings(max_examples=40)
def test_any_text_comes_back_as_it_was(
    title: str, command: list[str], settings_: dict[str, str | int | bool | None]
) -> None:
    place = Path(tempfile.mkdtemp(dir=RAM))
    try:
        create_job(place / "job", PLAN, PENS, title=title, command=tuple(command), settings=settings_)
        about = open_job(place / "job").about
        assert about.title == title[:200]
        assert about.command == tuple(command)
        assert about.settings == {key: value for key, value in settings_.items() if value is not None}
    finally:
        shutil.rmtree(place)


def test_when_making_it_fails_nothing_is_left(tmp_path: Path) -> None:
    def fails(folder: Path) -> None:
        (folder / "drawing.svg").write_text("half")
        raise RuntimeError("no previews today")

    with pytest.raises(RuntimeError, match="no previews today"):
        create_job(tmp_path / "job", PLAN, PENS, fill=fails)
    assert not list(tmp_path.iterdir())


def test_a_place_that_is_taken_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_job(tmp_path / "job", PLAN)
    before = (tmp_path / "job" / "job.toml").read_bytes()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "job")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for place, message in {
        "job": "already holds a job",
        "mine": "is not empty",
        "file": "is no folder",
        "link": "already holds a job",
        "here": "current folder",
        "file/job": "cannot be written",
    }.items():
        with pytest.raises(BadInput, match=message):
            create_job(tmp_path / place, PLAN, PENS)
        with pytest.raises(BadInput, match=message):
            check_free(tmp_path / place)
    assert (tmp_path / "job" / "job.toml").read_bytes() == before
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "x"


def test_an_empty_folder_can_become_the_job(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    make_job(tmp_path / "empty", PLAN)
    assert open_job(tmp_path / "empty").plan.hash == PLAN.hash


def test_a_folder_that_cannot_be_written_is_one_sentence() -> None:
    place = Path("/proc/plotbot/job")
    if not place.parents[1].is_dir():
        pytest.skip("needs a folder where nobody may write")
    with pytest.raises(BadInput, match="cannot be written"):
        check_free(place)
    with pytest.raises(BadInput, match="cannot be written") as raised:
        create_job(place, PLAN, PENS)
    assert raised.value.exit_code == 2


@pytest.mark.parametrize("name", ["../other", "/etc/passwd", "a/b", "..", ".", ""])
def test_no_path_leads_out_of_the_job(tmp_path: Path, name: str) -> None:
    job = make_job(tmp_path / "job", PLAN)
    with pytest.raises(BadInput, match="no file name inside a job folder"):
        job.path(name)


@pytest.mark.parametrize("name", ["plan.json", "journal.sqlite", "journal.rows", "lock"])
def test_a_linked_file_of_a_job_is_refused(tmp_path: Path, name: str) -> None:
    job = make_job(tmp_path / "job", PLAN)
    outside = tmp_path / "outside"
    outside.write_text("precious")
    job.path(name).unlink(missing_ok=True)
    (job.folder / name).symlink_to(outside)
    with pytest.raises(BadInput, match="is a link"):
        plot(job)
    assert outside.read_text() == "precious"


def test_a_changed_plan_is_refused(tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", PLAN)
    make_job(tmp_path / "other", plan_of((2, 3), seed=2))
    shutil.copy(tmp_path / "other" / "plan.json", job.folder / "plan.json")
    with pytest.raises(JobMismatch, match="not the plan this job was made with") as raised:
        plot(job)
    assert raised.value.exit_code == 6


def test_the_journal_of_another_plan_is_refused(tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", PLAN)
    make_job(tmp_path / "other", plan_of((2, 3), seed=2))
    shutil.copy(tmp_path / "other" / "journal.sqlite", job.folder / "journal.sqlite")
    with pytest.raises(JobMismatch, match="another plan"):
        plot(job)


def test_a_changed_or_missing_pen_file_is_refused(tmp_path: Path) -> None:
    shipped = Path(__file__).parents[2] / "pens" / "staedtler12.toml"
    mine = tmp_path / "mine.toml"
    shutil.copy(shipped, mine)
    job = create_job(tmp_path / "job", PLAN, load_inventory(mine), pens=os.path.relpath(mine))
    assert plot(job, selection=Selection(to_stroke=0)).strokes == 1
    mine.write_text(shipped.read_text().replace("Magenta", "Purple"))
    with pytest.raises(JobMismatch, match=r"mine\.toml.* has changed"):
        plot(job)
    mine.unlink()
    with pytest.raises(JobMismatch, match="There is no pen file"):
        plot(job)
    shutil.copy(shipped, mine)
    assert plot(job).complete


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "plan_hash cannot be used|created cannot be used"),
        ("format = [", "no valid TOML"),
        ("\xff", "no valid TOML|cannot be used"),
        ("[" * 5000, "no valid TOML"),
        ("format = 99\n", "newer plotbot"),
    ],
)
def test_a_broken_job_toml_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    job = make_job(tmp_path / "job", PLAN)
    toml = job.folder / "job.toml"
    good = toml.read_text()
    toml.write_bytes((good.replace("format = 1\n", text) if "99" in text else text).encode("latin-1"))
    with pytest.raises(BadInput, match=message):
        open_job(job.folder)
    assert job_status(job.folder).state == "broken"


def test_folders_that_are_no_jobs(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no job folder"):
        open_job(tmp_path / "nowhere")
    with pytest.raises(BadInput, match=r"has no job\.toml"):
        open_job(tmp_path)
    assert find_jobs(tmp_path / "nowhere") == []
    with pytest.raises(BadInput, match="no unfinished job"):
        last_unfinished(tmp_path)


def test_jobs_are_listed_last_used_first_with_their_state(tmp_path: Path) -> None:
    done, half, planned, broken = (make_job(tmp_path / name, PLAN) for name in ("a", "b", "c", "d"))
    plot(done)
    left = {entry.name for entry in done.folder.iterdir()}
    assert left == {"job.toml", "plan.json", "journal.sqlite", "journal.rows", "lock", "ink.jsonl"}
    plot(half, selection=Selection(to_stroke=2))
    (broken.folder / "journal.sqlite").unlink()
    (tmp_path / "not a job").mkdir()
    listed = {status.folder.name: status for status in find_jobs(tmp_path)}
    assert {name: one.state for name, one in listed.items()} == {
        "a": "done", "b": "unfinished", "c": "planned", "d": "broken",
    }  # fmt: skip
    assert (listed["b"].executed, listed["b"].strokes, listed["b"].how_ended) == (3, 5, "part done")
    assert "missing" in listed["d"].problem
    assert next(iter(listed)) == "b"
    assert last_unfinished(tmp_path).folder == half.folder
    with half.locked():
        assert job_status(half.folder).state == "plotting"
        with pytest.raises(BadInput, match="b is being plotted"):
            last_unfinished(tmp_path)
    plot(half)
    with pytest.raises(BadInput, match=f"planned and never begun: plotbot resume {planned.folder}"):
        last_unfinished(tmp_path)


def test_default_folders_are_free_and_readable(tmp_path: Path) -> None:
    now = dt.datetime(2026, 3, 4, 5, 6, 7)
    first = default_folder(tmp_path, "Channel 87 of “blocks.4”!", now)
    assert first == tmp_path / "20260304-050607-channel-87-of-blocks-4"
    first.mkdir()
    assert default_folder(tmp_path, "Channel 87 of “blocks.4”!", now).name.endswith("-blocks-4-2")
    assert default_folder(tmp_path, "", now).name == "20260304-050607"


def test_a_damaged_journal_goes_on_where_the_person_says(tmp_path: Path) -> None:
    job = make_job(tmp_path / "job", PLAN)
    plot(job, selection=Selection(to_stroke=3))
    path = job.folder / "journal.sqlite"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(JournalDamaged, match="--from-stroke"):
        plot(job)
    person = Person()
    outcome = plot(job, selection=Selection(from_stroke=3), person=person)
    assert (outcome.strokes, outcome.complete) == (2, True)
    assert person.starts[0].resuming
    assert [entry for entry in job.folder.iterdir() if entry.name.startswith("journal.sqlite.damaged-")]
