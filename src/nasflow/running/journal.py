"""`Journal`: finished work as lines of JSON, appended and flushed to disk one by one.

A kill loses nothing that was appended: at worst the last line is torn, and a torn line is left out
when read and cut off before the next one is written. Several processes may append to one file.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from nasflow.errors import DataError
from nasflow.running.files import PathLike
from nasflow.running.locks import exclusive

_BLOCK = 4096


class Journal:
    """The entries of one file, each a dictionary with a `key`.

    Args:
        path: the file; made, with its folder, by the first `append`.
    """

    def __init__(self, path: PathLike) -> None:
        self.path = Path(path)

    def append(self, entry: dict[str, Any]) -> None:
        """Add one entry; when this returns, it is on the disk."""
        line = (json.dumps(entry, allow_nan=False) + "\n").encode()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # nobody else may append between the cut and the new line
        with self.path.open("a+b") as file, exclusive(file):
            file.truncate(self._end_of_whole_lines())
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> dict[str, dict[str, Any]]:
        """All entries by key; of two with one key the later.

        Raises:
            DataError: a whole line that is no entry; names it.
        """
        if not self.path.exists():
            return {}
        entries = {}
        # what follows the last line feed was torn by a kill, and is no entry
        lines = self.path.read_bytes()[: self._end_of_whole_lines()].splitlines()
        for number, line in enumerate(lines, start=1):
            try:
                entry = json.loads(line)
                # a run that was made again stands further down and takes the key
                entries[str(entry["key"])] = entry
            except (ValueError, KeyError, TypeError):
                raise DataError(
                    f"{self.path} line {number} is no journal entry: {line[:60]!r}; delete that"
                    " line, and its run is made again"
                ) from None
        return entries

    def _end_of_whole_lines(self) -> int:
        """The offset behind the last line feed, 0 where there is none."""
        with self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            # block by block from the end: a journal may be long, and its last line rarely is
            while end:
                start = max(0, end - _BLOCK)
                file.seek(start)
                line_feed = file.read(end - start).rfind(b"\n")
                if line_feed >= 0:
                    return start + line_feed + 1
                end = start
        return 0
