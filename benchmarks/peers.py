"""The encoders that ours are measured beside: the same networks from PyTorch Geometric's parts."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import ResGatedGraphConv, global_mean_pool
from torch_geometric.utils import scatter, softmax

from nasflow import EncoderConfig, GraphBatch


class PyGResGatedGCN(nn.Module):
    """ResGatedGCN from PyTorch Geometric's layers."""

    def __init__(self, n_ops: int, config: EncoderConfig) -> None:
        super().__init__()
        self.n_ops, self.dropout = n_ops, config.dropout
        self.input = nn.Linear(n_ops, config.width)
        self.convs = nn.ModuleList(
            ResGatedGraphConv(config.width, config.width) for _ in range(config.n_layers)
        )

    def forward(self, batch: GraphBatch) -> Tensor:
        """(B, H): embeddings."""
        edges = torch.stack([batch.undirected.source, batch.undirected.target])
        x0 = x = self.input(nn.functional.one_hot(batch.ops, self.n_ops).float())
        for conv in self.convs:
            x = nn.functional.dropout(
                torch.relu(0.2 * x0 + 0.8 * conv(x, edges)), self.dropout, self.training
            )
        pooled: Tensor = global_mean_pool(x, batch.graph)
        return pooled


class PyGFlowerFormer(nn.Module):
    """FlowerFormer batched as its authors do.

    A mask over all edges for each generation, attention on an edge list.
    """

    def __init__(self, n_ops: int, config: EncoderConfig) -> None:
        super().__init__()
        self.n_ops = n_ops
        self.input = nn.Linear(n_ops, config.width, bias=False)
        self.norm = nn.BatchNorm1d(config.width)
        self.layers = nn.ModuleList(_PyGFlowerLayer(config) for _ in range(config.n_layers))

    def forward(self, batch: GraphBatch) -> Tensor:
        """(B, H): embeddings."""
        source, target = batch.edge_index
        generation = batch.generation[target]
        masks = [generation == g for g in range(1, int(batch.generation.max()) + 1)]
        down = [(source[mask], target[mask]) for mask in masks]
        up = [(v, u) for u, v in reversed(down)]
        reader, read, graph = (batch.padded.on_a_path == 0).nonzero().t()
        pairs = [batch.padded.node.view(-1, len(batch))[rank, graph] for rank in (read, reader)]
        real = batch.padded.real[read, graph] & batch.padded.real[reader, graph]
        x = self.norm(self.input(nn.functional.one_hot(batch.ops, self.n_ops).float())).relu()
        x = nn.functional.normalize(x)
        for layer in self.layers:
            x = layer(x, down, up, *(index[real] for index in pairs))
        pooled: Tensor = global_mean_pool(x, batch.graph)
        return pooled


class _PyGFlowerLayer(nn.Module):
    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        width = config.width
        self.n_heads, self.attention_dropout = config.n_heads, config.attention_dropout
        self.grus = nn.ModuleList(nn.GRUCell(width, width) for _ in range(2))
        self.scores = nn.ModuleList(nn.Linear(2 * width, 1) for _ in range(2))
        self.projection = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(3))
        self.feed_forward = nn.Sequential(
            nn.Linear(width, 2 * width), nn.ReLU(), nn.Linear(2 * width, width)
        )

    def forward(
        self,
        x: Tensor,
        down: list[tuple[Tensor, Tensor]],
        up: list[tuple[Tensor, Tensor]],
        source: Tensor,
        target: Tensor,
    ) -> Tensor:
        flow = self._sweep(1, self._sweep(0, x, down), up).relu()
        h = self.norms[0](x + flow) + self.norms[1](x + self._attention(x, source, target))
        out: Tensor = self.norms[2](h + self.feed_forward(h))
        return out

    def _sweep(self, which: int, x: Tensor, steps: list[tuple[Tensor, Tensor]]) -> Tensor:
        roots = torch.ones(len(x), dtype=torch.bool)
        for _, target in steps:
            roots[target] = False
        f = torch.zeros_like(x)
        f[roots] = self.grus[which](x[roots])
        for source, target in steps:
            score = self.scores[which](torch.cat([x[target], f[source]], dim=1))
            message = scatter(
                softmax(score, target, num_nodes=len(x)) * f[source], target, dim_size=len(x)
            )
            here = torch.zeros(len(x), dtype=torch.bool)
            here[target] = True
            f = f.clone()
            f[here] = self.grus[which](x[here], message[here])
        return f

    def _attention(self, x: Tensor, source: Tensor, target: Tensor) -> Tensor:
        q, k, v = self.projection(x).view(len(x), 3, self.n_heads, -1).unbind(1)
        score = (q[target] * k[source]).sum(dim=-1) * q.shape[-1] ** -0.5
        weight = softmax(score, target, num_nodes=len(x))
        weight = nn.functional.dropout(weight, self.attention_dropout, self.training)
        read = scatter(v[source] * weight.unsqueeze(-1), target, dim_size=len(x))
        out: Tensor = self.output(read.flatten(1))
        return out
