"""The members by name. A new one of this package is a file and a line here.

One of yours needs neither: it is named `module:Class` or `file.py:Class`, or an installed package
has an entry point of the group `nasflow.members`.
"""

from __future__ import annotations

from collections.abc import Iterable
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
        "layers-gp": "nasflow.prediction.members.layers:LayersGP",
        "graph-gp": "nasflow.prediction.members.gaussian_process:GraphGP",
        "pretrained-encoder": "nasflow.prediction.members.encoder:PretrainedEncoder",
        "sums-gp": "nasflow.prediction.members.gaussian_process:SumsGP",
        "totals-gp": "nasflow.prediction.members.gaussian_process:TotalsGP",
        "trees": "nasflow.prediction.members.trees:Trees",
    },
    _is_member,
    "a subclass of nasflow.prediction.members.base.Member",
)

PROCESSES = ("gp", "graph-gp", "flow-gp", "counts-gp")
"""The Gaussian processes, which a search has as well."""

FAST = (*PROCESSES, "trees")
"""The members that have no graph network."""

FAST_ON_NUMBERS = ("gp", "totals-gp", "sums-gp", "layers-gp", "trees")
"""The same where nodes or graphs carry numbers."""


def suited(members: Iterable[str], has_numbers: bool) -> tuple[str, ...]:
    """Names of members, those of numbers taking the place of all of `FAST` where there are any.

    Example:
        >>> suited((*FAST, "encoder"), True)
        ('gp', 'totals-gp', 'sums-gp', 'layers-gp', 'trees', 'encoder')
    """
    names = tuple(members)
    if not has_numbers or not set(FAST) <= set(names):
        return names
    return (*FAST_ON_NUMBERS, *(name for name in names if name not in FAST))
