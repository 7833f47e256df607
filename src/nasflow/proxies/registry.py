"""The measures by name. A new one is one line here; its module is imported only when asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nasflow.errors import ConfigError
from nasflow.registries import look_up

if TYPE_CHECKING:
    from nasflow.proxies.base import Measure

_MEASURES = {name: f"nasflow.proxies.{name}:MEASURE" for name in (
    "fisher", "flops", "grad_norm", "grasp", "jacob_cov", "l2_norm", "nwot", "params", "plain", "snip", "synflow",
    "zen",
)}


def measure_names() -> list[str]:
    """The registered names."""
    return sorted(_MEASURES)


def make_measures(names: Sequence[str]) -> list[Measure]:
    """The measures of these names.

    Raises:
        UnknownNameError: one is not registered; the message lists the names.
        ConfigError: none is named, or one twice.
    """
    if not names or len(set(names)) != len(names):
        raise ConfigError(f"measures {', '.join(names) or '(none given)'}: name each once, and at least one of "
                          f"{', '.join(measure_names())}")
    return [look_up("zero-cost measure", name, _MEASURES) for name in names]
