from __future__ import annotations

import math

import numpy as np
import torch

from nasflow.config import PretrainConfig
from nasflow.pretext.base import decoder, ranks


def test_ranks_keep_the_order_of_huge_values_and_what_is_unknown() -> None:
    values = np.array([1e61, 1.0, math.nan, -math.inf, 1.0, 2e61])
    found = ranks(values)
    assert torch.isnan(found[[2, 3]]).all()
    assert found[[1, 4, 0, 5]].tolist() == [0.0, 0.0, 0.5, 1.0]


def test_decoders_have_one_to_three_layers() -> None:
    sizes = [[m.out_features for m in decoder(8, PretrainConfig(decoder_layers=n, decoder_width=32), 5)
              if isinstance(m, torch.nn.Linear)] for n in (1, 2, 3)]
    assert sizes == [[5], [32, 5], [32, 16, 5]]
