"""Small matrices are multiplied on one thread, large ones on as many as there are."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg  # noqa: F401 - what is not loaded is not seen
from threadpoolctl import ThreadpoolController

from nasflow.errors import ConfigError
from nasflow.prediction.gp import GaussianProcess
from nasflow.running import blas_threads
from nasflow.running.blas_threads import NUMBERS_PER_THREAD, blas_threads_for


def n_threads() -> set[int]:
    """The numbers of threads of all libraries of linear algebra."""
    info = ThreadpoolController().select(user_api="blas").info()
    return {library["num_threads"] for library in info}


@pytest.fixture(autouse=True)
def two_threads() -> object:
    """A machine that lets algebra use two threads."""
    with ThreadpoolController().limit(limits=2, user_api="blas"):
        yield


def test_small_matrices_have_one_thread_and_large_ones_all() -> None:
    with blas_threads_for(10_000):
        assert n_threads() == {1}
        with blas_threads_for(2 * NUMBERS_PER_THREAD):
            assert n_threads() == {1}, "never more than are set"
    assert n_threads() == {2}
    with blas_threads_for(2 * NUMBERS_PER_THREAD):
        assert n_threads() == {2}


def test_an_error_gives_the_threads_back() -> None:
    with pytest.raises(ZeroDivisionError), blas_threads_for(1):
        raise ZeroDivisionError
    assert n_threads() == {2}


def test_a_number_in_the_environment_is_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NASFLOW_THREADS", "2")
    with blas_threads_for(1):
        assert n_threads() == {2}
    monkeypatch.setenv("NASFLOW_THREADS", "many")
    with pytest.raises(ConfigError, match="NASFLOW_THREADS=many"), blas_threads_for(1):
        pass


def test_a_process_on_few_labels_asks_for_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = []
    spy = blas_threads.blas_threads_for

    def noted(n_numbers: int) -> object:
        with spy(n_numbers):
            wanted.append(n_threads())
        return spy(n_numbers)

    monkeypatch.setattr("nasflow.prediction.gp.blas_threads_for", noted)
    x = np.linspace(0, 1, 8)[:, None]
    GaussianProcess().fit(x, np.sin(6 * x[:, 0])).predict(x)
    assert wanted == [{1}, {1}]
