"""`count_flops`: the multiply-adds of a network's convolutions and linear layers.

A multiplication and the addition that follows it count as one; biases, batch normalisation, pooling
and sums count nothing.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def count_flops(network: nn.Module, size: tuple[int, int, int]) -> int:
    """Multiply-adds that one image costs, as run: what a network leaves out counts nothing.

    Args:
        network: any module of convolutions and linear layers; its state is left as it was.
        size: (channels, height, width) of the image.
    """
    total = 0

    def add(layer: nn.Module, _: Any, out: Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            total += out[0].numel() * layer.weight[0].numel()
        elif isinstance(layer, nn.Linear):
            total += layer.weight.numel()

    hooks = [
        layer.register_forward_hook(add)
        for layer in network.modules()
        if isinstance(layer, (nn.Conv2d, nn.Linear))
    ]
    training = network.training
    try:
        device = next(network.parameters()).device
        with torch.no_grad():
            # evaluation leaves the running statistics of batch normalisation alone
            network.eval()(torch.zeros(1, *size, device=device))
    finally:
        network.train(training)
        for hook in hooks:
            hook.remove()
    return total
