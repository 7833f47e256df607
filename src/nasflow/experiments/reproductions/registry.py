"""The reproductions by name. A new one is an entry here; its module is imported only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.errors import unknown_name
from nasflow.registries import imported

if TYPE_CHECKING:  # the names must be there at once for --help
    from nasflow.experiments.reproductions.base import Reproduction

# name: (module:function below this package, what is measured)
_REPRODUCTIONS = {
    "surrogate-map": ("surrogate_map:surrogate_map",
                      "Figure: the flow surrogates of each space, projected and coloured by performance"),
}


def reproduction_names() -> list[str]:
    """The registered names, in the order in which `all` runs them."""
    return list(_REPRODUCTIONS)


def reproduction_summaries() -> dict[str, str]:
    """One line on each: what is measured."""
    return {name: summary for name, (_, summary) in _REPRODUCTIONS.items()}


def load_reproduction(name: str) -> Reproduction:
    """The reproduction of that name.

    Raises:
        UnknownNameError: there is none; the message lists the names.
    """
    from nasflow.experiments.reproductions.base import Reproduction

    if name not in _REPRODUCTIONS:
        raise unknown_name("reproduction", name, ["list", "all", *_REPRODUCTIONS])
    place, summary = _REPRODUCTIONS[name]
    return Reproduction(name, summary, imported(f"nasflow.experiments.reproductions.{place}"))
