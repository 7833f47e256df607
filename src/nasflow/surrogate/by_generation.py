"""Flow through graphs of any size: nodes laid out by generation over the whole batch.

One generation is one slice: sum the messages, one k x k product, done. There is no loop over
graphs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse

from nasflow.graphs.flat_arrays import row_ptr
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate.activations import Activate, FloatArray

# (n, n_nodes) with a 1 where a node, or a graph, takes in what stands at a place: the product with
# the states is the sum
_Received = scipy.sparse.csr_array

# One generation of one pass: the slice of nodes that receive, and what from.
_Step = tuple[slice, _Received]


class FlowByGeneration:
    """The passes over a table whose nodes are laid out by generation.

    Args:
        config: the variant.
        start: (k,) r, what nodes have that receive nothing.
        converted: (n_ops, k) P W[:k], what [h, .] W adds for each operation.
        W_message: (k, k) W[k:].
    """

    def __init__(
        self,
        config: SurrogateConfig,
        start: FloatArray,
        converted: FloatArray,
        W_message: FloatArray,
    ) -> None:
        self.config = config
        # zero columns up to k' = a multiple of 8 change no value, and rows that begin at multiples
        # of 32 bytes are added faster
        zeros = (0, -config.k % 8)
        self._start = np.pad(start, zeros)  # (k',)
        self._length = np.linalg.norm(start)
        self._converted = np.pad(converted, ((0, 0), zeros))  # (n_ops, k')
        self._W_message = np.pad(W_message, (zeros, zeros))  # (k', k')

    def surrogates(
        self, table: ArchTable, activate: Activate, added: FloatArray | None = None
    ) -> FloatArray:
        """(N, rounds * k): the surrogates of all rows, without the zero columns.

        Args:
            table, activate: the rows, and what a conversion ends in.
            added: (n_nodes, k) what is added to a node's conversion; None for nothing.
        """
        layout = Layout.of(table, self._start.dtype)
        ends = layout.sinks if self.config.directions == "forward" else layout.sources
        # pooled at once: the next round changes the state
        of_rounds = [
            self._pooled(state, ends)[:, : self.config.k]
            for state in self._rounds(layout, activate, added)
        ]
        return np.concatenate(of_rounds, axis=1)

    def states(
        self, table: ArchTable, activate: Activate, added: FloatArray | None = None
    ) -> FloatArray:
        """(n_nodes, k): what each node holds after the last pass, in the table's order."""
        layout = Layout.of(table, self._start.dtype)
        *_, state = self._rounds(layout, activate, added)
        # (n_nodes, k') by place, then (n_nodes, k) in the order of the table
        return state[layout.place, : self.config.k]

    def _rounds(
        self, layout: Layout, activate: Activate, added: FloatArray | None
    ) -> Iterator[FloatArray]:
        """(n_nodes, k'): the states after each round, one array that the next round changes."""
        shape = (len(layout.ops), len(self._start))
        by_place: FloatArray | None = None
        if added is not None:
            by_place = np.zeros(shape, self._start.dtype)  # (n_nodes, k')
            by_place[layout.place, : added.shape[1]] = added
        state: FloatArray = np.empty(shape, self._start.dtype)
        # what is read before it is written (sources; sinks of a lone backward pass) starts at r
        state[:] = self._start
        for _ in range(self.config.rounds):
            if self.config.directions != "backward":
                self._propagate(state, layout.ops, layout.forward, activate, by_place)
            if self.config.directions != "forward":
                self._propagate(state, layout.ops, layout.backward, activate, by_place)
            yield state

    def _propagate(
        self,
        state: FloatArray,
        ops: npt.NDArray[np.intp],
        steps: list[_Step],
        activate: Activate,
        added: FloatArray | None,
    ) -> None:
        """One pass, in place: nodes that receive nothing keep what they have."""
        alpha = self.config.alpha
        for nodes, received in steps:
            step_ops = ops[nodes]  # (n,): the operations of the generation's nodes
            message = self._pooled(state, received)  # (n, k')
            if self.config.rescale:
                self._rescale(message)
            # [h, m] W, in two parts
            converted = message @ self._W_message
            converted += self._converted.take(step_ops, axis=0)
            if added is not None:
                converted += added[nodes]
            activated = activate(converted, step_ops)
            message *= alpha
            activated *= 1 - alpha
            np.add(message, activated, out=state[nodes])

    def _rescale(self, message: FloatArray) -> None:
        """Bring messages (n, k') nearer to the length of r, in place; one of 0 stays 0."""
        length = np.linalg.norm(message, axis=1, keepdims=True)
        length = np.maximum(length, np.finfo(length.dtype).tiny)
        message *= (self._length / length) ** self.config.rescale

    def _pooled(self, state: FloatArray, received: _Received) -> FloatArray:
        """(n, k'): what each row of `received` takes in of the states (n_nodes, k'), pooled."""
        if self.config.pooling == "max":
            return _largest(state, received)
        total: FloatArray = received @ state
        if self.config.pooling != "sum":
            n_pooled = np.diff(received.indptr).astype(state.dtype)[:, None]  # (n, 1)
            total /= np.sqrt(n_pooled) if self.config.pooling == "root" else n_pooled
        return total


def _largest(state: FloatArray, received: _Received) -> FloatArray:
    """(n, k'): the largest of what each row takes in, component by component."""
    first, n_taken = received.indptr[:-1], np.diff(received.indptr)  # (n,)
    largest = state.take(received.indices[first], axis=0)
    # the second of all rows that have one, then the third: rows take in few, and are many
    for i in range(1, int(n_taken.max(initial=0))):
        rows = np.flatnonzero(n_taken > i)
        others = state.take(received.indices[first[rows] + i], axis=0)
        largest[rows] = np.maximum(largest[rows], others)
    return largest


@dataclass(frozen=True)
class Layout:
    """A table's nodes laid out by generation, sinks last in theirs: each step is one slice."""

    ops: npt.NDArray[np.intp]
    """(n_nodes,): the operation at each place."""
    place: npt.NDArray[np.int32]
    """(n_nodes,): where each node of the table is in the layout."""
    forward: list[_Step]
    backward: list[_Step]
    sources: _Received
    """(N, n_nodes): the nodes of each graph that have no predecessors."""
    sinks: _Received
    """The same of the nodes without successors."""

    @classmethod
    def of(cls, table: ArchTable, dtype: np.dtype[Any]) -> Layout:
        """The layout of a table, for states of a type."""
        n_nodes = len(table.ops)
        source, target = table.global_edges().astype(np.int32)
        in_ptr = row_ptr(np.bincount(target, minlength=n_nodes)).astype(np.int32)
        incoming = scipy.sparse.csr_array(
            (np.ones(len(source), np.bool_), source, in_ptr), (n_nodes, n_nodes)
        )
        outgoing = incoming.tocsc()  # the same edges by source, without a sort
        is_sink = np.diff(outgoing.indptr) == 0
        # 16 bits where they suffice: NumPy sorts them by radix
        key_type = np.uint16 if table.generation.dtype == np.uint8 else np.int64
        key = 2 * table.generation.astype(key_type) + is_sink
        order = np.argsort(key, kind="stable")
        place = np.empty(n_nodes, np.int32)
        place[order] = np.arange(n_nodes, dtype=np.int32)
        # two keys a generation: its inner nodes begin at starts, its sinks at sink_starts
        n_generations = int(table.generation.max(initial=0)) + 1
        bounds = row_ptr(np.bincount(key, minlength=2 * n_generations)).tolist()
        starts, sink_starts, stops = bounds[:-1:2], bounds[1::2], bounds[2::2]
        forward = _steps(incoming[order], place, zip(starts[1:], stops[1:], strict=True), dtype)
        backward = _steps(outgoing.T[order], place, zip(starts, sink_starts, strict=True), dtype)
        return cls(
            table.ops[order].astype(np.intp),
            place,
            forward,
            backward[::-1],
            _by_graph(table, table.generation == 0, place, dtype),
            _by_graph(table, is_sink, place, dtype),
        )


def _steps(
    neighbours: scipy.sparse.csr_array,
    place: npt.NDArray[np.int32],
    slices: Iterable[tuple[int, int]],
    dtype: np.dtype[Any],
) -> list[_Step]:
    """A step for each non-empty slice of places; the rows of `neighbours` are nodes by place."""
    ptr = neighbours.indptr
    source = place[neighbours.indices]  # (n_edges,): places to receive from
    steps = []
    for start, stop in slices:
        if start < stop:
            first, last = ptr[[start, stop]].tolist()
            received = _received(source[first:last], ptr[start : stop + 1] - first, place, dtype)
            steps.append((slice(start, stop), received))
    return steps


def _by_graph(
    table: ArchTable,
    chosen: npt.NDArray[np.bool_],
    place: npt.NDArray[np.int32],
    dtype: np.dtype[Any],
) -> _Received:
    """The chosen nodes of each graph."""
    n_before = row_ptr(chosen)[table.node_ptr]
    return _received(place[chosen], n_before.astype(np.int32), place, dtype)


def _received(
    places: npt.NDArray[np.int32],
    ptr: npt.NDArray[np.int32],
    place: npt.NDArray[np.int32],
    dtype: np.dtype[Any],
) -> _Received:
    """The rows whose places stand side by side, each row's beginning at `ptr`."""
    ones = np.ones(len(places), dtype)
    return _Received((ones, places, ptr), (len(ptr) - 1, len(place)))
