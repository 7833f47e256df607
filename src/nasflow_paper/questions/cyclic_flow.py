"""The flow on graphs with cycles: the same equations, solved by iterating them to a fixed point.

    F[v] = r                                                     nodes without predecessors
    F[v] = alpha m[v] + (1 - alpha) activation([h[v], m[v]] W),  m[v] = sum of F[u] over the
    predecessors u of v

and likewise backward, where nodes without successors hold F[v]. On an acyclic graph with T
generations T steps solve
this exactly: it is the surrogate. With a cycle the equations refer to themselves, and are iterated,
all nodes at once, with damping g:  F <- (1 - g) F + g G(F).

When that converges. Let |a(x) - a(y)| <= L |x - y| for the activation (relu, tanh: L = 1), W2 the
lower half of W, and

    c = alpha + (1 - alpha) L |W2|     (spectral norm).

Two states whose nodes differ by d[v] = |F[v] - F'[v]| differ after a step by at most c sum d[u]
over the predecessors: d <- c A d, with A the adjacency matrix. So G is a contraction, with one
fixed point, if c rho(A) < 1, where rho is the
spectral radius: 0 for an acyclic graph, 1 for a single cycle, more where cycles share nodes. It is
sufficient, not necessary. (With damping the factor is at most 1 - g + g c rho(A): never better, but
it also calms swings around a fixed point that the bound does not know of.) For `pooling="mean"` A
has rows that sum to 1, so rho(A) <= 1, and c < 1 suffices for every graph. `rescale` has no such
bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
    """N directed graphs, cycles allowed, as flat arrays: operations, where each graph's nodes
    start, and edges.
    """

    ops: npt.NDArray[np.int64]
    node_ptr: npt.NDArray[np.int64]
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
        for row, (ops, edges) in enumerate(graphs):
            for end, what in ((1, "a predecessor"), (0, "a successor")):
                if len({edge[end] for edge in edges}) == len(ops):
                    raise GraphError(
                        f"graph {row}: every node has {what}; the flow needs a node without"
                    )
        index = {op: i for i, op in enumerate(vocabulary)}
        edges_ = [
            (start + u, start + v)
            for start, (_, own) in zip(node_ptr, graphs, strict=False)
            for u, v in own
        ]
        return cls(
            np.array([index[op] for ops, _ in graphs for op in ops]),
            node_ptr,
            np.array(edges_, np.int64).reshape(-1, 2).T,
        )

    def adjacency(self) -> scipy.sparse.csr_array:
        """(n_nodes, n_nodes): 1 at row v, column u for the edge u -> v."""
        source, target = self.edges
        n = len(self.ops)
        return scipy.sparse.csr_array((np.ones(len(source)), (target, source)), shape=(n, n))

    def spectral_radii(self) -> FloatArray:
        """(N,): of the adjacency matrix of each graph."""
        matrix = self.adjacency()
        return np.array(
            [
                np.abs(np.linalg.eigvals(matrix[a:b, a:b].toarray())).max()
                for a, b in zip(self.node_ptr[:-1], self.node_ptr[1:], strict=True)
            ]
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
    incoming = graphs.adjacency()
    outgoing = incoming.T.tocsr()
    sources, sinks = np.diff(incoming.indptr) == 0, np.diff(outgoing.indptr) == 0
    start = np.tile(surrogate.r.double().numpy(), (len(graphs.ops), 1))
    forward = _iterate(graphs, incoming, start, sources, surrogate, damping, tolerance, max_steps)
    start[sinks] = forward.state[sinks]
    backward = _iterate(graphs, outgoing, start, sinks, surrogate, damping, tolerance, max_steps)
    ends = np.flatnonzero(sources)
    graph = np.searchsorted(graphs.node_ptr, ends, side="right") - 1
    surrogates = np.zeros((len(graphs.node_ptr) - 1, config.k))
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
    state: FloatArray
    converged: npt.NDArray[np.bool_]
    n_steps: npt.NDArray[np.int64]
    changes: FloatArray


def _iterate(
    graphs: Digraphs,
    neighbours: scipy.sparse.csr_array,
    start: FloatArray,
    held: npt.NDArray[np.bool_],
    surrogate: FlowSurrogate,
    damping: float,
    tolerance: float,
    max_steps: int,
) -> _Pass:
    """One pass: every node that is not held receives from its row of `neighbours`, until nothing
    moves.
    """
    config, first = surrogate.config, graphs.node_ptr[:-1]
    P, W = surrogate.P.double().numpy(), surrogate.W.double().numpy()
    own = P[graphs.ops] @ W[: config.k]
    n_received = np.maximum(np.diff(neighbours.indptr), 1)[:, None]
    share = {"sum": 1.0, "mean": n_received, "root": np.sqrt(n_received)}[config.pooling]
    length = float(surrogate.r.double().norm())
    activate = ACTIVATIONS[config.activation]
    state, changes = start.copy(), []
    n_steps = np.full(len(first), max_steps)
    converged = np.zeros(len(first), bool)
    with np.errstate(over="ignore", invalid="ignore"):  # graphs that diverge
        for step in range(max_steps):
            message = neighbours @ state / share
            if config.rescale:
                norm = np.linalg.norm(message, axis=1, keepdims=True)
                message *= (length / np.maximum(norm, np.finfo(np.float64).tiny)) ** config.rescale
            converted = activate(torch.from_numpy(own + message @ W[config.k :])).numpy()
            full = config.alpha * message + (1 - config.alpha) * converted
            following = np.where(held[:, None], start, (1 - damping) * state + damping * full)
            moved = np.maximum.reduceat(np.abs(following - state).max(axis=1), first)
            largest = np.maximum.reduceat(np.abs(following).max(axis=1), first)
            state = following
            changes.append(moved / np.maximum(largest, 1e-300))
            now = ~converged & (moved <= tolerance * largest)
            n_steps[now] = step + 1
            converged |= now
            if converged.all():
                break
    return _Pass(state, converged, n_steps, np.array(changes))
