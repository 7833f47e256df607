"""Graphs with cycles: acyclic ones with edges that lead back, and how many of them differ."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.flat_arrays import row_ptr
from nasflow.graphs.table import ArchTable
from nasflow_paper.questions.cyclic_flow import Digraphs
from nasflow_paper.questions.telling_apart import refinement_words

Graph = tuple[Sequence[str], Sequence[tuple[int, int]]]
"""Operations, and edges from node to node."""


def with_back_edges(cell: Architecture) -> list[Graph]:
    """The cell with one edge more, for each that closes a cycle.

    None of them enters a source or leaves a sink.
    """
    reached = np.zeros((cell.n_nodes, cell.n_nodes), dtype=bool)  # [u, v]: from u to v
    for v in sorted(range(cell.n_nodes), key=cell.generations.__getitem__):
        for u in cell.predecessors[v]:
            reached[u, v] = True
            # complete for u, which is of an earlier generation
            reached[:, v] |= reached[:, u]
    return [
        (cell.ops, (*cell.edges, (v, u)))
        for u, v in product(range(cell.n_nodes), repeat=2)
        if reached[u, v] and cell.predecessors[u] and cell.successors[v]
    ]


def with_several(cell: Architecture, n_edges: int, rng: np.random.Generator) -> Graph | None:
    """The cell with `n_edges` of these edges at once; None where it has fewer places for one."""
    places = [edges[-1] for _, edges in with_back_edges(cell)]
    if len(places) < n_edges:
        return None
    chosen = rng.choice(len(places), n_edges, replace=False)
    return cell.ops, (*cell.edges, *(places[i] for i in chosen))


def n_different(graphs: Digraphs, vocabulary: tuple[str, ...]) -> int:
    """How many of the graphs refinement tells apart."""
    edges = graphs.edges[:, np.lexsort(graphs.edges)]  # by target, as in a table
    edge_graph = np.searchsorted(graphs.node_ptr, edges[1], side="right") - 1
    n_edges = np.bincount(edge_graph, minlength=len(graphs.node_ptr) - 1)
    # not a table to compute with, since it has cycles: refinement reads operations and edges alone
    table = ArchTable(
        vocabulary,
        graphs.ops.astype(np.uint8),
        graphs.node_ptr,
        edges - graphs.node_ptr[edge_graph],
        row_ptr(n_edges),
        np.zeros(len(graphs.ops), np.int64),
    )
    return len(np.unique(refinement_words(table)))
