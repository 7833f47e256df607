"""`Network`: what the networks of all spaces share, and the block that most of them are made of."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from torch import Tensor, nn

from nasflow.errors import ConfigError


class Network(nn.Module):
    """Images (B, in_channels, H, W) to logits (B, n_classes): features, their mean over the image, a linear layer.

    Subclasses set `reduction`, pass the width of their features to `__init__`, and write `features`. Weights are
    drawn from torch's generator as torch's layers draw them: seed it (`nasflow.seeding.seeded`) for reproducible
    ones. Every ReLU is a module of its own, so that a hook sees it.
    """

    reduction: ClassVar[int]
    """Height and width of images are multiples of this; 1 where any size will do."""

    def __init__(self, in_channels: int, n_features: int, n_classes: int) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.classifier = nn.Linear(n_features, n_classes)

    @abstractmethod
    def features(self, images: Tensor) -> Tensor:
        """(B, n_features, h, w): the last feature maps of images (B, in_channels, H, W)."""

    def forward(self, images: Tensor) -> Tensor:
        """(B, n_classes): the logits of images (B, in_channels, H, W).

        Raises:
            ConfigError: images of another number of channels, or of a size that cannot be halved often enough.
        """
        shape, step = tuple(images.shape), self.reduction
        if len(shape) != 4 or shape[1] != self.in_channels or shape[2] % step or shape[3] % step or not shape[2:]:
            raise ConfigError(f"images have shape {shape}; legal: (batch, {self.in_channels}, height, width), height "
                              f"and width multiples of {step}; in_channels={self.in_channels} is chosen when the "
                              "network is made")
        logits: Tensor = self.classifier(self.features(images).mean((2, 3)))
        return logits


class ReLUConvBN(nn.Sequential):
    """ReLU, a convolution without bias that keeps the size (or divides it by its stride), batch normalisation."""

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int = 1) -> None:
        super().__init__(nn.ReLU(), nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, bias=False),
                         nn.BatchNorm2d(n_out))


def check_sizes(least_width: int = 1, **sizes: int) -> None:
    """Return if every named size is a positive integer, and `width` at least `least_width`.

    Raises:
        ConfigError: one is not; names it and what is legal.
    """
    for name, value in sizes.items():
        least = least_width if name == "width" else 1
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ConfigError(f"{name}={value!r}; legal: integers from {least} on")
