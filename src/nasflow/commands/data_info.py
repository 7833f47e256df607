"""`nasflow data info`: one benchmark or file, described."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from nasflow.commands.shared import SOURCE_HELP, Namespace, Parser
from nasflow.text import aligned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nasflow.datasets.base import Dataset, Metric
    from nasflow.graphs.attributes import Float32


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    parser.add_argument("source", type=str, help=SOURCE_HELP)


def run(options: Namespace) -> None:
    """Print what is known of the data set, whether its files are here or not."""
    from nasflow.datasets.registry import dataset_info, dataset_names, open_dataset
    from nasflow.errors import DataWarning, MissingDataError, MissingExtraError

    if options.source in dataset_names():
        info = dataset_info(options.source)
        print(f"{info.name}: {info.size:,} architectures. {info.summary}\nlicence: {info.licence}")
        if info.files:
            print(f"files: {', '.join(info.files)} in the folder NASFLOW_DATA")
        print(info.how_to_get())
    # what is known of a registered one was printed; of a file, its absence is the error
    try:
        # its notes are part of what is printed below
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DataWarning)
            dataset = open_dataset(options.source)
    except (MissingDataError, MissingExtraError) as error:
        if options.source not in dataset_names():
            raise
        print(f"not here yet: {error}")
        return
    print(_architectures(dataset))
    rows = [["metric", "unit", "better", "measured", "lowest", "highest", "what"]]
    rows += [_line(dataset, metric) for metric in dataset.metrics.values()]
    print(aligned(rows))
    for note in dataset.notes:
        print(f"note: {note}")


def _architectures(dataset: Dataset) -> str:
    """How many architectures there are, how large, of which operations, and from how many rows."""
    table = dataset.table
    text = f"{len(table):,} architectures"
    # of none there is no average
    if len(table):
        text += (
            f" of {len(table.ops) / len(table):.1f} nodes and"
            f" {table.edges.shape[1] / len(table):.1f} edges on average"
        )
    n_valid = dataset.origin.get("rows_read", 0) - dataset.origin.get("rows_rejected", 0)
    if n_valid > len(table):
        text += f", from {n_valid:,} rows (repeats of an architecture are one row here)"
    memory = f"{table.nbytes / 1e6:.1f} MB in memory"
    numbers = _numbers("nodes", table.attr_names, table.attrs)
    numbers += _numbers("graphs", table.global_names, table.globals)
    return f"{text}; {memory}\noperations: {', '.join(table.vocabulary)}\n{numbers}"


def _numbers(owners: str, names: Sequence[str], columns: Float32) -> str:
    """The numbers that nodes or graphs carry, each with its span and how many have one."""
    parts = []
    for name, column in zip(names, columns.T, strict=True):
        # only NaN, which is none, differs from itself
        present = column[column == column]
        if not len(present):
            continue
        span = f"{present.min():.6g} to {present.max():.6g}"
        parts.append(f"{name} {span} ({100 * len(present) / len(column):.0f} % have one)")
    return f"numbers on {owners}: {', '.join(parts)}\n" if parts else ""


def _line(dataset: Dataset, metric: Metric) -> list[str]:
    """What a metric means, and the span of its values; dashes where none was measured."""
    values = dataset.labels(metric.name)
    # only NaN, which is not measured, differs from itself
    measured = values[values == values]
    return [
        metric.name,
        metric.unit,
        "more" if metric.maximise else "less",
        f"{len(measured):,}",
        f"{measured.min():.6g}" if len(measured) else "-",
        f"{measured.max():.6g}" if len(measured) else "-",
        metric.description,
    ]
