"""Members of a blend that no default blend has: for the best rows, and on an encoder's vectors.

Labels are learnt as normal scores, in which the best rows stand as far out as the worst. For the
top they are learnt as exponential scores instead: of rows drawn at random minus the logarithm of
the share that is better, so that rows of the worse half lie close together and the best far apart.
What a model says is brought back to normal scores, so that it can be weighed with the others.

`TopEncoder` is trained on weighted pairs: the labelled rows of the best quarter stand three times
in each epoch, and with them the pairs that they are in.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
import scipy.stats
from torch import Tensor

from nasflow.graphs.table import ArchTable
from nasflow.prediction.members.base import FloatArray, Prediction, Rows
from nasflow.prediction.members.encoder import PretrainedEncoder
from nasflow.prediction.members.gaussian_process import GroupsGP
from nasflow.prediction.members.trees import Trees

TOP_SHARE = 0.25
N_TIMES = 3
_LEAST = 1e-6  # a share: beyond its score nothing is told apart


class EmbeddingGP(GroupsGP):
    """The process on the graph, and on what the pre-trained encoder makes of it."""

    groups = ("paths", "one-hot", "flow", "counts", "embedding")


class EmbeddingOnlyGP(GroupsGP):
    """The process on what the pre-trained encoder makes of a graph, and on nothing else."""

    groups = ("embedding",)


def to_top(scores: FloatArray) -> FloatArray:
    """Normal scores as exponential ones: minus the logarithm of the share that is better."""
    better: FloatArray = np.maximum(scipy.stats.norm.sf(scores), _LEAST)
    return -np.log(better)


def from_top(scores: FloatArray) -> FloatArray:
    """Exponential scores as normal ones."""
    better = np.clip(np.exp(-scores), _LEAST, 1 - _LEAST)
    normal: FloatArray = scipy.stats.norm.isf(better)
    return normal


def _normal(said: Prediction) -> Prediction:
    """What is said in exponential scores, in normal ones; the deviation is half of what it spans.

    Beyond the ends order is kept by a straight line: many a row may be predicted below the worst.
    """
    mean = from_top(np.maximum(said.mean, 0.0)) + np.minimum(said.mean, 0.0)
    span = from_top(said.mean + said.deviation) - from_top(said.mean - said.deviation)
    return Prediction(mean, np.maximum(span / 2, 1e-3))


class TopGP(GroupsGP):
    """The process on all groups, learnt in exponential scores."""

    def fit(self, rows: Rows, scores: FloatArray) -> Self:
        """See `Member.fit`."""
        return super().fit(rows, to_top(scores))

    def predict(self, rows: Rows) -> Prediction:
        """See `Member.predict`."""
        return _normal(super().predict(rows))

    def predict_mean(self, rows: Rows) -> FloatArray:
        """See `Member.predict_mean`."""
        return self.predict(rows).mean

    def out_of_fold(self) -> Prediction:
        """See `Member.out_of_fold`."""
        return _normal(super().out_of_fold())


class TopTrees(Trees):
    """The trees on all groups, learnt in exponential scores."""

    def fit(self, rows: Rows, scores: FloatArray) -> Self:
        """See `Member.fit`."""
        return super().fit(rows, to_top(scores))

    def predict(self, rows: Rows) -> Prediction:
        """See `Member.predict`."""
        return _normal(super().predict(rows))

    def out_of_fold(self) -> Prediction:
        """See `Member.out_of_fold`."""
        return _normal(super().out_of_fold())


class TopEncoder(PretrainedEncoder):
    """The pre-trained encoder, fine-tuned on more pairs of the best rows."""

    n_times: ClassVar[int] = N_TIMES

    def _trained(
        self,
        table: ArchTable,
        extra: Tensor | None,
        labels: FloatArray,
        which: npt.NDArray[np.int64],
    ) -> object:
        best = which[labels[which] >= np.quantile(labels[which], 1 - TOP_SHARE)]
        repeated = np.concatenate([which, *([best] * (self.n_times - 1))])
        return super()._trained(table, extra, labels, repeated)
