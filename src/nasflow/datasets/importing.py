"""Importing a file: `import_table` reads it, checks it, and says what it found; `run_import` is the
command.

    nasflow data import FORMAT PATH --out table.npz

A table that was imported before comes from the cache, by the content of its source.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nasflow.datasets.base import Dataset
from nasflow.datasets.digests import source_digest
from nasflow.datasets.locate import cached
from nasflow.datasets.readers.base import Progress, Reader, Rejected, no_progress
from nasflow.datasets.readers.registry import make_reader
from nasflow.datasets.table_builder import TableBuilder
from nasflow.errors import ConfigError, MissingDataError
from nasflow.running.files import PathLike
from nasflow.running.progress import progress_bar


@dataclass(frozen=True)
class ImportReport:
    """What an import found."""

    dataset: Dataset
    """The table: all valid rows, repeats of an architecture joined in one row, all of them kept."""
    n_read: int
    """Records in the file."""
    n_rejected: int
    """Records that are no valid row."""
    rejected: tuple[Rejected, ...]
    """The first 1,000 of them, with number and reason."""
    sha256: str
    """Of the file; of a folder, of its list of names and digests."""
    peak_bytes: int | None
    """Most memory this process has held so far; None where the system does not tell."""
    seconds: float
    """How long it took."""
    from_cache: bool
    """Whether this source was imported before."""


def read_table(format: str, path: PathLike, progress: Progress = no_progress) -> Dataset:
    """The data set of a file, read anew.

    Raises:
        UnknownNameError: there is no such format.
        MissingDataError, DataError, GraphError, UnsafeFileError, MissingExtraError: nothing is
        there, or no such file,
            or no valid row in it.
    """
    reader = make_reader(format, _existing(path))
    return _read(reader, source_digest(reader.sources(), reader.path), progress)


def import_table(format: str, path: PathLike, progress: Progress = no_progress) -> ImportReport:
    """The report on a file, its table from the cache if its content was imported before.

    Args:
        format: one of `readers.registry.format_names()`.
        path: the file or folder.
        progress: called with how much is done and how much there is.

    Raises:
        As `read_table`.
    """
    started = time.perf_counter()
    reader = make_reader(format, _existing(path))
    sources = reader.sources()
    digest = source_digest(sources, reader.path)
    built = False

    def build() -> Dataset:
        nonlocal built
        built = True
        return _read(reader, digest, progress)

    dataset = cached(f"import-{format}", reader.version, sources, build, digest=digest)
    origin = dataset.origin
    return ImportReport(
        dataset=dataset,
        n_read=origin["rows_read"],
        n_rejected=origin["rows_rejected"],
        rejected=tuple(Rejected(number, reason) for number, reason in origin["rejected"]),
        sha256=digest,
        peak_bytes=peak_memory(),
        seconds=time.perf_counter() - started,
        from_cache=not built,
    )


def run_import(format: str, path: str, out: str) -> None:
    """Import a file and save its table; progress on standard error, a summary on standard output.

    Raises:
        ConfigError: `out` is no .npz.
        As `read_table`.
    """
    if Path(out).suffix != ".npz":
        raise ConfigError(f"--out {out}: a table is saved as .npz; give it that suffix")
    with _percent(f"import {Path(path).name}") as progress:
        report = import_table(format, path, progress)
    report.dataset.save(out)
    print_report(report, out)


def print_report(report: ImportReport, out: str) -> None:
    """The summary of an import as text."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(file=sys.stdout, highlight=False, width=None if sys.stdout.isatty() else 120)
    dataset = report.dataset
    peak = "not known" if report.peak_bytes is None else f"{report.peak_bytes / 1e6:,.0f} MB"
    console.print(
        f"{out}: {len(dataset):,} architectures from {report.n_read:,} records "
        f"({report.n_rejected:,} rejected), {dataset.table.n_ops} operations",
        markup=False,
        soft_wrap=True,
    )
    console.print(f"source SHA-256 {report.sha256}", markup=False, soft_wrap=True)
    console.print(
        f"{report.seconds:.1f} s{' (from the cache)' if report.from_cache else ''}, peak memory"
        f" {peak}",
        markup=False,
        soft_wrap=True,
    )
    table = Table("metric", "unit", "better", "training", "repeats", "measured", "description")
    for name, metric in dataset.metrics.items():
        values = dataset.values[name]
        measured = int((values == values).reshape(len(values), -1).any(axis=1).sum())
        table.add_row(
            escape(name),
            escape(metric.unit or "-"),
            "more" if metric.maximise else "less",
            "yes" if metric.trained else "no",
            str(values.shape[1] if values.ndim > 1 else 1),
            f"{measured:,}",
            escape(metric.description),
        )
    console.print(table)
    for item in report.rejected[:20]:
        console.print(f"rejected row {item.number}: {item.reason}", markup=False, soft_wrap=True)
    if report.n_rejected > 20:
        more = f"... and {report.n_rejected - 20:,} more; the table's origin lists the first 1,000"
        console.print(more, markup=False, soft_wrap=True)


def peak_memory() -> int | None:
    """Most bytes of memory this process has held so far, or None where the system does not tell."""
    status = Path("/proc/self/status")
    if (
        status.is_file()
    ):  # Linux; getrusage there includes the peak of the process that started this one
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _read(reader: Reader, digest: str, progress: Progress) -> Dataset:
    builder = TableBuilder()
    for item in reader.rows(progress):
        builder.add(item)
    name = reader.path.name.partition(".")[0] or reader.format
    return builder.finish(
        reader, name, {"format": reader.format, "file": reader.path.name, "sha256": digest}
    )


def _existing(path: PathLike) -> Path:
    if not Path(path).exists():
        raise MissingDataError(f"{path} does not exist")
    return Path(path)


@contextmanager
def _percent(title: str) -> Iterator[Progress]:
    """A progress function behind a bar of 100 steps."""
    with progress_bar(title, 100) as advance:
        shown = 0

        def progress(done: int, total: int) -> None:
            nonlocal shown
            while total and shown < 100 * done // total:
                shown += 1
                advance("")

        yield progress
