"""One function of many things by several processes: the order of the things, and little memory."""

from __future__ import annotations

import itertools

import pytest

from nasflow.running.in_order import in_order
from nasflow.running.workers import WorkerError
from worker_functions import half_or_fail, late_half, name_unless_new


@pytest.mark.parametrize("n_workers", [1, 2])
def test_results_come_in_the_order_of_the_things(n_workers: int) -> None:
    assert list(in_order(late_half, range(7), n_workers)) == [n / 2 for n in range(7)]
    assert list(in_order(late_half, [], n_workers)) == []


def test_things_are_asked_for_as_they_are_needed() -> None:
    n_asked = itertools.count()
    things = (next(n_asked) for _ in range(1000))
    results = in_order(late_half, things, 2)
    assert [next(results) for _ in range(3)] == [0, 0.5, 1]
    assert next(n_asked) <= 3 + 2 * 2 + 1
    results.close()


@pytest.mark.parametrize("n_workers", [1, 2])
def test_an_error_comes_when_it_is_the_things_turn(n_workers: int) -> None:
    results = in_order(half_or_fail, [4, 2, -1, 6], n_workers)
    assert [next(results), next(results)] == [2, 1]
    with pytest.raises(ValueError, match="-1"):
        next(results)


def test_a_thing_that_a_worker_died_on_is_done_again(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("deaths")
    assert list(in_order(name_unless_new, [f"{folder}/a", f"{folder}/b"], 2)) == ["a", "b"]
    with pytest.raises(WorkerError, match="died twice"):
        list(in_order(name_unless_new, ["/"], 2))
