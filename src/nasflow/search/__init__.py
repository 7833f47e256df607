"""Search: the best network of a space for a budget of trainings.

`Study` asks and tells, `run` does the trainings as well, `Problem` says what is sought.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.running.exports import exports

if TYPE_CHECKING:
    from nasflow.search.known import Constraint as Constraint
    from nasflow.search.known import Known as Known
    from nasflow.search.problem import Problem as Problem
    from nasflow.search.runner import run as run
    from nasflow.search.strategies.base import Strategy as Strategy
    from nasflow.search.strategies.registry import STRATEGIES as STRATEGIES
    from nasflow.search.strategies.registry import SearchConfig as SearchConfig
    from nasflow.search.study import Study as Study
    from nasflow.search.trial import Trial as Trial

# on use: the options of a search must show without loading NumPy
__getattr__, __dir__, __all__ = exports(
    __name__,
    known=["Constraint", "Known"],
    problem=["Problem"],
    runner=["run"],
    strategies__base=["Strategy"],
    strategies__registry=["STRATEGIES", "SearchConfig"],
    study=["Study"],
    trial=["Trial"],
)
