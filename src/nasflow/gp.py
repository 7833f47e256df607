"""A small exact Gaussian process: on hand-made graph features, the floor that a learned encoder has to beat.

Features of an architecture (`graph_features`): how often each operation occurs, how often an edge joins each
pair of operations, and, where all graphs of the table have the same nodes and edges, which operation sits at
which node. The kernel is a squared exponential plus a linear part plus noise; where features come in groups, a
sum of both for each group, with scales of its own. The scales maximise the marginal likelihood (Rasmussen &
Williams 2006, section 5.4.1, equation 5.9 for its gradient). No pre-training, no graph network, under a second
for a few hundred labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.optimize

from nasflow.errors import DataError, NotFittedError
from nasflow.table import ArchTable

FloatArray = npt.NDArray[np.float64]

_JITTER = 1e-8  # keeps the factorisation stable where two rows are equal


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

    Args:
        groups: numbers of consecutive columns that share scales, such as [128, 7]; by default all columns do.
        prior: precision of a normal prior of the scales' logarithms; 0 for none.

    Example:
        >>> x = np.linspace(0, 1, 8)[:, None]
        >>> mean, deviation = GaussianProcess().fit(x, np.sin(6 * x[:, 0])).predict(x)
        >>> bool(np.abs(mean - np.sin(6 * x[:, 0])).max() < 0.05)
        True
    """

    def __init__(self, groups: Sequence[int] | None = None, prior: float = 0.0) -> None:
        self._groups, self._prior = groups, prior
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
        sizes = self._groups or [features.shape[1]]
        if sum(sizes) != features.shape[1]:
            raise DataError(f"groups of {list(sizes)} columns; the features have {features.shape[1]}")
        self._mean, self._scale = features.mean(axis=0), features.std(axis=0)
        self._scale[self._scale == 0] = 1.0
        self._label_mean, self._label_scale = float(labels.mean()), float(labels.std()) or 1.0
        self._columns = [slice(end - size, end) for size, end in zip(sizes, np.cumsum(sizes), strict=True)]
        x, y = self._normalised(features), (labels - self._label_mean) / self._label_scale
        parts = self._parts(x, x)
        diagonal = np.diag_indices(len(x))
        starts = [np.array([*[length, -np.log(len(sizes)), linear] * len(sizes), noise])
                  for length, linear, noise in ((0.0, -2.0, -2.0), (2.0, -4.0, -1.0))]

        def cost(log_scales: FloatArray) -> tuple[float, FloatArray]:
            kernel = _kernel(parts, log_scales)
            noise = np.exp(log_scales[-1])
            kernel[diagonal] += noise + _JITTER
            away = log_scales - starts[0]
            try:
                factor = scipy.linalg.cho_factor(kernel, lower=True)
            except np.linalg.LinAlgError:
                return 1e10, np.zeros_like(log_scales)
            weights = scipy.linalg.cho_solve(factor, y)
            value = 0.5 * y @ weights + np.log(np.diag(factor[0])).sum() + 0.5 * self._prior * away @ away
            # half the derivative of the kernel's trace, weighted by what is not explained yet
            rest = 0.5 * (scipy.linalg.cho_solve(factor, np.eye(len(x))) - np.outer(weights, weights))
            slopes = [float((rest * change).sum()) for change in _changes(parts, log_scales)]
            return float(value), np.array([*slopes, noise * np.trace(rest)]) + self._prior * away

        bounds = [*[(-6.0, 4.0), (-8.0, 4.0), (-8.0, 4.0)] * len(sizes), (-8.0, 2.0)]
        if self._prior:
            starts = starts[:1]  # the prior leaves one valley, and says where it is
        found = [scipy.optimize.minimize(cost, s, jac=True, method="L-BFGS-B", bounds=bounds) for s in starts]
        self._log_scales = min(found, key=lambda result: float(result.fun)).x
        return self.condition(features, labels)

    def condition(self, features: FloatArray, labels: FloatArray) -> Self:
        """Condition on other rows, with the scales and the normalisation that `fit` chose."""
        x, y = self._normalised(features), (labels - self._label_mean) / self._label_scale
        kernel = _kernel(self._parts(x, x), self._log_scales)
        kernel[np.diag_indices(len(x))] += np.exp(self._log_scales[-1]) + _JITTER
        self._factor = scipy.linalg.cho_factor(kernel, lower=True)
        self._weights = scipy.linalg.cho_solve(self._factor, y)
        self._x = x
        return self

    def predict(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean (m,) and standard deviation (m,) of the noise-free label at `features` (m, d)."""
        if self._x is None:
            raise NotFittedError("predict needs labels first: call fit")
        x = self._normalised(features)
        cross = _kernel(self._parts(x, self._x), self._log_scales)
        mean = cross @ self._weights
        prior = np.zeros(len(x))
        for columns, (_, smooth, linear) in zip(self._columns, _scales(self._log_scales), strict=True):
            prior += smooth + linear * (x[:, columns] ** 2).mean(axis=1)
        explained = np.einsum("ij,ji->i", cross, scipy.linalg.cho_solve(self._factor, cross.T))
        deviation = np.sqrt(np.maximum(prior - explained, 0.0))
        return self._label_mean + self._label_scale * mean, self._label_scale * deviation

    def _normalised(self, features: FloatArray) -> FloatArray:
        normalised: FloatArray = (features - self._mean) / self._scale
        return normalised

    def _parts(self, a: FloatArray, b: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
        """For each group the mean squared distances and the mean products (n, m) of its columns."""
        return [(_squared_distances(a[:, c], b[:, c]), a[:, c] @ b[:, c].T / (c.stop - c.start))
                for c in self._columns]


def _squared_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """(n, m): mean squared difference over the features; negative rounding errors become 0."""
    square = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    distances: FloatArray = np.maximum(square, 0.0) / a.shape[1]
    return distances


def _scales(log_scales: FloatArray) -> FloatArray:
    """(n_groups, 3): squared length, squared-exponential and linear variance of each group."""
    scales: FloatArray = np.exp(log_scales[:-1]).reshape(-1, 3)
    return scales


def _kernel(parts: Sequence[tuple[FloatArray, FloatArray]], log_scales: FloatArray) -> FloatArray:
    """Kernel without noise; log_scales = the logarithms of `_scales`, group after group, then of the noise."""
    kernel = np.zeros_like(parts[0][0])
    for (square, product), (length, smooth, linear) in zip(parts, _scales(log_scales), strict=True):
        kernel += smooth * np.exp(-0.5 * square / length) + linear * product
    return kernel


def _changes(parts: Sequence[tuple[FloatArray, FloatArray]], log_scales: FloatArray) -> Iterator[FloatArray]:
    """The kernel's derivative by each of `log_scales` but the noise."""
    for (square, product), (length, smooth, linear) in zip(parts, _scales(log_scales), strict=True):
        curve = smooth * np.exp(-0.5 * square / length)
        yield curve * (0.5 * square / length)
        yield curve
        yield linear * product
