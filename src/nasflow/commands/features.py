"""`nasflow features`: hand-made features of every row of a table, as a file for any model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.commands.shared import (
    SOURCE_HELP,
    Namespace,
    Parser,
    add_config_file,
    add_encoder_class,
    add_parts,
    add_stage,
    check_jobs,
    names_in,
)
from nasflow.features.registry import NUMBER_GROUPS, feature_names
from nasflow.options.surrogate import SurrogateConfig

if TYPE_CHECKING:
    from nasflow.features.base import FeatureSetting


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("source", type=str, help=SOURCE_HELP)
    parser.add_argument(
        "--out",
        type=str,
        default="features.csv",
        help="the file to write: .csv and .parquet have a column for each feature and a row for"
        " each of the source; .npz the arrays `features` (N, d) and `names` (d,); .npy the first"
        " alone",
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
        " proxies, each as its ranks, for which all values of a column are in memory, 8 bytes a"
        " row",
    )
    parser.add_argument(
        "--model",
        type=str | None,
        default=None,
        help="what nasflow pretrain wrote: it adds the group embedding",
    )
    add_encoder_class(parser)
    add_parts(parser, "the table and the model")
    add_config_file(parser)
    add_stage(parser, SurrogateConfig, "surrogate")


def run(options: Namespace) -> None:
    """Compute and write."""
    from dataclasses import asdict

    from nasflow.commands.row_files import OnceSurveyed, RowFile, write_rows
    from nasflow.datasets.long_table import LongTable
    from nasflow.features.make import setting_of
    from nasflow.features.rows import FeatureRows
    from nasflow.prediction.model_once import ModelFile
    from nasflow.running.files import check_writable, sha256
    from nasflow.running.matrix_files import check_ending

    check_writable(options.out, options.source, options.model)
    check_ending(options.out)
    check_jobs(options.jobs)
    # any column: whether it cost a training is the user's word, since a file need not say
    proxies = tuple(dict.fromkeys(names_in(options.proxies)))
    model = None
    if options.model is not None:
        model = ModelFile(options.model, encoder=options.encoder)
        # read now: what is wrong with it nobody should learn after the first pass
        _ = model.predictor
    # a row for each of the file: what is written has no other name for it
    table = LongTable(options.source)

    def rows(setting: FeatureSetting) -> FeatureRows:
        return FeatureRows(setting, _groups(options, setting, proxies), proxies)

    # of a table in memory the setting is there at once; of one that is not, that of its first row
    # tells whether the groups are legal
    known = rows(setting_of(table.first_row(), surrogate=options.surrogate, embedder=model))
    _ = known.names
    order = RowFile(
        out=options.out,
        array="features",
        title="features of",
        about={
            "groups": options.groups,
            "proxies": proxies,
            "surrogate": asdict(options.surrogate),
            "model": None if model is None else [sha256(model.path), model.encoder],
        },
        jobs=options.jobs,
        ray=options.ray,
        has_names=True,
        code=(*names_in(options.groups), options.encoder),
        columns=proxies,
    )
    surveyed = OnceSurveyed(lambda survey: rows(survey.setting(options.surrogate, model)))
    written = write_rows(order, table, surveyed if table.dataset is None else known)
    n_rows, n_columns = written.shape
    print(f"{options.out}: {n_columns} features of {n_rows} architectures")


def _groups(
    options: Namespace, setting: FeatureSetting, proxies: tuple[str, ...]
) -> tuple[str, ...]:
    """The groups that are named, or the default ones, and those that other options add."""
    from nasflow.features.make import groups_for

    named = options.groups
    groups = list(groups_for(bool(setting.units)) if named is None else names_in(named))
    for group, is_added in (("proxies", bool(proxies)), ("embedding", bool(options.model))):
        if is_added and group not in groups:
            groups.append(group)
    return tuple(groups)
