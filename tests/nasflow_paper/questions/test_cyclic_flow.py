"""The flow on graphs with cycles, against solving it node by node, and when it converges."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions.back_edges import n_different, with_back_edges, with_several
from nasflow_paper.questions.cyclic_flow import Digraphs, fixed_point, lipschitz
from oracles import ACTIVATIONS, OPS, flow_surrogate, random_table
from strategies import dags

CONFIG = SurrogateConfig(k=4, sigma=0.1)
LOOP = (("input", "conv1x1", "conv3x3", "output"), ((0, 1), (1, 2), (2, 1), (2, 3)))


def drawn(config: SurrogateConfig = CONFIG) -> FlowSurrogate:
    return FlowSurrogate(len(OPS), config, torch.float64)


def solved(graph: tuple[Any, Any], config: SurrogateConfig, n_steps: int) -> np.ndarray:
    """(k,): the equations of `cyclic_flow`, each node set in turn from its neighbours, often."""
    ops, edges = graph
    P, W, r = (x.numpy() for x in (drawn(config).P, drawn(config).W, drawn(config).r))

    def settle(pairs: list[tuple[int, int]], start: list[np.ndarray]) -> list[np.ndarray]:
        state = list(start)
        for _ in range(n_steps):
            for v in range(len(ops)):
                messages = [state[a] for a, b in pairs if b == v]
                if messages:
                    m = np.sum(messages, axis=0)
                    own = P[OPS.index(ops[v])]
                    converted = ACTIVATIONS[config.activation](np.concatenate([own, m]) @ W)
                    state[v] = config.alpha * m + (1 - config.alpha) * converted
        return state

    f = settle(list(edges), [r] * len(ops))
    is_sink = [all(u != v for u, _ in edges) for v in range(len(ops))]
    b = settle([(v, u) for u, v in edges], [f[v] if is_sink[v] else r for v in range(len(ops))])
    return np.sum([b[v] for v in range(len(ops)) if all(w != v for _, w in edges)], axis=0)


@pytest.mark.parametrize("activation", ["relu", "gelu", "tanh"])
def test_a_loop_settles_where_the_equations_hold(activation: Any) -> None:
    config = SurrogateConfig(k=4, sigma=0.3, activation=activation)
    found = fixed_point(Digraphs.of([LOOP], OPS), drawn(config))
    assert found.converged.all()
    np.testing.assert_allclose(found.surrogate[0], solved(LOOP, config, 400), rtol=1e-9)
    damped = fixed_point(Digraphs.of([LOOP], OPS), drawn(config), damping=0.5)
    np.testing.assert_allclose(
        damped.surrogate, found.surrogate, rtol=1e-9
    )  # the same point, more slowly
    assert damped.n_steps[0] > found.n_steps[0]


@settings(max_examples=25)
@given(
    st.lists(dags(OPS), min_size=1, max_size=4),
    st.sampled_from(["sum", "mean", "root"]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from(["relu", "swish"]),
)
def test_without_a_cycle_it_is_the_surrogate(
    graphs: list[Architecture], pooling: Any, rescale: float, activation: Any
) -> None:
    config = SurrogateConfig(
        k=4, sigma=1.0, pooling=pooling, rescale=rescale, activation=activation
    )
    found = fixed_point(Digraphs.of([(g.ops, g.edges) for g in graphs], OPS), drawn(config))
    assert found.converged.all()
    np.testing.assert_allclose(
        found.surrogate, [flow_surrogate(g, OPS, config) for g in graphs], rtol=1e-9
    )


@settings(max_examples=30)
@given(
    st.integers(0, 10**6),
    st.sampled_from([0.05, 0.1, 0.3]),
    st.sampled_from(["relu", "gelu", "tanh"]),
)
def test_what_the_bound_guarantees_converges(seed: int, sigma: float, activation: Any) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 8))
    inner = [
        (u, v) for u in range(1, n - 1) for v in range(1, n - 1) if u != v and rng.random() < 0.3
    ]
    ops = tuple(rng.choice(OPS, n).tolist())
    graphs = Digraphs.of([(ops, [(0, 1), *inner, (n - 2, n - 1)])], OPS)
    surrogate = drawn(SurrogateConfig(k=4, sigma=sigma, activation=activation))
    assume(lipschitz(surrogate) * graphs.spectral_radii()[0] < 0.95)
    # 0.95^1500 < 1e-33: from there on only rounding moves
    assert fixed_point(graphs, surrogate, max_steps=1500).converged.all()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_conversion_stretches_a_difference_by_more_than_the_bound(activation: Any) -> None:
    surrogate = drawn(SurrogateConfig(k=4, sigma=1.0, alpha=0.3, activation=activation))
    W, rng = surrogate.W[4:].numpy(), np.random.default_rng(0)
    base = 3 * rng.normal(size=(5000, 4))
    # in all directions, and in the one that W stretches most
    step = 1e-3 * np.concatenate(
        [rng.normal(size=(2500, 4)), np.tile(np.linalg.svd(W)[0][:, 0], (2500, 1))]
    )

    def convert(m: np.ndarray) -> np.ndarray:
        return np.asarray(0.3 * m + 0.7 * ACTIVATIONS[activation]((m @ W).ravel()).reshape(m.shape))

    stretch = np.linalg.norm(convert(base + step) - convert(base), axis=1) / np.linalg.norm(
        step, axis=1
    )
    assert stretch.max() <= lipschitz(surrogate)
    assert stretch.max() > 0.6 * lipschitz(surrogate)  # so the bound is not idle


def test_a_growing_loop_does_not_converge() -> None:
    # alpha times two cycles through each node is more than what comes in
    dense = (
        ("input", *["conv1x1"] * 4, "output"),
        ((0, 1), (4, 5), *((u, v) for u in range(1, 5) for v in range(1, 5) if u != v)),
    )
    found = fixed_point(Digraphs.of([dense, LOOP], OPS), drawn())
    assert found.converged.tolist() == [False, True]  # the other graph is none the worse
    assert found.changes[-1, 0] > 1e-3
    cured = fixed_point(
        Digraphs.of([dense], OPS), drawn(SurrogateConfig(k=4, rescale=0.5)), max_steps=600
    )
    assert cured.converged.all()


def test_spectral_radii_are_those_of_the_graphs() -> None:
    chain = (OPS[:3], ((0, 1), (1, 2)))
    np.testing.assert_allclose(
        Digraphs.of([chain, LOOP], OPS).spectral_radii(), [0.0, 1.0], atol=1e-6
    )


def test_what_it_cannot_do_is_refused() -> None:
    with pytest.raises(GraphError, match="graph 0: every node has a predecessor"):
        Digraphs.of([(OPS[:2], ((0, 1), (1, 0)))], OPS)
    with pytest.raises(GraphError, match="graph 1: every node has a successor"):
        Digraphs.of([LOOP, (OPS[:3], ((0, 1), (1, 2), (2, 1)))], OPS)
    illegal = (
        {"pooling": "max"},
        {"rounds": 2},
        {"directions": "forward"},
        {"op_activations": {"input": "tanh"}},
    )
    for options in illegal:
        with pytest.raises(ConfigError, match="a fixed point needs both directions"):
            fixed_point(Digraphs.of([LOOP], OPS), drawn(SurrogateConfig(k=4, **options)))  # type: ignore[arg-type]


# -- the edges that close cycles


def test_back_edges_close_a_cycle_and_leave_the_ends_alone() -> None:
    for cell in random_table(30):
        found = with_back_edges(cell)
        reached = nx.DiGraph(cell.edges)
        reached.add_nodes_from(range(cell.n_nodes))
        expected = {
            (v, u)
            for u in reached
            for v in nx.descendants(reached, u)
            if cell.predecessors[u] and cell.successors[v]
        }
        assert {edges[-1] for _, edges in found} == expected
        assert all(not nx.is_directed_acyclic_graph(nx.DiGraph(edges)) for _, edges in found)


def test_several_back_edges_are_taken_where_there_is_room() -> None:
    chain = Architecture(("conv1x1",) * 5, ((0, 1), (1, 2), (2, 3), (3, 4)))
    rng = np.random.default_rng(0)
    assert len(with_back_edges(chain)) == 3
    several = with_several(chain, 3, rng)
    assert several is not None
    assert set(several[1]) == {*chain.edges, (2, 1), (3, 1), (3, 2)}
    assert with_several(chain, 4, rng) is None


def test_different_graphs_are_counted_with_their_cycles() -> None:
    turned = (
        ("input", "conv3x3", "conv1x1", "output"),
        ((0, 2), (2, 1), (1, 2), (1, 3)),
    )  # LOOP in another order
    other = (LOOP[0], ((0, 1), (1, 2), (2, 1), (1, 3)))
    assert n_different(Digraphs.of([LOOP, turned, other], OPS), OPS) == 2
