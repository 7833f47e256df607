"""NAS-Bench-201 (Dong and Yang, ICLR 2020), which is also NATS-Bench's topology space.

A cell has four feature maps; each of the six pairs i < j is joined by one of five operations. In the graph,
operations sit on the nodes: an input node, one node per pair in the order 0>1, 0>2, 1>2, 0>3, 1>3, 2>3 (the
order of the official strings), and an output node.

What `none` means must be chosen, since both readings are in use (`NB201(none=...)`):

* `"node"` (default, and what the paper's count of seven operations implies): a node labelled `none`.
* `"edge"`: no connection. The node goes, with its edges; the vocabulary keeps its seven names. What is then
  no longer fed, or feeds nothing, stays unless `prune=True`.

Elements are the same in both readings, always with six operation nodes; the reading is applied by `graph` and
`table`, on the way to a predictor.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

import numpy.typing as npt

from nasflow.architecture import NONE_OP, Architecture
from nasflow.errors import ConfigError, GraphError
from nasflow.spaces.template import TemplateSpace
from nasflow.table import ArchTable

PAIRS = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""The feature-map pair of operation node 1 + i, in the order of the official strings."""

# Official operation name -> nasflow's, the order that of the paper's vocabulary.
OFFICIAL = {
    "none": NONE_OP,
    "skip_connect": "skip",
    "nor_conv_1x1": "conv1x1",
    "nor_conv_3x3": "conv3x3",
    "avg_pool_3x3": "avgpool3x3",
}
_TOKEN = re.compile(r"([a-z0-9_]+)~([0-9])")


def cell_edges(pairs: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """Edges between operation nodes of a cell whose operation i joins feature maps `pairs[i]`.

    Feature map 0 is the input and the last one the output; an operation that ends in a map feeds every
    operation that starts from it.
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


class NB201(TemplateSpace):
    """The 15,625 cells of NAS-Bench-201.

    Args:
        none: `"node"` or `"edge"`, the reading of `none` (see the module's text).
        prune: with `none="edge"`, also remove operations that are not fed or feed nothing.

    Example:
        >>> space = NB201()
        >>> cell = space.parse("|none~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|skip_connect~1|none~2|")
        >>> cell.ops
        ('input', 'none', 'none', 'conv3x3', 'skip', 'skip', 'none', 'output')
    """

    name: ClassVar[str] = "nb201"
    ops: tuple[str, ...] = ("input", *OFFICIAL.values(), "output")
    choices: tuple[str, ...] = tuple(OFFICIAL.values())
    n_choices = len(PAIRS)
    edges = cell_edges(PAIRS)

    def __init__(self, none: str = "node", prune: bool = False) -> None:
        if none not in ("node", "edge"):
            raise ConfigError(f"none={none!r}; legal: 'node' (a node labelled none), 'edge' (no connection)")
        if prune and none == "node":
            raise ConfigError("prune=True needs none='edge': with none='node' the graph keeps all its nodes")
        self.none, self.prune = none, prune

    def parse(self, text: str) -> Architecture:
        """The cell of an official string: `|op~0|+|op~0|op~1|+|op~0|op~1|op~2|`.

        The operations of one group may come in any order; each says by `~i` where it starts. Order and
        spacing are otherwise as in the official files.
        """
        groups = text.strip().split("+")
        if len(groups) != 3:
            raise GraphError(f"{text!r} has {len(groups)} groups joined by '+'; a NAS-Bench-201 cell has 3, "
                             "such as |none~0|+|none~0|none~1|+|none~0|none~1|none~2|")
        chosen: dict[tuple[int, int], int] = {}
        for end, group in enumerate(groups, start=1):
            for part in group.strip().strip("|").split("|"):
                token = _TOKEN.fullmatch(part.strip())
                if token is None or token[1] not in OFFICIAL:
                    raise GraphError(f"{part!r} in {text!r} is no operation; legal: one of "
                                     f"{', '.join(OFFICIAL)} followed by ~ and its start, such as none~0")
                pair = (int(token[2]), end)
                if pair not in PAIRS or pair in chosen:
                    raise GraphError(f"group {end} of {text!r} has {part!r}; it needs exactly one operation "
                                     f"from each of {', '.join(f'~{i}' for i in range(end))}")
                chosen[pair] = list(OFFICIAL).index(token[1])
        if len(chosen) != len(PAIRS):
            raise GraphError(f"{text!r} joins {len(chosen)} pairs of feature maps; a cell joins all 6")
        return self.from_choices([chosen[pair] for pair in PAIRS])

    def format(self, architecture: Architecture) -> str:
        """The official string of a cell."""
        names = list(OFFICIAL)
        token = {pair: f"{names[c]}~{pair[0]}" for pair, c in
                 zip(PAIRS, self.to_choices(architecture), strict=True)}
        groups = [[token[i, j] for i in range(j)] for j in (1, 2, 3)]
        return "+".join("|" + "|".join(group) + "|" for group in groups)

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
