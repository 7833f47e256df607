"""Networks of NAS-Bench-Macro (Su et al., CVPR 2021, appendix; `train/model.py`).

    conv3x3, BN, ReLU                           width channels
    layers 1 and 2                              2 width
    layers 3, 4 and 5                           4 width
    layers 6, 7 and 8                           8 width
    conv1x1, BN, ReLU                           40 width
    mean over the image, linear

Layers 1, 3 and 6 have stride 2 and double the channels; `identity` is a convolution 1x1 and BN
there. `mb3_k3` and `mb6_k5` are MobileNetV2's blocks with ReLU: 1x1 to 3 (6) times the channels, a
3x3 (5x5) of each channel by itself, 1x1 back, each with BN, and the input added where the shape is
the same. The source has 1280 channels before the mean; here they follow the width, which is 32
there. Parameters and FLOPs of all 6,561 networks were compared with the published ones
(`tests/networks/test_macro.py`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from nasflow.graphs.architecture import Architecture
from nasflow.networks.base import Network, check_sizes
from nasflow.spaces.macro import Macro

STAGES = (2, 3, 3)
"""Layers in each stage."""


class MacroNetwork(Network):
    """The network of a chain of eight layers.

    Args:
        architecture: an element of `Macro`.
        width: channels of the stem.
        n_classes: number of classes.
        in_channels: channels of the images.

    Example:
        >>> import torch
        >>> network = MacroNetwork(Macro().parse("02012100"), width=8)
        >>> network(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self, architecture: Architecture, width: int = 32, n_classes: int = 10, in_channels: int = 3
    ) -> None:
        check_sizes(width=width, n_classes=n_classes, in_channels=in_channels)
        super().__init__(in_channels, 40 * width, n_classes)
        Macro().validate(architecture)
        self.stem = nn.Sequential(*_conv_bn(in_channels, width, 3), nn.ReLU())
        # of the stem and of each layer's output; where it doubles, the size is halved
        widths = [width]
        for stage, n_layers in enumerate(STAGES, start=1):
            widths += [width << stage] * n_layers
        layers = [
            _layer(op, n_in, n_out)
            for op, (n_in, n_out) in zip(architecture.ops[1:-1], pairwise(widths), strict=True)
        ]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Sequential(*_conv_bn(8 * width, 40 * width, 1), nn.ReLU())

    def features(self, images: Tensor) -> Tensor:
        """(B, 40 width, H/8, W/8)."""
        return cast(Tensor, self.last(self.layers(self.stem(images))))


class InvertedResidual(nn.Module):
    """(B, n_in, H, W) to (B, n_out, H/stride, W/stride), through `expansion` x `n_in` channels."""

    def __init__(self, n_in: int, n_out: int, stride: int, expansion: int, kernel: int) -> None:
        super().__init__()
        n = expansion * n_in
        self.block = nn.Sequential(
            *_conv_bn(n_in, n, 1),
            nn.ReLU(),
            *_conv_bn(n, n, kernel, stride, groups=n),
            nn.ReLU(),
            *_conv_bn(n, n_out, 1),
        )
        # elsewhere the shapes differ: MobileNetV2's rule
        self.adds_input = n_in == n_out and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """The block's output, and the input where it has the same shape."""
        out: Tensor = self.block(x)
        return out + x if self.adds_input else out


def _layer(op: str, n_in: int, n_out: int) -> nn.Module:
    # a stage's first layer alone changes the channels, and the size with them
    stride = 1 if n_in == n_out else 2
    if op == "identity":
        return nn.Identity() if stride == 1 else nn.Sequential(*_conv_bn(n_in, n_out, 1, stride))
    expansion, kernel = {"mb3_k3": (3, 3), "mb6_k5": (6, 5)}[op]
    return InvertedResidual(n_in, n_out, stride, expansion, kernel)


def _conv_bn(
    n_in: int, n_out: int, kernel: int, stride: int = 1, groups: int = 1
) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    """A convolution without bias, and batch normalisation."""
    return (
        nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(n_out),
    )
