"""Each strategy on small spaces, against what it must obviously do."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from nasflow.errors import ConfigError, UnknownNameError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.prediction.choice import choose
from nasflow.search.candidates import Candidates, listed
from nasflow.search.problem import Problem
from nasflow.search.strategies.base import History, Proposal
from nasflow.search.strategies.bayesian import normal_scores, on_scale
from nasflow.search.strategies.gp_onehot import one_hot
from nasflow.search.strategies.make import make_strategy
from nasflow.search.strategies.registry import STRATEGIES
from nasflow.search.two_objectives import expected_improvement
from nasflow.spaces import load_space
from search_spaces import CHAIN, MODELS, OPEN, Walk, options, worth


@pytest.mark.parametrize("strategy", STRATEGIES.names())
@pytest.mark.parametrize("whole", [True, False], ids=["listed", "drawn"])
def test_a_small_space_is_searched_to_its_end_without_a_twin(
    strategy: str, whole: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nasflow.search.candidates._TRIES", 8)  # to see sooner that nothing is left
    problem = Problem(OPEN)
    n_elements = len(set(OPEN.enumerate().canonical_ids))  # but for twins
    walk = Walk(options(strategy, n_initial=5, population=5), problem, whole=whole)
    while walk.step(8):
        pass
    ids = [p.candidate.canonical_id for p in walk.proposals]
    assert len(set(ids)) == len(ids)
    assert ids == [a.canonical_id for a in walk.architectures]
    assert len(ids) == n_elements if whole else len(ids) >= 0.9 * n_elements


@pytest.mark.parametrize("strategy", [*STRATEGIES.names(), "fgp+embedding"])
def test_the_same_history_gives_the_same_proposals(strategy: str) -> None:
    def walk(seed: int = 21) -> Walk:
        return Walk(options(strategy, n_initial=5, population=5, seed=seed), Problem(CHAIN))

    first = walk().walk(14).proposals
    assert walk().walk(14).proposals == first
    # a strategy that joins later proposes what one from the beginning does; npenas, at the end of a
    # round
    for n in (11,) if strategy == "npenas" else range(5, 14):
        later = walk()
        later.proposals = first[:n]
        assert later.walk(14).proposals[:14] == first[:14]
    assert walk(seed=3).walk(14).proposals != first


def test_random_is_uniform() -> None:
    problem = Problem(CHAIN)
    strategy, whole = make_strategy(options("random"), problem, None), listed(problem)
    counts: Counter[str] = Counter()
    for seed in range(600):
        candidates = Candidates(problem, whole, [], np.random.default_rng(seed))
        history = History([], np.zeros(0), [], [], 0)
        (proposal,) = strategy.propose(history, candidates, 1)
        counts[proposal.candidate.canonical_id] += 1
    assert len(counts) == 81
    assert scipy.stats.chisquare(list(counts.values())).pvalue > 0.01


def test_local_search_stops_at_a_local_optimum_and_starts_again() -> None:
    walk = Walk(options("local-search", n_initial=1), Problem(CHAIN))
    while not any(p.origin == "restart" for p in walk.proposals):
        assert walk.step()
    restart = walk.proposals[-1]
    architectures, values = walk.architectures[:-1], walk.values[:-1]
    best = architectures[int(np.argmax(values))]
    neighbours = list(CHAIN.neighbours(best))
    assert max(map(worth, neighbours)) <= worth(best)
    # all of them were trained before
    trained = {architecture.canonical_id for architecture in architectures}
    assert {neighbour.canonical_id for neighbour in neighbours} <= trained
    assert restart.candidate.architecture not in architectures
    # each step is a neighbour of what was the best before it
    for i, proposal in enumerate(walk.proposals[:-1]):
        if proposal.origin == "neighbour":
            before = architectures[int(np.argmax(values[:i]))]
            assert proposal.candidate.architecture in list(CHAIN.neighbours(before))


def test_evolution_mutates_the_winners_among_the_youngest() -> None:
    """The best of all is the oldest, so with a population of the others it is never a parent."""
    table = CHAIN.enumerate()
    order = np.argsort([-worth(a) for a in table], kind="stable").tolist()
    trained = [table[row] for row in [order[0], *order[40:50]]]
    values = np.array([worth(architecture) for architecture in trained])
    seen = [architecture.canonical_id for architecture in trained]
    problem = Problem(CHAIN)
    history = History(trained, values, ["random"] * 11, [], 11)

    def parents(population: int, tournament: int) -> Counter[Architecture]:
        """How often each was the parent, or might have been, in 40 proposals."""
        config = options("evolution", population=population, tournament=tournament, n_initial=11)
        strategy = make_strategy(config, problem, None)
        counts: Counter[Architecture] = Counter()
        for seed in range(40):
            candidates = Candidates(problem, None, seen, np.random.default_rng(seed))
            (child,) = strategy.propose(history, candidates, 1)
            assert child.origin == "mutation"
            for parent in trained:
                if child.candidate.architecture in set(CHAIN.neighbours(parent)):
                    counts[parent] += 1
        return counts

    # in the population, and the best of every full tournament
    assert parents(11, 11)[trained[0]] == 40
    # the oldest left the population, so the next best wins
    assert parents(10, 10)[trained[1]] == 40
    # a tournament of one is a uniform draw
    assert len(parents(10, 1)) > 5


@pytest.mark.parametrize("strategy", MODELS)
def test_models_find_the_best_of_81_before_chance_would(strategy: str) -> None:
    best = max(worth(a) for a in CHAIN.enumerate())
    walk = Walk(options(strategy, n_initial=10), Problem(CHAIN)).walk(34)
    assert max(walk.values) == best
    predictions = [p.predicted for p in walk.proposals if p.origin != "random"]
    assert all(p is not None and np.isfinite(p) for p in predictions)


@pytest.mark.parametrize("strategy", MODELS)
def test_equal_results_are_no_error(strategy: str) -> None:
    walk = Walk(options(strategy, n_initial=3), Problem(CHAIN)).walk(4)
    history = History(walk.architectures, np.ones(4), ["random"] * 4, [], 4)
    candidates = Candidates(walk.problem, walk.whole, [], np.random.default_rng(0))
    assert len(walk.strategy.propose(history, candidates, 2)) >= 2


def test_proposals_made_together_differ_from_what_is_being_trained() -> None:
    """What is pending counts as having the expected result: it is uncertain no longer."""
    walk = Walk(options("fgp", n_initial=8), Problem(CHAIN)).walk(8)
    together = walk.step(6)
    assert len({p.candidate.canonical_id for p in together}) == 6
    many = Walk(options("fgp", n_initial=8), Problem(CHAIN)).walk(8).step(60)
    assert len({p.candidate.canonical_id for p in many}) == 60


def test_npenas_goes_in_rounds_and_from_the_pre_trained_weights() -> None:
    walk = Walk(options("npenas", n_initial=8), Problem(CHAIN)).walk(8)
    history = History(walk.architectures, np.array(walk.values), ["random"] * 8, [], 8)

    def propose() -> list[Proposal]:
        seen = [proposal.candidate.canonical_id for proposal in walk.proposals]
        candidates = Candidates(walk.problem, walk.whole, seen, np.random.default_rng(1))
        return walk.strategy.propose(history, candidates, 1)

    round_1 = propose()
    assert len(round_1) == 6
    # a fit that went on from the last one's weights would predict otherwise
    assert propose() == round_1
    parents = [walk.architectures[i] for i in np.argsort(-history.utility, kind="stable")[:4]]
    near: set[Architecture] = set()
    for parent in parents:
        near.update(CHAIN.neighbours(parent))
    assert all(proposal.candidate.architecture in near for proposal in round_1)


def test_npenas_ranks_mutations_further_away_where_asked_to() -> None:
    def proposed(again: float) -> set[Architecture]:
        config = options("npenas", n_initial=8, n_parents=1, mutate_again=again)
        walk = Walk(config, Problem(CHAIN)).walk(8)
        return {proposal.candidate.architecture for proposal in walk.step(1)}

    walk = Walk(options("npenas", n_initial=8), Problem(CHAIN)).walk(8)
    parent = walk.architectures[int(np.argmax(walk.values))]
    near = set(CHAIN.neighbours(parent))
    assert proposed(0.0) <= near
    assert proposed(0.8) - near
    with pytest.raises(ConfigError, match=r"mutate_again is 1.0; legal: a number from 0 to 0.9"):
        options("npenas", mutate_again=1.0)


def test_fgp_sees_the_parts_that_are_named_and_pre_trains_for_embeddings_alone(
    tmp_path: Path,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASFLOW_CACHE", str(tmp_path))
        plain = Walk(options("fgp", features=("counts", "surrogate")), Problem(CHAIN))
        assert not list(tmp_path.iterdir())
        both = Walk(options("fgp", features=("surrogate", "embedding")), Problem(CHAIN))
        assert list(tmp_path.glob("search-custom-*.safetensors"))
    assert plain.whole is not None
    n_ops = len(plain.whole.table.vocabulary)
    assert list(plain.strategy.groups()) == [n_ops + n_ops**2, 3]  # type: ignore[attr-defined]
    assert list(both.strategy.groups()) == [3, 8]  # type: ignore[attr-defined]
    table = plain.whole.table
    of_plain = plain.strategy.features(table)  # type: ignore[attr-defined]
    of_both = both.strategy.features(table)  # type: ignore[attr-defined]
    # the surrogate is the last part of the one and the first of the other
    np.testing.assert_array_equal(of_plain[:, -3:], of_both[:, :3])
    message = r"features is \('accuracy',\); legal: one or more of embedding, surrogate"
    with pytest.raises(ConfigError, match=message):
        options("fgp", features=("accuracy",))


def test_an_unknown_strategy_or_proxy_is_named() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown strategy 'fpg' \(did you mean 'fgp'\?\)"):
        make_strategy(options("fpg"), Problem(CHAIN), None)
    with pytest.raises(UnknownNameError, match="unknown known quantity 'jacov'"):
        make_strategy(options("fgp", proxies=("jacov",)), Problem(CHAIN), None)


# -- the arithmetic --------------------------------------------------------------------------------


def test_expected_improvement_is_the_mean_of_what_is_above_the_best() -> None:
    rng = np.random.default_rng(0)
    for mean, deviation, best in [(0.3, 0.5, 0.1), (-1.0, 0.7, 0.5), (2.0, 0.1, 0.0)]:
        draws = rng.normal(mean, deviation, 400_000)
        expected = np.maximum(draws - best, 0).mean()
        improvement = expected_improvement(np.array([mean]), np.array([deviation]), best)[0]
        assert improvement == pytest.approx(expected, rel=0.05, abs=2e-3)
    certain = expected_improvement(np.array([1.0, -1.0]), np.zeros(2), 0.0)
    assert certain.tolist() == pytest.approx([1.0, 0.0])


def test_scores_go_back_to_the_values_they_came_from() -> None:
    values = np.array([90.0, 91.0, 10.0, 93.0, 92.0])
    scores = normal_scores(values)
    assert np.argsort(scores).tolist() == np.argsort(values).tolist()
    for score, value in zip(scores, values, strict=True):
        assert on_scale(float(score), 0.1, values)[0] == pytest.approx(value)
    assert on_scale(float(scores.max()) + 1, 0.1, values)[0] > 93
    assert on_scale(0.0, 0.5, values)[1] > on_scale(0.0, 0.1, values)[1] > 0


@pytest.mark.parametrize("name", ["nb101", "nb201", "darts"])
def test_the_one_hot_code_says_which_operation_is_where_and_which_edges_there_are(
    name: str,
) -> None:
    space, rng = load_space(name), np.random.default_rng(0)
    table = ArchTable.from_architectures([space.sample(rng) for _ in range(6)])
    n, ops = int(np.diff(table.node_ptr).max()), table.vocabulary
    rows = []
    for architecture in table:
        padded = [*architecture.ops, *[""] * (n - architecture.n_nodes)]
        code = [op == other for op in padded for other in ops]
        code += [(i, j) in architecture.edges for i, j in itertools.combinations(range(n), 2)]
        rows.append(code)
    np.testing.assert_array_equal(one_hot(table, n), np.array(rows, float))
    assert one_hot(table, 3).shape == (6, 3 * len(ops) + 3)


@pytest.mark.parametrize("strategy", ["blend", "gp-onehot"])
def test_the_first_trainings_are_those_that_teach_most_if_asked_for(strategy: str) -> None:
    problem = Problem(CHAIN)
    whole = listed(problem)
    assert whole is not None
    walk = Walk(options(strategy, n_initial=5, start="chosen"), problem).walk(5)
    elements = whole.table[np.flatnonzero(whole.allowed_first)]
    expected = [elements[row] for row in choose(elements, 5, seed=21).tolist()]
    assert walk.architectures == expected
    assert [proposal.origin for proposal in walk.proposals] == ["telling"] * 5
    # who joins later goes on with the same
    later = Walk(options(strategy, n_initial=5, start="chosen"), problem)
    later.proposals = walk.proposals[:2]
    assert later.walk(5).architectures == expected
    assert "teach most" in later.strategy.note_on_budget(3)


@pytest.mark.parametrize(("strategy", "n"), [("blend", 15), ("fgp", 24)])
def test_a_space_of_sizes_is_searched_by_its_numbers(
    strategy: str, n: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("search_spaces.worth", _nearness)
    problem = Problem(load_space("nats-sss"))
    # a space of one wiring and one operation: its numbers are all there is to see
    found = Walk(options(strategy, n_initial=8), problem, whole=False).walk(n)
    random = Walk(options("random"), problem, whole=False).walk(24)
    assert max(found.values) > max(random.values)
    assert np.mean(found.values[n - 5 :]) > np.mean(random.values)


def _nearness(architecture: Architecture) -> float:
    """Near 0 where the first widths are small and the last ones large; else below."""
    widths = [width for width in architecture.attrs["width"] if width is not None]
    return -abs(np.log(widths[1] / 16)) - abs(np.log(widths[-2] / 64))
