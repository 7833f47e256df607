"""Simulated searches, against a study that is told the same results."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nasflow.datasets import Dataset
from nasflow.datasets.base import Metric
from nasflow.graphs.table import ArchTable
from nasflow.search.candidates import listed
from nasflow.search.known import FloatArray
from nasflow.search.problem import Problem
from nasflow.search.simulation import along, among_rows, simulate
from nasflow.search.study import Study
from search_spaces import CHAIN, OPEN, options, worth


def worths(table: ArchTable) -> FloatArray:
    return np.array([worth(architecture) for architecture in table])


def test_it_proposes_what_a_study_would_and_tells_its_course(tmp_path: Path) -> None:
    config, problem = options("gp-onehot", n_initial=5), Problem(CHAIN)
    search = simulate(problem, listed(problem), config, worths, 14)
    study = Study(tmp_path / "study.db", problem, config)
    for _ in range(14):
        for trial in study.ask():
            study.tell(trial.architecture, worth(trial.architecture))
    assert list(search.architectures) == [trial.architecture for trial in study.trials()]
    assert search.values.tolist() == [trial.value for trial in study.trials()]
    assert search.seconds.shape == (14,)
    course = search.course(lambda table: 100 - worths(table))
    best = np.maximum.accumulate(search.values)
    np.testing.assert_allclose(along(course, 14, 1), best)
    np.testing.assert_allclose(along(course, 14), 100 - best)
    assert len(course) == len(np.unique(best))


def test_it_ends_where_the_space_does() -> None:
    problem = Problem(OPEN)
    n = len(set(OPEN.enumerate().canonical_ids))
    assert len(simulate(problem, listed(problem), options("random"), worths, 1000).values) == n


def test_among_rows_trains_only_what_was_measured() -> None:
    table = CHAIN.enumerate()[::2]  # half of the space, of which every third row was not measured
    values = worths(table)
    values[::3] = np.nan
    data = Dataset("half", table, {"accuracy": Metric("accuracy", "made up")}, {"accuracy": values})
    problem, whole = among_rows(data, CHAIN, "accuracy")

    def look_up(table: ArchTable) -> FloatArray:
        return problem.known.values("accuracy", table)

    search = simulate(problem, whole, options("gp-onehot"), look_up, 1000)
    assert sorted(search.values) == sorted(values[np.isfinite(values)])
    measured = table[np.flatnonzero(np.isfinite(values))]
    trained = ArchTable.from_architectures(search.architectures)
    assert set(trained.canonical_ids) == set(measured.canonical_ids)
