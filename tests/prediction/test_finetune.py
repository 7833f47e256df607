"""Fine-tuning: which epoch is kept, and what it refuses."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
import torch

import nasflow.prediction.finetune
import nasflow.prediction.scorer
from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import DataError
from nasflow.options.training import FitConfig
from nasflow.prediction.finetune import _batches, fine_tune
from nasflow.prediction.inputs import check_labels
from nasflow.prediction.scorer import Scorer, in_chunks, scores
from nasflow.statistics.metrics import kendall_tau
from oracles import OPS, random_table

TABLE = random_table(40)
LABELS = np.random.default_rng(0).normal(size=40)
VALIDATION = (random_table(15, seed=1), np.random.default_rng(1).normal(size=15))
CONFIG = FitConfig(epochs=5, batch_size=8)


def _scorer() -> Scorer:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Scorer(make_encoder(len(OPS), EncoderConfig(width=8)))


def _same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


# -- learning
# -------------------------------------------------------------------------------------------


def test_it_learns_to_rank_what_the_graph_tells() -> None:
    labels = np.array([-float(len(graph.edges)) for graph in TABLE]) + 1e-3 * LABELS
    scorer = _scorer()
    before = kendall_tau(scores(scorer, TABLE), labels)
    fine_tune(scorer, TABLE, labels, FitConfig(epochs=60, batch_size=8, lr=5e-3))
    after = kendall_tau(scores(scorer, TABLE), labels)
    assert after > 0.7
    assert after > before


def test_only_the_order_of_the_labels_matters() -> None:
    results = []
    for labels in (LABELS, np.argsort(np.argsort(LABELS)) * 1e6):
        scorer = _scorer()
        fine_tune(scorer, TABLE, labels, CONFIG)
        results.append(scorer.state_dict())
    assert _same(*results)


def test_the_same_seed_gives_the_same_bits_and_another_others() -> None:
    results = []
    for seed in (21, 21, 22):
        scorer = _scorer()
        torch.manual_seed(len(results))
        config = FitConfig(epochs=3, batch_size=8, seed=seed)
        results.append(fine_tune(scorer, TABLE, LABELS, config, VALIDATION).last)
    assert _same(results[0], results[1])
    assert not _same(results[0], results[2])


# -- which epoch
# ----------------------------------------------------------------------------------------


def _follow(monkeypatch: pytest.MonkeyPatch, taus: list[float]) -> list[dict[str, torch.Tensor]]:
    """Let the validation taus be `taus`; the list fills with the weights each was computed for."""
    seen: list[dict[str, torch.Tensor]] = []
    rest = iter(taus)
    original = nasflow.prediction.finetune.scores

    def spying(scorer: Scorer, *rows: Any) -> Any:
        seen.append({name: tensor.clone() for name, tensor in scorer.state_dict().items()})
        return original(scorer, *rows)

    monkeypatch.setattr(nasflow.prediction.finetune, "scores", spying)
    monkeypatch.setattr(nasflow.prediction.finetune, "kendall_tau", lambda *_: next(rest))
    return seen


@pytest.mark.parametrize(
    ("taus", "best"),
    [
        ([0.1, 0.2, 0.5, 0.9, 0.4, 0.3], 3),
        ([0.1, 0.2, 0.5, 0.5, 0.5, 0.5], 2),  # strictly better: the first wins
        ([0.6, 0.2, 0.5, 0.6, 0.4, 0.3], 0),  # the initial weights count too
        ([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 5),
        ([-0.9, -0.2, -0.3, -0.4, -0.5, -0.6], 1),
    ],
)
def test_the_weights_of_the_best_validation_epoch_are_restored(
    monkeypatch: pytest.MonkeyPatch, taus: list[float], best: int
) -> None:
    seen, scorer = _follow(monkeypatch, taus), _scorer()
    fitted = fine_tune(scorer, TABLE, LABELS, CONFIG, VALIDATION)
    assert len(seen) == 6
    assert not any(_same(one, other) for one, other in itertools.pairwise(seen))
    assert fitted.best_epoch == best
    assert fitted.validation_tau == tuple(taus)
    assert _same(scorer.state_dict(), seen[best])
    assert _same(fitted.best, seen[best])
    assert _same(fitted.last, seen[-1])


@pytest.mark.parametrize("window", [2, 3, 100])
def test_averaged_weights_are_the_running_mean_of_every_epochs_own(
    monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    own = _follow(monkeypatch, [0.1, 0.2, 0.9, 0.3, 0.4, 0.5])
    fine_tune(_scorer(), TABLE, LABELS, CONFIG, VALIDATION)
    means = {name: [tensor.double()] for name, tensor in own[1].items()}  # own[0] is the start
    for n, weights in enumerate(own[2:], start=2):
        for name, tensor in weights.items():
            mean, share = means[name][-1], 1 / min(n, window)
            means[name].append((1 - share) * mean + share * tensor.double())
    shown, scorer = _follow(monkeypatch, [0.1, 0.2, 0.9, 0.3, 0.4, 0.5]), _scorer()
    fitted = fine_tune(
        scorer, TABLE, LABELS, dataclasses.replace(CONFIG, average=window), VALIDATION
    )
    assert _same(shown[0], own[0])  # before the first epoch there is no mean
    for name, expected in means.items():
        for seen, mean in zip(shown[1:], expected, strict=True):
            torch.testing.assert_close(seen[name].double(), mean, rtol=0, atol=1e-6)
    assert fitted.best_epoch == 2
    assert _same(fitted.best, shown[2])
    assert _same(fitted.last, shown[-1])
    assert _same(scorer.state_dict(), shown[2])
    without = fine_tune(
        scorer := _scorer(), TABLE, LABELS, dataclasses.replace(CONFIG, average=window)
    )
    assert _same(without.last, fitted.last)
    assert _same(scorer.state_dict(), fitted.last)


def test_the_weights_kept_are_copies_that_further_training_cannot_reach() -> None:
    scorer = _scorer()
    fitted = fine_tune(scorer, TABLE, LABELS, CONFIG, VALIDATION)
    kept = {name: tensor.clone() for name, tensor in fitted.best.items()}
    with torch.no_grad():
        for parameter in scorer.parameters():
            parameter.fill_(7)
    assert _same(fitted.best, kept)


def test_the_tau_of_the_best_epoch_is_what_the_scorer_has_afterwards() -> None:
    scorer = _scorer()
    fitted = fine_tune(scorer, TABLE, LABELS, CONFIG, VALIDATION)
    assert kendall_tau(scores(scorer, VALIDATION[0]), VALIDATION[1]) == max(fitted.validation_tau)
    assert fitted.validation_tau[fitted.best_epoch] == max(fitted.validation_tau)


def test_the_epoch_can_be_chosen_by_the_pairs_of_validation_and_training_rows_too() -> None:
    labels, held_labels = (
        np.array([-float(len(graph.edges)) for graph in table]) + 2 * noise
        for table, noise in ((TABLE, LABELS), VALIDATION)
    )
    held_out = (VALIDATION[0], held_labels)
    config = FitConfig(epochs=40, batch_size=8, lr=5e-3)
    plain, scorer = fine_tune(_scorer(), TABLE, labels, config, held_out), _scorer()
    fitted = fine_tune(
        scorer, TABLE, labels, dataclasses.replace(config, epoch_pairs="labelled"), held_out
    )
    assert _same(fitted.last, plain.last)  # it chooses, and trains nothing
    assert fitted.best_epoch == np.argmax(fitted.validation_tau)
    assert fitted.best_epoch != plain.best_epoch
    held, trained = scores(scorer, held_out[0]), scores(scorer, TABLE)
    signs = [
        np.sign((a - b) * (x - y))
        for a, x in zip(held, held_labels, strict=True)
        for b, y in zip(trained, labels, strict=True)
    ]
    signs += [
        np.sign((held[i] - held[j]) * (held_labels[i] - held_labels[j]))
        for i, j in itertools.combinations(range(len(held)), 2)
    ]
    # no two labels are equal, and hardly two scores
    assert fitted.validation_tau[fitted.best_epoch] == pytest.approx(np.mean(signs), abs=0.01)


def test_validation_rows_choose_the_epoch_and_train_nothing() -> None:
    with_rows, without = _scorer(), _scorer()
    last = fine_tune(with_rows, TABLE, LABELS, CONFIG, VALIDATION).last
    fitted = fine_tune(without, TABLE, LABELS, CONFIG)
    assert _same(last, fitted.last)
    assert _same(fitted.best, fitted.last)
    assert _same(without.state_dict(), fitted.last)
    assert fitted.best_epoch == 5
    assert fitted.validation_tau == ()


def test_the_scorer_is_left_without_dropout() -> None:
    scorer = _scorer()
    fine_tune(scorer, TABLE, LABELS, CONFIG)
    assert not scorer.training
    np.testing.assert_array_equal(scores(scorer, TABLE), scores(scorer, TABLE))


# -- batches and chunks
# ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("n", "size", "sizes"),
    [
        (17, 16, [17]),
        (33, 16, [16, 17]),
        (18, 16, [16, 2]),
        (16, 16, [16]),
        (2, 16, [2]),
        (3, 2, [3]),
    ],
)
def test_no_batch_is_left_with_one_row(n: int, size: int, sizes: list[int]) -> None:
    batches = _batches(torch.arange(n), size)
    assert [len(batch) for batch in batches] == sizes
    assert torch.cat(batches).tolist() == list(range(n))


@pytest.mark.parametrize("n", [2, 16, 17, 33])
def test_any_number_of_labels_from_2_on_can_be_fitted(n: int) -> None:
    scorer = _scorer()
    fitted = fine_tune(scorer, TABLE[:n], LABELS[:n], FitConfig(epochs=2, batch_size=16))
    assert all(torch.isfinite(tensor).all() for tensor in fitted.last.values())


def test_any_number_of_threads_encodes_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nasflow.prediction.scorer, "ENCODE_NODES", 30)
    scorer = _scorer()
    before = torch.get_num_threads()
    found = []
    for n_threads in (1, 2, 5):
        torch.set_num_threads(n_threads)
        found.append(torch.cat(in_chunks(scorer, TABLE)))
        assert torch.get_num_threads() == n_threads
    torch.set_num_threads(before)
    assert torch.equal(found[0], found[1])
    assert torch.equal(found[0], found[2])


def test_scores_do_not_depend_on_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = _scorer()
    whole = scores(scorer, TABLE)
    monkeypatch.setattr(nasflow.prediction.scorer, "ENCODE_NODES", 30)
    first = next(n for n in range(1, 40) if TABLE.node_ptr[n + 1] > 30)
    sizes = [len(chunk) for chunk in in_chunks(scorer, TABLE)]
    assert sizes[0] == first > 1
    assert sum(sizes) == 40
    np.testing.assert_allclose(scores(scorer, TABLE), whole, rtol=1e-4, atol=1e-6)
    monkeypatch.setattr(nasflow.prediction.scorer, "ENCODE_NODES", 3)  # fewer than any graph has
    assert len(in_chunks(scorer, TABLE)) == len(TABLE)
    np.testing.assert_allclose(scores(scorer, TABLE), whole, rtol=1e-4, atol=1e-6)
    assert scores(scorer, TABLE[:0]).shape == (0,)


# -- errors
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ([1.0, np.nan, 2.0], "label of row 1 is nan; leave out what was not measured"),
        ([1.0, 2.0, np.inf], "label of row 2 is inf"),
        ([3.0, 3.0, 3.0], r"labels \[3.0, 3.0, 3.0\] ... hold no two different values"),
        ([1.0, 2.0], r"labels have shape \(2,\); 3 architectures need \(3,\)"),
        ([[1.0], [2.0], [3.0]], r"labels have shape \(3, 1\); 3 architectures need \(3,\)"),
    ],
)
def test_labels_that_rank_nothing_are_refused(labels: Any, words: str) -> None:
    scorer = _scorer()
    before = {name: tensor.clone() for name, tensor in scorer.state_dict().items()}
    with pytest.raises(DataError, match=words):
        fine_tune(scorer, TABLE[:3], np.array(labels), CONFIG)
    with pytest.raises(DataError, match=f"validation {words}"):
        fine_tune(scorer, TABLE, LABELS, CONFIG, (TABLE[:3], np.array(labels)))
    assert _same(scorer.state_dict(), before)


def test_one_label_or_none_is_too_few() -> None:
    for n in (0, 1):
        with pytest.raises(DataError, match="no two different values"):
            check_labels(TABLE[:n], LABELS[:n], "label")
