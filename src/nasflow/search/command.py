"""A training that is a command: its words, and how it is run.

There is no shell: the command is split into words as one would, and run. Where it has one after
all, as `sh -c`, what goes into the shell's line is quoted for it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from nasflow.errors import ConfigError
from nasflow.search.result_form import VARIABLE, result_form

PLACEHOLDERS = ("{arch_json}", "{arch}", "{number}")
_TAIL_LINES = 20  # of what a command printed, that join its errors
_TAIL_BYTES = 2**14
_RESULT_BYTES = 2**20  # of the file that a command wrote
_SHELLS = ("sh", "bash", "dash", "zsh", "ksh")
# what only a shell can do, by the first word
_BUILTIN = ("cd", "export", "source", ".", "set", "ulimit", "eval", "alias", "if", "for", "while")
# a home folder, a variable, or another command's output; in quotes they are the user's own words
_EXPANDED = re.compile(r"~\w*/|[^'\"\\$`]*(\$[A-Za-z_{(]|`)")
# the kernel kills a process that asked for it (PR_SET_PDEATHSIG = 1) when its parent dies
_WITH_PARENT = (
    "import ctypes, os, sys; ctypes.CDLL(None).prctl(1, 9); os.execvp(sys.argv[1], sys.argv[1:])"
)


class FailedError(Exception):
    """A training that gave no number; the message is the reason."""


def check_command(command: str) -> None:
    """Return if workers will be able to run a command.

    Raises:
        ConfigError: it needs a shell, has no placeholder, or is no program that is there.
    """
    words = _words(command)
    for_shell = _only_for_a_shell(command, words)
    if for_shell is not None:
        raise ConfigError(
            f"{for_shell!r} in the command {command!r} is for a shell, and there is none here; to"
            f" have one: --train \"sh -c '{_first_line(command)}'\"; a word in quotes is passed"
            " on as it is"
        )
    if not any(mark in word for word in words for mark in PLACEHOLDERS):
        raise ConfigError(
            f"the command {command!r} does not say where the architecture goes; put one of "
            f"{', '.join(PLACEHOLDERS)} into it, such as: python train.py {{arch_json}}"
        )
    if shutil.which(words[0]) is None:
        raise ConfigError(f"{words[0]!r} of the command {command!r} is no program that can be run")


def _first_line(command: str) -> str:
    """A command as it may stand within single quotes within double ones."""
    plain = "'" not in command and '"' not in command
    return command if plain else "..."


def _only_for_a_shell(command: str, words: list[str]) -> str | None:
    """The first word of a command that only a shell understands, or None."""
    if re.match(r"[A-Za-z_]\w*=", words[0]) or words[0] in _BUILTIN:
        return words[0]
    # with their quotes, so that a quoted "|" is the user's own word
    lexer = shlex.shlex(command, posix=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    operator = re.compile(r"\|\|?|&&?|;|<|[0-9&]?>>?[^>]*|.*[^\\];")
    for word in lexer:
        if operator.fullmatch(word) or _EXPANDED.match(word):
            return word
    return None


def filled_in(command: str, replacements: Mapping[str, str]) -> list[str]:
    """The words of a command, with texts in place of its placeholders."""
    words = _words(command)
    filled = []
    for place, word in enumerate(words):
        # the line that a shell is given would be split once more
        before = words[max(0, place - 2) : place]
        in_shell = len(before) == 2 and Path(before[0]).name in _SHELLS and before[1] == "-c"
        for placeholder, text in replacements.items():
            if in_shell:
                word = _quoted_in(word, placeholder, text)
            else:
                word = word.replace(placeholder, text)
        filled.append(word)
    return filled


def _quoted_in(line: str, placeholder: str, text: str) -> str:
    """A shell's line with a text in place of a placeholder, quotes around that included."""
    mark = re.escape(placeholder)
    return re.sub(f"'{mark}'|\"{mark}\"|{mark}", lambda _: shlex.quote(text), line)


def _words(command: str) -> list[str]:
    """The words of a command, as the shell would split it."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"the command {command!r} cannot be split into words ({error})") from None
    if not words:
        raise ConfigError("the command is empty; give one such as: python train.py {arch_json}")
    return words


def run_command(words: list[str], errors: IO[bytes], result: str | None = None) -> float:
    """The number that a command gives as its result.

    Args:
        words: of the command.
        errors: takes what it prints on standard error, and the end of the rest, whatever ends it.
        result: the form of the result, as `nasflow.search.result_form` has them.

    Raises:
        FailedError: it ended without one.
    """
    form = result_form(result)
    if sys.platform == "linux":
        words = [sys.executable, "-I", "-S", "-c", _WITH_PARENT, *words]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as output:
        result_file = Path(folder) / "result"
        process = _started(words, output, errors, result_file)
        try:
            code = process.wait()
        finally:
            _kill_group(process)  # also what it left running behind itself
            # for the tail, also where the time limit has ended it
            lines = end_of(output, _TAIL_BYTES).splitlines()
            errors.seek(0, os.SEEK_END)
            errors.write("\n".join(lines[-_TAIL_LINES:]).encode())
        if code < 0:
            raise FailedError(f"the command was ended by signal {-code}")
        if code > 0:
            raise FailedError(f"the command ended with exit code {code}")
        written = _content(result_file)
        value = form.in_file(written) if written else form.last_in(output)
    if value is None and written:
        start = written[:80].decode(errors="replace")
        raise FailedError(f"the file ${VARIABLE} holds no {form.wanted}, but {start!r}")
    if value is None:
        raise FailedError(f"the command printed no {form.wanted}")
    return value


def _started(
    words: list[str], output: IO[bytes], errors: IO[bytes], result_file: Path
) -> subprocess.Popen[bytes]:
    """The process of a command.

    Raises:
        FailedError: the system starts none, for one because an argument is too long for it.
    """
    try:
        # a session of its own makes it the head of a process group, which can be killed as a whole
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
            env={**os.environ, VARIABLE: str(result_file)},
        )
    except (OSError, ValueError) as error:
        raise FailedError(f"the command cannot be started ({error})") from None


def _content(path: Path) -> bytes:
    """The beginning of the file that a command wrote; nothing where there is none."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        return file.read(_RESULT_BYTES).strip()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """End a command and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_of(file: IO[bytes], n_bytes: int) -> str:
    """The last bytes of a file as text, whatever they are."""
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - n_bytes))
    return file.read().decode(errors="replace")
