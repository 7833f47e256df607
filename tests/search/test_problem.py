"""Known quantities, conditions, Pareto fronts, candidates: the parts a study is made of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.datasets import Dataset, load_dataset
from nasflow.datasets.base import Metric
from nasflow.errors import ConfigError, UnknownNameError
from nasflow.graphs.table import ArchTable
from nasflow.search import Constraint, Known, Problem
from nasflow.search.candidates import Candidates, listed
from nasflow.search.known import met
from nasflow.search.problem import pareto
from nasflow.spaces import load_space
from nasflow.spaces.nb201 import NB201
from nasflow.statistics.ranks import ranks_among
from search_spaces import CHAIN


def small_data() -> Dataset:
    table = NB201().enumerate()[::50]
    metrics = {
        "latency": Metric("latency", "ms", maximise=False, trained=False),
        "gain": Metric("gain", "", trained=False),
        "accuracy": Metric("accuracy", "%"),
    }
    values = {name: np.arange(len(table)) + shift for shift, name in enumerate(metrics)}
    values["gain"] = np.where(values["gain"] % 2, values["gain"], np.nan)
    return Dataset("small", table, metrics, values)


@pytest.mark.parametrize(
    ("text", "bound", "values", "expected"),
    [
        ("params < 1e6", 1e6, [999999, 1e6, np.nan], [True, False, False]),
        ("latency.raspi4<=10", 10, [10, 10.5, np.nan], [True, False, False]),
        (" a > -2 ", -2, [-2, -1, np.nan], [False, True, False]),
        ("a >= 3", 3, [3, 2, np.nan], [True, False, False]),
    ],
)
def test_a_condition_is_read_and_holds_where_it_says(
    text: str, bound: float, values: list[float], expected: list[bool]
) -> None:
    constraint = Constraint.parse(text)
    assert constraint.bound == bound
    assert constraint.holds(np.array(values)).tolist() == expected
    assert Constraint.parse(str(constraint)) == constraint


@pytest.mark.parametrize(
    "text", ["params", "params = 3", "params < many", "params < nan", "< 3", ""]
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is no condition; legal"):
        Constraint.parse(text)


def test_columns_are_looked_up_for_the_cell_itself_then_for_a_twin() -> None:
    data, space = small_data(), NB201()
    known = Known(data, {"n": lambda a: a.n_nodes})
    assert known.names == ["n", "latency", "gain"]
    np.testing.assert_array_equal(known.values("latency", data.table), np.arange(len(data)))
    picked = np.random.default_rng(0).permutation(len(data))[:40]
    # another vocabulary, another order of the nodes
    again = ArchTable.from_architectures([data.table[int(row)] for row in picked])
    np.testing.assert_array_equal(known.values("latency", again), picked)
    ids = data.table.canonical_ids
    everything = space.enumerate()
    found = known.values("latency", everything)
    exact = {a: i for i, a in enumerate(data.table)}
    first = {i: row for row, i in reversed(list(enumerate(ids.tolist())))}
    for row in range(0, len(everything), 97):
        cell = everything[row]
        expected = exact.get(cell, first.get(cell.canonical_id, np.nan))
        np.testing.assert_equal(found[row], expected)
    assert known.values("n", again).tolist() == [8.0] * 40
    assert (known.maximise("latency"), known.maximise("gain"), known.maximise("n")) == (
        False,
        True,
        False,
    )
    with pytest.raises(UnknownNameError, match="legal: n, latency, gain"):
        known.values("accuracy", again)  # it took a training
    ok = met([Constraint.parse("latency < 50"), Constraint.parse("gain > 5")], known, data.table)
    assert np.flatnonzero(ok).tolist() == [
        row for row in range(50) if (row + 1) % 2 and row + 1 > 5
    ]


def test_hardware_of_nas_bench_201(nasflow_data: object) -> None:
    data = load_dataset("nb201")
    known = Known(data)
    problem = Problem(
        NB201(),
        second="latency.raspi4",
        constraints=(Constraint.parse("params < 0.5"),),
        known=known,
    )
    assert not problem.second_maximise
    fresh = Candidates(problem, None, [], np.random.default_rng(0)).fresh(50)
    table = ArchTable.from_architectures([c.architecture for c in fresh])
    rows = {a: i for i, a in enumerate(data.table)}
    at = [rows[a] for a in table]
    assert (data.labels("params")[at] < 0.5).all()
    np.testing.assert_array_equal(
        known.values("latency.raspi4", table), data.labels("latency.raspi4")[at]
    )


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_the_front_is_what_nothing_dominates(points: list[tuple[int, int]]) -> None:
    expected = [not any(q[0] >= p[0] and q[1] >= p[1] and q != p for q in points) for p in points]
    assert pareto(np.array(points, float)).tolist() == expected


def test_weights_of_two_objectives_cover_both_ends() -> None:
    problem = Problem(
        CHAIN, maximise=False, second="n", known=Known(functions={"n": lambda a: 0.0})
    )
    values, seconds = [1.0, 2.0, 3.0], [30.0, 20.0, 10.0]
    best = {
        int(problem.utility(values, seconds, np.random.default_rng(seed)).argmax())
        for seed in range(50)
    }
    assert best == {0, 1, 2}
    assert problem.utility([], [], np.random.default_rng(0)).shape == (0,)
    assert Problem(CHAIN, maximise=False).utility(
        values, [0.0] * 3, np.random.default_rng(0)
    ).tolist() == [-1, -2, -3]


@pytest.mark.parametrize("name", ["nb101", "nb201", "darts", "nasbench-nlp"])
def test_candidates_are_elements_and_never_twins(name: str) -> None:
    problem = Problem(load_space(name))
    candidates = Candidates(problem, None, [], np.random.default_rng(0))
    first = candidates.fresh(5)
    parents = [c.architecture for c in first]
    every = [
        *first,
        *candidates.mutations(parents, 4),
        *candidates.mutations(parents, 4, again=0.5),
        *candidates.neighbours(parents[0], 8),
        *candidates.mutation(parents[1]),
    ]
    ids = [c.canonical_id for c in every]
    assert len(set(ids)) == len(ids) > 15
    for candidate in every:
        problem.space.validate(candidate.architecture)
        assert candidate.architecture.canonical_id == candidate.canonical_id
    seen = Candidates(problem, None, ids, np.random.default_rng(0)).fresh(5)
    assert not {c.canonical_id for c in seen} & set(ids)


def test_spaces_are_listed_where_they_are_small() -> None:
    sizes = {
        name: listed(Problem(load_space(name)))
        for name in ("nb101", "darts", "transnas-micro", "nasbench-macro")
    }
    assert sizes["nb101"] is sizes["darts"] is None
    assert [len(sizes[name].table) for name in ("transnas-micro", "nasbench-macro")] == [4096, 6561]  # type: ignore[union-attr]
    whole = sizes["transnas-micro"]
    assert whole is not None
    assert len(set(whole.ids)) == whole.allowed_first.sum() < 4096
    assert listed(Problem(NB201(none="edge"))) is None  # what it lists are no elements of it


def test_ranks_among_a_reference() -> None:
    reference = np.array([1.0, 2.0, 2.0, 4.0, np.nan])
    ranks = ranks_among(np.array([0.0, 2.0, 3.0, 9.0, np.nan]), reference)
    assert ranks.tolist() == [0.0, 0.5, 0.75, 1.0, 0.5]
    assert ranks_among(np.array([1.0]), np.array([np.nan])).tolist() == [0.5]
