"""The Gaussian process: features by counting, predictions by the textbook's formulas."""

from __future__ import annotations

import numpy as np
import pytest

from nasflow.errors import DataError, NotFittedError
from nasflow.gp import GaussianProcess, graph_features
from nasflow.metrics import kendall_tau
from nasflow.table import ArchTable
from oracles import OPS, random_table


def _varying(columns: list[list[float]]) -> np.ndarray:  # type: ignore[type-arg]
    features = np.array(columns)
    return features[:, np.ptp(features, axis=0) > 0]


def test_features_count_operations_and_edges_by_operation_pair() -> None:
    table = random_table(15)
    rows = []
    for graph in table:
        counts = [float(graph.ops.count(op)) for op in OPS]
        names = [(graph.ops[u], graph.ops[v]) for u, v in graph.edges]
        rows.append(counts + [float(names.count((a, b))) for a in OPS for b in OPS])
    np.testing.assert_array_equal(graph_features(table), _varying(rows))


def test_features_of_one_topology_tell_which_operation_is_where() -> None:
    edges = [(0, 1), (1, 2), (2, 3)]
    ops = np.array([[0, 1, 2, 4], [0, 2, 1, 4], [0, 1, 1, 4], [0, 3, 2, 4]])
    features = graph_features(ArchTable.from_template(OPS, ops, edges))
    assert len(np.unique(features, axis=0)) == 4
    positions = _varying([[float(op == o) for op in row for o in range(5)] for row in ops.tolist()])
    np.testing.assert_array_equal(features[:, -positions.shape[1] :], positions)


def test_isomorphic_graphs_have_equal_features_where_topologies_differ() -> None:
    table = random_table(10)
    flipped = [graph.relabelled(range(graph.n_nodes)[::-1]) for graph in table]
    both = graph_features(ArchTable.concatenate([table, ArchTable.from_architectures(flipped, OPS)]))
    np.testing.assert_array_equal(both[:10], both[10:])


def test_the_posterior_is_that_of_the_textbook() -> None:
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(30, 3)), rng.normal(size=(7, 3))
    y = np.sin(x[:, 0]) + 0.3 * x[:, 1] + 0.05 * rng.normal(size=30)
    process = GaussianProcess().fit(x, y)
    mean, deviation = process.predict(new)

    length, smooth, linear, noise = np.exp(process._log_scales)

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        a, b = ((v - x.mean(axis=0)) / x.std(axis=0) for v in (a, b))
        return np.array([[smooth * np.exp(-0.5 * np.mean((p - q) ** 2) / length) + linear * np.mean(p * q)
                          for q in b] for p in a])

    inverse = np.linalg.inv(kernel(x, x) + (noise + 1e-8) * np.eye(30))
    expected = kernel(new, x) @ inverse @ ((y - y.mean()) / y.std())
    variance = np.diag(kernel(new, new) - kernel(new, x) @ inverse @ kernel(x, new))
    np.testing.assert_allclose(mean, y.mean() + y.std() * expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(deviation, y.std() * np.sqrt(variance), rtol=1e-3, atol=1e-5)


def test_it_interpolates_and_is_unsure_far_away() -> None:
    x = np.linspace(0, 1, 10)[:, None]
    y = np.sin(6 * x[:, 0])
    process = GaussianProcess().fit(x, y)
    mean, near = process.predict(x)
    np.testing.assert_allclose(mean, y, atol=0.05)
    _, far = process.predict(np.array([[5.0]]))
    assert far[0] > 10 * near.max()


def test_it_ranks_new_rows_of_a_linear_truth() -> None:
    table = random_table(150, seed=5)
    features = graph_features(table)
    truth = features @ np.random.default_rng(0).normal(size=features.shape[1])
    mean, _ = GaussianProcess().fit(features[:80], truth[:80]).predict(features[80:])
    assert kendall_tau(mean, truth[80:]) > 0.8


def test_constant_labels_and_repeated_rows_are_no_error() -> None:
    mean, deviation = GaussianProcess().fit(np.ones((4, 2)), np.full(4, 3.0)).predict(np.ones((1, 2)))
    assert mean[0] == pytest.approx(3)
    assert np.isfinite(deviation).all()


@pytest.mark.parametrize(
    ("features", "labels", "words"),
    [
        (np.zeros((3, 2)), np.zeros(2), r"features \(3, 2\) and labels \(2,\) do not fit"),
        (np.zeros(3), np.zeros(3), "do not fit"),
        (np.zeros((1, 2)), np.zeros(1), "n > 1"),
        (np.array([[0.0], [np.nan]]), np.zeros(2), "must be finite"),
        (np.zeros((2, 1)), np.array([0.0, np.inf]), "must be finite"),
    ],
)
def test_rows_that_do_not_fit_are_refused(features: np.ndarray, labels: np.ndarray, words: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(DataError, match=words):
        GaussianProcess().fit(features, labels)


def test_predict_before_fit_is_refused() -> None:
    with pytest.raises(NotFittedError, match="call fit"):
        GaussianProcess().predict(np.zeros((1, 1)))
