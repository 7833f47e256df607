"""Layers written out, as oracles of the networks' tests."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def unlike_identity(network: nn.Module) -> nn.Module:
    """The network in evaluation, with drawn scales, offsets, means and variances in its
    normalisations.
    """
    for norm in (module for module in network.modules() if isinstance(module, nn.BatchNorm2d)):
        for state in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
            state.uniform_(0.5, 1)
    return network.eval()


def layers(module: nn.Module, kind: type) -> list:
    """The layers of one kind in it, in their order."""
    return [layer for layer in module.modules() if isinstance(layer, kind)]


def slow_norm(norm: nn.BatchNorm2d, x: Tensor) -> Tensor:
    mean, var, weight, bias = (
        v.view(-1, 1, 1) for v in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return (x - mean) / (var + norm.eps).sqrt() * weight + bias


def slow_conv(
    weight: Tensor, x: Tensor, stride: int = 1, dilation: int = 1, groups: int = 1
) -> Tensor:
    """The convolution whose padding keeps the size."""
    padded = functional.pad(x, [dilation * (weight.shape[-1] // 2)] * 4)
    return functional.conv2d(padded, weight, stride=stride, dilation=dilation, groups=groups)


def slow_relu_conv_bn(module: nn.Module, x: Tensor, stride: int = 1) -> Tensor:
    (conv,), (norm,) = layers(module, nn.Conv2d), layers(module, nn.BatchNorm2d)
    return slow_norm(norm, slow_conv(conv.weight, x.clamp(min=0), stride))


def slow_half_size(module: nn.Module, x: Tensor) -> Tensor:
    """Half of the channels from the pixels in even rows and columns, half from those in odd
    ones.
    """
    parts = [x.clamp(min=0)[:, :, i::2, i::2] for i in (0, 1)]
    made = [
        slow_conv(conv.weight, part)
        for conv, part in zip(layers(module, nn.Conv2d), parts, strict=True)
    ]
    return slow_norm(*layers(module, nn.BatchNorm2d), torch.cat(made, 1))


def slow_pool(kind: str, x: Tensor, stride: int = 1) -> Tensor:
    """The `"max"` or `"avg"` of the 3x3 pixels around each, without the padding."""
    around = functional.pad(x, (1, 1, 1, 1), value=float("nan"))
    tiles = around.unfold(2, 3, stride).unfold(3, 3, stride).flatten(4)
    return tiles.nanmean(4) if kind == "avg" else tiles.nan_to_num(-float("inf")).amax(4)
