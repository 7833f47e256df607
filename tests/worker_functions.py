"""What test workers run: importable by name in a new process."""

from __future__ import annotations

import os
import signal
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
