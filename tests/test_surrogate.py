from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from oracles import surrogate_loop
from strategies import PLAIN_OPS, dags, tables

from nasflow.architecture import Architecture
from nasflow.config import SurrogateConfig
from nasflow.errors import DataError
from nasflow.spaces.nb201 import NB201
from nasflow.surrogate import FlowSurrogate, standardised
from nasflow.table import ArchTable

GOLDEN = SurrogateConfig(k=4, sigma=1.0)

configs = st.one_of(
    st.builds(SurrogateConfig, k=st.integers(1, 9), sigma=st.just(0.7), alpha=st.sampled_from([0.0, 0.3, 0.5, 1.0]),
              seed=st.integers(0, 5), pooling=st.sampled_from(["sum", "mean", "max"]), rounds=st.integers(1, 3)),
    st.builds(SurrogateConfig, k=st.integers(1, 9), sigma=st.just(0.7),
              pooling=st.sampled_from(["sum", "mean", "max"]), directions=st.sampled_from(["forward", "backward"])),
)


def test_draws_are_those_of_the_published_order() -> None:
    surrogate = FlowSurrogate(5, GOLDEN)
    np.testing.assert_allclose(surrogate.r, [0.548814, 0.715189, 0.602763, 0.544883], atol=1e-6)
    rng = np.random.RandomState(0)
    rng.uniform(0, 1, 8)
    np.testing.assert_array_equal(surrogate.P, rng.normal(0, 1, (5, 4)).astype(np.float32))
    np.testing.assert_array_equal(surrogate.W, rng.normal(0, 1, (8, 4)).astype(np.float32))


@pytest.mark.parametrize(("edges", "expected"), [
    (((0, 1), (1, 2)), [0.40342, 0.53987, 0.07394, 2.50199]),
    (((0, 1), (1, 2), (0, 2)), [0.77647, 1.53553, 0.33905, 3.50725]),
])
def test_golden_values(edges: tuple[tuple[int, int], ...], expected: list[float]) -> None:
    table = ArchTable.from_architectures([Architecture(("a", "b", "c"), edges)], PLAIN_OPS)
    np.testing.assert_allclose(FlowSurrogate(5, GOLDEN)(table)[0], expected, atol=5e-6)


@given(tables(), configs)
def test_a_batch_gives_what_the_loop_gives_with_every_option(table: ArchTable, config: SurrogateConfig) -> None:
    surrogate = FlowSurrogate(table.n_ops, config)
    batched = surrogate(table)
    assert batched.shape == (len(table), config.k * config.rounds)
    for row, architecture in enumerate(table):
        ops = [PLAIN_OPS.index(op) for op in architecture.ops]
        torch.testing.assert_close(batched[row], surrogate_loop(surrogate, architecture, ops), rtol=1e-4, atol=1e-5)


@given(dags(PLAIN_OPS), st.randoms(use_true_random=False), configs)
def test_relabelling_changes_nothing(graph: Architecture, random: object, config: SurrogateConfig) -> None:
    order = list(range(graph.n_nodes))
    random.shuffle(order)  # type: ignore[attr-defined]
    table = ArchTable.from_architectures([graph, graph.relabelled(order)], PLAIN_OPS)
    one, other = FlowSurrogate(5, config)(table)
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_threads", [1, 2])
def test_chunks_and_threads_change_no_bit(n_threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    table = NB201().enumerate()[:3000]
    whole = FlowSurrogate(7)(table)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        monkeypatch.setattr("nasflow.surrogate.CHUNK", 512)
        assert torch.equal(FlowSurrogate(7)(table), whole)
    finally:
        torch.set_num_threads(before)


def test_deep_and_shallow_graphs_share_a_table() -> None:
    chain = Architecture(("a",) * 500, tuple((i, i + 1) for i in range(499)))
    table = ArchTable.from_architectures([chain, Architecture(("b",), ())], PLAIN_OPS)
    surrogate = FlowSurrogate(5, SurrogateConfig(k=3, sigma=0.1))
    torch.testing.assert_close(surrogate(table)[0], surrogate_loop(surrogate, chain, [0] * 500), rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(surrogate(table)[1], surrogate.r)


def test_standardised_targets_have_unit_variance_and_dead_components_are_zero() -> None:
    table = NB201().enumerate()
    raw = FlowSurrogate(7, SurrogateConfig(k=12, seed=3))(table)
    dead = raw.std(dim=0) < 1e-6
    targets = FlowSurrogate(7, SurrogateConfig(k=12, seed=3)).targets(table)
    torch.testing.assert_close(targets.mean(dim=0), torch.zeros(12), atol=1e-4, rtol=0)
    torch.testing.assert_close(targets[:, ~dead].std(dim=0), torch.ones(int((~dead).sum())), atol=1e-3, rtol=0)
    assert (targets[:, dead] == 0).all()
    assert (standardised(torch.full((5, 2), 0.3)) == 0).all()
    unchanged = dataclasses.replace(SurrogateConfig(k=12, seed=3), standardise=False)
    assert torch.equal(FlowSurrogate(7, unchanged).targets(table), raw)


def test_an_overflow_names_row_and_remedy() -> None:
    layers = 60  # every node feeds all of the next layer: sums grow without bound
    width = 6
    edges = tuple((i * width + a, (i + 1) * width + b) for i in range(layers - 1) for a in range(width)
                  for b in range(width))
    deep = Architecture(("a",) * (layers * width), edges)
    table = ArchTable.from_architectures([Architecture(("b",), ()), deep], PLAIN_OPS)
    with pytest.raises(DataError, match="row 1: .*360 nodes overflows; use a sigma below 9 or pooling='mean'"):
        FlowSurrogate(5, SurrogateConfig(sigma=9.0))(table)
    assert torch.isfinite(FlowSurrogate(5, SurrogateConfig(sigma=0.1, pooling="mean"))(table)).all()


def test_a_table_of_another_vocabulary_is_refused() -> None:
    with pytest.raises(DataError, match="drawn for 5 operations, the table has 7"):
        FlowSurrogate(5)(NB201().enumerate()[:1])


def test_no_rows_give_no_surrogates() -> None:
    assert FlowSurrogate(7)(NB201().enumerate()[:0]).shape == (0, 8)
