"""grasp: how much the gradients would shrink if single weights were cut off.

    - sum over the weights of w (H g),    g = dL/dw, H g = the gradient of |g|^2 / 2

Source: Wang et al. 2020 (GraSP), equation 8, summed over the network by Abdelfattah et al. 2021.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, weights


def grasp(network: Network, images: Tensor, labels: Tensor) -> float:
    """Minus the sum of the weights times the product of Hessian and gradient."""
    layers = weights(network)
    loss = cross_entropy(network(images), labels)
    gradients = torch.autograd.grad(loss, layers, create_graph=True, allow_unused=True)
    # with one factor detached its gradient is H g, not 2 H g
    product = sum(
        ((grad.detach() * grad).sum() for grad in gradients if grad is not None),
        start=loss.new_zeros(()),
    )
    products = torch.autograd.grad(product, layers, allow_unused=True)
    return -float(
        sum(
            (weight.detach() * part).sum()
            for weight, part in zip(layers, products, strict=True)
            if part is not None
        )
    )


MEASURE = Measure(
    "grasp",
    "-sum of w (H g)",
    "Wang et al. 2020",
    "1 forward, 2 backward (one through the other)",
    grasp,
)
