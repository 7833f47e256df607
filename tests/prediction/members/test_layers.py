"""The member on nodes learns costs that add up, whatever the order of the nodes."""

from __future__ import annotations

import numpy as np
import pytest

from nasflow import Architecture, ArchTable, Blend, kendall_tau
from nasflow.features import Features
from nasflow.features.make import setting_of
from nasflow.features.registry import NUMBER_GROUPS
from nasflow.prediction.members import layers
from nasflow.prediction.members.base import Rows
from nasflow.prediction.members.layers import LayersGP, LayersSumsGP
from nasflow.prediction.members.registry import BRANCHED, FAST, ON_NUMBERS, suited

OPS = ("input", "conv", "pool", "output")


def chain(rng: np.random.Generator) -> Architecture:
    """Two to six layers; a convolution has a width, and any layer a size."""
    middle = ["conv", *[str(op) for op in rng.choice(["conv", "pool"], rng.integers(1, 6))]]
    ops = ("input", *middle, "output")
    width = [float(rng.choice([16, 32, 64])) if op == "conv" else None for op in ops]
    size = [None, *rng.choice([7.0, 14.0, 28.0], len(middle)), None]
    edges = tuple((i, i + 1) for i in range(len(ops) - 1))
    return Architecture(ops, edges, {"width": width, "size": size}, {"resolution": 224})


def cost(graph: Architecture) -> float:
    """A sum over the layers: of a convolution width times size, of a pooling half the size."""
    total = 0.0
    for op, width, size in zip(graph.ops, graph.attrs["width"], graph.attrs["size"], strict=True):
        if op == "conv":
            total += width * size
        elif op == "pool":
            total += size / 2
    return total


GRAPHS = [chain(np.random.default_rng(seed)) for seed in range(100)]
TABLE = ArchTable.from_architectures(GRAPHS, OPS)
COSTS = np.array([cost(graph) for graph in GRAPHS])
FEATURES = Features(setting_of(TABLE), NUMBER_GROUPS)


def rows_of(table: ArchTable) -> Rows:
    """The rows as a blend shows them to its members."""
    values, blocks, start = FEATURES(table), {}, 0
    for name, size in FEATURES.sizes.items():
        blocks[name] = values[:, start : start + size]
        start += size
    return Rows(table, blocks)


@pytest.mark.parametrize("kind", [LayersGP, LayersSumsGP])
def test_it_learns_costs_of_layers_and_says_so_of_unseen_rows(kind: type[LayersGP]) -> None:
    member = kind(seed=1).fit(rows_of(TABLE[:50]), COSTS[:50])
    predicted = member.predict(rows_of(TABLE[50:]))
    assert kendall_tau(predicted.mean, COSTS[50:]) > 0.9
    assert (predicted.deviation >= 0).all()
    unseen = member.out_of_fold().mean
    assert kendall_tau(unseen, COSTS[:50]) > 0.85
    seen = member.predict(rows_of(TABLE[:50])).mean
    assert np.abs(unseen - COSTS[:50]).mean() > np.abs(seen - COSTS[:50]).mean()
    np.testing.assert_array_equal(member.predict_mean(rows_of(TABLE[50:])), predicted.mean)


def test_the_order_of_the_nodes_changes_nothing() -> None:
    member = LayersGP().fit(rows_of(TABLE[:30]), COSTS[:30])
    rng = np.random.default_rng(3)
    turned = [graph.relabelled(rng.permutation(graph.n_nodes).tolist()) for graph in GRAPHS[30:]]
    again = member.predict_mean(rows_of(ArchTable.from_architectures(turned, OPS)))
    np.testing.assert_allclose(again, member.predict_mean(rows_of(TABLE[30:])), rtol=1e-9)


@pytest.mark.parametrize("n_rows", [3, 20, 60])
def test_a_state_brings_back_the_same_bits(n_rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # the last of them are more rows than choose scales, and than are folded
    monkeypatch.setattr(layers, "MAX_ROWS", 30)
    monkeypatch.setattr(layers, "MAX_FOLDED", 30)
    rows, labels = rows_of(TABLE[:n_rows]), COSTS[:n_rows]
    member = LayersGP(seed=2).fit(rows, labels)
    assert np.isfinite(member.out_of_fold().mean).all()
    restored = LayersGP(seed=2).restore(rows, labels, member.state())
    others = rows_of(TABLE[60:])
    for before, after in zip(member.predict(others), restored.predict(others), strict=True):
        assert before.tobytes() == after.tobytes()


def test_without_numbers_or_with_equal_labels_the_mean_is_all_there_is_to_say() -> None:
    bare = Rows(TABLE.without_numbers(), {})
    for member, rows in (
        (LayersGP().fit(bare, COSTS), bare),
        (LayersGP().fit(rows_of(TABLE), np.ones(100)), rows_of(TABLE)),
    ):
        mean = member.predict_mean(rows)
        assert (mean == mean[0]).all()
        assert np.isfinite(member.out_of_fold().mean).all()
        assert not member.state()


def test_numbers_that_are_all_equal_leave_the_count_of_layers() -> None:
    equal = [Architecture(g.ops, g.edges, {"one": [1] * g.n_nodes}) for g in GRAPHS]
    table = ArchTable.from_architectures(equal, OPS)
    n_layers = np.array([float(graph.n_nodes) for graph in equal])
    member = LayersGP().fit(Rows(table[:40], {}), n_layers[:40])
    assert kendall_tau(member.predict_mean(Rows(table[40:], {})), n_layers[40:]) > 0.9


def test_a_blend_reads_numbers_by_default() -> None:
    blend = Blend().fit(TABLE[:40], COSTS[:40])
    assert tuple(blend.weights_) == ON_NUMBERS
    predicted = blend.predict(TABLE[40:])
    assert kendall_tau(predicted, COSTS[40:]) > 0.9
    assert np.median(np.abs(predicted / COSTS[40:] - 1)) < 0.1


def test_default_members_are_those_that_have_something_to_read() -> None:
    branched = Architecture(("a", "b", "b", "c"), ((0, 1), (0, 2), (1, 3), (2, 3)), {"n": [1] * 4})
    both = ArchTable.concatenate([TABLE, ArchTable.from_architectures([GRAPHS[0]], OPS)])
    assert suited((*FAST, "encoder"), both) == (*ON_NUMBERS, "encoder")
    assert suited(FAST, ArchTable.from_architectures([branched])) == (*ON_NUMBERS, *BRANCHED)
    assert suited((*FAST, "encoder"), TABLE.without_numbers()) == (*FAST, "encoder")
    # members that somebody chose stay as they are
    assert suited(("gp", "trees"), TABLE) == ("gp", "trees")
