"""The command `nasflow`: finds the subcommand, parses its options, turns a user's mistake into one
clear line.

`nasflow --help` must answer in 0.3 s, so only the parser of the command that was asked for is
built, and nothing here imports torch or NumPy.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from nasflow.commands.command_line import run_words
from nasflow.commands.registry import all_commands
from nasflow.errors import DataWarning, NasflowError, unknown_name

Show = Callable[..., None]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command line; exits with 2 and one clear line on a user's mistake."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    with warnings.catch_warnings():
        # of each table, not only of the first one that a process reads
        warnings.simplefilter("always", DataWarning)
        warnings.showwarning = _showing_notes(warnings.showwarning)
        _run(words)


def _run(words: list[str]) -> None:
    try:
        if not run_words(words):
            _overview(words)
    except NasflowError as error:
        _fail(str(error))
    except OSError as error:
        # of a rename that fails the second name is the user's
        _fail(
            f"{error.filename2 or error.filename or ''}: {error.strerror or error}".lstrip(": ")
            + (" (nothing already written is lost)" if error.errno == 28 else "")
        )
    except KeyboardInterrupt:
        _fail("stopped; the same command goes on where it was", code=130)
    except BrokenPipeError:
        sys.exit(0)


def _showing_notes(show: Show) -> Show:
    """`warnings.showwarning`, with a line in the manner of errors for what a table's owner should
    know.
    """

    def show_note(message: Warning | str, category: type[Warning], *place: Any) -> None:
        if issubclass(category, DataWarning):
            print(f"nasflow: note: {message}", file=sys.stderr)
        else:
            show(message, category, *place)

    return show_note


def _fail(message: str, code: int = 2) -> NoReturn:
    print(f"nasflow: {message}", file=sys.stderr)
    sys.exit(code)


def _overview(words: list[str]) -> NoReturn:
    """Print what commands there are and exit, or name the one that was probably meant.

    Raises:
        UnknownNameError: the words begin with a command that does not exist.
    """
    if words[:1] == ["--version"]:
        from importlib.metadata import version

        print(f"nasflow {version('nasflow')}")
        sys.exit(0)
    commands = all_commands()
    asked = " ".join(word for word in words[:2] if not word.startswith("-"))
    if asked and asked != "data":
        raise unknown_name("command", asked.split()[0], commands)
    overview = "".join(
        f"  nasflow {name:11}  {command.summary}\n" for name, command in commands.items()
    )
    print(
        "nasflow predicts how good a neural network will be from its graph, after a few dozen"
        f" trained examples.\n\n{overview}\nEach explains itself: nasflow evaluate --help\nStart"
        " with: nasflow demo"
    )
    sys.exit(0)
