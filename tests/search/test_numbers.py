"""Search in spaces whose elements differ in numbers, and with a second objective that is known."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from nasflow.datasets import Dataset
from nasflow.datasets.base import Metric
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.search import Constraint, Known, Problem
from nasflow.search.candidates import Candidates, listed
from nasflow.search.strategies.base import History
from nasflow.search.strategies.blend import BlendSearch
from nasflow.search.strategies.make import make_strategy
from nasflow.search.strategies.registry import SearchConfig
from nasflow.search.two_objectives import expected_growth
from nasflow.spaces.custom import CustomSpace
from nasflow.spaces.custom_sizes import CustomSizes
from nasflow.statistics.ranks import normal_scores

WIDTHS = {"from": 8, "to": 128, "log2": True}
SIZES = CustomSizes(
    {
        "ops": ["conv", "pool"],
        "min_nodes": 1,
        "max_nodes": 3,
        "edges": "chain",
        "attributes": {"conv": {"width": WIDTHS, "kernel": [1, 3]}},
        "globals": {"lr": [0.01, 0.1]},
    }
)  # 2 * (11 + 11^2 + 11^3) elements


def cost(architecture: Architecture) -> float:
    widths = architecture.attrs.get("width", ())
    return float(sum(width for width in widths if width is not None))


def worth(architecture: Architecture) -> float:
    """More of wide layers, less of each further one; the right learning rate."""
    widths = [w for w in architecture.attrs.get("width", ()) if w is not None]
    return float(np.log2(widths).sum()) + 4.0 * (architecture.globals["lr"] > 0.05)


def test_quantities_of_elements_that_differ_in_numbers_alone() -> None:
    table = SIZES.enumerate()[::7]
    metrics = {"ms": Metric("ms", "ms", maximise=False, trained=False)}
    data = Dataset("sized", table, metrics, {"ms": np.arange(len(table)).astype(np.float64)})
    quantities = Known(data, {"cost": cost})
    rows = np.random.default_rng(0).permutation(len(table))[:100]
    # other names of numbers, in another order, and another vocabulary
    others = ArchTable.from_architectures([table[row] for row in rows.tolist()])
    others = others.with_numbers(("a", "width", "kernel"), ("z", "lr"))
    assert quantities.values("ms", others).tolist() == rows.tolist()
    assert quantities.values("cost", others).tolist() == [cost(element) for element in others]


def test_a_function_is_asked_once_of_each_element() -> None:
    asked: Counter[str] = Counter()

    def counted(architecture: Architecture) -> float:
        asked[architecture.canonical_id] += 1
        return cost(architecture)

    limit = Constraint("cost", "<=", 200.0)
    problem = Problem(
        SIZES, constraints=(limit,), second="cost", known=Known(None, {"cost": counted})
    )
    history = walked(problem, 12)
    assert len(history.architectures) == 12
    assert set(asked.values()) == {1}


def test_candidates_of_sizes_are_those_of_single_draws() -> None:
    limit = Constraint("cost", "<=", 150.0)
    problem = Problem(SIZES, constraints=(limit,), known=Known(None, {"cost": cost}))

    def seen_once(elements: list[Architecture], seen: set[str]) -> list[Architecture]:
        """Those that may be proposed, one by one."""
        kept = []
        for element in elements:
            if cost(element) <= 150 and element.canonical_id not in seen:
                seen.add(element.canonical_id)
                kept.append(element)
        return kept

    candidates = Candidates(problem, None, [], np.random.default_rng(3))
    parents = [candidate.architecture for candidate in candidates.fresh(5)]
    rng, seen = np.random.default_rng(3), set[str]()
    slow: list[Architecture] = []
    while len(slow) < 5:
        n_missing = 5 - len(slow)
        slow += seen_once([SIZES.sample(rng) for _ in range(max(8, n_missing))], seen)[:n_missing]
        seen = {element.canonical_id for element in slow}
    assert parents == slow
    mutations = [candidate.architecture for candidate in candidates.mutations(parents, 20)]
    drawn = [SIZES.mutate(parent, rng) for parent in parents for _ in range(20)]
    assert mutations == seen_once(drawn, seen)
    assert len(mutations) > 20


def area(points: list[tuple[float, float]], corner: tuple[float, float]) -> float:
    """What is below and left of any of the points, and above and right of the corner."""
    total, height = 0.0, corner[0]
    for first, second in sorted(points, key=lambda point: -point[1]):
        if first > height:
            total += (first - height) * (second - corner[1])
            height = first
    return total


@pytest.mark.parametrize("seed", range(4))
def test_the_expected_growth_of_the_front(seed: int) -> None:
    """Against a mean over many draws of the first objective, each with its area."""
    rng = np.random.default_rng(seed)
    results = np.stack([rng.normal(0, 1, 15), rng.normal(-3, 1, 15)], axis=1)
    points = list(map(tuple, results.tolist()))
    first, second = (results.min(axis=0) - 0.1 * np.ptp(results, axis=0)).tolist()
    mean, deviation = rng.normal(1, 0.5, 6), rng.uniform(0.1, 1, 6)
    seconds = rng.normal(-2, 1, 6)
    fast = expected_growth(mean, deviation, seconds, results)
    before = area(points, (first, second))
    for i in range(6):
        scores = mean[i] + deviation[i] * rng.standard_normal(3000)
        gains = []
        for score in scores.tolist():
            gains.append(area([*points, (score, seconds[i])], (first, second)) - before)
        error = np.std(gains) / np.sqrt(len(gains))
        assert fast[i] == pytest.approx(np.mean(gains), abs=4 * error + 1e-9)
    assert fast.max() > 0.3


def test_what_a_faster_one_is_known_to_beat_adds_nothing() -> None:
    results = np.array([[1.0, -1.0], [-1.0, -3.0]])
    sure, worse = np.full(3, 1e-9), np.full(3, -1.0)
    # as good as the worse result: slower than the better one, as fast as it, and faster
    growth = expected_growth(worse, sure, np.array([-2.0, -1.0, -0.5]), results)
    # a tenth of the spread is between the worst score and the corner
    assert growth == pytest.approx([0.0, 0.0, 0.5 * 0.2], abs=1e-6)


def test_what_is_under_way_counts_as_on_the_front() -> None:
    """As if its expected result were there: what lies beside it has little to add."""
    problem = Problem(SIZES, second="cost", known=Known(None, {"cost": cost}))
    history = walked(problem, 20)
    assert history.objectives is not None
    trained = history.architectures[: len(history.utility)]
    for pending in ([], trained[-2:]):
        n = len(trained) - len(pending)
        results = history.objectives[:n]
        chooser = BlendSearch().bind(problem, None)
        part = History(
            trained[:n],
            history.utility[:n],
            [""] * n,
            pending,
            20,
            objectives=results,
        )
        scores = normal_scores(results[:, 0])
        rows = chooser._rows_of(part.architectures)
        pool = chooser._rows_of(trained)
        posterior = chooser._posterior(rows, results[:, 0], pool)
        mean, _ = posterior.at_pool(scores)
        front = chooser._expected_front(part, scores, posterior)
        assert front[:n].tolist() == np.stack([scores, results[:, 1]], axis=1).tolist()
        assert front[n:, 0] == pytest.approx(mean[n : n + len(pending)])
        assert front[n:, 1].tolist() == [-cost(element) for element in pending]
        # one by one as well, and after more rows were believed
        for row in rows[:2]:
            posterior.add(row)
        at_once = posterior.mean_at(pool, scores)
        assert at_once == pytest.approx(mean)
        posterior.drop(2)


@pytest.mark.parametrize("space", ["sizes", "operations"])
@pytest.mark.parametrize("strategy", ["blend", "fgp", "gp-onehot"])
def test_the_second_objective_is_known_and_not_learnt(strategy: str, space: str) -> None:
    """Where the first is hardly known, what is by far best in the second is proposed."""

    def noise(architecture: Architecture) -> float:
        # nothing that could be learnt; one in a thousand is far from the others
        number = int(architecture.canonical_id[:6], 16)
        return 1000.0 + number % 7 if architecture.canonical_id != outlier else 0.0

    ops = {"ops": ["a", "b", "c"], "n_nodes": 4, "edges": "chain"}
    elements = SIZES if space == "sizes" else CustomSpace(ops)
    table = elements.enumerate()
    outlier = str(table.canonical_ids[-2])
    problem = Problem(elements, second="noise", known=Known(None, {"noise": noise}))
    whole = listed(problem)
    assert whole is not None
    chooser = make_strategy(SearchConfig(strategy, n_initial=6), problem, whole)
    chooser.prepare(False)
    rows = np.arange(6) * (len(table) // 7)
    first = [table[row] for row in rows.tolist()]
    values, seconds = [3.0, 1.0, 5.0, 0.0, 4.0, 2.0], [noise(element) for element in first]
    utility = problem.utility(values, seconds, np.random.default_rng(0))
    objectives = problem.gains(values, seconds)
    history = History(first, utility, ["random"] * 6, [], 6, objectives=objectives)
    seen = [element.canonical_id for element in first]
    candidates = Candidates(problem, whole, seen, np.random.default_rng(0))
    (proposal,) = chooser.propose(history, candidates, 1)
    assert proposal.candidate.canonical_id == outlier


def walked(problem: Problem, n: int, strategy: str = "blend", seed: int = 0) -> History:
    """A search of `worth`, without a list of the space."""
    config = SearchConfig(strategy, seed=seed, n_initial=8, n_pool=60)  # type: ignore[call-arg]
    chooser = make_strategy(config, problem, None)
    chooser.prepare(False)
    elements: list[Architecture] = []
    values: list[float] = []
    history = History([], np.zeros(0), [], [], 0)
    for number in range(n):
        rng = np.random.default_rng([seed, number])
        seconds = [cost(element) for element in elements]
        utility = problem.utility(values, seconds, rng)
        objectives = problem.gains(values, seconds) if problem.second else None
        history = History(elements, utility, [""] * number, [], number, (), objectives)
        seen = [element.canonical_id for element in elements]
        (proposal,) = chooser.propose(history, Candidates(problem, None, seen, rng), 1)
        elements.append(proposal.candidate.architecture)
        values.append(worth(elements[-1]))
    return history


def test_the_default_reads_numbers() -> None:
    """In a space where little else differs it finds the best, which is one of 2,926."""
    assert SIZES.n_elements == 2926
    best = max(worth(element) for element in SIZES.enumerate())
    chooser = BlendSearch()
    chooser.bind(Problem(SIZES), None)
    assert {"sums", "totals", "values"} <= set(chooser._features_maker.sizes)
    for seed in range(2):
        history = walked(Problem(SIZES), 26, seed=seed)
        assert max(map(worth, history.architectures)) == best


def test_units_of_numbers_do_not_hang_on_results() -> None:
    """A column in which the first results agree leaves another element within reach."""
    chooser = BlendSearch()
    chooser.bind(Problem(SIZES), None)
    rng = np.random.default_rng(9)
    features = chooser.features(SIZES.sample_table(300, rng))
    numbers = features[:, -sum(chooser._features_maker.sizes[g] for g in ("sums", "values")) :]
    assert np.isfinite(features).all()
    assert np.abs(numbers).max() < 30
    # alone and in a table: the same numbers
    table = SIZES.sample_table(5, rng)
    one_by_one = [chooser.features(ArchTable.from_architectures([a]))[0] for a in table]
    np.testing.assert_allclose(chooser.features(table), np.array(one_by_one), rtol=1e-6, atol=1e-6)


def test_numbers_of_whole_networks_alone_are_read() -> None:
    """Groups of numbers of nodes have no column then."""
    space = CustomSizes(
        {"ops": ["a", "b"], "n_nodes": 3, "edges": "chain", "globals": {"lr": [1, 2, 3, 4, 5, 6]}}
    )
    problem = Problem(space)
    for whole in (None, listed(problem)):
        chooser = make_strategy(SearchConfig("blend", n_initial=6), problem, whole)
        table = space.enumerate()
        first = [table[row] for row in range(0, 48, 8)]
        values = np.array([element.globals["lr"] for element in first])
        seen = [element.canonical_id for element in first]
        candidates = Candidates(problem, whole, seen, np.random.default_rng(0))
        (proposal,) = chooser.propose(History(first, values, [""] * 6, [], 6), candidates, 1)
        assert proposal.candidate.architecture.globals["lr"] >= 5


def test_units_come_from_all_of_a_listed_space() -> None:
    """Its first elements have the same learning rate: a column of it is not thrown away."""
    problem = Problem(SIZES)
    chooser = BlendSearch()
    chooser.bind(problem, listed(problem))
    features = chooser.features(SIZES.enumerate())
    names = chooser._features_maker.names
    assert np.ptp(features[:, names.index("totals.lr")]) > 1
