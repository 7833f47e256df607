"""`Member`: the interface of a model that a blend is made of.

A member sees the features of architectures group by group (`nasflow.features`) and labels as normal
scores. Besides predicting it says what it would have predicted for each labelled row without that
row's label: what a blend's weights and intervals are learnt from. Adding one is one file with one
subclass.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

Blocks = Mapping[str, FloatArray]
"""(N, d_g) float64 for each group of features, by the group's name."""


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

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    @abstractmethod
    def fit(self, blocks: Blocks, scores: FloatArray) -> Self:
        """Learn `scores` (n,), n at least 2, from the features of n rows."""

    @abstractmethod
    def predict(self, blocks: Blocks) -> Prediction:
        """The scores of other rows."""

    @abstractmethod
    def out_of_fold(self) -> Prediction:
        """(n,) the scores of the rows of `fit`, each as if its label were not known."""

    def _columns(self, blocks: Blocks) -> list[FloatArray]:
        """The groups that it looks at and that there are, one after another."""
        return [blocks[name] for name in self.groups if name in blocks and blocks[name].shape[1]]
