"""Surrogates of deep graphs: their size, how far back they remember, and training on them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from nasflow.graphs.architecture import Architecture
from nasflow.options.surrogate import SurrogateConfig
from nasflow_paper.questions import depth, ladders
from nasflow_paper.questions.magnitude import is_bounded
from oracles import OPS, flow_surrogate, random_table

CONFIG = SurrogateConfig(k=4, sigma=1.0)


def test_sizes_of_deep_ladders_explode_as_published_and_not_with_the_cure() -> None:
    rng = np.random.default_rng(0)
    rungs = {n: [ladders.ladder(rng, n, 4) for _ in range(2)] for n in (16, 64)}
    plain, cured = SurrogateConfig(k=4), SurrogateConfig(k=4, rescale=0.5)
    sizes = {n: ladders.size(plain, graphs) for n, graphs in rungs.items()}
    assert sizes[64] > 1e9 * sizes[16]
    assert ladders.size(plain, [ladders.ladder(rng, 1000, 8)]) == math.inf
    assert ladders.size(cured, rungs[64]) == pytest.approx(ladders.size(cured, rungs[16]), rel=0.3)
    assert is_bounded(np.array([[1.0, 5.0], [20.0, 3.0]]))
    assert not is_bounded(np.array([[1.0, 11.0]]))
    assert not is_bounded(np.array([[1.0, math.inf]]))


def test_a_size_is_the_geometric_mean_of_lengths() -> None:
    graphs = list(random_table(5))
    lengths = [np.linalg.norm(flow_surrogate(graph, OPS, CONFIG)) for graph in graphs]
    r = np.linalg.norm(np.random.RandomState(0).uniform(0, 1, 4))
    renamed = [
        Architecture(tuple(ladders.OPS[OPS.index(op)] for op in graph.ops), graph.edges)
        for graph in graphs
    ]
    assert ladders.size(CONFIG, renamed) == pytest.approx(scipy.stats.gmean(lengths) / r)


def test_ladders_and_fans_have_the_shape_they_are_named_for() -> None:
    rng = np.random.default_rng(0)
    assert ladders.ladder(rng, 5, 2).predecessors == ((), (0,), (0, 1), (1, 2), (2, 3))
    assert ladders.fan(rng, 3).edges == ((0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4))


def test_a_chain_forgets_what_is_far_from_its_input() -> None:
    near, far = ladders.memory(SurrogateConfig(k=4), 1, [1, 40], 2)
    assert near > 1e-3
    assert far < 1e-8
    _, kept = ladders.memory(SurrogateConfig(k=4, rescale=0.5, activation="gelu"), 1, [1, 40], 2)
    assert kept > 1e-5


def test_deep_cells_are_chains_with_shortcuts() -> None:
    table = depth.deep_cells(3, 40)
    assert [graph.n_nodes for graph in table] == [40] * 3
    for graph in table:
        assert {(v, v + 1) for v in range(39)} <= set(graph.edges)
        jumps = {v - u for u, v in graph.edges} - {1}
        assert jumps
        assert max(jumps) <= 9
        assert (graph.ops[0], graph.ops[-1]) == ("input", "output")


def test_pre_training_on_surrogates_that_overflow_is_told() -> None:
    assert depth.convergence(SurrogateConfig(k=4, sigma=30.0), 200, 8, 1) is None
    found = depth.convergence(SurrogateConfig(k=4), 8, 16, 2)
    assert found is not None
    assert len(found.loss) == 2
    assert found.held_out > 0
