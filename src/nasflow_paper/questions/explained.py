"""How much of a label the surrogate explains beyond what counting operations does: a reason for
gains to differ.

A graph network without pre-training learns from a few labels which operations are good. What the
flow surrogate can add must be in the surrogate and not in the counts; or not even in the floor's
features (`gp.graph_features`), which also say which operations are joined. Two measures, both on
normal scores of the label (its ranks as quantiles of a
normal distribution: accuracies have a long lower tail):

* R^2 of a ridge regression on 4/5 of the rows, measured on the other fifth, with and without the
  surrogate;
* Kendall tau of a Gaussian process on as few labels as a 1 % run has, on counts, with and without
  the surrogate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import scipy.stats

from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.prediction.gp import GaussianProcess, graph_features
from nasflow.statistics.metrics import kendall_tau
from nasflow.surrogate import FlowSurrogate, standardised

FloatArray = npt.NDArray[np.float64]

N_FOLDS = 5
RIDGE = (
    1e-6  # per row, on standardised features: against columns that depend on one another, no more
)
N_TEST = 3000  # rows that the Gaussian process is tested on


@dataclass(frozen=True)
class Explained:
    """What counts of operations, the surrogate, and both explain of a label: R^2 on rows not fitted
    on, and tau.
    """

    counts: float
    surrogate: float
    both: float
    wiring: float
    """The features of the Gaussian process that is the floor: counts of operations and of joined
    pairs, places.
    """
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
    taus = np.array(
        [
            [
                _few_labels_tau(features, labels, order[:n_few], order[n_few:][:N_TEST])
                for features in (counts, both)
            ]
            for order in (rng.permutation(len(labels)) for _ in range(n_draws))
        ]
    )
    few_counts, few_both = taus.mean(axis=0).tolist()
    wiring = graph_features(table)
    r2 = [
        out_of_fold_r2(features, scores, fold)
        for features in (counts, surrogate, both, wiring, np.hstack([wiring, surrogate]))
    ]
    return Explained(r2[0], r2[1], r2[2], r2[3], r2[4], n_few, few_counts, few_both)


def explained_beyond(
    table: ArchTable, surrogate: FloatArray, labels: FloatArray, seed: int = 0
) -> float:
    """The share of the label's variance that a surrogate (N, k) explains and counts of operations
    do not.
    """
    fold = np.random.default_rng(seed).permutation(len(labels)) % N_FOLDS
    counts, scores = operation_counts(table), normal_scores(labels)
    both = out_of_fold_r2(np.hstack([counts, surrogate]), scores, fold)
    return both - out_of_fold_r2(counts, scores, fold)


def beyond_by_draw(
    table: ArchTable, labels: FloatArray, config: SurrogateConfig, n_draws: int
) -> list[float]:
    """`explained_beyond` of the surrogates of a table for the first seeds 0, 1, ..."""
    drawn = [FlowSurrogate(table.n_ops, replace(config, seed=seed)) for seed in range(n_draws)]
    return [
        explained_beyond(table, standardised(surrogate(table)).double().numpy(), labels)
        for surrogate in drawn
    ]


def operation_counts(table: ArchTable) -> FloatArray:
    """(N, d): how often each operation occurs, without those that occur equally often
    everywhere.
    """
    flat = np.bincount(
        table.node_graph * table.n_ops + table.ops, minlength=len(table) * table.n_ops
    )
    counts = flat.reshape(len(table), table.n_ops).astype(np.float64)
    return counts[:, np.ptp(counts, axis=0) > 0]


def normal_scores(values: FloatArray) -> FloatArray:
    """(N,): the ranks of `values` as quantiles of a normal distribution."""
    scores: FloatArray = scipy.stats.norm.ppf((scipy.stats.rankdata(values) - 0.5) / len(values))
    return scores


def out_of_fold_r2(features: FloatArray, values: FloatArray, fold: npt.NDArray[np.int64]) -> float:
    """R^2 of ridge regression, each fold (N,) predicted from the others."""
    predicted = np.empty(len(values))
    for number in np.unique(fold):
        test = fold == number
        mean, scale = features[~test].mean(axis=0), features[~test].std(axis=0)
        x = (features - mean) / np.where(scale > 0, scale, 1.0)
        x = np.hstack([x, np.ones((len(x), 1))])
        seen = x[~test]
        gram = seen.T @ seen + RIDGE * len(seen) * np.eye(x.shape[1])
        predicted[test] = x[test] @ np.linalg.solve(gram, seen.T @ values[~test])
    return float(1 - ((values - predicted) ** 2).sum() / ((values - values.mean()) ** 2).sum())


def _few_labels_tau(
    features: FloatArray,
    labels: FloatArray,
    train: npt.NDArray[np.int64],
    test: npt.NDArray[np.int64],
) -> float:
    process = GaussianProcess().fit(features[train], normal_scores(labels[train]))
    return kendall_tau(process.predict(features[test])[0], labels[test])
