"""`LongTable`: a table that may be longer than memory, gone through more than once.

A large file is read a part at a time, each time anew. What is in memory anyhow is read once, and
its parts are views of it: a registered data set, a table with the columns of another file
(`SOURCE+PROXIES.npz`), a file of a few megabytes.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from nasflow.datasets.base import Dataset
from nasflow.datasets.parts import ROWS_OF_PART, Part, dataset_parts, is_in_parts, table_parts
from nasflow.datasets.readers.text_file import COMPRESSED
from nasflow.datasets.registry import open_dataset
from nasflow.datasets.source_stamp import SourceStamp
from nasflow.graphs.table import ArchTable

_SMALL = 1 << 23
"""Bytes of a file that is read as a whole, unpacked: 40,000 lines, or 140,000 cells of an .npz."""


class LongTable:
    """The rows of a source, each row of a user's file a row.

    Args:
        source: as for `open_dataset`.

    Attributes:
        dataset: the whole, where it is in memory; None for a file that is read in parts.
        name: of the data set, or of the file.
        stamp: of its files, taken before anything was read.
        is_saved: whether it is an .npz in parts, which has one vocabulary for all its rows, and one
            list of names of numbers.

    Raises:
        UnknownNameError, MissingDataError, DataError: as `open_dataset`; of a file that is read in
            parts only what its first row shows.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        path = Path(source)
        self.stamp = SourceStamp.of(source)
        first: Part | None = None
        if is_in_parts(source) and not _is_small(path):
            first = next(table_parts(source, None, 1), None)
        self.is_saved = first is not None and path.suffix == ".npz"
        self.dataset: Dataset | None = None
        self.name = path.name.partition(".")[0]
        # also a saved table without rows, of which no part comes: its vocabulary is wanted
        if first is None:
            self.dataset = open_dataset(source, join=False)
            self.name = self.dataset.name
        self._first = first

    def first_row(self) -> ArchTable:
        """A table of the first row, or the whole that is in memory.

        Raises:
            DataError: the row is malformed.
        """
        if self.dataset is not None:
            return self.dataset.table
        assert self._first is not None  # of a file in parts
        return self._first.read(None)[0]

    def parts(
        self, vocabulary: Sequence[str] | None, first_row: int, rows_of_part: int = ROWS_OF_PART
    ) -> Iterator[Part]:
        """See `table_parts`."""
        if self.dataset is not None:
            return dataset_parts(self.dataset, rows_of_part, first_row)
        return table_parts(self.source, vocabulary, rows_of_part, first_row)


def _is_small(path: Path) -> bool:
    """Whether a file is small once it is unpacked."""
    if path.suffix != ".npz":
        # how long a packed text is, it does not say
        return path.suffix.lower() not in COMPRESSED and path.stat().st_size <= _SMALL
    try:
        with zipfile.ZipFile(path) as archive:
            return sum(entry.file_size for entry in archive.infolist()) <= _SMALL
    # what is wrong with it, its reader says
    except (zipfile.BadZipFile, OSError):
        return True
