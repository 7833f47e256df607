"""Forked processes told 20 results of one study without an error, and 3 were in the file."""

from __future__ import annotations

import multiprocessing
import os
import threading
from pathlib import Path

import pytest

from nasflow.running.journal import Journal
from nasflow.running.locks import exclusive
from nasflow.search import Problem, Study
from search_spaces import CHAIN, worth

fork = multiprocessing.get_context("fork")


def tell_some(study: Study, first: int, n: int) -> None:
    table = CHAIN.enumerate()
    for row in range(first, first + n):
        study.tell(table[row], worth(table[row]))


def in_forks(study: Study, n_forks: int) -> None:
    """Each fork tells five results."""
    children = [
        fork.Process(target=tell_some, args=(study, 5 * child, 5)) for child in range(n_forks)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0


def test_what_forks_tell_is_in_the_file_whoever_closes_it_when(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    study.ask()
    gate = fork.Event()

    def tell_after(event: object, first: int) -> None:
        study.trials()
        gate.wait(30)
        tell_some(study, first, 5)

    children = [fork.Process(target=tell_after, args=(gate, 5 * child)) for child in range(4)]
    for child in children:
        child.start()
    # the log of an inherited connection is deleted by this
    study.store.close()
    gate.set()
    for child in children:
        child.join()
    again = Study(tmp_path / "a", Problem(CHAIN), "random")
    assert sum(trial.state == "done" for trial in again.trials()) in (20, 21)
    study.tell(CHAIN.enumerate()[80], 1.0)
    assert again.find(CHAIN.enumerate()[80]) is not None


def test_parent_and_forks_tell_at_once(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    # a fork while another thread imports a module could never import it
    tell_some(study, 70, 1)
    teller = threading.Thread(target=tell_some, args=(study, 40, 20))
    teller.start()
    in_forks(study, 4)
    teller.join()
    assert len(Study(tmp_path / "a", Problem(CHAIN), "random").trials()) == 41


def ask_and_tell(study: Study, parent: str) -> None:
    (trial,) = study.ask()
    assert study.me != parent
    assert study.owns(trial.number)
    assert study.store._heart is not None
    assert study.store._heart.is_alive()
    study.tell(trial, 1.0)


def test_a_fork_owns_what_it_asks_for_and_not_what_its_parent_did(tmp_path: Path) -> None:
    study = Study(tmp_path / "a", Problem(CHAIN), "random")
    (trial,) = study.ask()
    child = fork.Process(target=ask_and_tell, args=(study, study.me))
    child.start()
    child.join()
    assert child.exitcode == 0
    assert study.owns(trial.number)
    assert [trial.state for trial in study.trials()] == ["asked", "done"]


def test_a_fork_made_while_a_lock_is_held_does_not_keep_it(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with path.open("a") as file, exclusive(file):
        child = fork.Process(target=threading.Event().wait, args=(60,))
        child.start()
    # the parent let go: nothing waits for the child
    with path.open("a") as file, exclusive(file):
        pass
    child.kill()
    child.join()


def test_a_lock_lasts_until_its_holder_lets_go_whatever_a_fork_does(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    file = path.open("a")
    with exclusive(file):
        child = fork.Process(target=file.close)
        child.start()
        child.join()
        if os.fork() == 0:
            # leaves the block in the child, as an exception there would
            try:
                raise SystemExit
            finally:
                os._exit(0)
        os.wait()
        waited = threading.Event()

        def wait_for_it() -> None:
            with path.open("a") as other, exclusive(other):
                waited.set()

        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        assert not waited.wait(0.2)
    waiting.join(10)
    assert waited.is_set()


@pytest.mark.parametrize("n", [4])
def test_forks_append_to_one_journal(tmp_path: Path, n: int) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append({"key": "parent"})
    children = [
        fork.Process(target=journal.append, args=({"key": str(child)},)) for child in range(n)
    ]
    for child in children:
        child.start()
    for child in children:
        child.join()
    assert set(journal.entries()) == {"parent", *map(str, range(n))}
