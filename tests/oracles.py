"""Slow, obviously right twins of what the package computes in batches."""

from __future__ import annotations

import networkx as nx
import numpy as np
import torch
from torch import Tensor

from nasflow.architecture import Architecture
from nasflow.encoders.resgatedgcn import ResGatedGCN
from nasflow.surrogate import FlowSurrogate


def to_networkx(architecture: Architecture) -> nx.DiGraph:
    graph = nx.DiGraph()
    graph.add_nodes_from((v, {"op": op}) for v, op in enumerate(architecture.ops))
    graph.add_edges_from(architecture.edges)
    return graph


def surrogate_loop(surrogate: FlowSurrogate, architecture: Architecture, ops: list[int]) -> Tensor:
    """The recursion of the method in float64, node by node, with every option."""
    config = surrogate.config
    P, W, r = surrogate.P.double(), surrogate.W.double(), surrogate.r.double()
    pool = {"sum": lambda m: m.sum(0), "mean": lambda m: m.mean(0), "max": lambda m: m.amax(0)}[config.pooling]
    order = list(nx.topological_sort(to_networkx(architecture)))
    into, out = architecture.predecessors, architecture.successors

    def step(v: int, messages: list[Tensor]) -> Tensor:
        m = pool(torch.stack(messages))
        return config.alpha * m + (1 - config.alpha) * torch.relu(torch.cat([P[ops[v]], m]) @ W)

    start = {v: r for v in order if not into[v]}
    rounds = []
    for _ in range(config.rounds):
        f: dict[int, Tensor] = {}
        b: dict[int, Tensor] = {}
        if config.directions != "backward":
            for v in order:
                f[v] = step(v, [f[u] for u in into[v]]) if into[v] else start[v]
        if config.directions == "forward":
            rounds.append(pool(torch.stack([f[v] for v in order if not out[v]])))
            continue
        for v in reversed(order):
            end = f[v] if config.directions == "both" else r
            b[v] = step(v, [b[w] for w in out[v]]) if out[v] else end
        start = {v: b[v] for v in start}
        rounds.append(pool(torch.stack(list(start.values()))))
    return torch.cat(rounds).float()


def encoder_loop(encoder: ResGatedGCN, architecture: Architecture, ops: list[int]) -> Tensor:
    """The embedding by ResGatedGCN, node by node, outside training."""
    neighbours = [[*p, *s] for p, s in zip(architecture.predecessors, architecture.successors, strict=True)]
    linear = encoder.input.linear
    x0 = torch.stack([linear.weight[:, op] + linear.bias for op in ops])
    x = x0
    for layer in encoder.layers:
        K, Q, V, S = layer.projection.weight.chunk(4)
        k, q, v, s = layer.projection.bias.chunk(4)
        rows = []
        for i, near in enumerate(neighbours):
            row = S @ x[i] + s
            for j in near:
                row = row + torch.sigmoid(K @ x[i] + k + Q @ x[j] + q) * (V @ x[j] + v)
            rows.append(row)
        x = torch.relu(0.2 * x0 + 0.8 * torch.stack(rows))
    return x.mean(0)


def tau_b(x: np.ndarray, y: np.ndarray) -> float:
    """Kendall's tau-b pair by pair."""
    concordant = ties_x = ties_y = pairs = 0
    for i in range(len(x)):
        for j in range(i):
            a, b = np.sign(x[i] - x[j]), np.sign(y[i] - y[j])
            concordant += a * b
            ties_x += a == 0
            ties_y += b == 0
            pairs += 1
    return float(concordant / np.sqrt((pairs - ties_x) * (pairs - ties_y)))
