"""The options of every stage, one frozen dataclass each; the same objects serve Python, YAML and command line.

Each checks its values when made. Unknown keys are errors that name the nearest legal one. Nothing here imports
more than the standard library, so that `nasflow --help` can show the options without loading torch.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, Self, get_args, get_type_hints

from nasflow.errors import ConfigError, unknown_option

Pooling = Literal["sum", "mean", "max", "root"]
Activation = Literal["relu", "gelu", "swish", "tanh"]
Directions = Literal["both", "forward", "backward"]
ProxyHeads = Literal["each", "average"]
Schedule = Literal["one-cycle", "constant"]
Group = Literal["none", "isomorphism"]
EpochPairs = Literal["validation", "labelled"]
PretrainOn = Literal["all", "training-half"]


class Options:
    """What all option classes share: reading and writing plain dictionaries, a hash, checks."""

    version: ClassVar[int] = 1
    """Raised by hand when the same options come to give other results: what was made before is then made again."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """The options of a dictionary, such as a parsed YAML file.

        Raises:
            ConfigError: a key that is no option (the message names the nearest), or an illegal value.
        """
        legal = [f.name for f in dataclasses.fields(cls)]  # type: ignore[arg-type]  # subclasses are dataclasses
        for key in data:
            if key not in legal:
                raise unknown_option(cls.__name__, key, legal)
        return cls(**data)

    @classmethod
    def from_stored(cls, data: Mapping[str, Any]) -> Self:
        """`from_dict` for what `to_dict` gave, here or in an earlier version: options that came `later` may lack.

        Raises:
            ConfigError: as `from_dict`.
        """
        absent = {f.name: f.metadata["absent"] for f in dataclasses.fields(cls)  # type: ignore[arg-type]
                  if "absent" in f.metadata}
        types = get_type_hints(cls)

        def stored(name: str, value: Any) -> Any:
            stage = types.get(name)
            nested = isinstance(stage, type) and issubclass(stage, Options) and isinstance(value, Mapping)
            return stage.from_stored(value) if nested else value  # type: ignore[union-attr]

        return cls.from_dict({name: stored(name, value) for name, value in {**absent, **data}.items()})

    def to_dict(self) -> dict[str, Any]:
        """The options as a dictionary of JSON values."""
        return dataclasses.asdict(self)  # type: ignore[call-overload,no-any-return]

    def identity(self) -> dict[str, Any]:
        """The JSON values that tell these options from others of the class.

        An option made by `later` is left out where it has the value that its absence means, so that adding one does
        not make finished runs and checkpoints look foreign. Raising `version` makes all of them so.
        """
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)  # type: ignore[arg-type]
                  if not ("absent" in f.metadata and getattr(self, f.name) == f.metadata["absent"])}
        identity = {name: value.identity() if isinstance(value, Options) else value for name, value in values.items()}
        return identity | ({"version": self.version} if self.version > 1 else {})

    def digest(self) -> str:
        """16 hexadecimal digits that change with any option."""
        text = json.dumps([type(self).__name__, self.identity()], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _positive_int(self, *names: str) -> None:
        for name in names:
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise self._wrong(name, value, "a whole number of at least 1")

    def _seed(self, name: str = "seed") -> None:
        value = getattr(self, name)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
            raise self._wrong(name, value, "a whole number from 0 to 4294967295")

    def _number(self, name: str, low: float, high: float = math.inf, open_low: bool = False) -> None:
        value = getattr(self, name)
        legal = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not legal or not low <= value <= high or (open_low and value == low):
            span = f"a number {'above' if open_low else 'from'} {low:g}"
            raise self._wrong(name, value, span + (f" to {high:g}" if high < math.inf else ""))

    def _choice(self, name: str) -> None:
        kind: Any = type(self)
        legal = get_args(_type_hints(kind)[name])
        if getattr(self, name) not in legal:
            raise self._wrong(name, getattr(self, name), ", ".join(map(str, legal)))

    def _names(self, name: str) -> None:
        """Make a list of names a tuple of them."""
        value = getattr(self, name)
        if isinstance(value, str):  # tuple("abc") would be three names
            raise self._wrong(name, value, "a list")
        object.__setattr__(self, name, tuple(value))
        if len(set(value)) != len(value):
            raise self._wrong(name, value, "each name once")

    def _wrong(self, name: str, value: object, legal: str) -> ConfigError:
        return ConfigError(f"{type(self).__name__}.{name} is {value!r}; legal: {legal}")


@functools.cache
def _type_hints(options: Any) -> dict[str, Any]:
    return get_type_hints(options)  # half a millisecond a call


def later(absent: Any, default: Any = dataclasses.MISSING) -> Any:
    """An option that its class did not have when results were first kept.

    Args:
        absent: the value under which results were made before: identities leave the option out there, for ever.
        default: the value where none is given; `absent` unless told otherwise.
    """
    value = absent if default is dataclasses.MISSING else default
    if isinstance(value, dict):
        return field(default_factory=lambda: dict(value), metadata={"absent": absent})
    return field(default=value, metadata={"absent": absent})


@dataclass(frozen=True)
class SurrogateConfig(Options):
    """How random vectors flow through a graph (section 3 of the paper)."""

    k: int = 8
    """Width of the random vectors, and of the surrogate."""
    sigma: float = 0.1
    """Standard deviation of the random matrices P and W."""
    alpha: float = 0.5
    """Share of the message that passes a node unchanged."""
    seed: int = 0
    """Seed of the one draw that serves a whole space."""
    pooling: Pooling = "sum"
    """How messages meet in a node, and nodes in the surrogate; root: their sum over the square root of their number."""
    directions: Directions = "both"
    """Both passes (the method), or one of them alone."""
    rounds: int = 1
    """Forward-and-backward rounds; each starts where the last ended and adds k components."""
    standardise: bool = True
    """Give each component mean 0 and variance 1 over the pre-training table (constant components become 0)."""
    rescale: float = later(0.0)
    """Multiply each message m by (|r| / |m|) to this power: 0 leaves it, 1 gives it the length of r; above 0, values
    neither vanish nor explode with depth."""
    activation: Activation = later("relu")
    """What a node's conversion ends in (relu in the paper)."""
    op_activations: dict[str, Activation] = later({})
    """Another activation for some operations, by their name; all others take `activation`."""

    def __post_init__(self) -> None:
        self._positive_int("k", "rounds")
        self._number("sigma", 0, open_low=True)
        self._number("alpha", 0, 1)
        self._number("rescale", 0, 1)
        self._seed()
        self._choice("pooling")
        self._choice("directions")
        self._choice("activation")
        for op, activation in self.op_activations.items():
            if activation not in get_args(Activation):
                raise self._wrong(f"op_activations[{op!r}]", activation, ", ".join(get_args(Activation)))
        if self.rounds > 1 and self.directions != "both":
            raise self._wrong("rounds", self.rounds, f"1 where directions is {self.directions!r}: a round "
                              "starts from the backward pass of the last")


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
    """Tasks joined by +, such as flow+proxy: flow, proxy, graphcl, arch2vec, gmae, and from Python vectors; none leaves
    the encoder as drawn."""
    proxies: tuple[str, ...] = ()
    """The columns that the task proxy ranks by; they must need no training."""
    proxy_heads: ProxyHeads = "each"
    """With several proxies: a head for each, or one head that ranks by the average of their ranks (they must agree on
    which way is better)."""
    weights: dict[str, float] = field(default_factory=dict)
    """Weight of each task's loss, 1 where none is given; scaled so that those of the tasks at hand add up to 1."""
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
    """Layers of each decoder: 1 linear; 2 with a hidden layer of decoder_width; 3 with another of half of it."""
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
        self._positive_int("epochs", "batch_size", "decoder_width", "decoder_layers", "pairs_per_graph")
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
        if not all(isinstance(weight, (int, float)) and 0 < weight < math.inf for weight in self.weights.values()):
            raise self._wrong("weights", self.weights, "weights above 0, such as {flow: 0.1, proxy: 0.9}")
        if len(set(self.tasks)) != len(self.tasks):
            raise self._wrong("pretext", self.pretext, "each task once")
        if "proxy" in self.tasks and not self.proxies:
            raise self._wrong("proxies", self.proxies, "at least one column name, since pretext names proxy")

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
    """Fine-tuning on the labels (section 6 of the method: margin ranking over the pairs of small batches)."""

    epochs: int = 300
    """Passes over the labelled architectures; the best one on the validation rows is kept, if there are any."""
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
    """Columns whose ranks stand beside the embedding as inputs of the head; they must need no training."""
    average: int = later(1)
    """The weights that count are a running mean over about so many epochs; 1 takes each epoch's own."""
    epoch_pairs: EpochPairs = later("validation")
    """Pairs whose order chooses the epoch: those of two validation rows, as published; labelled has those of a
    validation and a training row too, so more to tell epochs apart by."""
    seed: int = 21
    """Seed of the head's weights, the order of the rows and the dropout."""

    def __post_init__(self) -> None:
        self._names("proxies")
        self._positive_int("epochs", "batch_size", "average")
        self._choice("epoch_pairs")
        if self.batch_size < 2:
            raise self._wrong("batch_size", self.batch_size, "at least 2: a ranking loss compares pairs")
        self._number("lr", 0, open_low=True)
        self._number("weight_decay", 0)
        self._number("clip", 0, open_low=True)
        self._number("margin", 0)
        self._seed()


@dataclass(frozen=True)
class ProtocolConfig(Options):
    """The evaluation protocol (section 6 of the method)."""

    ratio: float = 0.01
    """Share of the training half whose labels are used."""
    n_validation: int = 40
    """Architectures taken from the test half to choose the epoch: labels that the ratio does not count."""
    group: Group = "none"
    """isomorphism keeps architectures that compute the same on one side of each split; none splits by rows."""
    splits: tuple[int, ...] = (21, 2021, 202121)
    """One split of the table into halves for each of these seeds."""
    seeds: tuple[int, ...] = (21, 2021, 202121)
    """Each split is run once for each of these seeds of the model."""
    pretrain_on: PretrainOn = later("all")
    """Pre-train on all architectures, or on the training half of each split alone."""
    pretrain_share: float = later(1.0)
    """Share of these architectures that are pre-trained on."""
    test_metric: str | None = later(None)
    """Another metric that the test rows are ranked by, which no training sees; the default is the one trained on."""

    def __post_init__(self) -> None:
        for name in ("splits", "seeds"):
            values = tuple(getattr(self, name))
            object.__setattr__(self, name, values)
            if not values or len(set(values)) != len(values) or not all(
                isinstance(v, int) and not isinstance(v, bool) and 0 <= v < 2**32 for v in values
            ):
                raise self._wrong(name, values, "different whole numbers from 0 to 4294967295, at least one")
        self._number("ratio", 0, 1, open_low=True)
        self._number("pretrain_share", 0, 1, open_low=True)
        self._choice("group")
        self._choice("pretrain_on")
        if isinstance(self.n_validation, bool) or not isinstance(self.n_validation, int) or self.n_validation < 0:
            raise self._wrong("n_validation", self.n_validation, "a whole number of at least 0")


@dataclass(frozen=True)
class ProxyConfig(Options):
    """The untrained networks that zero-cost measures look at, and their images."""

    width: int = 8
    """Channels of the first stage."""
    cells: int = 1
    """Cells in each stage."""
    n_classes: int = 10
    """Number of classes."""
    images: str = "digits"
    """digits (scikit-learn's), noise, or an .npz with `images` (n, channels, height, width) and `labels` (n,)."""
    image_size: int = 16
    """Height and width that images are brought to."""
    batch_size: int = 32
    """Number of images."""
    seed: int = 0
    """Seed of the weights and of the choice of images; every network starts from the same state."""

    def __post_init__(self) -> None:
        self._positive_int("width", "cells", "n_classes", "image_size", "batch_size")
        self._seed()
        if self.batch_size < 2:
            raise self._wrong("batch_size", self.batch_size, "at least 2: measures compare images")

    @property
    def summary(self) -> str:
        """The options in a few words."""
        return (f"width {self.width}, {self.cells} cells a stage, {self.batch_size} images of {self.images} of "
                f"{self.image_size} x {self.image_size}")


@dataclass(frozen=True)
class SearchConfig(Options):
    """How the next architectures to train are chosen (section 7 of the method; `nasflow.search.strategies`)."""

    strategy: str = "fgp"
    """Registered name: fgp, npenas, gp-onehot, evolution, local-search or random."""
    seed: int = 21
    """Seed of every draw: with it and the results told so far, what is proposed next is determined."""
    n_initial: int | None = None
    """Random architectures before the strategy chooses; by default 20 for npenas, 10 for the other models."""
    population: int = 30
    """evolution: the youngest so many may be parents."""
    tournament: int = 10
    """evolution: the best of so many drawn from the population is the parent."""
    n_parents: int = 20
    """npenas, fgp, gp-onehot: the best so many are mutated."""
    n_mutations: int = 20
    """npenas: mutations of each parent that are ranked. The paper has 5, among which a predictor has little to choose:
    benchmarks/search.py compares them."""
    mutate_again: float = later(0.0)
    """npenas: the chance that a mutation is mutated once more, and so on; 0 makes one change to a parent. The further
    mutations reach, the more the predictor has to choose from, and the more its quality decides."""
    round_size: int = 20
    """npenas: architectures trained between two fits of the predictor."""
    n_pool: int = 1000
    """fgp, gp-onehot: mutations, and as many fresh samples, to choose from where a space is too large to list."""
    proxies: tuple[str, ...] = ()
    """fgp: known quantities (columns or functions) whose ranks join the features."""
    features: tuple[str, ...] = later(("surrogate", "counts", "one-hot"))
    """fgp: what the process sees of an architecture. surrogate (of the flow), counts (of operations and edges), one-hot
    (operation of each node, each edge), embedding (by an encoder, which is then pre-trained). The default was chosen
    by benchmarks/search_features.py."""
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
        self._positive_int("population", "tournament", "n_parents", "n_mutations", "round_size", "n_pool",
                           "pretrain_rows")
        self._number("mutate_again", 0, 0.9)
        if self.n_initial is not None:
            self._positive_int("n_initial")
        self._seed()
