"""`torch.no_grad()` or autocast inside of an exported module was an unknown operation, and whoever
ignored it, as the message said, lost the block inside.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from importers.exports import exported, three_ways
from importers.structure import from_torch
from importers.zoo import Classifier, LinearAttention
from nasflow.errors import UnknownOperationsError
from nasflow.graphs.architecture import Architecture

CHAIN = Architecture(
    ("input", "linear", "tanh", "linear", "relu", "output"),
    ((0, 1), (1, 2), (2, 3), (3, 4), (4, 5)),
)


class Wrapped(nn.Module):
    """Two layers in a mode of their own, between others."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self.before, self.inside = nn.Linear(4, 4), nn.Linear(4, 4)
        self.mode = mode

    def forward(self, x: Tensor) -> Tensor:
        y = self.before(x)
        if self.mode == "no gradients":
            with torch.no_grad():
                y = self.inside(torch.tanh(y))
        elif self.mode == "autocast":
            with torch.autocast("cpu", dtype=torch.bfloat16):
                y = self.inside(torch.tanh(y))
        elif self.mode == "both":
            with torch.no_grad(), torch.autocast("cpu", enabled=False):
                y = self.inside(torch.tanh(y.float()))
        else:
            y = self.inside(torch.tanh(y.to(torch.float64).to(torch.float32)))
        return torch.relu(y)


@pytest.mark.parametrize("mode", ["no gradients", "autocast", "both", "types"])
def test_what_is_inside_is_read(mode: str) -> None:
    graph = from_torch(exported(Wrapped(mode), torch.rand(2, 4)))
    assert graph.canonical_id == CHAIN.canonical_id
    assert from_torch(Wrapped(mode)).canonical_id == CHAIN.canonical_id


def test_attention_in_full_precision_without_gradients() -> None:
    model = Classifier(8, LinearAttention(8), LinearAttention(8)).eval()
    graphs = three_ways(model, torch.rand(1, 3, 16, 16))
    assert graphs["exported"].ops.count("matmul") == 4
    assert len({graph.canonical_id for graph in graphs.values()}) == 1


class Chosen(nn.Module):
    """Control flow on data, which torch.export keeps."""

    def forward(self, x: Tensor) -> Tensor:
        def stronger(y: Tensor) -> Tensor:
            return torch.tanh(y) * 2

        def weaker(y: Tensor) -> Tensor:
            return torch.sigmoid(y)

        return torch.relu(torch.cond(x.sum() > 0, stronger, weaker, (x,)))


def test_control_flow_is_refused_with_what_it_holds() -> None:
    program = exported(Chosen(), torch.rand(2, 4))
    with pytest.raises(UnknownOperationsError) as caught:
        from_torch(program)
    message = str(caught.value)
    assert "cond" in message
    assert "tanh" in message
    # a comparison is unknown too, and may be ignored; what holds a network never
    assert "cond holds 3 operations" in message


def test_a_function_that_a_trace_does_not_look_into() -> None:
    with pytest.raises(UnknownOperationsError, match=r"hidden .* may hold layers; .*export"):
        from_torch(Hidden())


def hidden(x: Tensor) -> Tensor:
    """A function that a trace takes as one operation."""
    return torch.tanh(x)


torch.fx.wrap("hidden")


class Hidden(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(hidden(x))
