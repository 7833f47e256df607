from __future__ import annotations

import operator
from collections import Counter
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from importers.models import MobileNetV2, ResNet18, TransformerBlock
from importers.structure import from_torch
from nasflow.errors import GraphError, UnknownOperationsError
from nasflow.graphs.table import ArchTable


def test_resnet_18() -> None:
    graph = from_torch(ResNet18())
    assert Counter(graph.ops) == {
        "input": 1,
        "conv7x7": 1,
        "conv3x3": 16,
        "conv1x1": 3,
        "batchnorm": 20,
        "relu": 17,
        "maxpool3x3": 1,
        "add": 8,
        "globalavgpool": 1,
        "flatten": 1,
        "linear": 1,
        "output": 1,
    }
    # a chain of 71 and a second way around each of 8 blocks
    assert (graph.n_nodes, len(graph.edges)) == (71, 78)
    assert graph.pruned() == graph
    adds = [v for v, op in enumerate(graph.ops) if op == "add"]
    assert all(len(graph.predecessors[v]) == 2 for v in adds)


def test_mobilenet_v2() -> None:
    graph = from_torch(MobileNetV2())
    count = Counter(graph.ops)
    assert (count["dwconv3x3"], count["conv1x1"], count["conv3x3"]) == (17, 34, 1)
    assert (count["add"], count["relu6"], count["batchnorm"]) == (10, 35, 52)


def test_a_transformer_block() -> None:
    graph = from_torch(TransformerBlock())
    count = Counter(graph.ops)
    assert (count["linear"], count["layernorm"], count["attention"]) == (4, 2, 1)
    assert (count["add"], count["gelu"]) == (2, 1)
    attention = graph.ops.index("attention")
    assert len(graph.predecessors[attention]) == 3
    assert "size" not in count  # shapes are no operations
    assert graph.pruned() == graph


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (ResNet18(), (1, 3, 64, 64)),
        (MobileNetV2(), (1, 3, 64, 64)),
        (TransformerBlock(), (2, 5, 32)),
    ],
)
def test_the_traced_and_the_exported_graph_are_one_architecture(
    model: nn.Module, shape: tuple[int, ...]
) -> None:
    """Two routes: tracing with modules as nodes, and export to functions with weights as inputs."""
    model.eval()
    exported = from_torch(torch.export.export(model, (torch.zeros(shape),)))
    traced = from_torch(model)
    assert exported.canonical_id == traced.canonical_id
    assert Counter(exported.ops) == Counter(traced.ops)


class Everything(nn.Module):
    """Calls of every kind that torch.fx knows, and constants."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(8, 2, 5, 5))
        self.register_buffer("offset", torch.ones(1))
        self.identity = nn.Identity()

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        a = F.conv2d(x, self.weight, groups=4)
        b = F.max_pool2d(y, 2)
        scale = (self.offset * 2).sqrt()
        c = torch.cat([self.identity(a), b.contiguous()], 1) * scale
        d, e = c.chunk(2, 1)
        return operator.add(d, e.T.data), F.hardtanh(c, 0.0, 6.0).relu_()


def test_functions_methods_weights_and_constants() -> None:
    graph = from_torch(Everything())
    assert graph.ops == (
        "input",
        "input",
        "groupconv5x5",
        "maxpool2x2",
        "skip",
        "concat",
        "mul",
        "split",
        "transpose",
        "add",
        "relu6",
        "relu",
        "output",
    )
    names = dict(enumerate(graph.ops))
    assert {(names[s], names[t]) for s, t in graph.edges} == {
        ("input", "groupconv5x5"),
        ("input", "maxpool2x2"),
        ("groupconv5x5", "skip"),
        ("skip", "concat"),
        ("maxpool2x2", "concat"),
        ("concat", "mul"),
        ("mul", "split"),
        ("split", "add"),
        ("split", "transpose"),
        ("transpose", "add"),
        ("mul", "relu6"),
        ("relu6", "relu"),
        ("add", "output"),
        ("relu", "output"),
    }


@pytest.mark.parametrize(
    ("layer", "op"),
    [
        (nn.Conv1d(4, 4, 3), "conv3"),
        (nn.Conv3d(1, 1, (1, 2, 3)), "conv1x2x3"),
        (nn.ConvTranspose2d(1, 1, 2), "convtranspose2x2"),
        (nn.Conv2d(4, 8, 3, groups=4), "dwconv3x3"),
        (nn.AvgPool2d(2), "avgpool2x2"),
        (nn.AvgPool1d(3), "avgpool3"),
        (nn.AdaptiveMaxPool2d(1), "globalmaxpool"),
        (nn.AdaptiveAvgPool2d((2, 2)), "adaptiveavgpool"),
        (nn.LeakyReLU(), "leakyrelu"),
        (nn.GroupNorm(1, 4), "groupnorm"),
        (nn.SyncBatchNorm(4), "batchnorm"),
        (nn.Identity(), "skip"),
        (nn.Dropout2d(), "dropout"),
    ],
)
def test_layers(layer: nn.Module, op: str) -> None:
    assert from_torch(layer).ops == ("input", op, "output")


def odd(x: Tensor) -> Tensor:
    """A function that no vocabulary knows."""
    return x


torch.fx.wrap("odd")


class Odd(nn.Module):
    """Two unknown operations, one of them twice."""

    def forward(self, x: Tensor) -> Tensor:
        return odd(odd(x).relu()).cholesky_inverse()


def test_unknown_operations_are_listed_together_and_a_mapping_names_them(tmp_path: Path) -> None:
    with pytest.raises(
        UnknownOperationsError,
        match=(r"2 unknown operations: odd \(2: odd, odd_1\), choleskyinverse \(1: .*mapping file"),
    ):
        from_torch(Odd())
    (tmp_path / "ops.yaml").write_text("# own\nodd: ignore\ncholeskyinverse: inverse\n")
    graph = from_torch(Odd(), mapping=tmp_path / "ops.yaml")
    assert graph.ops == ("input", "relu", "inverse", "output")
    assert graph.edges == ((0, 1), (1, 2), (2, 3))


class Branch(nn.Module):
    """Control flow on data: tracing cannot follow it."""

    def forward(self, x: Tensor) -> Tensor:
        return x if x.sum() > 0 else -x


def test_what_cannot_be_traced_says_so() -> None:
    with pytest.raises(GraphError, match=r"Branch cannot be traced.*torch\.export\.export"):
        from_torch(Branch())
    with pytest.raises(GraphError, match="str is no torch module"):
        from_torch("resnet18")  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [0, 1, 18, 498])
def test_models_of_2_3_20_and_500_nodes(n: int) -> None:
    graph = from_torch(nn.Sequential(*(nn.ReLU() for _ in range(n))))
    assert graph.n_nodes == n + 2
    assert graph.canonical_id
    assert len(ArchTable.from_architectures([graph])) == 1
