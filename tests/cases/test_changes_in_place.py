"""In a traced module, an activation in place whose result was not used, or `y.add_(x)`, hung dead
and was pruned: the exported module had it.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from importers.exports import exported
from importers.structure import from_torch
from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture


class Residual(nn.Module):
    """Nothing that is written in place is read under another name."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        self.relu(y)
        y.add_(x)
        F.relu_(y)
        return y


class Written(nn.Module):
    """Another residual, each time by another kind of writing."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.conv, self.kind = nn.Conv2d(4, 4, 3, padding=1), kind

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        if self.kind == "operator":
            y += x
        elif self.kind == "method":
            y.add_(x)
        elif self.kind == "out":
            torch.add(y, x, out=y)
        elif self.kind == "view":
            y.view(-1).add_(x.reshape(-1))
        else:
            y.copy_(y + x)
        return F.relu(y)


def test_a_traced_residual_in_place() -> None:
    graph = from_torch(Residual())
    assert graph == Architecture(
        ("input", "conv3x3", "relu", "add", "relu", "output"),
        ((0, 1), (1, 2), (2, 3), (0, 3), (3, 4), (4, 5)),
    )
    assert graph.pruned() == graph
    program = exported(Residual(), torch.rand(1, 4, 5, 5))
    assert from_torch(program).canonical_id == graph.canonical_id


@pytest.mark.parametrize("kind", ["operator", "method", "out", "copy"])
def test_ways_to_write_in_place(kind: str) -> None:
    graph = from_torch(Written(kind))
    assert graph.ops == ("input", "conv3x3", "add", "relu", "output")
    assert graph.canonical_id == from_torch(Written("operator")).canonical_id


@pytest.mark.parametrize("kind", ["operator", "method", "view", "copy"])
def test_traced_equals_exported(kind: str) -> None:
    program = exported(Written(kind), torch.rand(1, 4, 5, 5))
    assert from_torch(program).canonical_id == from_torch(Written(kind)).canonical_id


class PartWritten(nn.Module):
    """Writes into a slice, and reads the whole; a trace cannot follow the assignment."""

    def forward(self, x: Tensor) -> Tensor:
        y = x * 2
        y[:, 0] = torch.tanh(y[:, 1])
        return torch.sigmoid(y)


def test_a_part_that_is_written() -> None:
    graph = from_torch(exported(PartWritten(), torch.rand(2, 3)))
    # the sigmoid reads what was written, and the rest
    scatter = graph.ops.index("scatter")
    assert sorted(graph.ops[source] for source in graph.predecessors[scatter]) == ["mul", "tanh"]
    assert graph.pruned() == graph
    with pytest.raises(GraphError, match=r"PartWritten cannot be traced .*torch\.export\.export"):
        from_torch(PartWritten())


class Inputs(nn.Module):
    """A caller's tensor is changed, and read before and after."""

    def forward(self, x: Tensor) -> Tensor:
        before = torch.tanh(x)
        x.relu_()
        return before + x


def test_what_was_read_before_stays() -> None:
    graph = from_torch(Inputs())
    assert graph == Architecture(
        ("input", "tanh", "relu", "add", "output"), ((0, 1), (0, 2), (1, 3), (2, 3), (3, 4))
    )
