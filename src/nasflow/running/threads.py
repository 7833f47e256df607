"""`threads_for`: as many threads as a piece of work feeds; small batches run on one.

A step on a few small graphs takes tens of microseconds: threads that wait for each other take
longer than the work, and where other processes use the cores a hundred times as long (fine-tuning
on 80 labels with a load of 3 on two cores: 0.6 s on one thread, 21 s on two).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import torch

from nasflow.running.environment import n_threads

# of a layer's activations; below that a second thread gains nothing on a quiet machine
NUMBERS_PER_THREAD = 2**20


@contextlib.contextmanager
def threads_for(n_numbers: int) -> Iterator[None]:
    """A block in which torch uses as many threads as tensors of so many numbers are worth.

    Never more than torch is set to; with `NASFLOW_THREADS` exactly that many.

    Args:
        n_numbers: numbers that an operation of the work computes, such as nodes x width.
    """
    most = torch.get_num_threads()
    wanted = n_threads() or max(1, min(most, n_numbers // NUMBERS_PER_THREAD))
    with torch_threads(wanted):
        yield


@contextlib.contextmanager
def torch_threads(n: int) -> Iterator[None]:
    """A block in which torch uses `n` threads within an operation."""
    before = torch.get_num_threads()
    if n == before:
        yield
        return
    torch.set_num_threads(n)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def pool_of_single_threads(n: int) -> ThreadPoolExecutor:
    """`n` workers, within whose operations torch uses one thread each."""
    # the setting is the worker's own
    return ThreadPoolExecutor(n, initializer=torch.set_num_threads, initargs=(1,))


def n_threads_of_torch() -> int:
    """How many threads may work at once: `NASFLOW_THREADS`, or as many as torch is set to."""
    return n_threads() or torch.get_num_threads()
