"""`Database`: one SQLite file, for all threads of a process and for the processes it forks.

SQLite's connections must not be carried over a fork: a child would take the locks of its parent for
its own, and the parent's close would delete the log that the child writes to. So they are closed
before every fork, and parent and child open their own when they next need one.

Write-ahead logging lets one process read while another writes; all must be on one machine, which is
what SQLite asks of this mode. The log is copied into the main file after each result
(`checkpoint`), so that a copy of that file alone is whole.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nasflow.errors import DataError
from nasflow.running.files import PathLike

WAIT = 60.0
"""Seconds that a process waits for others to end what they do with the file."""


class Database:
    """The SQLite file at `path`; a connection is made on first use."""

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self._connection: sqlite3.Connection | None = None
        _databases.add(self)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a question to the file gives."""
        with _typed(self.path), _lock:
            return self._connected().execute(statement).fetchall()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A block whose changes are made together or not at all, while nobody else writes."""
        with _typed(self.path), _lock:
            connection = self._connected()
            try:
                # the lock at once, before anything is read that the changes rest on
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except BaseException:  # an interrupt from the keyboard as well
                # some errors, of a full disk for one, have ended the transaction already
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def checkpoint(self) -> None:
        """Copy the log into the main file, as far as no other process is reading."""
        # what is in the log is safe: a disk that is full now may have room the next time
        with contextlib.suppress(sqlite3.OperationalError), _lock:
            self._connected().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Close the connection; the next use opens one anew."""
        with _lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _connected(self) -> sqlite3.Connection:
        """The connection, made now where there is none."""
        if self._connection is None:
            # without an isolation level Python begins no transaction of its own; the lock sees to
            # it that one thread at a time uses the connection
            connection = sqlite3.connect(
                self.path, timeout=WAIT, isolation_level=None, check_same_thread=False
            )
            _write_ahead(connection)
            # a commit is on the disk, not only out of this process
            connection.execute("PRAGMA synchronous = FULL")
            self._connection = connection
        return self._connection


def busy(error: sqlite3.Error) -> bool:
    """Whether another process holds the file."""
    # the low byte says that it does, the rest of the code says at what
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def locked(path: PathLike) -> DataError:
    """The error for a file that another process does not let go of."""
    return DataError(f"{path} has been locked by another process for {WAIT:g} s; end that process")


@contextlib.contextmanager
def _typed(path: Path) -> Iterator[None]:
    """A block whose errors of the system (a full disk, a lock) are told as such."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if busy(error):
            raise locked(path) from error
        raise DataError(
            f"{path}: {error}; what was told before is kept, and the same call goes on once that"
            " is mended"
        ) from error


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn to write-ahead logging, waiting for others as long as `WAIT` says."""
    deadline = time.monotonic() + WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if not busy(error) or time.monotonic() > deadline:
                raise
            # SQLite's own timeout does not count for this statement, so the wait is ours
            time.sleep(0.01)
        else:
            return


# -- forks ----------------------------------------------------------------------------------------

# one for all files: a fork must find no connection in use
_lock = threading.RLock()
_databases: weakref.WeakSet[Database] = weakref.WeakSet()


def _before_fork() -> None:
    _lock.acquire()
    for database in list(_databases):
        connection = database._connection
        # of a fork inside a transaction, by the thread that is in it, the parent keeps it
        if connection is not None and not connection.in_transaction:
            database.close()


def _after_fork_in_parent() -> None:
    _lock.release()


def _after_fork_in_child() -> None:
    global _lock
    _lock = threading.RLock()


os.register_at_fork(
    before=_before_fork,
    after_in_parent=_after_fork_in_parent,
    after_in_child=_after_fork_in_child,
)
