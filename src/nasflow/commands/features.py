"""`nasflow features`: hand-made features of every row of a table, as a file for any model."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from nasflow.commands.shared import (
    SOURCE_HELP,
    Namespace,
    Parser,
    add_config_file,
    add_encoder_class,
    add_stage,
    names_in,
)
from nasflow.errors import ConfigError
from nasflow.features.registry import NUMBER_GROUPS, feature_names
from nasflow.options.surrogate import SurrogateConfig

if TYPE_CHECKING:
    from nasflow.features.base import FloatArray

_ENDINGS = (".csv", ".parquet", ".npz")


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("source", type=str, help=SOURCE_HELP)
    parser.add_argument(
        "--out",
        type=str,
        default="features.csv",
        help="the file to write: .csv and .parquet have a column for each feature and a row for"
        " each of the source; .npz the arrays `features` (N, d) and `names` (d,)",
    )
    parser.add_argument(
        "--groups",
        type=str | None,
        default=None,
        help=f"separated by commas: of {', '.join(feature_names())}, and groups of yours"
        " (`file.py:Class`); by default paths,counts,one-hot,flow, and where the source has numbers"
        f" on nodes or graphs {','.join(NUMBER_GROUPS)}",
    )
    parser.add_argument(
        "--proxies",
        type=str | None,
        default=None,
        help="columns of the source that need no training, separated by commas: they add the group"
        " proxies, each as its ranks",
    )
    parser.add_argument(
        "--model",
        type=str | None,
        default=None,
        help="what nasflow pretrain wrote: it adds the group embedding",
    )
    add_encoder_class(parser)
    add_config_file(parser)
    add_stage(parser, SurrogateConfig, "surrogate")


def run(options: Namespace) -> None:
    """Compute and write."""
    from nasflow.datasets import open_dataset
    from nasflow.features.make import default_groups, to_features
    from nasflow.running.files import check_writable

    _check_ending(options.out)
    check_writable(options.out)
    # a row for each of the file: what is written has no other name for it
    dataset = open_dataset(options.source, join=False)
    # any column: whether it cost a training is the user's word, since a file need not say
    proxies = {name: dataset.labels(name) for name in names_in(options.proxies)}
    named = options.groups
    groups = list(default_groups(dataset.table) if named is None else names_in(named))
    if proxies and "proxies" not in groups:
        groups.append("proxies")
    embedder = None
    if options.model is not None:
        from nasflow.prediction.predictor import Predictor

        embedder = Predictor.load(options.model, encoder=options.encoder)
        if "embedding" not in groups:
            groups.append("embedding")
    features, columns = to_features(
        dataset.table,
        groups,
        proxies=proxies or None,
        surrogate=options.surrogate,
        embedder=embedder,
    )
    _write(options.out, features, columns)
    print(f"{options.out}: {len(columns)} features of {len(features)} architectures")


def _check_ending(path: str) -> None:
    if not path.endswith(_ENDINGS):
        raise ConfigError(f"--out {path} is of no known kind; legal endings: {', '.join(_ENDINGS)}")


def _write(path: str, features: FloatArray, columns: list[str]) -> None:
    """The file that the ending asks for."""
    import numpy as np

    from nasflow.running.extras import require_extra
    from nasflow.running.files import atomic_write, save_npz

    if path.endswith(".npz"):
        save_npz(path, {"features": features, "names": np.array(columns)})
        return
    if path.endswith(".parquet"):
        arrow = require_extra("pyarrow", "parquet", "writing Parquet files")
        parquet = require_extra("pyarrow.parquet", "parquet", "writing Parquet files")
        table = arrow.table(dict(zip(columns, features.T, strict=True)))
        with atomic_write(path) as file:
            parquet.write_table(table, file)
        return
    with atomic_write(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        # quotes a name where an operation's has a comma
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        # 9 digits: more than float32 has, without the noise of sums in float64
        for row in features.tolist():
            writer.writerow([f"{value:.9g}" for value in row])
        text.detach()
