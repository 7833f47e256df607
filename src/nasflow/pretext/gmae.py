"""gmae: name the hidden operations from what is around them.

GMAE (Jing et al., IJCAI 2022) and GraphMAE (Hou et al. 2022):

    hide the operations of a share of each graph's nodes, encode, and
    loss = mean over the hidden nodes of cross entropy(decoder(x[v]), op_v) / log |O|

The division lets the loss begin at about 1, as the flow's does: weights compare. A hidden node
keeps its edges; its input is a one-hot vector of zeros (in a linear layer: a learned token, its
bias). The authors hide each node with that probability; here every graph has the exact share
hidden, and at least one node. Their shares: 0.75 on NAS-Bench-101, 0.15 on 201, 0.05 on 301.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import cross_entropy

from nasflow.options.base import Options
from nasflow.pretext.base import Pretext, PretextSetting, Step, decoder
from nasflow.pretext.views import mask_operations


@dataclass(frozen=True)
class GMAEConfig(Options):
    """The options of gmae."""

    mask_share: float = 0.15
    """Share of the operations that are hidden."""

    def __post_init__(self) -> None:
        self._number("mask_share", 0, 1, open_low=True)


class MaskedOperations(Pretext):
    """Predict the operations of nodes whose operation is hidden."""

    Config = GMAEConfig
    options: GMAEConfig
    needs_nodes = True

    def __init__(self, setting: PretextSetting) -> None:
        super().__init__(setting)
        self.decoder = decoder(setting.encoder.node_width, setting.config, setting.encoder.n_ops)

    def loss(self, step: Step, targets: Tensor) -> Tensor:  # noqa: ARG002
        """The cross entropy of the hidden operations, drawn anew for every batch."""
        masked = mask_operations(step.batch, self.options.mask_share)
        hidden = (masked.ops == masked.n_ops).nonzero().squeeze(1)  # (n_hidden,)
        states = step.encoder.nodes(masked).index_select(0, hidden)
        loss = cross_entropy(self.decoder(states), step.batch.ops.index_select(0, hidden))
        return loss / math.log(max(2, self.setting.encoder.n_ops))
