"""What holds for every registered space."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow.errors import GraphError, UnknownNameError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces import load_space, space_names

SPACES = pytest.mark.parametrize("name", space_names())
seeds = st.integers(0, 2**32 - 1)


@SPACES
@given(seed=seeds)
def test_parse_undoes_format(name: str, seed: int) -> None:
    space = load_space(name)
    architecture = space.sample(np.random.default_rng(seed))
    space.validate(architecture)
    assert space.parse(space.format(architecture)) == architecture


@SPACES
@given(seed=seeds)
def test_a_mutation_is_one_of_the_neighbours_and_comes_from_the_seed(name: str, seed: int) -> None:
    space = load_space(name)
    parent = space.sample(np.random.default_rng(seed))
    child = space.mutate(parent, np.random.default_rng(seed))
    assert child != parent
    assert child in set(space.neighbours(parent))
    assert child == space.mutate(parent, np.random.default_rng(seed))
    space.validate(child)
    # one change can be undone by one change; nodes may then stand in another order
    back = ArchTable.from_architectures(list(space.neighbours(child)))
    assert parent.canonical_id in back.canonical_ids


@SPACES
@given(seed=seeds)
def test_the_canonical_id_survives_relabelling(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    space = load_space(name)
    graph = space.graph(space.sample(rng))
    assert (
        graph.relabelled(rng.permutation(graph.n_nodes).tolist()).canonical_id == graph.canonical_id
    )


@SPACES
def test_enumeration_lists_every_element_once(name: str) -> None:
    space = load_space(name)
    if space.size is None:
        with pytest.raises(GraphError, match=r"draw with sample\(\)"):
            space.enumerate()
        return
    table = space.enumerate()
    assert len(table) == space.size
    assert table.vocabulary == space.ops
    rows = range(0, len(table), 97)
    assert len({space.format(table[row]) for row in rows}) == len(rows)
    assert space.table([table[row] for row in rows])[3] == table[3 * 97]


@SPACES
@pytest.mark.parametrize(
    "text", ["", "|", "nonsense", "|none~0|", "0,0,0,0|a,b,c,d", "99999999", "|" * 999, "١٢٣"]
)
def test_what_is_no_notation_is_a_graph_error(name: str, text: str) -> None:
    with pytest.raises(GraphError):
        load_space(name).parse(text)


@SPACES
def test_an_element_of_no_space_is_refused(name: str) -> None:
    with pytest.raises(GraphError):
        load_space(name).format(Architecture(("input", "what", "output"), ((0, 1), (1, 2))))


def test_an_unknown_space_lists_the_legal_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'nb201'.*nbgraph"):
        load_space("nb200")


@SPACES
def test_no_architectures_make_an_empty_table(name: str) -> None:
    space = load_space(name)
    assert len(space.table([])) == 0
    assert space.table([]).vocabulary == space.ops


@SPACES
@given(seed=seeds)
def test_a_table_of_elements_is_the_table_of_their_graphs(name: str, seed: int) -> None:
    space, rng = load_space(name), np.random.default_rng(seed)
    elements = [space.sample(rng) for _ in range(5)]
    assert list(space.table(elements)) == [space.graph(element) for element in elements]


@SPACES
def test_neighbours_are_distinct_and_none_is_the_element_itself(name: str) -> None:
    space = load_space(name)
    element = space.sample(np.random.default_rng(0))
    neighbours = list(space.neighbours(element))
    assert len(set(neighbours)) == len(neighbours)
    assert element not in neighbours
