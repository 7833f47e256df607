"""Search: the best network of a space for a budget of trainings.

`Study` asks and tells, `run` does the trainings as well, `Problem` says what is sought.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nasflow.search.known import Constraint, Known
    from nasflow.search.problem import Problem
    from nasflow.search.runner import run
    from nasflow.search.study import Study
    from nasflow.search.trial import Trial

_HOME = {
    "Constraint": "known",
    "Known": "known",
    "Problem": "problem",
    "Study": "study",
    "Trial": "trial",
    "run": "runner",
}

__all__ = ["Constraint", "Known", "Problem", "Study", "Trial", "run"]


def __getattr__(name: str) -> Any:
    # lazy: the options of a search must show without loading NumPy
    if name not in _HOME:
        raise AttributeError(f"module 'nasflow.search' has no attribute {name!r}")
    return getattr(importlib.import_module(f"nasflow.search.{_HOME[name]}"), name)
