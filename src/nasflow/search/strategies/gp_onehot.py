"""gp-onehot: a Gaussian process on the plain one-hot code, which fgp has to beat.

The code is that of `nasflow.features.one_hot`: on NAS-Bench-201 the operation on each edge
of the cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nasflow.features.one_hot import one_hot
from nasflow.graphs.table import ArchTable
from nasflow.running.cached import cached_property
from nasflow.search.known import FloatArray
from nasflow.search.strategies.bayesian import Bayesian, BayesianConfig

_N_SAMPLES = 256  # to see how many nodes the graphs of a space have


@dataclass(frozen=True)
class OneHotConfig(BayesianConfig):
    """The options of gp-onehot."""

    strategy: str = "gp-onehot"


class OneHotProcess(Bayesian):
    """Expected improvement over one-hot operations and edges."""

    Config = OneHotConfig

    def features(self, elements: ArchTable) -> FloatArray:
        """(N, d): one-hot operations, then edges."""
        if self.whole is not None and elements is self.whole.table:
            return self._whole_features
        return one_hot(elements.with_vocabulary(self._vocabulary), self._n_nodes)

    def groups(self) -> Sequence[int]:
        """All features share their scales."""
        n_edges = self._n_nodes * (self._n_nodes - 1) // 2  # each pair of nodes, one way
        return [self._n_nodes * len(self._vocabulary) + n_edges]

    @cached_property
    def _whole_features(self) -> FloatArray:
        """Those of all elements of a listed space."""
        assert self.whole is not None
        return one_hot(self.whole.table.with_vocabulary(self._vocabulary), self._n_nodes)

    @cached_property
    def _samples(self) -> ArchTable:
        """Elements that show what the graphs look like; all of a listed space."""
        if self.whole is not None:
            return self.whole.table
        # the same whatever the search's seed, so that the code does not depend on it
        rng = np.random.default_rng(0)
        samples = [self.problem.space.sample(rng) for _ in range(_N_SAMPLES)]
        return ArchTable.from_architectures(samples)

    @property
    def _vocabulary(self) -> tuple[str, ...]:
        """The operations that have a column: those of the space, then others of its graphs."""
        return tuple(dict.fromkeys([*self.problem.space.ops, *self._samples.vocabulary]))

    @cached_property
    def _n_nodes(self) -> int:
        """How many nodes the code has room for."""
        return int(np.diff(self._samples.node_ptr).max())
