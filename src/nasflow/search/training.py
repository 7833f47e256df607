"""One training in a worker process: a function or a command becomes a number or a reason.

A function takes an `Architecture` and returns a number. A command prints one or writes it into a
file (`nasflow.search.result_form`). Anything else is a failure with a reason and the tail of what
was printed. The worker itself tells the study, so a result is kept even if the search that started
the training was killed meanwhile.

Nothing outlasts its time limit: a signal interrupts Python code, a watchdog in C ends a worker that
does not react to it, and a command is killed with all that it started. A command dies with its
worker (on Linux).
"""

from __future__ import annotations

import contextlib
import faulthandler
import importlib
import importlib.util
import json
import math
import os
import signal
import socket
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import IO, Any, NoReturn

from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.search import owner
from nasflow.search.command import FailedError, check_command, end_of, filled_in, run_command
from nasflow.search.result_form import result_form
from nasflow.search.signals import handled_by
from nasflow.search.store import Store

Train = str | Callable[[Architecture], float]

GRACE_SECONDS = 5.0  # after its limit, before a worker that does not react is ended
_LONGEST = 1e8  # seconds, three years: the system's clocks take no limit of any size
_TAIL = 1500  # bytes of output kept with a failure


@dataclass(frozen=True)
class Training:
    """All that a worker needs."""

    study: str
    """Path of the study's file."""
    number: int
    """The trial's."""
    architecture: Architecture
    notation: str
    """The architecture in its space's notation."""
    train: Train
    """A function; `module:function` or `file.py:function`; or a command."""
    limit: float
    """Seconds it may take."""
    former: str
    """The process that asked for the trial."""
    result: str | None = None
    """How a command says its result, as `nasflow.search.result_form` has it."""


class TimeUp(BaseException):
    """The time limit, raised inside the user's code.

    It is no Exception, so that an `except Exception` there does not catch it.
    """


class Stopped(BaseException):
    """The search was stopped in an orderly way; raised inside the user's code."""


def check_train(train: Train, result: str | None = None) -> None:
    """Return if workers will be able to run `train`, and to read its result.

    Raises:
        ConfigError: a function that cannot be imported, a command without a placeholder or that is
        not there, a form of result that there is not.
    """
    if result is not None and not (isinstance(train, str) and not is_function(train)):
        raise ConfigError(
            f"--result {result} says how to read what a command prints; a function returns a number"
        )
    if not isinstance(train, str):
        # `<lambda>` and `<locals>` stand in the names of what no other process can import
        if not callable(train) or "<" in getattr(train, "__qualname__", "<"):
            raise ConfigError(
                f"train is {train!r}; workers import it, so it must be a function at the top level"
                " of a module (no lambda, no method of a local class)"
            )
        return
    if is_function(train):
        load_function(train)
        return
    check_command(train)
    result_form(result)


def is_function(train: str) -> bool:
    """Whether `train` names a function (`train.py:accuracy`), not a command."""
    return ":" in train and not any(character in train for character in " {")


def load_function(name: str) -> Callable[[Architecture], float]:
    """The function of `module:function` or `file.py:function`.

    Raises:
        ConfigError: it cannot be imported, or is no function.
    """
    module_name, _, attribute = name.rpartition(":")
    try:
        if module_name.endswith(".py"):
            module = _module_of_file(module_name)
        else:
            # a module of the folder that the search was started in, as with `python -m`
            sys.path.insert(0, os.getcwd())
            module = importlib.import_module(module_name)
        function: Callable[[Architecture], float] = getattr(module, attribute)
    except Exception as error:
        raise ConfigError(
            f"{name} cannot be imported ({type(error).__name__}: {error}); legal: module:function"
            " or file.py:function"
        ) from None
    if not callable(function):
        raise ConfigError(f"{name} is {function!r}, no function")
    return function


def _module_of_file(path: str) -> ModuleType:
    """The module in a Python file, run now."""
    spec = importlib.util.spec_from_file_location(Path(path).stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # its neighbours can be imported, as in a script
    sys.path.insert(0, str(Path(path).absolute().parent))
    spec.loader.exec_module(module)
    return module


def train_and_tell(training: Training) -> None:
    """Run one training in this process, and tell the study what came of it.

    Does nothing if the trial is no longer the process's that handed it over.
    """
    store = Store(training.study)
    worker = owner.this_process()
    # from here on the trial is the worker's: it outlives the search that handed it over
    if not store.claim([training.number], training.former, worker, begin=True):
        return
    store.keep_beating()
    # a signal to its group reaches it twice, the second time by the search: what follows the first
    # must not be cut off
    with handled_by(lambda *_: None):
        try:
            value, reason = outcome(training)
        except Stopped:
            store.put_back(training.number, worker, uncount=True)
            return
    # nothing is recorded if the trial became another process's meanwhile
    store.finish(training.number, value, reason, owner=worker)


def outcome_in(training: Training, folder: str) -> tuple[float | None, str | None]:
    """`outcome`, in a working directory, for a worker on a machine of its own.

    Raises:
        ConfigError: this machine lacks the folder, or what is to be trained with: no fault of the
        architecture. SystemExit: the worker was asked to end; its caller sees that it died.
    """
    try:
        os.chdir(folder)
        check_train(training.train, training.result)
    except (OSError, ConfigError) as error:
        raise ConfigError(f"{socket.gethostname()} cannot train: {error}") from None
    try:
        return outcome(training)
    except Stopped:
        raise SystemExit from None


def outcome(training: Training) -> tuple[float | None, str | None]:
    """Value and None, or None and the reason why there is no value."""
    is_command = isinstance(training.train, str) and not is_function(training.train)
    train = _run if is_command else _call
    with tempfile.TemporaryFile() as printed:
        try:
            with _time_limit(training.limit, printed):
                return train(training, printed), None
        except TimeUp:
            return None, _with_tail(f"took longer than {training.limit:g} s", printed)
        except FailedError as error:
            return None, _with_tail(str(error), printed)


def _storable(text: str) -> str:
    """A text that any file takes: a name of bytes that are no text comes with lone surrogates."""
    return text.encode(errors="backslashreplace").decode()


def _call(training: Training, printed: IO[bytes]) -> float:
    """What the user's function returns, as a number."""
    with _printing_to(printed):
        try:
            train = training.train
            function = load_function(train) if isinstance(train, str) else train
            result: Any = function(training.architecture)
        except (TimeUp, Stopped):
            raise
        except BaseException as error:  # SystemExit as well: it must not end the worker
            frame = traceback.extract_tb(error.__traceback__)[-1]
            line = f"{Path(frame.filename).name}, line {frame.lineno}"
            raise FailedError(f"raised {type(error).__name__}: {error} ({line})") from None
    # float() would read texts and booleans as well
    if isinstance(result, (str, bytes, bool)) or result is None:
        raise FailedError(f"returned {result!r}, no number")
    try:
        value = float(result)
    except Exception:  # whatever the class of the result raises
        raise FailedError(
            f"returned {str(result)[:80]} ({type(result).__name__}), no number"
        ) from None
    if not math.isfinite(value):
        raise FailedError(f"returned {value}")
    return value


def _run(training: Training, errors: IO[bytes]) -> float:
    """The number that the user's command gives."""
    replacements = {
        "{arch_json}": json.dumps(training.architecture.to_dict()),
        "{arch}": training.notation,
        "{number}": str(training.number),
    }
    words = filled_in(str(training.train), replacements)
    value = run_command(words, errors, training.result)
    if not math.isfinite(value):
        raise FailedError(f"the command printed {value}")
    return value


@contextlib.contextmanager
def _time_limit(seconds: float, log: IO[bytes]) -> Iterator[None]:
    """A block that `TimeUp` ends after `seconds`.

    If it cannot be interrupted, the process ends a little later. Being asked to end
    (SIGTERM, SIGHUP) raises `Stopped` in it.
    """

    def time_up(*_: object) -> NoReturn:
        raise TimeUp

    is_stopped = False

    def stopped(*_: object) -> None:
        nonlocal is_stopped
        # once: a second signal must not end what tidies up after the first
        if not is_stopped:
            is_stopped = True
            raise Stopped

    former_handler = signal.signal(signal.SIGALRM, time_up)
    seconds = min(seconds, _LONGEST)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    # Python's handlers wait until C code returns; this watchdog is a thread of C and waits for none
    faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, exit=True, file=log)
    try:
        with handled_by(stopped):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, former_handler)


@contextlib.contextmanager
def _printing_to(file: IO[bytes]) -> Iterator[None]:
    """A block in which all that the process prints, from Python or past it, goes to a file."""
    # by their descriptors: libraries in C print past Python's sys.stdout and sys.stderr
    copies = {descriptor: os.dup(descriptor) for descriptor in (1, 2)}
    text = os.fdopen(os.dup(file.fileno()), "w", errors="replace", buffering=1)
    try:
        for descriptor in copies:
            os.dup2(file.fileno(), descriptor)
        with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            yield
    finally:
        for descriptor, copy in copies.items():
            os.dup2(copy, descriptor)
            os.close(copy)
        with contextlib.suppress(OSError, ValueError):  # closed by the user's code
            text.close()


def _with_tail(reason: str, printed: IO[bytes]) -> str:
    """A reason, with the end of what was printed behind it."""
    tail = end_of(printed, _TAIL).strip()
    return _storable(f"{reason}; its output ended: {tail}" if tail else reason)
