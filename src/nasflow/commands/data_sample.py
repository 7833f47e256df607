"""`nasflow data sample`: architectures of a space, drawn into a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.commands.shared import Namespace, Parser
from nasflow.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from nasflow.graphs.architecture import Architecture
    from nasflow.spaces.base import Space

    Parts = Iterable[list[Architecture]]

_SUFFIXES = (".jsonl", ".npz")


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument(
        "space",
        type=str,
        help="a space (nasflow data list), or your own: a .yaml, or a class as file.py:Class",
    )
    parser.add_argument("--n", type=int, default=1000, help="how many architectures, no two alike")
    parser.add_argument(
        "--out",
        type=str,
        default="archs.jsonl",
        help="the table to write, .jsonl or .npz; every command takes it",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the draws")


def run(options: Namespace) -> None:
    """Draw and write."""
    from nasflow.running.files import check_writable
    from nasflow.search.sample import distinct_samples
    from nasflow.spaces import load_space

    for name, least in (("n", 1), ("seed", 0)):
        if options[name] < least:
            raise ConfigError(
                f"--{name} is {options[name]}; legal: a whole number of at least {least}"
            )
    if not options.out.endswith(_SUFFIXES):
        raise ConfigError(f"--out {options.out}: legal are the suffixes {' and '.join(_SUFFIXES)}")
    check_writable(options.out)
    space = load_space(options.space)
    parts = distinct_samples(space, options.n, options.seed)
    write = _write_npz if options.out.endswith(".npz") else _write_jsonl
    n_drawn = write(options.out, options.space, space, parts)
    print(f"{options.out}: {n_drawn:,} architectures of {options.space}, no two alike")
    if n_drawn < options.n:
        # a space that cannot be listed may hold a few that are hardly ever drawn
        print(f"{options.space} has no more than these, or none that draws still meet")


def _write_jsonl(out: str, name: str, space: Space, parts: Parts) -> int:
    """Write a line for each as it is drawn; returns how many there were."""
    import json

    from nasflow.running.files import atomic_write

    record = _record_of(name, space)
    n_drawn = 0
    with atomic_write(out) as file:
        for part in parts:
            # written part by part: a million architectures need not be in memory
            lines = [json.dumps(record(architecture)) + "\n" for architecture in part]
            file.write("".join(lines).encode())
            n_drawn += len(part)
    return n_drawn


def _record_of(name: str, space: Space) -> Callable[[Architecture], dict[str, object]]:
    """What makes a line of a table from an architecture."""
    from nasflow.spaces.registry import space_names

    # the notation where a reader of tables knows it: it is what users train by, and a graph for
    # predictors may say less
    if name in space_names():
        return lambda architecture: {"arch": space.format(architecture), "space": name}
    return lambda architecture: space.graph(architecture).to_dict()


def _write_npz(out: str, name: str, space: Space, parts: Parts) -> int:
    """Write all as one table over the operations of the space; returns how many there were."""
    from nasflow.datasets.base import Dataset
    from nasflow.spaces.registry import space_names

    table = space.table(_flat(parts))
    registered = name if name in space_names() else None
    Dataset(space.name, table, metrics={}, values={}, space=registered).save(out)
    return len(table)


def _flat(parts: Parts) -> Iterator[Architecture]:
    """The architectures of all parts, one after the other."""
    for part in parts:
        yield from part
