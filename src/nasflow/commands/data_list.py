"""`nasflow data list`: the benchmarks and spaces that have a name."""

from __future__ import annotations

from nasflow.commands.shared import Namespace, Parser
from nasflow.text import aligned


def add_arguments(_: Parser, __: list[str]) -> None:
    """It has none."""


def run(_: Namespace) -> None:
    """Print both lists."""
    from nasflow.datasets.registry import dataset_info, dataset_names
    from nasflow.spaces import load_space, space_names

    infos = [dataset_info(name) for name in dataset_names()]
    rows = [["name", "architectures", "metrics", "files in NASFLOW_DATA", "licence"]]
    for info in infos:
        rows.append(
            [
                info.name,
                f"{info.size:,}",
                ", ".join(info.metrics[:3]),
                ", ".join(info.files)
                or ("a package delivers them" if info.metrics else "enumerated"),
                info.licence,
            ]
        )
    print(
        aligned(rows)
        + "\n\nSearch spaces (an .npz, a .jsonl or a space of your own in .yaml work too):\n"
    )
    rows = [["space", "elements", "operations"]]
    for space in map(load_space, space_names()):
        size = "not enumerable" if space.size is None else f"{space.size:,}"
        rows.append([space.name, size, ", ".join(space.ops)])
    print(aligned(rows))
