"""Parameters and multiply-adds of layers: one plain formula each, for numbers and for arrays.

A multiplication and the addition that follows it count as one; biases, normalisation, activations
and pooling cost parameters where they have some and no multiply-adds
(`nasflow.networks.flops.count_flops` counts the same on the built network). Sizes are those of
square images.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Size = Any
"""A number, or an array of one for each network."""


@dataclass(frozen=True)
class Cost:
    """What a layer costs; costs add up."""

    params: Size
    flops: Size
    """Multiply-adds of one example."""

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.params + other.params, self.flops + other.flops)

    def where(self, there: Size) -> Cost:
        """Nothing where the layer is not there."""
        return Cost(self.params * there, self.flops * there)


def halved(side: Size, stride: Size) -> Size:
    """The side of an image after a stride, rounded up: odd kernels with padding kernel // 2."""
    return -(-side // stride)


def convolution(n_in: Size, n_out: Size, kernel: Size, side: Size, norm: bool = True) -> Cost:
    """A convolution without bias to images of `side`, and batch normalisation."""
    weights = n_in * n_out * kernel**2
    return Cost(weights + 2 * n_out * norm, weights * side**2)


def depthwise(n: Size, kernel: Size, side: Size) -> Cost:
    """A convolution of each channel by itself to images of `side`, and batch normalisation."""
    return Cost(n * kernel**2 + 2 * n, n * kernel**2 * side**2)


def linear(n_in: Size, n_out: Size, times: Size = 1, bias: bool = True) -> Cost:
    """A linear layer, applied to `times` vectors of an example."""
    return Cost(n_in * n_out + n_out * bias, n_in * n_out * times)


def squeeze_excite(n: Size, n_hidden: Size) -> Cost:
    """The mean over the image to `n_hidden` numbers and back to a factor for each channel."""
    return linear(n, n_hidden) + linear(n_hidden, n)


def inverted_residual(
    n_in: Size, n_out: Size, kernel: Size, expansion: Size, side: Size, stride: Size
) -> Cost:
    """MobileNet's block on images of `side`: 1x1 to `expansion` times the channels, depthwise, 1x1.

    An expansion of 1 leaves the first convolution out. Each has batch normalisation.
    """
    n, side_out = n_in * expansion, halved(side, stride)
    expand = convolution(n_in, n, 1, side).where(np.not_equal(expansion, 1))
    return expand + depthwise(n, kernel, side_out) + convolution(n, n_out, 1, side_out)


def to_multiple_of_8(width: Size) -> Size:
    """The multiple of 8 that a width is rounded to, at least 8 and at least 0.9 of the width."""
    rounded = np.maximum(8, (width + 4) // 8 * 8)
    return rounded + 8 * (10 * rounded < 9 * width)
