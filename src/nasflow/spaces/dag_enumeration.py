"""Listing small acyclic graphs with operations on their nodes, one of each isomorphism class.

All is array arithmetic. For NAS-Bench-101's seven nodes there are 2^21 edge sets and 243 ways to
fill the five operation nodes. Instead of comparing 10^8 graphs:

1. List the edge sets, keep those with every node on a path and few enough edges.
2. Give each a canonical number: the smallest, over all permutations of the operation nodes, of the
   adjacency matrix read as a binary number. All permutations of all edge sets are one matrix
   product: column p of `weights` holds 2^(position of that edge after permutation p), exact in
   float64 up to 2^53. The first edge set of each number stands for its class; the permutations that
   give its own number again are its automorphisms.
3. Two fillings of a class are isomorphic when an automorphism carries one to the other: keep the
   smallest of each orbit.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nasflow.graphs.table import ArchTable

MAX_PAIRS = 21  # edge sets are listed: 2^21 of them
# rows at a time: 2^13 edge sets times 120 permutations are 8 MB, so that a listing never needs much
# more memory than the table it makes (NAS-Bench-101: 20 MB)
_CHUNK = 1 << 13

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class DagPlan:
    """The classes of edge sets with their fillings, before they are written out."""

    n_inputs: int
    n_ops: int
    pairs: tuple[tuple[int, int], ...]
    edge_sets: BoolArray
    """(n_classes, n_pairs): which of `pairs` each class has."""
    fillings: list[npt.NDArray[np.int64]]
    """Per class (n_fillings, n_ops): indices of operations; one array for each symmetry."""

    @property
    def total(self) -> int:
        """Number of graphs."""
        return sum(map(len, self.fillings))


def count_elements(
    n_inputs: int,
    n_ops: int,
    pairs: Sequence[tuple[int, int]],
    least: int,
    limit: int,
    n_choices: int,
    up_to_isomorphism: bool,
) -> DagPlan:
    """The graphs of `n_ops` operation nodes with `least` to `limit` of the edges `pairs`.

    Args:
        n_inputs: number of input nodes, which come first.
        n_ops: number of operation nodes, which follow; the output is last.
        pairs: the edges that may be there, sorted by (target, source); at most 21.
        least: fewest edges.
        limit: most edges.
        n_choices: number of operations a node may have.
        up_to_isomorphism: one graph of each class, or every one.
    """
    edge_sets = _live_edge_sets(n_inputs, n_ops, pairs, least, limit)
    everything = _all_fillings(n_ops, n_choices)
    if not up_to_isomorphism or n_ops < 2 or not len(edge_sets):
        return DagPlan(n_inputs, n_ops, tuple(pairs), edge_sets, [everything] * len(edge_sets))
    permutations = np.array(list(itertools.permutations(range(n_ops))))  # (n_permutations, n_ops)
    weights = _weights(n_inputs, n_ops, pairs, permutations)  # (n_pairs, n_permutations)
    numbers = np.concatenate([(part @ weights).min(axis=1) for part in _chunks(edge_sets)])
    _, first = np.unique(numbers, return_index=True)
    classes = edge_sets[np.sort(first)]  # (n_classes, n_pairs)
    symmetries = []
    for part in _chunks(classes):
        permuted = part @ weights
        # permutation 0 is the identity: an automorphism gives the class the number it has
        symmetries.extend(permuted == permuted[:, :1])  # a row for each class
    by_symmetry: dict[bytes, npt.NDArray[np.int64]] = {}
    fillings = []
    for symmetry in symmetries:
        # NAS-Bench-101's 1,574 classes of seven nodes have 18 symmetries between them
        key = symmetry.tobytes()
        if key not in by_symmetry:
            by_symmetry[key] = _orbits(everything, permutations[symmetry], n_choices)
        fillings.append(by_symmetry[key])
    return DagPlan(n_inputs, n_ops, tuple(pairs), classes, fillings)


def enumerate_dags(
    plan: DagPlan, vocabulary: Sequence[str], inputs: Sequence[str], choices: Sequence[str]
) -> Iterator[ArchTable]:
    """The plan's graphs, class after class, as tables of few rows (or of one class)."""
    start, rows = 0, 0
    for stop, filling in enumerate(plan.fillings):
        # written out before it grows too long; a class is never cut
        if rows and rows + len(filling) > _CHUNK:
            yield _written(plan, slice(start, stop), vocabulary, inputs, choices)
            start, rows = stop, 0
        rows += len(filling)
    if rows:
        yield _written(plan, slice(start, None), vocabulary, inputs, choices)


def _written(
    plan: DagPlan,
    classes: slice,
    vocabulary: Sequence[str],
    inputs: Sequence[str],
    choices: Sequence[str],
) -> ArchTable:
    """The table of some classes of a plan."""
    index = {op: i for i, op in enumerate(vocabulary)}
    fillings = plan.fillings[classes]
    counts = np.array([len(filling) for filling in fillings], dtype=np.int64)
    total = int(counts.sum())
    filled = np.concatenate(fillings)  # (total, n_ops)
    n_nodes = plan.n_inputs + plan.n_ops + 1
    ops = np.empty((total, n_nodes), np.uint8)
    ops[:, : plan.n_inputs] = [index[op] for op in inputs]
    ops[:, plan.n_inputs : -1] = np.array([index[op] for op in choices])[filled]
    ops[:, -1] = index["output"]
    row, pair = np.nonzero(np.repeat(plan.edge_sets[classes], counts, axis=0))
    return ArchTable.from_arrays(
        vocabulary,
        ops.reshape(-1),
        np.arange(total + 1) * n_nodes,
        np.array(plan.pairs).T[:, pair],
        np.searchsorted(row, np.arange(total + 1)),
    )


def _live_edge_sets(
    n_inputs: int, n_ops: int, pairs: Sequence[tuple[int, int]], least: int, limit: int
) -> BoolArray:
    """(n, n_pairs): the edge sets that feed and use every operation and feed the output.

    Those with the fewest edges come first.
    """
    source, target = np.array(pairs).T
    kept = []
    for start in range(0, 1 << len(pairs), _CHUNK):
        # an edge set is a number: bit i says whether pair i is there
        numbers = np.arange(start, min(start + _CHUNK, 1 << len(pairs)), dtype=np.int64)
        bits = (numbers[:, None] >> np.arange(len(pairs)) & 1).astype(bool)  # (chunk, n_pairs)
        size = bits.sum(axis=1)
        keep = (size >= least) & (size <= limit)
        # fed and used is enough for a node to be on a path: every edge runs forward
        for node in range(n_inputs, n_inputs + n_ops + 1):
            keep &= bits[:, target == node].any(axis=1)
            if node < n_inputs + n_ops:
                keep &= bits[:, source == node].any(axis=1)
        kept.append(bits[keep])
    live: BoolArray = np.concatenate(kept)
    return live[np.argsort(live.sum(axis=1), kind="stable")]


def _all_fillings(n_ops: int, n_choices: int) -> npt.NDArray[np.int64]:
    """(n_choices ** n_ops, n_ops): every way to give the nodes operations."""
    if not n_ops:
        return np.zeros((1, 0), np.int64)  # NumPy has no indices of no axes
    fillings: npt.NDArray[np.int64] = np.indices((n_choices,) * n_ops).reshape(n_ops, -1).T
    return fillings


def _weights(
    n_inputs: int, n_ops: int, pairs: Sequence[tuple[int, int]], permutations: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """(n_pairs, n_permutations): 2^(position of each edge in the matrix after each permutation)."""
    last = n_inputs + n_ops
    new_number = np.tile(np.arange(last + 1), (len(permutations), 1))  # (n_permutations, n_nodes)
    new_number[:, n_inputs:last] = permutations + n_inputs
    source, target = np.array(pairs).T
    # rows: all nodes but the output, columns: all nodes but the inputs; at most 49 positions with
    # 21 pairs, below float64's 53 bits
    position = new_number[:, source] * (n_ops + 1) + new_number[:, target] - n_inputs
    powers: npt.NDArray[np.float64] = np.ldexp(1.0, position.T)
    return powers


def _chunks(bits: BoolArray) -> Iterator[npt.NDArray[np.float64]]:
    return (bits[i : i + _CHUNK].astype(np.float64) for i in range(0, len(bits), _CHUNK))


def _orbits(
    fillings: npt.NDArray[np.int64], automorphisms: npt.NDArray[np.int64], n_choices: int
) -> npt.NDArray[np.int64]:
    """The smallest filling of each orbit under some permutations of the nodes (a group)."""
    digits = n_choices ** np.arange(fillings.shape[1])
    number = fillings @ digits  # (n_fillings,)
    smallest = number
    # over the whole group, so the smallest is the same for all of an orbit
    for permutation in automorphisms:
        smallest = np.minimum(smallest, fillings[:, permutation] @ digits)
    kept: npt.NDArray[np.int64] = fillings[number == smallest]
    return kept
