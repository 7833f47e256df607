"""Networks of NATS-Bench's size space (Dong et al., TPAMI 2021).

    conv3x3, BN                                 width 1
    cell                                        width 1
    residual block, stride 2                    width 2
    cell                                        width 3
    residual block, stride 2                    width 4
    cell                                        width 5
    BN, ReLU, mean over the image, linear

All cells are the same one of NAS-Bench-201 (`nasflow.spaces.nats_sss.CELL`); the operations on its
input change the width, and where it changes the identity is a convolution 1x1 and BN. With widths
that double it is the network of NAS-Bench-201 with one cell in each stage
(`tests/networks/test_nats_sss.py`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import cast

from torch import Tensor, nn

from nasflow.graphs.architecture import Architecture
from nasflow.networks.base import Network, ReLUConvBN, check_sizes
from nasflow.networks.nb201 import ResidualBlock
from nasflow.networks.pair_cell import PairCellModule
from nasflow.spaces.nats_sss import CELL, NatsSize
from nasflow.spaces.nb201 import NB201


class NatsSizeNetwork(Network):
    """The network of five widths.

    Args:
        architecture: an element of `NatsSize`.
        n_classes: number of classes; by default those of the element, 10.
        in_channels: channels of the images.

    Example:
        >>> import torch
        >>> network = NatsSizeNetwork(NatsSize().parse("64:8:16:32:48"))
        >>> network(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self, architecture: Architecture, n_classes: int | None = None, in_channels: int = 3
    ) -> None:
        space = NatsSize.of(architecture)
        widths = space.widths(architecture)
        n_classes = space.n_classes if n_classes is None else n_classes
        check_sizes(n_classes=n_classes, in_channels=in_channels)
        super().__init__(in_channels, widths[-1], n_classes)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, widths[0], 3, padding=1, bias=False), nn.BatchNorm2d(widths[0])
        )
        ops = NB201().to_tuple(NB201().parse(CELL))
        layers: list[nn.Module] = []
        # the first cell has the stem's width before it, too
        for i, (n_in, n_out) in enumerate(pairwise([widths[0], *widths])):
            layers.append(ResidualBlock(n_in, n_out) if i % 2 else _cell(ops, n_in, n_out))
        self.layers = nn.Sequential(*layers)
        self.last = nn.Sequential(nn.BatchNorm2d(widths[-1]), nn.ReLU())

    def features(self, images: Tensor) -> Tensor:
        """(B, width 5, H/4, W/4)."""
        return cast(Tensor, self.last(self.layers(self.stem(images))))


def _cell(ops: tuple[str, ...], n_in: int, n_out: int) -> PairCellModule:
    def make(op: str, source: int) -> nn.Module:
        # map 0 is the cell's input; the others have the new width already
        n = n_out if source else n_in
        if op != "skip":
            return ReLUConvBN(n, n_out, {"conv1x1": 1, "conv3x3": 3}[op])
        if n == n_out:
            return nn.Identity()
        return nn.Sequential(nn.Conv2d(n, n_out, 1, bias=False), nn.BatchNorm2d(n_out))

    return PairCellModule(ops, make, n_out)
