"""How much of a label the surrogate explains beyond what counting operations does.

A reason for gains to differ: a graph network without pre-training learns from a few labels which
operations are good. What the flow surrogate can add must be in the surrogate and not in the counts;
or not even in the floor's features (`gp.graph_features`), which also say which operations are
joined. Two measures, both on normal scores of the label (its ranks as quantiles of a normal
distribution: accuracies have a long lower tail):

* R^2 of a ridge regression on 4/5 of the rows, measured on the other fifth, with and without the
  surrogate;
* Kendall tau of a Gaussian process on as few labels as a 1 % run has, on counts, with and without
  the surrogate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.prediction.gp import GaussianProcess, graph_features
from nasflow.statistics.metrics import kendall_tau
from nasflow.statistics.ranks import normal_scores
from nasflow.surrogate import FlowSurrogate, standardised

FloatArray = npt.NDArray[np.float64]

N_FOLDS = 5
RIDGE = 1e-6
"""Per row, on standardised features: against columns that depend on one another, no more."""
N_TEST = 3000
"""Rows that the Gaussian process is tested on."""


@dataclass(frozen=True)
class Explained:
    """What counts of operations, the surrogate, and both explain of a label.

    R^2 on rows that were not fitted on, and tau of a Gaussian process.
    """

    counts: float
    surrogate: float
    both: float
    wiring: float
    """The floor's features: counts of operations and of joined pairs, places."""
    wiring_both: float
    """These and the surrogate."""
    few_labels: int
    few_counts: float
    few_both: float
    """Kendall tau of a Gaussian process fitted on `few_labels` labels."""

    @property
    def beyond(self) -> float:
        """The share of the label's variance that the surrogate explains and the counts do not."""
        return self.both - self.counts

    @property
    def beyond_wiring(self) -> float:
        """The share that the surrogate explains and the floor's features do not."""
        return self.wiring_both - self.wiring

    @property
    def few_gain(self) -> float:
        """What the surrogate adds to tau with few labels."""
        return self.few_both - self.few_counts


def explained(
    table: ArchTable,
    surrogate: FloatArray,
    labels: FloatArray,
    n_few: int,
    n_draws: int,
    seed: int = 0,
) -> Explained:
    """Both measures for one data set.

    Args:
        table: N architectures.
        surrogate: (N, k), their surrogates, standardised.
        labels: (N,), finite.
        n_few: how many labels the Gaussian process is fitted on.
        n_draws: how often they are drawn; the mean is returned.
        seed: of folds and draws.
    """
    rng = np.random.default_rng(seed)
    counts = operation_counts(table)
    both = np.hstack([counts, surrogate])
    scores, fold = normal_scores(labels), rng.permutation(len(labels)) % N_FOLDS
    taus = []
    for _ in range(n_draws):
        order = rng.permutation(len(labels))
        train, test = order[:n_few], order[n_few:][:N_TEST]
        taus.append([_few_labels_tau(x, labels, train, test) for x in (counts, both)])
    few_counts, few_both = np.mean(taus, axis=0).tolist()
    wiring = graph_features(table)
    wiring_both = np.hstack([wiring, surrogate])
    return Explained(
        counts=out_of_fold_r2(counts, scores, fold),
        surrogate=out_of_fold_r2(surrogate, scores, fold),
        both=out_of_fold_r2(both, scores, fold),
        wiring=out_of_fold_r2(wiring, scores, fold),
        wiring_both=out_of_fold_r2(wiring_both, scores, fold),
        few_labels=n_few,
        few_counts=few_counts,
        few_both=few_both,
    )


def explained_beyond(
    table: ArchTable, surrogate: FloatArray, labels: FloatArray, seed: int = 0
) -> float:
    """The share of labels' variance that a surrogate (N, k) explains and counts do not."""
    fold = np.random.default_rng(seed).permutation(len(labels)) % N_FOLDS
    counts, scores = operation_counts(table), normal_scores(labels)
    both = out_of_fold_r2(np.hstack([counts, surrogate]), scores, fold)
    return both - out_of_fold_r2(counts, scores, fold)


def beyond_by_draw(
    table: ArchTable, labels: FloatArray, config: SurrogateConfig, n_draws: int
) -> list[float]:
    """`explained_beyond` of the surrogates of a table for the first seeds 0, 1, ..."""
    shares = []
    for seed in range(n_draws):
        raw = FlowSurrogate(table.n_ops, replace(config, seed=seed))(table)
        surrogate = standardised(raw).double().numpy()
        shares.append(explained_beyond(table, surrogate, labels))
    return shares


def operation_counts(table: ArchTable) -> FloatArray:
    """(N, d): how often each operation occurs, without those equally frequent in all graphs."""
    counts = table.op_counts().astype(np.float64)
    return counts[:, np.ptp(counts, axis=0) > 0]


def out_of_fold_r2(features: FloatArray, values: FloatArray, fold: npt.NDArray[np.int64]) -> float:
    """R^2 of ridge regression, each fold (N,) predicted from the others."""
    predicted = np.empty(len(values))
    for number in np.unique(fold):
        test = fold == number
        # what is predicted takes no part in scaling
        mean, scale = features[~test].mean(axis=0), features[~test].std(axis=0)
        x = (features - mean) / np.where(scale > 0, scale, 1.0)
        x = np.hstack([x, np.ones((len(x), 1))])  # (N, d + 1)
        train = x[~test]
        gram = train.T @ train + RIDGE * len(train) * np.eye(x.shape[1])
        predicted[test] = x[test] @ np.linalg.solve(gram, train.T @ values[~test])
    residual, deviation = values - predicted, values - values.mean()
    return float(1 - (residual**2).sum() / (deviation**2).sum())


def _few_labels_tau(
    features: FloatArray,
    labels: FloatArray,
    train: npt.NDArray[np.int64],
    test: npt.NDArray[np.int64],
) -> float:
    process = GaussianProcess().fit(features[train], normal_scores(labels[train]))
    return kendall_tau(process.predict(features[test])[0], labels[test])
