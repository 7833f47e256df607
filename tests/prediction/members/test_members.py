"""Members say of labelled rows what they would say without their labels, and of others the same."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from nasflow import GaussianProcess
from nasflow.prediction.members import trees
from nasflow.prediction.members.base import FloatArray, Rows
from nasflow.prediction.members.gaussian_process import GroupsGP
from nasflow.prediction.members.registry import MEMBERS
from nasflow.prediction.members.trees import Trees
from nasflow.spaces.nb201 import NB201

N_ROWS = 40
# members that look at graphs have test files of their own
NAMES = [name for name in MEMBERS.names() if not MEMBERS.find(name).reads_graph]
CELLS = NB201().enumerate()


def random_rows(n_rows: int = N_ROWS, seed: int = 0) -> Rows:
    """Features of every group of the package, at random."""
    random = np.random.RandomState(seed)
    widths = {"paths": 6, "one-hot": 4, "flow": 5, "counts": 3, "proxies": 2}
    blocks = {name: random.randn(n_rows, width) for name, width in widths.items()}
    # what members of numbers look at says the same
    blocks |= {"totals": blocks["paths"][:, :2], "log-totals": blocks["counts"]}
    blocks |= {"sums": blocks["paths"][:, :3], "log-sums": blocks["counts"]}
    blocks["values"] = blocks["one-hot"]
    return Rows(CELLS[:n_rows], blocks)


def scores_of(rows: Rows) -> FloatArray:
    """A curve and a line through the features."""
    paths, counts = rows.blocks["paths"], rows.blocks["counts"]
    scores: FloatArray = np.sin(paths[:, 0]) + 0.5 * counts[:, 1]
    return scores


def test_leaving_one_out_in_closed_form_is_conditioning_on_the_others() -> None:
    features, labels = np.random.RandomState(1).randn(20, 5), np.random.RandomState(2).randn(20)
    process = GaussianProcess([2, 3], prior=0.1).fit(features, labels)
    mean, deviation = process.leave_one_out()
    for row in range(len(labels)):
        others = np.arange(len(labels)) != row
        process.condition(features[others], labels[others])
        expected_mean, expected_deviation = process.predict(features[row : row + 1])
        np.testing.assert_allclose(mean[row], expected_mean[0], atol=1e-8)
        np.testing.assert_allclose(deviation[row], expected_deviation[0], atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_a_member_learns_what_its_features_say(name: str) -> None:
    known, others = random_rows(seed=0), random_rows(seed=1)
    member = MEMBERS.find(name)(seed=0).fit(known, scores_of(known))
    predicted = member.predict(others)
    assert predicted.mean.shape == predicted.deviation.shape == (N_ROWS,)
    assert (predicted.deviation >= 0).all()
    assert np.corrcoef(predicted.mean, scores_of(others))[0, 1] > 0.3


@pytest.mark.parametrize("name", NAMES)
def test_what_is_said_of_a_row_without_its_label_is_further_off(name: str) -> None:
    known = random_rows()
    scores = scores_of(known)
    member = MEMBERS.find(name)(seed=0).fit(known, scores)
    seen = np.abs(member.predict(known).mean - scores).mean()
    unseen = np.abs(member.out_of_fold().mean - scores).mean()
    assert unseen > seen


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_is_the_same_bits(name: str) -> None:
    known = random_rows()
    first = MEMBERS.find(name)(seed=3).fit(known, scores_of(known))
    second = MEMBERS.find(name)(seed=3).fit(known, scores_of(known))
    assert first.predict(known).mean.tobytes() == second.predict(known).mean.tobytes()
    assert first.out_of_fold().mean.tobytes() == second.out_of_fold().mean.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_rows_that_all_look_the_same_are_predicted_as_their_mean(name: str) -> None:
    same = Rows(CELLS[:6], {group: np.ones((6, 2)) for group in random_rows().blocks})
    scores = np.arange(6.0)
    member = MEMBERS.find(name)().fit(same, scores)
    np.testing.assert_allclose(member.predict(same).mean, np.full(6, 2.5))
    assert np.isfinite(member.out_of_fold().mean).all()


def test_a_group_that_the_blend_does_not_have_is_left_out() -> None:
    paths = random_rows().blocks["paths"]
    known = Rows(CELLS[:N_ROWS], {"paths": paths})
    member = GroupsGP().fit(known, np.sin(paths[:, 0]))
    assert np.isfinite(member.predict(known).mean).all()


def test_its_trees_are_those_of_scikit_learns_forest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trees, "CHUNK", 7)
    known, others = random_rows(), random_rows(20, seed=5)
    scores = scores_of(known)
    predicted = Trees(seed=3).fit(known, scores).predict(others)
    before, after = (
        np.float32(np.hstack([rows.blocks[name] for name in Trees.groups]))
        for rows in (known, others)
    )
    forest = ExtraTreesRegressor(trees.N_TREES, max_features=0.3, random_state=3)
    forest.fit(before, scores)
    each = np.stack([tree.predict(after) for tree in forest.estimators_])
    np.testing.assert_allclose(predicted.mean, forest.predict(after), atol=1e-10)
    np.testing.assert_allclose(predicted.deviation, each.std(axis=0), atol=1e-6)


def test_more_rows_than_a_fit_takes_choose_their_scales_by_a_sample(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = random_rows(80)
    monkeypatch.setattr("nasflow.prediction.members.gaussian_process.MAX_ROWS", 30)
    member = GroupsGP().fit(known, scores_of(known))
    assert len(member.out_of_fold().mean) == 80
    others = random_rows(20, seed=5)
    assert np.corrcoef(member.predict(others).mean, scores_of(others))[0, 1] > 0.5


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n_rows", [20, 80])
def test_a_state_brings_back_the_same_bits(
    name: str, n_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nasflow.prediction.members.gaussian_process.MAX_ROWS", 30)
    known, others = random_rows(n_rows), random_rows(9, seed=1)
    scores = scores_of(known)
    member = MEMBERS.find(name)(seed=3).fit(known, scores)
    restored = MEMBERS.find(name)(seed=3).restore(known, scores, member.state())
    for before, after in zip(member.predict(others), restored.predict(others), strict=True):
        assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_the_mean_alone_is_the_mean(name: str) -> None:
    known, others = random_rows(30), random_rows(9, seed=1)
    member = MEMBERS.find(name)(seed=3).fit(known, scores_of(known))
    assert member.predict_mean(others).tobytes() == member.predict(others).mean.tobytes()
