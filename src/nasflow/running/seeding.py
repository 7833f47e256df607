"""Seeds as arguments: a block of code with a random state of its own."""

from __future__ import annotations

import contextlib
import hashlib
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
