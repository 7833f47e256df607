"""A small exact Gaussian process on hand-made graph features: the floor that a learned encoder has to beat.

Features of an architecture (`graph_features`): how often each operation occurs, how often an edge joins each
pair of operations, and, where all graphs of the table have the same nodes and edges, which operation sits at
which node. The kernel is a squared exponential plus a linear part plus noise; its four scales maximise the
marginal likelihood (Rasmussen & Williams 2006, section 5.4.1). No pre-training, no graph network, under a
second for a few hundred labels.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.optimize

from nasflow.errors import DataError, NotFittedError
from nasflow.table import ArchTable

FloatArray = npt.NDArray[np.float64]


def graph_features(table: ArchTable) -> FloatArray:
    """(N, d) float64: counts of operations and of edges by operation pair, one-hot operations by position.

    Columns that are constant over the table are left out, so take the features of all rows, labelled or not, and
    cut them afterwards.
    """
    n_ops, graph = table.n_ops, table.node_graph
    ops = table.ops.astype(np.int64)
    counts = np.zeros((len(table), n_ops))
    np.add.at(counts, (graph, ops), 1)
    source, target = table.global_edges()
    pairs = np.zeros((len(table), n_ops**2))
    np.add.at(pairs, (graph[source], ops[source] * n_ops + ops[target]), 1)
    parts = [counts, pairs]
    if _one_topology(table):
        parts.append(np.eye(n_ops)[ops.reshape(len(table), -1)].reshape(len(table), -1))
    features = np.hstack(parts)
    return features[:, np.ptp(features, axis=0) > 0]


def _one_topology(table: ArchTable) -> bool:
    sizes, n_edges = np.diff(table.node_ptr), np.diff(table.edge_ptr)
    if not len(table) or np.ptp(sizes) or np.ptp(n_edges):
        return False
    edges = table.edges.reshape(2, len(table), -1)
    return bool((edges == edges[:, :1]).all())


class GaussianProcess:
    """Exact regression with a mean and a standard deviation for every row.

    Example:
        >>> x = np.linspace(0, 1, 8)[:, None]
        >>> mean, deviation = GaussianProcess().fit(x, np.sin(6 * x[:, 0])).predict(x)
        >>> bool(np.abs(mean - np.sin(6 * x[:, 0])).max() < 0.05)
        True
    """

    def __init__(self) -> None:
        self._x: FloatArray | None = None

    def fit(self, features: FloatArray, labels: FloatArray) -> Self:
        """Condition on `labels` (n,) at `features` (n, d); the kernel's scales are chosen here.

        Raises:
            DataError: shapes that do not fit, or values that are not finite.
        """
        if features.ndim != 2 or labels.shape != (len(features),) or len(labels) < 2:
            raise DataError(f"features {features.shape} and labels {labels.shape} do not fit: (n, d) and (n,), n > 1")
        if not (np.isfinite(features).all() and np.isfinite(labels).all()):
            raise DataError("features and labels must be finite")
        self._mean, self._scale = features.mean(axis=0), features.std(axis=0)
        self._scale[self._scale == 0] = 1.0
        self._label_mean, self._label_scale = float(labels.mean()), float(labels.std()) or 1.0
        x, y = self._normalised(features), (labels - self._label_mean) / self._label_scale
        square, product = _squared_distances(x, x), x @ x.T / x.shape[1]

        def cost(log_scales: FloatArray) -> float:
            kernel = _kernel(square, product, log_scales)
            kernel[np.diag_indices_from(kernel)] += np.exp(log_scales[3]) + 1e-8
            try:
                lower = np.linalg.cholesky(kernel)
            except np.linalg.LinAlgError:
                return 1e10
            whitened = scipy.linalg.solve_triangular(lower, y, lower=True)
            return float(0.5 * whitened @ whitened + np.log(np.diag(lower)).sum())

        bounds = [(-6.0, 4.0), (-8.0, 4.0), (-8.0, 4.0), (-8.0, 2.0)]
        starts = [np.array([0.0, 0.0, -2.0, -2.0]), np.array([2.0, 0.0, -4.0, -1.0])]
        found = [scipy.optimize.minimize(cost, s, method="L-BFGS-B", bounds=bounds) for s in starts]
        self._log_scales = min(found, key=lambda result: float(result.fun)).x
        kernel = _kernel(square, product, self._log_scales)
        kernel[np.diag_indices_from(kernel)] += np.exp(self._log_scales[3]) + 1e-8
        self._factor = scipy.linalg.cho_factor(kernel, lower=True)
        self._weights = scipy.linalg.cho_solve(self._factor, y)
        self._x = x
        return self

    def predict(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean (m,) and standard deviation (m,) of the noise-free label at `features` (m, d)."""
        if self._x is None:
            raise NotFittedError("predict needs labels first: call fit")
        x = self._normalised(features)
        square = _squared_distances(x, self._x)
        cross = _kernel(square, x @ self._x.T / x.shape[1], self._log_scales)
        mean = cross @ self._weights
        prior = np.exp(self._log_scales[1]) + np.exp(self._log_scales[2]) * (x**2).mean(axis=1)
        explained = np.einsum("ij,ji->i", cross, scipy.linalg.cho_solve(self._factor, cross.T))
        deviation = np.sqrt(np.maximum(prior - explained, 0.0))
        return self._label_mean + self._label_scale * mean, self._label_scale * deviation

    def _normalised(self, features: FloatArray) -> FloatArray:
        normalised: FloatArray = (features - self._mean) / self._scale
        return normalised


def _squared_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """(n, m): mean squared difference over the features; negative rounding errors become 0."""
    square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    distances: FloatArray = np.maximum(square, 0.0) / a.shape[1]
    return distances


def _kernel(square: FloatArray, product: FloatArray, log_scales: FloatArray) -> FloatArray:
    """Kernel without noise; log_scales = log of (length^2, squared-exponential, linear, noise) variances."""
    width, smooth, linear, _ = np.exp(log_scales)
    kernel: FloatArray = smooth * np.exp(-0.5 * square / width) + linear * product
    return kernel
