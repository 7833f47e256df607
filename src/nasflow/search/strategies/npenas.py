"""npenas: a fine-tuned predictor ranks mutations, round after round.

Wei et al., "NPENAS: Neural Predictor Guided Evolution for Neural Architecture Search", algorithm 1;
section 7 of the method.

From `n_initial` random architectures on, each round fits the predictor on all results, starting
from the *pre-trained* weights each time; the best `n_parents` results get `n_mutations` mutations
each, and the `round_size` of them that are predicted to be best are trained next. `pretext none`
gives the uninitialised predictor. The method has 5 mutations a parent; the default here is 20. With
`mutate_again` some are several changes away from their parent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np

from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import LONG_PRETRAINING, FitConfig, PretrainConfig
from nasflow.search.candidates import Candidates, Listed
from nasflow.search.problem import Problem
from nasflow.search.strategies.base import History, Proposal, Strategy, drawn
from nasflow.search.strategies.registry import SearchConfig


@dataclass(frozen=True)
class NPENASConfig(SearchConfig):
    """The options of npenas."""

    strategy: str = "npenas"
    n_parents: int = 20
    """The best so many are mutated."""
    n_mutations: int = 20
    """Mutations of each parent that are ranked. The paper has 5, among which a predictor
    has little to choose: benchmarks/search.py compares them."""
    mutate_again: float = 0.0
    """The chance that a mutation is mutated once more, and so on; 0 makes one change to a
    parent. The further mutations reach, the more the predictor has to choose from, and the more its
    quality decides."""
    round_size: int = 20
    """Architectures trained between two fits of the predictor."""
    pretrain_rows: int = 10_000
    """Random architectures to pre-train on where a space is too large to list."""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    """The encoder."""
    surrogate: SurrogateConfig = field(default_factory=SurrogateConfig)
    """The flow surrogate."""
    pretrain: PretrainConfig = LONG_PRETRAINING
    """Pre-training; pretext none leaves the encoder as drawn."""
    fit: FitConfig = field(default_factory=FitConfig)
    """Fine-tuning on the results."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._positive_int("n_parents", "n_mutations", "round_size", "pretrain_rows")
        self._number("mutate_again", 0, 0.9)


class NPENAS(Strategy):
    """Evolution guided by a predictor."""

    n_initial = 20

    Config = NPENASConfig
    config: NPENASConfig

    def bind(self, problem: Problem, whole: Listed | None) -> Self:
        """Say what is searched; the proxies must be known there."""
        for name in self.config.pretrain.proxies:
            problem.known.require(name)
        return super().bind(problem, whole)

    def prepare(self, progress: bool) -> None:
        """Pre-train, or read what was pre-trained before."""
        from nasflow.search.featuriser import Featuriser  # loads torch

        config = self.config
        self._featuriser = Featuriser(
            self.problem,
            self.whole,
            encoder=config.encoder,
            surrogate=config.surrogate,
            pretrain=config.pretrain,
            fit=config.fit,
            n_rows=config.pretrain_rows,
            pretrains=True,
            progress=progress,
        )
        self._featuriser.prepare()

    def choose(self, history: History, candidates: Candidates, n: int) -> list[Proposal]:
        """A round; fresh samples where all results are equal or no mutation is new."""
        size = max(n, self.config.round_size)
        parents = history.best(self.config.n_parents)
        mutations = candidates.mutations(parents, self.config.n_mutations, self.config.mutate_again)
        # equal results teach a predictor nothing
        if not mutations or np.ptp(history.utility) == 0:
            return drawn(candidates.fresh(size), "random")
        # `fit` starts from the pre-trained weights, whatever it was fitted to before
        predictor = self._featuriser.predictor
        predictor.fit(self._graphs(history.architectures), history.utility)
        graphs = self._graphs([mutation.architecture for mutation in mutations])
        predicted = predictor.predict(graphs)  # (n_mutations,)
        order = np.argsort(-predicted, kind="stable")[:size].tolist()
        return [Proposal(mutations[i], "mutation", float(predicted[i])) for i in order]

    def _graphs(self, architectures: Sequence[Architecture]) -> ArchTable:
        """Architectures as the predictor sees them."""
        return self._featuriser.graphs(ArchTable.from_architectures(architectures))
