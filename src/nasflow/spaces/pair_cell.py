"""`PairCell`: cells of four feature maps with an operation between each pair, as in NAS-Bench-201.

NAS-Bench-201 and TransNAS-Bench-101's micro cells differ in their operations and notation alone. In
the graph, operations sit on the nodes: an input node, one node per pair i < j in the order 0>1,
0>2, 1>2, 0>3, 1>3, 2>3 (by target, as the official strings list them), and an output node.

What `none` means must be chosen, since both readings are in use (`none=...`):

* `"node"` (default, and what the paper's count of seven operations implies): a node labelled
  `none`.
* `"edge"`: no connection. The node goes, with its edges; the vocabulary keeps its name. What is
  then no longer fed, or feeds nothing, stays unless `prune=True`.

Elements are the same in both readings, always with six operation nodes; the reading is applied by
`graph` and `table`, on the way to a predictor.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy.typing as npt

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.names import NONE_OP
from nasflow.graphs.table import ArchTable
from nasflow.spaces.template import TemplateSpace

PAIRS = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""The feature-map pair of operation node 1 + i, by target: the order of the official strings."""

PAIRS_BY_SOURCE = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
"""The other order in use, by source: that of `analog-nasbench`."""


def cell_edges(pairs: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Edges between operation nodes of a cell whose operation i joins feature maps `pairs[i]`.

    Feature map 0 is the input and the last one the output; an operation that ends in a map feeds
    every operation that starts from it.
    """
    last = max(b for _, b in pairs)
    edges = []
    for i, (a, b) in enumerate(pairs, start=1):
        if a == 0:
            edges.append((0, i))
        if b == last:
            edges.append((i, len(pairs) + 1))
        edges.extend((i, j) for j, (start, _) in enumerate(pairs, start=1) if start == b)
    return tuple(edges)


class PairCell(TemplateSpace):
    """Four feature maps, one of `choices` (among them `none`) between each pair.

    Args:
        none: the reading of `none`: `"node"` or `"edge"`.
        prune: with `none="edge"`, also drop nodes that are not fed or feed nothing.
    """

    n_choices = len(PAIRS)
    edges = cell_edges(PAIRS)

    def __init__(self, none: str = "node", prune: bool = False) -> None:
        if none not in ("node", "edge"):
            raise ConfigError(
                f"none={none!r}; legal: 'node' (a node labelled none), 'edge' (no connection)"
            )
        if prune and none == "node":
            raise ConfigError(
                "prune=True needs none='edge': with none='node' the graph keeps all its nodes"
            )
        self.none, self.prune = none, prune

    def from_tuple(self, operations: Sequence[str | int], by: str = "target") -> Architecture:
        """The cell of six operations, as names or as indices into `choices`.

        Args:
            operations: one operation per pair of feature maps.
            by: the order of the pairs: `"target"` (0>1, 0>2, 1>2, 0>3, 1>3, 2>3; the official
                strings) or `"source"` (0>1, 0>2, 0>3, 1>2, 1>3, 2>3). The wrong one gives another
                cell and no error.

        Raises:
            GraphError: not six operations, or an unknown one.
        """
        if len(operations) != len(PAIRS):
            raise GraphError(
                f"{list(operations)!r} has {len(operations)} operations; a cell of {self.name} "
                f"has {len(PAIRS)}"
            )
        chosen = []
        for op in operations:
            index = self.choices.index(op) if op in self.choices else op
            if not isinstance(index, int) or not 0 <= index < len(self.choices):
                raise GraphError(
                    f"unknown operation {op!r}; legal in {self.name}: {', '.join(self.choices)}, "
                    f"or an index 0..{len(self.choices) - 1} into these"
                )
            chosen.append(index)
        order = _order(by)
        return self.from_choices([chosen[order.index(pair)] for pair in PAIRS])

    def to_tuple(self, architecture: Architecture, by: str = "target") -> tuple[str, ...]:
        """The six operations' names in one of the two orders of `from_tuple`."""
        chosen = self.to_choices(architecture)
        return tuple(self.choices[chosen[PAIRS.index(pair)]] for pair in _order(by))

    def graph(self, architecture: Architecture) -> Architecture:
        """The cell in the chosen reading of `none`."""
        if self.none == "node":
            return architecture
        return architecture.pruned() if self.prune else architecture.without(NONE_OP)

    def table(self, architectures: Iterable[Architecture]) -> ArchTable:
        """The cells in the chosen reading of `none`, as one table."""
        return self.table_from_choices([self.to_choices(a) for a in architectures])

    def table_from_choices(self, choices: npt.ArrayLike) -> ArchTable:
        """The cells of an (N, 6) array of operation indices, in the chosen reading of `none`."""
        table = super().table_from_choices(choices)
        if self.none == "node":
            return table
        return table.pruned() if self.prune else table.without(NONE_OP)


def _order(by: str) -> tuple[tuple[int, int], ...]:
    if by not in ("target", "source"):
        raise ConfigError(
            f"by={by!r}; legal: 'target' (0>1, 0>2, 1>2, ...), 'source' (0>1, 0>2, 0>3, ...)"
        )
    return PAIRS if by == "target" else PAIRS_BY_SOURCE
