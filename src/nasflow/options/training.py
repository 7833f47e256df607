"""The options of pre-training and fine-tuning; those of encoders and tasks stand beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from nasflow.options.base import Options

Schedule = Literal["one-cycle", "constant"]
EpochPairs = Literal["validation", "labelled"]

_STEPS, _MOST_EPOCHS = 1200, 40


@dataclass(frozen=True)
class PretrainConfig(Options):
    """Pre-training: tasks that need no labels."""

    pretext: str = "flow"
    """Tasks joined by +, such as flow+proxy; none leaves the encoder as drawn. A task is a
    registered name (flow, proxy, graphcl, arch2vec, gmae), or file.py:Class or module:Class of your
    own."""
    proxies: tuple[str, ...] = ()
    """The columns that tasks such as proxy are given; they must need no training."""
    task_options: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The options of single tasks by the task's name, where they are not the defaults: what its
    class says (`nasflow.pretext.GraphCL.Config` and so on), as an object or a dictionary."""
    weights: dict[str, float] = field(default_factory=dict)
    """Weight of each task's loss, 1 where none is given; scaled so that those of the tasks at hand
    add up to 1.
    """
    epochs: int | None = None
    """Passes over the table; by default as many as make about 1,200 steps, from 1 to 40."""
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
    seed: int = 21
    """Seed of the weights, the order of the rows and the dropout."""

    def __post_init__(self) -> None:
        self._names("proxies")
        self._mappings("task_options", "weights")
        # kept as plain values: which class they belong to, only the task knows
        options_of = {}
        for task, options in self.task_options.items():
            options_of[task] = options.to_dict() if isinstance(options, Options) else dict(options)
        object.__setattr__(self, "task_options", options_of)
        self._positive_int("batch_size", "decoder_layers")
        if self.epochs is not None:
            self._positive_int("epochs")
        self._size("decoder_width")
        self._number("lr", 0, open_low=True)
        self._number("weight_decay", 0)
        self._choice("schedule")
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

    def n_epochs(self, n_rows: int) -> int:
        """Passes over a table of `n_rows` rows.

        Steps are what the loss falls with. Twice as many gain nothing on four of six spaces, and
        up to a point of tau where pre-training helps most (docs/results/pretraining.md).
        """
        if self.epochs is not None:
            return self.epochs
        steps_of_epoch = math.ceil(n_rows / self.batch_size)
        return max(1, min(_MOST_EPOCHS, round(_STEPS / steps_of_epoch)))

    @property
    def task_weights(self) -> dict[str, float]:
        """The weight of each task; they add up to 1."""
        given = {name: float(self.weights.get(name, 1.0)) for name in self.tasks}
        return {name: weight / sum(given.values()) for name, weight in given.items()}


LONG_PRETRAINING = PretrainConfig(epochs=40)
"""What the tables of the docs were made with, and a search pre-trains with."""


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
    average: int = 1
    """The weights that count are a running mean over about so many epochs; 1 takes each epoch's
    own.
    """
    epoch_pairs: EpochPairs = "validation"
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

    @property
    def is_usual(self) -> bool:
        """Whether nothing but columns and a seed differs from the defaults, of fgp or a blend."""
        plain = replace(self, proxies=(), seed=FitConfig.seed)
        return plain in (FitConfig(), ALL_LABELS)


ALL_LABELS = FitConfig(epochs=150, lr=5e-4, average=40)
"""How a blend's encoder is fine-tuned, where no row is held back to choose an epoch; chosen on
splits of other seeds than results are reported on."""
