"""npenas: a fine-tuned predictor ranks mutations, round after round (Wei et al., "NPENAS: Neural
Predictor Guided Evolution for Neural Architecture Search", algorithm 1; section 7 of the method).

From `n_initial` random architectures on, each round fits the predictor on all results, starting
from the *pre-trained* weights each time; the best `n_parents` results get `n_mutations` mutations
each, and the `round_size` of them that are predicted to be best are trained next. `pretext none`
gives the uninitialised predictor. The method has 5 mutations a parent; the default here is 20. With
`mutate_again` some are several changes away from their parent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.options.search import SearchConfig
from nasflow.search.candidates import Candidates, Listed
from nasflow.search.problem import Problem
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn


class NPENAS(Strategy):
    """Evolution guided by a predictor."""

    n_initial = 20

    def __init__(self, config: SearchConfig, problem: Problem, whole: Listed | None) -> None:
        super().__init__(config, problem, whole)
        for name in config.pretrain.proxies:
            problem.known.require(name)

    def prepare(self, progress: bool) -> None:
        """Pre-train, or read what was pre-trained before."""
        from nasflow.search.prior import Prior  # loads torch

        self._prior = Prior(self.config, self.problem, self.whole, progress)
        _ = self._prior.predictor  # is pre-trained now

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """A round; fresh samples where all results are equal or no mutation is new."""
        size = max(n, self.config.round_size)
        best = np.argsort(-history.utility, kind="stable")[: self.config.n_parents]
        mutations = candidates.mutations(
            [history.told[int(i)] for i in best], self.config.n_mutations, self.config.mutate_again
        )
        if not mutations or np.ptp(history.utility) == 0:
            return drawn(candidates.fresh(size), "random")
        predictor = self._prior.predictor
        predictor.fit(self._graphs(history.told), history.utility)
        predicted = predictor.predict(self._graphs([c.architecture for c in mutations]))
        return [
            Proposal(mutations[i], "mutation", float(predicted[i]))
            for i in np.argsort(-predicted, kind="stable")[:size].tolist()
        ]

    def _graphs(self, architectures: Sequence[Architecture]) -> ArchTable:
        return self._prior.graphs(ArchTable.from_architectures(architectures))
