"""`TemplateSpace`: spaces whose graphs share one topology and differ in operations alone.

NAS-Bench-201, TransNAS-Bench-101's micro cells and NAS-Bench-Macro are of this kind.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces.base import Space


def legal_indices(
    choices: npt.ArrayLike, n_columns: int, n_legal: int, space: str
) -> npt.NDArray[np.int64]:
    """(N, n_columns) int64: indices of choices, after checking each of them.

    Raises:
        GraphError: an index outside 0..n_legal-1 or no integer, or another number of columns; names
            the row.
    """
    chosen = np.asarray(choices)
    # an empty list says nothing about its columns, and is legal
    chosen = chosen.reshape(0, n_columns) if chosen.shape == (0,) else chosen
    if chosen.ndim != 2 or chosen.shape[1] != n_columns:
        raise GraphError(
            f"choices have shape {chosen.shape}; {space} needs (n_graphs, {n_columns})"
        )
    if chosen.size and chosen.dtype.kind not in "iu":
        raise GraphError(
            f"choices are {chosen.dtype} values such as {chosen.flat[0].item()!r}; {space} needs "
            "integers"
        )
    wrong = np.argwhere((chosen < 0) | (chosen >= n_legal))
    if len(wrong):
        row, column = wrong[0].tolist()
        raise GraphError(
            f"row {row}: choice {column} is {chosen[row, column]}; legal in {space}: "
            f"0..{n_legal - 1}"
        )
    return chosen.astype(np.int64)


class TemplateSpace(Space):
    """A space of `input -> chosen operations -> output` with fixed edges.

    Node 0 is the input, nodes 1..n_choices carry the chosen operations, the last node is the
    output.
    """

    choices: tuple[str, ...]
    """The operations that may be chosen, in the benchmark's order."""

    n_choices: int
    """Number of nodes with a choice."""

    edges: tuple[tuple[int, int], ...]
    """The edges that every element has."""

    @property
    def size(self) -> int:  # type: ignore[override]  # computed here, a constant elsewhere
        """Number of elements."""
        return int(len(self.choices) ** self.n_choices)

    def from_choices(self, choice: Sequence[int]) -> Architecture:
        """The element with operation `choices[choice[i]]` at node i + 1."""
        (indices,) = legal_indices([choice], self.n_choices, len(self.choices), self.name).tolist()
        return Architecture(("input", *(self.choices[c] for c in indices), "output"), self.edges)

    def to_choices(self, architecture: Architecture) -> tuple[int, ...]:
        """The index into `choices` of each chosen operation.

        Raises:
            GraphError: the architecture is no element of this space.
        """
        chosen = architecture.ops[1:-1]
        template = Architecture(("input", *chosen, "output"), self.edges)
        if len(chosen) != self.n_choices or architecture != template:
            raise GraphError(
                f"{architecture} is no element of {self.name}: it needs an input, "
                f"{self.n_choices} operations, an output and the edges {self.edges}"
            )
        for node, op in enumerate(chosen, start=1):
            if op not in self.choices:
                raise GraphError(
                    f"unknown operation {op!r} at node {node}; legal in {self.name}: "
                    f"{', '.join(self.choices)}"
                )
        return tuple(self.choices.index(op) for op in chosen)

    def table_from_choices(self, choices: npt.ArrayLike) -> ArchTable:
        """The table of many elements at once: (N, n_choices) indices into `choices`."""
        chosen = legal_indices(choices, self.n_choices, len(self.choices), self.name)
        vocabulary_index = np.array([self.ops.index(op) for op in self.choices])
        first = np.full((len(chosen), 1), self.ops.index("input"))
        last = np.full((len(chosen), 1), self.ops.index("output"))
        node_ops = np.hstack([first, vocabulary_index[chosen], last])  # (N, n_choices + 2)
        return ArchTable.from_template(self.ops, node_ops, self.edges)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """An element drawn uniformly."""
        return self.from_choices(
            [int(c) for c in rng.integers(len(self.choices), size=self.n_choices)]
        )

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Every element with one operation replaced."""
        chosen = self.to_choices(architecture)
        for i, new in itertools.product(range(self.n_choices), range(len(self.choices))):
            if new != chosen[i]:
                yield self.from_choices([*chosen[:i], new, *chosen[i + 1 :]])

    def enumerate(self) -> ArchTable:
        """All elements, the last node's operation changing fastest."""
        grid = np.indices((len(self.choices),) * self.n_choices).reshape(self.n_choices, -1).T
        return self.table_from_choices(grid)
