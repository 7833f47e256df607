"""FGP: pre-train, fit, predict, save, load, and what each refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import nasflow.prediction.finetune
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import (
    CheckpointError,
    ConfigError,
    DataError,
    GraphError,
    MissingDataError,
    NotFittedError,
)
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.table import ArchTable
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig
from nasflow.prediction.fgp import FGP
from nasflow.prediction.scale import rising_line
from nasflow.prediction.scorer import scores
from nasflow.statistics.metrics import kendall_tau
from oracles import OPS, random_table

TABLE = random_table(40)
LABELS = 90 + np.random.default_rng(0).normal(size=40)
HELD_OUT = (random_table(15, seed=1), 90 + np.random.default_rng(1).normal(size=15))
EPOCHS = 3


def _predictor(**options: Any) -> FGP:
    return FGP(
        encoder=EncoderConfig(width=8),
        surrogate=SurrogateConfig(k=4, sigma=1.0),
        pretrain=PretrainConfig(epochs=2, batch_size=16, decoder_width=8),
        fit=FitConfig(epochs=EPOCHS, batch_size=8),
        **options,
    )


def _fitted() -> FGP:
    return _predictor().pretrain(TABLE).fit(TABLE, LABELS, validation=HELD_OUT)


# -- predictions
# ----------------------------------------------------------------------------------------


def test_predictions_are_in_the_unit_of_the_label_and_keep_the_order_of_the_scores() -> None:
    predictor = _fitted()
    predicted = predictor.predict(TABLE)
    assert predicted.shape == (40,)
    assert predicted.dtype == np.float64
    assert abs(predictor.predict(HELD_OUT[0]).mean() - HELD_OUT[1].mean()) < 1e-6
    raw = scores(predictor._require(), TABLE)
    assert np.array_equal(np.argsort(raw, kind="stable"), np.argsort(predicted, kind="stable"))


@pytest.mark.parametrize("factor", [2.0, -2.0, 0.0])
def test_calibration_never_turns_the_order_round(factor: float) -> None:
    """Even where the scores run against the labels of the rows that calibrate."""
    score, other = np.array([0.3, -1.0, 2.0]), np.array([5.0, 1.0, 4.0])
    label = 90 + factor * score
    intercept, slope = rising_line(score, label + np.array([0.0, 1e-3, 0.0]))
    assert slope > 0
    assert np.array_equal(np.argsort(intercept + slope * other), np.argsort(other))
    assert (intercept + slope * score).mean() == pytest.approx(label.mean(), abs=1e-3)


def test_scores_that_are_all_equal_predict_the_mean_label() -> None:
    intercept, slope = rising_line(np.zeros(3), np.array([1.0, 2.0, 6.0]))
    assert intercept == pytest.approx(3)
    assert np.isfinite(slope)


def test_calibration_is_the_least_squares_line() -> None:
    labels = np.array([-float(len(graph.edges)) for graph in TABLE])
    predictor = FGP(encoder=EncoderConfig(width=8), fit=FitConfig(epochs=40, lr=5e-3)).fit(
        TABLE, labels
    )
    raw = scores(predictor._require(), TABLE)
    slope, intercept = np.polyfit(raw, labels, 1)
    assert slope > 0
    np.testing.assert_allclose(predictor.predict(TABLE), intercept + slope * raw, rtol=1e-6)


def test_the_unit_of_the_labels_changes_the_predictions_alone() -> None:
    one = _predictor().fit(TABLE, LABELS).predict(TABLE)
    other = _predictor().fit(TABLE, LABELS / 100).predict(TABLE)
    np.testing.assert_allclose(other, one / 100, rtol=1e-6)


def test_a_prediction_does_not_depend_on_node_order_or_the_other_rows() -> None:
    predictor, rng = _fitted(), np.random.default_rng(0)
    shuffled = [graph.relabelled(rng.permutation(graph.n_nodes).tolist()) for graph in TABLE]
    again = predictor.predict(ArchTable.from_architectures(shuffled, OPS))
    np.testing.assert_allclose(again, predictor.predict(TABLE), rtol=1e-6)
    np.testing.assert_allclose(
        predictor.predict(TABLE[7:8]), predictor.predict(TABLE)[7:8], rtol=1e-6
    )


def test_no_rows_are_no_predictions_and_no_embeddings() -> None:
    predictor = _fitted()
    assert predictor.predict(TABLE[:0]).shape == (0,)
    assert predictor.embed(TABLE[:0]).shape == (0, 8)


def test_a_table_with_another_vocabulary_of_the_same_names_gives_the_same_predictions() -> None:
    predictor = _fitted()
    reordered = TABLE.with_vocabulary(OPS[::-1])
    np.testing.assert_array_equal(predictor.predict(reordered), predictor.predict(TABLE))


# -- stages
# ---------------------------------------------------------------------------------------------


def test_pre_training_changes_what_fit_starts_from() -> None:
    with_it, without = _fitted(), _predictor().fit(TABLE, LABELS, validation=HELD_OUT)
    assert with_it.history_ is not None
    assert len(with_it.history_.loss) == 2
    assert not hasattr(without, "history_")
    assert not np.array_equal(with_it.predict(TABLE), without.predict(TABLE))


def test_pre_training_twice_gives_what_once_gives() -> None:
    once, twice = _predictor().pretrain(TABLE), _predictor().pretrain(TABLE).pretrain(TABLE)
    np.testing.assert_array_equal(once.embed(TABLE), twice.embed(TABLE))


def test_pretext_none_is_no_pre_training() -> None:
    nothing = FGP(encoder=EncoderConfig(width=8), pretrain=PretrainConfig(pretext="none"))
    before = FGP(encoder=EncoderConfig(width=8), vocabulary=OPS).embed(TABLE)
    np.testing.assert_array_equal(nothing.pretrain(TABLE).embed(TABLE), before)


def test_fitting_again_starts_from_the_pre_trained_weights() -> None:
    twice = _fitted()
    twice.fit(TABLE, -LABELS)
    twice.fit(TABLE, LABELS, validation=HELD_OUT)
    np.testing.assert_array_equal(twice.predict(TABLE), _fitted().predict(TABLE))


def test_embeddings_have_the_encoder_s_width_and_move_with_fitting() -> None:
    predictor = _predictor().pretrain(TABLE)
    before = predictor.embed(TABLE)
    assert before.shape == (40, 8)
    assert before.dtype == np.float32
    assert not np.array_equal(before, predictor.fit(TABLE, LABELS).embed(TABLE))


def test_the_last_epoch_can_be_chosen_and_the_best_again(monkeypatch: pytest.MonkeyPatch) -> None:
    taus = iter([0.0, 0.9, 0.2, 0.1])
    monkeypatch.setattr(nasflow.prediction.finetune, "kendall_tau", lambda *_: next(taus))
    predictor = _fitted()
    assert predictor.fitted_ is not None
    assert predictor.fitted_.best_epoch == 1
    best = predictor.predict(TABLE)
    last = predictor.use_epoch("last").predict(TABLE)
    assert not np.array_equal(best, last)
    np.testing.assert_array_equal(predictor.use_epoch("best").predict(TABLE), best)
    # the last epoch is what is kept without validation rows, but for the calibration
    without = _predictor().pretrain(TABLE).fit(TABLE, LABELS).predict(TABLE)
    assert kendall_tau(last, without) == pytest.approx(1)


def test_fit_works_without_validation_rows_and_keeps_the_last_epoch() -> None:
    predictor = _predictor().fit(TABLE, LABELS)
    assert predictor.fitted_ is not None
    assert predictor.fitted_.best_epoch == EPOCHS
    np.testing.assert_array_equal(
        predictor.predict(TABLE), predictor.use_epoch("last").predict(TABLE)
    )


# -- proxies beside the embedding
# -----------------------------------------------------------------------


def _with_proxies(epochs: int = 3, **changes: Any) -> FGP:
    """Fitted with two columns of which one tells the label of every row."""
    predictor = FGP(
        encoder=EncoderConfig(width=8),
        pretrain=PretrainConfig(pretext="none"),
        fit=FitConfig(epochs=epochs, batch_size=8, lr=1e-2, proxies=("told", "noise")),
    )
    held_columns = {"told": HELD_OUT[1], "noise": np.zeros(15)}
    return predictor.fit(
        TABLE,
        LABELS,
        **{
            "validation": (*HELD_OUT, held_columns),
            "proxies": COLUMNS,
            "reference": REFERENCE,
            **changes,
        },
    )


COLUMNS = {"noise": np.random.default_rng(2).normal(size=40), "told": LABELS}
REFERENCE = {
    "told": np.concatenate([LABELS, HELD_OUT[1]]),
    "noise": np.random.default_rng(3).normal(size=55),
    "unused": np.zeros(3),
}
OTHER = {"told": 90 + np.random.default_rng(5).normal(size=15), "noise": np.full(15, np.nan)}


def test_a_head_reads_proxies_that_the_graph_does_not_tell() -> None:
    predictor = _with_proxies(epochs=15)
    assert predictor.proxies_ == ("told", "noise")
    assert kendall_tau(predictor.predict(HELD_OUT[0], OTHER), OTHER["told"]) > 0.7
    assert (
        abs(kendall_tau(_predictor().fit(TABLE, LABELS).predict(HELD_OUT[0]), OTHER["told"])) < 0.5
    )


def test_any_increasing_unit_of_a_proxy_gives_the_same_predictions() -> None:
    def changed(columns: dict[str, Any]) -> dict[str, Any]:
        return {name: np.exp(column / 10) for name, column in columns.items()}

    one = _with_proxies().predict(HELD_OUT[0], OTHER)
    held_columns = {"told": HELD_OUT[1], "noise": np.zeros(15)}
    other = _with_proxies(
        validation=(*HELD_OUT, changed(held_columns)),
        proxies=changed(COLUMNS),
        reference=changed(REFERENCE),
    ).predict(HELD_OUT[0], changed(OTHER))
    np.testing.assert_array_equal(one, other)


def test_without_a_reference_the_rows_of_fit_are_what_is_ranked_against() -> None:
    alone = _with_proxies(validation=None, reference=None)
    same = _with_proxies(validation=None, reference=COLUMNS)
    np.testing.assert_array_equal(
        alone.predict(HELD_OUT[0], OTHER), same.predict(HELD_OUT[0], OTHER)
    )
    other = _with_proxies(validation=None)
    assert not np.array_equal(other.predict(HELD_OUT[0], OTHER), same.predict(HELD_OUT[0], OTHER))


def test_a_saved_predictor_ranks_new_proxies_against_the_same_reference(tmp_path: Path) -> None:
    predictor, path = _with_proxies(), tmp_path / "model.safetensors"
    predictor.set_params(
        fit=FitConfig()
    )  # what the next fit would use is no part of the fitted head
    predictor.save(path)
    loaded = FGP.load(path)
    assert loaded.proxies_ == ("told", "noise")
    np.testing.assert_array_equal(
        loaded.predict(HELD_OUT[0][:3], {n: c[:3] for n, c in OTHER.items()}),
        predictor.predict(HELD_OUT[0], OTHER)[:3],
    )
    loaded.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    loaded.set_params(fit=FitConfig(epochs=2))
    assert loaded.fit(TABLE, LABELS).proxies_ == ()
    assert loaded.predict(TABLE).shape == (40,)


def test_the_epoch_is_chosen_and_calibrated_with_the_proxies_of_the_validation_rows() -> None:
    predictor = _with_proxies()
    held_columns = {"told": HELD_OUT[1], "noise": np.zeros(15)}
    assert predictor.fitted_ is not None
    predicted = predictor.predict(HELD_OUT[0], held_columns)
    assert kendall_tau(predicted, HELD_OUT[1]) == max(predictor.fitted_.validation_tau)
    for which in ("last", "best"):
        predictor.use_epoch(which)
        assert predictor.predict(HELD_OUT[0], held_columns).mean() == pytest.approx(
            HELD_OUT[1].mean()
        )


def test_proxies_that_are_missing_are_named_before_the_fitted_model_is_touched() -> None:
    predictor = _with_proxies()
    before = predictor.predict(HELD_OUT[0], OTHER)
    for ask in (
        lambda: predictor.predict(TABLE),
        lambda: predictor.predict(TABLE, {"told": LABELS}),
        lambda: predictor.fit(TABLE, LABELS),
        lambda: predictor.fit(TABLE, LABELS, proxies=COLUMNS, validation=HELD_OUT),
    ):
        with pytest.raises(ConfigError, match="is among the inputs, but its column is not given"):
            ask()
    with pytest.raises(ConfigError, match=r"'told' has shape \(3,\); 40 architectures"):
        predictor.predict(TABLE, {"told": LABELS[:3], "noise": LABELS})
    np.testing.assert_array_equal(predictor.predict(HELD_OUT[0], OTHER), before)


def test_proxies_that_no_option_names_change_nothing() -> None:
    with_columns = _predictor().fit(TABLE, LABELS, proxies=COLUMNS, reference=REFERENCE)
    np.testing.assert_array_equal(
        with_columns.predict(TABLE, COLUMNS), _predictor().fit(TABLE, LABELS).predict(TABLE)
    )


# -- files
# ----------------------------------------------------------------------------------------------


def test_a_saved_predictor_gives_the_same_bits(tmp_path: Path) -> None:
    predictor, path = _fitted(), tmp_path / "model.safetensors"
    predictor.save(path)
    loaded = FGP.load(path)
    np.testing.assert_array_equal(loaded.predict(TABLE), predictor.predict(TABLE))
    np.testing.assert_array_equal(loaded.embed(TABLE), predictor.embed(TABLE))
    assert loaded.vocabulary_ == predictor.vocabulary_
    assert loaded.history_ == predictor.history_
    for name in ("encoder", "surrogate", "pretrain_config", "fit_config"):
        assert getattr(loaded, name) == getattr(predictor, name)
    loaded.save(tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == path.read_bytes()


def test_a_loaded_predictor_is_fitted_anew_from_its_pre_trained_weights(tmp_path: Path) -> None:
    predictor, path = _fitted(), tmp_path / "model.safetensors"
    predictor.save(path)
    loaded = FGP.load(path).fit(TABLE[:20], LABELS[:20])
    np.testing.assert_array_equal(
        loaded.predict(TABLE), predictor.fit(TABLE[:20], LABELS[:20]).predict(TABLE)
    )


def test_a_pre_trained_predictor_is_saved_before_it_is_fitted(tmp_path: Path) -> None:
    path = tmp_path / "pretrained.safetensors"
    _predictor().pretrain(TABLE).save(path)
    loaded = FGP.load(path)
    with pytest.raises(NotFittedError):
        loaded.predict(TABLE)
    np.testing.assert_array_equal(
        loaded.fit(TABLE, LABELS, validation=HELD_OUT).predict(TABLE), _fitted().predict(TABLE)
    )


def test_a_full_disk_in_save_leaves_the_old_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor, path = _fitted(), tmp_path / "model.safetensors"
    predictor.save(path)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    predictor.fit(TABLE, -LABELS)
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        predictor.save(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_model_file_truncated_or_foreign_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    _fitted().save(path)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:-1], b"", b"\x80\x04pickle"):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"model\.safetensors"):
            FGP.load(path)
    with pytest.raises(MissingDataError, match="does not exist"):
        FGP.load(tmp_path / "other")


def test_a_pre_training_checkpoint_is_no_model(tmp_path: Path) -> None:
    _predictor().pretrain(TABLE, checkpoint=tmp_path / "run.checkpoint")
    with pytest.raises(CheckpointError, match=r"run\.checkpoint is a pretraining, not a predictor"):
        FGP.load(tmp_path / "run.checkpoint")


def test_a_model_file_without_one_of_its_parts_is_refused(tmp_path: Path) -> None:
    from nasflow.running.checkpoints import load_checkpoint, save_checkpoint

    path = tmp_path / "model.safetensors"
    _fitted().save(path)
    tensors, about, _ = load_checkpoint(path, "predictor")
    for key in about:
        save_checkpoint(path, "predictor", tensors, {k: v for k, v in about.items() if k != key})
        with pytest.raises(CheckpointError, match=r"model\.safetensors"):
            FGP.load(path)
    for key in ("start.encoder.input.linear.weight", "fitted.head.0.bias"):
        save_checkpoint(path, "predictor", {k: v for k, v in tensors.items() if k != key}, about)
        with pytest.raises(CheckpointError, match=r"model\.safetensors"):
            FGP.load(path)


def test_a_loaded_model_has_one_epoch_until_it_is_fitted_again(tmp_path: Path) -> None:
    _fitted().save(tmp_path / "model.safetensors")
    loaded = FGP.load(tmp_path / "model.safetensors")
    with pytest.raises(NotFittedError, match="no epochs to choose from"):
        loaded.use_epoch("last")
    loaded.fit(TABLE, LABELS).use_epoch("last")


# -- errors
# ---------------------------------------------------------------------------------------------


def test_nothing_can_be_asked_of_a_new_predictor(tmp_path: Path) -> None:
    for ask in (
        lambda p: p.predict(TABLE),
        lambda p: p.embed(TABLE),
        lambda p: p.use_epoch("last"),
        lambda p: p.save(tmp_path / "x"),
        lambda p: p.vocabulary_,
    ):
        with pytest.raises(NotFittedError, match="call"):
            ask(_predictor())
    with pytest.raises(NotFittedError, match="call fit"):
        _predictor().pretrain(TABLE).predict(TABLE)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.where(np.arange(40) == 7, np.nan, LABELS), "label of row 7 is nan"),
        (np.full(40, 91.5), "no two different values"),
        (LABELS[:39], r"shape \(39,\); 40 architectures"),
    ],
)
def test_labels_that_cannot_be_fitted_are_refused_and_the_fitted_model_kept(
    labels: Any, words: str
) -> None:
    predictor = _fitted()
    before = predictor.predict(TABLE)
    with pytest.raises(DataError, match=words):
        predictor.fit(TABLE, labels)
    with pytest.raises(DataError, match=f"validation.*{words}"):
        predictor.fit(TABLE, LABELS, validation=(TABLE, labels))
    np.testing.assert_array_equal(predictor.predict(TABLE), before)


def test_an_unknown_operation_is_named_with_its_row_and_what_is_legal() -> None:
    predictor = _fitted()
    table = ArchTable.from_architectures(
        [Architecture(("input", "output")), Architecture(("input", "attention", "output"))]
    )
    for ask in (
        predictor.predict,
        predictor.embed,
        predictor.pretrain,
        lambda t: predictor.fit(t, [1, 2]),
    ):
        with pytest.raises(
            GraphError, match=r"row 1: unknown operation 'attention'; legal: input, conv1x1"
        ):
            ask(table)


def test_a_device_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    _fitted().save(path)
    for device in ("abacus", "meta:x", "cuda:99"):
        for make in (lambda: FGP(device=device), lambda: FGP.load(path, device)):  # noqa: B023
            with pytest.raises(
                ConfigError, match=f"device '{device}' is not there .*legal here: cpu"
            ):
                make()


def test_a_model_keeps_working_with_inference_mode_on() -> None:
    predictor = _fitted()
    with torch.inference_mode():
        within = predictor.predict(TABLE)
    np.testing.assert_array_equal(within, predictor.predict(TABLE))
