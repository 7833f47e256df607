"""`Network`: what the networks of all spaces share, and the blocks that several of them use."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from nasflow.errors import ConfigError


class Network(nn.Module, ABC):
    """Images (B, in_channels, H, W) to logits (B, n_classes).

    The logits are a linear layer of the features' mean over the image. Subclasses pass the width of
    their features to `__init__`, and write `features`. Images may have any size: where one is
    halved that is odd, it is rounded up. Weights are drawn from torch's generator as torch's layers
    draw them: seed it (`nasflow.running.seeding.seeded`) for reproducible ones. Every ReLU is a
    module of its own, so that a hook sees it.
    """

    def __init__(self, in_channels: int, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        # a module of any kind, since some sources have a layer between mean and logits
        self.classifier: nn.Module = nn.Linear(n_features, n_classes)

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """(B, n_features, h, w): the last feature maps of images (B, in_channels, H, W)."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, n_classes): the logits of images (B, in_channels, H, W).

        Raises:
            ConfigError: images of another shape.
        """
        if images.ndim != 4 or images.shape[1] != self.in_channels:
            raise ConfigError(
                f"images have shape {tuple(images.shape)}; legal: (batch, {self.in_channels},"
                " height, width), where the channels are in_channels of the network"
            )
        logits: Tensor = self.classifier(self.features(images).mean((2, 3)))
        return logits


class ReLUConvBN(nn.Sequential):
    """ReLU, a convolution without bias, batch normalisation; a stride divides the size."""

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(
            nn.ReLU(),
            nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(n_out),
        )


class HalfSize(nn.Module):
    """DARTS's `FactorizedReduce`: half the size without losing every second pixel.

    ReLU, then two convolutions 1x1 of stride 2 for half of the channels each, the second one pixel
    further right and down, then BN.
    """

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.relu = nn.ReLU()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(n_in, n_out // 2, 1, stride=2, bias=False) for _ in range(2)
        )
        self.norm = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_out, H/2, W/2) of (B, n_in, H, W); a row of zeros is added to an odd size."""
        x = self.relu(x)
        first, second = self.convolutions
        # the second one sees the pixels that a stride of 2 leaves out of the first
        shifted = pad(x[:, :, 1:, 1:], (0, 1, 0, 1))
        halves: Tensor = self.norm(torch.cat([first(x), second(shifted)], 1))
        return halves


def check_sizes(least_width: int = 1, **sizes: int) -> None:
    """Return if every named size is a positive integer, and `width` at least `least_width`.

    Raises:
        ConfigError: one is not; names it and what is legal.
    """
    for name, value in sizes.items():
        least = least_width if name == "width" else 1
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigError(f"{name}={value!r}; legal: integers from {least} on")
