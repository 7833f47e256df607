from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasflow.errors import GraphError
from nasflow.networks.base import ReLUConvBN
from nasflow.networks.flops import count_flops
from nasflow.networks.nats_sss import NatsSizeNetwork
from nasflow.networks.nb201 import NB201Network
from nasflow.running.seeding import seeded
from nasflow.spaces.nats_sss import CELL, NatsSize
from nasflow.spaces.nb201 import NB201
from slow_layers import slow_conv, slow_norm, slow_relu_conv_bn, unlike_identity

SPACE = NatsSize()


@pytest.mark.parametrize("seed", range(12))
def test_what_the_space_derives_is_what_the_network_has(seed: int) -> None:
    element = SPACE.sample(np.random.default_rng(seed))
    network = NatsSizeNetwork(element)
    n_params = [sum(p.numel() for p in part.parameters()) for part in parts(network)]
    assert list(element.attrs["params"][1:]) == n_params
    assert element.globals["params"] == sum(n_params)
    assert element.globals["flops"] == count_flops(network, (3, 32, 32))


def parts(network: NatsSizeNetwork) -> list[nn.Module]:
    """The module of each node behind the input; the last normalisation goes with the logits."""
    return [network.stem, *network.layers, nn.ModuleList([network.last, network.classifier])]


def test_where_widths_double_it_computes_what_the_nasbench201_network_computes() -> None:
    element = SPACE.parse("8:16:16:32:32")
    with seeded(0, "test"):
        other = unlike_identity(NB201Network(NB201().parse(CELL), width=8, cells=1))
        network = NatsSizeNetwork(element).eval()
    # the same modules in the same order, under the same names
    network.load_state_dict(other.state_dict())
    x = torch.rand(2, 3, 16, 16)
    assert torch.equal(network(x), other(x))


def slow_cell(cell: nn.Module, x: Tensor) -> Tensor:
    """Map after map of the published cell."""

    def of(pair: str, x: Tensor) -> Tensor:
        operation = cell.operations[pair]
        if isinstance(operation, ReLUConvBN):
            return slow_relu_conv_bn(operation, x)
        if isinstance(operation, nn.Identity):
            return x
        conv, norm = operation
        return slow_norm(norm, slow_conv(conv.weight, x))

    first = of("0>1", x)
    second = of("0>2", x) + of("1>2", first)
    return of("0>3", x) + of("1>3", first) + of("2>3", second)


def test_a_cell_that_changes_the_width_is_the_slow_one() -> None:
    with seeded(0, "test"):
        network = unlike_identity(NatsSizeNetwork(SPACE.parse("8:16:24:32:40")))
        x = torch.rand(2, 16, 6, 6)
    cell = network.layers[2]
    assert torch.allclose(cell(x), slow_cell(cell, x), rtol=1e-4, atol=1e-4)


def test_options_of_the_space_are_those_of_its_elements() -> None:
    space = NatsSize(resolution=16, n_classes=100)
    element = space.parse("8:8:8:8:8")
    network = space.network(element)
    assert network(torch.zeros(2, 3, 16, 16)).shape == (2, 100)
    assert element.globals["flops"] == count_flops(network, (3, 16, 16))
    with pytest.raises(GraphError, match="no element of nats-sss"):
        SPACE.format(element)
