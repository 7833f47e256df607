"""The pretext tasks by name. A new task is one line here; its module is imported only when asked for."""

from __future__ import annotations

from torch import nn

from nasflow.errors import unknown_name
from nasflow.pretext.base import Pretext, PretextSetting
from nasflow.registries import look_up

_PRETEXTS = {
    "arch2vec": "nasflow.pretext.arch2vec:Arch2Vec",
    "flow": "nasflow.pretext.flow:Flow",
    "gmae": "nasflow.pretext.gmae:MaskedOperations",
    "graphcl": "nasflow.pretext.graphcl:GraphCL",
    "proxy": "nasflow.pretext.proxy:ProxyRanking",
    "vectors": "nasflow.pretext.vectors:Vectors",
}


def pretext_names() -> list[str]:
    """The registered names."""
    return sorted(_PRETEXTS)


def make_pretexts(setting: PretextSetting) -> nn.ModuleDict:
    """The tasks that `setting.config.pretext` names, by name, their decoders drawn from torch's generator.

    Raises:
        UnknownNameError: a task that is not registered; the message lists the names.
    """
    for name in setting.config.weights:
        if name not in _PRETEXTS:
            raise unknown_name("pretext task among the weights", name, pretext_names())
    tasks = nn.ModuleDict()
    for name in setting.config.tasks:
        task = look_up("pretext task", name, _PRETEXTS)(setting)
        assert isinstance(task, Pretext)
        tasks[name] = task
    return tasks
