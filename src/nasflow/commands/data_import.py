"""`nasflow data import`: an official benchmark file or a table of one's own becomes an .npz."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nasflow.commands.shared import Namespace, Parser

if TYPE_CHECKING:
    from rich.table import Table

    from nasflow.datasets.base import Dataset
    from nasflow.datasets.importing import ImportReport
    from nasflow.datasets.readers.base import Progress

_MOST_PRINTED = 20  # rejected rows; the table's origin lists more


def add_arguments(parser: Parser, __: list[str]) -> None:
    """The arguments."""
    from nasflow.datasets.readers.registry import format_summaries

    formats = "; ".join(f"{name}: {summary}" for name, summary in format_summaries().items())
    parser.add_argument("format", type=str, help=formats)
    parser.add_argument("path", type=str, help="the file or folder")
    parser.add_argument("--out", type=str, default="table.npz", help="the .npz to write")


def run(options: Namespace) -> None:
    """Read, check, write."""
    from nasflow.running.files import check_writable

    check_writable(options.out)
    run_import(options.format, options.path, options.out)


def run_import(format: str, path: str, out: str) -> None:
    """Import a file and save its table; progress on standard error, a summary on standard output.

    Raises:
        ConfigError: `out` is no .npz.
        As `nasflow.datasets.importing.read_table`.
    """
    from nasflow.datasets.importing import import_table
    from nasflow.errors import ConfigError

    if Path(out).suffix != ".npz":
        raise ConfigError(f"--out {out}: a table is saved as .npz; give it that suffix")
    with _percent(f"import {Path(path).name}") as progress:
        report = import_table(format, path, progress)
    report.dataset.save(out)
    print_report(report, out)


def print_report(report: ImportReport, out: str) -> None:
    """The summary of an import as text."""
    from rich.console import Console

    # a pipe or a file has no width of its own
    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 120)
    dataset = report.dataset
    cache = " (from the cache)" if report.from_cache else ""
    n_repeats = report.n_read - report.n_rejected - len(dataset)
    repeats = f", {n_repeats:,} repeats of an earlier one" if n_repeats else ""
    peak = "not known" if report.peak_bytes is None else f"{report.peak_bytes / 1e6:,.0f} MB"
    head = [
        f"{out}: {len(dataset):,} architectures from {report.n_read:,} records "
        f"({report.n_rejected:,} rejected{repeats}), {dataset.table.n_ops} operations",
        f"source SHA-256 {report.sha256}",
        f"{report.seconds:.1f} s{cache}, peak memory {peak}",
    ]
    rejected = report.rejected[:_MOST_PRINTED]
    tail = [f"rejected row {item.number}: {item.reason}" for item in rejected]
    if report.n_rejected > _MOST_PRINTED:
        n_more = report.n_rejected - _MOST_PRINTED
        tail.append(f"... and {n_more:,} more; the table's origin lists the first 1,000")
    # paths, names and reasons may hold what rich takes for markup, and are not to be cut in lines
    for line in head:
        console.print(line, markup=False, soft_wrap=True)
    console.print(_metrics(dataset))
    for line in [*tail, *(f"note: {note}" for note in dataset.notes)]:
        console.print(line, markup=False, soft_wrap=True)


def _metrics(dataset: Dataset) -> Table:
    """What the metrics of a data set mean, one a line."""
    from rich.markup import escape
    from rich.table import Table

    table = Table("metric", "unit", "better", "training", "repeats", "measured", "description")
    for name, metric in dataset.metrics.items():
        values = dataset.values[name]
        # only NaN, which is not measured, differs from itself; a row counts with one of its repeats
        is_measured = (values == values).reshape(len(values), -1).any(axis=1)
        table.add_row(
            escape(name),
            escape(metric.unit or "-"),
            "more" if metric.maximise else "less",
            "yes" if metric.trained else "no",
            str(values.shape[1] if values.ndim > 1 else 1),
            f"{int(is_measured.sum()):,}",
            escape(metric.description),
        )
    return table


@contextmanager
def _percent(title: str) -> Iterator[Progress]:
    """A progress function behind a bar of 100 steps."""
    from nasflow.running.progress import progress_bar

    with progress_bar(title, 100) as advance:
        n_steps = 0

        def progress(done: int, total: int) -> None:
            nonlocal n_steps
            # a total of 0 is not known; a call may stand for several steps, or for none
            while total and n_steps < 100 * done // total:
                n_steps += 1
                advance("")

        yield progress
