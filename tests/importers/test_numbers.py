"""Numbers on the nodes of imported models: against PyTorch's own counts and against arithmetic."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from importers import structure
from importers.exports import as_if_trained, exported, onnx_model, three_ways_with_numbers
from importers.models import BasicBlock, ResNet18, TransformerBlock
from importers.zoo import ZOO, network
from nasflow.errors import ConfigError, DataWarning, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.importers import from_onnx, from_torch

# What exporters of ONNX compute before they write the file, or write without a word for it: the
# table of positions gathered to a matrix, a gain in the weight, a mask that is no parameter.
OTHER_PARAMS_IN_ONNX = {"swin": "table", "nfnet": "gain", "decoder": "mask"}


def numbers(graph: Architecture, node: int) -> dict[str, float]:
    """What a node has."""
    return {name: values[node] for name, values in graph.attrs.items() if values[node] is not None}


def only(graph: Architecture, op: str) -> dict[str, float]:
    """The numbers of the only node of an operation."""
    assert graph.ops.count(op) == 1
    return numbers(graph, graph.ops.index(op))


def n_products(model: nn.Module, *examples: Tensor) -> float:
    """Multiply-adds of one example as PyTorch counts them, operator by operator."""
    # written out: of fused attention and recurrent layers, not all kernels are counted
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        counter = FlopCounterMode(display=False)
        plain = torch.backends.mkldnn.flags(enabled=False)
        with plain, sdpa_kernel(SDPBackend.MATH), torch.no_grad(), counter:
            model(*examples)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return counter.get_total_flops() / 2 / examples[0].shape[0]


@pytest.mark.parametrize("name", ZOO)
def test_traced_exported_and_onnx_have_the_same_numbers(name: str) -> None:
    model, example = network(name)
    as_if_trained(model)
    graphs = three_ways_with_numbers(model, example)
    assert graphs["exported"].canonical_id == graphs["traced"].canonical_id
    if name not in OTHER_PARAMS_IN_ONNX:
        assert graphs["onnx"].canonical_id == graphs["traced"].canonical_id
        assert graphs["onnx"].globals == graphs["traced"].globals
    else:
        assert without_params(graphs["onnx"]) == without_params(graphs["traced"])


def without_params(graph: Architecture) -> str:
    """The id of a graph but for its parameters."""
    attrs = {name: values for name, values in graph.attrs.items() if name != "params"}
    return Architecture(graph.ops, graph.edges, attrs).canonical_id


@pytest.mark.parametrize("name", ZOO)
def test_totals_are_those_that_pytorch_counts(name: str) -> None:
    model, example = network(name)
    graph = from_torch(model, input_shapes=[example])
    # the decoder has a parameter that it never reads
    unread = sum(p.numel() for n, p in model.named_parameters() if n == "memory")
    assert graph.globals["params"] == sum(p.numel() for p in model.parameters()) - unread
    assert graph.globals["flops"] == n_products(model, example)


@pytest.mark.parametrize("name", ZOO)
def test_operations_and_edges_are_those_without_numbers(name: str) -> None:
    model, example = network(name)
    plain = structure.from_torch(model)
    numbered = from_torch(model, input_shapes=[example])
    bare = Architecture(numbered.ops, numbered.edges)
    program = structure.from_torch(exported(model, example))
    assert bare.canonical_id == plain.canonical_id == program.canonical_id
    assert not plain.attrs
    assert not plain.globals


def test_a_convolution() -> None:
    conv = nn.Conv2d(8, 12, (3, 5), stride=(2, 1), padding=2, dilation=(1, 2), groups=4)
    graph = from_torch(conv, input_shapes=(3, 8, 10, 10))
    # 10 + 2 * 2 places: 12 windows of 3, every second; 6 windows of 9
    assert only(graph, "groupconv3x5") == pytest.approx(
        {
            "width": 12,
            "kernel": 15**0.5,
            "stride": 2**0.5,
            "dilation": 2**0.5,
            "groups": 4,
            "outputs": 12 * 6 * 6,
            "params": 12 * 2 * 15 + 12,
            "flops": 12 * 6 * 6 * 2 * 15,
        }
    )
    assert only(graph, "input") == {"width": 8, "outputs": 800}
    assert dict(graph.globals) == {"params": 372, "flops": 12960}


def test_layers_of_other_kinds() -> None:
    layers = [
        nn.ConvTranspose2d(4, 6, 2, stride=2),
        nn.PReLU(6),
        nn.AvgPool2d(4),
        nn.Flatten(),
        nn.Linear(24, 5),
    ]
    graph = from_torch(nn.Sequential(*layers), input_shapes=(7, 4, 4, 4))
    assert only(graph, "convtranspose2x2")["flops"] == 4 * 16 * 6 * 4
    assert only(graph, "prelu") == {"width": 6, "outputs": 384, "params": 6}
    pool = {"width": 6, "kernel": 4, "stride": 4, "dilation": 1, "outputs": 24}
    assert only(graph, "avgpool4x4") == pool
    assert only(graph, "flatten") == {"outputs": 24}
    assert only(graph, "linear") == {"width": 5, "outputs": 5, "params": 125, "flops": 120}


class Indexed(nn.Module):
    """Products that are written by the letters of their axes."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__()
        self.first, self.second, self.weight = first, second, nn.Parameter(torch.rand(6, 4))

    def forward(self, x: Tensor) -> Tensor:
        scores = torch.einsum(self.first, x, x)
        return torch.einsum(self.second, scores, x) @ self.weight


@pytest.mark.parametrize(
    ("first", "second"),
    [("bhid, bhjd -> bhij", "bhij,bhjd->bhid"), ("...id,...jd->...ij", "...ij,...jd->...id")],
)
def test_products_by_letters(first: str, second: str) -> None:
    model, example = as_if_trained(Indexed(first, second).eval()), torch.rand(2, 3, 5, 6)
    graphs = three_ways_with_numbers(model, example)
    assert graphs["traced"].canonical_id == graphs["exported"].canonical_id
    for graph in graphs.values():
        assert graph.globals["flops"] == 2 * (3 * 25 * 6) + 3 * 5 * 6 * 4
    assert graphs["traced"].globals["flops"] == n_products(model, example)


class Biased(nn.Module):
    """Attention with a learned bias for each pair of places, gathered from a table."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.table = nn.Linear(8, 24), nn.Parameter(torch.rand(9, 2))
        self.register_buffer("place", torch.arange(25).reshape(5, 5) % 9)

    def forward(self, x: Tensor) -> Tensor:
        parts = self.qkv(x).chunk(3, -1)
        q, k, v = (parts[i].unflatten(-1, (2, 4)).transpose(1, 2) for i in range(3))
        return F.scaled_dot_product_attention(q, k, v, self.table[self.place].permute(2, 0, 1))


def test_a_learned_bias_of_attention_belongs_to_it() -> None:
    model = Biased().eval()
    graph = from_torch(model, input_shapes=(1, 5, 8))
    assert graph == from_torch(exported(model, torch.rand(1, 5, 8)))
    assert only(graph, "attention")["params"] == 18
    assert graph.globals["params"] == sum(p.numel() for p in model.parameters())


def test_attention_has_heads() -> None:
    graph = from_torch(TransformerBlock(32, 4).eval(), input_shapes=(2, 5, 32))
    attention = {"width": 32, "heads": 4, "outputs": 160, "flops": 2 * 4 * 25 * 8}
    assert only(graph, "attention") == attention


@pytest.mark.parametrize(("n_directions", "n_layers"), [(1, 1), (2, 1), (1, 2), (2, 2)])
def test_recurrent_layers(n_directions: int, n_layers: int) -> None:
    layer = nn.LSTM(6, 5, n_layers, batch_first=True, bidirectional=n_directions == 2)

    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.head = layer, nn.Linear(5 * n_directions, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.layer(x)[0])

    graphs = three_ways_with_numbers(as_if_trained(Last().eval()), torch.rand(2, 7, 6))
    assert len({graph.canonical_id for graph in graphs.values()}) == 1
    expected = []
    for place in range(n_layers):
        features = 6 if place == 0 else 5 * n_directions
        matrices = 4 * 5 * (features + 5) * n_directions
        one = {"width": 5 * n_directions, "outputs": 35 * n_directions, "flops": 7 * matrices}
        expected.append({**one, "params": matrices + 2 * 4 * 5 * n_directions})
    graph = graphs["traced"]
    assert [numbers(graph, v) for v, op in enumerate(graph.ops) if op == "lstm"] == expected


class Twice(nn.Module):
    """One layer called twice, and two that share a matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.norm = nn.Linear(4, 4), nn.LayerNorm(4)
        self.words, self.head = nn.Embedding(9, 4), nn.Linear(4, 9, bias=False)
        self.head.weight = self.words.weight

    def forward(self, words: Tensor) -> Tensor:
        x = self.words(words)
        return self.head(self.layer(F.relu(self.layer(self.norm(x)))))


def test_shared_parameters_count_once_in_the_total() -> None:
    model = as_if_trained(Twice().eval())
    words = torch.zeros(2, 3, dtype=torch.int64)
    graph = from_torch(model, input_shapes=[words])
    assert graph == from_torch(exported(model, words))
    assert graph.globals["params"] == 36 + 8 + 20
    assert graph.globals["params"] == sum(p.numel() for p in model.parameters())
    linears = [numbers(graph, v)["params"] for v, op in enumerate(graph.ops) if op == "linear"]
    assert linears == [20, 20, 36]


def test_a_layer_that_is_called_twice_counts_once_in_onnx_too() -> None:
    conv = nn.Conv2d(4, 4, 3, padding=1)
    model = as_if_trained(nn.Sequential(conv, nn.ReLU(), conv, nn.Conv2d(4, 4, 1)))
    graphs = three_ways_with_numbers(model, torch.rand(1, 4, 5, 5))
    assert len({graph.canonical_id for graph in graphs.values()}) == 1
    assert graphs["onnx"].globals["params"] == 148 + 20


def test_layers_that_share_out_a_matrix_have_their_shares() -> None:
    model = as_if_trained(nn.TransformerDecoderLayer(8, 2, 16, batch_first=True).eval())
    graph = from_torch(exported(model, torch.rand(1, 5, 8), torch.rand(1, 7, 8)))
    params = Counter(numbers(graph, v).get("params") for v in range(graph.n_nodes))
    # queries of 8 x 8 and a bias; keys and values of 16 x 8 together
    assert params[72] >= 1
    assert params[144] == 2  # keys and values, and the first layer of two between: 16 x 8 + 16
    total = sum(p.numel() for p in model.parameters())
    assert graph.globals["params"] == total
    assert sum(count * n for n, count in params.items() if n is not None) == total


def test_networks_that_differ_in_width_alone_are_two() -> None:
    def classifier(width: int) -> Architecture:
        stem = nn.Conv2d(3, width, 3)
        model = nn.Sequential(stem, BasicBlock(width, width, 1), nn.AdaptiveAvgPool2d(1))
        return from_torch(model.eval(), input_shapes=(1, 3, 8, 8))

    assert classifier(8).ops == classifier(16).ops
    assert classifier(8).canonical_id != classifier(16).canonical_id
    assert classifier(8).canonical_id == classifier(8).canonical_id


def test_the_batch_says_nothing() -> None:
    model = ResNet18().eval()
    graphs = [from_torch(model, input_shapes=(batch, 3, 32, 32)) for batch in (1, 2, 6)]
    assert len({graph.canonical_id for graph in graphs}) == 1
    larger = from_torch(model, input_shapes=(1, 3, 64, 64))
    assert larger.canonical_id != graphs[0].canonical_id


def test_what_needs_sizes_is_missing_without_them() -> None:
    with pytest.warns(DataWarning, match=r"flops of 2 of 2 nodes \(conv, .*give input_shapes="):
        graph = from_torch(Named())
    assert dict(graph.globals) == {"params": 4 * 27 + 4 + 4 * 5 + 5}
    conv = {"width": 4, "kernel": 3, "stride": 2, "dilation": 1, "groups": 1, "params": 112}
    assert only(graph, "conv3x3") == conv
    assert only(graph, "linear") == {"width": 5, "params": 25}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        structure.from_torch(Named())


class Named(nn.Module):
    """A convolution, and a linear layer of all places."""

    def __init__(self, stride: int = 2) -> None:
        super().__init__()
        self.conv, self.linear = nn.Conv2d(3, 4, 3, stride=stride), nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(self.conv(x).permute(0, 2, 3, 1))


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ((1, 3), "the node 'conv' says"),
        ((1, 5, 9, 9), "the node 'conv' says"),
        ([(1, 3, 9, 9), (1, 2)], r"for 1 inputs \(x\)"),
        ({"y": (1, 3, 9, 9)}, "names y; the model's inputs: x"),
        ((1, 3, 0, 9), "legal: sizes from 1"),
        ("1,3,9,9", "legal: a shape such as"),
    ],
)
def test_shapes_that_do_not_fit(shapes: Any, message: str) -> None:
    with pytest.raises((ConfigError, GraphError), match=message):
        from_torch(Named(), input_shapes=shapes)


def test_an_exported_program_has_its_own_sizes() -> None:
    program = exported(Named(), torch.rand(2, 3, 9, 9))
    graph = from_torch(program)
    assert from_torch(program, input_shapes=(5, 3, 9, 9)) == graph
    with pytest.raises(ConfigError, match="exported with"):
        from_torch(program, input_shapes=(1, 3, 8, 8))


def test_open_sizes_are_those_of_the_example_and_may_be_named() -> None:
    model = as_if_trained(Named(stride=1).eval())
    example = torch.rand(2, 3, 9, 9)
    batch, side = torch.export.Dim("batch"), torch.export.Dim("side", min=4, max=64)
    program = torch.export.export(model, (example,), dynamic_shapes=({0: batch, 2: side},))
    fixed = from_torch(model, input_shapes=[example])
    assert from_torch(program).canonical_id == fixed.canonical_id
    axes = {"dynamic_shapes": ({0: batch, 2: side},)}
    proto = onnx_model(model, example, **axes)
    with pytest.warns(DataWarning, match=r"flops of 2 of 2 .*dims="):
        open_graph = from_onnx(proto)
    assert only(open_graph, "conv3x3")["params"] == 112
    name = proto.graph.input[0].type.tensor_type.shape.dim[2].dim_param
    for sizes in (
        {"dims": {name: 9}},
        {"input_shapes": (1, 3, 9, 9)},
        {"input_shapes": {"x": (4, 3, 9, 9)}},
    ):
        assert from_onnx(proto, **sizes).canonical_id == fixed.canonical_id
    for sizes, message in (
        ({"dims": {"width": 9}}, f"dims names width; .*{name}"),
        ({"dims": {name: 0}}, "legal: a whole number from 1"),
        ({"input_shapes": (1, 3, 9, 8)}, "does not fit"),
        ({"input_shapes": [(1, 3, 9, 9), (1,)]}, "2 shapes for 1 inputs"),
        ({"input_shapes": {"z": (1,)}}, "the model's inputs"),
    ):
        with pytest.raises(ConfigError, match=message):
            from_onnx(proto, **sizes)
