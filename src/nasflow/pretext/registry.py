"""The pretext tasks by name. A new one of this package is a file and a line here.

One of yours needs neither: it is named `module:Class` or `file.py:Class`, or given as a class, or
an installed package has an entry point of the group `nasflow.pretexts`. Nothing here imports torch.
"""

from __future__ import annotations

from typing import Any

from nasflow.options.base import Options
from nasflow.running.registry import Registry, imported


def _is_pretext(part: Any) -> bool:
    # the class by its name, for importing it would import torch
    return isinstance(part, type) and issubclass(part, imported("nasflow.pretext.base:Pretext"))


PRETEXTS: Registry[type[Any]] = Registry(
    "pretext task",
    "nasflow.pretexts",
    {
        "arch2vec": "nasflow.pretext.arch2vec:Arch2Vec",
        "flow": "nasflow.pretext.flow:Flow",
        "gmae": "nasflow.pretext.gmae:MaskedOperations",
        "graphcl": "nasflow.pretext.graphcl:GraphCL",
        "proxy": "nasflow.pretext.proxy:ProxyRanking",
        "vectors": "nasflow.pretext.vectors:Vectors",
    },
    _is_pretext,
    "a subclass of nasflow.pretext.Pretext",
)

# of this package, those that have no options: they need not be imported to tell
_WITHOUT_OPTIONS = ("flow", "vectors")


def pretext_names() -> list[str]:
    """The registered names."""
    return PRETEXTS.names()


def task_config(name: str) -> type[Options] | None:
    """The class of a task's own options; None where it has none.

    Raises:
        UnknownNameError: there is no such task; the message lists the names.
    """
    if name in _WITHOUT_OPTIONS:
        return None
    config: type[Options] = PRETEXTS.find(name).Config
    return None if config is Options else config
