"""`UnfinishedFile`: a long file that is written for hours and goes on after a kill.

`out.csv` grows as `out.csv.partial`, and `out.csv.partial.json` says now and then how far all is
safe. Started again with the same key, writing goes on there; the end is a rename.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self

from nasflow.errors import ConfigError, NasflowError
from nasflow.running.files import PathLike, write_json
from nasflow.running.locks import try_exclusive

_SECONDS_BETWEEN_SAVES = 5.0


class UnfinishedFile:
    """A file to add texts or bytes to; used in a `with` block.

    Args:
        path: the file that is there when all is done.
        key: what the content depends on: another key begins anew. Must be JSON.

    Attributes:
        partial: where it grows.
        state: what was saved with the last text that is safe; empty at the beginning.
    """

    def __init__(self, path: PathLike, key: Mapping[str, Any]) -> None:
        self._target = Path(path)
        self.partial = self._target.with_name(f"{self._target.name}.partial")
        self._about = self.partial.with_name(f"{self.partial.name}.json")
        # as it will be read back: JSON knows no tuples
        self._key = json.loads(json.dumps(dict(key)))
        self._resources = contextlib.ExitStack()
        self._last_save = time.monotonic()
        self.state: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._target.parent.mkdir(parents=True, exist_ok=True)
        # not "w": what is there may be safe
        self._file: IO[bytes] = self._resources.enter_context(self.partial.open("ab"))
        # locked in vain, where the one who had it has put it in its place in between
        is_locked = self._resources.enter_context(try_exclusive(self._file))
        if not is_locked or not self._is_in_place():
            self._resources.close()
            raise ConfigError(
                f"{self.partial} is being written by another process; wait for it, or name another"
                " file"
            )
        n_safe = 0
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            about = json.loads(self._about.read_text())
            if about["key"] == self._key and about["bytes"] <= self.partial.stat().st_size:
                self.state, n_safe = dict(about["state"]), int(about["bytes"])
        self._file.truncate(n_safe)
        return self

    def _is_in_place(self) -> bool:
        """Whether what was opened is what stands under the name."""
        with contextlib.suppress(FileNotFoundError):
            return os.path.samestat(os.fstat(self._file.fileno()), self.partial.stat())
        return False

    def add(self, content: str | bytes, state: Mapping[str, Any]) -> None:
        """Append a text, or bytes; `state` is what the next start needs to go on behind it."""
        self._file.write(content.encode() if isinstance(content, str) else content)
        self.state = dict(state)
        if time.monotonic() - self._last_save > _SECONDS_BETWEEN_SAVES:
            self.save()

    def finish(self) -> None:
        """Put the file in its place."""
        self._file.flush()
        os.fsync(self._file.fileno())
        os.replace(self.partial, self._target)
        self._about.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove what was added: something else was made of it, and is in its place."""
        self._about.unlink(missing_ok=True)
        self.partial.unlink(missing_ok=True)

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        """Keep what is there, but for an error of ours: a malformed line stays one."""
        try:
            if error is not None and issubclass(error, NasflowError):
                self.discard()
            elif error is not None:
                # a full disk may be what stopped it: then what was saved before is there still
                with contextlib.suppress(OSError):
                    self.save()
        finally:
            self._resources.close()

    def save(self) -> None:
        """Make safe what was added so far; `add` does so every few seconds."""
        self._file.flush()
        # the text first: a state must not promise what a power cut takes away
        os.fsync(self._file.fileno())
        about = {"key": self._key, "bytes": self._file.tell(), "state": self.state}
        write_json(self._about, about)
        self._last_save = time.monotonic()
