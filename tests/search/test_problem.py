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
    quantities = Known(data, {"n": lambda a: a.n_nodes})
    assert quantities.names == ["n", "latency", "gain"]
    np.testing.assert_array_equal(quantities.values("latency", data.table), np.arange(len(data)))
    rows = np.random.default_rng(0).permutation(len(data))[:40].tolist()
    # another vocabulary, another order of the nodes
    again = ArchTable.from_architectures([data.table[row] for row in rows])
    np.testing.assert_array_equal(quantities.values("latency", again), rows)
    whole = space.enumerate()
    latencies = quantities.values("latency", whole)
    row_of = {architecture: row for row, architecture in enumerate(data.table)}
    row_of_twin: dict[str, int] = {}
    for row, canonical_id in enumerate(data.table.canonical_ids.tolist()):
        row_of_twin.setdefault(canonical_id, row)
    for row in range(0, len(whole), 97):
        cell = whole[row]
        expected = row_of.get(cell, row_of_twin.get(cell.canonical_id, np.nan))
        np.testing.assert_equal(latencies[row], expected)
    assert quantities.values("n", again).tolist() == [8.0] * 40
    directions = [quantities.maximise(name) for name in ("latency", "gain", "n")]
    assert directions == [False, True, False]
    with pytest.raises(UnknownNameError, match="legal: n, latency, gain"):
        quantities.values("accuracy", again)  # it took a training
    constraints = [Constraint.parse("latency < 50"), Constraint.parse("gain > 5")]
    feasible = met(constraints, quantities, data.table)
    # a row's latency is its number, its gain that and one, and every other gain is not known
    expected_rows = [row for row in range(50) if (row + 1) % 2 and row + 1 > 5]
    assert np.flatnonzero(feasible).tolist() == expected_rows


def test_hardware_of_nas_bench_201(nasflow_data: object) -> None:
    data = load_dataset("nb201")
    quantities = Known(data)
    problem = Problem(
        NB201(),
        second="latency.raspi4",
        constraints=(Constraint.parse("params < 0.5"),),
        known=quantities,
    )
    assert not problem.second_maximise
    fresh = Candidates(problem, None, [], np.random.default_rng(0)).fresh(50)
    table = ArchTable.from_architectures([c.architecture for c in fresh])
    row_of = {architecture: row for row, architecture in enumerate(data.table)}
    rows = [row_of[architecture] for architecture in table]
    assert (data.labels("params")[rows] < 0.5).all()
    expected = data.labels("latency.raspi4")[rows]
    np.testing.assert_array_equal(quantities.values("latency.raspi4", table), expected)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_the_front_is_what_nothing_dominates(points: list[tuple[int, int]]) -> None:
    def is_dominated(point: tuple[int, int]) -> bool:
        x, y = point
        return any(u >= x and v >= y and (u, v) != point for u, v in points)

    expected = [not is_dominated(point) for point in points]
    assert pareto(np.array(points, float)).tolist() == expected


def test_weights_of_two_objectives_cover_both_ends() -> None:
    quantities = Known(functions={"n": lambda a: 0.0})
    problem = Problem(CHAIN, maximise=False, second="n", known=quantities)
    values, seconds = [1.0, 2.0, 3.0], [30.0, 20.0, 10.0]
    best = set()
    for seed in range(50):
        utility = problem.utility(values, seconds, np.random.default_rng(seed))
        best.add(int(utility.argmax()))
    assert best == {0, 1, 2}
    assert problem.utility([], [], np.random.default_rng(0)).shape == (0,)
    one_objective = Problem(CHAIN, maximise=False)
    utility = one_objective.utility(values, [0.0] * 3, np.random.default_rng(0))
    assert utility.tolist() == [-1, -2, -3]


@pytest.mark.parametrize("name", ["nb101", "nb201", "darts", "nasbench-nlp"])
def test_candidates_are_elements_and_never_twins(name: str) -> None:
    problem = Problem(load_space(name))
    candidates = Candidates(problem, None, [], np.random.default_rng(0))
    first = candidates.fresh(5)
    parents = [candidate.architecture for candidate in first]
    all_of_them = [
        *first,
        *candidates.mutations(parents, 4),
        *candidates.mutations(parents, 4, again=0.5),
        *candidates.neighbours(parents[0], 8),
        *candidates.mutation(parents[1]),
    ]
    ids = [candidate.canonical_id for candidate in all_of_them]
    assert len(set(ids)) == len(ids) > 15
    for candidate in all_of_them:
        problem.space.validate(candidate.architecture)
        assert candidate.architecture.canonical_id == candidate.canonical_id
    # the same draws, with all of these seen before
    others = Candidates(problem, None, ids, np.random.default_rng(0)).fresh(5)
    assert not {candidate.canonical_id for candidate in others} & set(ids)


def test_spaces_are_listed_where_they_are_small() -> None:
    assert listed(Problem(load_space("nb101"))) is None
    assert listed(Problem(load_space("darts"))) is None
    macro = listed(Problem(load_space("nasbench-macro")))
    micro = listed(Problem(load_space("transnas-micro")))
    assert macro is not None
    assert micro is not None
    assert (len(macro.table), len(micro.table)) == (6561, 4096)
    assert len(set(micro.ids)) == micro.allowed_first.sum() < 4096
    assert listed(Problem(NB201(none="edge"))) is None  # what it lists are no elements of it


def test_ranks_among_a_reference() -> None:
    reference = np.array([1.0, 2.0, 2.0, 4.0, np.nan])
    ranks = ranks_among(np.array([0.0, 2.0, 3.0, 9.0, np.nan]), reference)
    assert ranks.tolist() == [0.0, 0.5, 0.75, 1.0, 0.5]
    assert ranks_among(np.array([1.0]), np.array([np.nan])).tolist() == [0.5]
