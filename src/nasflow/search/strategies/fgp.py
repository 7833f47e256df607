"""fgp: a Gaussian process over what FGP sees of a space before the first training.

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
from dataclasses import dataclass, field
from typing import Self

from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import LONG_PRETRAINING, PretrainConfig
from nasflow.search.candidates import Listed
from nasflow.search.known import FloatArray
from nasflow.search.problem import Problem
from nasflow.search.strategies.bayesian import Bayesian, BayesianConfig


@dataclass(frozen=True)
class FGPConfig(BayesianConfig):
    """The options of fgp."""

    strategy: str = "fgp"
    proxies: tuple[str, ...] = ()
    """Known quantities (columns or functions) whose ranks join the features."""
    features: tuple[str, ...] = ("surrogate", "counts", "one-hot")
    """What the process sees of an architecture. surrogate (of the flow), counts (of operations
    and edges), one-hot (operation of each node, each edge), embedding (by an encoder, which is then
    pre-trained). The default was chosen by benchmarks/search_features.py."""
    pretrain_rows: int = 10_000
    """Random architectures to pre-train on where a space is too large to list."""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    """The encoder."""
    surrogate: SurrogateConfig = field(default_factory=SurrogateConfig)
    """The flow surrogate."""
    pretrain: PretrainConfig = LONG_PRETRAINING
    """Pre-training; pretext none leaves the encoder as drawn."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._names("proxies")
        self._names("features")
        legal = ("embedding", "surrogate", "counts", "one-hot")
        if not self.features or not set(self.features) <= set(legal):
            raise self._wrong("features", self.features, f"one or more of {', '.join(legal)}")
        self._positive_int("pretrain_rows")


class FGP(Bayesian):
    """Expected improvement over pre-trained embeddings, surrogates and proxies."""

    Config = FGPConfig
    config: FGPConfig

    def bind(self, problem: Problem, whole: Listed | None) -> Self:
        """Say what is searched; the proxies must be known there."""
        for name in (*self.config.proxies, *self.config.pretrain.proxies):
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
            n_rows=config.pretrain_rows,
            features=config.features,
            proxies=config.proxies,
            progress=progress,
        )
        self._featuriser.prepare()

    def features(self, elements: ArchTable) -> FloatArray:
        """(N, d): the parts that the options name, then ranks by proxies."""
        return self._featuriser.features(elements)

    def groups(self) -> Sequence[int]:
        """The sizes of these parts."""
        return self._featuriser.groups
