"""The Gaussian process: features by counting, predictions by the textbook's formulas."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from nasflow.errors import DataError, NotFittedError
from nasflow.graphs.table import ArchTable
from nasflow.prediction import gp
from nasflow.prediction.gp import GaussianProcess, graph_features
from nasflow.statistics.metrics import kendall_tau
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
    flipped_table = ArchTable.from_architectures(flipped, OPS)
    both = graph_features(ArchTable.concatenate([table, flipped_table]))
    np.testing.assert_array_equal(both[:10], both[10:])


@pytest.mark.parametrize("block", [1, 3, 1024])
def test_the_posterior_is_that_of_the_textbook(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gp, "_BLOCK", block)
    rng = np.random.default_rng(0)
    x, new = rng.normal(size=(30, 3)), rng.normal(size=(7, 3))
    y = np.sin(x[:, 0]) + 0.3 * x[:, 1] + 0.05 * rng.normal(size=30)
    process = GaussianProcess().fit(x, y)
    mean, deviation = process.predict(new)

    length, smooth, linear, noise = np.exp(process._log_scales)

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        a, b = ((v - x.mean(axis=0)) / x.std(axis=0) for v in (a, b))
        values = np.zeros((len(a), len(b)))
        for i, p in enumerate(a):
            for j, q in enumerate(b):
                square, product = np.mean((p - q) ** 2), np.mean(p * q)
                values[i, j] = smooth * np.exp(-0.5 * square / length) + linear * product
        return values

    inverse = np.linalg.inv(kernel(x, x) + (noise + 1e-8) * np.eye(30))
    expected = kernel(new, x) @ inverse @ ((y - y.mean()) / y.std())
    variance = np.diag(kernel(new, new) - kernel(new, x) @ inverse @ kernel(x, new))
    np.testing.assert_allclose(mean, y.mean() + y.std() * expected, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(deviation, y.std() * np.sqrt(variance), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(process.predict_mean(new), mean, rtol=1e-12)


def test_an_inverse_from_a_factor_is_the_inverse() -> None:
    root = np.random.default_rng(1).normal(size=(9, 9))
    matrix = root @ root.T + np.eye(9)
    inverse = gp._inverse(scipy.linalg.cho_factor(matrix, lower=True)[0])
    np.testing.assert_allclose(inverse, np.linalg.inv(matrix), atol=1e-10)


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
    process = GaussianProcess().fit(np.ones((4, 2)), np.full(4, 3.0))
    mean, deviation = process.predict(np.ones((1, 2)))
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
def test_rows_that_do_not_fit_are_refused(
    features: np.ndarray, labels: np.ndarray, words: str
) -> None:  # type: ignore[type-arg]
    with pytest.raises(DataError, match=words):
        GaussianProcess().fit(features, labels)


def test_predict_before_fit_is_refused() -> None:
    with pytest.raises(NotFittedError, match="call fit"):
        GaussianProcess().predict(np.zeros((1, 1)))


def test_groups_of_features_have_kernels_of_their_own() -> None:
    """One group tells, one is noise: its part must fade, where a single length takes both alike."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(120, 12))
    y = np.sin(2 * x[:, 0]) + x[:, 1]
    labelled, new = slice(0, 70), slice(70, 120)
    grouped = GaussianProcess([2, 10], prior=0.02).fit(x[labelled], y[labelled])
    alike = GaussianProcess(None, prior=0.02).fit(x[labelled], y[labelled])
    errors = [
        float(np.abs(process.predict(x[new])[0] - y[new]).mean()) for process in (grouped, alike)
    ]
    assert errors[0] < 0.5 * errors[1]

    mean, deviation = grouped.predict(x[new])
    scales = np.exp(grouped._log_scales)
    rows = (x - x[labelled].mean(axis=0)) / x[labelled].std(axis=0)

    def kernel(p: np.ndarray, q: np.ndarray) -> float:  # type: ignore[type-arg]
        total = 0.0
        for columns, (length, smooth, linear) in zip(
            ([0, 1], range(2, 12)), scales[:-1].reshape(2, 3), strict=True
        ):
            a, b = p[list(columns)], q[list(columns)]
            total += smooth * np.exp(-0.5 * np.mean((a - b) ** 2) / length)
            total += linear * np.mean(a * b)
        return float(total)

    def kernels(a: np.ndarray, b: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        pairs = [kernel(p, q) for p in a for q in b]
        return np.array(pairs).reshape(len(a), len(b))

    K = kernels(rows[labelled], rows[labelled]) + (scales[-1] + 1e-8) * np.eye(70)
    k = kernels(rows[new], rows[labelled])
    centre, scale = y[labelled].mean(), y[labelled].std()
    expected = centre + scale * k @ np.linalg.solve(K, (y[labelled] - centre) / scale)
    np.testing.assert_allclose(mean, expected, rtol=1e-4, atol=1e-6)
    variance = np.array([kernel(a, a) for a in rows[new]])
    variance -= np.einsum("ij,ji->i", k, np.linalg.solve(K, k.T))
    np.testing.assert_allclose(deviation, scale * np.sqrt(variance), rtol=1e-3, atol=1e-5)
    with pytest.raises(DataError, match="groups of"):
        GaussianProcess([3, 3]).fit(x, y)


def test_the_scales_are_where_the_likelihood_has_its_maximum() -> None:
    """The gradient that leads there is right: no step along any scale is better."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(50, 5))
    y = np.sin(x[:, 0]) + 0.5 * x[:, 3] + 0.3 * rng.normal(size=50)
    process = GaussianProcess([2, 3]).fit(x, y)
    rows, z = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean()) / y.std()

    def cost(log_scales: np.ndarray) -> float:  # type: ignore[type-arg]
        K = np.zeros((50, 50))
        for columns, (length, smooth, linear) in zip(
            (slice(0, 2), slice(2, 5)), np.exp(log_scales[:-1]).reshape(2, 3), strict=True
        ):
            a = rows[:, columns]
            square = ((a[:, None] - a) ** 2).mean(axis=2)
            K += smooth * np.exp(-0.5 * square / length) + linear * a @ a.T / a.shape[1]
        K += (np.exp(log_scales[-1]) + 1e-8) * np.eye(50)
        return float(0.5 * z @ np.linalg.solve(K, z) + 0.5 * np.linalg.slogdet(K)[1])

    best = process._log_scales
    inside = [i for i in range(len(best)) if -7.9 < best[i] < 3.9 and (i % 3 or best[i] > -5.9)]
    assert len(inside) >= 3
    for i in inside:
        for step in (-0.2, 0.2):
            beside = best.copy()
            beside[i] += step
            assert cost(beside) > cost(best) - 1e-4


def test_conditioning_again_keeps_the_scales() -> None:
    x = np.linspace(0, 1, 12)[:, None]
    y = np.sin(6 * x[:, 0])
    process = GaussianProcess().fit(x[:8], y[:8])
    scales = process._log_scales.copy()
    before = process.predict(x[10:])[1]
    process.condition(x, y)
    np.testing.assert_array_equal(process._log_scales, scales)
    assert (process.predict(x[10:])[1] < before).all()
    np.testing.assert_allclose(process.predict(x)[0], y, atol=0.05)
