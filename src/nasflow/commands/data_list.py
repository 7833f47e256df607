"""`nasflow data list`: the benchmarks and spaces that have a name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.commands.shared import Namespace, Parser
from nasflow.text import aligned

if TYPE_CHECKING:
    from nasflow.datasets.registry import DatasetInfo


def add_arguments(_: Parser, __: list[str]) -> None:
    """It has none."""


def run(_: Namespace) -> None:
    """Print both lists."""
    from nasflow.datasets.registry import dataset_info, dataset_names
    from nasflow.spaces import load_space, space_names

    infos = [dataset_info(name) for name in dataset_names()]
    rows = [["name", "architectures", "metrics", "files in NASFLOW_DATA", "licence"]]
    for info in infos:
        metrics = ", ".join(info.metrics[:3])
        rows.append([info.name, f"{info.size:,}", metrics, _files(info), info.licence])
    print(aligned(rows))
    print("\nSearch spaces (a table of your own and a space of your own in .yaml work too):\n")
    rows = [["space", "elements", "operations"]]
    for space in map(load_space, space_names()):
        size = "not enumerable" if space.size is None else f"{space.size:,}"
        rows.append([space.name, size, ", ".join(space.ops)])
    print(aligned(rows))


def _files(info: DatasetInfo) -> str:
    """The files of a data set, or why it needs none."""
    if info.files:
        return ", ".join(info.files)
    return "a package delivers them" if info.metrics else "enumerated"
