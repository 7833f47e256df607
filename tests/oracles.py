"""Slow, obviously right versions of what nasflow computes fast, and random graphs to compare the
two on.

Nothing here is shared with the code under test but the definition of an architecture.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig

FloatArray = npt.NDArray[np.float64]

OPS = ("input", "conv1x1", "conv3x3", "maxpool3x3", "output")
"""A vocabulary of five operations, in the order of NAS-Bench-101."""

CHAIN = Architecture(OPS[:3], ((0, 1), (1, 2)))
TRIANGLE = Architecture(OPS[:3], ((0, 1), (1, 2), (0, 2)))


# -- graphs
# ---------------------------------------------------------------------------------------------


def to_networkx(architecture: Architecture) -> nx.DiGraph:
    """The same graph in networkx, the operation of a node as its attribute `op`."""
    graph = nx.DiGraph()
    graph.add_nodes_from((v, {"op": op}) for v, op in enumerate(architecture.ops))
    graph.add_edges_from(architecture.edges)
    return graph


def random_dag(rng: np.random.Generator, n_nodes: int, density: float = 0.4) -> Architecture:
    """A directed acyclic graph whose edges occur with probability `density`."""
    order = rng.permutation(n_nodes).tolist()
    edges = tuple(
        (order[i], order[j])
        for i, j in itertools.combinations(range(n_nodes), 2)
        if rng.random() < density
    )
    return Architecture(tuple(rng.choice(OPS, n_nodes).tolist()), edges)


def random_table(n: int, seed: int = 0, max_nodes: int = 8) -> ArchTable:
    """`n` random graphs of 2 to `max_nodes` nodes over `OPS`."""
    rng = np.random.default_rng(seed)
    return ArchTable.from_architectures(
        [random_dag(rng, int(rng.integers(2, max_nodes + 1))) for _ in range(n)], OPS
    )


# -- the flow surrogate, one graph and one node at a time
# -------------------------------------------------

# (n, k) -> (k,)
POOLINGS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "sum": lambda x: x.sum(axis=0),
    "mean": lambda x: x.mean(axis=0),
    "max": lambda x: x.max(axis=0),
    "root": lambda x: x.sum(axis=0) / np.sqrt(len(x)),
}
ACTIVATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "swish": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: np.array([value * (1 + math.erf(value / math.sqrt(2))) / 2 for value in x]),
}


def flow_surrogate(
    architecture: Architecture,
    vocabulary: Sequence[str],
    config: SurrogateConfig,
    numbers: FloatArray | None = None,
) -> FloatArray:
    """(rounds * k,) float64: section 3 of the paper, read line by line.

    `numbers` (n_nodes, n_columns): what nodes carry, in units.
    """
    rng = np.random.RandomState(config.seed)
    k = config.k
    r = rng.uniform(0, 1, k)
    rng.uniform(0, 1, k)
    P = rng.normal(0, config.sigma, (len(vocabulary), k))
    W = rng.normal(0, config.sigma, (2 * k, k))
    if numbers is None:
        numbers = np.zeros((architecture.n_nodes, 0))
    Q = rng.normal(0, config.sigma, (numbers.shape[1], k))
    pool = POOLINGS[config.pooling]
    nodes = range(architecture.n_nodes)
    before: list[list[int]] = [[u for u, v in architecture.edges if v == node] for node in nodes]
    after: list[list[int]] = [[v for u, v in architecture.edges if u == node] for node in nodes]

    def receive(node: int, vectors: list[FloatArray]) -> FloatArray:
        message = pool(np.array(vectors))
        if config.rescale and message.any():
            message = message * (np.linalg.norm(r) / np.linalg.norm(message)) ** config.rescale
        op = architecture.ops[node]
        own = P[vocabulary.index(op)] + numbers[node] @ Q
        activation = ACTIVATIONS[config.op_activations.get(op, config.activation)]
        converted = activation(np.concatenate([own, message]) @ W)
        return config.alpha * message + (1 - config.alpha) * converted

    def one_pass(neighbours: list[list[int]], start: list[FloatArray]) -> list[FloatArray]:
        done: dict[int, FloatArray] = {node: start[node] for node in nodes if not neighbours[node]}
        while len(done) < len(nodes):
            for node in nodes:
                if node not in done and all(u in done for u in neighbours[node]):
                    done[node] = receive(node, [done[u] for u in neighbours[node]])
        return [done[node] for node in nodes]

    state: list[FloatArray] = [r for _ in nodes]
    parts = []
    for _ in range(config.rounds):
        if config.directions != "backward":
            state = one_pass(before, state)
        if config.directions != "forward":
            state = one_pass(after, state)
        ends = [
            node
            for node in nodes
            if not (after if config.directions == "forward" else before)[node]
        ]
        parts.append(pool(np.array([state[node] for node in ends])))
    return np.concatenate(parts)


# -- ResGatedGCN, one node at a time
# ----------------------------------------------------------------------


def resgatedgcn(
    architecture: Architecture,
    vocabulary: Sequence[str],
    weights: dict[str, FloatArray],
    n_layers: int,
) -> FloatArray:
    """(H,) float64: the embedding of one architecture, without dropout, from a state dict as
    float64 arrays.
    """
    nodes = range(architecture.n_nodes)
    neighbours: list[list[int]] = [[] for _ in nodes]
    for u, v in architecture.edges:
        neighbours[u].append(v)
        neighbours[v].append(u)
    W_in, b_in = weights["input.linear.weight"], weights["input.linear.bias"]
    x0 = [W_in[:, vocabulary.index(architecture.ops[v])] + b_in for v in nodes]
    x = x0
    for layer in range(n_layers):
        K, Q, V, W_skip = np.split(weights[f"layers.{layer}.projection.weight"], 4)
        k, q, w, b = np.split(weights[f"layers.{layer}.projection.bias"], 4)
        following = []
        for v in nodes:
            total = W_skip @ x[v] + b
            for u in neighbours[v]:
                gate = 1 / (1 + np.exp(-(K @ x[v] + k + Q @ x[u] + q)))
                total = total + gate * (V @ x[u] + w)
            following.append(np.maximum(0.2 * x0[v] + 0.8 * total, 0))
        x = following
    return np.mean(x, axis=0)


# -- the sweep of FlowerFormer and DAGNN, one node at a time
# ------------------------------------------------


def neighbours(graph: Architecture) -> tuple[list[list[int]], list[list[int]]]:
    """The predecessors of every node, and the successors."""
    before: list[list[int]] = [[] for _ in graph.ops]
    after: list[list[int]] = [[] for _ in graph.ops]
    for u, v in graph.edges:
        before[v].append(u)
        after[u].append(v)
    return before, after


def flow_sweep(sweep: Any, states: Sequence[Tensor], predecessors: list[list[int]]) -> list[Tensor]:
    """What arrives at every node of one graph, with the weights of a `FlowSweep` and torch's own
    GRU.
    """
    f: dict[int, Tensor] = {}
    while len(f) < len(states):
        for v, x in enumerate(states):
            if v in f or any(u not in f for u in predecessors[v]):
                continue
            message = torch.zeros_like(x)
            if predecessors[v]:
                shares = torch.softmax(
                    torch.stack([sweep.score(f[u])[0] for u in predecessors[v]]), dim=0
                )
                message = torch.stack(
                    [share * f[u] for share, u in zip(shares, predecessors[v], strict=True)]
                ).sum(0)
            f[v] = sweep.gru(x, message)
    return [f[v] for v in range(len(states))]


# -- metrics and losses by counting
# -----------------------------------------------------------------------


def ranking_loss(scores: Sequence[float], values: Sequence[float], margin: float) -> float:
    """The mean hinge over all pairs with two finite, different values, pair by pair; 0 without
    any.
    """
    terms = [
        max(0.0, margin - (scores[i] - scores[j]))
        for i, j in itertools.permutations(range(len(scores)), 2)
        if np.isfinite(values[i]) and np.isfinite(values[j]) and values[i] > values[j]
    ]
    return sum(terms) / len(terms) if terms else 0.0


def precision_at(predicted: Sequence[float], true: Sequence[float], k: int) -> float:
    """Precision at the first k, the mean over every order of the items that both rankings allow."""

    def tops(values: Sequence[float]) -> list[set[int]]:
        orders = itertools.permutations(range(len(values)))
        return [
            set(o[:k])
            for o in orders
            if all(values[a] >= values[b] for a, b in itertools.pairwise(o))
        ]

    pairs = [len(a & b) / k for a in tops(predicted) for b in tops(true)]
    return sum(pairs) / len(pairs)
