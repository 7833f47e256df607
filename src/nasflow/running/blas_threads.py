"""`blas_threads_for`: as many threads of NumPy's and SciPy's algebra as matrices are worth.

OpenBLAS takes all cores for a product of two 100 x 100 matrices, and its threads wait for each
other in a loop that keeps the cores busy: where anything else runs, a Gaussian process on 100
labels takes three times the processor's time.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

import scipy.linalg  # noqa: F401 - it brings a library of its own, which is not seen before
from threadpoolctl import ThreadpoolController

from nasflow.running.environment import n_threads

NUMBERS_PER_THREAD = 2**20
"""Of the largest matrix; below that a second thread gains nothing on a quiet machine."""


@contextlib.contextmanager
def blas_threads_for(n_numbers: int) -> Iterator[None]:
    """A block whose matrix products use as many threads as matrices of so many numbers are worth.

    Never more than are set; with `NASFLOW_THREADS` exactly that many.
    """
    allowed = _allowed()
    wanted = n_threads() or max(1, min(allowed, n_numbers // NUMBERS_PER_THREAD))
    with _limited(wanted, allowed):
        yield


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """A block whose matrix products use one thread each, such as one that has its own threads."""
    with _limited(1, _allowed()):
        yield


def usable_threads() -> int:
    """As many threads as `NASFLOW_THREADS` says, or else matrix products may use."""
    return n_threads() or _allowed()


def _allowed() -> int:
    return max([library["num_threads"] for library in _controller().info()], default=1)


@contextlib.contextmanager
def _limited(wanted: int, allowed: int) -> Iterator[None]:
    """A block with `wanted` threads, where `allowed` are set."""
    if wanted == allowed:
        yield
        return
    with _controller().limit(limits=wanted, user_api="blas"):
        yield


@functools.cache
def _controller() -> ThreadpoolController:
    """The libraries of linear algebra that are loaded; finding them takes milliseconds."""
    return ThreadpoolController().select(user_api="blas")
