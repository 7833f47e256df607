"""`Store`: the SQLite file of a study. Every change is one transaction, on the disk when the call
returns.

    settings   one row: format version, and what the study is about, as JSON
    trials     one row for each proposal; canonical_id is UNIQUE, so that no twin can ever be added

Write-ahead logging lets one process read while another writes. All processes must be on one
machine: that is what SQLite asks of this mode. A kill leaves the file as after the last finished
transaction.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture
from nasflow.running.files import PathLike
from nasflow.search import owner
from nasflow.search.trial import Trial

VERSION = 2
WAIT = 60.0
"""Seconds that a process waits for others to end what they do with the file."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS settings (version INTEGER NOT NULL, about TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS trials (
    number INTEGER PRIMARY KEY,
    architecture TEXT NOT NULL,
    canonical_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL CHECK (state IN ('planned', 'asked', 'done', 'failed')),
    origin TEXT NOT NULL,
    value REAL, second REAL, predicted REAL, deviation REAL, reason TEXT,
    starts INTEGER NOT NULL DEFAULT 0, started_at REAL, ended_at REAL,
    owner TEXT, heartbeat REAL
);
"""
_FIELDS = (
    "number",
    "architecture",
    "canonical_id",
    "state",
    "origin",
    "value",
    "second",
    "predicted",
    "deviation",
    "reason",
    "starts",
    "started_at",
    "ended_at",
)


class Store:
    """The file at `path`, made if it is not there.

    Raises:
        DataError: a file that is no study, of a newer version, or locked by another process for
        long.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._local = threading.local()
        self._architectures: dict[int, Architecture] = {}
        self._heart: threading.Thread | None = None
        try:
            with self.transaction() as rows:
                for statement in _SCHEMA.split(";"):
                    rows.execute(statement)
                found = rows.execute("SELECT version FROM settings").fetchone()
        except sqlite3.DatabaseError as error:
            if _busy(error):
                raise DataError(
                    f"{path} has been locked by another process for {WAIT:g} s; end that process"
                ) from None
            raise DataError(f"{path} is no study ({error}); name another file") from None
        if found and found[0] > VERSION:
            raise DataError(
                f"{path} has format version {found[0]}; this nasflow reads {VERSION}: update"
                " nasflow"
            )

    @property
    def _connection(self) -> sqlite3.Connection:
        """This thread's connection: SQLite's are for one thread."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            _write_ahead(connection)
            connection.execute(
                "PRAGMA synchronous = FULL"
            )  # on the disk, not only out of this process
            self._local.connection = connection
        return connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A block whose changes are made together or not at all, with nobody else writing
        meanwhile.
        """
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @contextlib.contextmanager
    def proposing(self) -> Iterator[None]:
        """A block that one process at a time is in; results can be told meanwhile. A kill opens it
        to the next.
        """
        with open(f"{self.path}.lock", "a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def close(self) -> None:
        """Close this thread's connection."""
        self._connection.close()
        del self._local.connection

    # -- settings ---------------------------------------------------------------------------------

    def settings(self, about: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """What the file says the study is about, and its format version.

        In a new file, `about` is written first.
        """
        with self.transaction() as rows:
            found = rows.execute("SELECT about, version FROM settings").fetchone()
            if found is None:
                found = (json.dumps(about), VERSION)
                rows.execute("INSERT INTO settings (about, version) VALUES (?, ?)", found)
        known: dict[str, Any] = json.loads(found[0])
        return known, int(found[1])

    # -- trials -----------------------------------------------------------------------------------

    def trials(self) -> list[Trial]:
        """All trials in the order of their numbers."""
        rows = self._connection.execute(
            f"SELECT {', '.join(_FIELDS)} FROM trials ORDER BY number"
        ).fetchall()
        return [self._trial(row) for row in rows]

    def _trial(self, row: tuple[Any, ...]) -> Trial:
        values = dict(zip(_FIELDS, row, strict=True))
        number, text = values["number"], values.pop("architecture")
        if number not in self._architectures:  # an architecture never changes, and is dear to build
            self._architectures[number] = Architecture.from_dict(json.loads(text))
        return Trial(architecture=self._architectures[number], **values)

    @staticmethod
    def add(rows: sqlite3.Connection, architecture: Architecture, **values: Any) -> int:
        """Insert a trial within a transaction; returns its number."""
        number = int(rows.execute("SELECT COALESCE(MAX(number) + 1, 0) FROM trials").fetchone()[0])
        values |= {"number": number, "architecture": json.dumps(architecture.to_dict())}
        marks = ", ".join("?" * len(values))
        rows.execute(
            f"INSERT INTO trials ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
        )
        return number

    def own(
        self, numbers: Sequence[int], former: str | None, new: str, *, begin: bool
    ) -> list[int]:
        """Make trials the process `new`'s, if they are `former`'s still. Returns the numbers of
        those that are.

        Args:
            numbers: of the trials.
            former: the owner they must have; None for planned trials.
            new: the owner they get.
            begin: whether their trainings begin with this.
        """
        now = time.time()
        with self.transaction() as rows:
            return [
                number
                for number in numbers
                if rows.execute(
                    "UPDATE trials SET state = 'asked', owner = ?, heartbeat = ?, starts = starts +"
                    " ?, started_at = CASE WHEN ? THEN ? ELSE started_at END WHERE number = ? AND"
                    " owner IS ? AND state IN ('planned', 'asked')",
                    (new, now, begin, begin, now, number, former),
                ).rowcount
                == 1
            ]

    def finish(
        self, number: int, value: float | None, reason: str | None, of: str | None = None
    ) -> bool:
        """Record a value, or the reason of a failure, of an unfinished trial. Returns whether it
        was unfinished.

        Args:
            number: of the trial.
            value, reason: one of them.
            of: the owner it must have; None for any.
        """
        state = "done" if reason is None else "failed"
        with self.transaction() as rows:
            return (
                rows.execute(
                    "UPDATE trials SET state = ?, value = ?, reason = ?, ended_at = ?, owner = NULL"
                    " WHERE number = ? AND state IN ('planned', 'asked') AND (? IS NULL OR owner"
                    " = ?)",
                    (state, value, reason, time.time(), number, of, of),
                ).rowcount
                == 1
            )

    def put_back(self, number: int, of: str, *, uncount: bool = False) -> None:
        """Make an asked trial of the owner `of` a planned one.

        Args:
            number: of the trial.
            of: its owner.
            uncount: whether its beginning does not count, since it was stopped in an orderly way.
        """
        with self.transaction() as rows:
            rows.execute(
                "UPDATE trials SET state = 'planned', owner = NULL, starts = MAX(0, starts - ?) "
                "WHERE number = ? AND state = 'asked' AND owner = ?",
                (uncount, number, of),
            )

    def owners(self) -> list[tuple[int, str, float, int]]:
        """Number, owner, last heartbeat and beginnings of every asked trial."""
        return self._connection.execute(
            "SELECT number, owner, heartbeat, starts FROM trials WHERE state = 'asked' ORDER BY"
            " number"
        ).fetchall()

    def keep_beating(self) -> None:
        """From now on give a sign of life for all trials of this process, as long as this object is
        used.
        """
        if self._heart is None:
            self._heart = threading.Thread(target=_beat, args=(weakref.ref(self),), daemon=True)
            self._heart.start()

    def beat(self) -> None:
        """Give a sign of life for all trials of this process."""
        with self.transaction() as rows:
            rows.execute(
                "UPDATE trials SET heartbeat = ? WHERE owner = ?",
                (time.time(), owner.this_process()),
            )


def _beat(reference: weakref.ref[Store]) -> None:
    while True:
        time.sleep(owner.HEARTBEAT_SECONDS)
        store = reference()
        if store is None or not store.path.exists():
            return
        with contextlib.suppress(
            sqlite3.OperationalError
        ):  # busy for a minute: the next beat will do
            store.beat()
        del store


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn to write-ahead logging. SQLite fails here at once where another process writes, so the
    wait is ours.
    """
    deadline = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _busy(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _busy(error: sqlite3.DatabaseError) -> bool:
    """Whether another process holds the file; the code's low byte says so, the rest says at
    what.
    """
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
