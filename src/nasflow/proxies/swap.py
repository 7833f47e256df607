"""swap: how many different patterns the ReLUs show over the images.

    number of different rows of S,    S[u, b] = whether unit u is on for image b

Units are all values before a ReLU, of all layers. Where nwot compares images by their units, this
compares units by the images. Source: Peng et al. 2024 (SWAP-NAS: Sample-wise activation patterns
for ultra-fast NAS, ICLR), definition 3.3.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, MeasureError, watched


def swap(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The number of different patterns.

    Raises:
        MeasureError: the network has no ReLU.
    """
    patterns: list[Tensor] = []

    def look(_: nn.Module, inputs: tuple[Any, ...]) -> None:
        is_on = (inputs[0].detach().flatten(1) > 0).T  # (n_units, B)
        # in each layer first: of a million units a few thousand patterns are kept
        patterns.append(torch.unique(is_on, dim=0))

    with watched(network, (nn.ReLU, nn.ReLU6), look, before=True), torch.no_grad():
        network(images)
    if not patterns:
        raise MeasureError("no ReLU of the network ran")
    return float(len(torch.unique(torch.cat(patterns), dim=0)))


MEASURE = Measure(
    "swap", "number of different sample-wise ReLU patterns", "Peng et al. 2024", "1 forward", swap
)
