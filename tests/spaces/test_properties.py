"""The same promises for every space, over many elements.

The ordinary run takes 300 elements and 2,000 mutations a space; NASFLOW_FULL=1 takes 10,000 and
100,000 (six minutes on an idle core).
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.spaces import Space, load_space, space_names
from nasflow.spaces.custom_sized_dag import CustomSizedDag
from nasflow.spaces.described import described_space
from nasflow.spaces.nbgraph import NBGraph
from nasflow.spaces.sized import SizedSpace

FULL = bool(os.environ.get("NASFLOW_FULL"))
N_SAMPLES, N_MUTATIONS = (10_000, 100_000) if FULL else (300, 2_000)
CHAIN_LENGTH = 100  # mutations in a row before a fresh sample

CUSTOM = {
    "custom-open": {
        "ops": ["attn", "mlp", "norm"],
        "max_nodes": 6,
        "features": {"width": [64, 128]},
    },
    "custom-limited": {"ops": ["a", "b"], "n_nodes": 7, "n_inputs": 2, "max_edges": 9},
    "custom-positional": {
        "ops": ["a", "b"],
        "n_nodes": 3,
        "edges": [[0, 1], [0, 2], [1, 2], [1, 3], [2, 3], [3, 4]],
    },
    "custom-sizes": {
        "stages": [
            {"ops": ["conv", "mlp"], "repeat": {"from": 1, "to": 5}, "shared": {"w": [8, 16]}},
            {"block": ["a", ["b", "skip"]], "repeat": [1, 2], "attributes": {"k": [3, 5, 7]}},
        ],
        "globals": {"lr": [0.1, 0.01]},
    },
    "custom-sized-dag": {
        "ops": ["attn", "mlp", "norm"],
        "max_nodes": 6,
        "attributes": {"attn": {"heads": [1, 2]}, "width": [64, 128, 256]},
        "globals": {"lr": [0.1, 0.01]},
    },
    "custom-chain": {
        "ops": ["a", "b", "c"],
        "n_nodes": 5,
        "edges": "chain",
        "features": {"k": [1, 3], "w": [0.5, 1]},
    },
}
SPACES = pytest.mark.parametrize("name", [*space_names(), *CUSTOM])


def space_of(name: str) -> Space:
    return described_space(CUSTOM[name]) if name in CUSTOM else load_space(name)


@pytest.mark.parametrize("name", ["nb201", "transnas-micro", "nasbench-macro", "nasbench-asr"])
def test_parse_undoes_format_over_the_whole_space(name: str) -> None:
    space = load_space(name)
    table = space.enumerate()
    assert len(table) == space.size
    texts = [space.format(element) for element in table]
    assert len(set(texts)) == space.size
    assert all(space.parse(text) == element for text, element in zip(texts, table, strict=True))


@SPACES
def test_parse_undoes_format_over_samples(name: str) -> None:
    space, rng = space_of(name), np.random.default_rng(1)
    for _ in range(N_SAMPLES):
        element = space.sample(rng)
        space.validate(element)
        assert space.parse(space.format(element)) == element


@SPACES
def test_canonical_ids_survive_1000_relabellings(name: str) -> None:
    space, rng = space_of(name), np.random.default_rng(2)
    graphs = [space.graph(space.sample(rng)) for _ in range(20)]
    shuffled = [
        graph.relabelled(rng.permutation(graph.n_nodes).tolist())
        for graph in graphs
        for _ in range(50)
    ]
    ids = ArchTable.from_architectures(shuffled).canonical_ids
    assert (ids == np.repeat([graph.canonical_id for graph in graphs], 50)).all()


@SPACES
def test_no_mutation_is_invalid_and_each_changes_one_choice(name: str) -> None:
    space, rng = space_of(name), np.random.default_rng(3)
    for step in range(N_MUTATIONS):
        if step % CHAIN_LENGTH == 0:
            parent = space.sample(rng)
        child = space.mutate(parent, rng)
        space.validate(child)
        assert one_choice_apart(space, parent, child), (
            f"{space.format(parent)} -> {space.format(child)}"
        )
        parent = child


@SPACES
def test_the_neighbours_are_valid_and_different(name: str) -> None:
    space, rng = space_of(name), np.random.default_rng(4)
    for _ in range(5):
        element = space.sample(rng)
        for neighbour in space.neighbours(element):
            space.validate(neighbour)
            assert neighbour != element
            assert one_choice_apart(space, element, neighbour)


def one_choice_apart(space: Space, a: Architecture, b: Architecture) -> bool:
    """Whether two graphs differ in one operation, edge, source of an edge, node or link pattern.

    A judgement from outside: it knows the graphs, and nothing of how a space makes its changes.
    """
    if isinstance(space, SizedSpace):
        return n_differences(space.value(a), space.value(b)) == 1
    if isinstance(space, CustomSizedDag):
        return one_change_of_numbers_or_graph(a, b)
    if isinstance(space, NBGraph):
        (link, chosen), (other_link, other) = space.to_choices(a), space.to_choices(b)
        return (link != other_link) + sum(x != y for x, y in zip(chosen, other, strict=True)) == 1
    ops = Counter(a.ops) - Counter(b.ops), Counter(b.ops) - Counter(a.ops)
    lost, gained = (sum(counter.values()) for counter in ops)
    if a.n_nodes != b.n_nodes:
        port = (
            "blend" in ops[0] or "blend" in ops[1]
        )  # changing to or from blend brings its two ports along
        return (
            abs(a.n_nodes - b.n_nodes) == (2 if port else 1)
            and abs(len(a.edges) - len(b.edges)) <= 2
        )
    if (
        a.edges == b.edges
    ):  # the same graph: exactly one operation, or an order that operations alone tell
        return sum(x != y for x, y in zip(a.ops, b.ops, strict=True)) in (1, 2) and (
            lost,
            gained,
        ) in ((1, 1), (0, 0))
    if (lost, gained) == (
        0,
        0,
    ):  # the same nodes: one edge more, less or moved, wherever the nodes now stand
        return abs(len(a.edges) - len(b.edges)) <= 1
    return (lost, gained) == (1, 1) and len(a.edges) == len(
        b.edges
    )  # an operation, and nodes in another order


def n_differences(a: Any, b: Any) -> int:
    """In how many choices two nested tuples differ; layers more at the end of one are one."""
    if isinstance(a, int):
        return int(a != b)
    if len(a) != len(b):
        return 1 if is_inserted(*sorted((a, b), key=len)) else 2
    # an operation with what it alone has
    if len(a) == 2 and isinstance(a[0], int) and isinstance(a[1], tuple) and a[0] != b[0]:
        return 1
    return sum(n_differences(x, y) for x, y in zip(a, b, strict=True))


def is_inserted(shorter: Any, longer: Any) -> bool:
    """Whether a tuple is another one with something more at one position."""
    n_more = len(longer) - len(shorter)
    positions = range(len(shorter) + 1)
    return any(longer[:i] + longer[i + n_more :] == shorter for i in positions)


def one_change_of_numbers_or_graph(a: Architecture, b: Architecture) -> bool:
    """Whether two graphs differ in one number, in one node or edge, or in one operation."""
    nodes, others = nodes_with_numbers(a), nodes_with_numbers(b)
    lost, gained = Counter(nodes) - Counter(others), Counter(others) - Counter(nodes)
    if a.edges == b.edges and nodes != others:
        pairs = [(x, y) for x, y in zip(nodes, others, strict=True) if x != y]
        ((old, new),) = pairs
        # another operation may bring any numbers; the same one has one number that is another
        n_changed = sum(x != y for x, y in zip(old[1:], new[1:], strict=True))
        return a.globals == b.globals and (old[0] != new[0] or n_changed == 1)
    if a.edges == b.edges:
        return sum(a.globals[name] != b.globals[name] for name in a.globals) == 1
    sizes = sum(lost.values()), sum(gained.values())
    n_edges = abs(len(a.edges) - len(b.edges))
    of_nodes = sizes in ((0, 1), (1, 0)) and n_edges in (1, 2)
    return a.globals == b.globals and (of_nodes or (sizes == (0, 0) and n_edges == 1))


def nodes_with_numbers(graph: Architecture) -> list[tuple[Any, ...]]:
    """Each node's operation and its numbers."""
    names = ("heads", "width")
    columns = [graph.attrs.get(name, (None,) * graph.n_nodes) for name in names]
    return list(zip(graph.ops, *columns, strict=True))


@pytest.mark.parametrize(
    "name", ["accel-mnasnet", "bert-flexi", "gpt", "nats-sss", "ofa-mbv3", "transnas-macro"]
)
def test_a_table_built_unchecked_passes_all_checks_and_is_that_of_the_graphs(name: str) -> None:
    space = load_space(name)
    assert isinstance(space, SizedSpace)
    for n in (0, 1, 40, 1500):
        table = space.sample_table(n, np.random.default_rng(n))
        arrays = table.arrays()
        del arrays["generation"]
        checked = ArchTable.from_named_arrays(arrays, Path("table"))
        assert table.content_hash() == checked.content_hash()
        if n == 40:
            again = ArchTable.from_architectures(list(table), space.ops)
            assert table.content_hash() == again.content_hash()
