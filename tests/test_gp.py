from __future__ import annotations

import numpy as np
import pytest

from nasflow.errors import DataError, NotFittedError
from nasflow.gp import GaussianProcess, graph_features
from nasflow.metrics import kendall_tau
from nasflow.spaces.nbgraph import NBGraph
from small import labels, table


def test_features_count_operations_and_edges_by_pair() -> None:
    cells = table(20)
    features = graph_features(cells)
    wide = []
    for cell in cells:
        index = [cells.vocabulary.index(op) for op in cell.ops]
        pairs = [index[s] * 7 + index[t] for s, t in cell.edges]
        wide.append(np.concatenate([np.bincount(index, minlength=7), np.bincount(pairs, minlength=49),
                                    np.eye(7)[index].reshape(-1)]))
    expected = np.array(wide)
    np.testing.assert_array_equal(features, expected[:, np.ptp(expected, axis=0) > 0])


def test_positions_are_left_out_where_topologies_differ() -> None:
    mixed = NBGraph().enumerate()[::2000]
    assert graph_features(mixed).shape[1] < 11 + 121


def test_the_posterior_is_the_textbook_formula() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)), rng.normal(size=12)
    process = GaussianProcess().fit(x, y)
    new = rng.normal(size=(5, 3))
    width, smooth, linear, noise = np.exp(process._log_scales)
    scale = lambda a: (a - x.mean(0)) / x.std(0)  # noqa: E731

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.array([[smooth * np.exp(-0.5 * np.mean((p - q) ** 2) / width) + linear * np.mean(p * q) for q in b]
                         for p in a])

    inverse = np.linalg.inv(kernel(scale(x), scale(x)) + (noise + 1e-8) * np.eye(12))
    cross = kernel(scale(new), scale(x))
    mean, deviation = process.predict(new)
    np.testing.assert_allclose(mean, y.mean() + cross @ inverse @ (y - y.mean()), rtol=1e-4, atol=1e-6)
    variance = np.diag(kernel(scale(new), scale(new)) - cross @ inverse @ cross.T)
    np.testing.assert_allclose(deviation, y.std() * np.sqrt(np.maximum(variance, 0)), rtol=1e-3, atol=1e-4)


def test_it_ranks_what_counts_determine() -> None:
    cells = table(200)
    y, x = labels(cells), graph_features(cells)
    mean, _ = GaussianProcess().fit(x[:50], y[:50]).predict(x[50:])
    assert kendall_tau(mean, y[50:]) > 0.9


def test_wrong_input_is_refused() -> None:
    with pytest.raises(NotFittedError):
        GaussianProcess().predict(np.zeros((1, 1)))
    with pytest.raises(DataError, match="do not fit"):
        GaussianProcess().fit(np.zeros((3, 1)), np.zeros(2))
    with pytest.raises(DataError, match="finite"):
        GaussianProcess().fit(np.zeros((2, 1)), np.array([1.0, np.nan]))
