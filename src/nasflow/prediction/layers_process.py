"""`LayersProcess`: a Gaussian process whose function is a sum over the nodes of a graph.

    y(g) = c + sum over the nodes v of g of f(op_v, x_v) / n + h(t_g) + noise

x_v are a node's numbers, t_g features of the whole graph, n the mean number of nodes. Latency,
energy and memory are such sums but for what happens between the layers, which is h. With Gaussian
processes for f and h the kernel of two graphs is

    k(g, g') = c + a / n^2 * sum over u in g, v in g' of q(u, v)
               + sum over the groups t of features of s rbf(t, t') + l t.t'
    q(u, v)  = (1 if op_u = op_v else r) * exp(-1/2 sum over j of w_j (x_uj - x_vj)^2)

a convolution kernel (Haussler, "Convolution kernels on discrete structures", 1999) on the multiset
of nodes. All of these scales and the noise maximise the marginal likelihood.

The sum over pairs of nodes is never made. Nodes are compared with at most `N_LANDMARKS` of them,
chosen so that the others are nearest to what these can say (Nystroem's approximation; exact where
there are no more different nodes), and nodes that are equal are compared once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import scipy.linalg
import scipy.sparse

FloatArray = npt.NDArray[np.float64]
Nodes = tuple[npt.NDArray[np.int64], FloatArray]
"""Operations (n,) and numbers (n, d) of some nodes."""

N_LANDMARKS = 120
CHUNK = 4_096  # different nodes at a time
PRIOR = 0.3  # precision of the scales' logarithms around the start
_JITTER = 1e-6  # keeps factorisations stable where two rows, or two landmarks, are nearly equal


@dataclass(frozen=True, eq=False)
class Layers:
    """N graphs as the process sees them."""

    ops: npt.NDArray[np.int64]
    """(n_nodes,) the operation of each node."""
    numbers: FloatArray
    """(n_nodes, d) its numbers."""
    counts: scipy.sparse.csr_array
    """(N, n_nodes) float64: how often each is in a graph."""
    groups: list[FloatArray]
    """(N, p) features of the whole graphs, group by group."""

    @classmethod
    def of(
        cls,
        ops: npt.NDArray[np.int64],
        numbers: FloatArray,
        node_ptr: npt.NDArray[np.int64],
        groups: Sequence[FloatArray],
    ) -> Self:
        """From nodes (n_nodes, ...), of which row g has node_ptr[g] : node_ptr[g+1]."""
        shape = (len(node_ptr) - 1, len(ops))
        places = np.arange(len(ops))
        counts = scipy.sparse.csr_array((np.ones(len(ops)), places, node_ptr), shape)
        return cls(ops, numbers, counts, list(groups))

    def merged(self) -> Layers:
        """The same graphs, nodes that are equal being one: worth a sort where much is done."""
        keys = np.column_stack([self.ops.astype(np.float64), self.numbers])
        different, which = np.unique(keys, axis=0, return_inverse=True)
        shape = (self.counts.shape[0], len(different))
        entries = self.counts.data, which.ravel()[self.counts.indices], self.counts.indptr
        # a copy: the sum is made in place
        counts = scipy.sparse.csr_array(entries, shape, copy=True)
        counts.sum_duplicates()
        return Layers(different[:, 0].astype(np.int64), different[:, 1:], counts, self.groups)

    def rows(self, which: npt.NDArray[np.int64]) -> Layers:
        """Some of the graphs, with the nodes that are in them."""
        counts = self.counts[which]
        there = np.flatnonzero(counts.sum(axis=0))
        groups = [group[which] for group in self.groups]
        return Layers(self.ops[there], self.numbers[there], counts[:, there], groups)


class LayersProcess:
    """Exact regression on graphs that are sums of their nodes; the formula is on the first page."""

    _scales: _Scales
    _landmarks: Nodes

    def fit(
        self, rows: Layers, labels: FloatArray, start: Self | None = None, n_steps: int = 50
    ) -> Self:
        """Choose landmarks and scales, and condition on `labels` (n,).

        Args:
            rows, labels: what is learnt.
            start: a process of nearly the same rows, whose landmarks are taken and whose scales are
                where the search begins.
            n_steps: of the search.
        """
        # here: it takes a tenth of a second to import, and is for fitting alone
        from scipy.optimize import minimize

        self._label = np.array([labels.mean(), labels.std() or 1.0])
        self._n_nodes = float(rows.counts.sum() / len(labels))
        middle = _Scales.middle(rows.numbers.shape[1], len(rows.groups))
        if start is None:
            self._landmarks = _landmarks(rows, middle)
        else:
            self._landmarks = start._landmarks
        cost = _Cost(rows, self._landmarks, self._n_nodes, self._standardised(labels), middle)
        optimum = minimize(
            cost,
            middle.logarithms if start is None else start._scales.logarithms,
            jac=True,
            method="L-BFGS-B",
            bounds=middle.bounds,
            options={"maxiter": n_steps},
        )
        self._scales = _Scales(optimum.x, middle.n_numbers)
        return self.condition(rows, labels)

    def condition(self, rows: Layers, labels: FloatArray) -> Self:
        """Condition on other rows, with the scales and landmarks that `fit` chose."""
        kernel = _between(self._landmarks, self._landmarks, self._scales)  # (m, m)
        kernel[np.diag_indices(len(kernel))] += _JITTER
        self._root = scipy.linalg.cholesky(kernel, lower=True)
        self._rows = self._features_of(rows), rows.groups
        kernel = self._covariance(*self._rows)  # (n, n)
        kernel[np.diag_indices(len(kernel))] += self._scales.noise + _JITTER
        self._factor = scipy.linalg.cholesky(kernel, lower=True)
        self._target = self._standardised(labels)
        self._weights = scipy.linalg.cho_solve((self._factor, True), self._target)
        return self

    def predict_mean(self, rows: Layers) -> FloatArray:
        """(N,): the mean of `predict` alone."""
        mean: FloatArray = self._covariance(self._features_of(rows), rows.groups) @ self._weights
        return self._in_unit(mean)

    def predict(self, rows: Layers) -> tuple[FloatArray, FloatArray]:
        """Mean (N,) and standard deviation (N,) of the noise-free label."""
        features = self._features_of(rows)
        cross = self._covariance(features, rows.groups)  # (N, n)
        half = scipy.linalg.solve_triangular(self._factor, cross.T, lower=True, check_finite=False)
        variance = self._scales.constant + (features**2).sum(axis=1)
        for group, (_, smooth, linear) in zip(rows.groups, self._scales.of_groups, strict=True):
            variance += smooth + linear * (group**2).mean(axis=1)
        deviation = np.sqrt(np.maximum(variance - (half**2).sum(axis=0), 0.0))
        return self._in_unit(cross @ self._weights), self._label[1] * deviation

    def leave_one_out(self) -> tuple[FloatArray, FloatArray]:
        """Mean and deviation (n,) of each row conditioned on, without its label, in closed form."""
        n = len(self._target)
        precision = np.diag(scipy.linalg.cho_solve((self._factor, True), np.eye(n)))
        mean = self._target - self._weights / precision
        deviation = np.sqrt(np.maximum(1 / precision - self._scales.noise, 0.0))
        return self._in_unit(mean), self._label[1] * deviation

    def state(self) -> dict[str, FloatArray]:
        """What `fit` chose, by name: `restore` and the rows bring the process back."""
        ops, numbers = self._landmarks
        return {
            "scales": self._scales.logarithms,
            "label": self._label,
            "n_nodes": np.array([self._n_nodes]),
            "landmark_ops": ops.astype(np.float64),
            "landmark_numbers": numbers,
        }

    @classmethod
    def restore(cls, state: Mapping[str, FloatArray], rows: Layers, labels: FloatArray) -> Self:
        """The process with a state, conditioned on rows: it predicts the same bits."""
        process = cls()
        process._label, process._n_nodes = state["label"], float(state["n_nodes"][0])
        process._landmarks = state["landmark_ops"].astype(np.int64), state["landmark_numbers"]
        process._scales = _Scales(state["scales"], state["landmark_numbers"].shape[1])
        return process.condition(rows, labels)

    def _standardised(self, labels: FloatArray) -> FloatArray:
        standardised: FloatArray = (labels - self._label[0]) / self._label[1]
        return standardised

    def _in_unit(self, mean: FloatArray) -> FloatArray:
        labels: FloatArray = self._label[0] + self._label[1] * mean
        return labels

    def _features_of(self, rows: Layers) -> FloatArray:
        """(N, m): features of graphs whose products are the kernel of their nodes."""
        n_nodes = len(rows.ops)
        features = np.zeros((rows.counts.shape[0], len(self._root)))
        for first in range(0, n_nodes, CHUNK):
            part = slice(first, first + CHUNK)
            nodes = rows.ops[part], rows.numbers[part]
            cross = _between(nodes, self._landmarks, self._scales)
            features += rows.counts[:, part] @ cross
        features *= np.sqrt(self._scales.amplitude) / self._n_nodes
        solved: FloatArray = scipy.linalg.solve_triangular(self._root, features.T, lower=True).T
        return solved

    def _covariance(self, features: FloatArray, groups: Sequence[FloatArray]) -> FloatArray:
        """(N, n): the kernel without noise, with the rows conditioned on."""
        kernel: FloatArray = features @ self._rows[0].T + self._scales.constant
        parts = [_part(a, b) for a, b in zip(groups, self._rows[1], strict=True)]
        for (square, product), scales in zip(parts, self._scales.of_groups, strict=True):
            kernel += _curve(square, scales) + scales[2] * product
        return kernel


class _Scales:
    """All scales, as the logarithms that the search moves.

    d squared inverse lengths of the numbers, then sharing, amplitude, constant and noise, then
    squared length, smooth and linear variance of each group.
    """

    def __init__(self, logarithms: FloatArray, n_numbers: int) -> None:
        self.logarithms, self.n_numbers = logarithms, n_numbers
        scales = np.exp(logarithms)
        self.weights = scales[:n_numbers]
        sharing, self.amplitude, self.constant, self.noise = scales[n_numbers : n_numbers + 4]
        # what nodes of different operations have in common: odds, so that any number is legal
        self.sharing = sharing / (1 + sharing)
        self.of_groups = scales[n_numbers + 4 :].reshape(-1, 3)

    @classmethod
    def middle(cls, n_numbers: int, n_groups: int) -> Self:
        """Where the search begins, and what its prior is around."""
        # squared distances grow with the numbers of a node, and so does the usual length
        weight = -np.log(max(n_numbers, 1)) - 1.0
        of_group = [0.0, -1.5, -1.0]
        logarithms = [*[weight] * n_numbers, 0.0, 1.0, -2.0, -2.0, *of_group * n_groups]
        return cls(np.array(logarithms), n_numbers)

    @property
    def bounds(self) -> list[tuple[float, float]]:
        """Beyond these a scale changes nothing that labels could tell."""
        n_groups = len(self.of_groups)
        single = [(-5.0, 5.0), (-8.0, 5.0), (-6.0, 3.0), (-7.0, 1.0)]
        of_group = [(-5.0, 4.0), (-8.0, 3.0), (-8.0, 3.0)]
        return [*[(-10.0, 6.0)] * self.n_numbers, *single, *of_group * n_groups]


class _Cost:
    """The negative logarithm of the posterior of scales, but for a constant, and its gradient."""

    def __init__(
        self, rows: Layers, landmarks: Nodes, mean_nodes: float, target: FloatArray, middle: _Scales
    ) -> None:
        self._counts = scipy.sparse.csr_array(rows.counts / mean_nodes)  # (n, n_nodes)
        self._target, self._middle = target, middle
        nodes = rows.ops, rows.numbers
        # what does not change with the scales: differences, and whether operations are equal
        self._cross = _squares(nodes, landmarks), _equal(nodes, landmarks)
        self._inner = _squares(landmarks, landmarks), _equal(landmarks, landmarks)
        self._parts = [_part(group, group) for group in rows.groups]

    def __call__(self, logarithms: FloatArray) -> tuple[float, FloatArray]:
        scales = _Scales(logarithms, self._middle.n_numbers)
        n = len(self._target)
        diagonal = np.diag_indices(n)
        cross_curve, cross = _compared(*self._cross, scales)  # (n_nodes, m)
        inner_curve, inner = _compared(*self._inner, scales)  # (m, m)
        inner[np.diag_indices(len(inner))] += _JITTER
        pooled = np.asarray(self._counts @ cross)  # (n, m)
        try:
            solved = scipy.linalg.cho_solve(scipy.linalg.cho_factor(inner), pooled.T).T
            of_nodes = scales.amplitude * (pooled @ solved.T)
            kernel = of_nodes + scales.constant
            curves = []
            for (square, product), of_group in zip(self._parts, scales.of_groups, strict=True):
                curves.append(_curve(square, of_group))
                kernel += curves[-1] + of_group[2] * product
            kernel[diagonal] += scales.noise + _JITTER
            factor = scipy.linalg.cho_factor(kernel, lower=True)
        # scales that give no kernel: a cost that no others reach, so that the search turns back
        except np.linalg.LinAlgError:
            return 1e10, np.zeros_like(logarithms)
        weights = scipy.linalg.cho_solve(factor, self._target)
        away = logarithms - self._middle.logarithms
        value = 0.5 * self._target @ weights + np.log(np.diag(factor[0])).sum()
        value += 0.5 * PRIOR * away @ away
        # (n, n): the derivative of the cost by the kernel
        rest = 0.5 * (scipy.linalg.cho_solve(factor, np.eye(n)) - np.outer(weights, weights))
        # by what nodes and landmarks have in common
        by_solved = rest @ solved
        by_cross = 2 * scales.amplitude * (self._counts.T @ by_solved)
        by_inner = -scales.amplitude * (solved.T @ by_solved)
        slopes = np.zeros_like(self._middle.weights)
        shared = 0.0
        # of both comparisons, node with landmark and landmark with landmark
        compared = ((self._cross, cross_curve, by_cross), (self._inner, inner_curve, by_inner))
        for (squares, equal), curve, slope in compared:
            by_curve = slope * curve
            shared += float(by_curve[~equal].sum())
            by_square = np.where(equal, by_curve, scales.sharing * by_curve)
            slopes -= 0.5 * (by_square.ravel() @ squares)
        gradient = [
            *(slopes * scales.weights),
            shared * scales.sharing * (1 - scales.sharing),
            float(np.vdot(rest, of_nodes)),
            scales.constant * rest.sum(),
            scales.noise * np.trace(rest),
        ]
        for (square, product), curve, (length, _, linear) in zip(
            self._parts, curves, scales.of_groups, strict=True
        ):
            by_curve = rest * curve
            gradient.append(float(np.vdot(by_curve, square)) * 0.5 / length)
            gradient += [by_curve.sum(), linear * float(np.vdot(rest, product))]
        return float(value), np.array(gradient) + PRIOR * away


def _landmarks(rows: Layers, scales: _Scales) -> Nodes:
    """The nodes that the others are compared with: at each turn the one least like those before.

    Pivoted Cholesky factorisation of the kernel, which stops where all are accounted for.
    """
    n_nodes = len(rows.ops)
    unlike = np.ones(n_nodes)
    columns = np.zeros((n_nodes, min(N_LANDMARKS, n_nodes)))
    chosen: list[int] = []
    nodes = rows.ops, rows.numbers
    for turn in range(columns.shape[1]):
        node = int(unlike.argmax())
        if unlike[node] < _JITTER:
            break
        one = rows.ops[node : node + 1], rows.numbers[node : node + 1]
        column = _between(nodes, one, scales)[:, 0] - columns[:, :turn] @ columns[node, :turn]
        columns[:, turn] = column / np.sqrt(unlike[node])
        unlike = np.maximum(unlike - columns[:, turn] ** 2, 0.0)
        # rounding must not choose a node twice
        unlike[node] = 0.0
        chosen.append(node)
    return rows.ops[chosen], rows.numbers[chosen]


def _between(a: Nodes, b: Nodes, scales: _Scales) -> FloatArray:
    """(n_a, n_b): the kernel q of nodes."""
    root = np.sqrt(scales.weights)
    x, y = a[1] * root, b[1] * root
    squares = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * (x @ y.T)
    curve = np.exp(-0.5 * np.maximum(squares, 0.0))
    kernel: FloatArray = np.where(_equal(a, b), curve, scales.sharing * curve)
    return kernel


def _compared(
    squares: FloatArray, equal: npt.NDArray[np.bool_], scales: _Scales
) -> tuple[FloatArray, FloatArray]:
    """(n_a, n_b) twice: the kernel q without and with operations, from kept differences."""
    curve = np.exp(-0.5 * (squares @ scales.weights)).reshape(equal.shape)
    return curve, np.where(equal, curve, scales.sharing * curve)


def _squares(a: Nodes, b: Nodes) -> FloatArray:
    """(n_a * n_b, d): squared differences of numbers."""
    squares: FloatArray = (a[1][:, None, :] - b[1][None, :, :]) ** 2
    return squares.reshape(len(a[0]) * len(b[0]), squares.shape[2])


def _equal(a: Nodes, b: Nodes) -> npt.NDArray[np.bool_]:
    """(n_a, n_b): whether two nodes have one operation."""
    equal: npt.NDArray[np.bool_] = a[0][:, None] == b[0]
    return equal


def _part(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(n, m) twice: mean squared difference and mean product of two rows of a group."""
    product: FloatArray = a @ b.T / a.shape[1]
    square = (a**2).mean(axis=1)[:, None] + (b**2).mean(axis=1) - 2 * product
    return np.maximum(square, 0.0), product


def _curve(square: FloatArray, of_group: FloatArray) -> FloatArray:
    """(n, m): the squared exponential of a group."""
    length, smooth, _ = of_group
    curve: FloatArray = smooth * np.exp(square * (-0.5 / length))
    return curve
