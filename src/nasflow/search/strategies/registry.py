"""The strategies by name, and the options that all of them have.

A new strategy of this package is a file and a line here; one of yours needs neither: it is named
`module:Class` or `file.py:Class`, or given as an object, or an installed package has an entry point
of the group `nasflow.strategies`. Nothing here imports NumPy: the command line shows names and
options before it is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from nasflow.options.base import DispatchedOptions
from nasflow.running.registry import Registry, imported


def _is_strategy(part: Any) -> bool:
    base = imported("nasflow.search.strategies.base:Strategy")
    return isinstance(part, type) and issubclass(part, base)


STRATEGIES: Registry[type[Any]] = Registry(
    "strategy",
    "nasflow.strategies",
    {
        "blend": "nasflow.search.strategies.blend:BlendSearch",
        "evolution": "nasflow.search.strategies.evolution:Evolution",
        "fgp": "nasflow.search.strategies.fgp:FGP",
        "gp-onehot": "nasflow.search.strategies.gp_onehot:OneHotProcess",
        "local-search": "nasflow.search.strategies.local_search:LocalSearch",
        "npenas": "nasflow.search.strategies.npenas:NPENAS",
        "random": "nasflow.search.strategies.random_search:RandomSearch",
    },
    _is_strategy,
    "a subclass of nasflow.search.Strategy",
)

# of this package, those that have no options of their own: they need not be imported to tell
_WITHOUT_OPTIONS = ("local-search", "random")


@dataclass(frozen=True)
class SearchConfig(DispatchedOptions):
    """How the next architectures to train are chosen (section 7 of the method).

    Called with the name of a strategy that has options of its own, it gives that strategy's.

    Example:
        >>> SearchConfig("evolution", population=20).tournament
        10
    """

    key: ClassVar[str] = "strategy"

    strategy: str = "blend"
    """Which strategy: blend, fgp, npenas, gp-onehot, evolution, local-search, random, or
    file.py:Class or module:Class of your own."""
    seed: int = 21
    """Seed of every draw: with it and the results told so far, what is proposed next is
    determined."""
    n_initial: int | None = None
    """Random architectures before the strategy chooses; by default 20 for npenas, 10 for the other
    models."""

    def __post_init__(self) -> None:
        if self.n_initial is not None:
            self._positive_int("n_initial")
        self._seed()

    @classmethod
    def class_of(cls, name: str) -> type[SearchConfig]:
        """The class of a strategy's options; this one where the name is none or has no more."""
        if name not in STRATEGIES or name in _WITHOUT_OPTIONS:
            return SearchConfig
        config: type[SearchConfig] = STRATEGIES.find(name).Config
        return config
