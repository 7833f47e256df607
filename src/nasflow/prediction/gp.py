"""A small exact Gaussian process, and hand-made features of graphs for it.

The floor that a learned encoder has to beat. Features of an architecture (`graph_features`): how
often each operation occurs, how often an edge joins each pair of operations, and, where all graphs
of the table have the same nodes and edges, which operation sits at which node. The kernel is a
squared exponential plus a linear part plus noise; where features come in groups, a sum of both for
each group, with scales of its own. The scales maximise the marginal likelihood (Rasmussen &
Williams 2006, section 5.4.1, equation 5.9 for its gradient). No pre-training, no graph network,
under a second for a few hundred labels.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.linalg

from nasflow.errors import DataError, NotFittedError
from nasflow.features.counts import counts
from nasflow.graphs.table import ArchTable
from nasflow.graphs.wiring import one_wiring
from nasflow.running.blas_threads import blas_threads_for

FloatArray = npt.NDArray[np.float64]
Block = tuple[FloatArray, FloatArray]
"""The columns (n, d_g) of a group, and the mean square (n,) of each row."""
Part = tuple[FloatArray, FloatArray]
"""(n, m) each: mean squared difference and mean product of two rows in the columns of a group."""

_JITTER = 1e-8  # keeps the factorisation stable where two rows are equal
_BLOCK = 1024  # rows predicted at a time: their kernels with the labelled rows stay in the cache


def graph_features(table: ArchTable) -> FloatArray:
    """(N, d) float64: counts of operations and of edges by operation pair, and positions if fixed.

    The latter are the operation at each node, one-hot, where all graphs of the table have the same
    nodes and edges. Columns that are constant over the table are left out, so take the features of
    all rows, labelled or not, and cut them afterwards.
    """
    parts = [counts(table)]
    if one_wiring(table):
        by_position = table.ops.reshape(len(table), -1)  # (N, n_nodes)
        parts.append(np.eye(table.n_ops)[by_position].reshape(len(table), -1))
    features = np.hstack(parts)
    return features[:, np.ptp(features, axis=0) > 0]


class GaussianProcess:
    """Exact regression with a mean and a standard deviation for every row.

    Args:
        groups: numbers of consecutive columns that share scales, such as [128, 7]; by default all
            columns do.
        prior: precision of a normal prior of the scales' logarithms; 0 for none.

    Example:
        >>> x = np.linspace(0, 1, 8)[:, None]
        >>> mean, deviation = GaussianProcess().fit(x, np.sin(6 * x[:, 0])).predict(x)
        >>> bool(np.abs(mean - np.sin(6 * x[:, 0])).max() < 0.05)
        True
    """

    def __init__(self, groups: Sequence[int] | None = None, prior: float = 0.0) -> None:
        self._groups, self._prior = groups, prior
        self._x: list[Block] | None = None

    def fit(
        self, features: FloatArray, labels: FloatArray, start: FloatArray | None = None
    ) -> Self:
        """Condition on `labels` (n,) at `features` (n, d); the kernel's scales are chosen here.

        Args:
            features, labels: the rows.
            start: logarithms of scales to search from (`log_scales`), such as those of nearly the
                same rows: the same optimum in fewer steps.

        Raises:
            DataError: shapes that do not fit, or values that are not finite.
        """
        if features.ndim != 2 or labels.shape != (len(features),) or len(labels) < 2:
            raise DataError(
                f"features {features.shape} and labels {labels.shape} do not fit: (n, d) and (n,),"
                " n > 1"
            )
        if not (np.isfinite(features).all() and np.isfinite(labels).all()):
            raise DataError("features and labels must be finite")
        if not features.shape[1]:
            raise DataError(
                "there is no feature: all rows look the same to the process; give features in which"
                " they differ (a constant column is one)"
            )
        if not np.isfinite(labels.std()):
            raise DataError(
                f"labels reach {np.abs(labels).max():g}: their squares overflow; use another unit,"
                " or ranks"
            )
        sizes = list(self._groups or [features.shape[1]])
        if sum(sizes) != features.shape[1]:
            raise DataError(f"groups of {sizes} columns; the features have {features.shape[1]}")
        self._mean, self._scale = features.mean(axis=0), features.std(axis=0)
        self._scale[self._scale == 0] = 1.0  # a constant column stays constant, without a NaN
        self.label_mean, self.label_scale = float(labels.mean()), float(labels.std()) or 1.0
        self._columns = [
            slice(end - size, end) for size, end in zip(sizes, np.cumsum(sizes), strict=True)
        ]
        x, y = self.blocks(features), self.standardised(labels)
        # hundreds of factorisations of one small matrix
        with blas_threads_for(len(labels) ** 2):
            self._log_scales = _likeliest_scales(_parts(x, x), y, self._prior, start)
            return self.condition(features, labels)

    def condition(self, features: FloatArray, labels: FloatArray) -> Self:
        """Condition on other rows, with the scales and the normalisation that `fit` chose."""
        x = self.blocks(features)
        kernel = self.covariance(x, x)
        kernel[np.diag_indices(len(kernel))] += self.noise
        self._factor = scipy.linalg.cho_factor(kernel, lower=True)
        self._labels = self.standardised(labels)
        self._weights = scipy.linalg.cho_solve(self._factor, self._labels)
        self._x = x
        return self

    def predict(self, features: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean (m,) and standard deviation (m,) of the noise-free label at `features` (m, d)."""
        if self._x is None:
            raise NotFittedError("predict needs labels first: call fit")
        mean, deviation = np.zeros(len(features)), np.zeros(len(features))
        factor, lower = self._factor
        with blas_threads_for(_BLOCK * len(self._labels)):
            for start in range(0, len(features), _BLOCK):
                some = slice(start, start + _BLOCK)
                x = self.blocks(features[some])
                cross = self.covariance(x, self._x)  # (n_some, n)
                mean[some] = cross @ self._weights
                half = scipy.linalg.solve_triangular(
                    factor, cross.T, lower=lower, check_finite=False
                )
                explained = np.einsum("ij,ij->j", half, half)
                deviation[some] = np.sqrt(np.maximum(self.variance(x) - explained, 0.0))
        return self.label_mean + self.label_scale * mean, self.label_scale * deviation

    def predict_mean(self, features: FloatArray) -> FloatArray:
        """(m,): the mean alone, in half the time."""
        if self._x is None:
            raise NotFittedError("predict needs labels first: call fit")
        mean = np.zeros(len(features))
        with blas_threads_for(_BLOCK * len(self._labels)):
            for start in range(0, len(features), _BLOCK):
                some = slice(start, start + _BLOCK)
                mean[some] = self.covariance(self.blocks(features[some]), self._x) @ self._weights
        return self.label_mean + self.label_scale * mean

    def leave_one_out(self) -> tuple[FloatArray, FloatArray]:
        """Mean (n,) and standard deviation (n,) at the rows conditioned on, each without its label.

        In closed form (Rasmussen & Williams 2006, equations 5.10 to 5.12), with the scales that all
        labels chose; of the noise-free label, as `predict` has it.
        """
        if self._x is None:
            raise NotFittedError("leave_one_out needs labels first: call fit")
        n = len(self._labels)
        precision = np.diag(scipy.linalg.cho_solve(self._factor, np.eye(n)))
        mean = self._labels - self._weights / precision
        deviation = np.sqrt(np.maximum(1 / precision - self.noise, 0.0))
        return self.label_mean + self.label_scale * mean, self.label_scale * deviation

    @property
    def log_scales(self) -> FloatArray:
        """(3 n_groups + 1,): the logarithms of the scales that `fit` chose."""
        return self._log_scales

    def state(self) -> dict[str, FloatArray]:
        """What `fit` chose, by name: `restore` and the rows bring the process back."""
        if self._x is None:
            raise NotFittedError("there is no state before labels: call fit")
        return {
            "log_scales": self._log_scales,
            "mean": self._mean,
            "scale": self._scale,
            "label": np.array([self.label_mean, self.label_scale]),
            "sizes": np.array([columns.stop - columns.start for columns in self._columns], float),
        }

    @classmethod
    def restore(
        cls, state: Mapping[str, FloatArray], features: FloatArray, labels: FloatArray
    ) -> Self:
        """The process with a state, conditioned on rows: it predicts the same bits."""
        sizes = state["sizes"].astype(int)
        process = cls(sizes.tolist())
        ends = np.cumsum(sizes)
        process._columns = [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]
        process._log_scales = state["log_scales"]
        process._mean, process._scale = state["mean"], state["scale"]
        process.label_mean, process.label_scale = state["label"].tolist()
        return process.condition(features, labels)

    # -- the prior that `fit` chose, for who updates a posterior row by row -----------------------

    @property
    def noise(self) -> float:
        """The variance of a standardised label around its mean."""
        return float(np.exp(self._log_scales[-1])) + _JITTER

    def standardised(self, labels: FloatArray) -> FloatArray:
        """(n,): labels on the process's own scale."""
        standardised: FloatArray = (labels - self.label_mean) / self.label_scale
        return standardised

    def blocks(self, features: FloatArray) -> list[Block]:
        """For each group its normalised columns (n, d_g), and each row's mean square (n,)."""
        x = (features - self._mean) / self._scale
        values = [np.ascontiguousarray(x[:, columns]) for columns in self._columns]
        return [(block, (block**2).mean(axis=1)) for block in values]

    def covariance(self, a: Sequence[Block], b: Sequence[Block]) -> FloatArray:
        """(n, m): the kernel without noise, between rows that `blocks` gave."""
        parts = _parts(a, b)
        return _sum(parts, _curves(parts, self._log_scales), self._log_scales)

    def variance(self, a: Sequence[Block]) -> FloatArray:
        """(n,): the kernel without noise of each row with itself."""
        variance = np.zeros(len(a[0][1]))
        for (_, squares), (_, smooth, linear) in zip(a, _scales(self._log_scales), strict=True):
            variance += smooth + linear * squares
        return variance


def _likeliest_scales(
    parts: Sequence[Part], y: FloatArray, prior: float, start: FloatArray | None = None
) -> FloatArray:
    """(3 n_groups + 1,): the logarithms of the scales with the largest marginal likelihood.

    Args:
        parts: what the kernel of the rows with themselves is made of.
        y: (n,) standardised labels.
        prior: as in `GaussianProcess`.
        start: where to search from; by default from the middle.
    """
    # here: it takes a tenth of a second to import, and is for fitting alone
    from scipy.optimize import minimize

    n_groups = len(parts)
    diagonal = np.diag_indices(len(y))
    # of each group: squared length, smooth and linear variance; then of the noise. The second start
    # has longer lengths and more noise: the likelihood may have a valley at either.
    smooth = -np.log(n_groups)  # the smooth variances add up to 1, that of the labels
    middle = np.array([*[0.0, smooth, -2.0] * n_groups, -2.0])
    flat = np.array([*[2.0, smooth, -4.0] * n_groups, -1.0])

    def cost(log_scales: FloatArray) -> tuple[float, FloatArray]:
        """The negative logarithm of the posterior, but for a constant, and its gradient."""
        curves = _curves(parts, log_scales)
        kernel = _sum(parts, curves, log_scales)
        noise = np.exp(log_scales[-1])
        kernel[diagonal] += noise + _JITTER
        away = log_scales - middle
        try:
            factor = scipy.linalg.cho_factor(
                kernel, lower=True, overwrite_a=True, check_finite=False
            )
        # scales that give no kernel: a cost that no others reach, so that the search turns back
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(log_scales)
        weights = scipy.linalg.cho_solve(factor, y, check_finite=False)
        half_log_determinant = np.log(np.diag(factor[0])).sum()
        value = 0.5 * y @ weights + half_log_determinant + 0.5 * prior * away @ away
        # half the derivative of the kernel's trace, weighted by what is not explained yet: (n, n)
        inverse = _inverse(factor[0])
        rest = 0.5 * (inverse - np.outer(weights, weights))
        slopes = [float(np.vdot(rest, change)) for change in _changes(parts, curves, log_scales)]
        return float(value), np.array([*slopes, noise * np.trace(rest)]) + prior * away

    # beyond these a scale changes nothing that the data could tell
    bounds = [*[(-6.0, 4.0), (-8.0, 4.0), (-8.0, 4.0)] * n_groups, (-8.0, 2.0)]
    # the prior leaves one valley, and says where it is
    starts = [middle] if prior else [middle, flat]
    if start is not None:
        starts = [start]
    optima = [minimize(cost, start, jac=True, method="L-BFGS-B", bounds=bounds) for start in starts]
    best: FloatArray = min(optima, key=lambda optimum: float(optimum.fun)).x
    return best


def _inverse(factor: FloatArray) -> FloatArray:
    """(n, n): the inverse of a matrix from its lower Cholesky factor, in a third of a solution."""
    inverse, failed = scipy.linalg.lapack.dpotri(factor, lower=1)
    assert not failed  # no number on a factor's diagonal is 0
    lower: FloatArray = np.tril(inverse, -1)  # the rest was not written
    return lower + lower.T + np.diag(np.diag(inverse))


def _parts(a: Sequence[Block], b: Sequence[Block]) -> list[Part]:
    """For each group (n, m) each: mean over its columns of squared differences, and of products."""
    return [_distances_and_products(*of_a, *of_b) for of_a, of_b in zip(a, b, strict=True)]


def _distances_and_products(
    a: FloatArray, a_squares: FloatArray, b: FloatArray, b_squares: FloatArray
) -> Part:
    """The part of one group: |p - q|^2 = p p + q q - 2 p q, without an array (n, m, d_g)."""
    products: FloatArray = a @ b.T
    products /= a.shape[1]
    distances = a_squares[:, None] + b_squares
    distances -= 2 * products
    return np.maximum(distances, 0.0, out=distances), products  # rounding errors may go below 0


def _scales(log_scales: FloatArray) -> FloatArray:
    """(n_groups, 3): squared length, squared-exponential and linear variance of each group."""
    scales: FloatArray = np.exp(log_scales[:-1]).reshape(-1, 3)
    return scales


def _curves(parts: Sequence[Part], log_scales: FloatArray) -> list[FloatArray]:
    """The squared exponential of each group, (n, m).

    log_scales = the logarithms of `_scales`, group after group, then of the noise.
    """
    curves = []
    for (square, _), (length, smooth, _) in zip(parts, _scales(log_scales), strict=True):
        # in place: the kernel is made for every step of the search for the scales
        curve = square * (-0.5 / length)
        np.exp(curve, out=curve)
        curve *= smooth
        curves.append(curve)
    return curves


def _sum(
    parts: Sequence[Part],
    curves: Sequence[FloatArray],
    log_scales: FloatArray,
) -> FloatArray:
    """The kernel without noise: squared exponentials and linear parts of all groups."""
    kernel = np.zeros_like(curves[0])
    for (_, product), curve, (_, _, linear) in zip(parts, curves, _scales(log_scales), strict=True):
        kernel += curve
        kernel += linear * product
    return kernel


def _changes(
    parts: Sequence[Part],
    curves: Sequence[FloatArray],
    log_scales: FloatArray,
) -> Iterator[FloatArray]:
    """The kernel's derivative by each of `log_scales` but the noise."""
    for (square, product), curve, (length, _, linear) in zip(
        parts, curves, _scales(log_scales), strict=True
    ):
        yield curve * square * (0.5 / length)
        yield curve
        yield linear * product
