"""`nasflow surrogate`: flow surrogates of a whole table, and their map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.commands.shared import (
    SOURCE_HELP,
    Namespace,
    Parser,
    add_config_file,
    add_parts,
    add_stage,
    check_jobs,
)
from nasflow.options.surrogate import SurrogateConfig

if TYPE_CHECKING:
    from nasflow.datasets.base import Dataset, FloatArray
    from nasflow.datasets.long_table import LongTable


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("source", type=str, help=SOURCE_HELP)
    parser.add_argument(
        "--out",
        type=str,
        default="surrogates.npz",
        help="the file to write: .npz has the array `surrogate` (N, k), .npy that alone; .csv and"
        " .parquet have a column for each number and a row for each of the source",
    )
    parser.add_argument(
        "--picture",
        type=str | None,
        default=None,
        help="also draw their map to this PNG; all of the table is then in memory",
    )
    parser.add_argument(
        "--metric", type=str | None, default=None, help="metric that colours the map"
    )
    add_parts(parser, "the table")
    add_config_file(parser)
    add_stage(parser, SurrogateConfig, "surrogate")


def run(options: Namespace) -> None:
    """Compute, time, write, draw."""
    from nasflow.datasets import open_dataset
    from nasflow.datasets.long_table import LongTable
    from nasflow.running.files import check_writable
    from nasflow.running.matrix_files import check_ending

    check_writable(options.out, options.source)
    check_ending(options.out)
    check_jobs(options.jobs)
    if options.picture:
        check_writable(options.picture, options.source)
        # a row for each of the file: what is written has no other name for it
        dataset = open_dataset(options.source, join=False)
        colours = _colours(dataset, options.metric)
        values = _at_once(options, dataset)
        _draw(options, dataset, values, colours)
        return
    table = LongTable(options.source)
    if table.dataset is not None:
        _at_once(options, table.dataset)
    else:
        _in_parts(options, table)


def _at_once(options: Namespace, dataset: Dataset) -> FloatArray:
    """Surrogates of a table that is in memory: its threads are faster than processes, to which it
    would have to be sent.
    """
    import time

    from nasflow.running.matrix_files import Matrix, write_matrix
    from nasflow.surrogate import FlowSurrogate
    from nasflow.surrogate.rows import surrogate_names

    table = dataset.table
    started = time.perf_counter()
    values = FlowSurrogate(table.n_ops, options.surrogate).targets(table).numpy()  # (N, k)
    seconds = time.perf_counter() - started
    names = surrogate_names(options.surrogate)
    write_matrix(
        options.out, Matrix("surrogate", names, False, values.shape, values.dtype, [values])
    )
    _tell(options, values.shape, dataset.name, seconds, len(values))
    return values


def _in_parts(options: Namespace, table: LongTable) -> None:
    """Surrogates of a file, part by part."""
    from dataclasses import asdict

    from nasflow.commands.row_files import OnceSurveyed, RowFile, write_rows
    from nasflow.graphs.number_units import NumberUnits
    from nasflow.surrogate.rows import SurrogateRows

    order = RowFile(
        out=options.out,
        array="surrogate",
        title="surrogates of",
        about={"surrogate": asdict(options.surrogate)},
        jobs=options.jobs,
        ray=options.ray,
    )
    first = table.first_row()
    if table.is_saved and not first.has_numbers:
        # its vocabulary stands in the file, and nothing else of the whole counts
        what = SurrogateRows(options.surrogate, first.vocabulary, NumberUnits())
        written = write_rows(order, table, what)
    else:
        surveyed = OnceSurveyed(
            lambda survey: SurrogateRows(options.surrogate, survey.vocabulary, survey.units)
        )
        written = write_rows(order, table, surveyed)
    _tell(options, written.shape, table.name, written.seconds, written.n_computed)


def _tell(
    options: Namespace, shape: tuple[int, ...], name: str, seconds: float, n_rows: int
) -> None:
    print(
        f"{options.out}: surrogates {shape} of {name} in {seconds:.2f} s "
        f"({n_rows / seconds:,.0f} architectures a second)"
    )


def _draw(options: Namespace, dataset: Dataset, values: FloatArray, colours: FloatArray) -> None:
    from pathlib import Path

    from nasflow.experiments.pictures import surrogate_map

    surrogate_map(
        Path(options.picture),
        values,
        colours,
        f"Flow surrogates of {dataset.name}",
        f"rank by {dataset.metric(options.metric).name} (100 = best)",
    )
    print(options.picture)


def _colours(dataset: Dataset, name: str | None) -> FloatArray:
    """(N,): the values of a metric, more being better.

    Raises:
        UnknownNameError: there is no such metric.
        DataError: none of its values was measured, so there is nothing to draw.
    """
    from nasflow.errors import DataError

    metric = dataset.metric(name)
    values = dataset.labels(metric.name)
    # only NaN, which is not measured, differs from itself
    if not (values == values).any():
        raise DataError(
            f"{dataset.name} has no measured value of {metric.name} in its {len(dataset)} rows:"
            " nothing to draw; name another --metric, or leave --picture out"
        )
    # the map ranks the largest value as the best
    return values if metric.maximise else -values
