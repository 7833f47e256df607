"""`Outline`: a `DagSpace` for its changes of structure alone, whatever stands on the nodes."""

from __future__ import annotations

from collections.abc import Sequence

from nasflow.graphs.architecture import Architecture
from nasflow.spaces.changes import Change
from nasflow.spaces.custom import CustomSpace
from nasflow.spaces.dag import DagSpace

NEW = "new"
"""The name of a node that a change of structure has added, before it is filled in."""


class Outline(DagSpace):
    """Graphs with any names on their nodes, of which `names` may be added."""

    def __init__(self, space: CustomSpace, names: Sequence[str], any_name: bool) -> None:
        self.name = space.name  # type: ignore[misc]  # of each object here
        self.n_inputs, self.min_nodes = space.n_inputs, space.min_nodes
        self.max_nodes, self.max_edges = space.max_nodes, space.max_edges
        self.allowed, self.fixed_edges = space.allowed, space.fixed_edges
        self.choices = AnyName(names) if any_name else tuple(names)
        self.ops = (*self.inputs, *names, "output")

    def structural(self, graph: Architecture) -> list[Change]:
        """The changes of edges and of the number of nodes."""
        return [change for change in self.changes(graph) if change[0] != "op"]

    def parse(self, text: str) -> Architecture:
        """Not for such graphs."""
        raise NotImplementedError

    def format(self, architecture: Architecture) -> str:
        """Not for such graphs."""
        raise NotImplementedError


class AnyName(tuple[str, ...]):
    """Names that may be added, while nodes that are there may have any."""

    def __contains__(self, name: object) -> bool:
        return True
