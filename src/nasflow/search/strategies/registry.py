"""The strategies by name. A new strategy is one line here; its module is imported only when asked for."""

from __future__ import annotations

from nasflow.config import SearchConfig
from nasflow.registries import look_up
from nasflow.search.candidates import Listed
from nasflow.search.problem import Problem
from nasflow.search.strategies.base import Strategy

_STRATEGIES = {
    "evolution": "nasflow.search.strategies.evolution:Evolution",
    "fgp": "nasflow.search.strategies.fgp:FGP",
    "gp-onehot": "nasflow.search.strategies.gp_onehot:OneHotProcess",
    "local-search": "nasflow.search.strategies.local_search:LocalSearch",
    "npenas": "nasflow.search.strategies.npenas:NPENAS",
    "random": "nasflow.search.strategies.random_search:RandomSearch",
}


def strategy_names() -> list[str]:
    """The registered names."""
    return sorted(_STRATEGIES)


def make_strategy(config: SearchConfig, problem: Problem, whole: Listed | None) -> Strategy:
    """The strategy that the options name.

    Raises:
        UnknownNameError: there is none of that name; the message lists the names.
    """
    strategy = look_up("strategy", config.strategy, _STRATEGIES)(config, problem, whole)
    assert isinstance(strategy, Strategy)
    return strategy
