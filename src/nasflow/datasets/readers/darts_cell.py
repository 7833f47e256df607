"""DARTS genotypes as NAS-Bench-301's files write them, made into the merged graph of the space."""

from __future__ import annotations

from collections.abc import Sequence
from reprlib import repr as short_repr
from typing import Any

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.darts import CELLS, N_STEPS, OPERATIONS, Darts, Step
from nasflow.spaces.darts_config import Cell

VOCABULARY = Darts().ops


def darts_graph(
    normal: Sequence[tuple[Any, Any]], reduce: Sequence[tuple[Any, Any]]
) -> Architecture:
    """The merged graph of two cells, each eight pairs (operation, input).

    Raises:
        GraphError: not eight pairs, an unknown operation, an input that is no earlier number, or a
            step with the same input twice.
    """
    return Darts().from_cells(_steps(CELLS[0], normal), _steps(CELLS[1], reduce))


def _steps(name: str, cell: Sequence[tuple[Any, Any]]) -> tuple[Step, ...]:
    if len(cell) != 2 * N_STEPS:
        raise GraphError(
            f"the {name} cell has {len(cell)} pairs of operation and input; legal: {2 * N_STEPS}"
        )
    steps = []
    for step in range(N_STEPS):
        pairs = [_checked(name, step, *pair) for pair in cell[2 * step : 2 * step + 2]]
        # the two have no order in a file; the space lists them by their inputs
        first, second = sorted(pairs, key=lambda pair: pair[1])
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
    """The cells of `(((input, operation index), ...), (...))`, NAS-Bench-Suite-Zero's form."""
    try:
        normal, reduce = map(_named, genotype)
    except (TypeError, ValueError):
        raise GraphError(
            f"{short_repr(genotype)} is no pair of cells ((input, operation index), ...)"
        ) from None
    return normal, reduce


def _named(cell: Any) -> Cell:
    """The pairs of one cell; an index without an operation stays, to be refused by its value."""
    return [(OPERATIONS[op] if 0 <= op < len(OPERATIONS) else op, source) for source, op in cell]
