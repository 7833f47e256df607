"""The groups of features by name. A new one of this package is a file and a line here.

One of yours needs neither: it is named `module:Class` or `file.py:Class`, or an installed package
has an entry point of the group `nasflow.features`.
"""

from __future__ import annotations

from typing import Any

from nasflow.running.registry import Registry, imported


def _is_group(part: Any) -> bool:
    base = imported("nasflow.features.base:FeatureGroup")
    return isinstance(part, type) and issubclass(part, base)


FEATURES: Registry[type[Any]] = Registry(
    "feature group",
    "nasflow.features",
    {
        "counts": "nasflow.features.counts:Counts",
        "embedding": "nasflow.features.embedding:Embedding",
        "flow": "nasflow.features.flow:Flow",
        "log-sums": "nasflow.features.numbers:LogSums",
        "log-totals": "nasflow.features.numbers:LogTotals",
        "one-hot": "nasflow.features.one_hot:OneHot",
        "paths": "nasflow.features.paths:Paths",
        "proxies": "nasflow.features.proxies:Proxies",
        "sums": "nasflow.features.numbers:Sums",
        "totals": "nasflow.features.numbers:Totals",
        "values": "nasflow.features.numbers:Values",
        "wl": "nasflow.features.wl:Neighbourhoods",
    },
    _is_group,
    "a subclass of nasflow.features.FeatureGroup",
)


NUMBER_GROUPS = ("totals", "log-totals", "sums", "log-sums", "values")
"""The groups that have columns where nodes or graphs carry numbers, and else none."""


def feature_names() -> list[str]:
    """The registered names."""
    return FEATURES.names()
