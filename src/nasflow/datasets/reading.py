"""From a reader to its data set: all rows, of a file that stays the same meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nasflow.datasets.base import Dataset
from nasflow.datasets.digests import source_digest
from nasflow.datasets.readers.base import Progress, Reader, no_progress, refused
from nasflow.datasets.table_builder import TableBuilder
from nasflow.errors import DataError

Signature = list[tuple[int, int, int]]


def signature(reader: Reader) -> Signature:
    """Size, time of change and number on its disk of each source: what changes when a file does."""
    stats = [path.stat() for path in reader.sources()]
    return [(stat.st_size, stat.st_mtime_ns, stat.st_ino) for stat in stats]


def read_dataset(
    reader: Reader,
    progress: Progress = no_progress,
    *,
    digest: str | None = None,
    strict: bool = False,
    vocabulary: Sequence[str] | None = None,
    join: bool = True,
) -> Dataset:
    """The data set of a file, read anew.

    Args:
        reader: of its format.
        progress: called with how much is done and how much there is.
        digest: of the sources, where the caller has it.
        strict: whether a malformed row is an error, instead of being counted and passed over.
        vocabulary, join: as in `TableBuilder`.

    Raises:
        MissingDataError, DataError, GraphError, UnsafeFileError, MissingExtraError: nothing is
            there, or no such file, or no valid row in it, or it changed meanwhile.
    """
    before = signature(reader)
    digest = digest or source_digest(reader.sources(), reader.path)
    builder = TableBuilder(vocabulary, join)
    for item in reader.rows(progress):
        builder.add(item)
        # the builder may refuse a row that its format does not
        if strict and builder.rejected:
            raise refused(reader, builder.rejected[0])
    check_unchanged(reader, before)
    name = _written(reader.path.name)
    origin: dict[str, Any] = {"format": reader.format, "file": name, "sha256": digest}
    return builder.finish(reader, name.partition(".")[0] or reader.format, origin)


def check_unchanged(reader: Reader, before: Signature) -> None:
    """Return if the sources are those that `before` was taken of.

    Raises:
        DataError: they are others, and so the digest and the rows may be of two files.
    """
    try:
        is_same = signature(reader) == before
    except OSError:
        is_same = False
    if not is_same:
        raise DataError(
            f"{reader.path} was changed or replaced while it was read; read it again when nothing"
            " writes to it"
        )


def _written(name: str) -> str:
    """A file's name as text that can be written anywhere, whatever its bytes are."""
    return name.encode("utf-8", "replace").decode()
