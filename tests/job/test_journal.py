"""The journal never forgets a stroke that is ink and never claims one that is not."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from plotbot.errors import JobMismatch, PlotbotError
from plotbot.job.journal import Journal, JournalDamaged
from tests.job.plans import RAM

PLAN, PENS = "a" * 64, "b" * 64
STROKES = 40


def new_journal(folder: Path, strokes: int = STROKES) -> Journal:
    return Journal.create(folder / "journal.sqlite", PLAN, PENS, strokes)


def reopened(folder: Path) -> Journal:
    return Journal.open(folder / "journal.sqlite", PLAN, PENS)


def filled(folder: Path, strokes: int, *, close: bool = True) -> Journal:
    """A journal of one session with strokes 0, 1, … executed."""
    journal = new_journal(folder, 5000)
    journal.begin("virtual")
    for stroke in range(strokes):
        journal.record_executed(stroke, 10.0 + stroke, 0.5)
    if close:
        journal.end("paused")
        journal.close()
    return journal


def copied_as_after_a_crash(folder: Path, to: Path) -> Path:
    """The bytes as they lie on the disk while the journal is open, which is what a killed process leaves."""
    to.mkdir()
    for file in [entry for entry in folder.iterdir() if entry.is_file()]:
        if not file.name.endswith("-shm"):  # memory of the processes, not of the disk
            shutil.copyfile(file, to / file.name)
    return to


class JournalMachine(RuleBasedStateMachine):
    """Any order of strokes, pauses, redraws, restarts and crashes keeps exactly what was recorded."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp(dir=RAM))
        self.crashes = 0
        self.journal = new_journal(self.folder)
        self.state: dict[int, float | None] = {}
        self.order: list[int] = []
        self.journal.begin("virtual")

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
            shutil.rmtree(self.folder)

    @rule(stroke=st.integers(0, STROKES - 1), seconds=st.none() | st.floats(0, 100))
    def executed(self, stroke: int, seconds: float | None) -> None:
        self.journal.record_executed(stroke, 20.0, seconds)
        self.state[stroke] = None
        self.order = [one for one in self.order if one != stroke] + [stroke]

    @rule(stroke=st.integers(0, STROKES - 1), drawn=st.floats(0.001, 19.0))
    def stopped_inside(self, stroke: int, drawn: float) -> None:
        self.journal.record_partial(stroke, drawn)
        self.state[stroke] = drawn
        self.order = [one for one in self.order if one != stroke] + [stroke]

    @precondition(lambda self: self.state)
    @rule(data=st.data())
    def redraw(self, data: st.DataObject) -> None:
        chosen = data.draw(st.lists(st.sampled_from(sorted(self.state)), unique=True))
        self.journal.reopen((stroke, 0.0) for stroke in chosen)
        for stroke in chosen:
            self.state[stroke] = 0.0
        self.order = [stroke for stroke in self.order if stroke not in chosen]

    @rule(how=st.sampled_from(["paused", "link lost"]))
    def restarts(self, how: str) -> None:
        self.journal.end(how)
        self.journal.close()
        assert not (self.folder / "journal.sqlite-wal").exists()
        self.journal = reopened(self.folder)
        self.journal.begin("virtual")

    @rule()
    def crashes_and_starts_again(self) -> None:
        self.crashes += 1
        after = copied_as_after_a_crash(
            self.folder, self.folder.with_name(f"{self.folder.name}-{self.crashes}")
        )
        self.journal.close()
        shutil.rmtree(self.folder)
        self.folder = after
        self.journal = reopened(self.folder)
        self.journal.begin("virtual")

    @rule()
    def is_looked_at_by_another_process(self) -> None:
        with Journal.open(self.folder / "journal.sqlite", PLAN, PENS, read_only=True) as other:
            assert other.executed == self.journal.executed
            assert other.drawn_mm == self.journal.drawn_mm

    @invariant()
    def says_what_was_recorded(self) -> None:
        if not hasattr(self, "journal"):
            return
        whole = {stroke for stroke, drawn in self.state.items() if drawn is None}
        assert self.journal.executed == whole
        assert self.journal.drawn_mm == {k: drawn for k, drawn in self.state.items() if drawn is not None}
        assert [stroke for stroke, _ in self.journal.ink_in_order()] == self.order
        assert self.journal.begun == bool(self.state)


TestJournal = JournalMachine.TestCase
TestJournal.settings = settings(max_examples=25, stateful_step_count=25)


def outcome(path: Path) -> set[int] | None:
    """What a journal says is ink, or None when it is refused."""
    try:
        with Journal.open(path, PLAN, PENS) as journal:
            return set(journal.executed)
    except JournalDamaged as error:
        assert str(path) in str(error)
        assert "--from-stroke" in str(error)
        return None


def test_a_journal_cut_short_at_any_byte_is_refused(tmp_path: Path) -> None:
    filled(tmp_path, 150)
    path = tmp_path / "journal.sqlite"
    whole = path.read_bytes()
    sizes = {*range(0, len(whole), 29), *range(0, 130), *range(len(whole) - 40, len(whole))}
    sizes |= {page + off for page in range(0, len(whole), 4096) for off in (-1, 0, 1)}
    for size in sorted(size for size in sizes if 0 <= size < len(whole)):
        path.write_bytes(whole[:size])
        assert outcome(path) is None, f"cut at byte {size} of {len(whole)}"
    path.write_bytes(whole)
    assert outcome(path) == set(range(150))


def test_after_a_crash_either_file_cut_short_at_any_byte_claims_no_stroke_too_many(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    alive.mkdir()
    journal = filled(alive, 20, close=False)
    crashed = copied_as_after_a_crash(alive, tmp_path / "crashed")
    journal.close()
    truth = set(range(20))
    refused = understood = 0
    for name in ("journal.sqlite", "journal.sqlite-wal"):
        whole = (crashed / name).read_bytes()
        for size in {*range(0, len(whole), 1009), *range(0, len(whole), 4096)}:
            for with_mark, tail in ((True, b""), (False, b""), (False, bytes(len(whole) - size))):
                cut = tmp_path / "cut"
                shutil.copytree(crashed, cut)
                (cut / name).write_bytes(whole[:size] + tail)  # a tail of zeros is what a power cut leaves
                if not with_mark:
                    (cut / "journal.rows").unlink()
                said = outcome(cut / "journal.sqlite")
                if said is None:
                    refused += 1
                else:
                    understood += 1
                    assert not with_mark or said == truth
                    assert said <= truth
                    assert said == set(range(len(said)))
                shutil.rmtree(cut)
    assert refused > 20
    assert understood > 20
    assert outcome(crashed / "journal.sqlite") == truth


def test_a_commit_cut_off_half_way_is_undone_or_refused(tmp_path: Path) -> None:
    """The state a power cut leaves when pages of a large commit are half in the file, half not."""
    filled(tmp_path, 1000)
    database = sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode = TRUNCATE")
    database.execute("PRAGMA cache_size = 2")
    database.execute("BEGIN")
    database.execute("UPDATE ink SET drawn_mm = 1, state = 'reopened'")
    crashed = copied_as_after_a_crash(tmp_path, tmp_path / "crashed")
    database.rollback()
    database.close()
    rollback = (crashed / "journal.sqlite-journal").read_bytes()
    assert (crashed / "journal.sqlite").read_bytes() != (tmp_path / "journal.sqlite").read_bytes()
    for number, size in enumerate(range(0, len(rollback), 997)):
        cut = tmp_path / f"cut{number}"
        shutil.copytree(crashed, cut)
        (cut / "journal.sqlite-journal").write_bytes(rollback[:size])
        assert outcome(cut / "journal.sqlite") in (None, set(range(1000)))
        shutil.rmtree(cut)
    assert outcome(crashed / "journal.sqlite") == set(range(1000))


def test_a_changed_byte_is_noticed_or_changes_nothing(tmp_path: Path) -> None:
    filled(tmp_path, 150)
    path = tmp_path / "journal.sqlite"
    whole = path.read_bytes()
    random = np.random.default_rng(5)
    refused = 0
    for place in random.integers(0, len(whole), 400):
        damaged = bytearray(whole)
        damaged[place] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        try:
            said = outcome(path)
        except JobMismatch:  # the byte was one of the hashes or of the format
            said = None
        refused += said is None
        assert said in (None, set(range(150)))
    assert refused > 100


def test_a_journal_left_by_a_crash_can_be_read_without_writing(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    alive.mkdir()
    journal = filled(alive, 20, close=False)
    crashed = copied_as_after_a_crash(alive, tmp_path / "crashed")
    journal.close()
    before = {name: (crashed / name).read_bytes() for name in ("journal.sqlite", "journal.sqlite-wal")}
    with Journal.open(crashed / "journal.sqlite", PLAN, PENS, read_only=True) as seen:
        assert seen.executed == set(range(20))
    assert {name: (crashed / name).read_bytes() for name in before} == before


def test_a_session_that_is_damaged_is_refused(tmp_path: Path) -> None:
    filled(tmp_path, 2)
    database = sqlite3.connect(tmp_path / "journal.sqlite")
    with database:
        database.execute("UPDATE session SET ended = x'00ff'")
    database.close()
    with reopened(tmp_path) as journal, pytest.raises(JournalDamaged, match="not as it was written"):
        journal.sessions()


def test_a_missing_journal_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(JournalDamaged, match="missing"):
        reopened(tmp_path)
    assert not list(tmp_path.iterdir())


def test_other_contents_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    path.write_text("not a database, but long enough to have a header " * 4)
    with pytest.raises(JournalDamaged, match="not an SQLite file"):
        reopened(tmp_path)
    path.unlink()
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE ink (id)")
    database.close()
    with pytest.raises(JournalDamaged, match="not a journal of plotbot"):
        reopened(tmp_path)


def test_an_older_copy_put_back_is_refused(tmp_path: Path) -> None:
    filled(tmp_path, 10)
    old = (tmp_path / "journal.sqlite").read_bytes()
    with reopened(tmp_path) as journal:
        journal.begin("virtual")
        journal.record_executed(10, 1.0)
    (tmp_path / "journal.sqlite").write_bytes(old)
    with pytest.raises(JournalDamaged, match="1 of the 11 entries"):
        reopened(tmp_path)


@pytest.mark.parametrize("mark", [b"", b"\0" * 21, b"00000000000000000003\n", b"garbage" * 9])
def test_a_mark_spoilt_by_a_power_cut_says_nothing(tmp_path: Path, mark: bytes) -> None:
    filled(tmp_path, 5)
    (tmp_path / "journal.rows").write_bytes(mark)
    with reopened(tmp_path) as journal:
        assert journal.executed == set(range(5))


def test_another_plan_or_other_pens_are_refused(tmp_path: Path) -> None:
    new_journal(tmp_path).close()
    path = tmp_path / "journal.sqlite"
    with pytest.raises(JobMismatch, match="another plan") as raised:
        Journal.open(path, "c" * 64, PENS)
    assert raised.value.exit_code == 6
    with pytest.raises(JobMismatch, match="other pens"):
        Journal.open(path, PLAN, "c" * 64)


def test_a_row_out_of_the_middle_is_missed(tmp_path: Path) -> None:
    filled(tmp_path, 10)
    database = sqlite3.connect(tmp_path / "journal.sqlite")
    with database:
        database.execute("DELETE FROM ink WHERE id = 4")
    database.close()
    with pytest.raises(JournalDamaged, match="row 4 is missing"):
        reopened(tmp_path)


def test_a_full_disk_is_one_sentence_and_loses_nothing(tmp_path: Path) -> None:
    journal = filled(tmp_path, 5, close=False)
    pages = journal._database.execute("PRAGMA page_count").fetchone()[0]
    journal._database.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(PlotbotError, match="full") as raised:
        journal.restore([1.0] * 4000)
    assert raised.value.exit_code == 1
    assert journal.executed == set(range(5))
    journal.close()
    with reopened(tmp_path) as after:
        assert after.executed == set(range(5))


@given(st.lists(st.integers(0, STROKES - 1), max_size=30))
@settings(max_examples=20)
def test_restoring_and_redrawing_are_all_or_nothing(chosen: list[int]) -> None:
    folder = Path(mkdtemp(dir=RAM))
    with new_journal(folder) as journal:
        journal.restore([2.0] * 30)
        with pytest.raises(ValueError, match="stroke 99"):
            journal.reopen([*((stroke, 0.0) for stroke in chosen), (99, 0.0)])
        assert journal.executed == set(range(30))
    with reopened(folder) as after:
        assert after.executed == set(range(30))
    shutil.rmtree(folder)


def test_sessions_and_events_are_kept(tmp_path: Path) -> None:
    with new_journal(tmp_path) as journal:
        journal.begin("virtual")
        journal.record("mounted", "20")
        journal.record_executed(3, 5.0, 1.25)
    with reopened(tmp_path) as journal:
        journal.begin("grbl on /dev/ttyUSB0")
        journal.end("done")
        first, second = journal.sessions()
        assert (first.machine, first.how, second.machine, second.how) == (
            "virtual", None, "grbl on /dev/ttyUSB0", "done",
        )  # fmt: skip
        assert [(event.kind, event.text, event.session) for event in journal.events()] == [
            ("mounted", "20", 1)
        ]
        assert journal.observed == {3: 1.25}
