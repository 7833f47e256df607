"""`ChangeSpace`: spaces that describe a change without making it.

A cell of 30 nodes has 120 neighbours and an open graph has hundreds; building all of them to draw
one would make mutation the slowest step of a search. Such a space lists its changes as small
tuples, some of which may turn out illegal, and builds a neighbour only when it is asked for.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.base import Space

Change = tuple[Any, ...]


class ChangeSpace(Space):
    """A space given by `changes` and `changed`; `neighbours` and `mutate` follow."""

    @abstractmethod
    def changes(self, architecture: Architecture) -> Sequence[Change]:
        """Every change of one choice that might be legal, in a fixed order.

        Raises:
            GraphError: the architecture is no element of this space.
        """

    @abstractmethod
    def changed(self, architecture: Architecture, change: Change) -> Architecture | None:
        """The element after one of its `changes`, or None where that would be no element."""

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Every element that differs in exactly one choice, each once, in a fixed order."""
        seen = {architecture}
        for change in self.changes(architecture):
            neighbour = self.changed(architecture, change)
            if neighbour is not None and neighbour not in seen:
                seen.add(neighbour)
                yield neighbour

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A neighbour: what the first legal one of the changes, in random order, leads to.

        Uniform over the legal changes; an element that two changes lead to is twice as likely.

        Raises:
            GraphError: the architecture has no neighbour.
        """
        changes = self.changes(architecture)
        for i in rng.permutation(len(changes)):
            neighbour = self.changed(architecture, changes[int(i)])
            if neighbour is not None and neighbour != architecture:
                return neighbour
        raise GraphError(
            f"{self.format(architecture)} has no neighbour in {self.name}: there is nothing to "
            "change it to"
        )
