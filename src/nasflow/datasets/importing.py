"""Importing a file: `import_table` reads it, checks it, and reports on it.

A table that was imported before comes from the cache, by the content of its source. On the command
line: `nasflow data import FORMAT PATH --out table.npz`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from nasflow.datasets.base import Dataset
from nasflow.datasets.digests import source_digest
from nasflow.datasets.locate import cached
from nasflow.datasets.models import how_to_read_models
from nasflow.datasets.readers.base import Progress, Rejected, no_progress
from nasflow.datasets.readers.registry import make_reader
from nasflow.datasets.reading import check_unchanged, read_dataset, signature
from nasflow.errors import DataError, MissingDataError
from nasflow.running.files import PathLike
from nasflow.running.memory import peak_memory


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
            there, or no such file, or no valid row in it.
    """
    return read_dataset(make_reader(format, _existing(path)), progress)


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
    before = signature(reader)
    digest = source_digest(sources, reader.path)
    built = False

    def build() -> Dataset:
        nonlocal built
        built = True
        read = read_dataset(reader, progress, digest=digest)
        # else the cache would have the rows of one file under the digest of another
        check_unchanged(reader, before)
        return read

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


def _existing(path: PathLike) -> Path:
    if not Path(path).exists():
        raise MissingDataError(f"{path} does not exist")
    # no format of a table is one of models: said before a reader takes it for damaged text
    models = how_to_read_models(Path(path))
    if models is not None:
        raise DataError(f"{path} is no table; {models}")
    return Path(path)
