"""The one look-up behind all registries: from a name to what stands at `module:attribute`, imported when asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from nasflow.errors import unknown_name


def look_up(kind: str, name: str, places: Mapping[str, str]) -> Any:
    """What is registered as `name`.

    Args:
        kind: what the registry holds, for the error.
        name: the name asked for.
        places: `module:attribute` by registered name.

    Raises:
        UnknownNameError: there is none; the message lists the names.
    """
    if name not in places:
        raise unknown_name(kind, name, sorted(places))
    return imported(places[name])


def imported(place: str) -> Any:
    """The attribute at `module:attribute`."""
    module, _, attribute = place.partition(":")
    return getattr(importlib.import_module(module), attribute)
