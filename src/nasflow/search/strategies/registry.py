"""The strategies by name. A new one of this package is a file and a line here; one of yours needs
neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nasflow.options.search import SearchConfig
from nasflow.running.registry import Registry

if TYPE_CHECKING:
    from nasflow.search.candidates import Listed
    from nasflow.search.problem import Problem
    from nasflow.search.strategies.base import Strategy


def _is_strategy(part: Any) -> bool:
    from nasflow.search.strategies.base import Strategy

    return isinstance(part, type) and issubclass(part, Strategy)


STRATEGIES: Registry[type[Strategy]] = Registry(
    "strategy",
    "nasflow.strategies",
    {
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


def make_strategy(config: SearchConfig, problem: Problem, whole: Listed | None) -> Strategy:
    """The strategy that the options name.

    Raises:
        UnknownNameError: there is none of that name; the message lists the names.
    """
    return STRATEGIES.find(config.strategy)(config, problem, whole)
