"""The entries of a large JSON object of objects, one at a time.

`json.load` needs ten times the file's size in memory. Here the outer two levels are walked by hand,
and only one entry `"name": {...}` of the inner level is parsed at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nasflow.datasets.readers.base import Progress
from nasflow.errors import DataError
from nasflow.running.files import require_file
from nasflow.running.json_text import RepeatedKeyError, each_key_once

_CHUNK = 1 << 20
_LONGEST = 1 << 26  # characters of one entry
_SPACE = " \t\r\n"


def entries(path: Path, progress: Progress) -> Iterator[tuple[str, str, Any]]:
    """(outer name, inner name, value) of each entry of `{"outer": {"inner": value, ...}, ...}`.

    Raises:
        MissingDataError, DataError: no such file, or not of this form; the message says where it
        stops to be.
    """
    text = _Text(path, progress)
    with text:
        text.expect("{")
        for outer in text.names():
            text.expect("{")
            for inner in text.names():
                yield outer, inner, text.value()
        if text.peek():
            raise text.broken("something after the end of the object")


class _Text:
    """A window that moves over the file's text."""

    def __init__(self, path: Path, progress: Progress) -> None:
        self._path, self._progress = path, progress
        self._file = require_file(path).open(encoding="utf-8")
        self._total = path.stat().st_size
        # the window, the position in it, and how many characters went by before it
        self._text, self._position, self._before = "", 0, 0
        self._decoder = json.JSONDecoder(object_pairs_hook=each_key_once)

    def __enter__(self) -> _Text:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _more(self) -> bool:
        """Whether the file had more text, which now is in the window."""
        try:
            chunk = self._file.read(_CHUNK)
        except UnicodeDecodeError as error:
            raise DataError(f"{self._path} is no UTF-8 text ({error})") from None
        # what was read leaves the window, which so never holds much more than one entry
        self._before += self._position
        self._text, self._position = self._text[self._position :] + chunk, 0
        if chunk:
            # characters for bytes: exact where the text is ASCII, as these files are
            self._progress(min(self._before + len(self._text), self._total), self._total)
        return bool(chunk)

    def peek(self) -> str:
        """The next character that is no space, or nothing at the end of the file."""
        while True:
            while self._position < len(self._text) and self._text[self._position] in _SPACE:
                self._position += 1
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._more():
                return ""

    def expect(self, character: str) -> None:
        """Pass `character`, which must be next."""
        if self.peek() != character:
            raise self.broken(f"{character!r} was expected")
        self._position += 1

    def names(self) -> Iterator[str]:
        """The names of an object whose `{` was passed; the caller takes the value of each."""
        # an empty object has neither a name nor a comma
        if self.peek() == "}":
            self._position += 1
            return
        seen: set[str] = set()
        while True:
            name = self.value()
            if not isinstance(name, str):
                raise self.broken("a name in quotes was expected")
            # else the first entry of that name would count twice, or not at all
            if name in seen:
                raise self.broken(f"the key {name[:60]!r} stands twice in one object")
            seen.add(name)
            self.expect(":")
            yield name
            if self.peek() == "}":
                self._position += 1
                return
            self.expect(",")

    def value(self) -> Any:
        """The next value of any kind."""
        self.peek()
        # how much text the next try needs, and why the last one failed
        wanted, problem = 0, ""
        while True:
            size = len(self._text) - self._position
            if size >= wanted:
                try:
                    value, end = self._decoder.raw_decode(self._text, self._position)
                except RepeatedKeyError as error:
                    raise self.broken(str(error)) from None
                except ValueError as error:
                    # perhaps only cut off; with twice as much text each time, all tries together
                    # cost no more than two of the last
                    problem, wanted = str(error).split(":")[0], 2 * size
                except RecursionError:
                    raise self.broken("nested too deeply") from None
                else:
                    length = end - self._position
                    # the next chunk may go on with a number: 12 of 12.5e-7
                    if len(self._text) - end > 3 or not self._more():
                        self._position += length
                        return value
                    continue
            if size > _LONGEST or not self._more():
                raise self.broken(problem)

    def broken(self, problem: str) -> DataError:
        """The error for malformed text at the present position."""
        near = self._text[self._position : self._position + 30]
        return DataError(
            f"{self._path} character {self._before + self._position}: {problem}; seen {near!r}."
            ' It needs an object of objects, {"cifar10": {"(...)": {...}, ...}}'
        )
