"""fgp: the package's best. A Gaussian process over what FGP knows of the space before the first training.

Its features, in groups with scales of their own: the embedding by an encoder that was pre-trained without labels, the
flow surrogate (section 3 of the paper), and the ranks by zero-cost proxies, if any are given. The encoder stays as it
is: with dozens of results an exact posterior over frozen embeddings finds the top better than fine-tuning, and takes
a second.
"""

from __future__ import annotations

from collections.abc import Sequence

from nasflow.config import SearchConfig
from nasflow.search.candidates import Listed
from nasflow.search.known import FloatArray
from nasflow.search.problem import Problem
from nasflow.search.strategies.bayesian import Bayesian
from nasflow.table import ArchTable


class FGP(Bayesian):
    """Expected improvement over pre-trained embeddings, surrogates and proxies."""

    def __init__(self, config: SearchConfig, problem: Problem, whole: Listed | None) -> None:
        super().__init__(config, problem, whole)
        for name in (*config.proxies, *config.pretrain.proxies):
            problem.known.require(name)

    def prepare(self, progress: bool) -> None:
        """Pre-train, or read what was pre-trained before."""
        from nasflow.search.prior import Prior  # loads torch

        self._prior = Prior(self.config, self.problem, self.whole, progress)
        _ = self._prior.groups  # needs the encoder, so it is pre-trained now

    def features(self, elements: ArchTable) -> FloatArray:
        """(N, d): embedding, surrogate, ranks by proxies."""
        return self._prior.features(elements)

    def groups(self) -> Sequence[int]:
        """The sizes of these parts."""
        return self._prior.groups
