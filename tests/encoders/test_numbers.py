"""Every encoder reads numbers on nodes and graphs, in any order of nodes and of names."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nasflow.encoders.base import Encoder
from nasflow.encoders.layers import OneHotLinear
from nasflow.encoders.make import make_encoder
from nasflow.encoders.numbers import NumberColumns
from nasflow.encoders.registry import encoder_names
from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.number_units import NumberUnits
from nasflow.graphs.table import ArchTable
from nasflow.pretext.views import cut, mask_operations
from small import encoder_of
from strategies import OPS, numbered

ENCODERS = pytest.mark.parametrize("name", encoder_names())
INVARIANT = pytest.mark.parametrize("name", [name for name in encoder_names() if name != "mlp"])


def chain(width: float | None, resolution: float = 32) -> Architecture:
    """Two convolutions, of which the second has a width of its own."""
    ops, edges = ("input", "conv", "conv", "output"), ((0, 1), (1, 2), (2, 3))
    return Architecture(ops, edges, {"width": [None, 16, width, None]}, {"resolution": resolution})


TABLE = ArchTable.from_architectures(
    [chain(width, size) for width in (8, 16, 64, 512, None) for size in (32, 224)], OPS
)
UNITS = NumberUnits.of(TABLE)


def encoder_named(name: str, units: NumberUnits | None = UNITS) -> Encoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = encoder_of(name, width=8, dropout=0.0, max_nodes=8)
        return make_encoder(len(OPS), config, units).eval()


def embedded(encoder: Encoder, table: ArchTable) -> torch.Tensor:
    with torch.no_grad():
        return encoder(GraphBatch.from_table(table))


@ENCODERS
def test_graphs_that_differ_in_a_number_alone_have_different_embeddings(name: str) -> None:
    vectors = embedded(encoder_named(name), TABLE)
    distances = torch.cdist(vectors, vectors) + torch.eye(len(TABLE))
    assert distances.min() > 1e-4


@ENCODERS
def test_alone_as_in_a_batch_and_under_names_in_any_order(name: str) -> None:
    encoder = encoder_named(name)
    whole = embedded(encoder, TABLE)
    alone = torch.cat([embedded(encoder, TABLE[i : i + 1]) for i in range(len(TABLE))])
    torch.testing.assert_close(alone, whole, rtol=1e-4, atol=1e-5)
    more = TABLE.with_numbers(["kernel", "width"], ["lr", "resolution"])  # no number under these
    torch.testing.assert_close(embedded(encoder, more), whole, rtol=1e-4, atol=1e-5)
    # with a gradient every node is computed, without one each kind of node once
    with_gradient = encoder(GraphBatch.from_table(TABLE)).detach()
    torch.testing.assert_close(with_gradient, whole, rtol=1e-4, atol=1e-5)


@INVARIANT
@settings(max_examples=15)
@given(graph=numbered(), data=st.data())
def test_the_order_of_the_nodes_does_not_matter(
    name: str, graph: Architecture, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(graph.n_nodes)))
    table = ArchTable.from_architectures([graph, graph.relabelled(list(order))], OPS)
    one, other = embedded(encoder_named(name, NumberUnits.of(table)), table)
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@ENCODERS
def test_every_weight_of_numbers_receives_a_gradient(name: str) -> None:
    encoder = encoder_named(name).double().train()
    encoder(GraphBatch.from_table(TABLE)).sin().sum().backward()
    for parameter_name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, parameter_name
        if "numbers" in parameter_name:
            assert parameter.grad.abs().sum() > 1e-9, parameter_name


@ENCODERS
def test_without_units_an_encoder_is_what_it_was_and_refuses_numbers(name: str) -> None:
    bare, made = encoder_named(name, None), encoder_named(name, NumberUnits())
    assert bare.state_dict().keys() == made.state_dict().keys()
    assert embedded(bare, TABLE.without_numbers()).shape == (len(TABLE), bare.width)
    for table in (TABLE, TABLE.with_numbers(["width"], ["resolution"])):
        with pytest.raises(GraphError, match=r"does not know the \w+ '\w+'.*without_numbers\(\)"):
            embedded(bare, table)
    other = ArchTable.from_architectures([Architecture(("conv",), (), {"kernel": [3]})], OPS)
    with pytest.raises(GraphError, match=r"attrs 'kernel'; legal: width"):
        embedded(encoder_named(name), other)
    with pytest.raises(ConfigError, match="reads numbers already"):
        encoder_named(name).read_numbers(UNITS)


@given(st.lists(numbered(), min_size=1, max_size=4))
def test_columns_of_a_batch_are_those_of_the_table(graphs: list[Architecture]) -> None:
    table = ArchTable.from_architectures(graphs, OPS)
    units, batch = NumberUnits.of(table), GraphBatch.from_table(table)
    of_nodes = NumberColumns(units, "attrs")(batch).numpy()
    np.testing.assert_allclose(of_nodes, units.nodes(table), atol=1e-4)
    of_graphs = NumberColumns(units, "globals")(batch).numpy()
    np.testing.assert_allclose(of_graphs, units.graphs(table), atol=1e-4)


def test_the_first_layer_is_a_linear_map_of_operation_and_numbers() -> None:
    layer = OneHotLinear(len(OPS), 5)
    layer.read_numbers(NumberColumns(UNITS, "attrs"))
    batch = GraphBatch.from_table(TABLE)
    numbers = torch.from_numpy(UNITS.nodes(TABLE))
    expected = []
    for op, of_node in zip(batch.ops.tolist(), numbers, strict=True):
        own = layer.linear.weight[:, op] + layer.linear.bias
        expected.append(own + layer.numbers.weight @ of_node)
    torch.testing.assert_close(layer.nodes(batch), torch.stack(expected))
    kinds, kind = layer.kinds(batch)
    torch.testing.assert_close(kinds[kind], torch.stack(expected))
    # an operation and its numbers: input, output, and a convolution of each width
    assert len(kinds) == 2 + 5


def test_altered_batches_keep_the_numbers_of_what_is_left_and_hide_those_of_the_hidden() -> None:
    batch = GraphBatch.from_table(TABLE)
    assert batch.attrs is not None
    with torch.random.fork_rng():
        torch.manual_seed(0)
        masked = mask_operations(batch, 0.5)
    hidden = masked.ops == len(OPS)
    assert masked.attrs is not None
    assert masked.attrs[hidden].isnan().all()
    assert torch.equal(masked.attrs[~hidden].nan_to_num(-1), batch.attrs[~hidden].nan_to_num(-1))
    kept = batch.ops != OPS.index("input")
    left = cut(batch, kept, batch.edge_index)
    assert left.attrs is not None
    assert torch.equal(left.attrs.nan_to_num(-1), batch.attrs[kept].nan_to_num(-1))
    assert left.globals is batch.globals


def test_a_batch_of_a_table_without_numbers_has_none() -> None:
    batch = GraphBatch.from_table(TABLE.without_numbers())
    names = [field.name for field in dataclasses.fields(batch)][-4:]
    assert [getattr(batch, name) for name in names] == [(), None, (), None]
