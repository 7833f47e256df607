from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces.base import Space
from nasflow.spaces.nb201 import NB201


class Lonely(Space):
    """The 2-node cell: one element and nothing to change."""

    name = "lonely"
    ops = ("input", "output")
    only = Architecture(ops, ((0, 1),))

    def parse(self, text: str) -> Architecture:
        return self.only

    def format(self, architecture: Architecture) -> str:
        return "only"

    def sample(self, rng: np.random.Generator) -> Architecture:
        return self.only

    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        return iter(())

    def enumerate(self) -> ArchTable:
        return self.table([self.only])


def test_the_smallest_cell_says_that_there_is_nothing_to_change() -> None:
    """Mutation crashed, looped for ever, or changed every edge."""
    with pytest.raises(GraphError, match="only is the only element of lonely"):
        Lonely().mutate(Lonely.only, np.random.default_rng(0))


def test_each_of_a_hundred_mutations_changes_one_operation_and_repeats_from_its_seed() -> None:
    space = NB201()
    walks = []
    for _ in range(2):
        rng = np.random.default_rng(0)
        walk = [space.sample(rng)]
        for _ in range(100):
            walk.append(space.mutate(walk[-1], rng))
            assert sum(a != b for a, b in zip(walk[-2].ops, walk[-1].ops, strict=True)) == 1
            assert walk[-2].edges == walk[-1].edges
        walks.append(walk)
    assert walks[0] == walks[1]
