"""Whether a file may be used for a study, found out without writing to it.

Ours are the two tables of `nasflow.search.store`; a file that is empty or not there becomes one.
What belongs to another tool is left as it is.
"""

from __future__ import annotations

import contextlib
import sqlite3
import warnings
from pathlib import Path

from nasflow.errors import DataError, DataWarning
from nasflow.search import database

_TABLES = {"settings", "trials"}
_TABLE_OF_TOOL = {"trial_params": "an Optuna storage", "alembic_version": "a database of Alembic"}


class StudyWarning(DataWarning):
    """Something about a study that is legal, and that its owner should know."""


def check_study_file(path: Path) -> None:
    """Return if the file is a study or may become one.

    Raises:
        DataError: it is of another tool, or no database; or it is missing while its log is there.
    """
    log = Path(f"{path}-wal")
    # the log is looked at first: whoever makes a study makes its main file before its log
    has_log = log.exists() and log.stat().st_size > 0
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        if has_log:
            # SQLite would take it for a remainder, and delete it
            raise DataError(
                f"{path} is empty or not there, but its log {log.name} is, with results in it: put"
                " the study back beside its log, or move the log away to begin a new study"
            )
        return
    tables = _tables(path)
    if tables is None or tables == _TABLES:
        return
    if not tables:
        warnings.warn(
            f"{path} is a database without a study in it: a new one begins there. If the file was"
            " copied, its results may be in the log beside the original (the same name, and -wal)",
            StudyWarning,
            stacklevel=4,
        )
        return
    tools = [tool for table, tool in _TABLE_OF_TOOL.items() if table in tables]
    names = ", ".join(sorted(tables)[:5])
    about = tools[0] if tools else f"an SQLite file with the tables {names}"
    raise DataError(
        f"{path} is no study of nasflow ({about}); it stays as it is: name another file"
    )


def _tables(path: Path) -> set[str] | None:
    """The names of a file's tables; None where the file cannot be read before it is mended.

    Raises:
        DataError: it is no database, or another process does not let go of it.
    """
    # read only: not even the log of a foreign file is tidied up
    uri = f"{path.absolute().as_uri()}?mode=ro"
    statement = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    try:
        with contextlib.closing(
            sqlite3.connect(uri, uri=True, timeout=database.WAIT)
        ) as connection:
            return {str(name) for (name,) in connection.execute(statement)}
    except sqlite3.OperationalError as error:
        if database.busy(error):
            raise database.locked(path) from None
        # what a kill left half done is mended by whoever opens the file to write
        return None
    except sqlite3.DatabaseError as error:
        raise DataError(
            f"{path} is no study ({error}); it stays as it is: name another file"
        ) from None
