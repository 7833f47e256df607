"""Networks of TransNAS-Bench-101's macro space (Duan et al., CVPR 2021; `net_macro.py`).

    conv3x3 of stride 2, BN                     32 channels
    ReLU, conv3x3 of stride 2, BN               64
    4 to 6 modules of two residual blocks       as their codes say
    mean over the image, linear

A block is twice ReLU, conv3x3, BN, and its input added to that. Where a module's first block halves
the size or doubles the channels, the input goes through a convolution 1x1 and BN.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from nasflow.graphs.architecture import Architecture
from nasflow.networks.base import Network, ReLUConvBN, check_sizes
from nasflow.spaces.transnas_macro import STEM, TransNASMacro


class TransNASMacroNetwork(Network):
    """The network of the codes of 4 to 6 modules.

    Args:
        architecture: an element of `TransNASMacro`.
        n_classes: number of classes; by default those of the element, 47.
        in_channels: channels of the images.

    Example:
        >>> import torch
        >>> network = TransNASMacroNetwork(TransNASMacro().parse("64-4143-basic"))
        >>> network(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 47])
    """

    def __init__(
        self, architecture: Architecture, n_classes: int | None = None, in_channels: int = 3
    ) -> None:
        space = TransNASMacro.of(architecture)
        codes = space.to_choices(architecture)
        n_classes = space.n_classes if n_classes is None else n_classes
        check_sizes(n_classes=n_classes, in_channels=in_channels)
        n_doubled = sum(code % 2 == 0 for code in codes)
        super().__init__(in_channels, STEM << n_doubled, n_classes)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, STEM // 2, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(STEM // 2),
            ReLUConvBN(STEM // 2, STEM, 3, stride=2),
        )
        modules: list[nn.Module] = []
        n = STEM
        for code in codes:
            n_out, stride = (2 * n if code % 2 == 0 else n), (2 if code > 2 else 1)
            modules.append(nn.Sequential(BasicBlock(n, n_out, stride), BasicBlock(n_out, n_out)))
            # the next module starts from what this one gives
            n = n_out
        self.layers = nn.Sequential(*modules)

    def features(self, images: Tensor) -> Tensor:
        """(B, width of the last module, h, w)."""
        return cast(Tensor, self.layers(self.stem(images)))


class BasicBlock(nn.Module):
    """(B, n_in, H, W) to (B, n_out, H/stride, W/stride)."""

    def __init__(self, n_in: int, n_out: int, stride: int = 1) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            ReLUConvBN(n_in, n_out, 3, stride), ReLUConvBN(n_out, n_out, 3)
        )
        self.shortcut: nn.Module = nn.Identity()
        if n_in != n_out or stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        """The sum of both ways."""
        return cast(Tensor, self.shortcut(x) + self.convolutions(x))
