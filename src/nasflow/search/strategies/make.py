"""From options, a name, a class or an object to a strategy."""

from __future__ import annotations

import dataclasses

from nasflow.errors import ConfigError
from nasflow.search.candidates import Listed
from nasflow.search.problem import Problem
from nasflow.search.strategies.base import Strategy
from nasflow.search.strategies.registry import STRATEGIES, SearchConfig


def make_strategy(config: SearchConfig, problem: Problem, whole: Listed | None) -> Strategy:
    """The strategy that the options name, for a problem.

    Raises:
        UnknownNameError, ConfigError: as `as_strategy`; a quantity that the problem does not know.
    """
    return as_strategy(config).bind(problem, whole)


def _from_options(config: SearchConfig) -> Strategy:
    """The strategy that the options name, not yet bound to a problem.

    Raises:
        UnknownNameError: there is none of that name; the message lists the names.
        ConfigError: options of another strategy.
    """
    strategy_class = STRATEGIES.find(config.strategy)
    if type(config) is SearchConfig and strategy_class.Config is not SearchConfig:
        # made before the strategy was registered: what it has beside the shared ones is by default
        shared = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
        config = strategy_class.Config(**shared)
    strategy: Strategy = strategy_class(config)
    return strategy


def as_strategy(given: Strategy | type[Strategy] | SearchConfig | str | None) -> Strategy:
    """The strategy that is given in any of these forms; by default that of `SearchConfig()`.

    Raises:
        UnknownNameError, ConfigError: it is none.
    """
    if isinstance(given, Strategy):
        STRATEGIES.name_of(type(given))  # so that a study can name it
        return given
    if given is None or isinstance(given, str):
        return _from_options(SearchConfig(strategy=given or SearchConfig().strategy))
    if isinstance(given, SearchConfig):
        return _from_options(given)
    if isinstance(given, type) and issubclass(given, Strategy):
        return given()
    raise ConfigError(
        f"strategy is {given!r}; legal: a SearchConfig, a name ({', '.join(STRATEGIES.names())}),"
        " a subclass of nasflow.search.Strategy, or an instance of one"
    )
