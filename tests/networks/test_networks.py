"""What holds for the networks of every space."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from nasflow.errors import ConfigError, GraphError, UnknownNameError
from nasflow.graphs.architecture import Architecture
from nasflow.networks.base import Network
from nasflow.networks.registry import network_names, network_options
from nasflow.running.seeding import seeded
from nasflow.spaces import load_space
from nasflow.spaces.custom import CustomSpace

SPACES = pytest.mark.parametrize("name", network_names())


def small(name: str, seed: int = 0, **options: int) -> Network:
    space = load_space(name)
    given = options_of(name, **{"width": 8, "cells": 1, **options})
    with seeded(seed, "test"):
        return space.network(space.sample(np.random.default_rng(seed)), **given)


def options_of(name: str, **options: int) -> dict[str, int]:
    """Those of some options that the networks of a space have."""
    return {key: value for key, value in options.items() if key in network_options(name)}


@SPACES
@pytest.mark.parametrize(
    ("width", "cells", "n_classes", "size", "in_channels"),
    [(8, 1, 10, 16, 3), (6, 2, 3, 8, 1), (10, 1, 120, 9, 2)],
)
def test_shapes(
    name: str, width: int, cells: int, n_classes: int, size: int, in_channels: int
) -> None:
    for seed in range(5):
        network = small(
            name, seed, width=width, cells=cells, n_classes=n_classes, in_channels=in_channels
        )
        logits = network(torch.rand(4, in_channels, size, size))
        assert logits.shape == (4, n_classes)
        assert logits.isfinite().all()
        assert network(torch.rand(2, in_channels, size, 2 * size)).shape == (2, n_classes)
        maps = network.features(torch.rand(2, in_channels, size, size))
        assert maps.shape[:2] == (2, network.classifier.in_features)


@SPACES
def test_the_same_seed_gives_the_same_weights_and_another_gives_others(name: str) -> None:
    x = torch.rand(2, 3, 16, 16)
    first, again = small(name, 3), small(name, 3)
    assert torch.equal(first(x), again(x))
    space = load_space(name)
    architecture = space.sample(np.random.default_rng(3))
    with seeded(4, "test"):
        other = space.network(architecture, **options_of(name, width=8))
    weights = next(first.parameters()), next(other.parameters())
    assert not torch.equal(*weights)


@SPACES
def test_illegal_options_are_named_with_what_is_legal(name: str) -> None:
    space = load_space(name)
    architecture = space.sample(np.random.default_rng(0))
    for option in options_of(name, width=0, n_classes=0, in_channels=0):
        for value in (0, -3, 2.0, True, "8"):
            with pytest.raises(ConfigError, match=f"{option}={value!r}; legal: integers from"):
                space.network(architecture, **{option: value})
    with pytest.raises(ConfigError, match=r"unknown .* option 'channels'.*; legal: \w+, "):
        space.network(architecture, channels=8)
    with pytest.raises(GraphError):
        space.network(Architecture(("input", "tanh", "output"), ((0, 1), (1, 2))))


@SPACES
def test_images_of_another_shape_are_refused(name: str) -> None:
    network = small(name, in_channels=1)
    for shape in [(2, 3, 16, 16), (1, 16, 16)]:
        with pytest.raises(
            ConfigError, match=r"images have shape .*; legal: \(batch, 1, height, width\)"
        ):
            network(torch.rand(shape))


@pytest.mark.parametrize("name", ["nasbench-nlp", "nasbench-asr", "nbgraph"])
def test_a_space_without_networks_names_those_with(name: str) -> None:
    space = load_space(name)
    with pytest.raises(UnknownNameError, match=f"no networks for the space '{name}'; .*nb201"):
        space.network(space.sample(np.random.default_rng(0)))


def test_a_custom_space_has_no_networks() -> None:
    space = CustomSpace({"ops": ["a", "b"], "n_nodes": 2})
    with pytest.raises(UnknownNameError, match="no networks for the space 'custom'"):
        space.network(space.sample(np.random.default_rng(0)))


def test_the_example_of_the_documentation_prints_what_stands_below_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "networks.md").read_text()
    (example,), (expected,) = (
        re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        for kind in ("python", "text")
    )
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(example, "docs/networks.md", "exec"), {})
    assert out.getvalue() == expected


@SPACES
def test_the_documentation_gives_the_defaults(name: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "networks.md").read_text()
    if name in ("nats-sss", "ofa-mbv3", "transnas-macro"):  # widths and depths are the architecture
        assert not {"width", "cells"} & set(network_options(name))
        assert re.search(rf"^{name} +(2 x )?conv3x3", page, re.MULTILINE)
        return
    (line,) = re.findall(rf"^{name} +(W=.*?)  ", page, re.MULTILINE)
    parameters = inspect.signature(type(small(name))).parameters
    given = dict(part.split("=") for part in line.replace("W=", "width=").split(", "))
    assert {key: int(value) for key, value in given.items()} == {
        key: parameters[key].default for key in ("width", "cells") if key in parameters
    }
