"""flops: the multiply-adds that one image costs.

Source: the baseline of NAS-Bench-Suite-Zero (Krishnakumar et al. 2022). What is not run counts
nothing.
"""

from __future__ import annotations

from torch import Tensor

from nasflow.networks.base import Network
from nasflow.networks.flops import count_flops
from nasflow.proxies.base import Measure


def flops(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The multiply-adds of one of the images."""
    _, channels, height, width = images.shape
    return float(count_flops(network, (channels, height, width)))


MEASURE = Measure(
    "flops",
    "multiply-adds of one image",
    "Krishnakumar et al. 2022 (baseline)",
    "a forward pass of one image",
    flops,
)
