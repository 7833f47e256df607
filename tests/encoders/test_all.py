"""What every registered encoder promises.

Sizes, independence from order and company, gradients, reproducible bits.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from nasflow.encoders.base import Encoder, NodeEncoder
from nasflow.encoders.make import make_encoder
from nasflow.encoders.registry import EncoderConfig, encoder_names
from nasflow.errors import UnknownNameError
from nasflow.graphs.architecture import Architecture
from nasflow.graphs.batch import GraphBatch
from nasflow.graphs.table import ArchTable
from oracles import OPS, random_dag, random_table
from small import encoder_of
from strategies import dags

WIDTH = 8
ENCODERS = pytest.mark.parametrize("name", encoder_names())
INVARIANT = pytest.mark.parametrize("name", [name for name in encoder_names() if name != "mlp"])


def _encoder(name: str, dropout: float = 0.1) -> Encoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make_encoder(len(OPS), encoder_of(name, width=WIDTH, dropout=dropout, max_nodes=20))


def _batch(*graphs: Architecture) -> GraphBatch:
    return GraphBatch.from_table(ArchTable.from_architectures(graphs, OPS))


def _mixed() -> tuple[Architecture, ...]:
    """Graphs of 1, 2 and 20 nodes, some without edges, with lone nodes or ends at any depth."""
    rng = np.random.default_rng(0)
    return (
        Architecture(("input",)),
        random_dag(rng, 20, 0.2),
        Architecture(("input", "output")),
        Architecture(("conv1x1", "input"), ((1, 0),)),
        Architecture(("input", "conv3x3", "conv1x1", "output"), ((0, 3),)),
        random_dag(rng, 20, 0.6),
    )


def _close(one: Tensor, other: Tensor) -> None:
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


@ENCODERS
def test_embeddings_and_node_states_have_the_widths_they_promise(name: str) -> None:
    encoder, batch = _encoder(name), _batch(*_mixed())
    assert encoder(batch).shape == (6, encoder.width)
    if isinstance(encoder, NodeEncoder):
        states = encoder.eval().nodes(batch)
        assert states.shape == (batch.n_nodes, encoder.node_width)
        assert torch.equal(encoder.pool(batch, states), encoder(batch))


@INVARIANT
@settings(max_examples=15)
@given(graph=dags(OPS, max_nodes=7), data=st.data())
def test_the_order_of_the_nodes_does_not_matter(
    name: str, graph: Architecture, data: st.DataObject
) -> None:
    encoder = _encoder(name).eval()
    order = data.draw(st.permutations(range(graph.n_nodes)))
    _close(encoder(_batch(graph)), encoder(_batch(graph.relabelled(list(order)))))


@ENCODERS
def test_an_embedding_does_not_depend_on_the_rest_of_the_batch(name: str) -> None:
    encoder, graphs = _encoder(name).eval(), (*_mixed(), *random_table(20))
    _close(encoder(_batch(*graphs)), torch.cat([encoder(_batch(graph)) for graph in graphs]))


@ENCODERS
def test_different_graphs_have_different_embeddings(name: str) -> None:
    one, other = _encoder(name).eval()(
        _batch(Architecture(OPS[:3], ((0, 1), (1, 2))), Architecture(OPS[:3], ((0, 1), (0, 2))))
    )
    assert not torch.allclose(one, other, atol=1e-4)


@ENCODERS
def test_every_weight_receives_a_gradient(name: str) -> None:
    encoder = _encoder(name).double().train()  # so that rounding is no gradient
    encoder(GraphBatch.from_table(random_table(50))).sin().sum().backward()
    for parameter_name, parameter in encoder.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert parameter.grad.abs().sum() > 1e-9, parameter_name


@ENCODERS
def test_dropout_acts_in_training_alone(name: str) -> None:
    encoder, batch = _encoder(name, dropout=0.5), GraphBatch.from_table(random_table(5))
    assert not torch.equal(encoder.train()(batch), encoder(batch))
    assert torch.equal(encoder.eval()(batch), encoder(batch))


@ENCODERS
def test_the_same_seed_gives_the_same_bits_in_training(name: str) -> None:
    batch, results = GraphBatch.from_table(random_table(40)), []
    for _ in range(2):
        encoder = _encoder(name).train()
        with torch.random.fork_rng():
            torch.manual_seed(1)
            out = encoder(batch)
            out.sin().sum().backward()
        results.append([out.detach(), *(p.grad for p in encoder.parameters())])
    assert all(torch.equal(one, other) for one, other in zip(*results, strict=True))


# -- the registry ----------------------------------------------------------------------------------


def test_encoders_are_made_by_name() -> None:
    assert {"flowerformer", "gin", "resgatedgcn"} <= set(encoder_names())
    for name in encoder_names():
        assert make_encoder(5, encoder_of(name, width=WIDTH, max_nodes=8)).config.name == name


def test_an_unknown_encoder_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownNameError, match=r"'resgatedgnn' \(did you mean 'resgatedgcn'\?\)"):
        make_encoder(5, EncoderConfig(name="resgatedgnn"))
