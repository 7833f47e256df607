"""Networks of DARTS (Liu et al., ICLR 2019, section 3.2 and appendix A) and of NAS-Bench-301.

As in the source's `cnn/model.py`:

    conv3x3, BN                                 3 width channels
    N normal cells                              4 x width: the four steps side by side
    reduction cell                              4 x 2 width
    N normal cells
    reduction cell                              4 x 4 width
    N normal cells
    mean over the image, linear

So there are 3 N + 2 cells, the reductions at one and two thirds. A cell takes the outputs of the
two cells before it, each brought to its channels by ReLU, conv1x1, BN, or, where it comes from
before a reduction, by `HalfSize`. In a reduction cell the operations on these two have stride 2.

NAS-Bench-301 trained 8 cells of width 32, the defaults here; DARTS's own networks have 20 cells of
width 36 (`cells=6, width=36`). Both had an auxiliary classifier and dropped paths in training; here
there is neither. Pooling is without BN, as in both.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from nasflow.graphs.architecture import Architecture
from nasflow.networks.base import HalfSize, Network, ReLUConvBN, check_sizes
from nasflow.spaces.darts import N_STEPS, Cell, Darts


class DartsNetwork(Network):
    """The network of a normal and a reduction cell.

    Args:
        architecture: an element of `Darts`.
        width: channels of each step of the first stage.
        cells: normal cells in each of the three stages.
        n_classes: number of classes.
        in_channels: channels of the images.

    Example:
        >>> import numpy, torch
        >>> architecture = Darts().sample(numpy.random.default_rng(0))
        >>> network = DartsNetwork(architecture, width=8, cells=1)
        >>> network(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        architecture: Architecture,
        width: int = 32,
        cells: int = 2,
        n_classes: int = 10,
        in_channels: int = 3,
    ) -> None:
        check_sizes(width=width, cells=cells, n_classes=n_classes, in_channels=in_channels)
        super().__init__(in_channels, N_STEPS * 4 * width, n_classes)
        normal, reduce = Darts().to_cells(architecture)
        self.stem = nn.Sequential(
            nn.Conv2d(in_channels, 3 * width, 3, padding=1, bias=False), nn.BatchNorm2d(3 * width)
        )
        kinds = [*[False] * cells, True] * 2 + [False] * cells
        self.cells = nn.ModuleList()
        n_before, n_last, n, reduced = 3 * width, 3 * width, width, False
        for reducing in kinds:
            # what a reduction takes in size it gives in channels
            n *= 2 if reducing else 1
            # behind a reduction, the cell before the last has twice the size of the last
            first = HalfSize(n_before, n) if reduced else ReLUConvBN(n_before, n, 1)
            cell, stride = (reduce, 2) if reducing else (normal, 1)
            self.cells.append(DartsCell(cell, first, n_last, n, stride))
            n_before, n_last, reduced = n_last, N_STEPS * n, reducing

    def features(self, images: Tensor) -> Tensor:
        """(B, 16 width, H/4, W/4)."""
        before = last = self.stem(images)
        for cell in self.cells:
            before, last = last, cell(before, last)
        return cast(Tensor, last)


class DartsCell(nn.Module):
    """The outputs of the two cells before to (B, 4 n, h, w)."""

    def __init__(self, cell: Cell, first: nn.Module, n_last: int, n: int, stride: int) -> None:
        super().__init__()
        self.first, self.second = first, ReLUConvBN(n_last, n, 1)
        self.sources: list[tuple[int, ...]] = []
        self.operations = nn.ModuleList()
        for step in cell:
            self.sources.append(tuple(source for _, source in step))
            # the cell's two inputs are halved; its own steps have the new size already
            pair = [_operation(op, n, stride if source < 2 else 1) for op, source in step]
            self.operations.append(nn.ModuleList(pair))

    def forward(self, before: Tensor, last: Tensor) -> Tensor:
        """The steps' sums, side by side."""
        states = [self.first(before), self.second(last)]  # each (B, n, H, W)
        pairs = cast(list[nn.ModuleList], list(self.operations))
        for (one, other), (a, b) in zip(self.sources, pairs, strict=True):
            states.append(a(states[one]) + b(states[other]))
        return torch.cat(states[2:], 1)  # (B, 4 n, h, w): the steps without the inputs


def _operation(op: str, n: int, stride: int) -> nn.Module:
    if op == "skip_connect":
        return nn.Identity() if stride == 1 else HalfSize(n, n)
    kind, size = op[:-4], int(op[-1])
    if kind == "max_pool":
        return nn.MaxPool2d(size, stride, padding=1)
    if kind == "avg_pool":
        return nn.AvgPool2d(size, stride, padding=1, count_include_pad=False)
    if kind == "dil_conv":
        return separable(n, size, stride, dilation=2)
    return nn.Sequential(separable(n, size, stride), separable(n, size, 1))


def separable(n: int, kernel: int, stride: int, dilation: int = 1) -> nn.Sequential:
    """ReLU, a convolution of each channel by itself, one of 1x1 across the channels, BN."""
    around = dilation * (kernel // 2)
    return nn.Sequential(
        nn.ReLU(),
        nn.Conv2d(n, n, kernel, stride, around, dilation, groups=n, bias=False),
        nn.Conv2d(n, n, 1, bias=False),
        nn.BatchNorm2d(n),
    )
