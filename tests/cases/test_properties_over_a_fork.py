"""A process was forked while another thread computed a property, and waited for ever in its child.

Up to Python 3.11 `functools.cached_property` has one lock for all objects of a class.
"""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest

import nasflow
from nasflow.graphs.architecture import Architecture
from nasflow.running.cached import cached_property

SOURCE = Path(nasflow.__file__).parent
# what a study and its strategies compute in a forked process
ROOMS = ("graphs", "spaces", "datasets", "features", "pretext", "search")


class Slow:
    """An object with a property that waits for a word."""

    def __init__(self, word: threading.Event | None = None) -> None:
        self.word, self.begun = word, threading.Event()
        self.n_computed = 0

    @cached_property
    def number(self) -> int:
        """A number."""
        self.n_computed += 1
        self.begun.set()
        if self.word is not None:
            self.word.wait(60)
        return 7


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_a_fork_computes_what_a_thread_of_its_parent_is_computing() -> None:
    slow = Slow(threading.Event())
    thread = threading.Thread(target=lambda: slow.number)
    thread.start()
    assert slow.begun.wait(30)
    child = multiprocessing.get_context("fork").Process(target=lambda: Slow().number)
    try:
        child.start()
        child.join(30)
        assert child.exitcode == 0
    finally:
        child.kill()
        assert slow.word is not None
        slow.word.set()
        thread.join()
    assert slow.number == 7


def test_a_property_is_computed_once_for_each_object() -> None:
    first, second = Slow(), Slow()
    assert [first.number, first.number, second.number] == [7, 7, 7]
    assert first.n_computed == second.n_computed == 1
    assert isinstance(Slow.number, cached_property)
    assert Slow.number.__doc__ == "A number."


def test_threads_that_compute_it_at_once_get_one_object() -> None:
    class Shared:
        barrier = threading.Barrier(2)

        @cached_property
        def thing(self) -> object:
            self.barrier.wait(30)
            return object()

    shared = Shared()
    seen: list[object] = []
    threads = [threading.Thread(target=lambda: seen.append(shared.thing)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [shared.thing, shared.thing]


def test_a_property_of_a_frozen_class_is_kept() -> None:
    architecture = Architecture(("input", "conv", "output"), ((0, 1), (1, 2)))
    assert architecture.predecessors is architecture.predecessors == ((), (0,), (1,))


@pytest.mark.parametrize("room", ROOMS)
def test_no_property_there_has_a_lock(room: str) -> None:
    for path in (SOURCE / room).rglob("*.py"):
        text = path.read_text()
        assert "from functools import cached_property" not in text, path
        assert "functools.cached_property" not in text, path
