"""`simulate`: a search whose trainings are looked up in a table, to compare strategies.

Its course lists each change of the best so far: [trainings, what is optimised, what is reported],
such as validation and test accuracy. It is all that tables and curves of a simulated search need.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nasflow.datasets import Dataset
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.search.candidates import Candidates, Listed
from nasflow.search.known import Constraint, FloatArray, Known
from nasflow.search.problem import Problem
from nasflow.search.strategies.base import History, Proposal
from nasflow.search.strategies.make import make_strategy
from nasflow.search.strategies.registry import SearchConfig
from nasflow.spaces import Space

Values = Callable[[ArchTable], FloatArray]
"""From a table of n architectures to n numbers."""


def among_rows(dataset: Dataset, space: Space, metric: str) -> tuple[Problem, Listed]:
    """A search among the rows of a data set where `metric` was measured, and all of them.

    All metrics of the data set are known quantities of the problem: `problem.known.values(name,
    table)`.
    """
    # in a simulation nothing takes a training: the metrics become known quantities
    metrics = {name: dataclasses.replace(m, trained=False) for name, m in dataset.metrics.items()}
    quantities = Known(Dataset(dataset.name, dataset.table, metrics, dataset.values))
    was_measured = Constraint(metric, ">", -math.inf)
    problem = Problem(space, constraints=(was_measured,), known=quantities)
    return problem, Listed(problem, dataset.table)


@dataclass(frozen=True, eq=False)
class Simulated:
    """What a simulated search trained, in order."""

    architectures: Sequence[Architecture]
    values: FloatArray
    """(n,): what was optimised."""
    seconds: FloatArray
    """(n,): what each suggestion took of the processor; of a round, the first bears all."""

    def course(self, reported: Values) -> list[list[float]]:
        """Each change of the best so far: trainings, its value, and what is reported of it."""
        best = np.maximum.accumulate(self.values)
        improvements = np.flatnonzero(np.diff(best, prepend=-np.inf) > 0).tolist()
        incumbents = ArchTable.from_architectures([self.architectures[i] for i in improvements])
        course = []
        for i, number in zip(improvements, reported(incumbents), strict=True):
            course.append([i + 1, float(self.values[i]), float(number)])
        return course


def simulate(
    problem: Problem, whole: Listed | None, config: SearchConfig, optimised: Values, budget: int
) -> Simulated:
    """A search of `budget` trainings, one at a time; fewer where the space holds no more.

    Args:
        problem: the space; more of `optimised` is better.
        whole: all elements, where the space was listed.
        config: strategy, seed, options.
        optimised: gives what a training would.
        budget: number of trainings.
    """
    strategy = make_strategy(config, problem, whole)
    strategy.prepare(False)
    architectures: list[Architecture] = []
    ids: list[str] = []
    origins: list[str] = []
    values: list[float] = []
    seconds: list[float] = []
    planned: list[Proposal] = []
    while len(architectures) < budget:
        n = len(architectures)
        started = time.process_time()
        if not planned:
            # the seed of proposal n in a study (`Study`): both propose the same
            rng = np.random.default_rng([config.seed, n])
            history = History(architectures, np.array(values), origins, [], n)
            planned = strategy.propose(history, Candidates(problem, whole, ids, rng), 1)
            if not planned:
                break  # the space holds nothing else
        # a strategy in rounds gives many at once: they are trained before it is asked again
        proposal = planned.pop(0)
        seconds.append(time.process_time() - started)
        architecture = proposal.candidate.architecture
        architectures.append(architecture)
        ids.append(proposal.candidate.canonical_id)
        origins.append(proposal.origin)
        value = optimised(ArchTable.from_architectures([architecture]))[0]
        values.append(float(value))
    return Simulated(architectures, np.array(values), np.array(seconds))


def along(course: Sequence[Sequence[float]], n: int, column: int = 2) -> FloatArray:
    """(n,): a column of the course after each of n trainings.

    Args:
        course: as `Simulated.course` gives it.
        n: number of trainings.
        column: 1 for what was optimised, 2 for what is reported of it.
    """
    changes = np.array(course)  # (n_changes, 3)
    # the last change that had happened by then
    rows = np.searchsorted(changes[:, 0], np.arange(1, n + 1), side="right") - 1
    values: FloatArray = changes[rows, column]
    return values
