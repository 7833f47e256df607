from __future__ import annotations

import numpy as np
import pytest
import torch

from small import labels, predictor, table


@pytest.mark.parametrize("n_threads", [1, 2])
def test_training_twice_gives_the_same_bits(n_threads: int) -> None:
    """Same seed, other result."""
    cells = table(200)
    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        results = []
        for draws in (0, 7):
            torch.rand(draws)  # what else was drawn does not matter
            results.append(predictor().pretrain(cells).fit(cells[:60], labels(cells[:60])).predict(cells))
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(*results)


def test_another_seed_gives_other_weights() -> None:
    cells = table(60)
    one, other = (predictor(seed=seed).fit(cells, labels(cells)).predict(cells) for seed in (1, 2))
    assert not np.array_equal(one, other)
