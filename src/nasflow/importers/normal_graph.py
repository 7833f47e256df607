"""A program as the raw graph of its normal form, with numbers on its nodes or without."""

from __future__ import annotations

import warnings
from collections.abc import Collection

from nasflow.errors import DataWarning
from nasflow.importers.assemble import RawGraph
from nasflow.importers.calls import Call, Program
from nasflow.importers.normal_form import normalise
from nasflow.importers.numbers import add_numbers
from nasflow.importers.numbers.weights import weights_before


def in_normal_form(
    program: Program, passing: Collection[Call], numbers: bool, how_to_give_sizes: str
) -> RawGraph:
    """The graph of a program, which is rewritten.

    Args:
        program: what was read.
        passing: calls that go unless something reads them.
        numbers: whether the nodes carry numbers.
        how_to_give_sizes: what a user does where sizes are missing.
    """
    before = weights_before(program)
    normalise(program, passing)
    raw = program.raw_graph()
    if numbers:
        missing = add_numbers(raw, program, before)
        if missing.nodes:
            warnings.warn(
                f"flops of {len(missing.nodes)} of {missing.n_nodes} nodes"
                f" ({', '.join(missing.nodes[:3])}) are missing, since sizes are not known:"
                f" {how_to_give_sizes}; numbers=False leaves all numbers out",
                DataWarning,
                stacklevel=3,
            )
    return raw
