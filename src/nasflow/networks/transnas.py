"""Networks of TransNAS-Bench-101's micro cells (Duan et al., CVPR 2021, section 3.2).

As in the source's `net_macro.py`, skeleton `64-41414`, with the head of scene classification:

    conv3x3 of stride 2, BN                     width / 2 channels
    ReLU, conv3x3 of stride 2, BN               width
    module 1: N cells, the first of stride 2    2 width
    module 2: N cells                           2 width
    module 3: N cells, the first of stride 2    4 width
    module 4: N cells                           4 width
    module 5: N cells, the first of stride 2    8 width
    mean over the image, linear

In a cell of stride 2 the three operations on its input halve the size and double the channels; a
skip there is `HalfSize`. Convolutions are ReLU, convolution, BN. The source's images are 256x256:
the size is divided by 32, rounded up, so that images of 16x16 end at 1x1.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.networks.base import HalfSize, Network, ReLUConvBN, check_sizes
from nasflow.networks.pair_cell import PairCellModule
from nasflow.spaces.transnas import TransNASMicro

_GROWTH = (2, 1, 2, 1, 2)
"""Stride of each module's first cell and factor of its channels: 2 for a 4 of `41414`."""


class TransNASNetwork(Network):
    """The network of a cell.

    Args:
        architecture: an element of `TransNASMicro`.
        width: channels of the stem; even.
        cells: cells in each of the five modules.
        n_classes: number of classes.
        in_channels: channels of the images.
        dead: whether operations run that the output does not depend on
            (`nasflow.networks.pair_cell`).

    Example:
        >>> import torch
        >>> network = TransNASNetwork(TransNASMicro().parse("1_02_333"), width=8, cells=1)
        >>> network(torch.zeros(2, 3, 32, 32)).shape
        torch.Size([2, 47])
    """

    def __init__(
        self,
        architecture: Architecture,
        width: int = 64,
        cells: int = 2,
        n_classes: int = 47,
        in_channels: int = 3,
        dead: bool = False,
    ) -> None:
        check_sizes(
            least_width=2, width=width, cells=cells, n_classes=n_classes, in_channels=in_channels
        )
        if width % 2:
            raise ConfigError(
                f"width={width}; legal: even integers from 2 on, since the stem begins with half"
                " of it"
            )
        super().__init__(in_channels, 8 * width, n_classes)
        ops = TransNASMicro().to_tuple(architecture)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width // 2, 3, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(width // 2),
            ReLUConvBN(width // 2, width, 3, stride=2),
        )
        layers: list[nn.Module] = []
        n = width
        for growth in _GROWTH:
            # only a module's first cell halves the size, and takes twice the channels for it
            for factor in (growth, *[1] * (cells - 1)):
                layers.append(_cell(ops, n, n * factor, factor, dead))
                n *= factor
        self.layers = nn.Sequential(*layers)

    def features(self, images: Tensor) -> Tensor:
        """(B, 8 width, H/32, W/32)."""
        return cast(Tensor, self.layers(self.stem(images)))


def _cell(ops: tuple[str, ...], n_in: int, n_out: int, stride: int, dead: bool) -> PairCellModule:
    def make(op: str, source: int) -> nn.Module:
        # map 0 is the cell's input; the others have the new size and channels already
        n, step = (n_out, 1) if source else (n_in, stride)
        if op == "skip_connect":
            # where the shape changes, a skip has parameters
            return nn.Identity() if step == 1 else HalfSize(n, n_out)
        return ReLUConvBN(n, n_out, {"conv1x1": 1, "conv3x3": 3}[op], step)

    return PairCellModule(ops, make, n_out, stride, dead)
