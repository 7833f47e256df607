"""The members by name. A new one of this package is a file and a line here.

One of yours needs neither: it is named `module:Class` or `file.py:Class`, or an installed package
has an entry point of the group `nasflow.members`.
"""

from __future__ import annotations

from typing import Any

from nasflow.running.registry import Registry, imported


def _is_member(part: Any) -> bool:
    base = imported("nasflow.prediction.members.base:Member")
    return isinstance(part, type) and issubclass(part, base)


MEMBERS: Registry[type[Any]] = Registry(
    "member",
    "nasflow.members",
    {
        "encoder": "nasflow.prediction.members.encoder:EncoderMember",
        "counts-gp": "nasflow.prediction.members.gaussian_process:CountsGP",
        "flow-gp": "nasflow.prediction.members.gaussian_process:FlowGP",
        "gp": "nasflow.prediction.members.gaussian_process:GroupsGP",
        "graph-gp": "nasflow.prediction.members.gaussian_process:GraphGP",
        "pretrained-encoder": "nasflow.prediction.members.encoder:PretrainedEncoder",
        "trees": "nasflow.prediction.members.trees:Trees",
    },
    _is_member,
    "a subclass of nasflow.prediction.members.base.Member",
)

PROCESSES = ("gp", "graph-gp", "flow-gp", "counts-gp")
"""The Gaussian processes, which a search has as well."""

FAST = (*PROCESSES, "trees")
"""The members that have no graph network."""
