"""Safe files: atomic writes, content hashes, arrays without pickles.

Every file nasflow writes goes through `atomic_write`: a temporary file beside the target, flushed
to disk, then renamed. A kill or a full disk at any moment leaves the old file or the new one, never
half of one.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import struct
import tempfile
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from nasflow.errors import ConfigError, DataError, MissingDataError

if TYPE_CHECKING:
    import numpy.typing as npt

PathLike = str | os.PathLike[str]

# what NumPy and zipfile raise on a damaged .npz, depending on which byte is wrong
_UNREADABLE = (
    ValueError,
    OSError,
    EOFError,
    KeyError,
    AttributeError,
    TypeError,
    IndexError,
    SyntaxError,
    NotImplementedError,
    RuntimeError,
    MemoryError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextlib.contextmanager
def atomic_write(path: PathLike) -> Iterator[IO[bytes]]:
    """A binary file to write to; it becomes `path` when the block ends without an error."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    # in the target's folder, because a rename from another disk is a copy and can be cut short
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            # the content first: a rename that outlives a power cut must not name an empty file
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())  # mkstemp makes private files
        os.replace(name, target)
    except BaseException:
        # Ctrl-C too must leave no .part behind
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def check_writable(path: PathLike, *sources: str | None) -> None:
    """Return if a file could be written at `path`; called before long work whose result goes there.

    Args:
        path: the file.
        sources: what is read for it: names or files, as for `open_dataset`, and models.

    Raises:
        ConfigError: `path` is one of the files that are read, and would be lost.
        OSError: `path` is a folder, or its nearest existing parent is no folder that takes a file
            of this name.
    """
    if Path(path).is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder; name a file", str(path) or "''")
    for source in filter(None, sources):
        # of SOURCE+PROXIES.npz both are
        for name in {source, *source.split("+")}:
            # by file and not by name: a link or another spelling is the same one
            with contextlib.suppress(OSError):
                if os.path.samefile(path, name):
                    raise ConfigError(
                        f"{path} is what is read ({name}); name another file to write"
                    )
    parent = Path(path).absolute().parent
    # folders that are missing will be made, so what counts is the first one that is there
    while not parent.exists():
        parent = parent.parent
    try:
        # tried rather than asked: of /proc and of a disk that has gone the rights tell nothing
        handle, name = tempfile.mkstemp(dir=parent, prefix=f".{Path(path).name}.", suffix=".part")
    except OSError as error:
        reason = f"{parent} is no folder that can be written to ({error.strerror})"
        raise type(error)(error.errno, f"cannot be written: {reason}", str(path)) from None
    os.close(handle)
    os.unlink(name)


def write_text(path: PathLike, text: str) -> None:
    """Write a UTF-8 text file atomically."""
    with atomic_write(path) as file:
        file.write(text.encode())


def write_json(path: PathLike, data: Any) -> None:
    """Write indented JSON atomically, letters of all scripts as they are.

    NaN is refused, since it is not JSON.
    """
    text = json.dumps(data, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    with atomic_write(path) as file:
        # half a character has no other form, and this one is JSON's
        file.write(text.encode(errors="backslashreplace"))


def save_npz(path: PathLike, arrays: dict[str, npt.NDArray[Any]]) -> None:
    """Write a compressed .npz atomically."""
    # on use, here and below: `nasflow --help` reads a file of options, and no array
    import numpy as np

    with atomic_write(path) as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]  # stub mistakes **arrays for a flag


def load_npz(path: PathLike) -> dict[str, npt.NDArray[Any]]:
    """The arrays of an .npz; object arrays (pickles) are refused."""
    import numpy as np

    # of what `require_file` saw: `table.npz/` is the file to it, and no file to the system
    file = require_file(path)
    try:
        # opened here: NumPy leaves a file open that is no archive
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except PermissionError:  # nothing is wrong with what is in it
        raise
    except _UNREADABLE as error:
        raise DataError(f"{path} is no readable .npz file ({error}); write it anew") from None


def require_file(path: PathLike) -> Path:
    """`path`, if a file is there.

    Raises:
        MissingDataError: nothing is, or a folder, a pipe or a device.
    """
    file = Path(path)
    if file.is_file():
        return file
    name = str(path) or "''"
    if file.is_dir():
        raise MissingDataError(f"{name} is a folder, not a file")
    if file.exists():
        raise MissingDataError(f"{name} is no regular file (a pipe?); write its content to a file")
    raise MissingDataError(f"{name} does not exist")


def sha256(path: PathLike) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with require_file(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def stamp(path: PathLike) -> list[int] | None:
    """Size and time of change: what is another one once a file is; None where there is no file.

    Of a file of gigabytes, of which a hash takes as long as to read it.
    """
    file = Path(path)
    if not file.is_file():
        return None
    status = file.stat()
    return [status.st_size, status.st_mtime_ns]


def _umask() -> int:
    mask = os.umask(0)  # it can only be read by setting it
    os.umask(mask)
    return mask
