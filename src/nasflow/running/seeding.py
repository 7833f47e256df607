"""Seeds as arguments: a block of code with a random state of its own."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def seeded(seed: int, purpose: str) -> Iterator[None]:
    """A block in which torch draws from a state made of `seed` and `purpose`, not from its own.

    Different purposes give unrelated draws, so that drawing more for one does not shift another.
    """
    mixed = int.from_bytes(hashlib.sha256(f"{seed} {purpose}".encode()).digest()[:7])
    with torch.random.fork_rng():
        torch.manual_seed(mixed)
        yield


_of_thread = threading.local()


@contextlib.contextmanager
def drawing_from(generator: torch.Generator) -> Iterator[None]:
    """A block in which this thread's `own_generator` is `generator`.

    For work that several threads do at once: torch's own generator is one for all of them, and who
    draws first would be chance.
    """
    before = own_generator()
    _of_thread.generator = generator
    try:
        yield
    finally:
        _of_thread.generator = before


def own_generator() -> torch.Generator | None:
    """What this thread draws from; None, which stands for torch's own, outside `drawing_from`."""
    generator: torch.Generator | None = getattr(_of_thread, "generator", None)
    return generator
