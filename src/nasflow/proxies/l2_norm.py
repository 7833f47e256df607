"""l2_norm: how large the initial weights are.

    sum over the convolutions and linear layers l of |w_l|_2

Source: Abdelfattah et al. 2021, as in NAS-Bench-Suite-Zero. Branches that compute nothing count
too.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, weights


def l2_norm(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The sum of the norms of the layers' weights."""
    return float(sum(torch.linalg.vector_norm(weight.detach()) for weight in weights(network)))


MEASURE = Measure(
    "l2_norm", "sum of the norms of the layers' weights", "Abdelfattah et al. 2021", "none", l2_norm
)
