"""`Store`: the SQLite file of a study.

    settings   one row: format version, and what the study is about, as JSON
    trials     one row for each proposal; canonical_id is UNIQUE, so that no twin can ever be added

Every change is one transaction, on the disk when the call returns; a kill leaves the file as after
the last one that was finished. Write-ahead logging lets one process read while another writes. All
processes must be on one machine: that is what SQLite asks of this mode.

A trial that is being trained has an owner, the process that does so (`nasflow.search.owner`), which
shows by heartbeats that it lives.
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
from typing import Any, NamedTuple

from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture
from nasflow.running.files import PathLike
from nasflow.search.owner import HEARTBEAT_SECONDS, this_process
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

# a trial that is done or failed is in none of the states named here: it never changes again;
# `IS` holds between two NULLs as well, where `=` does not
_CLAIM = """
UPDATE trials
SET state = 'asked', owner = :new, heartbeat = :now, starts = starts + :begin,
    started_at = CASE WHEN :begin THEN :now ELSE started_at END
WHERE number = :number AND state IN ('planned', 'asked') AND owner IS :former
"""
_FINISH = """
UPDATE trials
SET state = :state, value = :value, reason = :reason, ended_at = :now, owner = NULL
WHERE number = :number AND state IN ('planned', 'asked') AND (:owner IS NULL OR owner = :owner)
"""
_PUT_BACK = """
UPDATE trials
SET state = 'planned', owner = NULL, starts = MAX(0, starts - :uncount)
WHERE number = :number AND state = 'asked' AND owner = :owner
"""


class Lease(NamedTuple):
    """Which process trains a trial, and when it last gave a sign of life."""

    number: int
    """Of the trial."""
    owner: str
    heartbeat: float
    """Unix time of its last sign of life."""
    starts: int
    """How often its training was begun."""


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
        # by number: an architecture never changes, and is dear to build
        self._architectures: dict[int, Architecture] = {}
        self._heart: threading.Thread | None = None
        try:
            with self.transaction() as rows:
                # one by one: `executescript` would end the transaction
                for statement in _SCHEMA.split(";"):
                    rows.execute(statement)
                row = rows.execute("SELECT version FROM settings").fetchone()
        except sqlite3.DatabaseError as error:
            if _busy(error):
                raise DataError(
                    f"{path} has been locked by another process for {WAIT:g} s; end that process"
                ) from None
            raise DataError(f"{path} is no study ({error}); name another file") from None
        if row and row[0] > VERSION:
            raise DataError(
                f"{path} has format version {row[0]}; this nasflow reads {VERSION}: update nasflow"
            )

    @property
    def _connection(self) -> sqlite3.Connection:
        """This thread's connection: SQLite's are for one thread."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # without an isolation level Python begins no transaction of its own
            connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            _write_ahead(connection)
            # a commit is on the disk, not only out of this process
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection = connection
        return connection

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A block whose changes are made together or not at all, while nobody else writes."""
        connection = self._connection
        # the lock at once, before anything is read that the changes rest on
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:  # an interrupt from the keyboard as well
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    @contextlib.contextmanager
    def proposing(self) -> Iterator[None]:
        """A block that one process at a time is in; results can be told meanwhile."""
        # no lock of the database: a proposal may take minutes. The system lets go of this one when
        # its holder is killed
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
            row = rows.execute("SELECT about, version FROM settings").fetchone()
            # in one transaction with the question: of two processes that begin, one writes
            if row is None:
                row = (json.dumps(about), VERSION)
                rows.execute("INSERT INTO settings (about, version) VALUES (?, ?)", row)
        text, version = row
        settings: dict[str, Any] = json.loads(text)
        return settings, int(version)

    # -- trials -----------------------------------------------------------------------------------

    def trials(self) -> list[Trial]:
        """All trials in the order of their numbers."""
        rows = self._connection.execute(
            f"SELECT {', '.join(_FIELDS)} FROM trials ORDER BY number"
        ).fetchall()
        return [self._trial(row) for row in rows]

    def _trial(self, row: tuple[Any, ...]) -> Trial:
        values = dict(zip(_FIELDS, row, strict=True))
        number = values["number"]
        text = values.pop("architecture")
        if number not in self._architectures:
            self._architectures[number] = Architecture.from_dict(json.loads(text))
        return Trial(architecture=self._architectures[number], **values)

    @staticmethod
    def add(rows: sqlite3.Connection, architecture: Architecture, **values: Any) -> int:
        """Insert a trial within a transaction; returns its number."""
        row = rows.execute("SELECT COALESCE(MAX(number) + 1, 0) FROM trials").fetchone()
        number = int(row[0])
        values["number"] = number
        values["architecture"] = json.dumps(architecture.to_dict())
        columns = ", ".join(values)
        marks = ", ".join("?" * len(values))
        rows.execute(f"INSERT INTO trials ({columns}) VALUES ({marks})", tuple(values.values()))
        return number

    def claim(
        self, numbers: Sequence[int], former: str | None, new: str, *, begin: bool
    ) -> list[int]:
        """Make trials the process `new`'s, if they are `former`'s still; returns which were.

        Args:
            numbers: of the trials.
            former: the owner they must have; None for planned trials.
            new: the owner they get.
            begin: whether their trainings begin with this.
        """
        now = time.time()
        claimed = []
        with self.transaction() as rows:
            for number in numbers:
                values = {
                    "number": number,
                    "former": former,
                    "new": new,
                    "begin": begin,
                    "now": now,
                }
                # no row changes where another process was faster
                if rows.execute(_CLAIM, values).rowcount == 1:
                    claimed.append(number)
        return claimed

    def finish(
        self, number: int, value: float | None, reason: str | None, owner: str | None = None
    ) -> bool:
        """Record a value, or the reason of a failure; returns whether the trial was unfinished.

        Args:
            number: of the trial.
            value, reason: one of them.
            owner: the process whose it must be; None for any.
        """
        values = {
            "number": number,
            "owner": owner,
            "state": "done" if reason is None else "failed",
            "value": value,
            "reason": reason,
            "now": time.time(),
        }
        with self.transaction() as rows:
            return rows.execute(_FINISH, values).rowcount == 1

    def put_back(self, number: int, owner: str, *, uncount: bool = False) -> None:
        """Make an asked trial a planned one, if it is `owner`'s.

        Args:
            number: of the trial.
            owner: the process whose it must be.
            uncount: whether its beginning does not count, since it was stopped in an orderly way.
        """
        values = {"number": number, "owner": owner, "uncount": uncount}
        with self.transaction() as rows:
            rows.execute(_PUT_BACK, values)

    def leases(self) -> list[Lease]:
        """Who trains what: one for every asked trial, in the order of their numbers."""
        rows = self._connection.execute(
            f"SELECT {', '.join(Lease._fields)} FROM trials WHERE state = 'asked' ORDER BY number"
        ).fetchall()
        return [Lease(*row) for row in rows]

    def keep_beating(self) -> None:
        """From now on, while this object is used, give signs of life for this process's trials."""
        if self._heart is None:
            # a daemon: it ends with the process, and so do the signs of life
            self._heart = threading.Thread(target=_beat, args=(weakref.ref(self),), daemon=True)
            self._heart.start()

    def beat(self) -> None:
        """Give a sign of life for all trials of this process."""
        with self.transaction() as rows:
            rows.execute(
                "UPDATE trials SET heartbeat = ? WHERE owner = ?", (time.time(), this_process())
            )


def _beat(reference: weakref.ref[Store]) -> None:
    """Give signs of life until the store is no longer used, or its file is gone."""
    while True:
        time.sleep(HEARTBEAT_SECONDS)
        store = reference()
        if store is None or not store.path.exists():
            return
        # the file was busy for a minute: the next beat will do
        with contextlib.suppress(sqlite3.OperationalError):
            store.beat()
        # held on to while asleep, it would be in use for ever
        del store


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn to write-ahead logging, waiting for others as long as `WAIT` says."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not _busy(error) or time.monotonic() > deadline:
                raise
            # SQLite's own timeout does not count for this statement, so the wait is ours
            time.sleep(0.01)
        else:
            return


def _busy(error: sqlite3.DatabaseError) -> bool:
    """Whether another process holds the file."""
    # the low byte says that it does, the rest of the code says at what
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
