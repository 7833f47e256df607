"""`nasflow evaluate`: methods compared on a benchmark, over splits and seeds."""

from __future__ import annotations

import dataclasses
from typing import Any

from nasflow.commands.shared import (
    SOURCE_HELP,
    Namespace,
    Parser,
    add_config_file,
    add_encoder,
    add_stage,
    add_tasks,
    add_workers,
    check_jobs,
    named,
    names_in,
    set_known_defaults,
    source_in,
    task_options_in,
)
from nasflow.encoders.registry import EncoderConfig
from nasflow.experiments.defaults import default_options, encoder_options
from nasflow.experiments.methods import FLOOR, NAMED_METHODS, tasks_of
from nasflow.options.protocol import ProtocolConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig
from nasflow.pretext.registry import PRETEXTS, pretext_names

METHODS = "none,flow"
# the task vectors is for Python alone, which gives it its columns
_IN_HELP = [name for name in pretext_names() if name != "vectors"]


def add_arguments(parser: Parser, words: list[str]) -> None:
    """The arguments."""
    parser.add_argument("source", type=str, help=SOURCE_HELP)
    parser.add_argument(
        "--metric", type=str | None, default=None, help="what is predicted; see nasflow data info"
    )
    parser.add_argument(
        "--methods",
        type=str,
        default=METHODS,
        help=(
            f"{', '.join(NAMED_METHODS)}; or pretext tasks: {', '.join(_IN_HELP)}, several as in"
            " flow+proxy; with @all behind it a task (or none) trains on the validation rows too;"
            f" separated by commas; the floor, {FLOOR}, is always added. A task's own options are"
            " --task.NAME.OPTION"
        ),
    )
    parser.add_argument(
        "--proxy",
        type=str | None,
        default=None,
        help="columns that the method proxy ranks by, separated by commas",
    )
    parser.add_argument(
        "--out",
        type=str | None,
        default=None,
        help=(
            "folder for results (default: runs/SOURCE-METRIC); what is done there is not done again"
        ),
    )
    add_workers(parser)
    parser.add_argument(
        "--per_method",
        type=dict[str, dict[str, Any]],
        default={},
        help=(
            "options of single methods, which override all others, as nasflow tune writes them: "
            "{flow: {pretrain.lr: 0.0005}}"
        ),
    )
    add_config_file(parser)
    parser.add_class_arguments(ProtocolConfig)
    add_encoder(parser, words)
    add_stage(parser, SurrogateConfig, "surrogate")
    skip = {"pretext", "proxies", "seed", "task_options"}
    add_stage(parser, PretrainConfig, "pretrain", skip=skip)
    add_tasks(parser, _known_tasks(named(words, "methods", METHODS)))
    add_stage(parser, FitConfig, "fit", skip={"seed"})
    source = source_in(words)
    encoder = named(words, "encoder.name", EncoderConfig().name)
    set_known_defaults(parser, default_options(source) | encoder_options(encoder, source))


def _known_tasks(methods: str) -> list[str]:
    """The tasks that there are among those that the methods name; the others are told in time."""
    return [task for task in tasks_of(names_in(methods)) if task in PRETEXTS]


def run(options: Namespace) -> None:
    """Make the runs that are missing, and print the tables."""
    from pathlib import Path

    from nasflow.experiments.evaluate import evaluate

    check_jobs(options.jobs)
    protocol = ProtocolConfig(
        **{name: getattr(options, name) for name in ProtocolConfig().to_dict()}
    )
    folder = Path(options.out or f"runs/{Path(options.source).stem}-{options.metric or 'default'}")
    text = evaluate(
        options.source,
        options.metric,
        names_in(options.methods),
        folder,
        encoder=options.encoder,
        surrogate=options.surrogate,
        pretrain=dataclasses.replace(
            options.pretrain,
            proxies=names_in(options.proxy),
            task_options=task_options_in(options, tasks_of(names_in(options.methods))),
        ),
        fit=options.fit,
        protocol=protocol,
        per_method=options.per_method,
        n_workers=options.jobs,
        ray=options.ray,
    )
    print(
        text
        + f"\n{folder}: table.md, runs.csv, manifest.json, surrogates.png\nnext: nasflow report"
        f" {folder}"
    )
