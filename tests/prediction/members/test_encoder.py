"""The encoder as a member: all labels train, and folds say what it knows without a row's label."""

from __future__ import annotations

import numpy as np
import pytest

from nasflow import EncoderConfig, FitConfig
from nasflow.prediction.members.base import FloatArray, Prediction, Rows
from nasflow.prediction.members.encoder import EncoderMember
from nasflow.spaces.nb201 import NB201

CELLS = NB201().enumerate()[::311]  # 51
KNOWN, OTHERS = Rows(CELLS[:30], {}), Rows(CELLS[30:], {})
QUICK = FitConfig(epochs=12, lr=3e-3, average=4)
SMALL = EncoderConfig(width=16, n_layers=2)


def scores_of(rows: Rows) -> FloatArray:
    """How many 3x3 convolutions a cell computes, and a little of its 1x1 ones."""
    counts = rows.table.pruned().op_counts()
    vocabulary = rows.table.vocabulary
    n_large, n_small = (counts[:, vocabulary.index(op)] for op in ("conv3x3", "conv1x1"))
    scores: FloatArray = n_large - 1.0 + 0.3 * n_small
    return scores


def fitted(rows: Rows = KNOWN, **parameters: object) -> EncoderMember:
    """A small member, fitted on the rows."""
    member = EncoderMember(**{"encoder": SMALL, "fit": QUICK, **parameters})  # type: ignore[arg-type]
    return member.fit(rows, scores_of(rows))


def same_bits(first: Prediction, second: Prediction) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(first, second, strict=True))


def test_it_learns_what_graphs_say() -> None:
    member = fitted()
    predicted = member.predict(OTHERS)
    assert predicted.mean.shape == predicted.deviation.shape == (len(OTHERS),)
    assert np.corrcoef(predicted.mean, scores_of(OTHERS))[0, 1] > 0.6


def test_a_row_without_its_label_is_further_off_and_so_is_the_deviation() -> None:
    member = fitted()
    scores = scores_of(KNOWN)
    unseen = member.out_of_fold()
    assert np.abs(unseen.mean - scores).mean() > np.abs(member.predict(KNOWN).mean - scores).mean()
    expected = np.sqrt(((unseen.mean - scores) ** 2).mean())
    np.testing.assert_allclose(unseen.deviation, np.full(len(KNOWN), expected))


def test_the_label_of_a_row_has_no_part_in_what_is_said_of_it_unseen() -> None:
    """Of two fits that differ in one label alone, the networks of its fold are the same."""
    scores = scores_of(KNOWN)
    other = scores.copy()
    other[3] += 5.0
    made = []
    for labels in (scores, other):
        member = EncoderMember(encoder=SMALL, fit=QUICK).fit(KNOWN, labels)
        # the line that follows is over all rows: undone here
        made.append((member._unseen[3] - member._line[0]) / member._line[1])
    np.testing.assert_allclose(made[0], made[1], rtol=1e-9)


def test_a_state_brings_back_the_same_bits() -> None:
    member = fitted()
    other = EncoderMember(encoder=SMALL, fit=QUICK)
    restored = other.restore(KNOWN, scores_of(KNOWN), member.state())
    assert same_bits(member.predict(OTHERS), restored.predict(OTHERS))
    assert same_bits(fitted().predict(OTHERS), member.predict(OTHERS))


def test_as_computed_twins_are_predicted_alike() -> None:
    """An operation on no path to the output changes nothing, unless graphs are seen as written."""
    texts = [
        "|conv3x3~0|+|none~0|none~1|+|skip~0|none~1|none~2|",
        "|none~0|+|none~0|none~1|+|skip~0|none~1|none~2|",
    ]
    names = {"conv3x3": "nor_conv_3x3", "skip": "skip_connect"}
    for short, long in names.items():
        texts = [text.replace(short, long) for text in texts]
    from nasflow.prediction.inputs import as_table

    twins = Rows(as_table(texts, NB201(), CELLS.vocabulary), {})
    first, second = fitted().predict(twins).mean
    assert first == pytest.approx(second, abs=1e-6)
    first, second = fitted(as_computed=False).predict(twins).mean
    assert abs(first - second) > 1e-4


def test_proxies_stand_beside_the_embedding() -> None:
    rows = Rows(CELLS, {"proxies": np.linspace(-1, 1, len(CELLS))[:, None]})
    member = fitted(rows)
    assert member._network.scorer.head[0].in_features == SMALL.width + 1


@pytest.mark.parametrize("scores", [[1.0, 2.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]])
def test_labels_that_hold_little(scores: list[float]) -> None:
    rows = Rows(CELLS[: len(scores)], {})
    member = EncoderMember(encoder=SMALL, fit=QUICK).fit(rows, np.array(scores))
    for said in (member.predict(OTHERS), member.out_of_fold()):
        assert np.isfinite(said.mean).all()
        assert (said.deviation >= 0).all()
    if len(set(scores)) == 1:
        np.testing.assert_allclose(member.predict(OTHERS).mean, 1.0)
