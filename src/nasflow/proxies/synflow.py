"""synflow: the product of all weights along all paths, summed.

    sum over the weights of |w dR/dw|

R is the sum of the outputs for an image of ones, every weight replaced by |w|. Source: Tanaka et
al. 2020 (Pruning neural networks without any data), equation 2. As in Abdelfattah et al. 2021 the
network is taken without its batch normalisation, and R is computed in float64: it reaches 1e61 in
deep networks.
"""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, weights


def synflow(network: Network, images: Tensor, labels: Tensor) -> float:  # noqa: ARG001
    """The sum of the synaptic flow through all weights."""
    linear = _without_normalisation(copy.deepcopy(network)).double()
    with torch.no_grad():
        for parameter in linear.parameters():
            parameter.abs_()
    layers = weights(linear)
    # the label of an image does not matter, and neither does the image
    total = linear(torch.ones_like(images[:1], dtype=torch.float64)).sum()
    gradients = torch.autograd.grad(total, layers, allow_unused=True)
    return float(
        sum(
            (weight.detach() * grad).abs().sum()
            for weight, grad in zip(layers, gradients, strict=True)
            if grad is not None
        )
    )


def _without_normalisation(network: Network) -> Network:
    # a list, because what it goes over is changed on the way
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.Identity())
    return network


MEASURE = Measure(
    "synflow",
    "synaptic flow without data",
    "Tanaka et al. 2020",
    "1 forward, 1 backward of one image, in float64",
    synflow,
)
