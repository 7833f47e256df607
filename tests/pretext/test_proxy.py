from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from nasflow.batch import GraphBatch
from nasflow.config import EncoderConfig, PretrainConfig
from nasflow.encoders import make_encoder
from nasflow.losses import ranking_loss
from nasflow.pretext import Step
from nasflow.pretext.base import PretextSetting, decoder, ranks
from nasflow.pretext.proxy import ProxyRanking
from small import SURROGATE, table


def test_ranks_keep_the_order_of_huge_values_and_what_is_unknown() -> None:
    values = np.array([1e61, 1.0, math.nan, -math.inf, 1.0, 2e61])
    found = ranks(values)
    assert torch.isnan(found[[2, 3]]).all()
    assert found[[1, 4, 0, 5]].tolist() == [0.0, 0.0, 0.5, 1.0]


def test_the_loss_is_the_ranking_loss_over_its_margin() -> None:
    cells = table(30)
    config = PretrainConfig(pretext="proxy", proxies=("p",), margin=0.2, pairs_per_graph=2000)
    task = ProxyRanking(PretextSetting(7, 8, config, SURROGATE))
    values = np.where(np.arange(30) % 3 == 0, np.nan, np.arange(30.0))
    targets = task.targets(cells, {"p": values})
    step = Step(make_encoder(7, EncoderConfig(width=8)).eval(), GraphBatch.from_table(cells))
    scores = task.heads[0](step.embedding).squeeze(1)
    exact = ranking_loss(scores, torch.from_numpy(values), 0.2) / 0.2
    assert task.loss(step, targets).item() == pytest.approx(exact.item(), rel=0.02)


def test_decoders_have_one_to_three_layers() -> None:
    sizes = [[m.out_features for m in decoder(8, PretrainConfig(decoder_layers=n, decoder_width=32), 5)
              if isinstance(m, torch.nn.Linear)] for n in (1, 2, 3)]
    assert sizes == [[5], [32, 5], [32, 16, 5]]
