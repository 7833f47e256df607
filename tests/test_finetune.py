from __future__ import annotations

import numpy as np
import pytest

from nasflow.errors import DataError
from small import labels, predictor, table

CELLS = table()
LABELS = labels(CELLS)


def test_validation_rows_choose_the_epoch_and_change_no_weight() -> None:
    without = predictor(epochs=8).fit(CELLS[:40], LABELS[:40])
    chosen = predictor(epochs=8).fit(CELLS[:40], LABELS[:40], validation=(CELLS[40:], LABELS[40:]))
    assert chosen.fitted is not None
    assert without.fitted is not None
    assert len(chosen.fitted.validation_tau) == 9
    assert chosen.fitted.best_epoch == int(np.argmax(chosen.fitted.validation_tau))
    # the last epoch is the same with validation rows and without
    for name, tensor in without.fitted.last.items():
        assert (tensor == chosen.fitted.last[name]).all()


def test_without_validation_the_last_epoch_is_kept() -> None:
    fitted = predictor(epochs=4).fit(CELLS, LABELS).fitted
    assert fitted is not None
    assert fitted.best_epoch == 4
    assert fitted.validation_tau == ()


def test_bad_validation_labels_are_named_as_such() -> None:
    with pytest.raises(DataError, match="validation labels .* no two different values"):
        predictor().fit(CELLS[:40], LABELS[:40], validation=(CELLS[40:], np.zeros(24)))
