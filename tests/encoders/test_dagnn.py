"""DAGNN: against its equations, graph after graph, node after node."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from nasflow.encoders.dagnn import DAGNN
from nasflow.encoders.registry import EncoderConfig
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from oracles import OPS, flow_sweep, neighbours, random_dag, random_table

CONFIG = EncoderConfig("dagnn", width=4, n_layers=2, dropout=0)


def dagnn(encoder: DAGNN, graph: Architecture) -> Tensor:
    """(H,): the embedding of one graph."""
    before, after = neighbours(graph)
    ops = torch.tensor([OPS.index(op) for op in graph.ops])
    start = list(encoder.input.linear(one_hot(ops, len(OPS)).double()))
    ends = []
    for sweeps, behind, ahead in ((encoder.down, before, after), (encoder.up, after, before)):
        states = [start]
        for sweep in sweeps:
            states.append(flow_sweep(sweep, states[-1], behind))
        of_ends = []
        for v in range(graph.n_nodes):
            if not ahead[v]:
                of_ends.append(torch.cat([layer[v] for layer in states]))
        ends.append(torch.stack(of_ends).amax(dim=0))
    embedding: Tensor = encoder.output(torch.cat(ends))
    return embedding


def test_embeddings_and_gradients_equal_the_loop_over_nodes() -> None:
    """Operations differ within a graph: of two equal states either could take the gradient."""
    rng = np.random.default_rng(0)
    graphs = [
        Architecture(tuple(rng.permutation(OPS).tolist()), random_dag(rng, 5).edges)
        for _ in range(8)
    ]
    graphs += [Architecture(("input",)), Architecture(("input", "output"))]
    table, results = ArchTable.from_architectures(graphs, OPS), []
    for batched in (True, False):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            encoder = DAGNN(len(OPS), CONFIG).double()
        if batched:
            out = encoder(GraphBatch.from_table(table))
        else:
            out = torch.stack([dagnn(encoder, graph) for graph in table])
        (out.sin() * torch.arange(4)).sum().backward()
        results.append([out.detach(), *(parameter.grad for parameter in encoder.parameters())])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other)


def test_node_states_are_wider_than_the_embedding() -> None:
    encoder, batch = DAGNN(len(OPS), CONFIG), GraphBatch.from_table(random_table(5))
    assert encoder.nodes(batch).shape == (batch.n_nodes, encoder.node_width) == (batch.n_nodes, 24)
    assert encoder(batch).shape == (5, encoder.width) == (5, 4)


def test_the_direction_of_edges_matters() -> None:
    graph = Architecture(OPS, ((0, 1), (1, 2), (1, 3), (3, 4)))
    flipped = Architecture(OPS, tuple((v, u) for u, v in graph.edges))
    one, other = DAGNN(len(OPS), CONFIG).eval()(
        GraphBatch.from_table(ArchTable.from_architectures([graph, flipped], OPS))
    )
    assert not torch.allclose(one, other, atol=1e-4)
