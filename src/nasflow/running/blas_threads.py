"""`blas_threads_for`: as many threads of NumPy's and SciPy's algebra as matrices are worth.

OpenBLAS takes all cores for a product of two 100 x 100 matrices, and its threads wait for each
other in a loop that keeps the cores busy: where anything else runs, a Gaussian process on 100
labels takes three times the processor's time.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

from threadpoolctl import ThreadpoolController

from nasflow.running.environment import n_threads

NUMBERS_PER_THREAD = 2**20
"""Of the largest matrix; below that a second thread gains nothing on a quiet machine."""


@contextlib.contextmanager
def blas_threads_for(n_numbers: int) -> Iterator[None]:
    """A block whose matrix products use as many threads as matrices of so many numbers are worth.

    Never more than are set; with `NASFLOW_THREADS` exactly that many. Call it when SciPy's algebra
    is imported: libraries that are loaded later are not seen.
    """
    controller = _controller()
    allowed = max([library["num_threads"] for library in controller.info()], default=1)
    wanted = n_threads() or max(1, min(allowed, n_numbers // NUMBERS_PER_THREAD))
    if wanted == allowed:
        yield
        return
    with controller.limit(limits=wanted, user_api="blas"):
        yield


@functools.cache
def _controller() -> ThreadpoolController:
    """The libraries of linear algebra that are loaded; finding them takes milliseconds."""
    return ThreadpoolController().select(user_api="blas")
