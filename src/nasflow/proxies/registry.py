"""The measures by name.

A new one of this package is a file and a name here; one of yours needs neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from nasflow.errors import ConfigError
from nasflow.running.registry import Registry

if TYPE_CHECKING:
    from nasflow.proxies.base import Measure

_BUILTIN = (
    "expressivity",
    "fisher",
    "flops",
    "grad_norm",
    "grasp",
    "jacob_cov",
    "l2_norm",
    "meco",
    "n_layers",
    "nwot",
    "params",
    "plain",
    "progressivity",
    "snip",
    "swap",
    "synflow",
    "zen",
)


def _is_measure(part: Any) -> bool:
    from nasflow.proxies.base import Measure

    return isinstance(part, Measure)


MEASURES: Registry[Measure] = Registry(
    "zero-cost measure",
    "nasflow.proxies",
    {name: f"nasflow.proxies.{name}:MEASURE" for name in _BUILTIN},
    _is_measure,
    "a nasflow.proxies.base.Measure",
)


def measure_names() -> list[str]:
    """The registered names."""
    return MEASURES.names()


def make_measures(names: Sequence[str]) -> list[Measure]:
    """The measures of these names.

    Raises:
        UnknownNameError: one is not registered; the message lists the names.
        ConfigError: none is named, or one twice.
    """
    if not names or len(set(names)) != len(names):
        raise ConfigError(
            f"measures {', '.join(names) or '(none given)'}: name each once, and at least one of "
            f"{', '.join(measure_names())}"
        )
    return [MEASURES.find(name) for name in names]
