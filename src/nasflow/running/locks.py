"""Locks of the system on files: let go of when their holder is killed, and not carried into forks.

A forked process has the descriptors of its parent, and with them a share in its locks: where the
parent only closed the file, the lock would last as long as the child.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from typing import IO, Any

# descriptors of the locks that this process holds
_held: set[int] = set()


@contextlib.contextmanager
def exclusive(file: IO[Any]) -> Iterator[None]:
    """A block in which nobody else, process or thread, holds the lock of the open file."""
    fcntl.flock(file, fcntl.LOCK_EX)
    holder = os.getpid()
    _held.add(file.fileno())
    try:
        yield
    finally:
        # a child that was forked inside the block must not let go of what its parent holds
        if os.getpid() == holder:
            _held.discard(file.fileno())
            fcntl.flock(file, fcntl.LOCK_UN)


@contextlib.contextmanager
def try_exclusive(file: IO[Any]) -> Iterator[bool]:
    """As `exclusive`, but never waits: whether the lock was to be had."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
        return
    # to be had, and so to be held as any other
    with exclusive(file):
        yield True


def _drop_in_child() -> None:
    """Give up the parent's locks, without letting go of them for the parent."""
    null = os.open(os.devnull, os.O_RDWR)
    # not closed: what the file objects hold back would be written once more, and their numbers
    # would come back for other files
    for descriptor in _held:
        os.dup2(null, descriptor, inheritable=False)
    os.close(null)
    _held.clear()


os.register_at_fork(after_in_child=_drop_in_child)
