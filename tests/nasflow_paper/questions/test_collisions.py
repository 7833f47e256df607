"""What collides and why, against collisions made by hand and node by node."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.collisions import distinct
from nasflow_paper.questions.reasons import dead_conversions, examples, shared_properties
from nasflow_paper.questions.telling_apart import groups
from oracles import OPS, flow_surrogate, random_table

CONFIG = SurrogateConfig(k=4, sigma=1.0)


def test_two_dead_operations_in_parallel_are_an_edge() -> None:
    """The collision that the page on NAS-Bench-101 shows: halves of a message that make a whole."""
    edge = Architecture(("input", "output"), ((0, 1),))
    pools = Architecture(
        ("input", "maxpool3x3", "maxpool3x3", "output"), ((0, 1), (0, 2), (1, 3), (2, 3))
    )
    table = ArchTable.from_architectures([edge, pools], OPS)
    plain = distinct(table, CONFIG, {})
    assert plain.n_distinct == (1, 1, 1)
    for changes in ({"alpha": 0.47}, {"activation": "gelu"}, {"rescale": 0.5}):
        assert distinct(table, CONFIG, changes).n_distinct == (2, 2, 2)
    dead = dead_conversions(table, CONFIG)
    assert dead["maxpool3x3"] == (1.0, 1.0)
    assert dead["output"][0] == 0.0
    label = groups(FlowSurrogate(5, CONFIG, torch.float64)(table).numpy(), 1e-9)
    assert examples(table, label) == [("two halves make a whole", 0, 1)]
    shared = shared_properties(table, label)
    assert [share for _, share in shared.values()] == [0.0] * 4


def test_dead_conversions_are_counted_node_by_node() -> None:
    table = random_table(15)
    seen: dict[str, list[np.ndarray]] = {}
    surrogate = FlowSurrogate(5, CONFIG, torch.float64)
    P, W = surrogate.P.numpy(), surrogate.W.numpy()
    for graph in table:
        for v in range(graph.n_nodes):
            ancestors = [
                u for u in range(graph.n_nodes) if graph.generations[u] < graph.generations[v]
            ]
            message = np.zeros(4)
            for u in graph.predecessors[
                v
            ]:  # f[u] is the forward surrogate of the part of the graph before u
                part = before(graph, u)
                forward = SurrogateConfig(k=4, sigma=1.0, directions="forward")
                message += flow_surrogate(part, OPS, forward)
            if ancestors and graph.predecessors[v]:
                own = P[OPS.index(graph.ops[v])]
                seen.setdefault(graph.ops[v], []).append(np.concatenate([own, message]) @ W <= 0)
    found = dead_conversions(table, CONFIG)
    assert set(found) == set(seen)
    for op, rows in seen.items():
        assert found[op] == pytest.approx((np.all(rows, axis=1).mean(), np.mean(rows)))


def before(graph: Architecture, node: int) -> Architecture:
    """The part of a graph that leads to `node`, itself included: its only sink."""
    keep, front = {node}, [node]
    while front:
        for u in graph.predecessors[front.pop()]:
            if u not in keep:
                keep.add(u)
                front.append(u)
    place = {v: i for i, v in enumerate(sorted(keep))}
    return Architecture(
        tuple(graph.ops[v] for v in sorted(keep)),
        tuple((place[u], place[v]) for u, v in graph.edges if u in place and v in place),
    )
