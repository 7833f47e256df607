"""`nasflow reproduce` and `nasflow tune`: their arguments, and what they do with them."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import jsonargparse

from nasflow.errors import ConfigError
from nasflow.text import aligned

RAY_HELP = ("address of a Ray cluster that does the work in place of local processes: host:port, auto, or local for a "
            "new one; the folder of results must be on a disk that its machines share (extra ray)")


class KeepLines(argparse.RawDescriptionHelpFormatter, jsonargparse.DefaultHelpFormatter):
    """Help whose closing words keep their line breaks."""


def add_reproduce(parser: jsonargparse.ArgumentParser, _: list[str]) -> None:
    """The arguments; the help ends with a line on each name."""
    from nasflow.experiments.reproductions.registry import reproduction_summaries

    parser.formatter_class = KeepLines
    names = aligned([[f"  {name}", summary] for name, summary in reproduction_summaries().items()])
    parser.epilog = f"names:\n{names}\n\n{parser.epilog}"
    parser.add_argument("name", type=str, help="list, all, or one of the names below")
    parser.add_argument("--out", type=str | None, default=None,
                        help="folder for pages, journal and weights; what is done there is not done again (default: "
                        "runs/reproduce, with --quick runs/quick)")
    parser.add_argument("--quick", action="store_true", help="a first look: one split, one seed, few epochs")
    parser.add_argument("--spaces", type=str | None, default=None,
                        help="spaces to measure on, separated by commas, such as nb201 (default: the paper's)")
    parser.add_argument("--only", type=str | None, default=None,
                        help="rows and groups of rows to measure now, separated by commas, such as none,FGP,GIN; the "
                        "page shows all that is known (default: all)")
    parser.add_argument("--splits", type=tuple[int, ...] | None, default=None,
                        help="seeds of the splits, such as [21,2021] (default: three)")
    parser.add_argument("--seeds", type=tuple[int, ...] | None, default=None,
                        help="seeds of the model (default: three)")
    _add_workers(parser)


def run_reproduce(options: jsonargparse.Namespace) -> None:
    """Measure one reproduction, or all of them; or list them."""
    from nasflow.experiments.reproductions.registry import (
        NOT_HERE,
        load_reproduction,
        reproduction_names,
        reproduction_summaries,
    )

    if options.name == "list":
        print(aligned([[name, summary] for name, summary in reproduction_summaries().items()]))
        print("\nNot here:\n" + aligned([[name, reason] for name, reason in NOT_HERE.items()]))
        return
    check_jobs(options.jobs)
    names = reproduction_names() if options.name == "all" else [options.name]
    chosen = [load_reproduction(name) for name in names]
    from nasflow.experiments.reproductions.base import ReproduceOptions

    how = ReproduceOptions(
        Path(options.out or ("runs/quick" if options.quick else "runs/reproduce")), quick=options.quick,
        jobs=options.jobs, ray=options.ray, splits=options.splits, seeds=options.seeds, spaces=_names(options.spaces),
        only=_names(options.only),
    )
    for reproduction in chosen:
        page = reproduction.run(how).write(reproduction.name, how)
        print(f"{page.read_text()}\n{page}", flush=True)


def add_tune(parser: jsonargparse.ArgumentParser, _: list[str]) -> None:
    """The arguments."""
    parser.add_argument("space", type=str, help="nb101, nb201, nb301, nbgraph or transnas")
    parser.add_argument("--methods", type=str | None, default=None,
                        help="methods to tune, separated by commas (default: none and every pre-training of the paper)")
    parser.add_argument("--trials", type=int, default=12, help="options tried for each method, the given ones first")
    parser.add_argument("--seed", type=int, default=21, help="of the draws, and of the model")
    parser.add_argument("--share", type=float, default=1.0,
                        help="share of the architectures that trials pre-train on, to save time")
    parser.add_argument("--only", type=str | None, default=None,
                        help="names of the options to tune, or how they begin, separated by commas; fit. leaves "
                        "pre-training as it is, so that each method pre-trains once (default: all)")
    parser.add_argument("--out", type=str, default="runs/tune",
                        help="folder for journal, weights, SPACE.yaml and SPACE.md; what is done there is not done "
                        "again")
    _add_workers(parser)


def run_tune(options: jsonargparse.Namespace) -> None:
    """Try options, and write what was chosen."""
    from nasflow.experiments.tuning import METHODS, Tuning, tune

    check_jobs(options.jobs)
    tuning = Tuning(options.space, _names(options.methods) or METHODS, options.trials, options.seed,
                    share=options.share, only=_names(options.only) or ())
    folder = Path(options.out)
    print(tune(tuning, folder, options.jobs, ray=options.ray))
    path = folder / f"{tuning.space}.yaml"
    print(f"{path}: what was chosen. next: nasflow evaluate {tuning.source} --config {path}")


def _add_workers(parser: jsonargparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="number of processes")
    parser.add_argument("--ray", type=str | None, default=None, help=RAY_HELP)
    parser.add_argument("--config", action="config", help="YAML file with any of the options above")


def check_jobs(n_jobs: int) -> None:
    """Return if `n_jobs` is a number of processes.

    Raises:
        ConfigError: it is not.
    """
    if n_jobs < 1:
        raise ConfigError(f"--jobs is {n_jobs}; legal: a whole number of at least 1")


def _names(text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(part.strip() for part in text.split(",") if part.strip())
