"""A blend weighs its members by what they predict of unseen labels, and knows how sure it is."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st

from nasflow import Architecture, ArchTable, load_space
from nasflow.errors import ConfigError, DataError, GraphError, NotFittedError
from nasflow.prediction.blend import Blend
from nasflow.prediction.blend_weights import blend_weights, clear_weights, left_open, weights_of
from nasflow.prediction.score_scale import ScoreScale
from nasflow.statistics.metrics import kendall_tau

GPS = ("graph-gp", "flow-gp")


@pytest.fixture(scope="module")
def cells() -> ArchTable:
    """Cells of NAS-Bench-201 in an order at random."""
    table = load_space("nb201").enumerate()
    return table[np.random.RandomState(0).permutation(len(table))[:500]]


@pytest.fixture(scope="module")
def labels(cells: ArchTable) -> np.ndarray:
    """What the cells' convolutions say, and some noise."""
    counts = cells.pruned().op_counts()
    vocabulary = cells.vocabulary
    worth = 2.0 * counts[:, vocabulary.index("conv3x3")] + counts[:, vocabulary.index("conv1x1")]
    return 60 + worth + 0.3 * np.random.RandomState(1).randn(len(cells))


@pytest.fixture(scope="module")
def blend(cells: ArchTable, labels: np.ndarray) -> Blend:
    return Blend().fit(cells[:80], labels[:80])


def test_a_blend_ranks_unseen_rows(blend: Blend, cells: ArchTable, labels: np.ndarray) -> None:
    assert kendall_tau(blend.predict(cells[80:]), labels[80:]) > 0.8
    assert sum(blend.weights_.values()) == pytest.approx(1)
    assert min(blend.weights_.values()) >= 0
    assert set(blend.predict_members(cells[80:90])) == set(blend.weights_)


def test_intervals_hold_what_they_say(blend: Blend, cells: ArchTable, labels: np.ndarray) -> None:
    for level, at_least, at_most in ((0.5, 0.35, 0.7), (0.9, 0.8, 0.98)):
        low, high = blend.interval(cells[80:], level)
        assert (low <= high).all()
        covered = ((low <= labels[80:]) & (labels[80:] <= high)).mean()
        assert at_least < covered < at_most
    mean, deviation = blend.predict(cells[80:], return_std=True)
    assert (deviation > 0).all()
    assert mean.tobytes() == blend.predict(cells[80:]).tobytes()


def test_few_labels_cannot_tell_a_wide_level(cells: ArchTable, labels: np.ndarray) -> None:
    low, high = Blend(GPS).fit(cells[:5], labels[:5]).interval(cells[5:8], 0.9)
    assert np.isneginf(low).all()
    assert np.isposinf(high).all()


def test_a_row_is_predicted_alike_alone_and_in_any_table(blend: Blend, cells: ArchTable) -> None:
    together = blend.predict(cells[100:110])
    for i in range(10):
        # a product of matrices of another shape adds up in another order
        assert blend.predict(cells[100 + i : 101 + i])[0] == pytest.approx(together[i], abs=1e-6)


def test_the_same_seed_is_the_same_bits(cells: ArchTable, labels: np.ndarray) -> None:
    first, second = (Blend(seed=4).fit(cells[:40], labels[:40]) for _ in range(2))
    assert first.weights_ == second.weights_
    assert first.predict(cells[40:90]).tobytes() == second.predict(cells[40:90]).tobytes()


def test_labels_count_by_their_order_alone(cells: ArchTable, labels: np.ndarray) -> None:
    plain = Blend(GPS).fit(cells[:40], labels[:40])
    huge = Blend(GPS).fit(cells[:40], np.exp(labels[:40]) * 1e250)
    assert plain.weights_ == huge.weights_
    assert plain.mixture_ is not None
    assert huge.mixture_ is not None
    # the same bits, and labels that rise with them: some cells compute the same, and their order
    # is that of rounding
    scores = plain.mixture_.predicted_mean(cells[40:90])
    np.testing.assert_array_equal(scores, huge.mixture_.predicted_mean(cells[40:90]))
    for blend in (plain, huge):
        assert (np.diff(blend.predict(cells[40:90])[np.argsort(scores)]) >= 0).all()


def test_proxies_are_ranked_among_the_reference(cells: ArchTable, labels: np.ndarray) -> None:
    proxy = {"good": labels + 0.1, "odd": np.full(len(labels), np.inf)}
    known = {name: values[:30] for name, values in proxy.items()}
    others = {name: values[30:] for name, values in proxy.items()}
    blend = Blend(("gp", "counts-gp")).fit(cells[:30], labels[:30], known, reference=proxy)
    with_proxy = blend.predict(cells[30:], others)
    without = Blend(("gp", "counts-gp")).fit(cells[:30], labels[:30]).predict(cells[30:])
    assert kendall_tau(with_proxy, labels[30:]) > kendall_tau(without, labels[30:])
    with pytest.raises(ConfigError, match="good"):
        blend.predict(cells[30:])


@pytest.mark.parametrize(
    "given",
    [
        pytest.param([1.0, 2.0], id="two labels"),
        pytest.param([3.0] * 6, id="all equal"),
        pytest.param([1e300, -1e300, 0.0, 5.0], id="labels of 1e300"),
        pytest.param([1e308, -1e308], id="further apart than a number"),
        pytest.param([1.0, 1.0, 2.0, 2.0, 2.0], id="one value twice"),
    ],
)
def test_odd_labels_are_learnt(given: list[float], cells: ArchTable) -> None:
    blend = Blend().fit(cells[: len(given)], given)
    predicted = blend.predict(cells[:50])
    assert np.isfinite(predicted).all()
    assert blend.interval(cells[:50], 0.5)[0].shape == (50,)


def test_one_row_with_two_labels_is_predicted_between_them(cells: ArchTable) -> None:
    twice = ArchTable.concatenate([cells[:10], cells[:1]])
    labels = np.arange(11.0)
    assert 0 < Blend(GPS).fit(twice, labels).predict(cells[:1])[0] < 10


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([1.0], "2 or more"),
        ([1.0, np.nan, 3.0], "row 1 is nan"),
        ([[1.0], [2.0]], r"shape \(2, 1\)"),
    ],
)
def test_illegal_labels_are_refused_by_row(
    labels: list[float], message: str, cells: ArchTable
) -> None:
    with pytest.raises(DataError, match=message):
        Blend().fit(cells[: len(labels)], labels)


def test_misuse_says_what_is_legal(blend: Blend, cells: ArchTable) -> None:
    with pytest.raises(NotFittedError, match="call fit first"):
        Blend().predict(cells[:2])
    with pytest.raises(ConfigError, match="between 0 and 1"):
        blend.interval(cells[:2], 90)
    with pytest.raises(ConfigError, match="some of additive"):
        Blend(members=[])
    with pytest.raises(ConfigError, match="0 or more"):
        Blend(ridge=-1.0)
    unknown = {"ops": ["input", "new", "output"], "edges": [[0, 1], [1, 2]]}
    with pytest.raises(GraphError, match="new"):
        blend.predict([unknown])


@given(st.integers(2, 30), st.integers(1, 5), st.floats(0, 50), st.integers(0, 1_000))
def test_weights_are_the_least_squares_of_a_slow_solver(
    n_rows: int, n_members: int, ridge: float, seed: int
) -> None:
    random = np.random.RandomState(seed)
    predictions, scores = random.randn(n_members, n_rows), random.randn(n_rows)
    equal = np.full(n_members, 1 / n_members)

    def cost(weights: np.ndarray) -> float:
        missed = scores - weights @ predictions
        away = weights - equal
        return float(missed @ missed + ridge * away @ away)

    slow = scipy.optimize.minimize(
        cost,
        equal,
        method="SLSQP",
        bounds=[(0, 1)] * n_members,
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"ftol": 1e-12, "maxiter": 500},
    )
    weights = weights_of(predictions, scores, ridge)
    assert weights.sum() == pytest.approx(1)
    assert weights.min() >= 0
    assert cost(weights) <= cost(slow.x) + 1e-5


def test_labels_much_fewer_than_members_leave_weights_near_equal() -> None:
    predictions = np.array([[1.0, -1.0], [0.9, -1.1], [0.0, 0.1]])
    weights = weights_of(predictions, np.array([0.6, -0.6]), ridge=1e6)
    np.testing.assert_allclose(weights, np.full(3, 1 / 3), atol=1e-3)


@given(st.lists(st.floats(-1e308, 1e308), min_size=2, max_size=20))
def test_scores_become_labels_in_their_order(labels: list[float]) -> None:
    values = np.array(labels)
    scale = ScoreScale(values)
    # labels that are 1e-300 of the largest are 0 in its unit
    tiny = 1e-300 * np.abs(values).max()
    np.testing.assert_allclose(scale.labels(scale.scores), values, rtol=1e-12, atol=tiny)
    wide = np.linspace(-3, 3, 61)
    with np.errstate(over="ignore"):  # beyond the largest label float64 ends
        curve = scale.labels(wide)
    assert (curve[1:] >= curve[:-1]).all()


def test_a_graph_without_numbers_is_refused_where_all_that_were_learnt_have_some() -> None:
    widths = np.random.default_rng(0).integers(1, 64, 30).tolist()
    graphs = []
    for width in widths:
        ops, edges = ("input", "conv", "output"), ((0, 1), (1, 2))
        graphs.append(Architecture(ops, edges, {"width": [None, width, None]}))
    table, labels = ArchTable.from_architectures(graphs), np.array(widths, float)
    blend = Blend().fit(table[:20], labels[:20])
    assert kendall_tau(blend.predict(table[20:]), labels[20:]) > 0.9
    mixed = [graphs[0], graphs[1].without_numbers()]
    with pytest.raises(
        GraphError, match="row 1 carries no number, and all .* give it some of width"
    ):
        blend.predict(mixed)
    # where some that were learnt have none, it is a value like others
    mixed = [graph if i % 2 else graph.without_numbers() for i, graph in enumerate(graphs)]
    blend = Blend().fit(mixed[:20], labels[:20])
    assert np.isfinite(blend.predict(mixed)).all()


def _misses(rng: np.random.Generator, *sizes: float) -> tuple[np.ndarray, np.ndarray]:
    """Scores of 60 rows, and members (n, 60) that miss them by about these sizes."""
    scores = rng.normal(size=60)
    return scores + rng.normal(size=(len(sizes), 60)) * np.array(sizes)[:, None], scores


def test_of_costs_a_member_that_is_much_nearer_has_nearly_all_the_weight() -> None:
    predictions, scores = _misses(np.random.default_rng(0), 0.02, 0.3, 0.3, 0.3)
    weights = clear_weights(predictions, scores, 3.0)
    assert weights.sum() == pytest.approx(1)
    assert weights[0] > 0.95 > weights_of(predictions, scores, 3.0)[0]


def test_of_costs_one_row_that_is_far_off_does_not_decide() -> None:
    predictions, scores = _misses(np.random.default_rng(1), 0.05, 0.3)
    predictions[0, 7] = scores[7] + 6.0
    assert (
        clear_weights(predictions, scores, 3.0)[0] > 0.9 > weights_of(predictions, scores, 0.0)[0]
    )


@pytest.mark.parametrize("size", [0.0, 0.3])
def test_of_costs_members_alike_have_equal_weights(size: float) -> None:
    one, scores = _misses(np.random.default_rng(2), size)
    weights = clear_weights(np.vstack([one, one, one]), scores, 3.0)
    np.testing.assert_allclose(weights, 1 / 3, atol=1e-4)


def test_a_member_that_says_the_same_of_all_rows_has_no_weight() -> None:
    predictions, scores = _misses(np.random.default_rng(3), 0.3, 0.4, 0.5)
    predictions[1] = 0.7
    for of_costs in (False, True):
        weights = blend_weights(predictions, scores, 3.0, [False] * 3, of_costs=of_costs)
        assert weights[1] == 0
        without = blend_weights(predictions[[0, 2]], scores, 3.0, [False] * 2, of_costs=of_costs)
        np.testing.assert_array_equal(weights[[0, 2]], without)
    nobody = blend_weights(np.ones((3, 60)), scores, 3.0, [False] * 3)
    np.testing.assert_allclose(nobody, 1 / 3)


def test_of_costs_that_no_member_knows_weights_are_as_of_other_labels() -> None:
    predictions, scores = _misses(np.random.default_rng(4), 0.6, 0.7)
    networks = [False, False]
    np.testing.assert_array_equal(
        blend_weights(predictions, scores, 3.0, networks, of_costs=True),
        blend_weights(predictions, scores, 3.0, networks),
    )
    # the variance of the middle half: one row that is far off changes nothing
    assert left_open(predictions[0], scores) == pytest.approx(0.36, rel=0.4)
    predictions[0, 3] += 100
    assert left_open(predictions[0], scores) == pytest.approx(0.36, rel=0.5)
