"""The pretext tasks by name. A new one of this package is a file and a line here; one of yours
needs neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nasflow.errors import unknown_name
from nasflow.running.registry import Registry

if TYPE_CHECKING:
    from torch import nn

    from nasflow.pretext.base import Pretext, PretextSetting


def _is_pretext(part: Any) -> bool:
    from nasflow.pretext.base import Pretext

    return isinstance(part, type) and issubclass(part, Pretext)


PRETEXTS: Registry[type[Pretext]] = Registry(
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


def pretext_names() -> list[str]:
    """The registered names."""
    return PRETEXTS.names()


def make_pretexts(setting: PretextSetting) -> nn.ModuleDict:
    """The tasks that `setting.config.pretext` names, by name, their decoders drawn from torch's
    generator.

    Raises:
        UnknownNameError: a task that is not registered; the message lists the names.
    """
    from torch import nn

    for name in setting.config.weights:
        if name not in PRETEXTS:
            raise unknown_name("pretext task among the weights", name, pretext_names())
    tasks = nn.ModuleDict()
    for name in setting.config.tasks:
        tasks[name] = PRETEXTS.find(name)(setting)
    return tasks
