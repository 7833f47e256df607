"""Flow through graphs of any size: nodes laid out by generation over the whole batch.

One generation is one slice: gather the messages, one k x k product, done. There is no loop over
graphs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag, pad

from nasflow.graphs.flat_arrays import row_ptr
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate.activations import Activate

# One generation of one pass: the slice of nodes that receive, what they receive from, and where in
# `neighbours` each node's part starts.
_Step = tuple[slice, Tensor, Tensor]


class FlowByGeneration:
    """The passes over a table whose nodes are laid out by generation.

    Args:
        config: the variant.
        start: (k,) r, what nodes have that receive nothing.
        converted: (n_ops, k) P W[:k], what [h, .] W adds for each operation.
        W_message: (k, k) W[k:].
    """

    def __init__(
        self, config: SurrogateConfig, start: Tensor, converted: Tensor, W_message: Tensor
    ) -> None:
        self.config = config
        # zero columns up to k' = a multiple of 8 change no value, and the k' x k' product is
        # 1.6 times as fast
        n_zeros = -config.k % 8
        self._start = pad(start, (0, n_zeros))  # (k',)
        self._length = start.norm()
        self._converted = pad(converted, (0, n_zeros))  # (n_ops, k')
        self._W_message = pad(W_message, (0, n_zeros, 0, n_zeros))  # (k', k')

    def surrogates(
        self, table: ArchTable, activate: Activate, added: Tensor | None = None
    ) -> Tensor:
        """(N, rounds * k): the surrogates of all rows, without the zero columns.

        Args:
            table, activate: the rows, and what a conversion ends in.
            added: (n_nodes, k) what is added to a node's conversion; None for nothing.
        """
        layout = Layout.of(table)
        nodes, offset = layout.sinks if self.config.directions == "forward" else layout.sources
        # pooled at once: the next round changes the state
        of_rounds = [
            self._pooled(state, nodes, offset)[:, : self.config.k]
            for state in self._rounds(layout, activate, added)
        ]
        return torch.cat(of_rounds, dim=1)

    def states(self, table: ArchTable, activate: Activate, added: Tensor | None = None) -> Tensor:
        """(n_nodes, k): what each node holds after the last pass, in the table's order."""
        layout = Layout.of(table)
        *_, state = self._rounds(layout, activate, added)
        # (n_nodes, k') by place, then (n_nodes, k) in the order of the table
        return state.index_select(0, layout.place)[:, : self.config.k]

    def _rounds(self, layout: Layout, activate: Activate, added: Tensor | None) -> Iterator[Tensor]:
        """(n_nodes, k'): the states after each round, one tensor that the next round changes."""
        by_place = None
        if added is not None:
            by_place = self._start.new_zeros(len(added), len(self._start))  # (n_nodes, k')
            by_place[layout.place, : added.shape[1]] = added
        # what is read before it is written (sources; sinks of a lone backward pass) starts at r
        state = self._start.repeat(len(layout.ops), 1)
        for _ in range(self.config.rounds):
            if self.config.directions != "backward":
                self._propagate(state, layout.ops, layout.forward, activate, by_place)
            if self.config.directions != "forward":
                self._propagate(state, layout.ops, layout.backward, activate, by_place)
            yield state

    def _propagate(
        self,
        state: Tensor,
        ops: Tensor,
        steps: list[_Step],
        activate: Activate,
        added: Tensor | None,
    ) -> None:
        """One pass, in place: nodes that receive nothing keep what they have."""
        alpha = self.config.alpha
        for nodes, neighbours, offset in steps:
            step_ops = ops[nodes]  # (n,): the operations of the generation's nodes
            message = self._pooled(state, neighbours, offset)  # (n, k')
            if self.config.rescale:
                self._rescale(message)
            # [h, m] W, in two parts
            converted = self._converted.index_select(0, step_ops)
            converted = torch.addmm(converted, message, self._W_message)
            if added is not None:
                converted += added[nodes]
            activated = activate(converted, step_ops)
            torch.add(message.mul_(alpha), activated, alpha=1 - alpha, out=state[nodes])

    def _rescale(self, message: Tensor) -> None:
        """Bring messages (n, k') nearer to the length of r, in place; one of 0 stays 0."""
        length = message.norm(dim=1, keepdim=True)
        length.clamp_min_(torch.finfo(length.dtype).tiny)
        message.mul_((self._length / length) ** self.config.rescale)

    def _pooled(self, state: Tensor, rows: Tensor, offset: Tensor) -> Tensor:
        """(n, k'): state[rows] pooled in consecutive groups that start at `offset` (n,)."""
        if self.config.pooling != "root":
            return embedding_bag(rows, state, offset, mode=self.config.pooling)
        n_pooled = torch.diff(offset, append=offset.new_tensor([len(rows)]))  # (n,)
        root = n_pooled.to(state.dtype).sqrt().unsqueeze(1)
        return embedding_bag(rows, state, offset, mode="sum").div_(root)


@dataclass(frozen=True)
class Layout:
    """A table's nodes laid out by generation, sinks last in theirs: each step is one slice."""

    ops: Tensor
    """(n_nodes,) int32: the operation at each place."""
    place: Tensor
    """(n_nodes,) int32: where each node of the table is in the layout."""
    forward: list[_Step]
    backward: list[_Step]
    sources: tuple[Tensor, Tensor]
    """The places of the nodes without predecessors, and where each graph's begin."""
    sinks: tuple[Tensor, Tensor]
    """The same of the nodes without successors."""

    @classmethod
    def of(cls, table: ArchTable) -> Layout:
        n_nodes = len(table.ops)
        source, target = table.global_edges().astype(np.int32)
        in_ptr = row_ptr(np.bincount(target, minlength=n_nodes)).astype(np.int32)
        incoming = scipy.sparse.csr_array(
            (np.ones(len(source), np.bool_), source, in_ptr), (n_nodes, n_nodes)
        )
        outgoing = incoming.tocsc()  # the same edges by source, without a sort
        is_sink = np.diff(outgoing.indptr) == 0
        # 16 bits where they suffice: NumPy sorts them by radix
        dtype = np.uint16 if table.generation.dtype == np.uint8 else np.int64
        key = 2 * table.generation.astype(dtype) + is_sink
        order = np.argsort(key, kind="stable")
        place = np.empty(n_nodes, np.int32)
        place[order] = np.arange(n_nodes, dtype=np.int32)
        # two keys a generation: its inner nodes begin at starts, its sinks at sink_starts
        n_generations = int(table.generation.max(initial=0)) + 1
        bounds = row_ptr(np.bincount(key, minlength=2 * n_generations)).tolist()
        starts, sink_starts, stops = bounds[:-1:2], bounds[1::2], bounds[2::2]
        forward = _steps(incoming[order], place, zip(starts[1:], stops[1:], strict=True))
        backward = _steps(outgoing.T[order], place, zip(starts, sink_starts, strict=True))
        ops = torch.from_numpy(table.ops[order].astype(np.int32))
        return cls(
            ops,
            torch.from_numpy(place),
            forward,
            backward[::-1],
            _by_graph(table, table.generation == 0, place),
            _by_graph(table, is_sink, place),
        )


def _steps(
    neighbours: scipy.sparse.csr_array,
    place: npt.NDArray[np.int32],
    slices: Iterable[tuple[int, int]],
) -> list[_Step]:
    """A step for each non-empty slice of places; the rows of `neighbours` are nodes by place."""
    ptr = torch.from_numpy(neighbours.indptr)
    source = torch.from_numpy(place[neighbours.indices])  # (n_edges,): places to receive from
    steps = []
    for start, stop in slices:
        if start < stop:
            first, last = neighbours.indptr[[start, stop]].tolist()
            steps.append((slice(start, stop), source[first:last], ptr[start:stop] - first))
    return steps


def _by_graph(
    table: ArchTable, chosen: npt.NDArray[np.bool_], place: npt.NDArray[np.int32]
) -> tuple[Tensor, Tensor]:
    """The places of the chosen nodes, graph after graph, and where each graph's part starts."""
    n_before = row_ptr(chosen)[table.node_ptr[:-1]]
    return torch.from_numpy(place[chosen]), torch.from_numpy(n_before.astype(np.int32))
