"""`nasflow reproduce`: a table or figure of the paper, or a question, measured."""

from __future__ import annotations

import argparse
from pathlib import Path

import jsonargparse

from nasflow.commands.shared import (
    Namespace,
    Parser,
    add_config_file,
    add_workers,
    check_jobs,
    names_in,
)
from nasflow.text import aligned


class KeepLines(argparse.RawDescriptionHelpFormatter, jsonargparse.DefaultHelpFormatter):
    """Help whose closing words keep their line breaks."""


def add_arguments(parser: Parser, _: list[str]) -> None:
    """Add the arguments; the help ends with a line on each name."""
    from nasflow_paper.reproductions.registry import reproduction_summaries

    parser.formatter_class = KeepLines
    lines = [[f"  {name}", summary] for name, summary in reproduction_summaries().items()]
    names = aligned(lines)
    parser.epilog = f"names:\n{names}\n\n{parser.epilog}"
    parser.add_argument("name", type=str, help="list, all, or one of the names below")
    parser.add_argument(
        "--out",
        type=str | None,
        default=None,
        help=(
            "folder for pages, journal and weights; what is done there is not done again (default: "
            "runs/reproduce, with --quick runs/quick)"
        ),
    )
    parser.add_argument(
        "--quick", action="store_true", help="a first look: one split, one seed, few epochs"
    )
    parser.add_argument(
        "--spaces",
        type=str | None,
        default=None,
        help="spaces to measure on, separated by commas, such as nb201 (default: the paper's)",
    )
    parser.add_argument(
        "--only",
        type=str | None,
        default=None,
        help=(
            "rows and groups of rows to measure now, separated by commas, such as none,FGP,GIN; the"
            " page shows all that is known (default: all)"
        ),
    )
    parser.add_argument(
        "--splits",
        type=tuple[int, ...] | None,
        default=None,
        help="seeds of the splits, such as [21,2021] (default: three)",
    )
    parser.add_argument(
        "--seeds",
        type=tuple[int, ...] | None,
        default=None,
        help="seeds of the model (default: three)",
    )
    add_workers(parser)
    add_config_file(parser)


def run(options: Namespace) -> None:
    """Measure one reproduction, or all of them; or list them."""
    from nasflow_paper.reproductions.registry import (
        NOT_HERE,
        load_reproduction,
        reproduction_names,
        reproduction_summaries,
    )

    if options.name == "list":
        print(aligned([list(line) for line in reproduction_summaries().items()]))
        print("\nNot here:\n" + aligned([list(line) for line in NOT_HERE.items()]))
        return
    check_jobs(options.jobs)
    names = reproduction_names() if options.name == "all" else [options.name]
    chosen = [load_reproduction(name) for name in names]
    from nasflow_paper.reproductions.base import ReproduceOptions

    # a first look never mixes with results that count
    default = "runs/quick" if options.quick else "runs/reproduce"
    how = ReproduceOptions(
        Path(options.out or default),
        quick=options.quick,
        jobs=options.jobs,
        ray=options.ray,
        splits=options.splits,
        seeds=options.seeds,
        spaces=names_in(options.spaces) or None,
        only=names_in(options.only) or None,
    )
    for reproduction in chosen:
        page = reproduction.run(how).write(reproduction.name, how)
        print(f"{page.read_text()}\n{page}", flush=True)
