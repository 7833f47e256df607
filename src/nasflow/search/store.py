"""`Store`: the SQLite file of a study.

    settings   one row: format version, and what the study is about, as JSON, with the format
               version that wrote this
    trials     one row for each proposal; canonical_id is UNIQUE among those that are not forgotten,
               so that no twin can ever be added

Every change is one transaction, on the disk when the call returns; a kill leaves the file as after
the last one that was finished. A result is in the main file soon after (`Database.checkpoint`).

A trial that is being trained has an owner, the process that does so (`nasflow.search.owner`), which
shows by heartbeats that it lives.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import statistics
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture
from nasflow.running.files import PathLike
from nasflow.running.locks import exclusive
from nasflow.search.database import Database
from nasflow.search.owner import HEARTBEAT_SECONDS, this_process
from nasflow.search.schema import (
    ADD_INTERRUPTIONS,
    FIELDS,
    FROM_VERSION_2,
    NO_TWINS,
    SETTINGS,
    TRIALS,
    VERSION,
)
from nasflow.search.study_file import check_study_file
from nasflow.search.trial import State, Trial

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
SET state = 'planned', owner = NULL, starts = MAX(0, starts - :uncount),
    interruptions = interruptions + :interrupted
WHERE number = :number AND state = 'asked' AND owner = :owner
"""
_REPLACE = """
UPDATE trials
SET state = :state, value = :value, reason = :reason, former = :former, repeats = '[]'
WHERE number = :number AND state IN ('done', 'failed') AND former = :former_before
"""
_REPEAT = """
UPDATE trials
SET value = :mean, repeats = :repeats
WHERE number = :number AND state = 'done' AND value = :value_before AND repeats = :repeats_before
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
    interruptions: int
    """How often its search had died with it."""


class Store:
    """The file at `path`, made if it is not there.

    Raises:
        DataError: a file that is no study, of a newer version, or locked by another process for
        long.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        check_study_file(self.path)
        self._database = Database(path)
        self.transaction = self._database.transaction
        self.close = self._database.close
        self.checkpoint = self._database.checkpoint
        # by number: an architecture never changes, and is dear to build
        self._architectures: dict[int, Architecture] = {}
        self._heart: threading.Thread | None = None
        try:
            self._make_or_migrate()
        except sqlite3.DatabaseError as error:
            raise DataError(f"{path} is no study ({error}); name another file") from None

    def _make_or_migrate(self) -> None:
        """Make the tables, or bring those of an older version up to date."""
        with self.transaction() as rows:
            tables = rows.execute("SELECT name FROM sqlite_master WHERE name = 'trials'").fetchall()
            if not tables:
                for statement in (SETTINGS, TRIALS, NO_TWINS):
                    rows.execute(statement)
            row = rows.execute("SELECT version FROM settings").fetchone()
            if row and row[0] > VERSION:
                raise DataError(
                    f"{self.path} has format version {row[0]}; this nasflow reads {VERSION}: update"
                    " nasflow"
                )
            # a kill between making the tables and the settings leaves none: the columns tell
            columns = rows.execute("SELECT name FROM pragma_table_info('trials')").fetchall()
            if ("former",) not in columns:
                for statement in FROM_VERSION_2:
                    rows.execute(statement)
            elif ("interruptions",) not in columns:
                rows.execute(ADD_INTERRUPTIONS)

    @contextlib.contextmanager
    def proposing(self) -> Iterator[None]:
        """A block that one process at a time is in; results can be told meanwhile."""
        # no lock of the database: a proposal may take minutes
        with open(f"{self.path}.lock", "a") as file, exclusive(file):
            yield

    # -- settings ---------------------------------------------------------------------------------

    def settings(self, about: dict[str, Any]) -> tuple[dict[str, Any], int]:
        """What the file says the study is about, and the format version that wrote this.

        In a new file, `about` is written first.
        """
        with self.transaction() as rows:
            row = rows.execute("SELECT about, about_version FROM settings").fetchone()
            # in one transaction with the question: of two processes that begin, one writes
            if row is None:
                row = (json.dumps(about, default=str), VERSION)
                rows.execute(
                    "INSERT INTO settings (about, about_version, version) VALUES (?, ?, ?)",
                    (*row, VERSION),
                )
        # a copy of the main file is then no empty one
        self._database.checkpoint()
        text, version = row
        settings: dict[str, Any] = json.loads(text)
        return settings, int(version)

    # -- trials -----------------------------------------------------------------------------------

    def trials(self) -> list[Trial]:
        """All trials in the order of their numbers."""
        rows = self._database.rows(f"SELECT {', '.join(FIELDS)} FROM trials ORDER BY number")
        return [self._trial(row) for row in rows]

    def _trial(self, row: tuple[Any, ...]) -> Trial:
        values = dict(zip(FIELDS, row, strict=True))
        number = values["number"]
        text = values.pop("architecture")
        if number not in self._architectures:
            architecture = Architecture.from_dict(json.loads(text))
            # made once, for a graph of many equal branches it is dear
            architecture.__dict__["canonical_id"] = values["canonical_id"]
            self._architectures[number] = architecture
        for name in ("former", "repeats"):
            values[name] = tuple(json.loads(values[name]))
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
            is_finished = rows.execute(_FINISH, values).rowcount == 1
        self._database.checkpoint()
        return is_finished

    def add_told(self, architecture: Architecture, **values: Any) -> None:
        """Insert a trial whose result was brought along."""
        with self.transaction() as rows:
            self.add(rows, architecture, origin="told", **values)
        self._database.checkpoint()

    def replace(
        self, trial: Trial, state: State, value: float | None, reason: str | None, former: str
    ) -> bool:
        """Take back what a finished trial was told, and keep it as `former`.

        Returns whether the trial was still as given.
        """
        values = {
            "number": trial.number,
            "state": state,
            "value": value,
            "reason": reason,
            "former": json.dumps([*trial.former, former]),
            "former_before": json.dumps(trial.former),
        }
        with self.transaction() as rows:
            is_replaced = rows.execute(_REPLACE, values).rowcount == 1
        self._database.checkpoint()
        return is_replaced

    def take_back(self, trial: Trial, value: float | None) -> None:
        """Put another value in the place of what was told of a trial, or forget it (None).

        Raises:
            DataError: there is no result of it, nor a failure.
        """
        state: State = "forgotten" if value is None else "done"
        while trial.finished:
            # again where another process was faster
            if self.replace(trial, state, value, None, trial.outcome):
                return
            trial = self.trials()[trial.number]
        # forgotten twice is forgotten
        if trial.state != state:
            raise DataError(
                f"trial {trial.number} is {trial.state}: there is no result of it to be taken back"
            )

    def repeat(self, trial: Trial, value: float) -> bool:
        """Add the value of another training; returns whether the trial was still as given."""
        # the first value stands alone until there is a second
        former = trial.repeats or (trial.value,)
        repeats = [*former, value]
        values = {
            "number": trial.number,
            "mean": statistics.fmean(repeats),
            "repeats": json.dumps(repeats),
            "value_before": trial.value,
            "repeats_before": json.dumps(trial.repeats),
        }
        with self.transaction() as rows:
            is_added = rows.execute(_REPEAT, values).rowcount == 1
        self._database.checkpoint()
        return is_added

    def put_back(
        self, number: int, owner: str, *, uncount: bool = False, interrupted: bool = False
    ) -> None:
        """Make an asked trial a planned one, if it is `owner`'s.

        Args:
            number: of the trial.
            owner: the process whose it must be.
            uncount: whether its beginning does not count, since it was stopped in an orderly way.
            interrupted: whether its search died with it.
        """
        values = {
            "number": number,
            "owner": owner,
            "uncount": uncount,
            "interrupted": interrupted,
        }
        with self.transaction() as rows:
            rows.execute(_PUT_BACK, values)

    def leases(self) -> list[Lease]:
        """Who trains what: one for every asked trial, in the order of their numbers."""
        rows = self._database.rows(
            f"SELECT {', '.join(Lease._fields)} FROM trials WHERE state = 'asked' ORDER BY number"
        )
        return [Lease(*row) for row in rows]

    def keep_beating(self) -> None:
        """From now on, while this object is used, give signs of life for this process's trials."""
        # after a fork the thread is the parent's, and does not run here
        if self._heart is None or not self._heart.is_alive():
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
        # the file was busy for a minute, or the disk full: the next beat will do
        with contextlib.suppress(DataError):
            store.beat()
        # held on to while asleep, it would be in use for ever
        del store
