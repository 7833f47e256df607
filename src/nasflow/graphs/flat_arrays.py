"""Arithmetic on N graphs as flat arrays, the steps behind `ArchTable`.

Pointers, checks, sorted edges, generations: all is vectorised over the whole table, and what is
wrong is named by the row it is in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nasflow.errors import DataError, GraphError
from nasflow.graphs.generations import generations_of_arrays, generations_of_graph
from nasflow.graphs.names import OP_NAME_RULE, is_op_name

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

MAX_OPS = 256  # ops are uint8


def ragged_positions(
    ptr: npt.NDArray[np.int64], rows: npt.NDArray[np.integer[Any]]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Positions of the items of `rows` in a flat array cut by `ptr`, and the pointer of these.

    The one indexing step behind every slice and batch: ptr = [0, 2, 5], rows = [1, 0] gives
    ([2, 3, 4, 0, 1], [0, 3, 5]).
    """
    counts = ptr[rows + 1] - ptr[rows]
    new_ptr = row_ptr(counts)
    # an item moves as far as the first of its row does
    positions = np.arange(new_ptr[-1]) + np.repeat(ptr[rows] - new_ptr[:-1], counts)
    return positions, new_ptr


def row_ptr(counts: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """(n+1,) int64: where consecutive groups of `counts` (n,) items begin and end."""
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])


def smallest_dtype(n_nodes: int) -> type[np.uint8] | type[np.uint16] | type[np.int32]:
    """The smallest of three integer types that can count `n_nodes` nodes."""
    if n_nodes <= 256:  # positions and generations go from 0 to 255
        return np.uint8
    return np.uint16 if n_nodes <= 65536 else np.int32


def integers(name: str, values: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """`values` as int64, or a `DataError` where that would change them (0.5, text)."""
    array = np.asarray(values)
    if array.size and array.dtype.kind not in "iu":
        raise DataError(
            f"{name} holds {array.dtype} values such as {array.flat[0].item()!r}; legal: integers"
        )
    return array.astype(np.int64, copy=False)


def check_vocabulary(vocabulary: Sequence[str]) -> tuple[str, ...]:
    """The names as a tuple, or a `DataError` where they cannot be those of a table."""
    names = tuple(vocabulary)
    if not 1 <= len(names) <= MAX_OPS:
        raise DataError(f"a vocabulary of {len(names)} operations; legal: 1 to {MAX_OPS}")
    for name in names:
        if not is_op_name(name):
            raise DataError(
                f"the vocabulary holds {name!r}; an operation is a non-empty string {OP_NAME_RULE}"
            )
    if len(set(names)) != len(names):
        raise DataError(f"the vocabulary names an operation twice: {', '.join(names)}")
    return names


def check_ptr(name: str, ptr: npt.ArrayLike, n_items: int) -> npt.NDArray[np.int64]:
    """`ptr` as int64, or a `DataError` where it does not cut `n_items` items into groups."""
    ptr_ = integers(name, ptr)
    if (
        ptr_.ndim != 1
        or not len(ptr_)
        or ptr_[0] != 0
        or ptr_[-1] != n_items
        or (np.diff(ptr_) < 0).any()
    ):
        raise DataError(
            f"{name} must rise from 0 to {n_items}; seen {ptr_[:3].tolist()} ... "
            f"{ptr_[-1:].tolist()}"
        )
    return ptr_


def check_graphs(
    n_ops: int,
    ops: npt.ArrayLike,
    node_ptr: npt.ArrayLike,
    edges: npt.ArrayLike,
    edge_ptr: npt.ArrayLike,
) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    """The four arrays of a table as int64, checked but for what edges join.

    Raises:
        DataError: arrays that do not fit together.
        GraphError: a graph without a node, an unknown operation index; names the row.
    """
    ops_ = integers("ops", ops)
    edges_ = integers("edges", edges)
    if ops_.ndim != 1 or edges_.ndim != 2 or len(edges_) != 2:
        raise DataError(
            f"ops has shape {ops_.shape} and edges {edges_.shape}; legal: (n_nodes,) and "
            "(2, n_edges)"
        )
    node_ptr_ = check_ptr("node_ptr", node_ptr, len(ops_))
    edge_ptr_ = check_ptr("edge_ptr", edge_ptr, edges_.shape[1])
    if len(node_ptr_) != len(edge_ptr_):
        raise DataError(
            f"node_ptr describes {len(node_ptr_) - 1} graphs, edge_ptr {len(edge_ptr_) - 1}"
        )
    sizes = np.diff(node_ptr_)
    if len(sizes) and sizes.min() < 1:
        raise GraphError(f"row {int(sizes.argmin())}: an architecture needs at least one node")
    bad = np.flatnonzero((ops_ < 0) | (ops_ >= n_ops))
    if len(bad):
        row = int(np.searchsorted(node_ptr_, bad[0], side="right")) - 1
        raise GraphError(
            f"row {row}: operation index {int(ops_[bad[0]])} at node "
            f"{int(bad[0] - node_ptr_[row])}; legal: 0..{n_ops - 1}"
        )
    return ops_, node_ptr_, edges_, edge_ptr_


def sorted_edges(
    edges: npt.NDArray[np.int64], edge_graph: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """(2, n_edges): the edges sorted by (graph, target, source), each of them checked.

    Args:
        edges: (2, n_edges), nodes counted within the graph.
        edge_graph: (n_edges,) the row of each edge, ascending.
        sizes: (N,) the number of nodes of each row.

    Raises:
        GraphError: an edge that leaves its graph, joins a node to itself or repeats.
    """
    if not edges.size:
        return edges
    size = sizes[edge_graph]  # (n_edges,)
    wrong = ((edges < 0) | (edges >= size)).any(axis=0) | (edges[0] == edges[1])
    if wrong.any():
        e = int(wrong.argmax())
        raise GraphError(
            f"row {int(edge_graph[e])}: edge {edges[:, e].tolist()} joins a node to itself or "
            f"leaves the graph; legal node positions: 0..{int(size[e]) - 1}"
        )
    largest = int(sizes.max())
    # one number an edge, in the order that is wanted
    key = (edge_graph * largest + edges[1]) * largest + edges[0]
    if (np.diff(key) <= 0).any():  # most sources are sorted already
        order = np.argsort(key, kind="stable")
        key, edges = key[order], edges[:, order]
        twice = np.flatnonzero(np.diff(key) == 0)
        if len(twice):
            e = int(twice[0])
            raise GraphError(
                f"row {int(key[e] // largest**2)}: edge {edges[:, e].tolist()} occurs twice; "
                "list each edge once"
            )
    return edges


def generations(
    node_ptr: npt.NDArray[np.int64],
    edges: npt.NDArray[np.int64],
    edge_graph: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """(n_nodes,) int64: the generation of every node.

    Args:
        node_ptr, edges: as in `FlatGraphs`.
        edge_graph: (n_edges,) the row of each edge.

    Raises:
        GraphError: a cycle; names the row and spells it out.
    """
    source, target = edges + node_ptr[edge_graph]
    generation, in_cycle = generations_of_arrays(int(node_ptr[-1]), source, target)
    if in_cycle is None:
        return generation
    row = int(np.searchsorted(node_ptr, in_cycle, side="right")) - 1
    edges_of_row = edges[:, edge_graph == row].T.tolist()
    try:
        generations_of_graph(int(np.diff(node_ptr)[row]), edges_of_row)  # words the cycle
    except GraphError as error:
        raise GraphError(f"row {row}: {error}") from None
    raise AssertionError(f"row {row} did not settle, yet it has no cycle")  # a bug here


def spread(
    marked: BoolArray, source: npt.NDArray[np.int64], target: npt.NDArray[np.int64]
) -> BoolArray:
    """(n_nodes,) bool: the nodes reachable from `marked` ones along edges source -> target."""
    # a step a generation: graphs are shallow, and each step goes over all of them at once
    while True:
        grown = marked.copy()
        grown[target[marked[source]]] = True
        if (grown == marked).all():
            return marked
        marked = grown
