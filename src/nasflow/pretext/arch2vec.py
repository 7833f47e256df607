"""arch2vec: reconstruct operations and edges from random codes of the nodes.

Yan et al. 2020, section 3.1:

    mean[v], log sigma[v] = linear(x[v]) each
    z[v]    = mean[v] + sigma[v] * noise,  noise ~ N(0, 1)
    L_ops   = mean over nodes of cross entropy(decoder(z[v]), op_v) / log |O|
    L_edges = mean over pairs u, v of one graph of
              binary cross entropy(sigmoid(z[u] z[v]), joined(u, v)) / log 2
    KL      = mean over nodes of
              -1/2 sum over components of (1 + 2 log sigma - mean^2 - sigma^2)
    loss    = (L_ops + L_edges) / 2 + kl_weight * KL

A variational graph auto-encoder. As in the authors' code pairs are unordered: their adjacency
matrix is symmetric, and an inner product knows no direction. So what is learnt of the wiring is who
is joined, not which way.

Both cross entropies are over that of a guess, so that the loss begins at about 1 (edges higher: the
inner products of random codes are far from 0), as the flow's does: weights compare. Ours: softmax
cross entropy for the operations, where the authors' code has a binary one for each of them; no
dropout of z. The weight of KL, 0.004, is their 1 / (batch of 32 * 8 nodes).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

from nasflow.graphs.batch import GraphBatch
from nasflow.options.base import Options
from nasflow.pretext.base import Pretext, PretextSetting, Step, decoder

LATENT = 16  # the authors' length of a node's code


@dataclass(frozen=True)
class Arch2VecConfig(Options):
    """The options of arch2vec."""

    kl_weight: float = 0.004
    """Weight of the divergence of the codes from a normal distribution."""

    def __post_init__(self) -> None:
        self._number("kl_weight", 0)


class Arch2Vec(Pretext):
    """Predict every operation, and for every two nodes whether an edge joins them."""

    Config = Arch2VecConfig
    options: Arch2VecConfig
    needs_nodes = True

    def __init__(self, setting: PretextSetting) -> None:
        super().__init__(setting)
        self.mean = nn.Linear(setting.encoder.node_width, LATENT)
        self.log_sigma = nn.Linear(setting.encoder.node_width, LATENT)
        self.decoder = decoder(LATENT, setting.config, setting.encoder.n_ops)

    def loss(self, step: Step, targets: Tensor) -> Tensor:  # noqa: ARG002
        """Reconstruction and KL term of one random code for each node."""
        mean, log_sigma = self.mean(step.nodes), self.log_sigma(step.nodes)
        sigma = log_sigma.exp()
        z = mean + sigma * torch.randn_like(mean)  # (n_nodes, LATENT)
        guess = math.log(max(2, self.setting.encoder.n_ops))  # 1 operation: nothing to divide by
        operations = cross_entropy(self.decoder(z), step.batch.ops) / guess
        kl = -0.5 * (1 + 2 * log_sigma - mean.square() - sigma.square()).sum(dim=1).mean()
        loss: Tensor = (operations + _edge_loss(z, step.batch)) / 2 + self.options.kl_weight * kl
        return loss


def _edge_loss(z: Tensor, batch: GraphBatch) -> Tensor:
    """The mean over pairs; 0 where no graph has two nodes."""
    low, high, joined = node_pairs(batch)
    if not len(low):
        return 0.0 * z.sum()  # with a gradient, as the loop over batches expects of any loss
    logits = (z.index_select(0, low) * z.index_select(0, high)).sum(dim=1)
    return binary_cross_entropy_with_logits(logits, joined) / math.log(2)


def node_pairs(batch: GraphBatch) -> tuple[Tensor, Tensor, Tensor]:
    """Three of (n_pairs,): the lower and the higher node of each pair, and whether they are joined.

    The pairs are all of two nodes of one graph; the nodes are int64, the last is 0 or 1, float32.
    """
    node = torch.arange(batch.n_nodes, device=batch.device)
    first = batch.node_ptr.index_select(0, batch.graph)  # the first node of each node's graph
    counts = node - first  # a node is paired with all before it
    # the pair of `high` and the i-th node of its graph is number offset[high] + that node
    offset = counts.cumsum(0) - counts - first
    high = node.repeat_interleave(counts)  # (n_pairs,)
    low = torch.arange(len(high), device=batch.device) - offset.index_select(0, high)
    joined = torch.zeros(len(high), device=batch.device)
    edge_low, edge_high = batch.edge_index.min(dim=0).values, batch.edge_index.max(dim=0).values
    joined[offset.index_select(0, edge_high) + edge_low] = 1.0
    return low, high, joined
