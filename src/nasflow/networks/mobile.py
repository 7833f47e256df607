"""Blocks of MobileNetV3 (Howard et al., ICCV 2019)."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from torch import Tensor, nn

Activation = Callable[[], nn.Module]


class ConvBN(nn.Sequential):
    """A convolution without bias, batch normalisation, and an activation if one is given.

    An odd kernel keeps the size of the images, or divides it by the stride and rounds up.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: Activation | None = None,
    ) -> None:
        super().__init__(
            nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(n_out),
            *([activation()] if activation else []),
        )


class SqueezeExcite(nn.Module):
    """Each channel times a factor from 0 to 1, which the channels' means over the image decide."""

    def __init__(self, n: int, n_hidden: int) -> None:
        super().__init__()
        self.factors = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Conv2d(n, n_hidden, 1),
            nn.ReLU(),
            nn.Conv2d(n_hidden, n, 1),
            nn.Hardsigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, n, H, W) of the same shape."""
        return x * cast(Tensor, self.factors(x))


class MobileBlock(nn.Module):
    """(B, n_in, H, W) to (B, n_out, H/stride, W/stride), through `expansion` x `n_in` channels.

    The input is added where the shape is the same. An expansion of 1 has no first convolution.

    Args:
        n_in, n_out: channels.
        kernel: of the convolution of each channel by itself.
        expansion: channels in between, as a multiple of `n_in`.
        stride: of the same convolution.
        n_squeezed: numbers between the layers of squeeze-and-excite; 0 for none.
        activation: behind the first two convolutions.
    """

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel: int,
        expansion: int,
        stride: int = 1,
        n_squeezed: int = 0,
        activation: Activation = nn.ReLU,
    ) -> None:
        super().__init__()
        n = n_in * expansion
        parts: list[nn.Module] = []
        if expansion > 1:
            parts.append(ConvBN(n_in, n, 1, activation=activation))
        parts.append(ConvBN(n, n, kernel, stride, groups=n, activation=activation))
        if n_squeezed:
            parts.append(SqueezeExcite(n, n_squeezed))
        self.block = nn.Sequential(*parts, ConvBN(n, n_out, 1))
        self.adds_input = n_in == n_out and stride == 1

    def forward(self, x: Tensor) -> Tensor:
        """The block's output, and the input where it has the same shape."""
        out: Tensor = self.block(x)
        return out + x if self.adds_input else out
