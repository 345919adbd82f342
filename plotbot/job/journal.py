"""The journal: which strokes are ink, in an SQLite file that survives a crash and a power cut.

Every change is one transaction, on disk before the call returns (``synchronous=FULL``). While a session
runs the file is in write-ahead mode, where a commit is one append and one flush to the disk instead of
four flushes; what a power cut leaves of an unfinished append is told by its checksum and dropped. Between
sessions it is one plain file again, to be copied or archived without a companion.

After each commit the number of rows is also noted, without a flush, in ``journal.rows``. A journal with
fewer rows than that has lost its newest part (a write-ahead file left behind when the job was copied, an
older copy put back) and is refused, rather than drawn twice.

Rows are never changed or removed. The last row of a stroke is its state: *executed* (all of it is ink),
*partial* (ink up to `drawn_mm`, then stopped) or *reopened* (the person wants it drawn again from
`drawn_mm` on); a stroke without a row has not been drawn. Rows are numbered without gaps and each
carries a checksum, so damage that SQLite itself does not notice is found when the journal is opened.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
import zlib
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Literal, TypeAlias

from plotbot.errors import BadInput, JobMismatch, PlotbotError

__all__ = ["Event", "Journal", "JournalDamaged", "Session"]

APPLICATION_ID = 0x706C6F74  # "plot"
FORMAT = 1

_SCHEMA = """
CREATE TABLE job (plan_hash TEXT NOT NULL, pens_hash TEXT NOT NULL, strokes INTEGER NOT NULL);
CREATE TABLE session (
    id INTEGER PRIMARY KEY, began REAL NOT NULL, machine TEXT NOT NULL, pid INTEGER NOT NULL,
    ended REAL, how TEXT
);
CREATE TABLE ink (
    id INTEGER PRIMARY KEY, session INTEGER NOT NULL, at REAL NOT NULL,
    stroke INTEGER NOT NULL, state TEXT NOT NULL CHECK (state IN ('executed', 'partial', 'reopened')),
    drawn_mm REAL NOT NULL, seconds REAL, checksum INTEGER NOT NULL
);
CREATE TABLE event (
    id INTEGER PRIMARY KEY, session INTEGER NOT NULL, at REAL NOT NULL,
    kind TEXT NOT NULL, text TEXT NOT NULL
);
"""


class JournalDamaged(JobMismatch):
    """The journal is missing or cannot be read in full, so what is ink is not known."""


InkState: TypeAlias = Literal["executed", "partial", "reopened"]
_Row: TypeAlias = tuple[int, InkState, float, float | None]


@dataclass(frozen=True, slots=True)
class Session:
    """One run of a job; `how` it ended, or None when it was killed (or still runs)."""

    id: int
    began: float
    machine: str
    ended: float | None
    how: str | None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened besides ink: a pen mounted, a pause, a lost link. `at` is Unix time."""

    session: int
    at: float
    kind: str
    text: str


class Journal:
    """The journal of one job. `executed` and `drawn_mm` are the state; the methods make it durable.

    executed: indices of the strokes that are wholly ink.
    drawn_mm: for each stroke begun and not wholly ink, the length that is ink from its first point.
    observed: stroke index → seconds it took from the end of the stroke before, where that is known.

    Use it as a context manager. Writing raises `PlotbotError` when the disk is full or gone.
    """

    def __init__(self, path: Path, database: sqlite3.Connection, strokes: int) -> None:
        self.path = path
        self.strokes = strokes
        self.executed: set[int] = set()
        self.drawn_mm: dict[int, float] = {}
        self.observed: dict[int, float] = {}
        self._database = database
        self._mark: FileIO | None = None
        self._session = 0
        self._rows = 0

    @classmethod
    def create(cls, path: Path, plan_hash: str, pens_hash: str, strokes: int) -> Journal:
        """Make a new, empty journal for a plan of `strokes` strokes; `path` must not exist."""
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644))
        database = _connect(path, read_only=False)
        with database:
            database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            database.execute(f"PRAGMA user_version = {FORMAT}")
            database.execute("BEGIN")
            for statement in _SCHEMA.split(";"):
                database.execute(statement)
            database.execute("INSERT INTO job VALUES (?, ?, ?)", (plan_hash, pens_hash, strokes))
        return cls(path, database, strokes)

    @classmethod
    def open(cls, path: Path, plan_hash: str, pens_hash: str, *, read_only: bool = False) -> Journal:
        """Open and check a journal.

        Raises `JournalDamaged` when it is missing or damaged, for it is never taken for empty, and
        `JobMismatch` when it belongs to another plan or other pens.
        """
        _check_file(path)
        once = _rows_once_made(path)  # read first: a running plot adds rows while we read
        with ExitStack() as stack:
            try:
                database = stack.enter_context(closing(_connect(path, read_only=read_only)))
                journal = cls(path, database, _check_contents(database, path, plan_hash, pens_hash))
                journal._load()
            except (sqlite3.Error, ValueError, TypeError) as error:
                if _is_busy(error):
                    raise BadInput(f"{path} is in use by another process; try again in a moment.") from error
                raise _damaged(path, str(error)) from error
            if once > journal._rows:
                lost = f"{once - journal._rows} of the {once} entries that were made"
                raise _damaged(path, f"its newest part is missing ({lost})")
            stack.pop_all()
        return journal

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; everything is on disk already. After a session it is one plain file again."""
        if self._mark is not None:
            self._mark.close()
            with suppress(sqlite3.Error):  # another process reads it just now: it stays in two parts
                self._database.execute("PRAGMA busy_timeout = 500")
                self._database.execute("PRAGMA journal_mode = DELETE")
        self._database.close()

    @property
    def complete(self) -> bool:
        """Every stroke of the plan is ink."""
        return len(self.executed) == self.strokes

    @property
    def begun(self) -> bool:
        """Something was drawn."""
        return self._rows > 0

    def begin(self, machine: str) -> int:
        """Open a session on the machine of this name; returns its number."""
        mark = _mark_path(self.path)
        if mark.is_symlink():
            raise BadInput(f"{mark} is a link; the files of a job must be in its folder.")
        self._write("PRAGMA journal_mode = WAL", ())  # stays as it is on file systems that cannot do this
        try:
            self._mark = FileIO(mark, "r+b" if mark.exists() else "w+b")
        except OSError as error:
            raise BadInput(f"{mark} cannot be written: {error.strerror or error}.") from error
        row = (time.time(), machine, os.getpid())
        cursor = self._write("INSERT INTO session (began, machine, pid) VALUES (?, ?, ?)", row)
        self._session = int(cursor.lastrowid or 0)
        return self._session

    def end(self, how: str) -> None:
        """Close the session: ``done``, ``paused``, ``lost``, …"""
        self._write("UPDATE session SET ended = ?, how = ? WHERE id = ?", (time.time(), how, self._session))

    def record_executed(self, stroke: int, length_mm: float, seconds: float | None = None) -> None:
        """This stroke is ink, all of it, and the pen is up."""
        self._ink([(stroke, "executed", length_mm, seconds)])

    def record_partial(self, stroke: int, drawn_mm: float) -> None:
        """This stroke is ink from its first point for `drawn_mm`; the pen is up."""
        self._ink([(stroke, "partial", drawn_mm, None)])

    def reopen(self, strokes: Iterable[tuple[int, float]]) -> None:
        """Have strokes drawn again, each from `drawn_mm` on (0: all of it); all of them or none."""
        rows: list[_Row] = [(stroke, "reopened", drawn_mm, None) for stroke, drawn_mm in strokes]
        if rows:
            self._ink(rows)

    def restore(self, lengths_mm: Sequence[float]) -> None:
        """Take the person's word that strokes 0, 1, … of these lengths are ink; all of them or none."""
        rows: list[_Row] = [(stroke, "executed", length, None) for stroke, length in enumerate(lengths_mm)]
        if rows:
            self._ink(rows)

    def record(self, kind: str, text: str = "") -> None:
        """Note an event."""
        self._write(
            "INSERT INTO event (session, at, kind, text) VALUES (?, ?, ?, ?)",
            (self._session, time.time(), kind, text),
        )

    def ink_in_order(self) -> list[tuple[int, float]]:
        """Strokes that have ink, with its length in mm, by when they were last drawn."""
        order: dict[int, float] = {}
        rows = self._database.execute("SELECT stroke, state, drawn_mm FROM ink ORDER BY id")
        for stroke, state, drawn_mm in rows:
            if state != "reopened":
                order.pop(stroke, None)
            if drawn_mm > 0 or state == "executed":
                order[stroke] = drawn_mm
            else:
                order.pop(stroke, None)
        return list(order.items())

    def sessions(self) -> list[Session]:
        """All sessions, first to last."""
        rows = self._database.execute("SELECT id, began, machine, ended, how FROM session ORDER BY id")
        return [Session(*self._checked(row, int, float, str, float, str)) for row in rows]

    def events(self) -> list[Event]:
        """All events, first to last."""
        rows = self._database.execute("SELECT session, at, kind, text FROM event ORDER BY id")
        return [Event(*self._checked(row, int, float, str, str)) for row in rows]

    def _checked(self, row: tuple[Any, ...], *types: type) -> tuple[Any, ...]:
        """A row if every value is of its type or NULL; the tables hold whatever damage puts there."""
        if all(value is None or isinstance(value, kind) for value, kind in zip(row, types, strict=True)):
            return row
        raise _damaged(self.path, f"a row is not as it was written: {row!r:.80}")

    def _ink(self, rows: list[_Row]) -> None:
        now = time.time()
        values = []
        for number, (stroke, state, drawn_mm, seconds) in enumerate(rows, self._rows + 1):
            if not 0 <= stroke < self.strokes or not drawn_mm >= 0:
                raise ValueError(f"stroke {stroke} of {self.strokes}, {drawn_mm} mm drawn")
            values_of_row = (number, self._session, now, stroke, state, float(drawn_mm), seconds)
            values.append((*values_of_row, _checksum(values_of_row)))
        self._write("INSERT INTO ink VALUES (?, ?, ?, ?, ?, ?, ?, ?)", *values)
        for row in rows:
            self._apply(*row)
        if self._mark is not None:
            with suppress(OSError):  # an old mark is a weaker check, not a wrong one
                self._mark.seek(0)
                self._mark.write(b"%020d\n" % self._rows)

    def _apply(self, stroke: int, state: str, drawn_mm: float, seconds: float | None) -> None:
        self._rows += 1
        if state == "executed":
            self.executed.add(stroke)
            self.drawn_mm.pop(stroke, None)
            if seconds is not None:
                self.observed[stroke] = seconds
        else:
            self.executed.discard(stroke)
            self.drawn_mm[stroke] = drawn_mm

    def _load(self) -> None:
        for number, row in enumerate(self._database.execute("SELECT * FROM ink ORDER BY id"), 1):
            *values, checksum = row
            stroke, state, drawn_mm, seconds = values[3:]
            if values[0] != number:
                raise _damaged(self.path, f"row {number} is missing")
            if checksum != _checksum(tuple(values)) or not 0 <= stroke < self.strokes:
                raise _damaged(self.path, f"row {number} is not as it was written")
            self._apply(stroke, state, drawn_mm, seconds)

    def _write(self, statement: str, *rows: tuple[object, ...]) -> sqlite3.Cursor:
        """Execute a statement for each row in one transaction, on disk when this returns."""
        cursor = self._database.cursor()
        try:
            if len(rows) == 1:  # outside BEGIN … COMMIT a statement is its own transaction
                return cursor.execute(statement, rows[0])
            with self._database:
                cursor.execute("BEGIN IMMEDIATE")
                return cursor.executemany(statement, rows)
        except sqlite3.Error as error:
            raise PlotbotError(
                f"The journal {self.path} cannot be written: {error}. Mend or empty the disk, then resume; "
                "at most the last stroke is drawn again."
            ) from error


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    mode = "ro" if read_only else "rw"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    database = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=20.0, check_same_thread=False)
    database.execute("PRAGMA trusted_schema = OFF")
    database.execute("PRAGMA cell_size_check = ON")
    database.execute("PRAGMA synchronous = FULL")
    if not read_only:
        database.execute("PRAGMA fullfsync = ON")  # macOS: through the drive's own cache
    return database


def _mark_path(path: Path) -> Path:
    return path.with_name("journal.rows")


def _rows_once_made(path: Path) -> int:
    """How many rows the journal has had at least; 0 where that is not known, as after a power cut."""
    try:
        text = _mark_path(path).read_bytes()
    except OSError:
        return 0
    return int(text) if re.fullmatch(rb"\d{20}\n", text) else 0


def _check_file(path: Path) -> None:
    """Look at the bytes before SQLite does: it would take an empty file for an empty database."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(100)
    except FileNotFoundError:
        raise _damaged(path, "the file is missing") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror or error}.") from error
    if len(head) < 100 or not head.startswith(b"SQLite format 3\0"):
        raise _damaged(path, "it is not an SQLite file")
    page = int.from_bytes(head[16:18], "big")
    page = 65536 if page == 1 else page
    pages = int.from_bytes(head[28:32], "big")
    if (page < 512 or size < page * pages) and not _unfinished(path):
        raise _damaged(path, f"it has {size} bytes and must have {page * pages}")


def _unfinished(path: Path) -> bool:
    """Whether SQLite will first complete the file from the write-ahead log, or undo a commit cut off."""
    companions = [path.with_name(path.name + end) for end in ("-wal", "-journal")]
    return any(companion.exists() and companion.stat().st_size > 0 for companion in companions)


def _check_contents(database: sqlite3.Connection, path: Path, plan_hash: str, pens_hash: str) -> int:
    """Check the whole file and whose journal it is; returns the plan's number of strokes."""
    with closing(database.cursor()) as cursor:
        verdict = cursor.execute("PRAGMA quick_check(1)").fetchone()
        if verdict is None or verdict[0] != "ok":
            raise _damaged(path, str(verdict[0] if verdict else "no answer").splitlines()[0])
        if cursor.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
            raise _damaged(path, "it is not a journal of plotbot")
        version = cursor.execute("PRAGMA user_version").fetchone()[0]
        if version != FORMAT:
            raise JobMismatch(f"{path} has format {version} and this plotbot reads {FORMAT}; update plotbot.")
        rows = cursor.execute("SELECT plan_hash, pens_hash, strokes FROM job").fetchall()
    if len(rows) != 1:
        raise _damaged(path, "it does not say which plan it belongs to")
    if rows[0][0] != plan_hash:
        raise JobMismatch(
            f"{path} belongs to another plan ({rows[0][0][:12]}, not {plan_hash[:12]}); put the job's own "
            "plan.json and journal back together, or make a new job."
        )
    if rows[0][1] != pens_hash:
        raise JobMismatch(
            f"{path} belongs to other pens ({rows[0][1][:12]}, not {pens_hash[:12]}); put the job's own "
            "job.toml and journal back together, or make a new job."
        )
    return int(rows[0][2])


def _checksum(row: tuple[object, ...]) -> int:
    return zlib.crc32(repr(row).encode())


def _is_busy(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _damaged(path: Path, reason: str) -> JournalDamaged:
    return JournalDamaged(
        f"The journal {path} is damaged: {reason}. Look at the sheet for the first stroke without ink and go "
        "on with `plotbot resume` and --from-stroke, which sets the damaged journal aside."
    )
