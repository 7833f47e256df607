"""Users' own tables: CSV, JSONL or Parquet, told by the file's name, compressed or not.

What the columns mean is on the page of `readers/columns.py`. `nasflow data import` reads the same
files through the same readers, and passes malformed rows over instead of stopping at the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nasflow.datasets.base import Dataset
from nasflow.datasets.readers.registry import make_reader
from nasflow.datasets.readers.text_file import COMPRESSED
from nasflow.datasets.reading import read_dataset
from nasflow.errors import DataError
from nasflow.running.files import PathLike, require_file

_FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}

LEGAL = f"{', '.join(_FORMATS)}, each alone or with {', '.join(COMPRESSED)} behind it"
"""The suffixes of users' own tables, for messages."""


def own_format(path: PathLike) -> str | None:
    """The format that a file's name states; None where it states none."""
    name = Path(path).name.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return _FORMATS.get(Path(name).suffix)


def read_own_table(
    path: PathLike, vocabulary: Sequence[str] | None = None, join: bool = True
) -> Dataset:
    """The architectures and labels of a user's table.

    Args:
        path: the file.
        vocabulary: the operations that may occur, such as those a model was trained on; by default
            those of the file, sorted.
        join: whether rows of one graph become one, with their values as repeats; otherwise there is
            a row for every row of the file.

    Raises:
        MissingDataError, DataError: no such file; a row that is malformed, whose graph has an
            unknown operation, or whose label is no number. The message names the line.
        MissingExtraError: it is Parquet, and the extra `parquet` is not installed.
    """
    path = require_file(path)
    format_name = own_format(path)
    if format_name is None:
        raise DataError(f"{path} has the suffix {path.suffix!r}; legal: {LEGAL}")
    return read_dataset(
        make_reader(format_name, path), strict=True, vocabulary=vocabulary, join=join
    )
