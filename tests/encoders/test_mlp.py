"""MLP: what its input is, number by number, and how it learns the size of the largest graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from nasflow import Predictor
from nasflow.encoders.mlp import MLP
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError, GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from nasflow.options.training import FitConfig, PretrainConfig
from oracles import OPS, random_table

CONFIG = EncoderConfig("mlp", width=8, max_nodes=8)


def test_embeddings_equal_layers_on_each_graphs_flattened_matrices() -> None:
    encoder, table = MLP(len(OPS), CONFIG).double().eval(), random_table(20)
    expected = []
    for graph in table:
        adjacency, operations = np.zeros((8, 8)), np.zeros((8, len(OPS)))
        for u, v in graph.edges:
            adjacency[u, v] = 1
        for v, op in enumerate(graph.ops):
            operations[v, OPS.index(op)] = 1
        x = np.concatenate([adjacency.ravel(), operations.ravel()])
        for layer in range(3):
            linear = encoder.layers[3 * layer]
            assert isinstance(linear, torch.nn.Linear)
            x = np.maximum(linear.weight.detach().numpy() @ x + linear.bias.detach().numpy(), 0)
        expected.append(x)
    np.testing.assert_allclose(
        encoder(GraphBatch.from_table(table)).detach(), np.array(expected), rtol=1e-12
    )


def test_the_order_of_the_nodes_matters_as_its_page_says() -> None:
    graph = Architecture(OPS[:3], ((0, 1), (1, 2)))
    table = ArchTable.from_architectures([graph, graph.relabelled([2, 0, 1])], OPS)
    one, other = MLP(len(OPS), CONFIG).eval()(GraphBatch.from_table(table))
    assert not torch.allclose(one, other, atol=1e-3)


def test_a_hidden_operation_is_a_row_of_zeros() -> None:
    encoder, seen = MLP(len(OPS), CONFIG).eval(), []
    batch = GraphBatch.from_table(
        ArchTable.from_architectures([Architecture(OPS[:3], ((0, 1),))], OPS)
    )
    batch.ops[1] = batch.n_ops
    encoder.layers[0].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    encoder(batch)
    assert seen[0][0, 64:].view(8, len(OPS)).sum(dim=1).tolist() == [1, 0, 1, 0, 0, 0, 0, 0]


def test_a_larger_graph_is_refused_with_the_option_to_set() -> None:
    encoder = MLP(len(OPS), EncoderConfig("mlp", width=8, max_nodes=2))
    graphs = [Architecture(("input",)), Architecture(OPS[:3], ((0, 1),))]
    batch = GraphBatch.from_table(ArchTable.from_architectures(graphs, OPS))
    with pytest.raises(
        GraphError,
        match=r"graph 1 of the batch has 3 nodes; encoder 'mlp' was made for at most 2: set "
        r"MLPConfig.max_nodes",
    ):
        encoder(batch)


def test_the_size_comes_from_the_first_table_and_is_saved(tmp_path: Path) -> None:
    table, labels = random_table(12, max_nodes=6), np.arange(12.0)
    predictor = Predictor(
        encoder=EncoderConfig("mlp", width=8),
        fit=FitConfig(epochs=1),
        pretrain=PretrainConfig(epochs=1),
    )
    predictor.fit(table, labels).save(tmp_path / "fitted.safetensors")
    loaded = Predictor.load(tmp_path / "fitted.safetensors")
    assert loaded.encoder.max_nodes == max(graph.n_nodes for graph in table)
    assert np.array_equal(loaded.predict(table), predictor.predict(table))
    assert predictor.pretrain(random_table(12, seed=1, max_nodes=9)).embed(
        random_table(5, max_nodes=7)
    ).shape == (5, 8)


def test_without_any_table_the_size_must_be_given() -> None:
    with pytest.raises(
        ConfigError, match=r"'mlp' needs to know how many nodes .*set MLPConfig.max_nodes"
    ):
        Predictor(encoder=EncoderConfig("mlp", width=8), vocabulary=OPS).embed(random_table(3))
    Predictor(encoder=CONFIG, vocabulary=OPS).embed(random_table(3))
