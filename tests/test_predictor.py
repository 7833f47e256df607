from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from nasflow import Architecture, ArchTable, Predictor
from nasflow.errors import CheckpointError, DataError, GraphError, MissingDataError, NotFittedError
from nasflow.metrics import kendall_tau
from small import labels, predictor, table

CELLS = table()
LABELS = labels(CELLS)


def fitted() -> Predictor:
    return predictor().pretrain(CELLS).fit(CELLS[:40], LABELS[:40])


def test_it_learns_what_the_graph_determines() -> None:
    model = predictor(epochs=60).fit(CELLS[:40], LABELS[:40])
    assert kendall_tau(model.predict(CELLS[40:]), LABELS[40:]) > 0.6
    # predictions are on the label's scale
    assert abs(model.predict(CELLS[:40]).mean() - LABELS[:40].mean()) < 1e-6


def test_saving_and_loading_gives_the_same_bits_and_can_be_fitted_again(tmp_path: Path) -> None:
    model = fitted()
    model.save(tmp_path / "m.safetensors")
    again = Predictor.load(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.predict(CELLS), model.predict(CELLS))
    np.testing.assert_array_equal(again.embed(CELLS), model.embed(CELLS))
    assert again.history == model.history
    again.fit(CELLS[:40], LABELS[:40])
    np.testing.assert_array_equal(again.predict(CELLS), model.predict(CELLS))


def test_fitting_again_starts_from_the_pretrained_weights() -> None:
    model = fitted()
    first = model.predict(CELLS)
    model.fit(CELLS[20:60], -LABELS[20:60])
    np.testing.assert_array_equal(model.fit(CELLS[:40], LABELS[:40]).predict(CELLS), first)


def test_predictions_do_not_depend_on_their_neighbours_in_the_table() -> None:
    model = fitted()
    np.testing.assert_allclose(model.predict(CELLS)[10:12], model.predict(CELLS[10:12]), rtol=1e-5)


def test_labels_cannot_reach_pretraining() -> None:
    assert "labels" not in Predictor.pretrain.__annotations__
    one, other = predictor().pretrain(CELLS), predictor().pretrain(CELLS)
    one.fit(CELLS, LABELS)
    np.testing.assert_array_equal(one.pretrain(CELLS).embed(CELLS), other.embed(CELLS))


def test_an_operation_in_another_order_or_table_is_the_same_operation() -> None:
    model = fitted()
    turned = CELLS.with_vocabulary(tuple(reversed(CELLS.vocabulary)))
    np.testing.assert_array_equal(model.predict(turned), model.predict(CELLS))


def test_the_last_epoch_can_be_looked_at() -> None:
    model = predictor(epochs=20).fit(CELLS[:40], LABELS[:40], validation=(CELLS[40:], LABELS[40:]))
    best = model.predict(CELLS)
    assert model.use_epoch("last").fitted is not None
    np.testing.assert_array_equal(model.use_epoch("best").predict(CELLS), best)


def test_what_was_not_learned_cannot_be_asked_for() -> None:
    for call in (lambda: predictor().predict(CELLS), lambda: predictor().embed(CELLS),
                 lambda: predictor().vocabulary, lambda: predictor().use_epoch("last"),
                 lambda: predictor().save("nowhere")):
        with pytest.raises(NotFittedError, match="fit first|pretrain or fit|call fit"):
            call()
    with pytest.raises(NotFittedError, match="needs labels first"):
        predictor().pretrain(CELLS).predict(CELLS)


@pytest.mark.parametrize(("wrong", "message"), [
    ([1.0, np.nan, 2.0], "label of row 1 is nan"),
    ([1.0, np.inf, 2.0], "label of row 1 is inf"),
    ([1.0, 1.0, 1.0], "no two different values"),
    ([1.0, 2.0], r"shape \(2,\); 3 architectures need \(3,\)"),
])
def test_labels_that_rank_nothing_are_refused_and_the_weights_stay(wrong: list[float], message: str) -> None:
    model = fitted()
    before = model.predict(CELLS)
    with pytest.raises(DataError, match=message):
        model.fit(CELLS[:3], wrong)
    np.testing.assert_array_equal(model.predict(CELLS), before)


def test_an_unknown_operation_names_row_and_legal_ones() -> None:
    other = ArchTable.from_architectures([CELLS[0], Architecture(("input", "attn", "output"), ((0, 1), (1, 2)))])
    with pytest.raises(GraphError, match="row 1: unknown operation 'attn'; legal: input, none, skip"):
        fitted().predict(other)


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    fitted().save(path)
    whole = path.read_bytes()
    for content in (whole[:-50], whole[:20], b"", b"PK\x03\x04", whole.replace(b'kind', b'kino')):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match="m.safetensors"):
            Predictor.load(path)
    with pytest.raises(MissingDataError, match="does not exist"):
        Predictor.load(tmp_path / "none")


def test_a_full_disk_keeps_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.safetensors"
    fitted().save(path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        fitted().save(path)
    assert path.read_bytes() == before
