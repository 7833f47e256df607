"""NAS-Bench-101 (Ying et al., ICML 2019): cells of at most seven nodes and nine edges.

A node is an operation, an edge carries its output on; node 0 is the cell's input, the last one its
output. The benchmark gives a cell as an upper triangular matrix and a list of operations, and
prunes what lies on no path from input to output before it looks at the limits. Elements here are
pruned cells, so `parse` prunes too: a cell is one of 423,624 up to isomorphism, which `enumerate`
lists.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from reprlib import repr as short_repr
from typing import Any, ClassVar

import numpy as np

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.dag import DagSpace
from nasflow.spaces.json_text import json_object
from nasflow.spaces.tuples import numbers_of_tuple

OFFICIAL = {
    "conv1x1-bn-relu": "conv1x1",
    "conv3x3-bn-relu": "conv3x3",
    "maxpool3x3": "maxpool3x3",
}
"""Official operation name -> nasflow's, in the order of the paper's vocabulary."""

_ALIASES = {
    **OFFICIAL,
    **{op: op for op in OFFICIAL.values()},
    "c1": "conv1x1",
    "c3": "conv3x3",
    "mp": "maxpool3x3",
    "input": "input",
    "output": "output",
}
# the labels in the benchmark's hash: its own order of the operations, then -1 and -2 for the two
# ends
_HASH_LABELS = {"conv3x3": 0, "conv1x1": 1, "maxpool3x3": 2, "input": -1, "output": -2}
_CODES = ("input", "output", "maxpool3x3", "conv1x1-bn-relu", "conv3x3-bn-relu")
_JSON_KEYS = (("module_adjacency", "module_operations"), ("matrix", "ops"))

MAX_NODES, MAX_EDGES = 7, 9


class NB101(DagSpace):
    """All cells of at most 7 nodes and 9 edges, pruned.

    Example:
        >>> cell = NB101().parse("111|conv3x3-bn-relu")
        >>> cell.ops, cell.edges
        (('input', 'conv3x3', 'output'), ((0, 1), (0, 2), (1, 2)))
        >>> official_hash(cell)
        'd32d0b26d534203b48d866facd98cc3e'
    """

    name: ClassVar[str] = "nb101"
    ops = ("input", *OFFICIAL.values(), "output")
    choices = tuple(OFFICIAL.values())
    min_nodes, max_nodes, max_edges = 0, MAX_NODES - 2, MAX_EDGES
    size = 423_624  # isomorphic cells counted once, as the benchmark does

    def parse(self, text: str) -> Architecture:
        """The cell that `text` denotes, pruned.

        Three notations. The bits of the strict upper triangle, row by row, then the operations
        between input and output: `111|conv3x3-bn-relu`. Or the official keys as JSON:
        `{"module_adjacency": [[0, 1], [0, 0]], "module_operations": ["input", "output"]}` (also
        `matrix` and `ops`). Or the tuple of NAS-Bench-Suite-Zero (`from_codes`).
        """
        text = text.strip()
        if text.startswith("{"):
            return self.from_matrix(*_json_cell(text))
        codes = numbers_of_tuple(text)
        if codes is not None:
            return self.from_codes(codes)
        bits, *names = text.split("|")
        names = [name for name in names if name]
        n_nodes = len(names) + 2
        if set(bits) - {"0", "1"} or len(bits) != n_nodes * (n_nodes - 1) // 2:
            raise GraphError(
                f"{bits[:40]!r} in {text[:80]!r} is no upper triangle of {n_nodes} nodes; it needs "
                f"{n_nodes * (n_nodes - 1) // 2} digits 0 or 1, then |operation for each node "
                "between input and output"
            )
        rows, columns = np.triu_indices(n_nodes, 1)
        edges = [
            (int(s), int(t)) for s, t, bit in zip(rows, columns, bits, strict=True) if bit == "1"
        ]
        return self._cell(["input", *names, "output"], edges)

    def from_matrix(self, matrix: Iterable[Iterable[Any]], ops: Sequence[str]) -> Architecture:
        """The cell of the official pair, a matrix and operations.

        The matrix has a 1 at row i, column j for the edge i -> j; it may be a list or an array of
        booleans, integers or floats.

        Raises:
            GraphError: no square matrix of zeros and ones, not upper triangular, an unknown
                operation, no path from input to output, more than 7 nodes or 9 edges after pruning.
        """
        return self._cell(list(ops), Architecture.from_adjacency(matrix, ops).edges)

    def from_codes(self, codes: Sequence[int]) -> Architecture:
        """The cell of NAS-Bench-Suite-Zero's tuple, 56 numbers for seven nodes.

        The matrix row by row, then each node's operation: 0 input, 1 output, 2 maxpool3x3, 3
        conv1x1, 4 conv3x3.

        Raises:
            GraphError: no n * n + n numbers, or as `from_matrix`.
        """
        n_nodes = math.isqrt(len(codes))
        operations = codes[n_nodes * n_nodes :]
        has_legal_operations = all(0 <= code < len(_CODES) for code in operations)
        if len(operations) != n_nodes or not has_legal_operations:
            raise GraphError(
                f"{short_repr(codes)} is no matrix of n x n digits followed by n operations of"
                f" 0..{len(_CODES) - 1}"
            )
        rows = [codes[row * n_nodes : (row + 1) * n_nodes] for row in range(n_nodes)]
        return self.from_matrix(rows, [_CODES[code] for code in operations])

    def _cell(self, official: list[str], edges: Sequence[tuple[int, int]]) -> Architecture:
        unknown = [op for op in official if op not in _ALIASES]
        if unknown:
            raise GraphError(
                f"unknown operation {unknown[0]!r}; legal in {self.name}: input, "
                f"{', '.join(OFFICIAL)}, output"
            )
        names = tuple(_ALIASES[op] for op in official)
        if len(names) > MAX_NODES:
            raise GraphError(f"{len(names)} nodes; {self.name} allows {MAX_NODES}")
        if names[0] != "input" or names[-1] != "output" or {"input", "output"} & {*names[1:-1]}:
            raise GraphError(
                f"the operations {official} must start with input, end with output, and have "
                "neither in between"
            )
        if any(source > target for source, target in edges):
            raise GraphError(
                "the matrix is not upper triangular; list the nodes in a topological order"
            )
        cell = Architecture(names, tuple(edges)).pruned()
        self.check(cell)
        return cell

    def format(self, architecture: Architecture) -> str:
        """The upper triangle and the operations' official names: `111|conv3x3-bn-relu`."""
        self.check(architecture)
        matrix = np.zeros((architecture.n_nodes,) * 2, np.int64)
        for source, target in architecture.edges:
            matrix[source, target] = 1
        bits = "".join(map(str, matrix[np.triu_indices(architecture.n_nodes, 1)]))
        official = {ours: theirs for theirs, ours in OFFICIAL.items()}
        return "|".join([bits, *(official[op] for op in architecture.ops[1:-1])])

    def sample(self, rng: np.random.Generator) -> Architecture:
        """A random matrix of seven nodes, every edge with probability 1/2, pruned.

        That is the distribution of the benchmark's own examples, and it favours small cells: for a
        uniform draw, take rows of `enumerate()`. The first legal one of 64 is taken (three in
        four are: all 64 fail less than once in 10^30), else a chain.
        """
        names = [list(OFFICIAL)[i] for i in rng.integers(len(OFFICIAL), size=MAX_NODES - 2)]
        rows, columns = np.triu_indices(MAX_NODES, 1)
        for bits in rng.integers(2, size=(64, len(rows))).astype(bool):
            edges = tuple(zip(rows[bits].tolist(), columns[bits].tolist(), strict=True))
            ops = ("input", *(OFFICIAL[name] for name in names), "output")
            cell = Architecture(ops, edges).pruned()
            # a cell whose output nothing reaches is pruned to its two ends
            if len(cell.edges) <= MAX_EDGES and cell.predecessors[-1]:
                return cell
        return self._cell(["input", *names, "output"], [(v, v + 1) for v in range(MAX_NODES - 1)])


def _json_cell(text: str) -> tuple[list[list[Any]], list[str]]:
    """The matrix and operations of the official JSON object, or a `GraphError`."""
    record = json_object(text, "object of a matrix and operations")
    for matrix_key, ops_key in _JSON_KEYS:
        if matrix_key in record and ops_key in record:
            matrix, ops = record[matrix_key], record[ops_key]
            is_matrix = isinstance(matrix, list) and all(isinstance(row, list) for row in matrix)
            are_names = isinstance(ops, list) and all(isinstance(op, str) for op in ops)
            if is_matrix and are_names:
                return matrix, ops
            raise GraphError(
                f"{matrix_key} must be a list of rows and {ops_key} a list of names in"
                f" {text[:60]!r}"
            )
    raise GraphError(
        f"{text[:60]!r} has no module_adjacency and module_operations (or matrix and ops)"
    )


def official_hash(architecture: Architecture) -> str:
    """The benchmark's identifier of a cell: 32 hexadecimal digits, equal for isomorphic cells.

    Every node starts from the MD5 of (out-degree, in-degree, label). As many times as there are
    nodes, each becomes the MD5 of its predecessors' digests, sorted, its successors', sorted, and
    its own; the cell's is the MD5 of all of them, sorted. It is the key of the official files;
    within nasflow, use `canonical_id`.

    Raises:
        GraphError: an operation that NAS-Bench-101 does not have.
    """
    before, after = architecture.predecessors, architecture.successors
    for op in architecture.ops:
        if op not in _HASH_LABELS:
            raise GraphError(f"unknown operation {op!r}; legal in nb101: {', '.join(_HASH_LABELS)}")
    digests = [
        _md5(str((len(after[v]), len(before[v]), _HASH_LABELS[op])))
        for v, op in enumerate(architecture.ops)
    ]

    def joined(nodes: Sequence[int]) -> str:
        # sorted, so that the order of the nodes does not matter
        return "".join(sorted(digests[v] for v in nodes))

    for _ in range(architecture.n_nodes):
        # all from the last round's digests: none is replaced before the round is over
        texts = [
            f"{joined(before[v])}|{joined(after[v])}|{digests[v]}"
            for v in range(architecture.n_nodes)
        ]
        digests = [_md5(text) for text in texts]
    return _md5(str(sorted(digests)))


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
