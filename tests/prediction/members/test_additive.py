"""The member that adds up what nodes cost: it finds the rates, and knows when there are none."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize

from nasflow import Architecture, ArchTable, Blend
from nasflow.prediction.members.additive import PULL, RIDGE, Additive, _rates
from nasflow.prediction.members.base import Rows
from nasflow.prediction.score_scale import Curve, Scale, ScoreScale

OPS = ("input", "conv", "pool", "norm", "output")
LOGARITHMS = Curve(0.0, from_zero=True)


def network(rng: np.random.Generator, middle: tuple[str, ...] = ("conv", "pool")) -> Architecture:
    """Two to eight layers with multiply-adds over three decades, and a kernel that is free."""
    layers = ["conv", *[str(op) for op in rng.choice(middle, rng.integers(1, 8))]]
    ops = ("input", *layers, "output")
    flops = [None, *(10 ** rng.uniform(3, 6, len(layers))), None]
    kernel = [None, *(float(size) for size in rng.choice([3, 5], len(layers))), None]
    edges = tuple((i, i + 1) for i in range(len(ops) - 1))
    return Architecture(ops, edges, {"flops": flops, "kernel": kernel})


def cost(graph: Architecture) -> float:
    """Of a convolution 1 and a millionth of its multiply-adds, of a pooling a tenth of it."""
    share = {"conv": 1.0, "pool": 0.1, "norm": 0.55}
    total = 0.0
    for op, flops in zip(graph.ops, graph.attrs["flops"], strict=True):
        total += share.get(op, 0.0) * (1 + (flops or 0.0) / 1e6)
    return total


GRAPHS = [network(np.random.default_rng(seed)) for seed in range(90)]
TABLE = ArchTable.from_architectures(GRAPHS, OPS)
COSTS = np.array([cost(graph) for graph in GRAPHS])
ROWS, OTHERS = Rows(TABLE[:40], {}), Rows(TABLE[40:], {})


def fitted(costs: np.ndarray = COSTS, scale: Scale | None = None) -> Additive:
    member = Additive(seed=1)
    member.scale = scale or LOGARITHMS.scale(costs[:40])
    return member.fit(ROWS, member.scale.scores)


def relative_errors(member: Additive, rows: Rows, costs: np.ndarray) -> np.ndarray:
    assert member.scale is not None
    errors: np.ndarray = np.abs(member.scale.labels(member.predict(rows).mean) / costs - 1)
    return errors


def test_of_labels_next_to_nothing_it_says_the_mean() -> None:
    # an amount divided by such a label is no number
    member = fitted(1e-310 * COSTS)
    assert np.ptp(member.predict(OTHERS).mean) == 0


@pytest.mark.parametrize("scale", [None, ScoreScale(COSTS[:40]), Curve(1.0).scale(COSTS[:40])])
def test_it_finds_what_adds_up_in_whichever_scale_a_blend_has(scale: Scale | None) -> None:
    member = fitted(scale=scale)
    assert relative_errors(member, OTHERS, COSTS[40:]).mean() < 0.05
    unseen = member.out_of_fold()
    assert member.scale is not None
    assert np.abs(member.scale.labels(unseen.mean) / COSTS[:40] - 1).mean() < 0.07
    # the deviation is the one of rows that were not seen
    np.testing.assert_allclose(
        unseen.deviation[0] ** 2, ((unseen.mean - member.scale.scores) ** 2).mean()
    )


def test_an_operation_that_was_never_seen_costs_about_what_others_do() -> None:
    others = [network(np.random.default_rng(seed), ("norm",)) for seed in range(20)]
    table = ArchTable.from_architectures(others, OPS)
    errors = relative_errors(fitted(), Rows(table, {}), np.array(list(map(cost, others))))
    assert errors.mean() < 0.5


def test_the_order_of_nodes_does_not_matter() -> None:
    member = fitted()
    rng = np.random.default_rng(3)
    turned = [graph.relabelled(rng.permutation(graph.n_nodes).tolist()) for graph in GRAPHS]
    table = ArchTable.from_architectures(turned, OPS)
    np.testing.assert_allclose(
        member.predict(Rows(table, {})).mean, member.predict(Rows(TABLE, {})).mean, rtol=1e-9
    )


def test_rates_are_the_least_squares_of_relative_errors() -> None:
    rng = np.random.default_rng(0)
    amounts, labels = rng.exponential(size=(12, 3, 2)), rng.uniform(1, 9, 12)
    amounts[:, 2] = 0  # an operation that no row has
    share = (amounts.sum(axis=1) / labels[:, None]).mean(axis=0)

    def loss(unknowns: np.ndarray) -> float:
        rates, shared = unknowns[:4].reshape(2, 2), unknowns[4:]
        costs = np.einsum("nok,ok->n", amounts[:, :2] / share, rates)
        pull = PULL**2 * ((rates - shared) ** 2).sum() + RIDGE**2 * (shared**2).sum()
        return float(((costs / labels - 1) ** 2).sum() + pull)

    best = scipy.optimize.minimize(loss, np.ones(6), bounds=[(0, None)] * 6, tol=1e-14)
    found = _rates(amounts, labels)
    np.testing.assert_allclose(found[:2] * share, best.x[:4].reshape(2, 2), atol=1e-4)
    np.testing.assert_allclose(found[2] * share, best.x[4:], atol=1e-4)
    assert (found >= 0).all()


@pytest.mark.parametrize(
    "labels",
    [
        np.linspace(90, 94, 90),  # as accuracies are
        COSTS - COSTS.mean(),  # not positive
        np.full(90, 5.0),
    ],
)
def test_of_labels_that_are_no_costs_it_says_the_mean(labels: np.ndarray) -> None:
    member = fitted(labels, ScoreScale(labels[:40]))
    assert len(set(member.predict(OTHERS).mean)) == 1
    assert len(set(member.out_of_fold().mean)) == 1
    assert member.state() == {}


def test_without_numbers_it_says_the_mean() -> None:
    member = Additive()
    member.scale = ScoreScale(COSTS[:40])
    bare = Rows(TABLE[:40].without_numbers(), {})
    assert len(set(member.fit(bare, member.scale.scores).predict(bare).mean)) == 1


@pytest.mark.parametrize("costs", [COSTS, COSTS - COSTS.mean()])
def test_restored_it_predicts_the_same_bits(costs: np.ndarray) -> None:
    scale = ScoreScale(costs[:40])
    member, again = fitted(costs, scale), Additive(seed=1)
    again.scale = scale
    again.restore(ROWS, scale.scores, member.state())
    for one, other in zip(member.predict(OTHERS), again.predict(OTHERS), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("n", [2, 3])
def test_few_labels_do(n: int) -> None:
    member = Additive()
    member.scale = LOGARITHMS.scale(np.array([1.0, 9.0, 20.0])[:n])
    member.fit(Rows(TABLE[:n], {}), member.scale.scores)
    assert np.isfinite(member.predict(OTHERS).mean).all()
    assert np.isfinite(member.out_of_fold().mean).all()


def test_a_graph_of_nothing_costs_little_and_no_prediction_is_infinite() -> None:
    bare = Architecture(("input", "output"), ((0, 1),), {"flops": [None, None]})
    huge = Architecture(
        ("input", "conv", "output"), ((0, 1), (1, 2)), {"flops": [None, 1e30, None]}
    )
    table = ArchTable.from_architectures([bare, huge], OPS).with_numbers(("flops", "kernel"), ())
    member = fitted()
    assert member.scale is not None
    low, high = member.scale.labels(member.predict(Rows(table, {})).mean)
    assert 0 < low < COSTS.min() / 2
    assert COSTS.max() < high < np.inf


def test_a_blend_of_sizes_has_it_and_is_near_in_the_label_s_unit() -> None:
    blend = Blend().fit(TABLE[:40], COSTS[:40])
    assert blend.mixture_ is not None
    assert blend.mixture_.weights["additive"] > 0
    assert np.abs(blend.predict(TABLE[40:]) / COSTS[40:] - 1).mean() < 0.1


def test_of_labels_that_are_far_apart_but_no_sums_it_says_the_mean() -> None:
    labels = 10 ** np.random.default_rng(5).uniform(0, 2, 90)
    member = fitted(labels)
    assert len(set(member.predict(OTHERS).mean)) == 1
    assert member.state() == {}
