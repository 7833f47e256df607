"""The command `nasflow`: finds the subcommand, parses its options, turns a user's mistake into one
clear line.

`nasflow --help` must answer in 0.2 s, so only the parser of the command that was asked for is
built, with what it takes imported for it, and nothing here imports torch or NumPy.
"""

from __future__ import annotations

import errno
import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from nasflow.commands.registry import all_commands, find_command
from nasflow.errors import ConfigError, DataWarning, NasflowError, unknown_name
from nasflow.running.memory import is_out_of_memory
from nasflow.text import visible

Show = Callable[..., None]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line; exits with 2 and one clear line on a user's mistake."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        # a name may have letters that the terminal's encoding lacks; a notebook's has no such thing
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with warnings.catch_warnings():
        # of each table, not only of the first one that a process reads
        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = _showing_notes(warnings.showwarning, words)
        _run(words)


def _run(words: list[str]) -> None:
    try:
        if find_command(words) is None:
            _overview(words)
        # here: the library that parses takes as long to import as the overview to print
        from nasflow.commands.command_line import run_words

        run_words(words)
        # here, where a full disk can still be told
        sys.stdout.flush()
    except NasflowError as error:
        _fail(_lines(str(error)) if error.has_lines else _line(str(error), words))
    except BrokenPipeError:
        # whoever read the output has seen enough
        _drop_output()
        sys.exit(0)
    except OSError as error:
        _drop_output()
        # of a rename that fails the second name is the user's
        message = f"{error.filename2 or error.filename or ''}: {error.strerror or error}"
        remark = " (nothing already written is lost)" if error.errno == errno.ENOSPC else ""
        _fail(_line(message.lstrip(": ") + remark, words))
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        # of torch's text the middle: before it stands where torch noticed, behind it a number
        reason = str(error).rpartition("DefaultCPUAllocator: ")[2].partition(". Error code")[0]
        _fail(_line(f"there is too little memory ({reason}); choose smaller sizes", words))
    except KeyboardInterrupt:
        _fail("stopped; the same command goes on where it was", code=130)


def _drop_output() -> None:
    """Give up what standard output did not take, or Python complains of it at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _showing_notes(show: Show, words: Sequence[str]) -> Show:
    """`warnings.showwarning`, with a line in the manner of errors for what a table's owner should
    know.
    """

    def show_note(message: Warning | str, category: type[Warning], *place: Any) -> None:
        if issubclass(category, DataWarning):
            print(f"nasflow: note: {_line(str(message), words)}", file=sys.stderr)
        else:
            show(message, category, *place)

    return show_note


def _lines(message: str) -> str:
    """A message line by line, as it can be printed."""
    return "\n".join(map(visible, message.splitlines()))


def _line(message: str, words: Sequence[str]) -> str:
    """A message in one line; what it quotes of the command line stands as it would be typed."""
    for word in words:
        # of an option the value, of several files each
        for part in re.split("[=+,]", word):
            if not part.isprintable():
                message = message.replace(part, visible(part))
    return " ".join(visible(line.strip()) for line in message.splitlines())


def _fail(message: str, code: int = 2) -> NoReturn:
    print(f"nasflow: {message}", file=sys.stderr)
    sys.exit(code)


def _overview(words: list[str]) -> NoReturn:
    """Print what commands there are and exit, or name the one that was probably meant.

    Raises:
        ConfigError: an option stands before the command.
        UnknownNameError: the words begin with a command that does not exist.
    """
    if words[:1] == ["--version"]:
        from importlib.metadata import version

        print(f"nasflow {version('nasflow')}")
        sys.exit(0)
    commands = all_commands()
    asked = " ".join(word for word in words[:2] if not word.startswith("-"))
    if asked and asked != "data":
        # of `data` the second word says which
        name = asked if asked.startswith("data ") else next(iter(asked.split()), asked)
        if name in commands:
            raise ConfigError(f"{words[0]} stands before the command; legal: nasflow {name} ...")
        raise unknown_name("command", name, commands)
    overview = "".join(
        f"  nasflow {name:11}  {command.summary}\n" for name, command in commands.items()
    )
    print(
        "nasflow predicts how good a neural network will be from its graph, after a few dozen"
        f" trained examples.\n\n{overview}\nEach explains itself: nasflow evaluate --help\nStart"
        " with: nasflow demo"
    )
    sys.exit(0)
