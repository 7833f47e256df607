"""The task proxy: rank as columns that need no training do."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError
from nasflow.graphs.batch import GraphBatch
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import PretrainConfig
from nasflow.pretext.base import PretextSetting, Step
from nasflow.pretext.proxy import ProxyHeads, ProxyRanking, ProxyRankingConfig
from nasflow.statistics.losses import ranking_loss
from nasflow.statistics.ranks import dense_ranks
from oracles import OPS, random_table


def _task(
    *proxies: str, pairs_per_graph: int = 32, proxy_heads: ProxyHeads = "each"
) -> ProxyRanking:
    config = PretrainConfig(pretext="proxy", proxies=proxies)
    options = ProxyRankingConfig(
        margin=0.5, pairs_per_graph=pairs_per_graph, proxy_heads=proxy_heads
    )
    encoder = make_encoder(len(OPS), EncoderConfig(width=8))
    setting = PretextSetting(encoder, config, SurrogateConfig(), options=options.to_dict())
    return ProxyRanking(setting)


def test_targets_are_ranks_from_0_to_1_ties_equal_nan_kept() -> None:
    column = np.array([3.0, np.nan, 1e61, 3.0, -np.inf, -5.0])
    seen = _task("a").targets(random_table(6), {"a": column, "other": np.zeros(6)})
    np.testing.assert_array_equal(
        seen[:, 0].numpy(), np.array([0.5, np.nan, 1.0, 0.5, np.nan, 0.0], np.float32)
    )


def test_ranks_keep_an_order_that_32_bits_would_lose() -> None:
    values = 1e30 * (1 + np.arange(50) * 1e-12)
    assert (np.diff(dense_ranks(values)) > 0).all()


def test_the_loss_is_the_ranking_loss_over_its_margin_averaged_over_the_heads() -> None:
    table, rng = random_table(25), np.random.default_rng(0)
    proxies = {"a": rng.normal(size=25), "b": rng.normal(size=25)}
    proxies["b"][::3] = np.nan
    task = _task("a", "b", pairs_per_graph=4000)
    encoder = make_encoder(5, EncoderConfig(width=8)).eval()
    targets, batch = task.targets(table, proxies), GraphBatch.from_table(table)
    z = encoder(batch)
    losses = []
    for head, name in zip(task.heads, "ab", strict=True):
        column = torch.from_numpy(proxies[name])
        losses.append(ranking_loss(head(z).squeeze(1), column, 0.5).item() / 0.5)
    expected = sum(losses) / 2
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert task.loss(Step(encoder, batch), targets).item() == pytest.approx(expected, rel=0.02)


def test_averaged_proxies_are_one_head_on_the_mean_of_the_ranks_that_a_row_has() -> None:
    proxies = {
        "a": np.array([1.0, 2.0, 3.0, np.nan, np.nan]),
        "b": np.array([5e9, 7e9, np.inf, 6e9, np.nan]),
    }
    task = _task("a", "b", proxy_heads="average")
    targets = task.targets(random_table(5), proxies)
    np.testing.assert_array_equal(
        targets.numpy()[:, 0], np.array([0.0, 0.75, 1.0, 0.5, np.nan], np.float32)
    )
    assert len(task.heads) == 1
    encoder = make_encoder(5, EncoderConfig(width=8)).eval()
    batch = GraphBatch.from_table(random_table(5))
    scores = task.heads[0](encoder(batch)).squeeze(1)
    many = _task("a", "b", pairs_per_graph=4000, proxy_heads="average")
    many.load_state_dict(task.state_dict())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert many.loss(Step(encoder, batch), targets).item() == pytest.approx(
            ranking_loss(scores, targets[:, 0], 0.5).item() / 0.5, rel=0.02
        )


def test_proxies_whose_average_ranks_nothing_are_refused() -> None:
    column = np.arange(6.0)
    with pytest.raises(
        ConfigError, match="a, b have no two different average ranks: do they point opposite ways"
    ):
        _task("a", "b", proxy_heads="average").targets(random_table(6), {"a": column, "b": -column})


def test_a_column_that_is_missing_is_named_with_those_given() -> None:
    with pytest.raises(ConfigError, match=r"'jacov' needs that column; given: params, latency"):
        _task("jacov").targets(
            random_table(3), {"params": np.arange(3.0), "latency": np.arange(3.0)}
        )
    with pytest.raises(ConfigError, match="given: none"):
        _task("jacov").targets(random_table(3), {})


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(ConfigError, match="'a' has 4 values for 3 rows"):
        _task("a").targets(random_table(3), {"a": np.arange(4.0)})


@pytest.mark.parametrize("column", [[2.0, 2.0, 2.0], [np.nan, 2.0, np.inf], [np.nan] * 3])
def test_a_column_that_ranks_nothing_is_refused(column: list[float]) -> None:
    with pytest.raises(ConfigError, match="'a' has no two different finite values"):
        _task("a").targets(random_table(3), {"a": np.array(column)})
