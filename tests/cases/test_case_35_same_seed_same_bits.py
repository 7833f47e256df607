from __future__ import annotations

import numpy as np
import pytest
import torch

from nasflow import EncoderConfig, FitConfig, Predictor, PretrainConfig
from small import labels, predictor, table


@pytest.mark.parametrize("n_threads", [1, 2])
def test_training_twice_gives_the_same_bits(n_threads: int) -> None:
    """Same seed, other result."""
    cells = table(300)
    # so wide, and in batches so large, that torch spreads the work over its threads
    options = {
        "encoder": EncoderConfig(width=64),
        "pretrain": PretrainConfig(epochs=2, batch_size=150),
        "fit": FitConfig(epochs=2, batch_size=150),
    }
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        results = []
        for draws in (0, 7):
            torch.rand(draws)  # what else was drawn does not matter
            model = Predictor(model="fgp", **options).pretrain(cells)
            results.append(model.fit(cells, labels(cells)).predict(cells))
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(*results)


def test_another_seed_gives_other_weights() -> None:
    cells = table(60)
    one, other = (predictor(seed=seed).fit(cells, labels(cells)).predict(cells) for seed in (1, 2))
    assert not np.array_equal(one, other)
