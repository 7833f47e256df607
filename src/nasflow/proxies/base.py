"""`Measure`: one zero-cost measure, and what several of them share.

A measure is a function of an untrained network and one batch of images, with what a table of
results must say about it. It leaves the weights of the network as they were. Adding one is one
file, and a line in `registry.py`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nasflow.errors import NasflowError
from nasflow.networks.base import Network

Function = Callable[[Network, Tensor, Tensor], float]


class MeasureError(NasflowError, ValueError):
    """A measure that has no value for a network; says why."""


@dataclass(frozen=True)
class Measure:
    """A zero-cost measure; called, it gives its value, infinite or NaN for a dead network."""

    name: str
    """The name to ask for it, the one of NAS-Bench-Suite-Zero where it has one."""
    summary: str
    """One line: what it measures."""
    source: str
    """The paper that it comes from."""
    cost: str
    """What it takes, in passes of the batch through the network."""
    function: Function
    """(network, images (B, C, H, W), labels (B,)) to the value."""
    maximise: bool = True
    """Whether more is meant to be better."""

    def __call__(self, network: Network, images: Tensor, labels: Tensor) -> float:
        """The value for a network in training mode."""
        network.train()  # normalisation uses the statistics of this batch
        network.zero_grad(set_to_none=True)
        return self.function(network, images, labels)


@contextlib.contextmanager
def watched(
    network: nn.Module,
    kinds: type[nn.Module] | tuple[type[nn.Module], ...],
    look: Callable[..., None],
    *,
    before: bool = False,
) -> Iterator[None]:
    """A block in which `look` sees what runs through the layers of some kinds.

    Args:
        network: whose layers they are.
        kinds: their classes.
        look: called with layer, inputs and output, as a forward hook of torch.
        before: whether it is called with layer and inputs, before the layer runs.
    """
    hooks = []
    for layer in network.modules():
        if isinstance(layer, kinds):
            register = layer.register_forward_pre_hook if before else layer.register_forward_hook
            hooks.append(register(look))
    try:
        yield
    finally:
        # whatever happens: the next measure is of the same network
        for hook in hooks:
            hook.remove()


def weights(network: nn.Module) -> list[Tensor]:
    """The weights of all convolutions and linear layers, which pruning measures look at."""
    return [
        layer.weight for layer in network.modules() if isinstance(layer, (nn.Conv2d, nn.Linear))
    ]


def weights_with_gradients(
    network: Network, images: Tensor, labels: Tensor
) -> list[tuple[Tensor, Tensor]]:
    """Each weight that the loss depends on, with the gradient of the batch's cross entropy."""
    trainable = [weight for weight in weights(network) if weight.requires_grad]
    loss = cross_entropy(network(images), labels)
    # of branches that compute nothing there is no gradient
    gradients = torch.autograd.grad(loss, trainable, allow_unused=True)
    return [
        (weight.detach(), grad)
        for weight, grad in zip(trainable, gradients, strict=True)
        if grad is not None
    ]
