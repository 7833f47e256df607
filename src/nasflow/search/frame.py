"""The trials of a study as a pandas DataFrame."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from nasflow.errors import MissingExtraError
from nasflow.search.problem import Problem
from nasflow.search.short_notation import whole_notation
from nasflow.search.trial import Trial


def frame_of(trials: Sequence[Trial], problem: Problem) -> Any:
    """A DataFrame with a row for each trial, its columns those of `trials.csv`.

    The second objective stands behind the value, where there is one. Numbers that there are not are
    NaN, also of trials that are planned or under way.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    try:
        pandas = importlib.import_module("pandas")
    except ImportError as error:
        # it is there, and something that it needs is not
        if error.name is not None and error.name.partition(".")[0] != "pandas":
            raise
        raise MissingExtraError(
            "to_pandas needs pandas; install it with: pip install pandas. Without it study.trials()"
            " has the same, and nasflow study FILE --csv trials.csv writes it"
        ) from None
    columns: dict[str, list[Any]] = {
        "trial": [trial.number for trial in trials],
        "state": [trial.state for trial in trials],
        "origin": [trial.origin for trial in trials],
        "value": _numbers([trial.value for trial in trials]),
    }
    if problem.second is not None:
        columns[problem.second] = _numbers([trial.second for trial in trials])
    columns |= {
        "predicted": _numbers([trial.predicted for trial in trials]),
        "deviation": _numbers([trial.deviation for trial in trials]),
        "seconds": _numbers([trial.seconds for trial in trials]),
        "reason": [trial.reason or "" for trial in trials],
        "architecture": [whole_notation(problem.space, trial.architecture) for trial in trials],
    }
    return pandas.DataFrame(columns)


def _numbers(values: Sequence[float | None]) -> list[float]:
    """NaN where there is none: a column of None alone would be one of objects."""
    return [float("nan") if value is None else value for value in values]
