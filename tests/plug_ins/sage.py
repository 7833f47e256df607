"""An encoder with an option, as a stranger writes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from nasflow import EncoderConfig, GraphBatch
from nasflow.encoders import NodeEncoder


@dataclass(frozen=True)
class SageConfig(EncoderConfig):
    name: str = "sage"
    aggregate: Literal["mean", "sum"] = "mean"
    """How the messages of the neighbours meet."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._choice("aggregate")


class Sage(NodeEncoder):
    """GraphSAGE (Hamilton et al. 2017): x[v] = relu(W [x[v], aggregate over u of x[u]])."""

    Config = SageConfig

    def __init__(self, n_ops: int, config: SageConfig) -> None:
        super().__init__(n_ops, config)
        self.input = nn.Embedding(n_ops + 1, config.width)
        layers = [nn.Linear(2 * config.width, config.width) for _ in range(config.n_layers)]
        self.layers = nn.ModuleList(layers)

    def nodes(self, batch: GraphBatch) -> Tensor:
        around = batch.undirected
        degree = around.ptr.diff().clamp(min=1).unsqueeze(1)  # (n_nodes, 1)
        x = self.input(batch.ops)
        for layer in self.layers:
            messages = torch.zeros_like(x).index_add(0, around.target, x[around.source])
            if self.config.aggregate == "mean":
                messages = messages / degree
            x = layer(torch.cat([x, messages], dim=1)).relu()
        return x
