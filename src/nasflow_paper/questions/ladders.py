"""Deep and wide graphs, how large their surrogates are, and how far back these remember.

Ladders: every node receives from the d nodes before it, operations drawn at random. Fans: an input,
operations side by side, an output.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from nasflow.errors import DataError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate import FlowSurrogate

OPS = ("input", "a", "b", "c", "output")
LENGTH = 64
"""Nodes of the ladders that memory is measured on."""


def ladder(rng: np.random.Generator, n_nodes: int, in_degree: int) -> Architecture:
    """`n_nodes` in a row, operations at random; each receives from the `in_degree` before it."""
    ops = (OPS[0], *rng.choice(OPS[1:-1], n_nodes - 2).tolist(), OPS[-1])
    edges = [(u, v) for v in range(1, n_nodes) for u in range(max(0, v - in_degree), v)]
    return Architecture(ops, tuple(edges))


def fan(rng: np.random.Generator, width: int) -> Architecture:
    """An input, `width` operations side by side, and an output that receives from all of them."""
    ops = (OPS[0], *rng.choice(OPS[1:-1], width).tolist(), OPS[-1])
    middle = range(1, width + 1)
    return Architecture(ops, (*((0, v) for v in middle), *((v, width + 1) for v in middle)))


def size(config: SurrogateConfig, graphs: Sequence[Architecture]) -> float:
    """Geometric mean of |s| / |r| over graphs over `OPS`; infinite where a value leaves float64."""
    surrogate = FlowSurrogate(len(OPS), config, torch.float64)
    try:
        values = surrogate(ArchTable.from_architectures(graphs, OPS))
    except DataError:
        return float("inf")
    # scaled first: a square of 1e200 is no float64
    largest = values.abs().amax(dim=1, keepdim=True)
    lengths = (values / largest).norm(dim=1).log() + largest.squeeze(1).log()
    with np.errstate(over="ignore"):
        return float(np.exp(float(lengths.mean() - surrogate.r.norm().log())))


def memory(
    config: SurrogateConfig, in_degree: int, distances: Sequence[int], n_graphs: int, seed: int = 0
) -> list[float]:
    """The relative change of s when the operation at each distance from the input is exchanged.

    The geometric mean over `n_graphs` ladders of `LENGTH` nodes; 1e-17 stands for no change at all.
    """
    rng = np.random.default_rng(seed)
    surrogate = FlowSurrogate(len(OPS), config, torch.float64)
    changes = []
    for _ in range(n_graphs):
        plain = ladder(rng, LENGTH, in_degree)
        exchanged = [_exchanged(plain, node, rng) for node in distances]
        s, *others = surrogate(ArchTable.from_architectures([plain, *exchanged], OPS))
        changes.append([max(float((other - s).norm() / s.norm()), 1e-17) for other in others])
    result: list[float] = np.exp(np.log(changes).mean(axis=0)).tolist()
    return result


def _exchanged(graph: Architecture, node: int, rng: np.random.Generator) -> Architecture:
    """The graph with another operation at one node."""
    other = rng.choice([op for op in OPS[1:-1] if op != graph.ops[node]])
    ops = (*graph.ops[:node], str(other), *graph.ops[node + 1 :])
    return Architecture(ops, graph.edges)


def growth(config: SurrogateConfig, in_degree: int, n_graphs: int, seed: int = 0) -> float:
    """Factor by which the size grows in a generation, between ladders of 16 and 64 nodes."""
    rng = np.random.default_rng(seed)
    short, long = (size_of_ladders(config, rng, n, in_degree, n_graphs) for n in (16, 64))
    return float((long / short) ** (1 / 48))


def size_of_ladders(
    config: SurrogateConfig, rng: np.random.Generator, n_nodes: int, in_degree: int, n_graphs: int
) -> float:
    """The size over `n_graphs` ladders."""
    return size(config, [ladder(rng, n_nodes, in_degree) for _ in range(n_graphs)])
