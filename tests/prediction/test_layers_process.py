"""The process on sums of nodes: exact where all nodes are landmarks, near where they are not."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize

from nasflow.prediction import layers_process
from nasflow.prediction.layers_process import Layers, LayersProcess

RNG = np.random.default_rng(0)
SIZES = np.array([3, 1, 4, 2, 5, 3, 2, 4, 6, 3])


def graphs(seed: int = 1) -> Layers:
    """Ten graphs of a few nodes of two operations, with two numbers and a group of features."""
    rng = np.random.default_rng(seed)
    n_nodes = SIZES.sum()
    numbers = rng.choice([-1.0, 0.0, 0.5, 2.0], (n_nodes, 2))
    ptr = np.concatenate([[0], SIZES.cumsum()])
    return Layers.of(rng.integers(0, 2, n_nodes), numbers, ptr, [rng.normal(size=(10, 3))])


def labels_of(layers: Layers) -> np.ndarray:
    """A sum over the nodes, and a feature."""
    worth = np.exp(0.4 * layers.numbers[:, 0]) * (1 + layers.ops)
    return layers.counts @ worth + 0.2 * layers.groups[0][:, 0]


def slow_kernel(process: LayersProcess, a: Layers, b: Layers) -> np.ndarray:
    """The kernel of the module's first page, pair by pair of nodes."""
    scales = process._scales
    kernel = np.zeros((len(SIZES), len(SIZES)))
    for i in range(len(SIZES)):
        for j in range(len(SIZES)):
            of_nodes = 0.0
            for u in np.repeat(np.arange(len(a.ops)), a.counts[[i]].toarray()[0].astype(int)):
                for v in np.repeat(np.arange(len(b.ops)), b.counts[[j]].toarray()[0].astype(int)):
                    away = scales.weights @ (a.numbers[u] - b.numbers[v]) ** 2
                    same = 1.0 if a.ops[u] == b.ops[v] else scales.sharing
                    of_nodes += same * np.exp(-away / 2)
            kernel[i, j] = scales.constant
            kernel[i, j] += scales.amplitude * of_nodes / process._n_nodes**2
            for (length, smooth, linear), x, y in zip(
                scales.of_groups, a.groups, b.groups, strict=True
            ):
                square = ((x[i] - y[j]) ** 2).mean()
                kernel[i, j] += smooth * np.exp(-square / 2 / length)
                kernel[i, j] += linear * (x[i] * y[j]).mean()
    return kernel


def test_predictions_are_those_of_the_kernel_pair_by_pair() -> None:
    rows = graphs()
    # other graphs of the same nodes: of what is no landmark the mean is exact, the deviation is not
    others = Layers(rows.ops, rows.numbers, graphs().counts[::-1], graphs(2).groups)
    labels = labels_of(rows)
    process = LayersProcess().fit(rows.merged(), labels)
    kernel = slow_kernel(process, rows, rows) + process._scales.noise * np.eye(len(SIZES))
    cross = slow_kernel(process, others, rows)
    target = (labels - labels.mean()) / labels.std()
    mean = labels.mean() + labels.std() * cross @ np.linalg.solve(kernel, target)
    variance = np.diag(
        slow_kernel(process, others, others) - cross @ np.linalg.solve(kernel, cross.T)
    )
    seen_mean, seen_deviation = process.predict(others)
    np.testing.assert_allclose(seen_mean, mean, rtol=1e-3, atol=1e-4)
    deviation = labels.std() * np.sqrt(np.maximum(variance, 0))
    np.testing.assert_allclose(seen_deviation, deviation, rtol=0.02, atol=2e-3)
    np.testing.assert_allclose(process.predict_mean(others), seen_mean, rtol=1e-12)
    # nodes that are equal may be one or many
    np.testing.assert_allclose(process.predict_mean(others.merged()), seen_mean, rtol=1e-9)


def test_a_row_left_out_is_predicted_by_the_others() -> None:
    rows = graphs()
    labels = labels_of(rows) + RNG.normal(0, 0.3, len(SIZES))
    process = LayersProcess().fit(rows.merged(), labels)
    mean, deviation = process.leave_one_out()
    for row in range(len(SIZES)):
        rest = np.delete(np.arange(len(SIZES)), row)
        without = LayersProcess.restore(process.state(), rows.rows(rest), labels[rest])
        alone_mean, alone_deviation = without.predict(rows.rows(np.array([row])))
        assert mean[row] == pytest.approx(alone_mean[0], abs=1e-4)
        assert deviation[row] == pytest.approx(alone_deviation[0], abs=1e-3)


def test_the_gradient_is_that_of_differences() -> None:
    rows = graphs().merged()
    middle = layers_process._Scales.middle(2, 1)
    target = RNG.normal(size=len(SIZES))
    landmarks = layers_process._landmarks(rows, middle)
    cost = layers_process._Cost(rows, landmarks, 3.0, target, middle)
    at = middle.logarithms + RNG.normal(0, 0.3, len(middle.logarithms))
    numeric = scipy.optimize.approx_fprime(at, lambda scales: cost(scales)[0], 1e-6)
    np.testing.assert_allclose(cost(at)[1], numeric, atol=2e-4)


def test_it_learns_what_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    # fewer landmarks than there are different nodes: near enough
    monkeypatch.setattr(layers_process, "N_LANDMARKS", 20)
    rng = np.random.default_rng(5)
    sizes = rng.integers(2, 9, 90)
    ptr = np.concatenate([[0], sizes.cumsum()])
    numbers = rng.normal(size=(sizes.sum(), 2))
    # features that have nothing to say
    layers = Layers.of(rng.integers(0, 2, sizes.sum()), numbers, ptr, [rng.normal(size=(90, 2))])
    labels = layers.counts @ (np.exp(0.5 * numbers[:, 0]) * (1 + layers.ops))
    train, test = np.arange(60), np.arange(60, 90)
    process = LayersProcess().fit(layers.rows(train).merged(), labels[train])
    assert len(process.state()["landmark_ops"]) == 20
    predicted = process.predict_mean(layers.rows(test))
    assert np.corrcoef(predicted, labels[test])[0, 1] > 0.98


def test_a_state_brings_the_process_back() -> None:
    rows, others = graphs().merged(), graphs(2)
    labels = labels_of(rows)
    process = LayersProcess().fit(rows, labels)
    again = LayersProcess.restore(process.state(), rows, labels)
    assert np.array_equal(again.predict_mean(others), process.predict_mean(others))
