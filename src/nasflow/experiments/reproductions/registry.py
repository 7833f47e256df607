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

# the same for questions beyond the paper, in the package `questions`
_QUESTIONS = {
    "correlation": ("correlation:correlation",
                    "Question: does the surrogate follow performance, and where does pre-training on it pay?"),
    "collisions": ("collisions:collisions",
                   "Question: which architectures can the surrogate not tell apart, and why?"),
    "magnitude": ("magnitude:magnitude",
                  "Question: does the surrogate vanish or explode with depth, and what cures it?"),
    "sanity": ("sanity:sanity", "Question: do surrogates of chains and branching graphs cluster by structure?"),
}
_PLACES = {
    name: (f"nasflow.experiments.{package}.{place}", summary)
    for package, entries in (("reproductions", _REPRODUCTIONS), ("questions", _QUESTIONS))
    for name, (place, summary) in entries.items()
}


def reproduction_names() -> list[str]:
    """The registered names, in the order in which `all` runs them."""
    return list(_PLACES)


def reproduction_summaries() -> dict[str, str]:
    """One line on each: what is measured."""
    return {name: summary for name, (_, summary) in _PLACES.items()}


def load_reproduction(name: str) -> Reproduction:
    """The reproduction of that name.

    Raises:
        UnknownNameError: there is none; the message lists the names.
    """
    from nasflow.experiments.reproductions.base import Reproduction

    if name not in _PLACES:
        raise unknown_name("reproduction", name, ["list", "all", *_PLACES])
    place, summary = _PLACES[name]
    return Reproduction(name, summary, imported(place))
