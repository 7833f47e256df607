"""Networks of the space in digits_space.yaml: built, trained on scikit-learn's digits, timed.

A convolution has a batch norm and a ReLU behind it, a pool takes the largest of 2 x 2 pixels, and
means over the quarters of what is left of the image go into a linear layer. Every training and
every time is kept in a journal, and never taken again.
"""

from __future__ import annotations

import statistics
import time
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nasflow import load_space
from nasflow.graphs.architecture import Architecture
from nasflow.running.journal import Journal
from nasflow.spaces.base import Space

SIDE, N_CLASSES = 8, 10
N_TRAIN, N_VALID = 900, 450  # of 1,797 images; the other 447 are for tests
EPOCHS, BATCH = 3, 45


def digits_space() -> Space:
    """The space of these networks."""
    return load_space(str(Path(__file__).parent / "digits_space.yaml"))


class Layer(NamedTuple):
    """One layer with what its costs depend on."""

    op: str
    n_in: int
    width: int
    """Output channels."""
    kernel: int
    """0 for a pool and for the head."""
    side: int
    """Of the image that goes in."""

    def module(self) -> nn.Module:
        """It, with random weights."""
        if self.op == "pool":
            return nn.MaxPool2d(2, ceil_mode=True)
        if self.op == "head":
            linear = nn.Linear(4 * self.n_in, self.width)
            return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), linear)
        conv = nn.Conv2d(self.n_in, self.width, self.kernel, padding=self.kernel // 2, bias=False)
        return nn.Sequential(conv, nn.BatchNorm2d(self.width), nn.ReLU())

    @property
    def n_params(self) -> int:
        """Weights that training changes."""
        if self.op == "pool":
            return 0
        if self.op == "head":
            return (4 * self.n_in + 1) * self.width
        return self.n_in * self.width * self.kernel**2 + 2 * self.width


def layers(architecture: Architecture) -> list[Layer]:
    """The layers of an element, from the image to the classes."""
    n_in, side = 1, SIDE
    result = []
    for node, op in enumerate(architecture.ops):
        if op == "conv":
            width = int(architecture.attrs["width"][node])
            result.append(Layer(op, n_in, width, int(architecture.attrs["kernel"][node]), side))
            n_in = width
        elif op == "pool":
            result.append(Layer(op, n_in, n_in, 0, side))
            side = (side + 1) // 2
    return [*result, Layer("head", n_in, N_CLASSES, 0, side)]


def n_params(architecture: Architecture) -> int:
    """Weights of an element's network."""
    return sum(layer.n_params for layer in layers(architecture))


def network(architecture: Architecture) -> nn.Sequential:
    """The network of an element; its weights come from torch's generator."""
    return nn.Sequential(*[layer.module() for layer in layers(architecture)])


@cache
def images() -> tuple[Tensor, Tensor]:
    """(1797, 1, 8, 8) and (1797,): pixels from -1 to 1 and classes, in an order that is fixed."""
    digits = load_digits()
    order = np.random.RandomState(0).permutation(len(digits.target))
    pixels = torch.tensor(digits.images[order] / 8 - 1, dtype=torch.float32)
    return pixels[:, None], torch.tensor(digits.target[order])


def trained(architecture: Architecture, seed: int) -> dict[str, float]:
    """Accuracies in per cent on validation and test images, and seconds, of one training."""
    started = time.process_time()
    pixels, classes = images()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = network(architecture)
        lr = architecture.globals["lr"]
        optimizer = torch.optim.Adam(model.parameters(), lr=lr, fused=True)
        for _ in range(EPOCHS):
            for batch in torch.randperm(N_TRAIN).split(BATCH):
                optimizer.zero_grad()
                cross_entropy(model(pixels[batch]), classes[batch]).backward()
                optimizer.step()
    model.eval()
    with torch.no_grad():
        right = (model(pixels).argmax(dim=1) == classes).double() * 100
    return {
        "valid": float(right[N_TRAIN : N_TRAIN + N_VALID].mean()),
        "test": float(right[N_TRAIN + N_VALID :].mean()),
        "seconds": time.process_time() - started,
    }


def milliseconds(module: nn.Module, shape: tuple[int, ...], groups: int = 7) -> float:
    """Of one call without gradients: the median of 20 calls, in the quietest of some groups."""
    module.eval()
    example = torch.randn(shape)
    medians = []
    with torch.no_grad():
        for _ in range(groups + 1):
            times = []
            for _ in range(20):
                started = time.perf_counter()
                module(example)
                times.append(time.perf_counter() - started)
            medians.append(statistics.median(times))
    # the first group warms up; other work on the machine can only add to a time
    return 1000 * min(medians[1:])


class Evaluations:
    """Trainings and times by element, each made once.

    Args:
        folder: where the journals are.
    """

    def __init__(self, folder: Path) -> None:
        self._trainings = Journal(folder / "trainings.jsonl")
        self._times = Journal(folder / "times.jsonl")
        self._trained: dict[str, dict[str, Any]] = self._trainings.entries()
        self._timed: dict[str, dict[str, Any]] = self._times.entries()

    def training(self, architecture: Architecture, seed: int = 0) -> dict[str, float]:
        """What `trained` gives."""
        key = f"{architecture.canonical_id} {seed}"
        if key not in self._trained:
            entry = {"key": key, **trained(architecture, seed)}
            self._trainings.append(entry)
            self._trained[key] = entry
        return self._trained[key]

    def time_layers(self) -> None:
        """Time all layers that the space can have, one after another."""
        widths, sides = (4, 8, 16, 32, 64), (8, 4, 2, 1)
        for n_in in (1, *widths):
            for side in sides:
                self._of_layer(Layer("pool", n_in, n_in, 0, side))
                self._of_layer(Layer("head", n_in, N_CLASSES, 0, side))
                for width in widths:
                    for kernel in (1, 3, 5):
                        self._of_layer(Layer("conv", n_in, width, kernel, side))

    def latency(self, architecture: Architecture) -> float:
        """Milliseconds for one image: the sum of those of the layers, which are timed one by one.

        A search asks this of thousands of elements: whole networks would take minutes.
        """
        return sum(self._of_layer(layer) for layer in layers(architecture))

    def latency_of_whole(self, architecture: Architecture) -> float:
        """Milliseconds for one image, of the whole network."""
        shape = (1, 1, SIDE, SIDE)
        return self._time(architecture.canonical_id, network(architecture), shape)

    def _of_layer(self, layer: Layer) -> float:
        key = " ".join(map(str, layer))
        if key in self._timed:
            return float(self._timed[key]["milliseconds"])
        return self._time(key, layer.module(), (1, layer.n_in, layer.side, layer.side))

    def _time(self, key: str, module: nn.Module, shape: tuple[int, ...]) -> float:
        if key not in self._timed:
            entry = {"key": key, "milliseconds": milliseconds(module, shape)}
            self._times.append(entry)
            self._timed[key] = entry
        return float(self._timed[key]["milliseconds"])
