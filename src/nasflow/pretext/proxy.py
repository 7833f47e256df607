"""proxy: rank architectures as a zero-cost proxy does.

The paper's auxiliary loss; alone, its rival ZC-Proxy:

    L_aux = mean over pairs with c_i > c_j of max(0, 1 - (head(z_i) - head(z_j)) / margin)

The published loss divided by its margin: it begins at about 1, as the flow's does, so that weights
compare.

c is any column that needs no training. Rows without a finite value make no pair. Several columns:
one head and one loss each, their mean; or (`proxy_heads="average"`) one head, and c is the mean of
a row's ranks, over the columns in which it has one. Columns that are averaged must point the same
way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nasflow.errors import ConfigError
from nasflow.graphs.table import ArchTable
from nasflow.options.base import Options
from nasflow.pretext.base import Pretext, PretextSetting, Step, decoder
from nasflow.statistics.losses import sampled_ranking_loss
from nasflow.statistics.ranks import dense_ranks

ProxyHeads = Literal["each", "average"]


@dataclass(frozen=True)
class ProxyRankingConfig(Options):
    """The options of proxy."""

    proxy_heads: ProxyHeads = "each"
    """With several proxies: a head for each, or one head that ranks by the average of their ranks
    (they must agree on which way is better)."""
    margin: float = 0.1
    """Margin of the ranking loss."""
    pairs_per_graph: int = 32
    """Pairs drawn for each architecture of a batch (at most)."""

    def __post_init__(self) -> None:
        self._choice("proxy_heads")
        self._number("margin", 0, open_low=True)
        self._positive_int("pairs_per_graph")


class ProxyRanking(Pretext):
    """Rank by the proxies that are given: by each with a head of its own, or by their mean rank."""

    Config = ProxyRankingConfig
    options: ProxyRankingConfig

    def __init__(self, setting: PretextSetting) -> None:
        super().__init__(setting)
        n_heads = len(setting.config.proxies) if self.options.proxy_heads == "each" else 1
        self.heads = nn.ModuleList(
            decoder(setting.encoder.width, setting.config, 1) for _ in range(n_heads)
        )

    def targets(self, table: ArchTable, proxies: Mapping[str, npt.NDArray[np.float64]]) -> Tensor:
        """(N, n_heads): the rank of each row by each proxy, or its mean rank; NaN for no value.

        Raises:
            ConfigError: there is no such column, no two different values in one, or none on
                average.
        """
        columns = []
        for name in self.setting.config.proxies:
            if name not in proxies:
                raise ConfigError(
                    f"pre-training to rank by {name!r} needs that column; given: "
                    f"{', '.join(proxies) or 'none'}"
                )
            if len(proxies[name]) != len(table):
                raise ConfigError(
                    f"proxy {name!r} has {len(proxies[name])} values for {len(table)} rows"
                )
            columns.append(torch.from_numpy(dense_ranks(proxies[name])))
            if not torch.nan_to_num(columns[-1]).any():
                raise ConfigError(
                    f"proxy {name!r} has no two different finite values: there is nothing to rank"
                )
        ranked = torch.stack(columns, dim=1)  # (N, n_proxies)
        if self.options.proxy_heads == "each":
            return ranked
        average = ranked.nanmean(dim=1, keepdim=True)
        with_value = average[torch.isfinite(average)]
        # opposite columns average to the middle for every row: a loss that no weight can lower
        if with_value.min() == with_value.max():
            raise ConfigError(
                f"proxies {', '.join(self.setting.config.proxies)} have no two different average"
                " ranks: do they point opposite ways? give one negated, or choose proxy_heads each"
            )
        return average

    def loss(self, step: Step, targets: Tensor) -> Tensor:
        """The ranking loss over random pairs of the batch."""
        margin, n_pairs = self.options.margin, self.options.pairs_per_graph
        losses = []
        for head, column in zip(self.heads, targets.unbind(1), strict=True):
            scores = head(step.embedding).squeeze(1)  # (B,)
            losses.append(sampled_ranking_loss(scores, column, margin, n_pairs))
        return torch.stack(losses).mean() / margin
