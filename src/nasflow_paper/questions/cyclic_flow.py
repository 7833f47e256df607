"""The flow on graphs with cycles: the same equations, solved by iterating them to a fixed point.

    F[v] = r                                                     nodes without predecessors
    F[v] = alpha m[v] + (1 - alpha) activation([h[v], m[v]] W),  m[v] = sum of F[u] over the
    predecessors u of v

and likewise backward, where nodes without successors hold F[v]. On an acyclic graph with T
generations T steps solve this exactly: it is the surrogate. With a cycle the equations refer to
themselves, and are iterated, all nodes at once, with damping g:  F <- (1 - g) F + g G(F).

When that converges. Let |a(x) - a(y)| <= L |x - y| for the activation (relu, tanh: L = 1), W2 the
lower half of W, and

    c = alpha + (1 - alpha) L |W2|     (spectral norm).

Two states whose nodes differ by d[v] = |F[v] - F'[v]| differ after a step by at most c sum d[u]
over the predecessors: d <- c A d, with A the adjacency matrix. So G is a contraction, with one
fixed point, if c rho(A) < 1, where rho is the spectral radius: 0 for an acyclic graph, 1 for a
single cycle, more where cycles share nodes. It is sufficient, not necessary. (With damping the
factor is at most 1 - g + g c rho(A): never better, but it also calms swings around a fixed point
that the bound does not know of.) For `pooling="mean"` A has rows that sum to 1, so rho(A) <= 1, and
c < 1 suffices for every graph. `rescale` has no such bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.flat_arrays import row_ptr
from nasflow.surrogate import ACTIVATIONS, FlowSurrogate

FloatArray = npt.NDArray[np.float64]
Edge = tuple[int, int]

LIPSCHITZ = {"relu": 1.0, "tanh": 1.0, "gelu": 1.129, "swish": 1.0999}
"""The steepest slope of each activation, rounded up."""


@dataclass(frozen=True, eq=False)
class Digraphs:
    """N directed graphs, cycles allowed, as flat arrays."""

    ops: npt.NDArray[np.int64]
    """(n_nodes,): the operation of every node, as a place in the vocabulary."""
    node_ptr: npt.NDArray[np.int64]
    """(N + 1,): where each graph's nodes start."""
    edges: npt.NDArray[np.int64]
    """(2, n_edges), nodes counted over all graphs."""

    @classmethod
    def of(
        cls, graphs: Sequence[tuple[Sequence[str], Sequence[Edge]]], vocabulary: Sequence[str]
    ) -> Digraphs:
        """From operations and edges of each graph.

        Raises:
            GraphError: a graph without a source or without a sink; the flow starts and turns there.
        """
        node_ptr = row_ptr([len(ops) for ops, _ in graphs])
        index = {op: i for i, op in enumerate(vocabulary)}
        nodes: list[int] = []
        joined: list[Edge] = []
        for row, (ops, edges) in enumerate(graphs):
            _check_ends(row, len(ops), edges)
            start = len(nodes)
            joined.extend((start + u, start + v) for u, v in edges)
            nodes.extend(index[op] for op in ops)
        return cls(np.array(nodes), node_ptr, np.array(joined, np.int64).reshape(-1, 2).T)

    def adjacency(self) -> scipy.sparse.csr_array:
        """(n_nodes, n_nodes): 1 at row v, column u for the edge u -> v."""
        source, target = self.edges
        n = len(self.ops)
        return scipy.sparse.csr_array((np.ones(len(source)), (target, source)), shape=(n, n))

    def spectral_radii(self) -> FloatArray:
        """(N,): of the adjacency matrix of each graph."""
        whole = self.adjacency()
        radii = []
        for start, end in pairwise(self.node_ptr):
            matrix = whole[start:end, start:end].toarray()  # (n, n) of one graph
            radii.append(np.abs(np.linalg.eigvals(matrix)).max())
        return np.array(radii)


def _check_ends(row: int, n_nodes: int, edges: Sequence[Edge]) -> None:
    """Refuse a graph without a source or without a sink."""
    for end, neighbour in ((1, "a predecessor"), (0, "a successor")):
        if len({edge[end] for edge in edges}) == n_nodes:
            raise GraphError(
                f"graph {row}: every node has {neighbour}; the flow needs a node without"
            )


@dataclass(frozen=True, eq=False)
class FixedPoint:
    """What iterating found for N graphs."""

    surrogate: FloatArray
    """(N, k); meaningless where it did not converge."""
    converged: npt.NDArray[np.bool_]
    """(N,): both passes."""
    n_steps: npt.NDArray[np.int64]
    """(N,): of both passes together."""
    changes: FloatArray
    """(n_steps of the slowest, N): the relative change of each graph's state, forward pass."""


def lipschitz(surrogate: FlowSurrogate) -> float:
    """The factor c of this module's first page."""
    config = surrogate.config
    norm = float(torch.linalg.matrix_norm(surrogate.W[config.k :].double(), ord=2))
    return config.alpha + (1 - config.alpha) * LIPSCHITZ[config.activation] * norm


def fixed_point(
    graphs: Digraphs,
    surrogate: FlowSurrogate,
    damping: float = 1.0,
    tolerance: float = 1e-12,
    max_steps: int = 300,
) -> FixedPoint:
    """The surrogates of graphs with cycles, in float64.

    Args:
        graphs: over the vocabulary that `surrogate` was drawn for.
        surrogate: the draw, best made with float64, and options (both directions, one round, no max
            pooling, one activation).
        damping: share g of each step that is taken.
        tolerance: a graph has converged when no component changes by more than this share of its
            largest one.
        max_steps: of each pass.

    Raises:
        ConfigError: an option that this cannot do.
    """
    config = surrogate.config
    if (
        config.pooling == "max"
        or config.directions != "both"
        or config.rounds > 1
        or config.op_activations
    ):
        raise ConfigError(
            "a fixed point needs both directions, one round, one activation, and no max pooling;"
            f" seen: {config}"
        )
    incoming = graphs.adjacency()  # (n_nodes, n_nodes)
    outgoing = incoming.T.tocsr()
    sources, sinks = np.diff(incoming.indptr) == 0, np.diff(outgoing.indptr) == 0
    start = np.tile(surrogate.r.double().numpy(), (len(graphs.ops), 1))  # (n_nodes, k)
    forward = _iterate(graphs, incoming, start, sources, surrogate, damping, tolerance, max_steps)
    # the way back starts with what arrived
    start[sinks] = forward.state[sinks]
    backward = _iterate(graphs, outgoing, start, sinks, surrogate, damping, tolerance, max_steps)
    ends = np.flatnonzero(sources)
    graph = np.searchsorted(graphs.node_ptr, ends, side="right") - 1
    surrogates = np.zeros((len(graphs.node_ptr) - 1, config.k))  # (N, k)
    np.add.at(surrogates, graph, backward.state[ends])
    if config.pooling != "sum":
        n_ends = np.bincount(graph, minlength=len(surrogates))[:, None]
        surrogates /= n_ends if config.pooling == "mean" else np.sqrt(n_ends)
    return FixedPoint(
        surrogates,
        forward.converged & backward.converged,
        forward.n_steps + backward.n_steps,
        forward.changes,
    )


@dataclass(frozen=True, eq=False)
class _Pass:
    """One pass over N graphs, with the meaning that `FixedPoint` gives to the last three."""

    state: FloatArray
    """(n_nodes, k)."""
    converged: npt.NDArray[np.bool_]
    n_steps: npt.NDArray[np.int64]
    changes: FloatArray


def _iterate(
    graphs: Digraphs,
    neighbours: scipy.sparse.csr_array,
    start: FloatArray,
    fixed: npt.NDArray[np.bool_],
    surrogate: FlowSurrogate,
    damping: float,
    tolerance: float,
    max_steps: int,
) -> _Pass:
    """One pass: every node receives from its row of `neighbours`, until nothing changes.

    Nodes that are `fixed` (n_nodes,) keep what they have in `start` (n_nodes, k).
    """
    config, first = surrogate.config, graphs.node_ptr[:-1]
    P, W = surrogate.P.double().numpy(), surrogate.W.double().numpy()
    # [h, m] W = h W1 + m W2, and h W1 is the same at every step
    of_operation = P[graphs.ops] @ W[: config.k]  # (n_nodes, k)
    n_received = np.maximum(np.diff(neighbours.indptr), 1)[:, None]  # (n_nodes, 1)
    share = {"sum": 1.0, "mean": n_received, "root": np.sqrt(n_received)}[config.pooling]
    length = float(surrogate.r.double().norm())
    activate = ACTIVATIONS[config.activation]
    state, changes = start.copy(), []
    n_steps = np.full(len(first), max_steps)
    converged = np.zeros(len(first), bool)
    # graphs that diverge overflow; they must not disturb the others
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(max_steps):
            message = neighbours @ state / share  # (n_nodes, k)
            if config.rescale:
                norm = np.linalg.norm(message, axis=1, keepdims=True)
                # no message has no length to be brought to that of r
                norm = np.maximum(norm, np.finfo(np.float64).tiny)
                message *= (length / norm) ** config.rescale
            mixed = of_operation + message @ W[config.k :]
            undamped = config.alpha * message + (1 - config.alpha) * activate(mixed)
            damped = (1 - damping) * state + damping * undamped
            following = np.where(fixed[:, None], start, damped)
            # the largest of each graph's nodes and components
            change = np.maximum.reduceat(np.abs(following - state).max(axis=1), first)  # (N,)
            largest = np.maximum.reduceat(np.abs(following).max(axis=1), first)
            state = following
            changes.append(change / np.maximum(largest, 1e-300))
            # a graph counts with the first step that leaves it as it is
            now = ~converged & (change <= tolerance * largest)
            n_steps[now] = step + 1
            converged |= now
            if converged.all():
                break
    return _Pass(state, converged, n_steps, np.array(changes))
