from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import given
from oracles import to_networkx
from strategies import dags

from nasflow.architecture import SKIP_OP, Architecture
from nasflow.canonical import canonical_form
from nasflow.errors import GraphError
from nasflow.table import ArchTable


def same_graph(a: Architecture, b: Architecture) -> bool:
    return bool(nx.is_isomorphic(to_networkx(a), to_networkx(b), node_match=lambda x, y: x["op"] == y["op"]))


@given(dags(max_nodes=5), dags(max_nodes=5))
def test_ids_are_equal_exactly_for_isomorphic_canonical_forms(a: Architecture, b: Architecture) -> None:
    try:
        table = ArchTable.from_architectures([a, b], ("conv", "pool", "skip", "none", "input", "output"))
        forms = canonical_form(table)
    except GraphError:
        return
    assert (a.canonical_id == b.canonical_id) == same_graph(forms[0], forms[1])


@given(dags())
def test_a_table_gives_each_row_the_id_it_has_alone(architecture: Architecture) -> None:
    other = Architecture(("input", "conv", "output"), ((0, 1), (1, 2)))
    ids = ArchTable.from_architectures([other, architecture, other]).canonical_ids
    assert list(ids) == [other.canonical_id, architecture.canonical_id, other.canonical_id]


def test_regular_graphs_that_colour_refinement_cannot_tell_apart_have_different_ids() -> None:
    # two alternating hexagons against one alternating dodecagon: every node looks alike
    def cycles(*lengths: int) -> Architecture:
        edges, first = [], 0
        for n in lengths:
            for i in range(0, n, 2):
                edges += [(first + i, first + i + 1), (first + i, first + (i - 1) % n)]
            first += n
        return Architecture(("a",) * first, tuple(edges))

    assert cycles(6, 6).canonical_id != cycles(12).canonical_id
    order = np.random.default_rng(0).permutation(12).tolist()
    assert cycles(12).canonical_id == cycles(12).relabelled(order).canonical_id


def test_an_identity_between_two_operations_changes_nothing() -> None:
    direct = Architecture(("input", "conv", "output"), ((0, 1), (1, 2)))
    padded = Architecture(("input", SKIP_OP, "conv", "output"), ((0, 1), (1, 2), (2, 3)))
    assert direct.canonical_id == padded.canonical_id
