from __future__ import annotations

import numpy as np
import pytest

from nasflow.prediction.finetune import _batches
from small import labels, predictor, table


@pytest.mark.parametrize("n", [2, 15, 16, 17, 33])
def test_any_number_of_labels_works(n: int) -> None:
    """17 labels and a batch of 16: the last batch of one crashed."""
    cells = table(n)
    predictions = predictor().fit(cells, labels(cells) + np.arange(n) * 1e-6).predict(cells)
    assert np.isfinite(predictions).all()


def test_a_last_batch_of_one_joins_the_one_before() -> None:
    import torch

    assert [len(batch) for batch in _batches(torch.arange(17), 16)] == [17]
    assert [len(batch) for batch in _batches(torch.arange(34), 16)] == [16, 16, 2]
