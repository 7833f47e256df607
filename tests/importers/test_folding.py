"""Folding: unfolding gives the network back, and no other choice of blocks leaves fewer nodes."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest
import torch
from torch import nn

from importers.models import ResNet18
from nasflow.errors import GraphError
from nasflow.graphs.architecture import Architecture
from nasflow.importers import from_torch
from nasflow.importers.folding import _fewest_nodes as fewest_nodes
from nasflow.importers.folding import folded, unfolded


def chain(letters: str, widths: list[int] | None = None) -> Architecture:
    """Input, a node for each letter (for S a residual block of three), output."""
    ops, edges, attrs = ["input"], [], [None]
    for i, letter in enumerate(letters):
        before = len(ops) - 1
        width = None if widths is None else widths[i]
        if letter == "S":
            ops += ["conv", "relu", "add"]
            edges += [(before, before + 1), (before + 1, before + 2), (before + 2, before + 3)]
            edges.append((before, before + 3))
            attrs += [width, width, width]
        else:
            ops.append(letter)
            edges.append((before, before + 1))
            attrs.append(width)
    edges.append((len(ops) - 1, len(ops)))
    numbers = {} if widths is None else {"width": [*attrs, None]}
    return Architecture((*ops, "output"), tuple(edges), numbers)


def test_equal_blocks_are_one_with_a_depth() -> None:
    graph = folded(chain("abababc"))
    assert graph.ops == ("input", "a", "b", "c", "output")
    assert graph.edges == ((0, 1), (1, 2), (2, 3), (3, 4))
    assert dict(graph.attrs) == {
        "depth": (None, 3.0, 3.0, None, None),
        "block": (None, None, 2.0, None, None),
    }


def test_residual_blocks_of_one_width_are_folded_and_others_are_not() -> None:
    graph = folded(chain("SSSSS", [8, 8, 8, 16, 16]))
    assert graph.ops == ("input", *("conv", "relu", "add") * 2, "output")
    assert graph.attrs["depth"] == (None, 3, 3, 3, 2, 2, 2, None)
    assert (0, 3) in graph.edges
    assert (3, 6) in graph.edges


def test_neighbours_of_one_depth_stay_two_blocks() -> None:
    """aabb and abab would both be a and b of depth 2, but for the length of the block."""
    twice, pairs = folded(chain("aabb")), folded(chain("abab"))
    assert twice.ops == pairs.ops
    assert twice.canonical_id != pairs.canonical_id
    assert unfolded(twice).canonical_id == chain("aabb").canonical_id
    assert unfolded(pairs).canonical_id == chain("abab").canonical_id


@pytest.mark.parametrize("seed", range(40))
def test_unfolding_gives_the_network_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    letters = "".join(rng.choice(list("abS"), rng.integers(1, 12)))
    widths = rng.choice([8, 16], len(letters), p=[0.9, 0.1]).tolist()
    graph = chain(letters, widths)
    # the order of nodes says nothing
    shuffled = graph.relabelled(rng.permutation(graph.n_nodes).tolist())
    for network in (graph, shuffled):
        small = folded(network)
        assert unfolded(small).canonical_id == graph.canonical_id
        assert small.n_nodes <= graph.n_nodes
    assert folded(shuffled).canonical_id == folded(graph).canonical_id


def fewest(kinds: str) -> int:
    """The fewest letters that a text is written with, each way tried."""

    @functools.cache
    def rest(text: str) -> int:
        if not text:
            return 0
        best = 1 + rest(text[1:])
        for length, count in itertools.product(range(1, len(text) // 2 + 1), range(2, 13)):
            if text.startswith(text[:length] * count) and len(text) >= length * count:
                best = min(best, length + rest(text[length * count :]))
        return best

    return rest(kinds)


@pytest.mark.parametrize("seed", range(30))
def test_no_other_blocks_leave_fewer_nodes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    text = "".join(rng.choice(list("ab"), rng.integers(1, 13)))
    runs = fewest_nodes(text, [1] * len(text))
    assert sum(run.length for run in runs) == fewest(text)
    parts = [text[run.start : run.start + run.length] * run.count for run in runs]
    assert "".join(parts) == text


def test_graphs_without_repetitions_stay_as_they_are() -> None:
    for graph in (chain("abc"), Architecture(("input",)), Architecture(("a", "a"), ())):
        assert folded(graph) is graph
        assert unfolded(graph) is graph


def test_a_network_is_folded_once() -> None:
    with pytest.raises(GraphError, match="the numbers depth, block already"):
        folded(folded(chain("aaa")))
    wrong = Architecture(("a", "b"), ((0, 1),), {"depth": [None, 2], "block": [None, 2]})
    with pytest.raises(GraphError, match="node 1 ends a block of 2 nodes of depth 2"):
        unfolded(wrong)


def test_a_deep_network_is_small() -> None:
    layers = [nn.Conv2d(3, 8, 3, padding=1)]
    for _ in range(330):
        layers += [nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU()]
    model = nn.Sequential(*layers).eval()
    whole = from_torch(model, input_shapes=(1, 3, 8, 8))
    small = from_torch(model, input_shapes=(1, 3, 8, 8), fold=True)
    assert (whole.n_nodes, small.n_nodes) == (993, 6)
    assert small.globals == whole.globals
    assert unfolded(small).canonical_id == whole.canonical_id


def test_resnet_18() -> None:
    whole = from_torch(ResNet18().eval(), input_shapes=(1, 3, 64, 64))
    small = folded(whole)
    # only in the first of four stages are both blocks alike: the others begin with a projection
    assert (whole.n_nodes, small.n_nodes) == (71, 64)
    assert unfolded(small).canonical_id == whole.canonical_id
    assert torch.tensor(small.globals["params"]) == torch.tensor(whole.globals["params"])
