"""`nasflow choose`: which architectures of a table to train first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from nasflow.commands.shared import SOURCE_HELP, Namespace, Parser, add_config_file, names_in
from nasflow.errors import ConfigError

if TYPE_CHECKING:
    from nasflow.graphs.table import ArchTable


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("source", type=str, help=SOURCE_HELP)
    parser.add_argument("--n", type=int, required=True, help="how many can be trained")
    parser.add_argument(
        "--out",
        type=str,
        default="to_train.jsonl",
        help="the JSONL to write: a line for each, that which teaches most first; add the results"
        " to its lines, and it is a table for nasflow fit",
    )
    parser.add_argument(
        "--labelled",
        type=str | None,
        default=None,
        help="a table of what is trained already: what is chosen adds to it",
    )
    parser.add_argument(
        "--proxies",
        type=str | None,
        default=None,
        help="columns of the source that need no training, separated by commas: rows that differ in"
        " them differ",
    )
    parser.add_argument(
        "--for",
        type=Literal["ranking", "top"],
        default="ranking",
        help="ranking: a good order of the whole table; top: its best rows, for which --proxies say"
        " where they may be (more must mean better)",
    )
    parser.add_argument("--seed", type=int, default=0, help="of the sample of a large table")
    add_config_file(parser)


def run(options: Namespace) -> None:
    """Choose and write."""
    import json

    from nasflow.datasets import open_dataset
    from nasflow.prediction.choice import choose
    from nasflow.running.files import check_writable, write_text

    if not options.out.endswith(".jsonl"):
        raise ConfigError(f"--out {options.out} is no .jsonl, which is what is written")
    check_writable(options.out, options.source, options.labelled)
    dataset = open_dataset(options.source)
    known = None
    if options.labelled is not None:
        known = _rows_of(dataset.table, open_dataset(options.labelled).table, options)
    proxies = {name: dataset.labels(name) for name in names_in(options.proxies)}
    # `for` is a word of Python
    aim = options["for"]
    rows = choose(
        dataset.table, options.n, known, proxies=proxies or None, aim=aim, seed=options.seed
    )
    lines = [json.dumps(dataset.table[row].to_dict()) + "\n" for row in rows.tolist()]
    write_text(options.out, "".join(lines))
    print(f"{options.out}: {len(rows)} of {len(dataset)} architectures, the most telling first")


def _rows_of(table: ArchTable, labelled: ArchTable, options: Namespace) -> list[int]:
    """The rows of the table that compute what a labelled row does."""
    import sys

    import numpy as np

    rows = np.flatnonzero(np.isin(table.canonical_ids, labelled.canonical_ids))
    if not len(rows):
        raise ConfigError(
            f"no architecture of {options.labelled} is in {options.source}: is it a table of the"
            " same space?"
        )
    n_found = int(np.isin(labelled.canonical_ids, table.canonical_ids).sum())
    # they would teach too, and nothing here knows of them
    if n_found < len(labelled):
        print(
            f"{len(labelled) - n_found} of {len(labelled)} architectures of {options.labelled} are"
            f" not in {options.source}, and are left out: add them to it if they are of its space",
            file=sys.stderr,
        )
    chosen: list[int] = rows.tolist()
    return chosen
