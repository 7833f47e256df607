"""The spaces that have networks. A new one is one line here; its module is imported only when asked for."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from nasflow.architecture import Architecture
from nasflow.errors import UnknownNameError, unknown_option
from nasflow.registries import imported

if TYPE_CHECKING:
    from nasflow.networks.base import Network

_NETWORKS = {
    "nb101": "nasflow.networks.nb101:NB101Network",
    "nb201": "nasflow.networks.nb201:NB201Network",
}


def make_network(space: str, architecture: Architecture, **options: Any) -> Network:
    """The network of an element of the space with this name.

    Args:
        space: the space's registered name.
        architecture: an element of it.
        options: of the network's class; the source's values where they are left out.

    Raises:
        UnknownNameError: the space has no networks; the message lists those that have.
        GraphError: the architecture is no element of the space.
        ConfigError: an option that does not exist or has an illegal value.
    """
    if space not in _NETWORKS:
        raise UnknownNameError(f"there are no networks for the space {space!r}; spaces with networks: "
                               f"{', '.join(sorted(_NETWORKS))}")
    builder = imported(_NETWORKS[space])
    legal = [name for name in inspect.signature(builder).parameters if name != "architecture"]
    for name in options:
        if name not in legal:
            raise unknown_option(f"{space} network", name, legal)
    network: Network = builder(architecture, **options)
    return network
