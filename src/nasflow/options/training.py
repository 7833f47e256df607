"""The options of encoder, pre-training and fine-tuning."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

from nasflow.options.base import Options, later

ProxyHeads = Literal["each", "average"]
Schedule = Literal["one-cycle", "constant"]
EpochPairs = Literal["validation", "labelled"]


@dataclass(frozen=True)
class EncoderConfig(Options):
    """The graph network that turns an architecture into a vector."""

    name: str = "resgatedgcn"
    """Registered name of the encoder."""
    width: int = 128
    """Width of the node states in a layer, and of the embedding (gin: n_layers times as wide)."""
    n_layers: int = 3
    """Number of layers."""
    dropout: float = 0.1
    """Share of the node states dropped after each layer in training."""
    n_heads: int = 8
    """Attention heads of flowerformer and transformer; the width is shared out among them."""
    attention_dropout: float = 0.1
    """Share of the attention weights dropped in training."""
    max_nodes: int | None = later(None)
    """Nodes of the largest graph that mlp takes; by default those of the first table it sees."""

    def __post_init__(self) -> None:
        self._positive_int("width", "n_layers", "n_heads")
        if self.max_nodes is not None:
            self._positive_int("max_nodes")
        self._number("dropout", 0, 0.99)
        self._number("attention_dropout", 0, 0.99)

    def check_heads(self) -> None:
        """Return if the heads can share the width; for encoders with attention.

        Raises:
            ConfigError: they cannot.
        """
        if self.width % self.n_heads:
            raise self._wrong("n_heads", self.n_heads, f"a divisor of the width, {self.width}")


@dataclass(frozen=True)
class PretrainConfig(Options):
    """Pre-training: tasks that need no labels."""

    pretext: str = "flow"
    """Tasks joined by +, such as flow+proxy: flow, proxy, graphcl, arch2vec, gmae, and from Python
    vectors; none leaves the encoder as drawn."""
    proxies: tuple[str, ...] = ()
    """The columns that the task proxy ranks by; they must need no training."""
    proxy_heads: ProxyHeads = "each"
    """With several proxies: a head for each, or one head that ranks by the average of their ranks
    (they must agree on which way is better)."""
    weights: dict[str, float] = field(default_factory=dict)
    """Weight of each task's loss, 1 where none is given; scaled so that those of the tasks at hand
    add up to 1.
    """
    epochs: int = 40
    """Passes over the table."""
    batch_size: int = 256
    """Architectures a step."""
    lr: float = 1e-3
    """Learning rate; the peak of it in a one-cycle schedule."""
    weight_decay: float = 1e-6
    """AdamW's weight decay."""
    schedule: Schedule = "one-cycle"
    """one-cycle (a warm-up, then down to almost 0) or constant."""
    decoder_width: int = 128
    """Width of the decoders' hidden layers."""
    decoder_layers: int = 2
    """Layers of each decoder: 1 linear; 2 with a hidden layer of decoder_width; 3 with another of
    half of it.
    """
    margin: float = 0.1
    """Margin of the proxy-ranking loss."""
    pairs_per_graph: int = 32
    """Pairs drawn for each architecture of a batch in the proxy-ranking loss (at most)."""
    view_share: float = 0.2
    """graphcl: share of nodes or edges that each view alters."""
    temperature: float = 0.2
    """graphcl: what similarities of views are divided by."""
    mask_share: float = 0.15
    """gmae: share of the operations that are hidden."""
    kl_weight: float = 0.004
    """arch2vec: weight of the divergence of the codes from a normal distribution."""
    seed: int = 21
    """Seed of the weights, the order of the rows and the dropout."""

    def __post_init__(self) -> None:
        self._names("proxies")
        self._positive_int(
            "epochs", "batch_size", "decoder_width", "decoder_layers", "pairs_per_graph"
        )
        self._number("lr", 0, open_low=True)
        self._number("weight_decay", 0)
        for name in ("margin", "temperature"):
            self._number(name, 0, open_low=True)
        for name in ("view_share", "mask_share"):
            self._number(name, 0, 1, open_low=True)
        self._number("kl_weight", 0)
        self._choice("schedule")
        self._choice("proxy_heads")
        self._seed()
        if self.decoder_layers > 3:
            raise self._wrong("decoder_layers", self.decoder_layers, "1, 2 or 3")
        if not all(
            isinstance(weight, (int, float)) and 0 < weight < math.inf
            for weight in self.weights.values()
        ):
            raise self._wrong(
                "weights", self.weights, "weights above 0, such as {flow: 0.1, proxy: 0.9}"
            )
        if len(set(self.tasks)) != len(self.tasks):
            raise self._wrong("pretext", self.pretext, "each task once")
        if "proxy" in self.tasks and not self.proxies:
            raise self._wrong(
                "proxies", self.proxies, "at least one column name, since pretext names proxy"
            )

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks; empty for none."""
        return () if self.pretext == "none" else tuple(self.pretext.split("+"))

    @property
    def task_weights(self) -> dict[str, float]:
        """The weight of each task; they add up to 1."""
        given = {name: float(self.weights.get(name, 1.0)) for name in self.tasks}
        return {name: weight / sum(given.values()) for name, weight in given.items()}


@dataclass(frozen=True)
class FitConfig(Options):
    """Fine-tuning on the labels (section 6 of the method: margin ranking over the pairs of small
    batches).
    """

    epochs: int = 300
    """Passes over the labelled architectures; the best one on the validation rows is kept, if there
    are any.
    """
    batch_size: int = 16
    """Architectures a step; all their pairs are compared."""
    lr: float = 1e-3
    """AdamW's learning rate."""
    weight_decay: float = 1e-6
    """AdamW's weight decay."""
    clip: float = 1.0
    """Largest norm of the gradient."""
    margin: float = 0.1
    """By how much the better of a pair should score above the other."""
    proxies: tuple[str, ...] = ()
    """Columns whose ranks stand beside the embedding as inputs of the head; they must need no
    training.
    """
    average: int = later(1)
    """The weights that count are a running mean over about so many epochs; 1 takes each epoch's
    own.
    """
    epoch_pairs: EpochPairs = later("validation")
    """Pairs whose order chooses the epoch: those of two validation rows, as published; labelled has
    those of a validation and a training row too, so more to tell epochs apart by."""
    seed: int = 21
    """Seed of the head's weights, the order of the rows and the dropout."""

    def __post_init__(self) -> None:
        self._names("proxies")
        self._positive_int("epochs", "batch_size", "average")
        self._choice("epoch_pairs")
        if self.batch_size < 2:
            raise self._wrong(
                "batch_size", self.batch_size, "at least 2: a ranking loss compares pairs"
            )
        self._number("lr", 0, open_low=True)
        self._number("weight_decay", 0)
        self._number("clip", 0, open_low=True)
        self._number("margin", 0)
        self._seed()
