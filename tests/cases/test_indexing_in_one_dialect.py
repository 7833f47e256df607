"""`x[:, 0]` and `x[..., :4]` were no nodes in a traced network, and `select` and `slice` in an
exported one: two dialects in one table.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from importers.exports import three_ways
from importers.structure import from_torch


class Indexed(nn.Module):
    def __init__(self, index: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.index = index

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.index(torch.tanh(x)))


INDICES: dict[str, tuple[Callable[[Tensor], Tensor], list[str]]] = {
    "x[:, 0]": (lambda x: x[:, 0], ["select"]),
    "x[:, -1]": (lambda x: x[:, -1], ["select"]),
    "x[..., :4]": (lambda x: x[..., :4], ["slice"]),
    "x[..., 1]": (lambda x: x[..., 1], ["select"]),
    "x[:, 1:3]": (lambda x: x[:, 1:3], ["slice"]),
    "x[:, ::2]": (lambda x: x[:, ::2], ["slice"]),
    "x[:, 1:3, 0]": (lambda x: x[:, 1:3, 0], ["slice", "select"]),
    "x[None]": (lambda x: x[None], ["unsqueeze"]),
    "x[:, None, 0]": (lambda x: x[:, None, 0], ["unsqueeze", "select"]),
    "x[:]": (lambda x: x[:], []),
    "x.select(1, 0)": (lambda x: x.select(1, 0), ["select"]),
    "x.narrow(2, 0, 4)": (lambda x: x.narrow(2, 0, 4), ["slice"]),
    "chunk": (lambda x: x.chunk(2, 1)[1], ["slice"]),
}


@pytest.mark.parametrize("notation", INDICES)
def test_traced_exported_and_onnx(notation: str) -> None:
    index, expected = INDICES[notation]
    graphs = three_ways(Indexed(index), torch.rand(2, 4, 6))
    assert len({graph.canonical_id for graph in graphs.values()}) == 1
    if notation != "chunk":
        middle = [op for op in graphs["traced"].ops[1:-1] if op not in ("tanh", "relu")]
        assert sorted(middle) == sorted(expected)


def test_other_notations_of_the_same_are_the_same() -> None:
    def id_of(index: Callable[[Tensor], Tensor]) -> str:
        return from_torch(Indexed(index)).canonical_id

    assert id_of(lambda x: x[:, 0]) == id_of(lambda x: x.select(1, 0))
    assert id_of(lambda x: x[:, 0:4]) == id_of(lambda x: x[:, :4])
    assert id_of(lambda x: x[:, 0]) != id_of(lambda x: x[:, :1])
