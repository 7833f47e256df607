"""DARTS genotypes as NAS-Bench-301's files write them, and the one merged graph of 30 nodes that they become.

A cell has inputs 0 and 1 and steps 2 to 5; a step sums one operation on each of two different earlier numbers. In the
graph a cell is two input nodes, then for each step its two operations (by ascending input) and their sum, then the
output; the normal cell is nodes 0 to 14, the reduction cell 15 to 29, and the first's output feeds both inputs of the
second (section 1 of the method).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from reprlib import repr as shown
from typing import Any

from nasflow.architecture import Architecture
from nasflow.errors import GraphError

OPERATIONS = ("max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3",
              "dil_conv_5x5")
"""In the benchmark's order, which is that of numeric genotypes."""

VOCABULARY = ("input0", "input1", *OPERATIONS, "sum", "output")
N_STEPS = 4
_CELL_NODES = 3 * N_STEPS + 3
_PREFIX = "NetworkSelectorDatasetInfo:darts:"

Cell = list[tuple[str, int]]
"""Eight pairs (operation, input), two for each step."""


def darts_graph(normal: Sequence[tuple[Any, Any]], reduce: Sequence[tuple[Any, Any]]) -> Architecture:
    """The merged graph of two cells, each eight pairs (operation, input).

    Raises:
        GraphError: not eight pairs, an unknown operation, an input that is no earlier number, or a step with the same
            input twice.
    """
    ops: list[str] = []
    edges = [(_CELL_NODES - 1, _CELL_NODES), (_CELL_NODES - 1, _CELL_NODES + 1)]
    for name, cell in (("normal", normal), ("reduce", reduce)):
        start = len(ops)
        ops += ["input0", "input1"]
        place = [start, start + 1]  # node whose output is number 0, 1, 2, ...
        if len(cell) != 2 * N_STEPS:
            raise GraphError(f"the {name} cell has {len(cell)} pairs of operation and input; legal: {2 * N_STEPS}")
        for step in range(N_STEPS):
            pair = [_checked(name, step, *cell[i]) for i in (2 * step, 2 * step + 1)]
            if pair[0][1] == pair[1][1]:
                raise GraphError(f"step {step} of the {name} cell takes input {pair[0][1]} twice; they must differ")
            total = len(ops) + 2
            for op, source in sorted(pair, key=lambda p: p[1]):
                edges += [(place[source], len(ops)), (len(ops), total)]
                ops.append(op)
            ops.append("sum")
            place.append(total)
        edges += [(node, len(ops)) for node in place[2:]]
        ops.append("output")
    return Architecture(tuple(ops), tuple(edges))


def _checked(cell: str, step: int, op: Any, source: Any) -> tuple[str, int]:
    if op not in OPERATIONS:
        raise GraphError(f"step {step} of the {cell} cell has the operation {shown(op)}; "
                         f"legal: {', '.join(OPERATIONS)}")
    if type(source) is not int or not 0 <= source < step + 2:
        raise GraphError(f"step {step} of the {cell} cell takes input {shown(source)}; legal: 0..{step + 1}")
    return op, source


def cells_of_indices(genotype: Any) -> tuple[Cell, Cell]:
    """The cells of `(((input, operation index), ...), (...))`, NAS-Bench-Suite-Zero's key of an architecture."""
    try:
        normal, reduce = ([(OPERATIONS[op] if 0 <= op < len(OPERATIONS) else op, source) for source, op in cell]
                          for cell in genotype)
    except (TypeError, ValueError):
        raise GraphError(f"{shown(genotype)} is no pair of cells ((input, operation index), ...)") from None
    return normal, reduce


def cells_of_config(config: Mapping[str, Any]) -> tuple[Cell, Cell]:
    """The cells of a configuration `...:darts:edge_normal_3: "sep_conv_3x3"`, as the result files have it.

    Edges are numbered over all pairs: step j owns those from 2 + 3 + ... + (j + 1) on, one for each earlier number.
    `inputs_node_normal_3: "0_2"` repeats which of them step 1 uses, and must agree.
    """
    cells = []
    for name in ("normal", "reduce"):
        cell: Cell = []
        first = 0
        for step in range(N_STEPS):
            chosen = [(config[key], source) for source in range(step + 2)
                      if (key := f"{_PREFIX}edge_{name}_{first + source}") in config]
            stated = config.get(f"{_PREFIX}inputs_node_{name}_{step + 2}")
            used = "_".join(str(source) for _, source in chosen)
            if len(chosen) != 2 or (stated is not None and stated != used):
                raise GraphError(f"step {step} of the {name} cell has edges from {used or 'nothing'} and states "
                                 f"{shown(stated)}; it needs two edges, and the same inputs stated")
            cell += chosen
            first += step + 2
        cells.append(cell)
    return cells[0], cells[1]
