from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nasflow.errors import ConfigError, GraphError
from nasflow.networks.gpt import DecoderLayer, GPTNetwork
from nasflow.running.seeding import seeded
from nasflow.spaces.gpt import GPT

SPACE = GPT(context=32, vocabulary=50)


def multiply_adds(network: GPTNetwork) -> dict[nn.Linear, int]:
    """Of each linear layer, for one sequence as long as the context."""
    counted: dict[nn.Linear, int] = {}

    def count(layer: nn.Linear, _: object, out: Tensor) -> None:
        counted[layer] = out[0].numel() * layer.in_features

    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            layer.register_forward_hook(count)
    network(torch.zeros(1, network.context, dtype=torch.long))
    return counted


@pytest.mark.parametrize("seed", range(6))
def test_what_the_space_derives_is_what_the_network_has(seed: int) -> None:
    element = SPACE.sample(np.random.default_rng(seed))
    network = space_network(element)
    assert element.globals["params"] == sum(p.numel() for p in network.parameters())
    flops = multiply_adds(network)
    width = network.tokens.embedding_dim
    for i, layer in enumerate(network.layers):
        attention, mlp = element.attrs["flops"][2 + 2 * i : 4 + 2 * i]
        # query with key, and weights with values, for each pair of tokens
        pairs = 2 * 32 * 32 * width
        assert attention == flops[layer.query_key_value] + flops[layer.project] + pairs
        assert mlp == flops[layer.mlp[0]] + flops[layer.mlp[2]]
        n_params = sum(element.attrs["params"][2 + 2 * i : 4 + 2 * i])
        assert n_params == sum(p.numel() for p in layer.parameters())
    assert element.attrs["flops"][-1] == flops[network.classifier]


def space_network(element: object) -> GPTNetwork:
    network = SPACE.network(element)
    assert isinstance(network, GPTNetwork)
    return network


def slow_attention(layer: DecoderLayer, x: Tensor) -> Tensor:
    """One token of one head after the other, over what came before it."""
    n, length, width = x.shape
    size = width // layer.heads
    query, key, value = layer.query_key_value(x).split(width, dim=2)
    out = torch.zeros(n, length, width)
    for row in range(n):
        for head in range(layer.heads):
            part = slice(head * size, (head + 1) * size)
            for t in range(length):
                scores = key[row, : t + 1, part] @ query[row, t, part] / math.sqrt(size)
                out[row, t, part] = scores.softmax(0) @ value[row, : t + 1, part]
    return layer.project(out)


def test_attention_is_the_slow_one() -> None:
    with seeded(0, "test"), torch.no_grad():
        layer, x = DecoderLayer(16, 4, 2), torch.randn(2, 5, 16)
        assert torch.allclose(layer.attention(x), slow_attention(layer, x), atol=1e-5)


def test_a_token_does_not_see_later_ones() -> None:
    network = GPTNetwork(SPACE.parse("w64 h2m1 h4m2")).eval()
    tokens = torch.randint(50, (2, 9), generator=torch.Generator().manual_seed(0))
    changed = tokens.clone()
    changed[:, 6] = (changed[:, 6] + 1) % 50
    before, after = network(tokens), network(changed)
    assert torch.allclose(before[:, :6], after[:, :6], atol=1e-6)
    assert not torch.allclose(before[:, 6:], after[:, 6:], atol=1e-3)


def test_it_trains() -> None:
    with seeded(0, "test"):
        network = GPTNetwork(SPACE.parse("w64 h2m1 h4m2"))
        tokens = torch.arange(16).repeat(4, 2)
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3)
    losses = []
    for _ in range(15):
        logits = network(tokens[:, :-1])
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        assert all(parameter.grad is not None for parameter in network.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 2


@pytest.mark.parametrize("tokens", [torch.zeros(2, 33, dtype=torch.long), torch.zeros(2, 3)])
def test_other_tokens_are_refused(tokens: Tensor) -> None:
    with pytest.raises(ConfigError, match=r"legal: integers of shape \(batch, length\)"):
        GPTNetwork(SPACE.parse("w64 h2m1 h4m2"))(tokens)


def test_a_graph_of_another_space_is_refused() -> None:
    from nasflow.spaces import load_space

    nats = load_space("nats-sss")
    with pytest.raises(GraphError, match="no element of a space gpt"):
        GPTNetwork(nats.unrank(0))
    data = SPACE.parse("w64 h2m1 h4m2").to_dict()
    data["attrs"]["params"][2] += 1
    with pytest.raises(GraphError, match="no element of gpt"):
        GPTNetwork(type(nats.unrank(0)).from_dict(data))
