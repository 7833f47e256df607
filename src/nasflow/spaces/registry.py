"""The spaces by name.

A new one of this package is a file and a line here; one of yours needs neither.
"""

from __future__ import annotations

from typing import Any

from nasflow.running.registry import Registry
from nasflow.spaces.base import Space


def _is_space(part: Any) -> bool:
    return isinstance(part, Space) or (isinstance(part, type) and issubclass(part, Space))


SPACES: Registry[type[Space] | Space] = Registry(
    "space",
    "nasflow.spaces",
    {
        "accel-mnasnet": "nasflow.spaces.accel_mnasnet:AccelMnasnet",
        "bert-flexi": "nasflow.spaces.bert_flexi:BertFlexi",
        "darts": "nasflow.spaces.darts:Darts",
        "gpt": "nasflow.spaces.gpt:GPT",
        "nasbench-asr": "nasflow.spaces.asr:ASR",
        "nasbench-macro": "nasflow.spaces.macro:Macro",
        "nasbench-nlp": "nasflow.spaces.nlp:NLP",
        "nats-sss": "nasflow.spaces.nats_sss:NatsSize",
        "nb101": "nasflow.spaces.nb101:NB101",
        "nb201": "nasflow.spaces.nb201:NB201",
        "nbgraph": "nasflow.spaces.nbgraph:NBGraph",
        "ofa-mbv3": "nasflow.spaces.ofa_mbv3:OfaMbv3",
        "transnas-macro": "nasflow.spaces.transnas_macro:TransNASMacro",
        "transnas-micro": "nasflow.spaces.transnas:TransNASMicro",
    },
    _is_space,
    "a subclass of nasflow.Space, or an instance of one",
)


def space_names() -> list[str]:
    """The registered names."""
    return SPACES.names()


def load_space(name: str) -> Space:
    """The space of that name, with its default options, or the one that a file `*.yaml` describes.

    Args:
        name: a registered name, a .yaml file, or `module:Class` or `file.py:Class` of your own.

    Raises:
        UnknownNameError: there is none; the message lists the names.
        MissingDataError, ConfigError: the file is not there, or describes no space
            (`nasflow.spaces.described`).
    """
    if name.endswith((".yaml", ".yml")):
        from nasflow.spaces.described import space_from_file

        return space_from_file(name)
    space = SPACES.find(name)
    return space if isinstance(space, Space) else space()
