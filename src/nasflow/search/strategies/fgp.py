"""fgp: the default. A Gaussian process over what FGP knows of the space before the first training.

Its features, in groups with scales of their own: the flow surrogate (section 3 of the paper),
counts, one-hot codes, the embedding by an encoder that was pre-trained without labels, and the
ranks by zero-cost proxies, as far as they are asked for. An encoder stays as it is: an exact
posterior over frozen embeddings takes a fraction of a second.

The default features need no pre-training. Sets of features were compared on TransNAS micro,
NAS-Bench-101 and NAS-Bench-Graph (benchmarks/search_features.py): with embeddings in place of
surrogates the mean loss was 0.487, against 0.505, within the standard error of the difference.
"""

from __future__ import annotations

from collections.abc import Sequence

from nasflow.graphs.table import ArchTable
from nasflow.options.search import SearchConfig
from nasflow.search.candidates import Listed
from nasflow.search.known import FloatArray
from nasflow.search.problem import Problem
from nasflow.search.strategies.bayesian import Bayesian


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
