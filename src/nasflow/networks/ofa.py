"""Sub-networks of Once-for-all's MobileNetV3 (Cai et al., ICLR 2020), as networks of their own.

    conv3x3 of stride 2, BN, hard swish         16 channels
    block of kernel 3 and expansion 1           16
    stage 1: 2 to 4 blocks, stride 2, ReLU      24
    stage 2: stride 2, ReLU, SE                 40
    stage 3: stride 2, hard swish               80
    stage 4: stride 1, hard swish, SE           112
    stage 5: stride 2, hard swish, SE           160
    conv1x1, BN, hard swish                     960
    mean over the image, linear without bias, hard swish      1280
    linear

SE is squeeze-and-excite, behind the convolution of each channel by itself, of a quarter of its
channels rounded to a multiple of 8. In a stage the first block has the stride. Parameters and
multiply-adds are those that the space derives (`tests/networks/test_ofa.py`).
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from nasflow.graphs.architecture import Architecture
from nasflow.networks.base import Network, check_sizes
from nasflow.networks.mobile import ConvBN, MobileBlock
from nasflow.spaces.layer_costs import to_multiple_of_8
from nasflow.spaces.ofa_mbv3 import HAS_SE, LAST_CONV, LAST_LINEAR, STEM, STRIDES, WIDTHS, OfaMbv3

_FIRST_HARD_SWISH = 2
"""The stage from which on the activation is no longer ReLU."""


class OfaNetwork(Network):
    """The network of an element, for images of any size: its resolution is a number of its own.

    Args:
        architecture: an element of `OfaMbv3`.
        n_classes: number of classes; by default those of the element, 1000.
        in_channels: channels of the images.

    Example:
        >>> import torch
        >>> space = OfaMbv3()
        >>> network = OfaNetwork(space.unrank(0), n_classes=10)
        >>> network(torch.zeros(2, 3, 64, 64)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self, architecture: Architecture, n_classes: int | None = None, in_channels: int = 3
    ) -> None:
        space = OfaMbv3.of(architecture)
        ks, e, d, _ = space.to_choices(architecture)
        n_classes = space.n_classes if n_classes is None else n_classes
        check_sizes(n_classes=n_classes, in_channels=in_channels)
        super().__init__(in_channels, LAST_CONV, n_classes)
        self.classifier = Head(LAST_CONV, LAST_LINEAR, n_classes)
        layers: list[nn.Module] = [
            ConvBN(in_channels, STEM, 3, stride=2, activation=nn.Hardswish),
            MobileBlock(STEM, STEM, 3, expansion=1),
        ]
        n_in = STEM
        for stage, (width, stride) in enumerate(zip(WIDTHS, STRIDES, strict=True)):
            activation = nn.ReLU if stage < _FIRST_HARD_SWISH else nn.Hardswish
            for i in range(d[stage]):
                kernel, expansion = ks[4 * stage + i], e[4 * stage + i]
                quarter = n_in * expansion // 4
                n_squeezed = int(to_multiple_of_8(quarter)) if HAS_SE[stage] else 0
                block = MobileBlock(n_in, width, kernel, expansion, stride, n_squeezed, activation)
                layers.append(block)
                # behind a stage's first block
                n_in, stride = width, 1
        layers.append(ConvBN(n_in, LAST_CONV, 1, activation=nn.Hardswish))
        self.layers = nn.Sequential(*layers)

    def features(self, images: Tensor) -> Tensor:
        """(B, 960, H/32, W/32)."""
        return cast(Tensor, self.layers(images))


class Head(nn.Sequential):
    """Means over the image to logits, through one more layer."""

    def __init__(self, n_in: int, n_hidden: int, n_classes: int) -> None:
        super().__init__(
            nn.Linear(n_in, n_hidden, bias=False), nn.Hardswish(), nn.Linear(n_hidden, n_classes)
        )
        self.in_features = n_in
