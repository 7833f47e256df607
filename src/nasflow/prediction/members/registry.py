"""The members by name. A new one of this package is a file and a line here.

One of yours needs neither: it is named `module:Class` or `file.py:Class`, or an installed package
has an entry point of the group `nasflow.members`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from nasflow.running.registry import Registry, imported

if TYPE_CHECKING:
    from nasflow.graphs.table import ArchTable


def _is_member(part: Any) -> bool:
    base = imported("nasflow.prediction.members.base:Member")
    return isinstance(part, type) and issubclass(part, base)


MEMBERS: Registry[type[Any]] = Registry(
    "member",
    "nasflow.members",
    {
        "additive": "nasflow.prediction.members.additive:Additive",
        "encoder": "nasflow.prediction.members.encoder:EncoderMember",
        "counts-gp": "nasflow.prediction.members.gaussian_process:CountsGP",
        "flow-gp": "nasflow.prediction.members.gaussian_process:FlowGP",
        "gp": "nasflow.prediction.members.gaussian_process:GroupsGP",
        "graph-gp": "nasflow.prediction.members.gaussian_process:GraphGP",
        "layers-gp": "nasflow.prediction.members.layers:LayersGP",
        "layers-sums-gp": "nasflow.prediction.members.layers:LayersSumsGP",
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

NETWORKS = ("encoder", "pretrained-encoder")
"""Those that are one, and need torch."""

ON_NUMBERS = ("counts-gp", "totals-gp", "sums-gp", "layers-gp", "layers-sums-gp", "additive")
"""The same where nodes or graphs carry numbers."""

BRANCHED = ("gp", "trees")
"""Further ones where paths differ: of chains they have little to say, and few labels do not tell
how little."""


def suited(members: Iterable[str], table: ArchTable) -> tuple[str, ...]:
    """Names of members, those of numbers taking the place of all of `FAST` where there are any."""
    names = tuple(members)
    if not table.has_numbers or not set(FAST) <= set(names):
        return names
    others = tuple(name for name in names if name not in FAST)
    return ON_NUMBERS + (() if _chains(table) else BRANCHED) + others


def _chains(table: ArchTable) -> bool:
    """Whether in every graph each node leads to one other at most, and is led to by one at most."""
    source, target = table.global_edges()
    return all(len(set(ends.tolist())) == len(ends) for ends in (source, target))
