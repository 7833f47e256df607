"""`nasflow proxies`: zero-cost measures of a whole space."""

from __future__ import annotations

from nasflow.commands.shared import (
    Namespace,
    Parser,
    add_config_file,
    add_jobs,
    check_jobs,
    names_in,
)
from nasflow.proxies.options import ProxyConfig


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    from nasflow.proxies.registry import measure_names

    parser.add_argument(
        "source",
        type=str,
        help="a data set or a space that has networks: nb101, nb201, nb301 ...; "
        "a space that can be listed needs no files",
    )
    parser.add_argument(
        "--measures",
        type=str,
        default="jacob_cov,nwot,synflow,params",
        help=f"measures separated by commas, or all: {', '.join(measure_names())}",
    )
    parser.add_argument(
        "--out",
        type=str,
        default="proxies.npz",
        help="the .npz to write; a killed run goes on from its journal when started anew",
    )
    parser.add_argument(
        "--sample", type=int | None, default=None, help="only so many rows, drawn by --seed"
    )
    parser.add_argument(
        "--metric",
        type=str | None,
        default=None,
        help="state each measure's Kendall tau with this metric; default: the data set's first",
    )
    add_jobs(parser)
    add_config_file(parser)
    parser.add_class_arguments(ProxyConfig)


def run(options: Namespace) -> None:
    """Measure, write, and print the table of measures."""
    from nasflow.proxies.command import run_proxies
    from nasflow.proxies.registry import measure_names

    check_jobs(options.jobs)
    names = tuple(measure_names()) if options.measures == "all" else names_in(options.measures)
    config = ProxyConfig(**{name: getattr(options, name) for name in ProxyConfig().to_dict()})
    print(
        run_proxies(
            options.source,
            names,
            config,
            options.out,
            sample=options.sample,
            metric=options.metric,
            n_workers=options.jobs,
        )
    )
