"""`nasflow tune`: the options of each method, chosen on the validation rows of a space."""

from __future__ import annotations

from pathlib import Path

from nasflow.commands.shared import (
    Namespace,
    Parser,
    add_config_file,
    add_workers,
    check_jobs,
    names_in,
)


def add_arguments(parser: Parser, _: list[str]) -> None:
    """The arguments."""
    parser.add_argument("space", type=str, help="nb101, nb201, nb301, nbgraph or transnas")
    parser.add_argument(
        "--methods",
        type=str | None,
        default=None,
        help=(
            "methods to tune, separated by commas (default: none and every pre-training of the"
            " paper that the space allows)"
        ),
    )
    parser.add_argument(
        "--trials", type=int, default=12, help="options tried for each method, the given ones first"
    )
    parser.add_argument("--seed", type=int, default=21, help="of the draws, and of the model")
    parser.add_argument(
        "--share",
        type=float,
        default=1.0,
        help="share of the architectures that trials pre-train on, to save time",
    )
    parser.add_argument(
        "--only",
        type=str | None,
        default=None,
        help=(
            "names of the options to tune, or how they begin, separated by commas; fit. leaves "
            "pre-training as it is, so that each method pre-trains once (default: all)"
        ),
    )
    parser.add_argument(
        "--out",
        type=str,
        default="runs/tune",
        help=(
            "folder for journal, weights, SPACE.yaml and SPACE.md; what is done there is not done "
            "again"
        ),
    )
    add_workers(parser)
    add_config_file(parser)


def run(options: Namespace) -> None:
    """Try options, and write what was chosen."""
    from nasflow.experiments.tuning import Tuning, tune

    check_jobs(options.jobs)
    tuning = Tuning(
        options.space,
        names_in(options.methods),
        options.trials,
        options.seed,
        share=options.share,
        only=names_in(options.only),
    )
    folder = Path(options.out)
    print(tune(tuning, folder, options.jobs, ray=options.ray))
    path = folder / f"{tuning.space}.yaml"
    print(f"{path}: what was chosen. next: nasflow evaluate {tuning.source} --config {path}")
