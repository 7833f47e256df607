"""Features count what a person would, whatever the order of nodes or the rest of the table."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nasflow import Architecture, ArchTable, FlowSurrogate, SurrogateConfig, load_space
from nasflow.errors import ConfigError, GraphError
from nasflow.features import FeatureGroup, Features, feature_names, to_features
from nasflow.features.make import setting_of
from nasflow.features.paths import cells, subsets
from slow_features import op_features, path_features
from small import predictor, table
from strategies import dags, tables

OPS = ("input", "output", "none", "skip", "conv", "pool")
# those that need no more than a graph
GROUPS = [name for name in feature_names() if name not in ("proxies", "embedding")]
INVARIANT = [name for name in GROUPS if name != "one-hot"]
CELLS = table(40)


def features_of(rows: ArchTable, group: str, n_nodes: int = 8) -> np.ndarray:
    setting = setting_of(ArchTable.from_architectures([Architecture(OPS[:1] * n_nodes)], OPS))
    return Features(setting, [group])(rows)


@given(dags(OPS, max_nodes=7))
def test_paths_are_those_that_a_walk_over_all_ways_finds(graph: Architecture) -> None:
    rows = ArchTable.from_architectures([graph], OPS)
    try:
        pruned = rows.pruned()[0]
    except GraphError:
        return  # nothing is left of it
    features, names = to_features(rows, ["paths"])
    values = dict(zip(names, features[0].tolist(), strict=True))
    for subset in subsets(["skip", "conv", "pool"]):
        slow = path_features(pruned, subset)
        of_subset = [f"paths.{kind}.{'+'.join(subset)}" for kind in ("near", "far", "within")]
        seen = [values[name] for name in of_subset]
        assert seen == pytest.approx(list(slow)), (subset, seen, slow)
    for op in ("skip", "conv", "pool"):
        seen = [values[f"paths.{kind}.{op}"] for kind in ("count", "fed", "feeding")]
        assert seen == list(op_features(pruned, op))


@given(dags(OPS, max_nodes=7))
def test_counts_are_those_of_a_loop(graph: Architecture) -> None:
    rows = ArchTable.from_architectures([graph], OPS)
    try:
        pruned = rows.pruned()[0]
    except GraphError:
        return
    features, names = to_features(rows, ["counts"])
    values = dict(zip(names, features[0].tolist(), strict=True))
    for op in OPS:
        assert values[f"counts.{op}"] == pruned.ops.count(op)
        for other in OPS:
            pairs = [(pruned.ops[u], pruned.ops[v]) for u, v in pruned.edges]
            assert values[f"counts.{op}>{other}"] == pairs.count((op, other))


@pytest.mark.parametrize("group", INVARIANT)
@given(graph=dags(("input", "output", "conv", "pool"), max_nodes=7), data=st.data())
def test_the_order_of_the_nodes_changes_nothing(
    group: str, graph: Architecture, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(graph.n_nodes)))
    try:
        both = ArchTable.from_architectures([graph, graph.relabelled(order)], OPS)
        one, other = features_of(both, group)
    except GraphError:
        return
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("group", GROUPS)
def test_a_row_has_the_same_features_alone_and_in_any_table(group: str) -> None:
    features = Features(setting_of(CELLS), [group])
    whole = features(CELLS)
    assert whole.shape == (40, len(features.names))
    assert np.isfinite(whole).all()
    alone = np.concatenate([features(CELLS[i : i + 1]) for i in range(len(CELLS))])
    np.testing.assert_allclose(alone, whole, rtol=1e-6, atol=1e-7)
    assert np.array_equal(features(CELLS[::-1])[::-1], whole) or group == "flow"
    assert features(CELLS[:0]).shape == (0, whole.shape[1])
    fewer = ArchTable.from_architectures(list(CELLS[:3]))  # another vocabulary
    np.testing.assert_allclose(features(fewer), whole[:3], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("group", GROUPS)
def test_dead_nodes_count_for_nothing(group: str) -> None:
    alive = Architecture(("input", "conv", "output"), ((0, 1), (1, 2)))
    with_dead = Architecture(
        ("input", "conv", "output", "pool", "none"), ((0, 1), (1, 2), (0, 3), (0, 4), (4, 2))
    )
    one, other = features_of(ArchTable.from_architectures([alive, with_dead], OPS), group)
    np.testing.assert_allclose(one, other, rtol=1e-6)


def test_one_hot_features_are_what_stands_at_each_position() -> None:
    graph = Architecture(("input", "conv", "none", "output"), ((0, 1), (0, 2), (1, 3), (2, 3)))
    features, names = to_features(ArchTable.from_architectures([graph], OPS), ["one-hot"])
    there = {name for name, value in zip(names, features[0], strict=True) if value}
    expected = {"0=input", "1=conv", "3=output", "0-1", "1-3"}  # none is not there
    assert there == {f"one-hot.{name}" for name in expected}


def test_neighbourhoods_tell_a_chain_from_a_fork() -> None:
    ops = ("input", "conv", "conv", "output")
    chain = Architecture(ops, ((0, 1), (1, 2), (2, 3)))
    fork = Architecture(ops, ((0, 1), (0, 2), (1, 3), (2, 3)))
    backwards = Architecture(ops, ((0, 1), (1, 2), (2, 3), (0, 3)))
    seen = features_of(ArchTable.from_architectures([chain, fork, backwards], OPS), "wl")
    assert len(np.unique(seen, axis=0)) == 3
    assert (seen.sum(axis=1) == 2 * 4).all()  # every node once a round


def test_the_flow_is_the_surrogate_of_the_graph_as_it_computes() -> None:
    config = SurrogateConfig(k=5)
    features, names = to_features(CELLS, ["flow"], surrogate=config)
    expected = FlowSurrogate(CELLS.n_ops, config)(CELLS.pruned())
    assert np.array_equal(features, expected.double().numpy())
    assert names == [f"flow.{i}" for i in range(5)]


def test_cells_have_paths_of_their_own() -> None:
    space = load_space("darts")
    rng = np.random.default_rng(0)
    rows = space.table([space.sample(rng) for _ in range(20)])
    features, names = to_features(rows, ["paths"])
    values = dict(zip(names, features.T, strict=True))
    for op in ("sep_conv_3x3", "skip_connect"):
        # a cell is 15 nodes, the normal one first
        normal, reduction = (
            np.array([list(row.ops[part]).count(op) for row in rows])
            for part in (slice(0, 15), slice(15, 30))
        )
        assert np.array_equal(values[f"paths.cell0.count.{op}"], normal)
        assert np.array_equal(values[f"paths.cell1.count.{op}"], reduction)
        assert np.array_equal(values[f"paths.count.{op}"], normal + reduction)
    order = np.random.default_rng(1).permutation(30).tolist()
    turned = rows[0].relabelled(order)
    assert sorted(cells(ArchTable.from_architectures([turned])).tolist()) == [0] * 15 + [1] * 15
    both = ArchTable.from_architectures([rows[0], turned], rows.vocabulary)
    one, other = Features(setting_of(rows), ["paths"])(both)
    assert np.array_equal(one, other)


def test_proxies_are_ranks_among_the_reference() -> None:
    reference = np.array([1.0, 2.0, 2.0, 5.0] * 10)
    columns = {"a": reference, "b": -reference}
    features = Features(setting_of(CELLS, columns), ["proxies"])
    assert features.names == ["proxies.a", "proxies.b"]
    few = {"a": [0.0, np.nan, np.inf, 9.0], "b": [0.0, 0.0, 0.0, 0.0]}
    assert features(CELLS[:4], few)[:, 0].tolist() == [-1, 0, 0, 1]
    with pytest.raises(ConfigError, match="need the column 'b'; given: a"):
        features(CELLS[:4], {"a": few["a"]})
    with pytest.raises(ConfigError, match=r"column 'a' has shape \(3,\), not \(4,\)"):
        features(CELLS[:4], {"a": [1, 2, 3], "b": few["b"]})


def test_names_are_of_the_columns_and_unlike() -> None:
    features, names = to_features(CELLS)
    assert features.shape[1] == len(names) == len(set(names))
    sizes = Features(setting_of(CELLS)).sizes
    assert list(sizes) == ["paths", "counts", "one-hot", "flow"]
    assert sum(sizes.values()) == len(names)


def test_many_operations_have_single_ones_pairs_complements_and_all() -> None:
    ops = list("abcdefghi")
    chosen = subsets(ops)
    assert len(chosen) == len(set(chosen)) == 9 + 36 + 9 + 1
    assert len(subsets(ops[:7])) == 127


def test_groups_that_are_not_there_are_named() -> None:
    with pytest.raises(LookupError, match=r"unknown feature group 'path' \(did you mean 'paths'"):
        to_features(CELLS, ["path"])
    for wrong in ([], ["paths", "paths"]):
        with pytest.raises(ConfigError, match="name each once, and at least one of counts, embed"):
            to_features(CELLS, wrong)
    features = Features(setting_of(CELLS), ["counts"])
    unknown = ArchTable.from_architectures([Architecture(("input", "gelu"), ((0, 1),))])
    with pytest.raises(GraphError, match="unknown operation 'gelu'"):
        features(unknown)


def test_a_group_of_ones_own_is_a_class() -> None:
    class Size(FeatureGroup):
        """Number of nodes."""

        names = ("size",)  # type: ignore[assignment]

        def __call__(self, rows):  # type: ignore[no-untyped-def]
            return np.diff(rows.pruned.node_ptr)[:, None].astype(float)

    features, names = to_features(CELLS, ["counts", Size])
    assert names[-1] == "size"
    assert features[:, -1].tolist() == np.diff(CELLS.pruned().node_ptr).tolist()


@given(tables(OPS))
def test_any_table_has_finite_features(rows: ArchTable) -> None:
    try:
        features, names = to_features(rows, INVARIANT)
    except GraphError:
        return
    assert features.shape == (len(rows), len(names))
    assert np.isfinite(features).all()


@pytest.mark.slow
def test_a_million_rows_take_a_minute_at_most() -> None:
    whole = load_space("nb201").enumerate()
    features = Features(setting_of(whole), ["paths", "counts", "flow"])
    started = time.process_time()
    features(whole)
    assert (time.process_time() - started) * 1_000_000 / len(whole) < 60


def test_embeddings_are_those_of_the_encoder_and_depend_on_the_row_alone() -> None:
    encoder = predictor().pretrain(CELLS)
    features, names = to_features(CELLS, ["counts", "embedding"], embedder=encoder)
    width = encoder.encoder_.width
    np.testing.assert_array_equal(features[:, -width:], encoder.embed(CELLS))
    assert names[-width:] == [f"embedding.{i}" for i in range(width)]
    alone, _ = to_features(CELLS[[7]], ["embedding"], embedder=encoder)
    np.testing.assert_allclose(alone[0], features[7, -width:], atol=1e-5)
    with pytest.raises(ConfigError, match="nasflow pretrain"):
        to_features(CELLS, ["embedding"])
