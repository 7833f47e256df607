"""A zero-cost measure, as a stranger writes it."""

from __future__ import annotations

from torch import Tensor, nn

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure


def layers(network: Network, images: Tensor, labels: Tensor) -> float:
    return float(sum(isinstance(module, nn.Conv2d) for module in network.modules()))


MEASURE = Measure("n_layers", "number of convolutions", "a stranger", "none", layers)
