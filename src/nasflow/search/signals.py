"""Signals that ask a process to end, and what they become: Ctrl-C, whoever sends them."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from multiprocessing import resource_tracker
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGHUP)
"""What a batch system sends before it kills, and what a terminal that is closed does."""

Handler = Callable[[int, FrameType | None], object]


@contextlib.contextmanager
def handled_by(handler: Handler) -> Iterator[None]:
    """A block in which a handler is called of the signals that ask for the end.

    What is ignored stays so: `nohup` means that a closed terminal ends nothing.
    """
    former = {}
    # Python lets the main thread alone set handlers
    if threading.current_thread() is threading.main_thread():
        for number in ENDING:
            if signal.getsignal(number) is not signal.SIG_IGN:
                former[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, former_handler in former.items():
            signal.signal(number, former_handler)


def interrupt(*_: object) -> None:
    """A handler that does what Ctrl-C does."""
    raise KeyboardInterrupt


def start_resource_tracker() -> None:
    """Start the helper process of `multiprocessing`, deaf to the end of the terminal.

    It ignores the other signals by itself; ended before the search, it could not tidy up, and says
    so with warnings.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    # a new process inherits what is ignored
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        resource_tracker.ensure_running()
    finally:
        signal.signal(signal.SIGHUP, former)
