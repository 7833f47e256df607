"""DARTS (Liu et al., ICLR 2019), the space of NAS-Bench-301: 10^18 pairs of cells.

An element is a normal and a reduction cell. A cell has two inputs (the outputs of the two cells
before it, numbers 0 and 1) and four steps (numbers 2 to 5). A step applies one operation to each of
two *different* earlier numbers and sums the results; the cell's output joins the four sums. The two
operations of a step have no order: elements list them by ascending input.

Two graphs are in use (`Darts(form=...)`), both with operations on the nodes:

* `"merged"` (default; the paper's 11 types, 30 nodes, 42 edges): one graph. A cell is two input
  nodes, then for each step its two operations and their `sum`, then the output; an edge leads from
  the source (an input, or the sum of an earlier step) to the operation. The normal cell is nodes 0
  to 14, the reduction cell 15 to 29, and the normal cell's output feeds both inputs of the
  reduction cell.
* `"cells"` (arch2vec's, also 11 types, one of them `none`, which never occurs): 11 nodes a cell,
  side by side and not joined. There is no sum: an operation that takes step j is fed by both
  operations of step j, and all eight operations feed the output.

`skip_connect` keeps its official name, and is not contracted by canonical ids: in a reduction cell
it halves the resolution and has parameters. Elements are merged graphs; the form is applied by
`graph` and `table`.
"""

from __future__ import annotations

import functools
from typing import Any, ClassVar, NoReturn

import numpy as np

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.changes import Change, ChangeSpace
from nasflow.spaces.genotype import read_genotype

OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
"""The operations in the order of the paper's vocabulary, and of numeric genotypes."""

N_ELEMENTS = (180 * len(OPERATIONS) ** 8) ** 2
"""1.08e18: in each cell 1 * 3 * 6 * 10 choices of inputs, times 7^8 of operations."""

N_STEPS = 4
CELLS = ("normal", "reduce")

Step = tuple[tuple[str, int], tuple[str, int]]
Cell = tuple[Step, ...]
"""Four steps, each two pairs (operation, input)."""

_CELL_NODES = 3 * N_STEPS + 3


class Darts(ChangeSpace):
    """All pairs of a normal and a reduction cell.

    Args:
        form: the graph that a predictor sees: `"merged"` or `"cells"` (see the module's text).

    Example:
        >>> space = Darts()
        >>> element = space.sample(np.random.default_rng(0))
        >>> element.n_nodes, len(element.edges)
        (30, 42)
    """

    name: ClassVar[str] = "darts"

    def __init__(self, form: str = "merged") -> None:
        if form not in ("merged", "cells"):
            raise ConfigError(
                f"form={form!r}; legal: 'merged' (one graph of 30 nodes), 'cells' (11 nodes a cell)"
            )
        self.form = form
        middle = (*OPERATIONS, "sum") if form == "merged" else ("none", *OPERATIONS)
        self.ops = ("input0", "input1", *middle, "output")

    # -- notation

    def parse(self, text: str) -> Architecture:
        """The element that a genotype denotes, in any of the notations in use.

            Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=range(2, 6), reduce=[...])
            {"normal": [["sep_conv_3x3", 0], ...], "reduce": [...]}
            [[[0, 3], [1, 3], ...], [...]]
            {"NetworkSelectorDatasetInfo:darts:edge_normal_0": "sep_conv_3x3", ...}

        The third has pairs (input, index into OPERATIONS), of the normal cell and of the other. A
        cell lists eight pairs, two for each step. Text is read as data and never evaluated.
        """
        return self.from_genotype(read_genotype(text))

    def from_genotype(self, genotype: dict[str, Any]) -> Architecture:
        """The element of `{"normal": [(operation, input), ...], "reduce": [...]}`.

        Other keys are left unread.

        Raises:
            GraphError: not eight pairs in a cell, an unknown operation, an input that is no earlier
                step, or a step whose two inputs are the same.
        """
        return self.from_cells(*(_cell(name, genotype.get(name)) for name in CELLS))

    def to_genotype(self, architecture: Architecture) -> dict[str, list[list[Any]]]:
        """`{"normal": [[operation, input], ...], "reduce": [...]}`, as NAS-Bench-301 has it."""
        genotype = {}
        for name, cell in zip(CELLS, self.to_cells(architecture), strict=True):
            genotype[name] = [list(pair) for step in cell for pair in step]
        return genotype

    def format(self, architecture: Architecture) -> str:
        """`Genotype(normal=[...], normal_concat=range(2, 6), reduce=[...], reduce_concat=...)`."""
        parts = []
        for name, cell in zip(CELLS, self.to_cells(architecture), strict=True):
            pairs = [pair for step in cell for pair in step]
            parts += [f"{name}={pairs}", f"{name}_concat=range(2, 6)"]
        return f"Genotype({', '.join(parts)})"

    # -- elements

    def from_cells(self, normal: Cell, reduce: Cell) -> Architecture:
        """The element of two cells, each four steps of two pairs (operation, input)."""
        return _merged(normal, reduce)

    def to_cells(self, architecture: Architecture) -> tuple[Cell, Cell]:
        """The normal and the reduction cell of an element.

        Raises:
            GraphError: the architecture is no element of this space.
        """
        cells = _cells_of(architecture)
        if cells is None:
            raise GraphError(
                f"{architecture} is no element of {self.name}: it is no merged graph of two DARTS"
                " cells, each step with two operations of OPERATIONS on two different inputs, in"
                " ascending order"
            )
        return cells

    def graph(self, architecture: Architecture) -> Architecture:
        """The element in the chosen form."""
        if self.form == "merged":
            return architecture
        ops: list[str] = []
        edges: list[tuple[int, int]] = []
        for cell in self.to_cells(architecture):
            start = len(ops)
            pairs = [pair for step in cell for pair in step]
            ops += ["input0", "input1", *(op for op, _ in pairs), "output"]
            for node, (_, source) in enumerate(pairs, start=start + 2):
                # a step has no node of its own: number 2 + j are nodes 2 + 2j and 3 + 2j
                sources = [source] if source < 2 else [2 * source - 2, 2 * source - 1]
                edges += [(start + s, node) for s in sources] + [(node, start + 10)]
        return Architecture(tuple(ops), tuple(edges))

    # -- drawing and changing

    def sample(self, rng: np.random.Generator) -> Architecture:
        """An element drawn uniformly: for each step two different inputs and two operations."""
        cells = []
        for _ in CELLS:
            steps = []
            for j in range(N_STEPS):
                first, second = sorted(rng.choice(j + 2, size=2, replace=False).tolist())
                a, b = rng.integers(len(OPERATIONS), size=2)
                steps.append(((OPERATIONS[a], first), (OPERATIONS[b], second)))
            cells.append(tuple(steps))
        return self.from_cells(*cells)

    def changes(self, architecture: Architecture) -> list[Change]:
        """120 changes, all legal: another operation (96), or an input new to the step (24)."""
        changes: list[Change] = []
        for c, cell in enumerate(self.to_cells(architecture)):
            for j, step in enumerate(cell):
                taken = {source for _, source in step}
                for side, (op, source) in enumerate(step):
                    others = [other for other in OPERATIONS if other != op]
                    changes += [(c, j, side, other, source) for other in others]
                    free = [number for number in range(j + 2) if number not in taken]
                    changes += [(c, j, side, op, number) for number in free]
        return changes

    def changed(self, architecture: Architecture, change: Change) -> Architecture:
        """The element with one pair (operation, input) replaced."""
        c, j, side, op, source = change
        cells = [list(cell) for cell in self.to_cells(architecture)]
        # a change of input may turn the step around: elements list it by ascending input
        cells[c][j] = _sorted_step((op, source), cells[c][j][1 - side])
        return self.from_cells(tuple(cells[0]), tuple(cells[1]))

    def enumerate(self) -> NoReturn:
        """Raises a `GraphError`: the space is too large to list."""
        raise GraphError(f"{self.name} has {N_ELEMENTS:.1e} elements: draw with sample() instead")


def _merged(normal: Cell, reduce: Cell) -> Architecture:
    ops, edges = _merged_cell(normal, 0)
    more_ops, more_edges = _merged_cell(reduce, _CELL_NODES)
    # no cell stands between the two: both of the second one's inputs are the first one's output
    joint = [(_CELL_NODES - 1, _CELL_NODES), (_CELL_NODES - 1, _CELL_NODES + 1)]
    return Architecture(tuple(ops + more_ops), tuple(edges + more_edges + joint))


@functools.lru_cache(maxsize=512)  # a search mutates the same few parents a thousand times
def _cells_of(architecture: Architecture) -> tuple[Cell, Cell] | None:
    """The cells of an element, None of another graph."""
    if architecture.n_nodes != 2 * _CELL_NODES:
        return None
    normal, reduce = (_read_cell(architecture, start) for start in (0, _CELL_NODES))
    legal = all(_legal_step(j, step) for cell in (normal, reduce) for j, step in enumerate(cell))
    return (normal, reduce) if legal and _merged(normal, reduce) == architecture else None


def _read_cell(architecture: Architecture, start: int) -> Cell:
    steps = []
    for j in range(N_STEPS):
        pairs = []
        for node in (start + 2 + 3 * j, start + 3 + 3 * j):
            before = architecture.predecessors[node]
            source = before[0] - start if before else -1
            # inputs are numbers 0 and 1; the sum of step j sits at 4 + 3j and is number 2 + j
            pairs.append((architecture.ops[node], source if source < 2 else 2 + (source - 4) // 3))
        steps.append((pairs[0], pairs[1]))
    return tuple(steps)


def _sorted_step(a: tuple[str, int], b: tuple[str, int]) -> Step:
    return (a, b) if a[1] < b[1] else (b, a)


def _legal_step(j: int, step: Step) -> bool:
    (a, first), (b, second) = step
    return a in OPERATIONS and b in OPERATIONS and 0 <= first < second < j + 2


def _merged_cell(cell: Cell, start: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Operations and edges of a cell whose first node is number `start`."""
    ops, edges = ["input0", "input1"], []
    for j, step in enumerate(cell):
        # two inputs stand before, and each step is two operations and their sum
        total = 4 + 3 * j
        for node, (op, source) in zip((total - 2, total - 1), step, strict=True):
            ops.append(op)
            edges += [(source if source < 2 else 3 * source - 2, node), (node, total)]
        ops.append("sum")
        edges.append((total, _CELL_NODES - 1))
    return [*ops, "output"], [(start + s, start + t) for s, t in edges]


def _cell(name: str, pairs: Any) -> Cell:
    """The steps of a genotype's list of eight pairs, or a `GraphError`."""
    if not isinstance(pairs, (list, tuple)) or len(pairs) != 2 * N_STEPS:
        raise GraphError(
            f"{name} is {str(pairs)[:60]}; a genotype needs {2 * N_STEPS} pairs (operation, input)"
            " in each of normal and reduce, two for each step"
        )
    read = [_pair(name, i // 2, pair) for i, pair in enumerate(pairs)]
    steps = []
    for j in range(N_STEPS):
        a, b = read[2 * j : 2 * j + 2]
        if a[1] == b[1]:
            raise GraphError(
                f"step {j + 2} of {name} takes input {a[1]} twice; its two inputs must differ"
            )
        steps.append(_sorted_step(a, b))
    return tuple(steps)


def _pair(name: str, j: int, pair: Any) -> tuple[str, int]:
    if isinstance(pair, (list, tuple)) and len(pair) == 2:
        op, source = pair
        if type(op) is int and type(source) is int and 0 <= source < len(OPERATIONS):
            # numeric genotypes put the input first
            op, source = OPERATIONS[source], op
        if op in OPERATIONS and type(source) is int and 0 <= source < j + 2:
            return op, source
    raise GraphError(
        f"{str(pair)[:60]} in step {j + 2} of {name} is no pair (operation, input); legal"
        f" operations: {', '.join(OPERATIONS)}; legal inputs: 0..{j + 1}"
    )
