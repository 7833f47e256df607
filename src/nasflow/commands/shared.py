"""What several commands share: help texts, groups of options, the reading of lists of names."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping
from typing import Any

import jsonargparse

from nasflow.commands.config_file import option_in
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError
from nasflow.experiments.defaults import encoder_options
from nasflow.pretext.registry import task_config

Namespace = jsonargparse.Namespace
Parser = jsonargparse.ArgumentParser

SOURCE_HELP = (
    "a registered name (nasflow data list), or a file: your own table (.csv, .jsonl, .parquet,"
    " compressed or not) or .npz; +FILE.npz behind it adds the columns that nasflow proxies wrote"
)


def add_config_file(parser: Parser) -> None:
    """--config."""
    parser.add_argument("--config", action="config", help="YAML file with any of the options below")


def add_stage(parser: Parser, stage: type[Any], key: str, skip: set[str] | None = None) -> None:
    """The options of a stage's dataclass, as --KEY.NAME."""
    parser.add_class_arguments(stage, key, skip=skip or set())


def add_encoder(parser: Parser, words: list[str]) -> None:
    """The options of the encoder that the words name, with the defaults of the data set's space."""
    name = named(words, "encoder.name", EncoderConfig().name)
    add_stage(parser, EncoderConfig.class_of(name), "encoder")
    set_known_defaults(parser, encoder_options(name, source_in(words)) | {"encoder.name": name})


def add_encoder_class(parser: Parser) -> None:
    """--encoder, for models whose encoder is neither of this package nor of an installed one."""
    parser.add_argument(
        "--encoder",
        type=str | None,
        default=None,
        help=(
            "the class of the model's encoder, module:Class or file.py:Class, where it is your own;"
            " all its options are in the model"
        ),
    )


def add_tasks(parser: Parser, tasks: Iterable[str]) -> None:
    """The options of pretext tasks, as --task.NAME.OPTION, of those that have some."""
    for task in tasks:
        config = task_config(task)
        if config is not None:
            parser.add_class_arguments(config, f"task.{_short(task)}")


def _short(task: str) -> str:
    """What a task is called among the options: of file.py:Class the class."""
    return task.rpartition(":")[2]


def tasks_in(methods: str) -> list[str]:
    """The tasks among methods or pretexts: flow, proxy and gmae of `none,flow+proxy,gmae`."""
    tasks = methods.replace(",", "+").split("+")
    return sorted({task.strip() for task in tasks} - {"", "none", "gp"})


def task_options_in(options: Namespace, tasks: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What `add_tasks` read, by task."""
    by_short_name = vars(options.task) if "task" in options else {}
    read = {}
    for task in tasks:
        if _short(task) in by_short_name:
            read[task] = by_short_name[_short(task)].to_dict()
    return read


def named(words: list[str], option: str, default: str) -> str:
    """The value of an option among the words, or in the YAML file that --config names there.

    Which options a command has depends on some of its values: it must be known before they are
    read in earnest.
    """
    value = default
    for word, following in itertools.pairwise([*words, ""]):
        name, equals, rest = word.partition("=")
        given = rest if equals else following
        if name == "--config":
            value = option_in(given, option, value)
        elif name == f"--{option}":
            value = given
    return value


def set_known_defaults(parser: Parser, defaults: Mapping[str, Any]) -> None:
    """Set the defaults of those options that the parser has."""
    legal = {option.removeprefix("--") for option in parser._option_string_actions}
    parser.set_defaults({name: value for name, value in defaults.items() if name in legal})


def add_device(parser: Parser) -> None:
    """--device."""
    parser.add_argument(
        "--device", type=str, default="cpu", help="where to compute, such as cpu or cuda"
    )


def add_jobs(parser: Parser) -> None:
    """--jobs."""
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="number of processes")


def add_workers(parser: Parser) -> None:
    """--jobs and --ray."""
    add_jobs(parser)
    add_ray(parser, "the folder of results must be on a disk that its machines share")


def add_ray(parser: Parser, needs: str) -> None:
    """--ray; `needs` says what the machines of the cluster must have."""
    parser.add_argument(
        "--ray",
        type=str | None,
        default=None,
        help=(
            "address of a Ray cluster that does the work in place of local processes: host:port,"
            f" auto, or local for a new one; {needs} (extra ray)"
        ),
    )


def add_parts(parser: Parser, needs: str) -> None:
    """--jobs and --ray of commands that go through a table part by part.

    Args:
        parser: of the command.
        needs: what the machines of a cluster must reach.
    """
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        help="number of processes; worth it from some 100,000 rows on. The result is the same",
    )
    add_ray(parser, f"its machines must reach {needs} under the same paths")


def check_jobs(n_jobs: int) -> None:
    """Return if `n_jobs` is a number of processes.

    Raises:
        ConfigError: it is not.
    """
    if n_jobs < 1:
        raise ConfigError(f"--jobs is {n_jobs}; legal: a whole number of at least 1")


def names_in(text: str | None) -> tuple[str, ...]:
    """The names in a text, separated by commas; none in None."""
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def source_in(words: list[str]) -> str:
    """The data set's name among the words, for defaults that depend on it; anything given overrides
    them.
    """
    candidates = [word for word in words if not word.startswith("-")]
    if not candidates:  # `evaluate --help` need not wait for NumPy
        return ""
    from nasflow.datasets.registry import dataset_names

    bases = [word.partition("+")[0] for word in candidates]
    return next((base for base in bases if base in dataset_names()), "")
