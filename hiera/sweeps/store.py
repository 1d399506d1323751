"""Rows and results of a sweep in one SQLite file that survives a kill at any moment.

A result is one transaction's work together with those that came in at the same moment: it is in
the file whole or not at all. Results are kept by the row's key, so that a row that is known is
never computed again, whichever sweep file named it.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Self

from hiera.sweeps.plan import Plan, Point
from hiera.sweeps.task import Done, RowStatus, SweepError

FILE: Final = "rows.sqlite"
_FORMAT: Final = 1
_SCHEMA: Final = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE points (
    number INTEGER PRIMARY KEY, settings TEXT NOT NULL, config TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE rows (
    position INTEGER PRIMARY KEY, key TEXT NOT NULL, point INTEGER NOT NULL, seed INTEGER NOT NULL);
CREATE INDEX rows_by_key ON rows (key);
CREATE TABLE results (
    key TEXT PRIMARY KEY, status TEXT NOT NULL, metrics TEXT, error TEXT NOT NULL,
    traceback TEXT NOT NULL, deaths INTEGER NOT NULL, wall_s REAL NOT NULL, cpu_s REAL NOT NULL,
    code TEXT NOT NULL, finished TEXT NOT NULL) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Pending:
    """A row without a result.

    Attributes:
        key: Of the row.
        config: Its config as JSON, without the seed.
        seed: Its seed.
    """

    key: str
    config: str
    seed: int


@dataclass(frozen=True, slots=True)
class Row:
    """A row and what came of it.

    Attributes:
        position: Place in the sweep, from 0.
        key: Of config and seed.
        settings: Swept key to value.
        seed: Its seed.
        status: How it ended, None while it has not.
        metrics: What the row function returned; empty if it failed.
        error: Why it failed.
        traceback: Where.
        deaths: Processes that died under it.
        wall_s: Wall time [s].
        cpu_s: CPU time [s].
        code: Version of the code that computed it.
        finished: UTC time.
    """

    position: int
    key: str
    settings: Mapping[str, Any]
    seed: int
    status: RowStatus | None
    metrics: Mapping[str, Any]
    error: str
    traceback: str
    deaths: int
    wall_s: float
    cpu_s: float
    code: str
    finished: str

    @classmethod
    def unfinished(cls, settings: Mapping[str, Any], seed: int = 0) -> Self:
        """A row that is only known to be there."""
        return cls(0, "", settings, seed, None, {}, "", "", 0, 0.0, 0.0, "", "")


class Store:
    """The file of a sweep; use from one thread."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """Opens it.

        Raises:
            SweepError: If it is none, or cannot be opened.
        """
        self.path = path
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=30.0)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            if create:
                self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={_FORMAT}; COMMIT;")
            (found,) = self._db.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error as error:
            raise SweepError(f"{path} cannot be opened as a sweep: {error}") from error
        if found != _FORMAT:
            raise SweepError(f"{path} is no sweep that this version of hiera can read")

    def close(self) -> None:
        """Closes the file."""
        self._db.close()

    def _write(self, statements: Iterable[tuple[str, Iterable[Sequence[Any]]]]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            for statement, values in statements:
                self._db.executemany(statement, values)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise SweepError(
                f"{self.path} cannot be written: {error}; the rows before stay readable"
            ) from error

    def put(self, name: str, value: Any) -> None:
        """Keeps a fact about the sweep, as JSON."""
        self._write([("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(name, json.dumps(value))])])

    def get(self, name: str, default: Any = None) -> Any:
        """A fact that was put."""
        found = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return default if found is None else json.loads(found[0])

    def lay_out(self, plan: Plan) -> None:
        """Replaces the list of rows; results stay."""
        self._write([("DELETE FROM rows", [()]), ("DELETE FROM points", [()])])
        self.extend(plan.points, plan.seeds)
        self.put("factors", plan.factors)
        self.put("ranges", plan.ranges)

    def extend(self, points: Sequence[Point], seeds: Sequence[int]) -> list[str]:
        """Adds rows at the end; returns their keys, all points of a seed before the next."""
        (first,) = self._db.execute("SELECT count(*) FROM points").fetchone()
        (place,) = self._db.execute("SELECT count(*) FROM rows").fetchone()
        plan = Plan(points, seeds)
        rows = [
            (place + i, points[number].key(seed), first + number, seed)
            for i, (number, seed) in enumerate(plan.rows())
        ]
        listed = (
            (first + i, json.dumps(dict(point.settings), default=float), point.config, point.digest)
            for i, point in enumerate(points)
        )
        self._write(
            [
                ("INSERT INTO points VALUES (?, ?, ?, ?)", listed),
                ("INSERT INTO rows VALUES (?, ?, ?, ?)", rows),
            ]
        )
        return [key for _, key, _, _ in rows]

    def pending(self) -> Iterator[Pending]:
        """Rows without a result, each key once, in order; read lazily but decided now."""
        listed = self._db.execute(
            "SELECT key, point, seed, min(position) FROM rows"
            " WHERE key NOT IN (SELECT key FROM results) GROUP BY key ORDER BY min(position)"
        ).fetchall()
        return (Pending(key, self.config(point), seed) for key, point, seed, _ in listed)

    def config(self, point: int) -> str:
        """The config of a point as JSON, without its seed."""
        found = self._db.execute("SELECT config FROM points WHERE number = ?", (point,)).fetchone()
        return str(found[0])

    def config_of(self, key: str) -> dict[str, Any]:
        """The whole config of a row."""
        point, seed = self._db.execute(
            "SELECT point, seed FROM rows WHERE key = ? LIMIT 1", (key,)
        ).fetchone()
        data: dict[str, Any] = json.loads(self.config(point))
        return data | {"seed": seed}

    def counts(self) -> dict[str, int]:
        """Rows by how they ended, each key once; ``pending`` for those that have not."""
        found = self._db.execute(
            "SELECT coalesce(status, 'pending'), count(*) FROM (SELECT DISTINCT key FROM rows)"
            " LEFT JOIN results USING (key) GROUP BY 1"
        )
        return dict(found.fetchall())

    def codes(self) -> list[str]:
        """Versions of the code that results were computed with."""
        found = self._db.execute(
            "SELECT DISTINCT code FROM results JOIN rows USING (key) WHERE code != ''"
        )
        return sorted(code for (code,) in found)

    def record(self, finished: Iterable[tuple[str, Done]]) -> None:
        """Keeps results, all or none of them."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        values = [
            (key, d.status, d.value, d.error, d.traceback, d.deaths, d.wall_s, d.cpu_s, d.code, now)
            for key, d in finished
        ]
        self._write([(f"INSERT OR REPLACE INTO results VALUES ({','.join('?' * 10)})", values)])

    def forget(self, *, failed_only: bool) -> None:
        """Drops results so that their rows are computed again."""
        which = f" WHERE status != '{RowStatus.OK}'" if failed_only else ""
        self._write([(f"DELETE FROM results{which}", [()])])

    def rows(self, *statuses: RowStatus) -> Iterator[Row]:
        """Rows in order with their results, all or those with the given statuses."""
        points = {
            number: json.loads(settings)
            for number, settings in self._db.execute("SELECT number, settings FROM points")
        }
        found = self._db.execute(
            "SELECT position, key, point, seed, status, metrics, error, traceback, deaths,"
            " wall_s, cpu_s, code, finished FROM rows LEFT JOIN results USING (key)"
            " ORDER BY position"
        )
        for position, key, point, seed, status, metrics, *rest in found:
            if statuses and status not in statuses:
                continue
            error, traceback, deaths, wall_s, cpu_s, code, finished = (
                rest if status is not None else ("", "", 0, 0.0, 0.0, "", "")
            )
            yield Row(
                position, key, points[point], seed,
                RowStatus(status) if status is not None else None,
                json.loads(metrics) if metrics else {},
                error, traceback, deaths, wall_s, cpu_s, code, finished,
            )  # fmt: skip

    def metrics(self, keys: Sequence[str]) -> dict[str, tuple[RowStatus, dict[str, Any]]]:
        """Status and metrics of the rows of these keys that have a result."""
        found: dict[str, tuple[RowStatus, dict[str, Any]]] = {}
        for key in keys:
            row = self._db.execute(
                "SELECT status, metrics FROM results WHERE key = ?", (key,)
            ).fetchone()
            if row is not None:
                found[key] = (RowStatus(row[0]), json.loads(row[1]) if row[1] else {})
        return found
