"""NAS-Bench-101's cells: from a matrix and official names to a pruned graph of the space."""

from __future__ import annotations

from collections.abc import Sequence

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.nb101 import MAX_EDGES, MAX_NODES, NB101
from nasflow.spaces.nb101 import OFFICIAL as OPERATIONS

VOCABULARY = NB101.ops


def matrix_rows(digits: Sequence[int], n_nodes: int) -> list[Sequence[int]]:
    """The rows of a matrix that a file writes row by row, without breaks."""
    return [digits[row * n_nodes : (row + 1) * n_nodes] for row in range(n_nodes)]


def nb101_cell(matrix: Sequence[Sequence[int]], operations: Sequence[str]) -> Architecture:
    """The cell of an adjacency matrix and its official operations.

    What lies on no path from input to output is pruned, as the benchmark does before it looks at
    the limits.

    Args:
        matrix: 1 at row i, column j for the edge i -> j.
        operations: of its nodes.

    Raises:
        GraphError: no matrix of zeros and ones, not upper triangular, an unknown operation, an
            output that nothing feeds, more than 7 nodes or 9 edges.
    """
    inner = operations[1:-1]
    if len(operations) < 2 or operations[0] != "input" or operations[-1] != "output":
        raise GraphError(
            f"the operations {list(operations)} must start with input and end with output"
        )
    unknown = [op for op in inner if op not in OPERATIONS]
    if unknown:
        raise GraphError(
            f"unknown operation {unknown[0]!r}; legal between input and output:"
            f" {', '.join(OPERATIONS)}"
        )
    names = ["input", *(OPERATIONS[op] for op in inner), "output"]
    cell = Architecture.from_adjacency(matrix, names)
    if any(source > target for source, target in cell.edges):
        raise GraphError(
            "the matrix is not upper triangular; list the nodes in a topological order"
        )
    cell = cell.pruned()
    if not cell.predecessors[-1]:
        raise GraphError("no path leads from input to output: the cell computes nothing")
    if cell.n_nodes > MAX_NODES or len(cell.edges) > MAX_EDGES:
        raise GraphError(
            f"{cell.n_nodes} nodes and {len(cell.edges)} edges after pruning; "
            f"legal: at most {MAX_NODES} and {MAX_EDGES}"
        )
    return cell
