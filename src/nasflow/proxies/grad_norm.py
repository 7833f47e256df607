"""grad_norm: how large the first gradients are.

    sum over the convolutions and linear layers l of |dL/dw_l|_2

L is the cross entropy of the batch.

Source: Abdelfattah et al. 2021 (Zero-Cost Proxies for Lightweight NAS), section 3.1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, weights_with_gradients


def grad_norm(network: Network, images: Tensor, labels: Tensor) -> float:
    """The sum of the norms of the layers' gradients."""
    layers = weights_with_gradients(network, images, labels)
    return float(sum(torch.linalg.vector_norm(grad) for _, grad in layers))


MEASURE = Measure(
    "grad_norm",
    "sum of the norms of the layers' gradients",
    "Abdelfattah et al. 2021",
    "1 forward, 1 backward",
    grad_norm,
)
