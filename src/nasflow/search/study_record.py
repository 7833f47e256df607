"""`StudyRecord`: a study's file as it is, to look at and to mend, without what trains."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from pathlib import Path
from typing import Any

from nasflow.datasets import open_dataset
from nasflow.datasets.registry import dataset_names
from nasflow.errors import DataError, NasflowError
from nasflow.running.files import PathLike, require_file
from nasflow.search.results import Results
from nasflow.search.store import Store
from nasflow.search.study_file import check_study_file
from nasflow.search.trial import Trial
from nasflow.spaces import load_space
from nasflow.spaces.base import Space
from nasflow.spaces.registry import space_names


def about_of(path: PathLike) -> dict[str, Any] | None:
    """What a study's file says that it is about; None where it is none, or not there."""
    if not Path(path).is_file():
        return None
    try:
        # read only: not even the log of a foreign file is tidied up
        uri = f"{Path(path).absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            (text,) = connection.execute("SELECT about FROM settings").fetchone()
        about = json.loads(text)
    except (sqlite3.Error, ValueError, TypeError):
        return None  # whoever opens it as a study will say what is wrong
    return about if isinstance(about, dict) else None


class StudyRecord:
    """The file at `path`.

    Raises:
        MissingDataError: it is not there.
        DataError: it is no study.
    """

    def __init__(self, path: PathLike) -> None:
        check_study_file(require_file(path))
        about = about_of(path)
        # looked at before it is opened, which would make a study of an empty file
        if about is None:
            raise DataError(f"{path} holds no study; name the file that --study named")
        self.path = Path(path)
        self.about = about
        self._store = Store(path)

    @property
    def trials(self) -> list[Trial]:
        """All trials in the order of their proposal."""
        return self._store.trials()

    def results(self, space: str | None = None, second_maximise: bool = False) -> Results:
        """What the study holds.

        Args:
            space: where it is the description of a file, its name; the study does not keep that.
            second_maximise: whether more of the second objective is better, where no data set says.
        """
        name = str(self.about.get("space"))
        second = self.about.get("second objective")
        return Results(
            self.trials,
            Path(space).name if space else name,
            _space(space or name),
            bool(self.about.get("maximise", True)),
            second,
            second_maximise or self._second_maximise(name, second),
        )

    def _second_maximise(self, space: str, second: str | None) -> bool:
        """Whether more of the second objective is better."""
        kept = self.about.get("second_maximise")
        # files of before it was written down leave it to the data set
        return bool(kept) if kept is not None else _is_maximised(space, second)

    def forget(self, number: int) -> None:
        """Take back a result or a failure; the file keeps it as forgotten.

        Raises:
            DataError: there is no such trial, or no result of it.
        """
        self._take_back(number, None)

    def correct(self, number: int, value: float) -> None:
        """Put another value in place of a result or a failure; the file keeps what was told.

        Raises:
            DataError: there is no such trial, or no result of it, or the value is not finite.
        """
        if not math.isfinite(value):
            raise DataError(f"the value {value} of trial {number} is not finite; forget the trial")
        self._take_back(number, value)

    def retry(self) -> int:
        """Plan all trainings that failed anew, for the next search; returns how many there were."""
        return retry_failed(self._store)

    def _take_back(self, number: int, value: float | None) -> None:
        trials = self.trials
        if not 0 <= number < len(trials):
            legal = f"legal: 0 to {len(trials) - 1}" if trials else "it has none yet"
            raise DataError(f"{self.path} has no trial {number}; {legal}")
        self._store.take_back(trials[number], value)


def retry_failed(store: Store) -> int:
    """Plan the trainings that failed anew; returns how many there were.

    Why they failed is kept (`Trial.former`).
    """
    # a failure that was told comes from outside: here it was never trained
    failed = [t for t in store.trials() if t.state == "failed" and t.origin != "told"]
    n_planned = 0
    for trial in failed:
        # not where another process was faster
        if store.replace(trial, "planned", None, None, f"failed: {trial.reason}"):
            n_planned += 1
            # its two starts are all there again
            with store.transaction() as rows:
                statement = "UPDATE trials SET starts = 0, interruptions = 0 WHERE number = ?"
                rows.execute(statement, (trial.number,))
    return n_planned


def _space(name: str) -> Space | None:
    """The space of a name; None for one that a file described which is not named."""
    is_own = name.endswith((".yaml", ".yml")) or ":" in name
    return load_space(name) if is_own or name in space_names() else None


def _is_maximised(space: str, quantity: str | None) -> bool:
    """Whether more of a quantity is better, as the data set of the space's name says."""
    if quantity is None or space not in dataset_names():
        return False
    try:
        return open_dataset(space).metric(quantity).maximise
    except NasflowError:  # its files are not here, or it is a function of the user's
        return False
