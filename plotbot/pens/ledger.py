"""The ink ledger: how much every physical pen has drawn, and whether it lasts for the next layer.

A pen of a tin is a *barrel*: refilling or replacing it starts a new one. Jobs report totals, not
additions, so that a resumed or repeated report never counts ink twice. One SQLite file in the user's
data folder, safe against crashes and shared between processes.
"""

from __future__ import annotations

import sqlite3
import statistics
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from plotbot.errors import BadInput
from plotbot.files import user_data_folder
from plotbot.pens.model import InkType, Pen

__all__ = [
    "CAPACITY_M",
    "Barrel",
    "Ledger",
    "ledger_path",
    "split_before_dry",
]

CAPACITY_M: dict[InkType, float] = {
    "water-based": 600.0,
    "pigment": 400.0,
    "gel": 400.0,
    "alcohol": 300.0,
    "oil": 300.0,
    "ballpoint": 2000.0,
    "acrylic": 100.0,
    "other": 300.0,
}
"""Metres of line in a new pen by ink: cautious guesses until a pen of that tin has run dry once."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS barrel (
    number INTEGER PRIMARY KEY,
    tin TEXT NOT NULL,
    pen TEXT NOT NULL,
    began TEXT NOT NULL,
    ended TEXT,
    ran_dry INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS barrel_of ON barrel (tin, pen, number);
CREATE TABLE IF NOT EXISTS ink (
    job TEXT NOT NULL,
    barrel INTEGER NOT NULL REFERENCES barrel (number),
    metres REAL NOT NULL,
    lifts INTEGER NOT NULL,
    PRIMARY KEY (job, barrel)
);
"""


@dataclass(frozen=True, slots=True)
class Barrel:
    """One physical pen: its tin and id, what it has drawn so far, and since when."""

    tin: str
    pen: str
    began: datetime
    metres: float
    lifts: int
    jobs: int


class Ledger:
    """The open ledger; a context manager. Raises `BadInput` where the file cannot be used."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or ledger_path()
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=10, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise BadInput(f"The ink ledger {self.path} cannot be opened: {error}.") from None
        try:
            with self._explained():
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute("PRAGMA synchronous = FULL")
                self._db.executescript(_SCHEMA)
        except BadInput:
            self._db.close()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *exc: object) -> None:
        self._db.close()

    def record(self, job: str, tin: str, pen: str, metres: float, lifts: int) -> None:
        """Set what a job has drawn with a pen *so far*; the growth goes to the pen's present barrel.

        job: a name of its own for every job, its folder for instance. tin: the inventory's id.
        Reporting the same or an older total again changes nothing.
        """
        if not (0 <= metres < 1e7 and lifts >= 0):
            raise BadInput(f"A job cannot draw {metres:g} m with {lifts} lifts; both must be at least 0.")
        with self._transaction():
            known_metres, known_lifts = self._db.execute(
                "SELECT TOTAL(metres), CAST(TOTAL(lifts) AS INTEGER) FROM ink JOIN barrel ON number = barrel "
                "WHERE job = ? AND tin = ? AND pen = ?",
                (job, tin, pen),
            ).fetchone()
            more_metres, more_lifts = max(0.0, metres - known_metres), max(0, lifts - known_lifts)
            if more_metres == 0 and more_lifts == 0:
                return
            self._db.execute(
                "INSERT INTO ink VALUES (?, ?, ?, ?) ON CONFLICT (job, barrel) DO UPDATE "
                "SET metres = metres + excluded.metres, lifts = lifts + excluded.lifts",
                (job, self._present(tin, pen), more_metres, more_lifts),
            )

    def refill(self, tin: str, pen: str, *, ran_dry: bool = False) -> None:
        """A pen was refilled or replaced: count it from 0. `ran_dry` says that the old one was used up,
        from which the ledger learns how far such a pen goes."""
        now = _now()
        with self._transaction():
            self._db.execute(
                "UPDATE barrel SET ended = ?, ran_dry = ? WHERE number = ?",
                (now, int(ran_dry), self._present(tin, pen)),
            )
            self._db.execute("INSERT INTO barrel (tin, pen, began) VALUES (?, ?, ?)", (tin, pen, now))

    def barrels(self, tin: str | None = None) -> list[Barrel]:
        """The pens in use now, of one tin or of all, those that drew most first."""
        with self._explained():
            rows = self._db.execute(
                "SELECT tin, pen, began, TOTAL(metres), CAST(TOTAL(lifts) AS INTEGER), COUNT(job) "
                "FROM barrel LEFT JOIN ink ON barrel = number "
                "WHERE ended IS NULL AND (?1 IS NULL OR tin = ?1) GROUP BY number ORDER BY 4 DESC, tin, pen",
                (tin,),
            ).fetchall()
        return [Barrel(row[0], row[1], datetime.fromisoformat(row[2]), *row[3:]) for row in rows]

    def capacity_m(self, tin: str, pen: Pen) -> float:
        """Metres a new pen draws: the median of this tin's pens that ran dry, or a guess by ink type."""
        with self._explained():
            rows = self._db.execute(
                "SELECT SUM(metres) FROM barrel JOIN ink ON barrel = number "
                "WHERE ran_dry = 1 AND tin = ? GROUP BY number HAVING SUM(metres) > 0",
                (tin,),
            ).fetchall()
        return statistics.median(row[0] for row in rows) if rows else CAPACITY_M[pen.ink]

    def left_m(self, tin: str, pen: Pen) -> float:
        """Metres still in a pen, at least 0."""
        drawn = sum(barrel.metres for barrel in self.barrels(tin) if barrel.pen == pen.id)
        return max(0.0, self.capacity_m(tin, pen) - drawn)

    def warnings(self, tin: str, layers: Iterable[tuple[Pen, Sequence[float]]]) -> list[str]:
        """A sentence for each layer that its pen will not last for, and where to split it.

        layers: pen and the lengths in mm of its strokes in drawing order.
        """
        found = []
        for pen, lengths_mm in layers:
            left = self.left_m(tin, pen)
            stroke = split_before_dry(left, lengths_mm)
            if stroke is not None:
                takes = sum(lengths_mm) / 1000
                has = f"about {_metres(left)} left" if left > 0 else "no ink left"
                found.append(
                    f"Pen {pen} has {has} and this layer takes {_metres(takes)}; change it before stroke "
                    f"{stroke + 1} of {len(lengths_mm)}."
                )
        return found

    def _present(self, tin: str, pen: str) -> int:
        row = self._db.execute(
            "SELECT number FROM barrel WHERE tin = ? AND pen = ? AND ended IS NULL ORDER BY number DESC",
            (tin, pen),
        ).fetchone()
        if row is not None:
            return int(row[0])
        cursor = self._db.execute(
            "INSERT INTO barrel (tin, pen, began) VALUES (?, ?, ?) RETURNING number", (tin, pen, _now())
        )
        with closing(cursor):
            return int(cursor.fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._explained():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise BadInput(
                f"The ink ledger {self.path} cannot be used: {error}. Move it away to start a new one."
            ) from None


def split_before_dry(left_m: float, lengths_mm: Sequence[float], reserve: float = 0.1) -> int | None:
    """Index of the first stroke that a pen with `left_m` metres should not begin, or None if it lasts.

    `reserve` is the share of the remaining ink not to count on: pens fade before they are empty.
    """
    budget_mm = left_m * 1000 * (1 - reserve)
    for index, length in enumerate(lengths_mm):
        budget_mm -= length
        if budget_mm < 0:
            return index
    return None


def _metres(length: float) -> str:
    return f"{length:.0f} m" if length >= 10 else f"{length:.1f} m"


def ledger_path() -> Path:
    """Where the ledger is kept; it need not exist."""
    return user_data_folder() / "ink.sqlite"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
