"""`nasflow surrogate`: flow surrogates of a whole table, and their map."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nasflow.commands.shared import SOURCE_HELP, Namespace, Parser, add_config_file, add_stage
from nasflow.options.surrogate import SurrogateConfig

if TYPE_CHECKING:
    from nasflow.datasets.base import Dataset, FloatArray


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("source", type=str, help=SOURCE_HELP)
    parser.add_argument(
        "--out", type=str, default="surrogates.npz", help="the .npz to write (array `surrogate`)"
    )
    parser.add_argument(
        "--picture", type=str | None, default=None, help="also draw their map to this PNG"
    )
    parser.add_argument(
        "--metric", type=str | None, default=None, help="metric that colours the map"
    )
    add_config_file(parser)
    add_stage(parser, SurrogateConfig, "surrogate")


def run(options: Namespace) -> None:
    """Compute, time, write, draw."""
    import time
    from pathlib import Path

    from nasflow.datasets import open_dataset
    from nasflow.running.files import check_writable, save_npz
    from nasflow.surrogate import FlowSurrogate

    check_writable(options.out)
    if options.picture:
        check_writable(options.picture)
    # a row for each of the file: what is written has no other name for it
    dataset = open_dataset(options.source, join=False)
    colours = _colours(dataset, options.metric) if options.picture else None
    table = dataset.table
    started = time.perf_counter()
    values = FlowSurrogate(table.n_ops, options.surrogate).targets(table).numpy()  # (N, k)
    seconds = time.perf_counter() - started
    save_npz(options.out, {"surrogate": values})
    print(
        f"{options.out}: surrogates {values.shape} of {dataset.name} in {seconds:.2f} s "
        f"({len(values) / seconds:,.0f} architectures a second)"
    )
    if colours is not None:
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
