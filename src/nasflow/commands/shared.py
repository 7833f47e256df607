"""What several commands share: help texts, groups of options, the reading of lists of names."""

from __future__ import annotations

import os
from typing import Any

import jsonargparse

from nasflow.errors import ConfigError
from nasflow.experiments.defaults import encoder_options, named_encoder
from nasflow.options.training import EncoderConfig

Namespace = jsonargparse.Namespace
Parser = jsonargparse.ArgumentParser

SOURCE_HELP = (
    "a registered name (nasflow data list), or a file: .jsonl or .npz; +FILE.npz behind it adds the"
    " columns that nasflow proxies wrote"
)


def add_config_file(parser: Parser) -> None:
    """--config."""
    parser.add_argument("--config", action="config", help="YAML file with any of the options below")


def add_stage(parser: Parser, stage: type[Any], key: str, skip: set[str] | None = None) -> None:
    """The options of a stage's dataclass, as --KEY.NAME."""
    parser.add_class_arguments(stage, key, skip=skip or set())


def add_encoder(parser: Parser, words: list[str]) -> None:
    """The options of the encoder, with the defaults of the one that `words` name."""
    add_stage(parser, EncoderConfig, "encoder")
    own = encoder_options(named_encoder(words), source_in(words))
    parser.set_defaults({name: value for name, value in own.items() if name.startswith("encoder.")})


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
