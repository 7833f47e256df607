"""The numbers behind the pages: explained variance, correlations, clusters, sizes, spreads."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch
from sklearn.linear_model import LinearRegression
from sklearn.metrics import silhouette_score
from sklearn.model_selection import cross_val_predict

from nasflow.experiments.pictures import drawing
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.surrogate import FlowSurrogate
from nasflow_paper.questions import (
    activation,
    collisions,
    correlation,
    depth,
    magnitude,
    robustness,
    sanity,
)
from nasflow_paper.questions.explained import (
    beyond_by_draw,
    explained,
    explained_beyond,
    normal_scores,
    operation_counts,
    out_of_fold_r2,
)
from nasflow_paper.questions.telling_apart import groups
from nasflow_paper.reproductions.variants import Measured
from oracles import OPS, flow_surrogate, random_table
from tiny_space import dataset

CONFIG = SurrogateConfig(k=4, sigma=1.0)
TABLE = random_table(300)
TARGETS = FlowSurrogate(5, CONFIG).targets(TABLE).double().numpy()

# -- what is explained
# --------------------------------------------------------------------------------------


def test_r2_is_that_of_regression_out_of_fold() -> None:
    rng = np.random.default_rng(0)
    x, fold = rng.normal(size=(60, 3)), np.repeat(np.arange(5), 12)
    y = x @ [1.0, 2.0, 0.0] + rng.normal(size=60)
    predicted = cross_val_predict(LinearRegression(), x, y, cv=5)
    expected = 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert out_of_fold_r2(x, y, fold) == pytest.approx(expected, abs=1e-4)
    # a column more that repeats another changes nothing
    assert out_of_fold_r2(np.hstack([x, x[:, :1]]), y, fold) == pytest.approx(expected, abs=1e-3)


def test_counts_are_those_of_the_graphs() -> None:
    expected = np.array([[graph.ops.count(op) for op in OPS] for graph in TABLE])
    np.testing.assert_array_equal(operation_counts(TABLE), expected)
    assert operation_counts(TABLE[:1]).shape == (1, 0)  # one row: every count is constant


def test_normal_scores_keep_order_and_ties() -> None:
    scores = normal_scores(np.array([5.0, -1.0, 5.0, 100.0]))
    np.testing.assert_allclose(scores, scipy.stats.norm.ppf([0.5, 0.125, 0.5, 0.875]))


def test_what_the_surrogate_alone_knows_is_explained_beyond_counts() -> None:
    counts = operation_counts(TABLE)
    of_surrogate = explained(TABLE, TARGETS, TARGETS[:, 1], 40, 2)
    of_counts = explained(TABLE, TARGETS, counts @ np.arange(1.0, 6.0), 40, 2)
    assert of_surrogate.beyond > 0.15
    assert abs(of_counts.beyond) < 0.02
    assert of_surrogate.few_gain > 0.1 > of_counts.few_gain
    assert of_surrogate.beyond == pytest.approx(of_surrogate.both - of_surrogate.counts)
    assert of_surrogate.wiring > of_surrogate.counts  # joined pairs say more than operations
    assert of_surrogate.few_labels == 40


def test_draws_are_seeds_of_the_surrogate() -> None:
    two = beyond_by_draw(TABLE, TARGETS[:, 1], CONFIG, 2)
    assert two[0] == pytest.approx(explained_beyond(TABLE, TARGETS, TARGETS[:, 1]))
    assert two[1] < two[0]  # the label is a component of the first draw


# -- correlations
# -------------------------------------------------------------------------------------------


def test_correlations_lie_in_intervals_that_shrink_with_data() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    y = x + rng.normal(size=2000)
    many, few = correlation.correlations(x, y, 100), correlation.correlations(x[:100], y[:100], 100)
    expected = {
        "Pearson": scipy.stats.pearsonr,
        "Spearman": scipy.stats.spearmanr,
        "Kendall": scipy.stats.kendalltau,
    }
    for name, function in expected.items():
        assert many[name].value == pytest.approx(function(x, y).statistic)
        assert many[name].low < many[name].value < many[name].high
        assert many[name].high - many[name].low < few[name].high - few[name].low
    # the 95 % interval of Pearson's r, by Fisher's z
    low, high = scipy.stats.pearsonr(x, y).confidence_interval()
    assert (many["Pearson"].low, many["Pearson"].high) == pytest.approx((low, high), abs=0.008)


def test_constant_components_are_left_out() -> None:
    raw = np.array([[1.0, 0.0, 2.0], [1.0, 3.0, 4.0]])
    found = correlation.norm_and_components(raw)
    assert list(found) == ["norm", "2", "3"]
    np.testing.assert_allclose(found["norm"], [5**0.5, 26**0.5])


def test_agreement_is_clear_for_equal_orders_and_absent_for_none() -> None:
    values, rng = np.arange(10.0), np.random.default_rng(3)
    equal = correlation.agreement(values, 2 * values)
    assert (equal.n, equal.spearman) == (10, pytest.approx(1))
    assert (equal.upper, equal.lower) == (14, 4)
    assert max(equal.p, equal.p_halves) < 0.02
    assert correlation.agreement(values, rng.normal(size=10)).p > 0.05


# -- collisions
# ---------------------------------------------------------------------------------------------


def test_two_dead_operations_in_parallel_are_an_edge() -> None:
    """The collision that the page on NAS-Bench-101 shows: halves of a message that make a whole."""
    edge = Architecture(("input", "output"), ((0, 1),))
    pools = Architecture(
        ("input", "maxpool3x3", "maxpool3x3", "output"), ((0, 1), (0, 2), (1, 3), (2, 3))
    )
    table = ArchTable.from_architectures([edge, pools], OPS)
    plain = collisions.distinct(table, CONFIG, {})
    assert plain.n_distinct == (1, 1, 1)
    for changes in ({"alpha": 0.47}, {"activation": "gelu"}, {"rescale": 0.5}):
        assert collisions.distinct(table, CONFIG, changes).n_distinct == (2, 2, 2)
    dead = collisions.dead_conversions(table, CONFIG)
    assert dead["maxpool3x3"] == (1.0, 1.0)
    assert dead["output"][0] == 0.0
    label = groups(FlowSurrogate(5, CONFIG, torch.float64)(table).numpy(), 1e-9)
    assert collisions.examples(table, label) == [("two halves make a whole", 0, 1)]
    shared = collisions.shared_properties(table, label)
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
    found = collisions.dead_conversions(table, CONFIG)
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


# -- magnitude
# ----------------------------------------------------------------------------------------------


def test_sizes_of_deep_ladders_explode_as_published_and_not_with_the_cure() -> None:
    rng = np.random.default_rng(0)
    ladders = {n: [magnitude.ladder(rng, n, 4) for _ in range(2)] for n in (16, 64)}
    plain, cured = SurrogateConfig(k=4), SurrogateConfig(k=4, rescale=0.5)
    sizes = {n: magnitude.size(plain, graphs) for n, graphs in ladders.items()}
    assert sizes[64] > 1e9 * sizes[16]
    assert magnitude.size(plain, [magnitude.ladder(rng, 1000, 8)]) == math.inf
    assert magnitude.size(cured, ladders[64]) == pytest.approx(
        magnitude.size(cured, ladders[16]), rel=0.3
    )
    assert magnitude.is_bounded(np.array([[1.0, 5.0], [20.0, 3.0]]))
    assert not magnitude.is_bounded(np.array([[1.0, 11.0]]))
    assert not magnitude.is_bounded(np.array([[1.0, math.inf]]))


def test_a_size_is_the_geometric_mean_of_lengths() -> None:
    graphs = list(random_table(5))
    lengths = [np.linalg.norm(flow_surrogate(graph, OPS, CONFIG)) for graph in graphs]
    r = np.linalg.norm(np.random.RandomState(0).uniform(0, 1, 4))
    renamed = [
        Architecture(tuple(magnitude.OPS[OPS.index(op)] for op in graph.ops), graph.edges)
        for graph in graphs
    ]
    assert magnitude.size(CONFIG, renamed) == pytest.approx(scipy.stats.gmean(lengths) / r)


def test_ladders_and_fans_have_the_shape_they_are_named_for() -> None:
    rng = np.random.default_rng(0)
    assert magnitude.ladder(rng, 5, 2).predecessors == ((), (0,), (0, 1), (1, 2), (2, 3))
    assert magnitude.fan(rng, 3).edges == ((0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4))


def test_a_chain_forgets_what_is_far_from_its_input() -> None:
    near, far = magnitude.memory(SurrogateConfig(k=4), 1, [1, 40], 2)
    assert near > 1e-3
    assert far < 1e-8
    _, kept = magnitude.memory(SurrogateConfig(k=4, rescale=0.5, activation="gelu"), 1, [1, 40], 2)
    assert kept > 1e-5


# -- clusters
# -----------------------------------------------------------------------------------------------


def test_silhouettes_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 2)) + 3 * np.repeat(np.eye(3)[:, :2], 20, axis=0)
    family = np.repeat(np.arange(3), 20)
    scaled = (x - x.mean(axis=0)) / x.std(axis=0)
    assert sanity.silhouette(sanity.distances(x), family) == pytest.approx(
        silhouette_score(scaled, family)
    )


def test_purity_counts_neighbours_of_the_own_family() -> None:
    x = np.concatenate([np.zeros((12, 1)), np.ones((12, 1))])
    family = np.repeat([0, 1], 12)
    assert sanity.purity(sanity.distances(x), family) == 1
    mixed = sanity.purity(sanity.distances(np.zeros((24, 1))), family)  # all ties: chance
    assert 0.3 < mixed < 0.65


@pytest.mark.parametrize("which", sanity.FAMILIES)
def test_families_share_operations_and_have_one_input_and_output(which: str) -> None:
    of = sanity.FAMILIES[which]
    table, family = sanity.families(of, 4)
    assert family.tolist() == list(range(5)) * 4
    for draw in range(4):
        graphs = [table[5 * draw + i] for i in range(5)]
        assert len({graph.ops for graph in graphs}) == 1
        assert len(set(graphs)) == 5
        if which == "as many edges as nodes":
            assert {len(graph.edges) for graph in graphs} == {graphs[0].n_nodes}
        for graph in graphs:
            assert [v for v, p in enumerate(graph.predecessors) if not p] == [0]
            assert [v for v, s in enumerate(graph.successors) if not s] == [graph.n_nodes - 1]


# -- the rest
# -----------------------------------------------------------------------------------------------


def test_effective_directions_are_between_one_and_all() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, 3))
    assert activation.effective_directions(x) == pytest.approx(3, abs=0.01)
    assert activation.effective_directions(x[:, [0, 0, 0]]) == pytest.approx(1)
    assert activation.effective_directions(np.zeros((5, 2))) == 0


def test_the_activation_of_each_operation() -> None:
    named = activation.changes("relu for convolutions, else tanh", OPS)
    assert named == {"op_activations": {"input": "tanh", "maxpool3x3": "tanh", "output": "tanh"}}
    assert activation.changes("tanh", OPS) == {"activation": "tanh"}


def test_alignment_ignores_rotation_and_sees_what_is_unrelated() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5000, 3))
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    assert robustness.alignment(x, 2 * x @ rotation + 1) == pytest.approx(1)
    assert robustness.alignment(x, rng.normal(size=(5000, 3))) < 0.01


def test_components_of_variance_are_found_again() -> None:
    rng = np.random.default_rng(0)
    cube = (
        rng.normal(0, 3, (60, 1, 1))
        + rng.normal(0, 2, (1, 50, 1))
        + rng.normal(0, 1, (1, 1, 40))
        + rng.normal(0, 0.5, (60, 50, 40))
    )
    parts = robustness.components(cube)
    assert (parts.draw, parts.split, parts.seed) == pytest.approx((3, 2, 1), rel=0.3)
    assert parts.rest == pytest.approx(0.5, rel=0.02)
    # without any effect about half of the estimates are below 0, which is no variance
    noise = [robustness.components(rng.normal(size=(5, 3, 3))).draw for _ in range(40)]
    assert 8 < noise.count(0.0) < 32
    one_split = robustness.components(cube[:, :1])
    assert one_split.split == 0
    assert one_split.draw == pytest.approx(3, rel=0.3)


def test_tau_is_gathered_where_every_draw_has_the_run() -> None:
    entries = [
        {
            "method": draw.label,
            "split": split,
            "seed": seed,
            "tau": 0.1 * i + 0.01 * split + 0.001 * seed,
        }
        for i, draw in enumerate(robustness.DRAWS[:2])
        for split in (1, 2)
        for seed in (3, 4)
    ]
    cube = robustness.tau_cube([*entries, {"method": "none", "split": 1, "seed": 3, "tau": 9.0}])
    assert cube is not None
    np.testing.assert_allclose(cube[:, :, 0], [[1.3, 2.3], [11.3, 12.3]])
    short = robustness.tau_cube(entries[:-1])
    assert short is not None
    assert short.shape == (2, 1, 2)
    # what one draw has alone, of a seed or a split, takes no other run away
    more = [{**entries[0], "seed": 5}, {**entries[1], "split": 9}]
    same = robustness.tau_cube([*entries, *more])
    assert same is not None
    np.testing.assert_array_equal(same, cube)
    assert robustness.tau_cube([e for e in entries if e["seed"] == 3]) is None
    assert robustness.tau_cube(entries[:4]) is None


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


def test_a_drawing_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with drawing(tmp_path / "a.png", (1, 2)) as (_, axes):
        assert len(axes) == 2
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ZeroDivisionError), drawing(tmp_path / "b.png"):
        raise ZeroDivisionError
    assert not (tmp_path / "b.png").exists()


def test_activations_after_pre_training_are_set_against_relu_on_the_runs_that_both_have() -> None:
    taus = {
        "none": [0.5, 0.5, 0.5],
        "flow, relu": [0.6, 0.61, 0.62],
        "flow, gelu": [0.7, 0.711, 0.719],
        "flow, tanh": [0.5, 0.7, 0.65],
    }
    entries = [
        {
            "space": "nb201",
            "group": "ResGatedGCN",
            "method": method,
            "split": split,
            "seed": 21,
            "tau": tau,
        }
        for method, of in taus.items()
        for split, tau in enumerate(of)
    ]
    measured = Measured(list(entries), {}, [], {"nb201": dataset()}, {})
    assert activation.after_pretraining(measured) == [
        "* NAS-Bench-201, after pre-training: gelu gains most on relu, +10.0 points of tau; clear"
        " (interval over splits without 0) are 1 of 2 differences to relu: gelu +10.0."
    ]
    nothing = Measured(
        [entry for entry in entries if entry["method"] == "none"], {}, [], {"nb201": dataset()}, {}
    )
    assert activation.after_pretraining(nothing) == []
