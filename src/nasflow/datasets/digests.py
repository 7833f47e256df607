"""SHA-256 of the files behind a table, remembered for large ones.

Hashing NAS-Bench-101's 2 GB takes seconds, and a second load is to take less than one. For sources
of 64 MB or more the digest is kept in the cache folder under the files' names, sizes, and times of
change; a file that was changed less than two seconds before is hashed anew, since a clock can be
that coarse.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path

from nasflow.running import environment
from nasflow.running.files import sha256, write_text

_LARGE = 1 << 26
_COARSE_SECONDS = 2.0


def source_digest(files: Sequence[Path], root: Path) -> str:
    """Hexadecimal SHA-256 of a file; of a folder that of its files' names and digests.

    Args:
        files: the files, in a fixed order.
        root: the file itself, or the folder that their names are taken relative to.
    """
    stats = [file.stat() for file in files]
    if sum(stat.st_size for stat in stats) < _LARGE:
        return _digest(files, root)
    # what changes when a file does, and costs no reading
    signature = hashlib.sha256()
    for file, stat in zip(files, stats, strict=True):
        signature.update(
            f"{file.resolve()}\0{stat.st_size}\0{stat.st_mtime_ns}\0{stat.st_ino}\n".encode()
        )
    note = environment.cache_dir() / "digests" / signature.hexdigest()[:32]
    if note.is_file():
        text = note.read_text(encoding="ascii", errors="replace").strip()
        # a note that a crash cut short is passed over
        if len(text) == 64 and set(text) <= set("0123456789abcdef"):
            return text
    digest = _digest(files, root)
    if time.time() - max(stat.st_mtime for stat in stats) > _COARSE_SECONDS:
        with contextlib.suppress(OSError):  # a read-only cache: hashed again next time
            write_text(note, digest + "\n")
    return digest


def _digest(files: Sequence[Path], root: Path) -> str:
    if list(files) == [root]:
        return sha256(root)
    digest = hashlib.sha256()
    for file in files:
        name = os.path.relpath(file, root if root.is_dir() else root.parent)
        digest.update(f"{name}\0{sha256(file)}\n".encode())
    return digest.hexdigest()
