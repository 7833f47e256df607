"""How a command says its result: a number in what it printed, or in a file that it wrote.

    (none)           the last line that is a number and nothing else
    json:accuracy    the last line that is a JSON object with that key (json:test.accuracy: a key
                     in an object in it)
    regex:acc=(.*)   what the first group of the pattern matches in the last line that it fits

The command may write the same into the file that the environment variable NASFLOW_RESULT names;
then what it printed is not looked at.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from nasflow.errors import ConfigError
from nasflow.running.json_text import strict_json
from nasflow.running.numbers import number_in, number_of

VARIABLE = "NASFLOW_RESULT"
LEGAL = "json:KEY, such as json:accuracy, or regex:PATTERN, such as regex:accuracy: ([0-9.]+)"
MAX_LINE = 2**20  # bytes; a longer line holds no result
_BLOCK = 2**16  # bytes that are read at a time, from the end
_LINE_END = re.compile(rb"[\r\n]")  # a progress bar ends its lines with the first alone


@dataclass(frozen=True)
class ResultForm:
    """What a command's result looks like."""

    wanted: str
    """In words, for messages: `a line that is a number`."""
    number: Callable[[str], float | None]
    """The result that a line holds, or None."""
    whole: bool = False
    """Whether a result file is read as one text as well, not only line by line."""

    def last_in(self, output: IO[bytes]) -> float | None:
        """The last result in what a command printed, however much follows it; or None."""
        for line in lines_from_end(output):
            number = self.number(line.decode(errors="replace"))
            if number is not None:
                return number
        return None

    def in_file(self, content: bytes) -> float | None:
        """The result in the file that a command wrote, or None."""
        if self.whole:
            number = self.number(content.decode(errors="replace"))
            if number is not None:
                return number
        return self.last_in(io.BytesIO(content))


def result_form(text: str | None) -> ResultForm:
    """The form that `--result` names; None is the plain one, a line that is a number.

    Raises:
        ConfigError: there is no such form.
    """
    if text is None:
        return ResultForm("line that is a number", number_in)
    kind, _, rest = text.partition(":")
    if kind == "json" and rest.strip():
        key = rest.strip()
        return ResultForm(
            f"line that is a JSON object with a number under {key!r}",
            lambda line: _number_under(line, key),
            whole=True,
        )
    if kind == "regex" and rest:
        try:
            pattern = re.compile(rest)
        except re.error as error:
            raise ConfigError(
                f"--result {text!r}: the pattern is no regular expression ({error})"
            ) from None
        return ResultForm(
            f"line in which the pattern {rest!r} finds a number",
            lambda line: _number_matched(line, pattern),
        )
    raise ConfigError(
        f"--result is {text!r}; legal: {LEGAL}; without it a line that is a number counts"
    )


def lines_from_end(file: IO[bytes]) -> Iterator[bytes]:
    """The lines of a file, the last first; longer ones than `MAX_LINE` are left out."""
    position = file.seek(0, os.SEEK_END)
    head = b""  # the end of a line whose beginning is not read yet
    too_long = False  # whether that line has been given up
    while position > 0:
        size = min(_BLOCK, position)
        position -= size
        file.seek(position)
        first, *lines = _LINE_END.split(file.read(size) + head)
        if lines:
            # the last of them is the line that was given up, if one was: its end is known now
            yield from reversed(lines[:-1] if too_long else lines)
            too_long = False
        head = first
        if len(head) > MAX_LINE:
            too_long, head = True, b""
    if not too_long:
        yield head


def _number_under(line: str, key: str) -> float | None:
    """The number under a key of the JSON object that a line is, or None."""
    if not line.lstrip().startswith("{"):
        return None
    try:
        value: Any = strict_json(line)
    except ValueError:
        return None
    # a key that holds points itself comes before one in an inner object
    if key in value:
        return number_of(value[key])
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return number_of(value)


def _number_matched(line: str, pattern: re.Pattern[str]) -> float | None:
    """The number in the last match of a pattern in a line, or None."""
    number = None
    for match in pattern.finditer(line):
        # the first group, or all of the match where there is none
        text = match[1 if pattern.groups else 0]
        read = number_in(text or "")
        number = number if read is None else read
    return number
