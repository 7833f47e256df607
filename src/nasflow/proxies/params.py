"""params: the number of trainable numbers, of convolutions, normalisation and the classifier alike.

Source: the baseline of NAS-Bench-Suite-Zero (Krishnakumar et al. 2022). Branches that compute
nothing count too.
"""

from __future__ import annotations

from torch import Tensor

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure


def params(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The number of parameters."""
    return float(sum(parameter.numel() for parameter in network.parameters()))


MEASURE = Measure(
    "params", "number of parameters", "Krishnakumar et al. 2022 (baseline)", "none", params
)
