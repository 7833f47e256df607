"""DARTS genotypes as NAS-Bench-301's files write them, checked and made into the merged graph of
the space.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from reprlib import repr as short_repr
from typing import Any

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.darts import CELLS, N_STEPS, OPERATIONS, Darts, Step

VOCABULARY = Darts().ops
_PREFIX = "NetworkSelectorDatasetInfo:darts:"

Cell = list[tuple[str, int]]
"""Eight pairs (operation, input), two for each step."""


def darts_graph(
    normal: Sequence[tuple[Any, Any]], reduce: Sequence[tuple[Any, Any]]
) -> Architecture:
    """The merged graph of two cells, each eight pairs (operation, input).

    Raises:
        GraphError: not eight pairs, an unknown operation, an input that is no earlier number, or a
        step with the same
            input twice.
    """
    return Darts().from_cells(
        *(_steps(name, cell) for name, cell in zip(CELLS, (normal, reduce), strict=True))
    )


def _steps(name: str, cell: Sequence[tuple[Any, Any]]) -> tuple[Step, ...]:
    if len(cell) != 2 * N_STEPS:
        raise GraphError(
            f"the {name} cell has {len(cell)} pairs of operation and input; legal: {2 * N_STEPS}"
        )
    steps = []
    for step in range(N_STEPS):
        first, second = sorted(
            (_checked(name, step, *cell[i]) for i in (2 * step, 2 * step + 1)), key=lambda p: p[1]
        )
        if first[1] == second[1]:
            raise GraphError(
                f"step {step} of the {name} cell takes input {first[1]} twice; they must differ"
            )
        steps.append((first, second))
    return tuple(steps)


def _checked(cell: str, step: int, op: Any, source: Any) -> tuple[str, int]:
    if op not in OPERATIONS:
        raise GraphError(
            f"step {step} of the {cell} cell has the operation {short_repr(op)}; "
            f"legal: {', '.join(OPERATIONS)}"
        )
    if type(source) is not int or not 0 <= source < step + 2:
        raise GraphError(
            f"step {step} of the {cell} cell takes input {short_repr(source)}; legal: 0..{step + 1}"
        )
    return op, source


def cells_of_indices(genotype: Any) -> tuple[Cell, Cell]:
    """The cells of `(((input, operation index), ...), (...))`, NAS-Bench-Suite-Zero's key of an
    architecture.
    """
    try:
        normal, reduce = (
            [(OPERATIONS[op] if 0 <= op < len(OPERATIONS) else op, source) for source, op in cell]
            for cell in genotype
        )
    except (TypeError, ValueError):
        raise GraphError(
            f"{short_repr(genotype)} is no pair of cells ((input, operation index), ...)"
        ) from None
    return normal, reduce


def cells_of_config(config: Mapping[str, Any]) -> tuple[Cell, Cell]:
    """The cells of a configuration `...:darts:edge_normal_3: "sep_conv_3x3"`, as the result files
    have it.

    Edges are numbered over all pairs: step j owns those from 2 + 3 + ... + (j + 1) on, one for each
    earlier number. `inputs_node_normal_3: "0_2"` repeats which of them step 1 uses, and must agree.
    """
    cells = []
    for name in CELLS:
        cell: Cell = []
        first = 0
        for step in range(N_STEPS):
            chosen = [
                (config[key], source)
                for source in range(step + 2)
                if (key := f"{_PREFIX}edge_{name}_{first + source}") in config
            ]
            stated = config.get(f"{_PREFIX}inputs_node_{name}_{step + 2}")
            used = "_".join(str(source) for _, source in chosen)
            if len(chosen) != 2 or (stated is not None and stated != used):
                raise GraphError(
                    f"step {step} of the {name} cell has edges from {used or 'nothing'} and states "
                    f"{short_repr(stated)}; it needs two edges, and the same inputs stated"
                )
            cell += chosen
            first += step + 2
        cells.append(cell)
    return cells[0], cells[1]
