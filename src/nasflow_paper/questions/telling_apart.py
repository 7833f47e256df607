"""What a recursion of the flow's form can tell apart, in exact words instead of vectors.

* `flow_words`: the recursion with functions that never map two inputs to one (a hash of the
  operation and of the multiset of messages). Two graphs with equal words collide under every width,
  scale, seed and activation.
* `path_words`: the recursion where relu is on one side everywhere, so that it is linear: f[v] = M
  m[v] + c[x_v]. All that is left of a graph is how many paths of each length lead from each
  operation. Words are that polynomial at random places, modulo a prime.
* `refinement_words`: colour refinement (1-WL) with separate colours for what comes in and goes out:
  what a directed message-passing network can tell apart at best.
* `groups`: rows of floating-point vectors that are equal but for rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.graphs.canonical import mix_words, refine
from nasflow.graphs.table import ArchTable

U64 = npt.NDArray[np.uint64]
IntArray = npt.NDArray[np.int64]

PRIME = np.uint64(2**31 - 1)  # products of two residues fit in 64 bits


def flow_words(table: ArchTable, rounds: int = 1) -> U64:
    """(N,) uint64: equal where the flow cannot differ after `rounds` rounds, and nowhere else.

    But for hash collisions.
    """
    op_word = mix_words(np.arange(1, table.n_ops + 1, dtype=np.uint64))

    def receive(sums: U64, ops: Any) -> U64:
        return mix_words(op_word[ops] ^ mix_words(sums))

    return _in_order(_flow(table, rounds, np.uint64(7), mix_words, receive))


def path_words(table: ArchTable, rounds: int = 1) -> U64:
    """(N,) uint64: equal where all linear flows are equal, and nowhere else.

    But for accidents, about 1e-16 a pair.
    """
    words = []
    # one place modulo 2^31 would be met by accident among 423,624 cells
    for seed in range(2):
        rng = np.random.default_rng(seed)
        start, slope = rng.integers(1, int(PRIME), 2).astype(np.uint64)
        constant = rng.integers(1, int(PRIME), table.n_ops).astype(np.uint64)

        def receive(sums: U64, ops: Any, slope: np.uint64 = slope, constant: U64 = constant) -> U64:
            values: U64 = (sums % PRIME * slope + constant[ops]) % PRIME
            return values

        sums = _flow(table, rounds, start, lambda values: values, receive)  # (rounds, N)
        words.append(_in_order(sums % PRIME))
    return _in_order(np.stack(words))


def refinement_words(table: ArchTable) -> U64:
    """(N,) uint64: equal where refinement does not tell two graphs apart, and nowhere else.

    But for hash collisions.
    """
    return np.add.reduceat(mix_words(refine(table)), table.node_ptr[:-1])


def _in_order(words: U64) -> U64:
    """(N,): one word for each column of `words` (n, N)."""
    result = np.zeros(words.shape[1], np.uint64)
    for row in words:
        # mixed between the rows, so that their order counts
        result = mix_words(result) + row
    return result


def _flow(
    table: ArchTable,
    rounds: int,
    start: np.uint64,
    send: Callable[[U64], U64],
    receive: Callable[[U64, Any], U64],
) -> U64:
    """(rounds, N) uint64: the sum over the sources of each graph after every round.

    Args:
        start: the value of sources before the first round.
        send: what a value counts in a sum, modulo 2^64.
        receive: from sums and operations to values.
    """
    source, target = table.global_edges()
    by_source = np.argsort(source, kind="stable")
    forward = _steps(target, source, table.generation)
    backward = _steps(source[by_source], target[by_source], table.generation)[::-1]
    sources = np.flatnonzero(table.generation == 0)  # every graph has one
    first = np.searchsorted(sources, table.node_ptr[:-1])
    value = np.full(len(table.ops), start)
    sums = []
    for _ in range(rounds):
        # a round begins with what the one before left at the sources
        for nodes, neighbours, starts in [*forward, *backward]:
            received = np.add.reduceat(send(value[neighbours]), starts)
            value[nodes] = receive(received, table.ops[nodes])
        sums.append(np.add.reduceat(send(value[sources]), first))
    return np.stack(sums)


def _steps(
    receivers: IntArray, senders: IntArray, generation: npt.NDArray[Any]
) -> list[tuple[IntArray, IntArray, IntArray]]:
    """For each generation: nodes that receive, from whom, and where each one's part starts."""
    steps = []
    for number in np.unique(generation[receivers]):
        edges = np.flatnonzero(generation[receivers] == number)
        targets = receivers[edges]
        # edges are sorted by receiver: a node's part starts where the receiver changes
        starts = np.flatnonzero(np.diff(targets, prepend=-1)).astype(np.int64)
        steps.append((targets[starts], senders[edges], starts))
    return steps


def groups(values: npt.NDArray[np.float64], tolerance: float) -> IntArray:
    """(N,) int64: for each row of `values` (N, d) the first row of its group.

    Rows are in one group unless, column by column, a gap divides them: two neighbours in the sorted
    column that differ by more than `tolerance` times the largest absolute value of the row above
    the gap. So rows that are equal but for rounding share a group wherever a border of a grid might
    have been; at a large tolerance a chain of near rows is one group too.
    """
    n_rows, n_columns = values.shape
    scale = np.abs(values).max(axis=1, initial=0.0)
    label, members = np.zeros(n_rows, np.int64), np.arange(n_rows)
    n_unchanged = column = 0
    # columns in turn, since a group that one of them divides may have new gaps in another; ends
    # when none divides any more
    while len(members) and n_unchanged < n_columns:
        order = members[np.lexsort((values[members, column], label[members]))]
        other_group = np.diff(label[order], prepend=-1) != 0
        gap = np.diff(values[order, column], prepend=0.0)
        begins = other_group | (gap > tolerance * scale[order])
        n_unchanged = n_unchanged + 1 if begins.sum() == other_group.sum() else 0
        starts = np.flatnonzero(begins)
        sizes = np.diff(starts, append=len(order))
        # the first row stands for its group, whatever order the column is sorted in
        label[order] = np.repeat(np.minimum.reduceat(order, starts), sizes)
        # a row alone stays alone
        members = order[np.repeat(sizes > 1, sizes)]
        column = (column + 1) % n_columns
    return label


def n_groups(values: npt.NDArray[np.float64], tolerance: float) -> int:
    """How many groups the rows of `values` (N, d) make."""
    return len(np.unique(groups(values, tolerance)))
