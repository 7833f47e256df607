"""What test workers run: importable by name in a new process."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path


def add(a: int, b: int) -> int:
    return a + b


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(flag: str, result: int) -> int:
    if not Path(flag).exists():
        Path(flag).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return result


def fail() -> None:
    raise ZeroDivisionError("on purpose")


def late_half(number: int) -> float:
    """Half of a number, the later the smaller it is."""
    time.sleep(0.02 * (number % 2 == 0))
    return number / 2


def half_or_fail(number: int) -> float:
    """Half of a number that is not negative."""
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number / 2


def name_unless_new(path: str) -> str:
    """The file's name; the process dies where there was none, and makes it if it can."""
    if not Path(path).is_file():
        if not Path(path).is_dir():
            Path(path).touch()
        die()
    return Path(path).name
