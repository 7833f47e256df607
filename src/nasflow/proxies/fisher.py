"""fisher: how much the loss would change if single channels were cut off.

    sum over the layers l and their channels c of 1/2 mean over images of (sum over positions of z
    dL/dz)^2

z are the outputs of the convolutions and linear layers. Source: Theis et al. 2018 (Faster gaze
prediction with dense networks and Fisher pruning) and Turner et al. 2020 (BlockSwap), summed over
the network by Abdelfattah et al. 2021.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nasflow.networks.base import Network
from nasflow.proxies.base import Measure, watched


def fisher(network: Network, images: Tensor, labels: Tensor) -> float:
    """The sum over all channels of half the mean squared saliency."""
    outputs: list[Tensor] = []

    def keep(_: nn.Module, __: Any, out: Tensor) -> None:
        outputs.append(out)

    with watched(network, (nn.Conv2d, nn.Linear), keep):
        loss = cross_entropy(network(images), labels)
    gradients = torch.autograd.grad(loss, outputs, allow_unused=True)
    total = loss.new_zeros(())
    for out, grad in zip(outputs, gradients, strict=True):
        # a layer that leads nowhere has no gradient, and nothing to lose
        if grad is not None:
            saliency = out.detach() * grad
            if saliency.dim() > 2:
                saliency = saliency.flatten(2).sum(2)  # (B, channels), of a linear layer as it is
            total += 0.5 * saliency.square().mean(0).sum()
    return float(total)


MEASURE = Measure(
    "fisher",
    "saliency of the channels' activations",
    "Turner et al. 2020",
    "1 forward, 1 backward",
    fisher,
)
