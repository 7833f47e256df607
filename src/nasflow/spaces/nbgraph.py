"""NAS-Bench-Graph (Qin et al., NeurIPS 2022): graph neural networks of four operations.

Four operation nodes; each takes its input from the network's input or from one earlier operation,
in one of nine link patterns, written `0,0,1,2`: operation i takes `link[i]`, 0 for the input, j for
operation j. The operations that feed no other are concatenated by the output. Nodes: input, the
four operations, output.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces.base import Space
from nasflow.spaces.template import legal_indices

LINKS = (
    (0, 0, 0, 0),
    (0, 0, 0, 1),
    (0, 0, 1, 1),
    (0, 0, 1, 2),
    (0, 0, 1, 3),
    (0, 1, 1, 1),
    (0, 1, 1, 2),
    (0, 1, 2, 2),
    (0, 1, 2, 3),
)
"""The nine link patterns, in the benchmark's order (an index into it starts a benchmark hash)."""

OPERATIONS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")
"""In the benchmark's order; `skip` is the identity, `fc` a layer that sees no neighbour."""

PROTEINS_OPERATIONS = ("gcn", "sage", "arma", "fc", "skip")
"""The operations of the smaller space on the data set proteins."""


def link_edges(link: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """The edges of a link pattern: node 0 the input, 1..4 the operations, 5 the output."""
    output = len(link) + 1
    inner = [(source, i) for i, source in enumerate(link, start=1)]
    return (*inner, *((i, output) for i in range(1, output) if i not in link))


class NBGraph(Space):
    """Nine link patterns times four of nine operations: 59,049 elements, many of them isomorphic.

    Args:
        operations: `OPERATIONS`, or `PROTEINS_OPERATIONS` for the smaller space.

    Example:
        >>> NBGraph().parse("0,0,1,2|gcn,gat,skip,fc").edges
        ((0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 5))
    """

    name: ClassVar[str] = "nbgraph"

    def __init__(self, operations: tuple[str, ...] = OPERATIONS) -> None:
        self.operations = operations
        self.ops = ("input", *operations, "output")
        self.size = len(LINKS) * len(operations) ** 4

    def from_choices(self, link: int, operations: tuple[int, ...]) -> Architecture:
        """The element with link pattern `LINKS[link]` and the operations of the given indices."""
        ((link,),) = legal_indices([[link]], 1, len(LINKS), self.name).tolist()
        (indices,) = legal_indices([operations], 4, len(self.operations), self.name).tolist()
        names = (self.operations[o] for o in indices)
        return Architecture(("input", *names, "output"), link_edges(LINKS[link]))

    def to_choices(self, architecture: Architecture) -> tuple[int, tuple[int, ...]]:
        """Index of the link pattern, indices of the four operations.

        Raises:
            GraphError: the architecture is no element of this space.
        """
        chosen = architecture.ops[1:-1]
        unknown = [op for op in chosen if op not in self.operations]
        if unknown:
            raise GraphError(
                f"unknown operation {unknown[0]!r}; legal in {self.name}: "
                f"{', '.join(self.operations)}"
            )
        for index, link in enumerate(LINKS):
            if architecture == Architecture(("input", *chosen, "output"), link_edges(link)):
                return index, tuple(self.operations.index(op) for op in chosen)
        raise GraphError(f"{architecture} has none of the nine link patterns of {self.name}")

    def parse(self, text: str) -> Architecture:
        """The element of `0,0,1,2|gcn,gat,skip,fc`, or of a benchmark hash such as `35184`.

        A hash is five decimal digits (leading zeros left out): the index into `LINKS`, then four
        into `OPERATIONS`, on proteins too.
        """
        text = text.strip()
        if text.isdecimal() and text.isascii():
            digits = [int(digit) for digit in text.zfill(5)]
            if len(digits) != 5 or max(digits) >= len(OPERATIONS):
                raise GraphError(
                    f"{text} is no hash of {self.name}: it needs at most five digits of 0..8"
                )
            text = _written(LINKS[digits[0]], [OPERATIONS[digit] for digit in digits[1:]])
        link_text, _, ops_text = text.partition("|")
        legal_links = [_link_text(link) for link in LINKS]
        try:
            # compared as texts: int() also reads 1_0, and digits of other scripts
            link = legal_links.index(",".join(part.strip() for part in link_text.split(",")))
        except ValueError:
            legal = " ".join(legal_links)
            raise GraphError(
                f"{link_text!r} in {text!r} is no link pattern; legal: {legal}"
            ) from None
        names = ops_text.split(",")
        if len(names) != 4 or not set(names) <= set(self.operations):
            raise GraphError(
                f"{ops_text!r} in {text!r} does not name four operations; legal: "
                f"{', '.join(self.operations)}"
            )
        return self.from_choices(link, tuple(self.operations.index(name) for name in names))

    def format(self, architecture: Architecture) -> str:
        """The notation that `parse` reads, such as `0,0,1,2|gcn,gat,skip,fc`."""
        link, chosen = self.to_choices(architecture)
        return _written(LINKS[link], [self.operations[i] for i in chosen])

    def sample(self, rng: np.random.Generator) -> Architecture:
        """An element drawn uniformly."""
        link = int(rng.integers(len(LINKS)))
        return self.from_choices(link, tuple(rng.integers(len(self.operations), size=4).tolist()))

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Every element with another link pattern or with one operation replaced."""
        link, chosen = self.to_choices(architecture)
        for other in range(len(LINKS)):
            if other != link:
                yield self.from_choices(other, chosen)
        for i, new in itertools.product(range(4), range(len(self.operations))):
            if new != chosen[i]:
                yield self.from_choices(link, (*chosen[:i], new, *chosen[i + 1 :]))

    def enumerate(self) -> ArchTable:
        """All elements, link pattern after link pattern."""
        n = len(self.operations)
        grid = np.indices((len(LINKS), n, n, n, n)).reshape(5, -1).T
        return self.table_from_choices(grid[:, 0], grid[:, 1:])

    def table_from_choices(self, link: npt.ArrayLike, operations: npt.ArrayLike) -> ArchTable:
        """The table of many elements: `link` (N,) and `operations` (N, 4) are indices."""
        chosen = legal_indices(operations, 4, len(self.operations), self.name)
        links = legal_indices(np.asarray(link).reshape(-1, 1), 1, len(LINKS), self.name)[:, 0]
        if len(links) != len(chosen):
            raise GraphError(f"{len(links)} link patterns for {len(chosen)} rows of operations")
        if not len(links):
            return self.table([])
        # (N, 6) indices into the vocabulary, which is input, operations, output
        node_ops = np.pad(chosen + 1, ((0, 0), (1, 1)))
        node_ops[:, -1] = len(self.ops) - 1
        present = np.unique(links)
        parts = [np.flatnonzero(links == i) for i in present]
        tables = [
            ArchTable.from_template(self.ops, node_ops[rows], link_edges(LINKS[i]))
            for i, rows in zip(present, parts, strict=True)
        ]
        # pattern by pattern, since a template has one set of edges; then back to the given order
        return ArchTable.concatenate(tables)[np.argsort(np.concatenate(parts))]


def _written(link: Sequence[int], operations: Sequence[str]) -> str:
    return f"{_link_text(link)}|{','.join(operations)}"


def _link_text(link: Sequence[int]) -> str:
    return ",".join(map(str, link))
