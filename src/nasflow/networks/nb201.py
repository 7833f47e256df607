"""Networks of NAS-Bench-201 and NATS-Bench's topology space (Dong and Yang, ICLR 2020).

Section 2.1 and figure 1:

    conv3x3, BN                                 width channels
    N cells
    residual block, stride 2                    2 width
    N cells
    residual block, stride 2                    4 width
    N cells
    BN, ReLU, mean over the image, linear

`conv1x1` and `conv3x3` are ReLU, convolution, BN; the average of `avgpool3x3` leaves the padding
out. Parameters and FLOPs were compared with the published ones for every cell that has them
(`tests/networks/test_nb201.py`).
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from nasflow.graphs.architecture import Architecture
from nasflow.networks.base import Network, ReLUConvBN, check_sizes
from nasflow.networks.pair_cell import PairCellModule
from nasflow.spaces.nb201 import NB201


class NB201Network(Network):
    """The network of a cell.

    Args:
        architecture: an element of `NB201`.
        width: channels of the first stage.
        cells: cells in each of the three stages.
        n_classes: number of classes.
        in_channels: channels of the images.
        dead: whether operations run that the output does not depend on
            (`nasflow.networks.pair_cell`).

    Example:
        >>> import torch
        >>> network = NB201Network(NB201().parse("235"), width=8, cells=1)
        >>> network(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        architecture: Architecture,
        width: int = 16,
        cells: int = 5,
        n_classes: int = 10,
        in_channels: int = 3,
        dead: bool = False,
    ) -> None:
        check_sizes(width=width, cells=cells, n_classes=n_classes, in_channels=in_channels)
        super().__init__(in_channels, 4 * width, n_classes)
        ops = NB201().to_tuple(architecture)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        )
        layers: list[nn.Module] = []
        for n in (width, 2 * width, 4 * width):
            # the first stage keeps the stem's size
            if n > width:
                layers.append(ResidualBlock(n // 2, n))
            layers += [_cell(ops, n, dead) for _ in range(cells)]
        self.layers = nn.Sequential(*layers)
        self.last = nn.Sequential(nn.BatchNorm2d(4 * width), nn.ReLU())

    def features(self, images: Tensor) -> Tensor:
        """(B, 4 width, H/4, W/4)."""
        return cast(Tensor, self.last(self.layers(self.stem(images))))


class ResidualBlock(nn.Module):
    """The reduction: two convolutions, the first of stride 2, beside a mean of 2x2 and conv1x1."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            ReLUConvBN(n_in, n_out, 3, stride=2), ReLUConvBN(n_out, n_out, 3)
        )
        self.shortcut = nn.Sequential(
            nn.AvgPool2d(2, ceil_mode=True), nn.Conv2d(n_in, n_out, 1, bias=False)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, n_out, H/2, W/2) of (B, n_in, H, W)."""
        return cast(Tensor, self.shortcut(x) + self.convolutions(x))


def _cell(ops: tuple[str, ...], n: int, dead: bool) -> PairCellModule:
    # all operations are alike, wherever in the cell they start
    return PairCellModule(ops, lambda op, _: _operation(op, n), n, dead=dead)


def _operation(op: str, n: int) -> nn.Module:
    if op == "skip":
        return nn.Identity()
    if op == "avgpool3x3":
        # at the border the mean is over the pixels that exist
        return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)
    return ReLUConvBN(n, n, {"conv1x1": 1, "conv3x3": 3}[op])
