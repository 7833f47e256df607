"""`Member`: the interface of a model that a blend is made of.

A member sees architectures as graphs and as features, group by group (`nasflow.features`), and
labels as normal scores. Besides predicting it says what it would have predicted for each labelled
row without that row's label: what a blend's weights and intervals are learnt from. Adding one is
one file with one subclass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from nasflow.graphs.table import ArchTable
from nasflow.prediction.score_scale import Scale

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Rows:
    """N architectures as members see them."""

    table: ArchTable
    """The graphs."""
    blocks: Mapping[str, FloatArray]
    """(N, d_g) float64 for each group of features, by the group's name."""

    def __len__(self) -> int:
        return len(self.table)

    def columns(self, groups: Sequence[str]) -> list[FloatArray]:
        """The features of some groups: of those that there are and that have a column."""
        there = [self.blocks[name] for name in groups if name in self.blocks]
        return [block for block in there if block.shape[1]]


def folds(n_rows: int, n_folds: int, seed: int) -> npt.NDArray[np.int64]:
    """(n_rows,): the fold of each row, drawn; no more folds than rows."""
    order = np.random.RandomState(seed).permutation(n_rows)
    fold: npt.NDArray[np.int64] = order % min(n_folds, n_rows)
    return fold


class Prediction(NamedTuple):
    """What a model says of N rows."""

    mean: FloatArray
    """(N,) scores."""
    deviation: FloatArray
    """(N,): how far from the mean a score may be, one standard deviation."""


class Member(ABC):
    """A model of scores.

    Args:
        seed: of whatever is random in it.
    """

    groups: ClassVar[tuple[str, ...]]
    """The groups of features that it looks at; a group that a blend does not have is left out."""
    reads_graph: ClassVar[bool] = False
    """Whether it looks at the graph itself as well."""
    is_network: ClassVar[bool] = False
    """Whether it is a graph network, of which a few folds say what it makes of unseen rows."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self.scale: Scale | None = None
        """From scores to labels and back; a blend says it before `fit` and `restore`."""

    @abstractmethod
    def fit(self, rows: Rows, scores: FloatArray) -> Self:
        """Learn `scores` (n,), n at least 2, of n rows."""

    @abstractmethod
    def predict(self, rows: Rows) -> Prediction:
        """The scores of other rows."""

    def predict_mean(self, rows: Rows) -> FloatArray:
        """(N,): the mean of `predict`, for who needs no deviation; the same bits."""
        return self.predict(rows).mean

    @abstractmethod
    def out_of_fold(self) -> Prediction:
        """(n,) the scores of the rows of `fit`, each as if its label were not known."""

    def state(self) -> dict[str, FloatArray]:
        """What was learnt, as arrays by name; nothing where `fit` is quick enough to do again."""
        return {}

    def restore(self, rows: Rows, scores: FloatArray, state: Mapping[str, FloatArray]) -> Self:
        """As it was after `fit` with these rows and scores, from what `state` gave."""
        assert not state  # who keeps something also reads it
        return self.fit(rows, scores)
