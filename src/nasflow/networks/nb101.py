"""Networks of NAS-Bench-101 (Ying et al., ICML 2019, section 2 and the supplement's S1).

As in the source's `model_builder.py`:

    conv3x3, BN, ReLU                           width channels
    N cells                                     width
    max pooling 2x2, N cells                    2 width
    max pooling 2x2, N cells                    4 width
    mean over the image, linear

In a cell, every edge out of the input is a projection (convolution 1x1, BN, ReLU) to the channels
of its target. What meets at an operation is summed; what meets at the output is concatenated, and
the input's projection added. So the cell's channels are shared out among the operations before the
output, the first of them one more where the division leaves a rest. Any other operation has as many
channels as the widest of those it feeds, and a target with one channel less takes the first ones.
Hence isomorphic cells whose nodes come in another order may differ slightly.

Convolutions are convolution, BN, ReLU. Elements of the space are pruned cells, as in the source.
Parameters were compared with the published ones (`tests/networks/test_nb101.py`).
"""

from __future__ import annotations

from functools import reduce
from typing import cast

import torch
from torch import Tensor, nn

from nasflow.graphs.architecture import Architecture
from nasflow.networks.base import Network, check_sizes
from nasflow.spaces.nb101 import NB101


class NB101Network(Network):
    """The network of a cell.

    Args:
        architecture: an element of `NB101`.
        width: channels of the first stage; at least one for every operation before the output.
        cells: cells in each of the three stages.
        n_classes: number of classes.
        in_channels: channels of the images.

    Example:
        >>> import torch
        >>> network = NB101Network(NB101().parse("111|conv3x3-bn-relu"), width=8, cells=1)
        >>> network(torch.zeros(2, 3, 16, 16)).shape
        torch.Size([2, 10])
    """

    def __init__(
        self,
        architecture: Architecture,
        width: int = 128,
        cells: int = 3,
        n_classes: int = 10,
        in_channels: int = 3,
    ) -> None:
        NB101().check(architecture)
        # the output's channels are shared out among these; each needs one at least
        n_shares = sum(source > 0 for source in architecture.predecessors[-1])
        check_sizes(
            least_width=max(1, n_shares),
            width=width,
            cells=cells,
            n_classes=n_classes,
            in_channels=in_channels,
        )
        super().__init__(in_channels, 4 * width, n_classes)
        self.stem = ConvBNReLU(in_channels, width, 3)
        layers: list[nn.Module] = []
        for n_in, n in ((width, width), (width, 2 * width), (2 * width, 4 * width)):
            if n > n_in:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))  # TensorFlow's padding "same"
            layers += [NB101Cell(architecture, n if i else n_in, n) for i in range(cells)]
        self.layers = nn.Sequential(*layers)

    def features(self, images: Tensor) -> Tensor:
        """(B, 4 width, H/4, W/4), rounded up."""
        return cast(Tensor, self.layers(self.stem(images)))


class NB101Cell(nn.Module):
    """(B, n_in, H, W) to (B, n_out, H, W)."""

    def __init__(self, cell: Architecture, n_in: int, n_out: int) -> None:
        super().__init__()
        channels = vertex_channels(cell, n_out)
        self.channels, self.predecessors = channels, cell.predecessors
        last = cell.n_nodes - 1
        self.projections = nn.ModuleDict(
            {str(v): ConvBNReLU(n_in, channels[v], 1) for v in cell.successors[0]}
        )
        self.operations = nn.ModuleList(
            _operation(cell.ops[v], channels[v]) for v in range(1, last)
        )

    def forward(self, x: Tensor) -> Tensor:
        """The output of the last node, computed node by node."""
        values = [x]  # of each node so far, (B, channels[v], H, W)
        for v, operation in enumerate(self.operations, start=1):
            arriving = [self._along(u, v, values) for u in self.predecessors[v]]
            values.append(operation(reduce(torch.add, arriving)))
        last = len(values)
        direct = [self._along(0, last, values)] if 0 in self.predecessors[last] else []
        # not cut to fit: together they have the output's channels
        ends = [values[u] for u in self.predecessors[last] if u]
        return reduce(torch.add, [torch.cat(ends, 1), *direct] if ends else direct)

    def _along(self, source: int, target: int, values: list[Tensor]) -> Tensor:
        """What the edge brings: the input's projection, or as many channels as the target has."""
        if source:
            return values[source][:, : self.channels[target]]
        return cast(Tensor, self.projections[str(target)](values[0]))


class ConvBNReLU(nn.Sequential):
    """A convolution without bias that keeps the size, batch normalisation, ReLU."""

    def __init__(self, n_in: int, n_out: int, kernel: int) -> None:
        super().__init__(
            nn.Conv2d(n_in, n_out, kernel, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
        )


def vertex_channels(cell: Architecture, n_out: int) -> list[int]:
    """The channels of every node's output; 0 for the input node, which is projected."""
    last = cell.n_nodes - 1
    channels = [0] * last + [n_out]
    ends = [v for v in cell.predecessors[last] if v]
    for i, v in enumerate(ends):
        # the first ones take what the division leaves
        channels[v] = n_out // len(ends) + (i < n_out % len(ends))
    # backwards, so that the nodes that it feeds have theirs already
    for v in range(last - 1, 0, -1):
        if v not in ends:
            channels[v] = max(channels[w] for w in cell.successors[v])
    return channels


def _operation(op: str, n: int) -> nn.Module:
    if op == "maxpool3x3":
        return nn.MaxPool2d(3, stride=1, padding=1)
    return ConvBNReLU(n, n, {"conv1x1": 1, "conv3x3": 3}[op])
