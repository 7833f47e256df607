"""Kinds of nodes: refinement against dictionaries, encoding by kind against node by node."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given

import nasflow.encoders.resgatedgcn
from nasflow.encoders.look_alikes import LookAlikes, equal_rows, mix_words
from nasflow.encoders.registry import EncoderConfig
from nasflow.encoders.resgatedgcn import ResGatedGCN
from nasflow.graphs import canonical
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.spaces.nb201 import NB201
from oracles import OPS, random_table
from strategies import tables

CELLS = NB201().enumerate()[::29]


def _refined(kind: list[int], batch: GraphBatch) -> list[int]:
    """The kinds after a layer, as numbers in order of appearance."""
    around: list[list[int]] = [[] for _ in kind]  # the kinds of each node's neighbours
    for u, v in batch.edge_index.T.tolist():
        around[u].append(kind[v])
        around[v].append(kind[u])
    numbers: dict[tuple[int, tuple[int, ...]], int] = {}
    refined = []
    for before, neighbours in zip(kind, around, strict=True):
        key = (before, tuple(sorted(neighbours)))
        refined.append(numbers.setdefault(key, len(numbers)))
    return refined


def _check(batch: GraphBatch, n_layers: int) -> list[int]:
    """The numbers of kinds after each layer, once all agree with the dictionaries."""
    kind, n_kinds, expected, counts = batch.ops, batch.n_ops, batch.ops.tolist(), []
    for _ in range(n_layers):
        alike = LookAlikes.after_a_layer(kind, n_kinds, batch.undirected)
        expected = _refined(expected, batch)
        if len(alike.node) < batch.n_nodes:
            assert len(alike.node) == len(set(expected))
            assert len(set(zip(expected, alike.kind.tolist(), strict=True))) == len(alike.node)
        assert torch.equal(alike.kind[alike.node], torch.arange(len(alike.node)))
        edges = zip(batch.undirected.source.tolist(), batch.undirected.target.tolist(), strict=True)
        chosen = set(alike.node.tolist())
        assert sorted(zip(alike.source.tolist(), alike.target.tolist(), strict=True)) == sorted(
            (u, v) for u, v in edges if v in chosen
        )
        assert torch.equal(alike.target, alike.node.repeat_interleave(alike.ptr.diff()))
        kind, n_kinds = alike.kind, len(alike.node)
        counts.append(n_kinds)
    return counts


def test_words_are_mixed_as_those_of_canonical_ids() -> None:
    words = np.random.default_rng(0).integers(0, 2**64, 1000, np.uint64, endpoint=False)
    words[:3] = 0, 1, 2**64 - 1
    seen = mix_words(torch.from_numpy(words.view(np.int64)))
    np.testing.assert_array_equal(seen.numpy().view(np.uint64), canonical.mix_words(words))


@given(tables(OPS))
def test_kinds_are_those_of_colour_refinement(table: ArchTable) -> None:
    _check(GraphBatch.from_table(table), 3)


def test_cells_have_few_kinds_of_nodes_after_one_layer() -> None:
    batch = GraphBatch.from_table(CELLS)
    one, two, three = _check(batch, 3)
    assert one < batch.n_nodes / 10
    assert one < two <= three == batch.n_nodes


@pytest.mark.parametrize("block", [7, 1024])
@pytest.mark.parametrize(
    "table", [CELLS, random_table(40), random_table(1, max_nodes=2)], ids=["cells", "any", "one"]
)
def test_encoding_by_kind_equals_encoding_every_node(
    table: ArchTable, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nasflow.encoders.resgatedgcn, "BLOCK", block)
    encoder = ResGatedGCN(table.n_ops, EncoderConfig(width=8)).double().eval()
    batch = GraphBatch.from_table(table)
    with torch.no_grad():
        by_kind = encoder.nodes(batch)
    node_by_node = encoder.nodes(batch)
    assert node_by_node.requires_grad
    torch.testing.assert_close(by_kind, node_by_node.detach(), rtol=1e-13, atol=1e-15)


def test_hidden_operations_are_a_kind_of_their_own() -> None:
    encoder = ResGatedGCN(CELLS.n_ops, EncoderConfig(width=8)).double().eval()
    batch = GraphBatch.from_table(CELLS)
    batch.ops[::5] = batch.n_ops
    object.__setattr__(batch, "masked", True)
    with torch.no_grad():
        by_kind = encoder.nodes(batch)
    torch.testing.assert_close(by_kind, encoder.nodes(batch).detach(), rtol=1e-13, atol=1e-15)


def test_equal_rows_are_those_of_dictionaries() -> None:
    random = np.random.default_rng(0)
    ops = torch.from_numpy(random.integers(0, 3, 500))
    # few values, so that rows repeat, and so that numbers change places between columns
    numbers = torch.from_numpy(random.integers(-1, 2, (500, 3)).astype(np.float32) * 1e-38)
    node, kind = equal_rows(ops, numbers)
    rows = [(op, *row) for op, row in zip(ops.tolist(), numbers.tolist(), strict=True)]
    assert len(node) == len(set(rows)) < 90
    for row, number in zip(rows, kind.tolist(), strict=True):
        assert rows[node[number]] == row


def test_no_nodes_are_no_kinds() -> None:
    node, kind = equal_rows(torch.zeros(0, dtype=torch.int64), torch.zeros(0, 2))
    assert len(node) == len(kind) == 0
