"""Every kind of network gives one architecture, whichever of the three ways it is read."""

from __future__ import annotations

import copy
from collections import Counter

import pytest
import torch
from torch import Tensor, nn

from importers.exports import onnx_model_of_old_exporter, three_ways
from importers.structure import from_onnx, from_torch
from importers.zoo import ZOO, network

# what a reader of each network counts in its code
EXPECTED = {
    "resnet": {"conv3x3": 1, "conv1x1": 4, "groupconv3x3": 2, "add": 2, "relu": 7},
    "mobilenetv2": {"dwconv3x3": 2, "relu6": 4, "add": 2},
    "mobilenetv3": {"hardswish": 2, "hardsigmoid": 1, "globalavgpool": 2, "mul": 1},
    "efficientnet": {"silu": 6, "dwconv5x5": 2, "sigmoid": 2},
    "densenet": {"concat": 3, "conv3x3": 4, "avgpool2x2": 1},
    "inception": {"conv3x1": 1, "conv1x3": 1, "maxpool3x3": 1, "avgpool3x3": 1, "concat": 1},
    "vit": {"attention": 2, "layernorm": 5, "linear": 9, "gelu": 2, "select": 7},
    "vit, attention written out": {"attention": 2, "layernorm": 5, "linear": 9, "select": 7},
    "deit": {"attention": 2, "linear": 10, "concat": 1},
    "swin": {"attention": 1, "roll": 4, "layernorm": 2, "linear": 3},
    "convnext": {"dwconv7x7": 2, "layernorm": 2, "linear": 5, "gelu": 2},
    "nfnet": {"conv1x1": 1, "dwconv3x3": 1, "conv5x5": 1, "gelu": 3},
    "unet": {"convtranspose2x2": 1, "upsample": 1, "concat": 2, "prelu": 1, "elu": 1},
    "mixer": {"linear": 5, "layernorm": 2, "gelu": 2, "mean": 1},
    "encoder": {"attention": 2, "layernorm": 4, "embedding": 1},
    "encoder, norm first": {"attention": 2, "layernorm": 4, "embedding": 1},
    "decoder": {"attention": 2, "layernorm": 3, "embedding": 1},
    "lstm": {"lstm": 1, "embedding": 1, "linear": 1},
    "gru": {"gru": 1, "embedding": 1, "linear": 1},
    "lstm, two layers, both ways": {"lstm": 2, "linear": 1},
    "efficientvit": {"dwconv5x5": 1, "matmul": 2, "div": 1, "relu": 3},
    "equal blocks": {"dwconv3x3": 3, "linear": 4, "layernorm": 3, "add": 3},
    "volo": {"unfold": 1, "softmax": 1, "sum": 1, "mul": 1},
    "ghostnet": {"dwconv3x3": 2, "relu": 5, "add": 2, "concat": 2},
    "shufflenet": {"dwconv3x3": 2, "split": 2, "concat": 2},
}


@pytest.mark.parametrize("name", ZOO)
def test_traced_exported_and_onnx_are_one_architecture(name: str) -> None:
    model, example = network(name)
    graphs = three_ways(model, example)
    counts = {way: Counter(graph.pruned().ops) for way, graph in graphs.items()}
    # a layer that does nothing is there before the export only; it is no part of the id
    for count in counts.values():
        count.pop("skip", None)
    assert counts["exported"] == counts["traced"]
    assert counts["onnx"] == counts["traced"]
    assert len({graph.canonical_id for graph in graphs.values()}) == 1
    expected = EXPECTED[name]
    assert {op: counts["traced"][op] for op in expected} == expected


class Masked(nn.Module):
    """Attention whose mask is given, by place or by name, to a layer that a trace cannot enter."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind, self.linear = kind, nn.Linear(8, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        if self.kind == "layer":
            return self.layer(x, src_key_padding_mask=mask)
        if self.kind == "places":
            return self.attention(self.linear(x), x, x, mask)[0]
        return self.attention(self.linear(x), x, x, attn_mask=mask, need_weights=False)[0]


@pytest.mark.parametrize(
    ("kind", "mask"),
    [
        ("layer", torch.zeros(3, 5, dtype=torch.bool)),
        ("places", torch.zeros(3, 5, dtype=torch.bool)),
        ("pairs", torch.zeros(5, 5, dtype=torch.bool)),
        ("pairs", torch.zeros(5, 5)),
    ],
)
def test_masks_that_are_given(kind: str, mask: Tensor) -> None:
    graphs = three_ways(Masked(kind).eval(), torch.rand(3, 5, 8), mask)
    assert len({graph.canonical_id for graph in graphs.values()}) == 1
    graph = graphs["traced"]
    attention = graph.ops.index("attention")
    assert graph.ops.count("attention") == 1
    assert len(graph.predecessors[attention]) == 4


@pytest.mark.parametrize("name", ["resnet", "swin", "encoder", "lstm", "equal blocks"])
def test_the_exporter_before_writes_the_same(name: str) -> None:
    model, example = network(name)
    onnx_model = onnx_model_of_old_exporter(model, example)
    assert from_onnx(onnx_model).canonical_id == from_torch(model).canonical_id


@pytest.mark.parametrize("name", ZOO)
def test_reading_changes_no_weight(name: str) -> None:
    model, _ = network(name)
    before = copy.deepcopy(model.state_dict())
    from_torch(model)
    for key, value in model.state_dict().items():
        assert torch.equal(value, before[key]), key


def test_other_networks_are_other_architectures() -> None:
    """Nothing of what the normal form leaves out tells two networks of the zoo apart."""
    ids = {name: from_torch(network(name)[0]).canonical_id for name in ZOO}
    ids.pop("vit, attention written out")  # the same network as the first
    assert len(set(ids.values())) == len(ids)


def test_each_change_of_a_network_is_seen() -> None:
    """A block more, another kernel, an activation that is moved: each has an id of its own."""

    def network_of(*layers: nn.Module) -> str:
        return from_torch(nn.Sequential(*layers)).canonical_id

    conv, wide, relu = nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 5), nn.ReLU()
    variants = [
        network_of(conv, relu),
        network_of(wide, relu),
        network_of(relu, conv),
        network_of(conv, relu, conv),
        network_of(conv, nn.GELU()),
        network_of(nn.Conv2d(4, 4, 3, groups=4), relu),
        network_of(nn.Conv2d(4, 4, 3, groups=2), relu),
        network_of(nn.ConvTranspose2d(4, 4, 3), relu),
    ]
    assert len(set(variants)) == len(variants)
