"""The spaces by name. A new space is one line here; its module is imported only when asked for."""

from __future__ import annotations

from nasflow.registries import look_up
from nasflow.spaces.base import Space

_SPACES = {
    "darts": "nasflow.spaces.darts:Darts",
    "nasbench-asr": "nasflow.spaces.asr:ASR",
    "nasbench-macro": "nasflow.spaces.macro:Macro",
    "nasbench-nlp": "nasflow.spaces.nlp:NLP",
    "nb101": "nasflow.spaces.nb101:NB101",
    "nb201": "nasflow.spaces.nb201:NB201",
    "nbgraph": "nasflow.spaces.nbgraph:NBGraph",
    "transnas-micro": "nasflow.spaces.transnas:TransNASMicro",
}


def space_names() -> list[str]:
    """The registered names."""
    return sorted(_SPACES)


def load_space(name: str) -> Space:
    """The space of that name, with its default options, or the one that a file `*.yaml` describes.

    Raises:
        UnknownNameError: there is none; the message lists the names.
        MissingDataError, ConfigError: the file is not there, or describes no space (`nasflow.spaces.custom`).
    """
    if name.endswith((".yaml", ".yml")):
        from nasflow.spaces.custom import CustomSpace

        return CustomSpace.from_file(name)
    space = look_up("space", name, _SPACES)()
    assert isinstance(space, Space)
    return space
