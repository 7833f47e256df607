"""DARTS genotypes as NAS-Bench-301 configures them: an entry for each edge that is there.

{"NetworkSelectorDatasetInfo:darts:edge_normal_0": "sep_conv_3x3", ...,
 "NetworkSelectorDatasetInfo:darts:inputs_node_normal_3": "0_2", ...}
"""

from __future__ import annotations

from collections.abc import Mapping
from reprlib import repr as short_repr
from typing import Any

from nasflow.errors import GraphError

PREFIX = "NetworkSelectorDatasetInfo:darts:"
"""What the keys begin with."""

_N_STEPS = 4

Cell = list[tuple[Any, int]]
"""Eight pairs (operation, input), two for each step."""


def cells_of_config(config: Mapping[str, Any]) -> tuple[Cell, Cell]:
    """The normal and the reduction cell of a configuration; the operations are not checked.

    Edges are numbered over all pairs: step j owns those from 2 + 3 + ... + (j + 1) on, one for each
    earlier number. `inputs_node_normal_3: "0_2"` repeats which of them step 1 uses, and must agree.

    Raises:
        GraphError: a step without exactly two edges, or whose stated inputs are others.
    """
    return _cell_of_config("normal", config), _cell_of_config("reduce", config)


def _cell_of_config(name: str, config: Mapping[str, Any]) -> Cell:
    cell: Cell = []
    first = 0  # the number of the step's first edge
    for step in range(_N_STEPS):
        chosen = []
        for source in range(step + 2):
            key = f"{PREFIX}edge_{name}_{first + source}"
            # of all edges that could be, a configuration has those that are
            if key in config:
                chosen.append((config[key], source))
        stated = config.get(f"{PREFIX}inputs_node_{name}_{step + 2}")
        used = "_".join(str(source) for _, source in chosen)
        # what is not stated cannot disagree
        if len(chosen) != 2 or (stated is not None and stated != used):
            raise GraphError(
                f"step {step} of the {name} cell has edges from {used or 'nothing'} and states "
                f"{short_repr(stated)}; it needs two edges, and the same inputs stated"
            )
        cell += chosen
        first += step + 2
    return cell
