"""A convolution whose weight is computed (standardised at each call) had neither kernel nor groups
in a traced network: every kernel size gave the same architecture.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from importers.exports import three_ways
from importers.structure import from_torch
from nasflow.errors import GraphError


class Standardised(nn.Conv2d):
    """The weight of each filter is made of mean 0 and deviation 1."""

    def forward(self, x: Tensor) -> Tensor:
        mean = self.weight.mean((1, 2, 3), keepdim=True)
        weight = (self.weight - mean) / (self.weight.std((1, 2, 3), keepdim=True) + 1e-5)
        return F.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)


@pytest.mark.parametrize(
    ("kernel", "groups", "name"),
    [(1, 1, "conv1x1"), (3, 1, "conv3x3"), (5, 4, "groupconv5x5"), (7, 8, "dwconv7x7")],
)
def test_kernel_and_groups_are_those_of_the_weight(kernel: int, groups: int, name: str) -> None:
    model = nn.Sequential(Standardised(8, 8, kernel, groups=groups), nn.ReLU())
    assert from_torch(model).ops == ("input", name, "relu", "output")


def test_traced_exported_and_onnx() -> None:
    model = nn.Sequential(Standardised(8, 8, 3, groups=8), nn.ReLU(), Standardised(8, 4, 5)).eval()
    graphs = three_ways(model, torch.rand(1, 8, 9, 9))
    assert len({graph.canonical_id for graph in graphs.values()}) == 1


class Dynamic(nn.Module):
    """The network makes the weight of its convolution from its input."""

    def __init__(self) -> None:
        super().__init__()
        self.make = nn.Linear(4, 8 * 8 * 9)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        return F.conv2d(x, self.make(code).view(8, 8, 3, 3))


def test_a_weight_made_from_the_input_is_an_operand_or_refused() -> None:
    program = torch.export.export(Dynamic(), (torch.rand(1, 8, 5, 5), torch.rand(4)))
    graph = from_torch(program)
    conv = graph.ops.index("conv3x3")
    assert len(graph.predecessors[conv]) == 2
    # a trace knows no sizes
    with pytest.raises(GraphError, match=r"the weight of the convolution 'conv2d' is computed"):
        from_torch(Dynamic())
