from __future__ import annotations

import gzip
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.spaces.bert_flexi import BertFlexi

SPACE = BertFlexi()
RECORD: dict[str, Any] = {
    "hidden": 128,
    "layers": [
        {"op": "DSC", "parameter": 9, "heads": 4, "ffn_dim": 512, "n_ffn": 3},
        {"op": "LT", "parameter": "DFT", "heads": 2, "ffn_dim": 1024, "n_ffn": 1},
    ],
}
TEXT = "128 dsc9-h4-f512x3 lt_dft-h2-f1024x1"


def linear(n_in: int, n_out: int) -> int:
    return n_in * n_out + n_out


def slow_params(layer: dict[str, Any], h: int) -> tuple[int, int]:
    """Parameters of attention and feed-forward, weight by weight."""
    heads, f = layer["heads"], layer["ffn_dim"]
    attention = linear(h, h) + 2 * h
    if layer["op"] == "SA":
        attention += 3 * linear(h, h)
        if layer["parameter"] == "WMA":
            attention += heads * (h // heads) * (h // heads)
    elif layer["op"] == "DSC":
        kernel = layer["parameter"]
        attention += 3 * linear(h, h) + h * kernel + linear(h, heads * kernel)
    sizes = [h, *[f] * layer["n_ffn"], h]
    forward = sum(linear(a, b) for a, b in itertools.pairwise(sizes)) + 2 * h
    return attention, forward


def check(element: Architecture, record: dict[str, Any]) -> None:
    h = record["hidden"]
    assert element.n_nodes == 3 + 2 * len(record["layers"])
    params = element.attrs["params"]
    for i, layer in enumerate(record["layers"]):
        node = 2 + 2 * i
        assert params[node : node + 2] == slow_params(layer, h)
        assert element.attrs["heads"][node] == layer["heads"]
        assert element.attrs["ratio"][node + 1] == layer["ffn_dim"] / h
        assert element.attrs["depth"][node + 1] == layer["n_ffn"]
        assert element.attrs["outputs"][node : node + 2] == (128 * h, 128 * h)
    assert element.globals["params"] == sum(p or 0 for p in params)
    assert element.globals["flops"] == sum(f or 0 for f in element.attrs["flops"])


def test_a_record_is_a_chain_of_attention_and_feed_forward() -> None:
    element = SPACE.from_choices(**RECORD)
    assert element.ops == ("input", "embedding", "dsc", "ffn", "lt_dft", "ffn", "output")
    assert element.attrs["kernel"] == (None, None, 9, None, None, None, None)
    assert SPACE.format(element) == TEXT
    assert SPACE.parse(TEXT) == element
    check(element, RECORD)


def test_multiply_adds_of_a_layer() -> None:
    element = SPACE.parse("128 sa_sdp-h2-f512x1 sa_wma-h4-f512x3")
    square, tokens = 128 * 128, 128
    scores = 2 * tokens * tokens * 128
    assert element.attrs["flops"][2:6] == (
        4 * square * tokens + scores,
        2 * 128 * 512 * tokens,
        4 * square * tokens + scores + square // 4 * tokens,
        (2 * 128 * 512 + 2 * 512 * 512) * tokens,
    )


@pytest.mark.parametrize(
    "layer",
    [
        {"op": op, "parameter": parameter, "heads": heads, "ffn_dim": 512, "n_ffn": n_ffn}
        for op, parameter in [("SA", "SDP"), ("SA", "WMA"), ("LT", "DCT"), ("DSC", 5), ("DSC", 9)]
        for heads, n_ffn in [(2, 1), (4, 3)]
    ],
    ids=str,
)
def test_parameters_are_those_of_torch_layers(layer: dict[str, Any]) -> None:
    h, heads = 256, layer["heads"]
    element = SPACE.from_choices(h, [layer, layer])
    size = h // heads
    parts = nn.ModuleList([nn.Linear(h, h), nn.LayerNorm(h)])
    if layer["op"] == "SA":
        parts.extend(nn.Linear(h, h) for _ in range(3))
    if layer["parameter"] == "WMA":
        parts.extend(nn.Linear(size, size, bias=False) for _ in range(heads))
    if layer["op"] == "DSC":
        kernel = layer["parameter"]
        keys = nn.Conv1d(h, h, kernel, groups=h, bias=False), nn.Conv1d(h, h, 1)
        parts.extend([nn.Linear(h, h), nn.Linear(h, h), *keys, nn.Linear(h, heads * kernel)])
    sizes = [h, *[layer["ffn_dim"]] * layer["n_ffn"], h]
    forward = nn.ModuleList([nn.Linear(a, b) for a, b in itertools.pairwise(sizes)])
    forward.append(nn.LayerNorm(h))
    counts = [sum(p.numel() for p in part.parameters()) for part in (parts, forward)]
    assert list(element.attrs["params"][2:4]) == counts
    embedding = [nn.Embedding(n, h) for n in (30522, 128, 2)]
    counted = sum(p.numel() for part in [*embedding, nn.LayerNorm(h)] for p in part.parameters())
    assert element.attrs["params"][1] == counted


def test_there_are_as_many_as_published() -> None:
    assert SPACE.n_elements == 10_621_440


def test_published_rows_are_elements(nasflow_data: Path) -> None:
    path = nasflow_data / "bert_glue.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"needs {path.name} in NASFLOW_DATA")
    with gzip.open(path, "rt") as file:
        records = [json.loads(line) for line in file]
    table = SPACE.table_from_records(records)
    assert len(table) == len(records)
    for element, record in zip(table, records, strict=True):
        check(element, record)


def test_illegal_records_are_named_with_their_row() -> None:
    wrong = json.loads(json.dumps(RECORD))
    wrong["layers"][1]["heads"] = 3
    with pytest.raises(GraphError, match=r"row 1: heads is 3; legal: 2, 4"):
        SPACE.table_from_records([RECORD, wrong])
    with pytest.raises(GraphError, match=r"row 0: there are 1 layers; legal: 2, 4"):
        SPACE.table_from_records([{"hidden": 128, "layers": RECORD["layers"][:1]}])
    with pytest.raises(GraphError, match="hidden is 64; legal: 128, 256"):
        SPACE.from_choices(64, RECORD["layers"])


def test_arrays_say_what_is_legal() -> None:
    ones = {"kind": [[0] * 4], "heads": [[2] * 4], "ffn_dim": [[512] * 4], "n_ffn": [[1] * 4]}
    table = SPACE.table_from_choices([128], [2], **ones)
    assert table[0] == SPACE.parse("128 sa_sdp-h2-f512x1 sa_sdp-h2-f512x1")
    with pytest.raises(GraphError, match=r"n_layers\[0\] is 3; legal: 2, 4"):
        SPACE.table_from_choices([128], [3], **ones)
    with pytest.raises(GraphError, match=r"heads\[0, 1\] is 3"):
        SPACE.table_from_choices([128], [2], **(ones | {"heads": [[2, 3, 0, 0]]}))


@pytest.mark.parametrize(
    "text", ["128 " + TEXT, TEXT.replace("128", "64"), TEXT.replace("h4", "h3")]
)
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(GraphError, match="legal: a hidden size"):
        SPACE.parse(text)


def test_two_layers_become_four_by_being_repeated() -> None:
    two = SPACE.parse(TEXT)
    first, *layers = TEXT.split()
    four = SPACE.parse(" ".join([first, *layers, *layers]))
    assert four in list(SPACE.neighbours(two))
    assert two in list(SPACE.neighbours(four))
    rng = np.random.default_rng(0)
    assert {SPACE.mutate(two, rng).n_nodes for _ in range(200)} == {7, 11}
