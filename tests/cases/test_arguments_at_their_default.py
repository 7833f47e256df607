"""Arguments of `forward` that nobody gave, such as `mask=None, scale=1.0`, became inputs of the
traced network, with edges that do not exist.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, fx, nn

from importers.exports import exported
from importers.structure import from_torch
from importers.zoo import network
from nasflow.graphs.architecture import Architecture


class Optional(nn.Module):
    """A network with three arguments, of which only the first must be given."""

    def forward(self, x: Tensor, mask: Tensor | None = None, scale: float = 2.0) -> Tensor:
        y = torch.tanh(x) * scale
        return y if mask is None else y + mask


class AllOptional(nn.Module):
    def forward(self, x: Tensor | None = None, y: Tensor | None = None) -> Tensor:
        return torch.tanh(x) if y is None else torch.relu(y)


def test_arguments_that_nobody_gives_are_no_inputs() -> None:
    chain = Architecture(("input", "tanh", "mul", "output"), ((0, 1), (1, 2), (2, 3)))
    assert from_torch(Optional()) == chain
    program = exported(Optional(), torch.rand(2, 3))
    assert from_torch(program).canonical_id == chain.canonical_id


def test_those_that_are_given_are() -> None:
    program = exported(Optional(), torch.rand(2, 3), torch.rand(2, 3))
    assert from_torch(program).ops.count("input") == 2


def test_of_a_graph_that_was_traced_before() -> None:
    """Its placeholders keep the defaults; the branch on the mask was decided by the trace."""

    class Scaled(nn.Module):
        def forward(self, x: Tensor, scale: float = 2.0) -> Tensor:
            return torch.tanh(x) * scale

    assert from_torch(fx.symbolic_trace(Scaled())).ops == ("input", "tanh", "mul", "output")


def test_where_all_are_optional_the_first_is_given() -> None:
    assert from_torch(AllOptional()).ops == ("input", "tanh", "output")


@pytest.mark.parametrize("name", ["vit", "deit"])
def test_vision_transformers_have_one_input(name: str) -> None:
    model, example = network(name)
    graph = from_torch(model)
    assert graph.ops.count("input") == 1
    assert graph.canonical_id == from_torch(exported(model, example)).canonical_id
