"""`Space`: the interface of a search space.

A space knows the notation of its benchmark (`parse`, `format`), draws architectures (`sample`),
changes them by one step (`neighbours`, `mutate`), lists them where they can be listed
(`enumerate`), and turns them into the graphs that a predictor sees (`graph`, `table`) and into
networks that can be trained (`network`). Adding a space is one file with one subclass, and a line
in `registry.py`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.running.registry import imported

if TYPE_CHECKING:
    from torch import nn


class Space(ABC):
    """One search space.

    Subclasses set `name` and `ops` and write the five abstract methods. Architectures that a method
    takes are elements of the space, such as `parse`, `sample` and `mutate` give.
    """

    name: ClassVar[str]
    """The registered name, as the command line knows it."""

    ops: tuple[str, ...]
    """The vocabulary of what `graph` returns; its order fixes the rows of the surrogate's P."""

    size: int | None = None
    """Number of elements, isomorphic ones counted apart; None where it is not enumerable."""

    @abstractmethod
    def parse(self, text: str) -> Architecture:
        """The architecture that `text` denotes in the benchmark's own notation.

        Raises:
            GraphError: what is wrong with the text, and what is legal.
        """

    @abstractmethod
    def format(self, architecture: Architecture) -> str:
        """The notation of an architecture: `parse(format(x)) == x`.

        Raises:
            GraphError: the architecture is no element of this space.
        """

    @abstractmethod
    def sample(self, rng: np.random.Generator) -> Architecture:
        """A random element; the docstring of each space says with which distribution."""

    @abstractmethod
    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        """Every element that differs in exactly one choice, in a fixed order."""

    @abstractmethod
    def enumerate(self) -> ArchTable:
        """All elements, as the graphs that a predictor sees.

        Raises:
            GraphError: the space is too large to list.
        """

    def mutate(self, architecture: Architecture, rng: np.random.Generator) -> Architecture:
        """A uniformly drawn neighbour: always an element, always exactly one change, never a loop.

        Raises:
            GraphError: the architecture has no neighbour.
        """
        neighbours = list(self.neighbours(architecture))
        if not neighbours:
            raise GraphError(
                f"{self.format(architecture)} is the only element of {self.name}: "
                "there is nothing to change it to"
            )
        return neighbours[int(rng.integers(len(neighbours)))]

    def validate(self, architecture: Architecture) -> None:
        """Return if the architecture is an element of this space.

        Raises:
            GraphError: it is not, and why.
        """
        if self.parse(self.format(architecture)) != architecture:
            raise GraphError(f"{architecture} is no element of {self.name}")

    def graph(self, architecture: Architecture) -> Architecture:
        """The graph that a predictor sees: the architecture itself, unless a space says more."""
        return architecture

    def table(self, architectures: Iterable[Architecture]) -> ArchTable:
        """The graphs of some elements as one table over this space's vocabulary."""
        return ArchTable.from_architectures([self.graph(a) for a in architectures], self.ops)

    def network(self, architecture: Architecture, **options: Any) -> nn.Module:
        """The PyTorch network of an architecture, with weights from torch's generator.

        It is a `nasflow.networks.base.Network`: images (B, in_channels, H, W) to logits (B,
        n_classes).

        Args:
            architecture: an element of this space.
            options: `width` (channels of the first stage), `cells` (in each stage), `n_classes`,
                `in_channels`, and what the network's class adds; left out, they are the source's.

        Raises:
            UnknownNameError: this space has no networks; the message lists those that have.
            GraphError: the architecture is no element of this space.
            ConfigError: an option that does not exist or has an illegal value.

        Example:
            >>> import torch
            >>> from nasflow import load_space
            >>> space = load_space("nb201")
            >>> small = space.network(space.parse("235"), width=8, cells=1)
            >>> small(torch.zeros(32, 3, 16, 16)).shape
            torch.Size([32, 10])
        """
        # by name, since networks are built from spaces: an import here would close a circle
        make_network = imported("nasflow.networks.registry:make_network")
        network: nn.Module = make_network(self.name, architecture, **options)
        return network
