"""`Pretext`: the interface of a pre-training task, and the decoder that most of them end in.

A task says how wrong the encoder is on a batch (`loss`), and, where the graphs alone do not tell,
what it learns to predict (`targets`, once for the whole table). Adding one is one file with one
subclass, and a line in `registry.py`. Several tasks at once share the encoder's pass over the batch
through `Step`.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nasflow.encoders.base import Encoder, NodeEncoder
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.options.base import Options
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.running.cached import cached_property


@dataclass(frozen=True, eq=False)
class PretextSetting:
    """What a task may ask about the pre-training it is part of."""

    encoder: Encoder
    """The encoder that is trained: asked for its widths and vocabulary here, run through `Step`."""
    config: PretrainConfig
    surrogate: SurrogateConfig
    columns: tuple[str, ...] = ()
    """Names of the columns that `targets` will be given."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Those of `config.task_options` that are the task's own."""


@dataclass(frozen=True, eq=False)
class Step:
    """One batch of pre-training; the encoder runs on it when a task first asks, and once."""

    encoder: Encoder
    batch: GraphBatch

    @cached_property
    def nodes(self) -> Tensor:
        """(n_nodes, encoder.node_width): the state of every node.

        Raises:
            ConfigError: the encoder has none.
        """
        return self.encoder.nodes(self.batch)

    @cached_property
    def embedding(self) -> Tensor:
        """(B, H): the embedding of every architecture."""
        if isinstance(self.encoder, NodeEncoder):
            # from the states that another task may have asked for already
            return self.encoder.embedding(self.batch, self.nodes)
        embedding: Tensor = self.encoder(self.batch)
        return embedding

    def backward(self) -> None:
        """Called once the losses' gradients are there; here they have reached the encoder."""


class Pretext(nn.Module, ABC):
    """One task without labels; a module, since most have a decoder that learns with the encoder."""

    Config: ClassVar[type[Options]] = Options
    """The class of its own options, a frozen dataclass; `Options` where it has none."""

    needs_nodes: ClassVar[bool] = False
    """Whether it asks for the states of the nodes, which some encoders do not have."""

    def __init__(self, setting: PretextSetting) -> None:
        super().__init__()
        self.setting = setting
        # typed by each task for itself: here any class of options may stand
        self.options: Any = self.Config.from_dict(setting.options)

    def targets(self, table: ArchTable, proxies: Mapping[str, npt.NDArray[np.float64]]) -> Tensor:  # noqa: ARG002
        """(N, d) float32: what the task predicts for each row; d = 0 if the graphs alone tell.

        Args:
            table: the pre-training table.
            proxies: (N,) columns that need no training, by name; NaN where there is no value.
        """
        return torch.zeros(len(table), 0)

    @abstractmethod
    def loss(self, step: Step, targets: Tensor) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            step: the batch, and what the encoder makes of it.
            targets: (B, d), the batch's rows of what `targets` gave.
        """


def decoder(width: int, config: PretrainConfig, n_out: int) -> nn.Sequential:
    """An MLP from (B, width) to (B, n_out), of the layers that the options say."""
    hidden = [config.decoder_width, config.decoder_width // 2][: config.decoder_layers - 1]
    widths = [width, *hidden]
    modules: list[nn.Module] = []
    for n_in, n_next in itertools.pairwise(widths):
        modules += [nn.Linear(n_in, n_next), nn.ReLU()]
    # the last one has no relu after it: targets may be negative
    return nn.Sequential(*modules, nn.Linear(widths[-1], n_out))
