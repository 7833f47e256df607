"""The spaces that have networks, by name.

A new one is one line here; its module is imported only when asked for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nasflow.errors import UnknownNameError, unknown_option
from nasflow.graphs.architecture import Architecture
from nasflow.running.registry import imported

if TYPE_CHECKING:
    from torch import nn

_NETWORKS = {
    "darts": "nasflow.networks.darts:DartsNetwork",
    "nasbench-macro": "nasflow.networks.macro:MacroNetwork",
    "nb101": "nasflow.networks.nb101:NB101Network",
    "nb201": "nasflow.networks.nb201:NB201Network",
    "nats-sss": "nasflow.networks.nats_sss:NatsSizeNetwork",
    "ofa-mbv3": "nasflow.networks.ofa:OfaNetwork",
    "transnas-macro": "nasflow.networks.transnas_macro:TransNASMacroNetwork",
    "transnas-micro": "nasflow.networks.transnas:TransNASNetwork",
}
_OF_TOKENS = {
    "gpt": "nasflow.networks.gpt:GPTNetwork",
}


def network_names() -> list[str]:
    """The names of the spaces that have networks of images."""
    return sorted(_NETWORKS)


def token_network_names() -> list[str]:
    """The names of the spaces whose networks take tokens and not images."""
    return sorted(_OF_TOKENS)


def network_options(space: str) -> tuple[str, ...]:
    """The options of a space's networks, such as `("width", "cells", "n_classes", "in_channels")`.

    Raises:
        UnknownNameError: the space has no networks; the message lists those that have.
    """
    return tuple(
        name for name in inspect.signature(_builder(space)).parameters if name != "architecture"
    )


def make_network(space: str, architecture: Architecture, **options: Any) -> nn.Module:
    """The network of an element of the space with this name: a `Network`, unless it takes tokens.

    Args:
        space: the space's registered name.
        architecture: an element of it.
        options: of `network_options(space)`; the source's values where they are left out.

    Raises:
        UnknownNameError: the space has no networks; the message lists those that have.
        GraphError: the architecture is no element of the space.
        ConfigError: an option that does not exist or has an illegal value.
    """
    legal = network_options(space)
    for name in options:
        if name not in legal:
            raise unknown_option(f"{space} network", name, legal)
    return _builder(space)(architecture, **options)


def _builder(space: str) -> Callable[..., nn.Module]:
    modules = _NETWORKS | _OF_TOKENS
    if space not in modules:
        raise UnknownNameError(
            f"there are no networks for the space {space!r}; spaces with networks: "
            f"{', '.join(sorted(modules))}"
        )
    builder: Callable[..., nn.Module] = imported(modules[space])
    return builder
