"""Files as people have them: plain or compressed, UTF-8 or UTF-16, with a byte order mark or not.

What a file is, its first bytes say: a browser may have unpacked a `.csv.gz`, and Excel's "Unicode
text" is UTF-16.
"""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from nasflow.datasets.readers.base import Progress
from nasflow.errors import DataError
from nasflow.running.files import require_file

COMPRESSED = (".gz", ".bz2", ".xz")
"""The suffixes that may stand behind that of a table."""

BROKEN = (OSError, EOFError, zlib.error, lzma.LZMAError)
"""What damage to a compressed file raises."""

_GZIP, _BZIP2, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00"
# the longer marks first: UTF-32's begins with UTF-16's
_BY_MARK = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
_NO_CHARACTER = re.compile("[\ud800-\udfff]")


@contextlib.contextmanager
def opened(path: Path, progress: Progress) -> Iterator[tuple[IO[bytes], Callable[[], None]]]:
    """The bytes of a file, unpacked, and a function to call now and then, for the progress.

    Raises:
        MissingDataError: there is no such file.
        OSError: it cannot be opened.
    """
    total = require_file(path).stat().st_size
    with path.open("rb") as raw:
        yield _unpacked(raw), lambda: progress(raw.tell(), total)


def _unpacked(raw: io.BufferedReader) -> IO[bytes]:
    """What a file holds, by its first bytes."""
    start = raw.peek(len(_XZ))
    if start.startswith(_GZIP):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if start.startswith(_BZIP2):
        return bz2.BZ2File(raw)
    return lzma.LZMAFile(raw) if start.startswith(_XZ) else raw


def as_text(file: IO[bytes], newline: str) -> IO[str]:
    """The text of a file of bytes, which it closes in a `with` block; what is no UTF-8 in it
    becomes lone surrogates.

    See `check_characters`: so a damaged character spoils its line, and not all that follow.
    """
    start = cast(Any, file).peek(4)
    for mark, encoding in _BY_MARK:
        if start.startswith(mark):
            return io.TextIOWrapper(file, encoding, newline=newline)
    return io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline=newline)


def check_characters(text: str) -> None:
    """Return if all of a text from `as_text` was characters.

    Raises:
        DataError: some was not.
    """
    # most texts are ASCII, which is told at once
    broken = None if text.isascii() else _NO_CHARACTER.search(text)
    if broken:
        start = max(broken.start() - 20, 0)
        near = text[start : broken.end() + 10].encode("utf-8", "surrogateescape")
        raise DataError(f"no UTF-8 text at {near!r}; save the file as UTF-8")
