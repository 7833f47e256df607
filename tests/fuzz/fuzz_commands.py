"""Random commands of `nasflow` on small files.

    python tests/fuzz/fuzz_commands.py --commands 2000 --seed 0

Each command runs in this process and must end with exit status 0, or with 2 or 130 and one line on
standard error: never in a traceback, never in a hang. Command number i of a seed is the same
everywhere, so a failure is repeated with `--seed S --first i --commands 1`. Of each kind of failure
one is shown, with the fewest words that still fail so.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import io
import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import nasflow

# for a run as a script: pytest has this folder on its path
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz.command_files import make_files
from fuzz.commands import draw_command
from nasflow.cli import main as nasflow_main

BUSY_SECONDS = 30.0  # of CPU time: a busy machine is no hang
HANG_SECONDS = 300.0  # of the clock: what waits for another process uses no time of this one
LEGAL_CODES = (0, 2, 130)
_PACKAGES = Path(nasflow.__file__).parents[1]
_STOPPED = "nasflow: stopped, since the first "
_BEFORE = re.compile(r"nasflow: note: |\d+/\d+ ")
# what Python shows to no user by itself; of a file that was left open it should
_HIDDEN = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
_UNREAD = " --help"
"""How the error ends where an option is none, or a value of another kind."""


class Hang(BaseException):
    """A command that takes too long; no `except Exception` may catch it."""


@dataclass(frozen=True)
class Failure:
    """What a command did that none may do."""

    kind: str
    """The same for all that fail alike: the error and where it was raised."""
    report: str
    """All there is to say."""


@dataclass(frozen=True)
class Failed:
    """A command that failed, under the number that repeats it."""

    number: int
    words: list[str]
    failure: Failure


def run(words: list[str]) -> tuple[str, Failure | None]:
    """The outcome of a command in the current folder, and what is wrong with it.

    The outcome is `exit 2` or the like, `exit 2 unread` where the work never began.
    """
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    err = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    code: object = 0
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        warnings.catch_warnings(record=True) as warned,
    ):
        # each command of a shell is a new process, which warns anew
        warnings.simplefilter("default")
        try:
            nasflow_main(words)
            out.flush()
        except SystemExit as stop:
            code = stop.code or 0
        except (Exception, Hang) as error:
            return "FAILED", _raised(error)
    if code not in LEGAL_CODES:
        return "FAILED", Failure(f"exit {code}", "an exit status that no command has")
    text = _text(err)
    unclosed = [warning for warning in warned if issubclass(warning.category, ResourceWarning)]
    if unclosed:
        return "FAILED", Failure("something left open", str(unclosed[0].message))
    shown = [warning for warning in warned if not issubclass(warning.category, _HIDDEN)]
    said = [f"{warning.category.__name__}: {warning.message}" for warning in shown]
    said += text.splitlines()
    if code and not _is_one_line(said):
        kind = f"exit {code}, not one line: {said[0] if said else 'nothing'}"
        return "FAILED", Failure(kind[:100], "\n".join(said))
    is_unread = text.rstrip().endswith(_UNREAD)
    return f"exit {code}{' unread' if is_unread else ''}", None


def _is_one_line(said: list[str]) -> bool:
    """Whether what stands on standard error is one line that names what is wrong."""
    # a search may have shown its trainings by then, and ends with what the last of them wrote
    if any(line.startswith(_STOPPED) for line in said):
        return True
    lines = [line for line in said if not _BEFORE.match(line)]
    return len(lines) == 1 and lines[0].startswith("nasflow: ")


def _raised(error: BaseException) -> Failure:
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGES)]
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "nowhere"
    report = "".join(traceback.format_exception(error, limit=-6))
    return Failure(f"{type(error).__name__} at {place}", report)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw = stream.buffer
    assert isinstance(raw, io.BytesIO)
    return raw.getvalue().decode()


@contextlib.contextmanager
def fresh_copy(files: Path) -> Iterator[None]:
    """A block in a working folder of its own, which holds copies of the files."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="nasflow-fuzz-") as root:
        # one level down, since a command may write to ..
        folder = Path(root) / "work"
        shutil.copytree(files, folder)
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


def attempt(words: list[str], files: Path) -> tuple[str, Failure | None]:
    """`run` in a fresh copy of the files, cut off where it takes too long."""

    def hang(*_: object) -> None:
        raise Hang

    attempted: tuple[str, Failure | None] | None = None
    limits = (
        (signal.SIGALRM, signal.ITIMER_REAL, HANG_SECONDS),
        (signal.SIGPROF, signal.ITIMER_PROF, BUSY_SECONDS),
    )
    previous = [signal.signal(number, hang) for number, _, _ in limits]
    try:
        for _, timer, seconds in limits:
            signal.setitimer(timer, seconds)
        with fresh_copy(files):
            attempted = run(words)
    except Hang as error:  # while the folder was made or removed
        return attempted or ("FAILED", _raised(error))
    finally:
        for (number, timer, _), handler in zip(limits, previous, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)
    return attempted


def shortest(words: list[str], failure: Failure, files: Path) -> list[str]:
    """The words without those that the failure does not need."""
    place = 0
    while place < len(words):
        fewer = words[:place] + words[place + 1 :]
        _, other = attempt(fewer, files)
        if other is not None and other.kind == failure.kind:
            words = fewer
        else:
            place += 1
    return words


@contextlib.contextmanager
def prepared() -> Iterator[Path]:
    """The folder with the files, in surroundings where nothing else is to be found."""
    names = ("NASFLOW_DATA", "NASFLOW_CACHE", "COLUMNS")
    before = {name: os.environ.get(name) for name in names}
    folder_before = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="nasflow-fuzz-") as root:
        files = Path(root) / "files"
        files.mkdir()
        os.environ.pop("NASFLOW_DATA", None)
        os.environ["NASFLOW_CACHE"] = str(Path(root) / "cache")
        os.environ["COLUMNS"] = "80"
        os.chdir(files)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                make_files(files)
            yield files
        finally:
            os.chdir(folder_before)
            for name, value in before.items():
                os.environ.pop(name, None)
                if value is not None:
                    os.environ[name] = value


def fuzz(
    n_commands: int, seed: int, files: Path, first: int = 0
) -> tuple[Counter[tuple[str, str]], list[Failed]]:
    """How many commands of each name had each outcome, and those that failed."""
    outcomes: Counter[tuple[str, str]] = Counter()
    failed = []
    for number in range(first, first + n_commands):
        # of its own for each command, so that any can be repeated alone
        name, words = draw_command(np.random.default_rng([seed, number]))
        outcome, failure = attempt(words, files)
        outcomes[name, outcome] += 1
        if failure is not None:
            failed.append(Failed(number, words, failure))
    return outcomes, failed


def main() -> int:
    """Run, print the outcomes by command, and return 1 if any failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--commands", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, help="number of the first command")
    arguments = parser.parse_args()
    faulthandler.enable()  # a crash of C code would else say nothing
    started = time.monotonic()
    outcomes: Counter[tuple[str, str]] = Counter()
    failed: list[Failed] = []
    with prepared() as files:
        for start in range(0, arguments.commands, 50):
            size = min(50, arguments.commands - start)
            more, wrong = fuzz(size, arguments.seed, files, arguments.first + start)
            outcomes += more
            failed += wrong
            for one in wrong:
                # at once, in case the run does not come to its end
                print(f"\nnumber {one.number}: {one.failure.kind}", file=sys.stderr)
            seconds = time.monotonic() - started
            print(
                f"\r{start + size:,} commands, {len(failed)} failed, {seconds:.0f} s",
                end="",
                file=sys.stderr,
            )
        print(file=sys.stderr)
        for name in sorted({name for name, _ in outcomes}):
            counts = [
                f"{outcome} {n:,}" for (own, outcome), n in sorted(outcomes.items()) if own == name
            ]
            print(f"{name:12} {', '.join(counts)}")
        kinds: dict[str, list[Failed]] = {}
        for one in failed:
            kinds.setdefault(one.failure.kind, []).append(one)
        for kind, alike in sorted(kinds.items(), key=lambda item: -len(item[1])):
            one = min(alike, key=lambda one: len(one.words))
            words = shortest(one.words, one.failure, files)
            again = f"--seed {arguments.seed} --first {one.number} --commands 1"
            print(f"\n{len(alike)} x {kind}\n    nasflow {shlex.join(words)}\n    {again}")
            print(one.failure.report)
    seconds = time.monotonic() - started
    print(f"{arguments.commands:,} commands in {seconds:.0f} s: {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
