"""The options of the search."""

from __future__ import annotations

from dataclasses import dataclass, field

from nasflow.options.base import Options, later
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import EncoderConfig, FitConfig, PretrainConfig


@dataclass(frozen=True)
class SearchConfig(Options):
    """How the next architectures to train are chosen (section 7 of the method;
    `nasflow.search.strategies`).
    """

    strategy: str = "fgp"
    """Registered name: fgp, npenas, gp-onehot, evolution, local-search or random."""
    seed: int = 21
    """Seed of every draw: with it and the results told so far, what is proposed next is
    determined.
    """
    n_initial: int | None = None
    """Random architectures before the strategy chooses; by default 20 for npenas, 10 for the other
    models.
    """
    population: int = 30
    """evolution: the youngest so many may be parents."""
    tournament: int = 10
    """evolution: the best of so many drawn from the population is the parent."""
    n_parents: int = 20
    """npenas, fgp, gp-onehot: the best so many are mutated."""
    n_mutations: int = 20
    """npenas: mutations of each parent that are ranked. The paper has 5, among which a predictor
    has little to choose: benchmarks/search.py compares them."""
    mutate_again: float = later(0.0)
    """npenas: the chance that a mutation is mutated once more, and so on; 0 makes one change to a
    parent. The further mutations reach, the more the predictor has to choose from, and the more its
    quality decides."""
    round_size: int = 20
    """npenas: architectures trained between two fits of the predictor."""
    n_pool: int = 1000
    """fgp, gp-onehot: mutations, and as many fresh samples, to choose from where a space is too
    large to list.
    """
    proxies: tuple[str, ...] = ()
    """fgp: known quantities (columns or functions) whose ranks join the features."""
    features: tuple[str, ...] = later(("surrogate", "counts", "one-hot"))
    """fgp: what the process sees of an architecture. surrogate (of the flow), counts (of operations
    and edges), one-hot (operation of each node, each edge), embedding (by an encoder, which is then
    pre-trained). The default was chosen by benchmarks/search_features.py."""
    pretrain_rows: int = 10_000
    """fgp, npenas: random architectures to pre-train on where a space is too large to list."""
    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    """fgp, npenas: the encoder."""
    surrogate: SurrogateConfig = field(default_factory=SurrogateConfig)
    """fgp, npenas: the flow surrogate."""
    pretrain: PretrainConfig = field(default_factory=PretrainConfig)
    """fgp, npenas: pre-training; pretext none leaves the encoder as drawn."""
    fit: FitConfig = field(default_factory=FitConfig)
    """npenas: fine-tuning on the results."""

    def __post_init__(self) -> None:
        self._names("proxies")
        self._names("features")
        legal = ("embedding", "surrogate", "counts", "one-hot")
        if not self.features or not set(self.features) <= set(legal):
            raise self._wrong("features", self.features, f"one or more of {', '.join(legal)}")
        self._positive_int(
            "population",
            "tournament",
            "n_parents",
            "n_mutations",
            "round_size",
            "n_pool",
            "pretrain_rows",
        )
        self._number("mutate_again", 0, 0.9)
        if self.n_initial is not None:
            self._positive_int("n_initial")
        self._seed()
