"""The flow surrogate: published numbers, the definition read slowly, and its symmetries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nasflow.errors import ConfigError, DataError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate import CHUNK, FlowSurrogate, standardised
from nasflow.surrogate.activations import Activate
from nasflow.surrogate.by_generation import FlowByGeneration
from nasflow.surrogate.by_position import FlowByPosition, suits
from oracles import CHAIN, OPS, TRIANGLE, flow_surrogate, random_table
from strategies import OPS as NUMBERED_OPS
from strategies import dags, numbered

PUBLISHED = SurrogateConfig(k=4, sigma=1.0)
ACTIVATIONS = st.sampled_from(["relu", "gelu", "swish", "tanh"])

configs = st.builds(
    SurrogateConfig,
    k=st.sampled_from([1, 4, 8, 9]),
    sigma=st.sampled_from([0.1, 1.0]),
    alpha=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
    seed=st.integers(0, 5),
    pooling=st.sampled_from(["sum", "mean", "max", "root"]),
    standardise=st.booleans(),
    rescale=st.sampled_from([0.0, 0.5, 1.0]),
    activation=ACTIVATIONS,
    op_activations=st.dictionaries(st.sampled_from(OPS), ACTIVATIONS, max_size=3),
)
variants = st.one_of(
    st.tuples(configs, st.sampled_from(["both", "forward", "backward"]), st.just(1)),
    st.tuples(configs, st.just("both"), st.sampled_from([2, 3])),
)


def _with(config: SurrogateConfig, **changes: Any) -> SurrogateConfig:
    return SurrogateConfig.from_dict({**config.to_dict(), **changes})


def _surrogate(graphs: list[Architecture], config: SurrogateConfig) -> np.ndarray[Any, Any]:
    return FlowSurrogate(len(OPS), config)(ArchTable.from_architectures(graphs, OPS)).numpy()


# -- golden numbers --------------------------------------------------------------------------------


def test_the_draws_are_those_published() -> None:
    drawn = FlowSurrogate(5, PUBLISHED)
    np.testing.assert_allclose(drawn.r, [0.548814, 0.715189, 0.602763, 0.544883], atol=5e-7)
    rng = np.random.RandomState(0)
    r, _unused = rng.uniform(0, 1, 4), rng.uniform(0, 1, 4)
    P, W = rng.normal(0, 1, (5, 4)), rng.normal(0, 1, (8, 4))
    for seen, expected in ((drawn.r, r), (drawn.P, P), (drawn.W, W)):
        np.testing.assert_array_equal(seen.numpy(), expected.astype(np.float32))


@pytest.mark.parametrize(
    ("graph", "golden"),
    [
        (CHAIN, [0.40342, 0.53987, 0.07394, 2.50199]),
        (TRIANGLE, [0.77647, 1.53553, 0.33905, 3.50725]),
    ],
    ids=["chain", "triangle"],
)
def test_the_surrogate_of_two_small_graphs_is_the_published_one(
    graph: Architecture, golden: list[float]
) -> None:
    np.testing.assert_allclose(_surrogate([graph], PUBLISHED)[0], golden, atol=6e-6)
    # so is the oracle's
    np.testing.assert_allclose(flow_surrogate(graph, OPS, PUBLISHED), golden, atol=6e-6)


# -- against the definition ------------------------------------------------------------------------


@given(st.lists(numbered(), min_size=1, max_size=5), variants)
def test_numbers_join_what_an_operation_draws(
    graphs: list[Architecture], variant: tuple[SurrogateConfig, str, int]
) -> None:
    config = _with(variant[0], directions=variant[1], rounds=variant[2], op_activations={})
    table = ArchTable.from_architectures(graphs, NUMBERED_OPS)
    units = NumberUnits.of(table)
    of_nodes = np.split(units.nodes(table), table.node_ptr[1:-1])
    expected = []
    for graph, own, of_graph in zip(graphs, of_nodes, units.graphs(table), strict=True):
        numbers = np.hstack([own, np.tile(of_graph, (graph.n_nodes, 1))]).astype(float)
        expected.append(flow_surrogate(graph, NUMBERED_OPS, config, numbers))
    surrogate = FlowSurrogate(len(NUMBERED_OPS), config, torch.float64)(table)
    np.testing.assert_allclose(surrogate, np.array(expected), rtol=1e-6, atol=1e-9)


def test_graphs_that_differ_in_a_number_alone_have_different_surrogates() -> None:
    ops, edges = ("input", "conv", "output"), ((0, 1), (1, 2))
    graphs = [Architecture(ops, edges, {"width": [None, width, None]}) for width in (16, 512)]
    table = ArchTable.from_architectures(graphs, NUMBERED_OPS)
    surrogate = FlowSurrogate(len(NUMBERED_OPS))
    one, other = surrogate(table)
    assert not torch.equal(one, other)
    # without numbers it is the surrogate of the paper, to the bit
    bare = surrogate(table.without_numbers())
    assert torch.equal(bare[0], bare[1])
    # a row alone has what it has among others, in units that are given
    given_units = FlowSurrogate(len(NUMBERED_OPS), units=NumberUnits.of(table))
    assert torch.equal(given_units(table[:1])[0], one)
    with pytest.raises(GraphError, match="unknown attrs 'width'"):
        FlowSurrogate(len(NUMBERED_OPS), units=NumberUnits())(table)


@given(st.lists(dags(OPS), min_size=1, max_size=6), variants)
def test_every_variant_equals_the_loop_over_graphs(
    graphs: list[Architecture], variant: tuple[SurrogateConfig, str, int]
) -> None:
    config = _with(variant[0], directions=variant[1], rounds=variant[2])
    expected = np.array([flow_surrogate(graph, OPS, config) for graph in graphs])
    seen = _surrogate(graphs, config)
    assert seen.shape == (len(graphs), config.rounds * config.k)
    largest = max(1.0, float(np.abs(expected).max()))
    np.testing.assert_allclose(seen, expected, rtol=2e-4, atol=1e-5 * largest)


@pytest.mark.parametrize(
    "changes",
    [
        {"pooling": "mean"},
        {"pooling": "max"},
        {"directions": "forward"},
        {"directions": "backward"},
        {"rounds": 2},
        {"alpha": 0.3},
        {"seed": 1},
        {"pooling": "root"},
        {"rescale": 0.5},
        {"activation": "gelu"},
        {"activation": "swish"},
        {"activation": "tanh"},
        {"op_activations": {"conv3x3": "tanh"}},
    ],
)
def test_every_option_changes_the_surrogate(changes: dict[str, Any]) -> None:
    graph = Architecture(OPS, ((0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (0, 4)))
    plain, other = _surrogate([graph], PUBLISHED), _surrogate([graph], _with(PUBLISHED, **changes))
    assert not np.allclose(plain, other[:, -4:])


def test_several_rounds_begin_with_the_surrogate_of_fewer() -> None:
    table = random_table(20)
    three = FlowSurrogate(5, _with(PUBLISHED, rounds=3))(table)
    torch.testing.assert_close(three[:, :8], FlowSurrogate(5, _with(PUBLISHED, rounds=2))(table))
    torch.testing.assert_close(three[:, :4], FlowSurrogate(5, PUBLISHED)(table))


def test_an_isolated_node_adds_r() -> None:
    drawn = FlowSurrogate(5, PUBLISHED)
    graph = Architecture(("input", "output", "output"))
    torch.testing.assert_close(drawn(ArchTable.from_architectures([graph], OPS))[0], 3 * drawn.r)


def test_deep_and_shallow_graphs_share_a_table() -> None:
    chain = Architecture(("conv1x1",) * 500, tuple((i, i + 1) for i in range(499)))
    config = SurrogateConfig(k=3, sigma=0.1)
    deep, shallow = _surrogate([chain, Architecture(("output",))], config)
    np.testing.assert_allclose(deep, flow_surrogate(chain, OPS, config), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(shallow, FlowSurrogate(5, config).r)


def test_float64_agrees_with_the_loop_to_the_last_digits() -> None:
    graphs = list(random_table(20, seed=5))
    table = ArchTable.from_architectures(graphs, OPS)
    variant = _with(PUBLISHED, pooling="root", rescale=1.0, activation="gelu", rounds=2)
    for config in (PUBLISHED, variant):
        seen = FlowSurrogate(len(OPS), config, torch.float64)(table)
        expected = np.array([flow_surrogate(graph, OPS, config) for graph in graphs])
        assert seen.dtype == torch.float64
        np.testing.assert_allclose(seen.numpy(), expected, rtol=1e-12)


def test_the_states_of_nodes_add_up_to_the_surrogate() -> None:
    table = random_table(20)
    for directions in ("both", "forward", "backward"):
        surrogate = FlowSurrogate(5, _with(PUBLISHED, directions=directions), torch.float64)
        states, expected = surrogate.states(table).numpy(), surrogate(table).numpy()
        assert states.shape == (len(table.ops), 4)
        for row, graph in enumerate(table):
            ends = graph.successors if directions == "forward" else graph.predecessors
            of_graph = states[table.node_ptr[row] : table.node_ptr[row + 1]]
            total = of_graph[[not neighbours for neighbours in ends]].sum(axis=0)
            np.testing.assert_allclose(total, expected[row], rtol=1e-12)


def test_rescaled_messages_keep_their_length_in_deep_and_wide_graphs() -> None:
    config = SurrogateConfig(k=6, sigma=0.1, rescale=1.0)
    chain = Architecture(("conv1x1",) * 300, tuple((i, i + 1) for i in range(299)))
    dense = Architecture(
        ("conv1x1",) * 60, tuple((i, j) for i in range(60) for j in range(i + 1, 60))
    )
    length_of_r = float(FlowSurrogate(5, config).r.norm())
    lengths = np.linalg.norm(_surrogate([chain, dense], config), axis=1) / length_of_r
    assert (lengths > 0.4).all()
    assert (lengths < 1.2).all()


# -- symmetries ------------------------------------------------------------------------------------


@given(dags(OPS), st.data(), variants)
def test_the_order_of_the_nodes_does_not_matter(
    graph: Architecture, data: st.DataObject, variant: tuple[SurrogateConfig, str, int]
) -> None:
    config = _with(variant[0], directions=variant[1], rounds=variant[2])
    order = data.draw(st.permutations(range(graph.n_nodes)))
    one, other = _surrogate([graph, graph.relabelled(order)], config)
    largest = max(1.0, float(np.abs(one).max()))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5 * largest)


def test_reversing_the_edges_changes_the_surrogate() -> None:
    branching = Architecture(("input", "output", "output"), ((0, 1), (0, 2)))
    joining = Architecture(("input", "output", "output"), ((1, 0), (2, 0)))
    assert not np.allclose(*_surrogate([branching, joining], PUBLISHED))


def test_a_surrogate_does_not_depend_on_the_other_rows_or_the_chunk() -> None:
    table = random_table(40, seed=3)
    rows = np.tile(np.arange(40), CHUNK // 40 + 2)  # more than one chunk, the border inside a copy
    many = FlowSurrogate(5, PUBLISHED)(table[rows]).numpy()
    once = FlowSurrogate(5, PUBLISHED)(table).numpy()
    np.testing.assert_allclose(many, once[rows], rtol=1e-5, atol=1e-6)
    for row in (0, 17, 39):
        alone = FlowSurrogate(5, PUBLISHED)(table[row : row + 1]).numpy()[0]
        np.testing.assert_allclose(alone, once[row], rtol=1e-5)


def test_the_number_of_threads_changes_no_bit() -> None:
    table = random_table(40)[np.tile(np.arange(40), 300)]
    before = torch.get_num_threads()
    try:
        results = []
        for n_threads in (1, 2, 2):
            torch.set_num_threads(n_threads)
            results.append(FlowSurrogate(5, PUBLISHED)(table))
            assert torch.get_num_threads() == n_threads  # left as it was found
    finally:
        torch.set_num_threads(before)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[1], results[2])


@given(st.lists(dags(OPS), min_size=1, max_size=6), variants)
def test_both_ways_to_lay_nodes_out_give_the_same(
    graphs: list[Architecture], variant: tuple[SurrogateConfig, str, int]
) -> None:
    config = _with(variant[0], directions=variant[1], rounds=variant[2])
    table = ArchTable.from_architectures(graphs, OPS)
    suited = suits(table, config)
    for row, graph in enumerate(graphs):
        is_forward = all(source < target for source, target in graph.edges)
        assert suited[row] == (is_forward and config.pooling != "max")
    if not suited.any():
        return
    table = table[suited]
    parts = FlowSurrogate(5, config)._parts
    activate = Activate.of(config, table.vocabulary)
    by_position = FlowByPosition(*parts).surrogates(table, activate)
    by_generation = FlowByGeneration(*parts).surrogates(table, activate)
    largest = max(1.0, float(np.abs(by_generation).max()))
    np.testing.assert_allclose(by_position, by_generation, rtol=1e-4, atol=1e-5 * largest)


def test_a_table_of_small_and_large_graphs_keeps_its_order() -> None:
    chain = Architecture(("conv3x3",) * 40, tuple((v, v + 1) for v in range(39)))
    backward = CHAIN.relabelled(range(CHAIN.n_nodes)[::-1])
    graphs = [chain, CHAIN, backward, TRIANGLE, chain]
    config = _with(PUBLISHED, sigma=0.1)
    together = _surrogate(graphs, config)
    apart = [_surrogate([graph], config)[0] for graph in graphs]
    np.testing.assert_allclose(together, apart, rtol=1e-5)


def test_no_rows_give_no_surrogates() -> None:
    assert FlowSurrogate(5, PUBLISHED)(random_table(3)[:0]).shape == (0, 4)


# -- targets ---------------------------------------------------------------------------------------


def test_standardised_targets_have_mean_0_and_variance_1() -> None:
    table = random_table(200)
    targets = FlowSurrogate(5, PUBLISHED).targets(table).double()
    torch.testing.assert_close(targets.mean(dim=0), torch.zeros(4).double(), atol=1e-6, rtol=0)
    torch.testing.assert_close(
        targets.var(dim=0, unbiased=False), torch.ones(4).double(), atol=1e-5, rtol=0
    )
    raw = FlowSurrogate(5, _with(PUBLISHED, standardise=False))
    assert torch.equal(raw.targets(table), raw(table))


def test_constant_components_become_0() -> None:
    values = torch.tensor(
        [[1.0, 0.0, 0.1, 5e7], [1.0, 0.0, 0.1 * (1 + 1e-7), 5e7], [1.0, 0.0, 0.1, 5e7 + 4]]
    )
    assert torch.equal(standardised(values), torch.zeros(3, 4))


def test_a_small_component_that_varies_is_kept() -> None:
    values = torch.tensor([[1e-12], [3e-12]])
    torch.testing.assert_close(standardised(values), torch.tensor([[-1.0], [1.0]]))


# -- errors ----------------------------------------------------------------------------------------


def test_another_vocabulary_is_refused() -> None:
    with pytest.raises(DataError, match="drawn for 4 operations, the table has 5"):
        FlowSurrogate(4, PUBLISHED)(random_table(2))


def test_an_overflow_names_the_row_and_the_remedy() -> None:
    n = 200
    dense = Architecture(("conv1x1",) * n, tuple((i, j) for i in range(n) for j in range(i + 1, n)))
    table = ArchTable.from_architectures([CHAIN, dense], OPS)
    with pytest.raises(
        DataError, match=r"row 1: .* 200 nodes overflows; use a sigma below 1, pooling='mean'"
    ):
        FlowSurrogate(5, PUBLISHED)(table)
    remedied = FlowSurrogate(5, SurrogateConfig(k=4, sigma=0.1, pooling="mean"))(table)
    assert torch.isfinite(remedied).all()


def test_an_activation_for_an_unknown_operation_is_refused() -> None:
    config = _with(PUBLISHED, op_activations={"conv9x9": "gelu"})
    with pytest.raises(
        ConfigError, match="op_activations names 'conv9x9'; the table's operations: input, conv1x1"
    ):
        FlowSurrogate(5, config)(random_table(2))
