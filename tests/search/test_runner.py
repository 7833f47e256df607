"""Trainings in worker processes: results, failures of every kind, limits, two processes, kills."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import search_trainers
from nasflow.cli import main
from nasflow.errors import ConfigError
from nasflow.graphs.architecture import Architecture
from nasflow.search import Problem, Study, run, runner
from nasflow.search.store import Store
from nasflow.search.strategies.registry import SearchConfig
from nasflow.search.training import Training, check_train, outcome, train_and_tell
from nasflow.spaces.nb201 import NB201

FULL = bool(os.environ.get("NASFLOW_FULL"))
BUDGET, STRATEGY = (60, "gp-onehot") if FULL else (8, "evolution")
Search = subprocess.Popen[bytes]
TRAINERS = Path(search_trainers.__file__)
SPACE = NB201()


def study(path: Path, strategy: str = "random", window: int | None = None) -> Study:
    return Study(
        path / "study.db",
        Problem(SPACE),
        SearchConfig(strategy=strategy, n_initial=4),
        window=window,
    )


def attempt(
    train: object, cell: str = "conv3x3", limit: float = 20.0
) -> tuple[float | None, str | None]:
    architecture = SPACE.from_tuple([cell, *["none"] * 5])
    return outcome(Training("", 7, architecture, SPACE.format(architecture), train, limit, ""))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (
            "none",
            (
                r"raised ZeroDivisionError: on purpose \(search_trainers.py, line \d+\); its output"
                r" ended: about to fail"
            ),
        ),
        ("skip", "returned '91.3 %', no number"),
        ("conv1x1", "returned nan"),
        ("avgpool3x3", "took longer than 0.3 s"),
    ],
)
def test_an_odd_function_is_a_failure_with_a_reason(cell: str, reason: str) -> None:
    value, seen = attempt(search_trainers.odd, cell, 0.3)
    assert value is None
    assert re.fullmatch(reason, seen or ""), seen


def test_values_that_are_no_numbers() -> None:
    for result, words in [
        (None, "returned None"),
        (True, "returned True"),
        ([1.0], "no number"),
        (float("inf"), "returned inf"),
        (b"1", "no number"),
    ]:
        value, reason = attempt(lambda _, result=result: result)
        assert value is None
        assert words in str(reason)
    assert attempt(lambda _: np.float32(0.5)) == (0.5, None)
    assert attempt(search_trainers.exits)[1] is not None


def command(code: str) -> str:
    return f"{sys.executable} -c '{code}' {{arch_json}} {{arch}} {{number}}"


def test_the_last_number_that_a_command_prints_counts() -> None:
    assert attempt(command('print(1); print(2.5); print("done")')) == (2.5, None)
    # the nodes of the JSON, the operations of the notation, the number of the trial
    code = (
        'import json, sys; n = len(json.loads(sys.argv[1])["ops"]); '
        'print(n + sys.argv[2].count("~") + int(sys.argv[3]))'
    )
    assert attempt(command(code)) == (8 + 6 + 7, None)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('print("accuracy 3")', "printed no line that is a number; its output ended: accuracy 3"),
        ('print(float("nan"))', "the command printed nan; its output ended: nan"),
        ("print(3); raise SystemExit(4)", "ended with exit code 4; its output ended: 3"),
        (
            'import sys; sys.stderr.write("no memory"); sys.exit(1)',
            "exit code 1; its output ended: no memory",
        ),
        ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9"),
        ("import time; time.sleep(60)", "took longer than 1 s"),
    ],
)
def test_an_odd_command_is_a_failure_with_the_tail_of_its_output(code: str, reason: str) -> None:
    started = time.monotonic()
    value, seen = attempt(command(code), limit=1 if "sleep" in code else 20)
    assert value is None
    assert reason in str(seen)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    ("train", "words"),
    [
        ("python train.py", "does not say where the architecture goes"),
        ("nosuchprogram {arch_json}", "is no program that can be run"),
        ("", "the command is empty"),
        ("python 'train {arch_json}", "cannot be split into words"),
        ("nosuchmodule:train", "cannot be imported"),
        (f"{TRAINERS}:nothing", "cannot be imported"),
        (f"{TRAINERS}:WORTH", "no function"),
        (lambda _: 1.0, "at the top level of a module"),
    ],
)
def test_what_cannot_be_run_is_told_before_anything_is_asked_for(train: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_train(train)  # type: ignore[arg-type]


def test_a_search_goes_on_past_every_odd_result(tmp_path: Path) -> None:
    s = study(tmp_path)
    run(s, search_trainers.odd, 12, parallel=2, limit=0.5, give_up=0)
    trials = s.trials()
    assert [t.number for t in trials] == list(range(12))
    assert all(t.finished and t.starts == 1 for t in trials)
    good = [t for t in trials if t.architecture.ops[1] == "conv3x3"]
    assert 0 < len(good) < 12
    assert {t.number for t in trials if t.state == "done"} == {t.number for t in good}
    assert all(t.value == search_trainers.worth(t.architecture) for t in good)
    assert all(t.reason for t in trials if t.state == "failed")


def test_a_worker_leaves_alone_what_is_no_longer_its_searchs(tmp_path: Path) -> None:
    s = study(tmp_path)
    (trial,) = s.ask()
    of_another = Training(
        str(s.store.path), trial.number, trial.architecture, "", search_trainers.worth, 9.0, "other"
    )
    train_and_tell(of_another)
    assert [(t.state, t.starts) for t in s.trials()] == [("asked", 1)]


def test_a_second_signal_does_not_cut_off_what_follows_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s = study(tmp_path)
    (trial,) = s.ask(1, begin=False)

    def is_told_to_end(_: Architecture) -> float:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        return 0.0

    put_back, came_through = Store.put_back, []

    def put_back_late(self: Store, *args: object, **options: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        put_back(self, *args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "put_back", put_back_late)
    former = signal.signal(signal.SIGTERM, lambda *_: came_through.append(1))
    try:
        path, elements = str(s.store.path), (trial.number, trial.architecture, "")
        train_and_tell(Training(path, *elements, is_told_to_end, 9.0, s.me))
    finally:
        signal.signal(signal.SIGTERM, former)
    assert not came_through
    assert [(t.state, t.starts) for t in s.trials()] == [("planned", 0)]


def test_a_worker_that_dies_starts_its_training_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAINING_LOG", str(tmp_path))
    s = study(tmp_path)
    run(s, f"{TRAINERS}:dies_once", 2)
    assert [(t.state, t.starts) for t in s.trials()] == [("done", 2), ("done", 1)]


@pytest.mark.parametrize(
    "train", [search_trainers.dies, search_trainers.vanishes], ids=["signal", "exit"]
)
def test_a_training_whose_worker_dies_twice_has_failed(
    tmp_path: Path, train: Callable[[Architecture], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "_LATE", 0.5)
    s = study(tmp_path)
    run(s, train, 1)
    (trial,) = s.trials()
    assert (trial.state, trial.starts) == ("failed", 2)
    assert "cut off 2 times" in str(trial.reason)


def test_what_no_signal_interrupts_is_ended_all_the_same() -> None:
    code = (
        "import sys; from nasflow.search import training; import search_trainers as t\n"
        "training.GRACE_SECONDS = 0.2\n"
        "from nasflow.spaces.nb201 import NB201; a = NB201().parse('0')\n"
        "training.outcome(training.Training('', 0, a, '', t.stuck_in_c, 0.3, ''))"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code], env=ENV, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert time.monotonic() - started < 30


ENV = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TRAINERS.parent), *sys.path])}


def searching(folder: Path, parallel: int) -> Search:
    """A search of `BUDGET` trainings in a process group of its own, with a window of 2."""
    words = [folder / "study.db", STRATEGY, BUDGET, parallel, 2]
    return subprocess.Popen(
        [sys.executable, str(TRAINERS), *map(str, words)],
        env={**ENV, "TRAINING_LOG": str(folder / "log")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def finished(process: Search) -> None:
    """Wait for a search, which must end without an error."""
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out.decode()


def results(folder: Path) -> dict[int, tuple[str, float | None]]:
    """Canonical id and value of each finished trial by its number."""
    if not (folder / "study.db").exists():
        return {}
    trials = Store(folder / "study.db").trials()
    return {trial.number: (trial.canonical_id, trial.value) for trial in trials if trial.finished}


def logged(folder: Path, word: str) -> Counter[str]:
    """How often each architecture's training began or ended."""
    lines = (folder / "log").read_text().splitlines() if (folder / "log").exists() else []
    return Counter(line.split()[1] for line in lines if line.startswith(word))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[str, float | None]]:
    """What a search ends with that nobody kills."""
    folder = tmp_path_factory.mktemp("undisturbed")
    finished(searching(folder, 2))
    assert len(results(folder)) == BUDGET
    return results(folder)


def kill_at_random(folder: Path, kills: int, parallel: int, whole_group: bool) -> dict[str, int]:
    """kill -9, so many times, each some time after a result.

    Returns how often the training of each result had begun when the result was first seen.
    """
    rng = np.random.default_rng(5)
    before: dict[int, tuple[str, float | None]] = {}
    begun: dict[str, int] = {}
    for _ in range(kills):
        process = searching(folder, parallel)
        wait_for_results(folder, len(before) + 1 + int(rng.integers(2)), process)
        time.sleep(float(rng.uniform(0, 0.15)))
        if whole_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        now, counts = results(folder), logged(folder, "begin")
        assert before.items() <= now.items()  # no result is lost
        for canonical_id, _ in now.values():
            begun.setdefault(canonical_id, counts[canonical_id])
        before = now
    assert len(before) < BUDGET, "the search ended before the last kill"
    return begun


@pytest.mark.slow
def test_a_search_and_its_workers_killed_at_random_moments(
    tmp_path: Path, undisturbed: dict[int, tuple[str, float | None]]
) -> None:
    """Nothing that was told is lost or trained again, and in the end all is as without a kill."""
    kills = 20 if FULL else 2
    begun = kill_at_random(tmp_path, kills, 1, whole_group=True)
    finished(searching(tmp_path, 1))
    assert results(tmp_path) == undisturbed
    counts = logged(tmp_path, "begin")
    # what had a result did not begin again
    assert {canonical_id: counts[canonical_id] for canonical_id in begun} == begun
    # what a kill cut off began anew, and nothing else did
    n_again = sum(counts.values()) - len(counts)
    assert n_again <= kills
    print(f"{kills} kills, {len(counts)} trainings, begun anew {n_again} times")


def test_trainings_outlive_the_search_that_began_them(
    tmp_path: Path, undisturbed: dict[int, tuple[str, float | None]]
) -> None:
    kill_at_random(tmp_path, 10 if FULL else 1, 2, whole_group=False)
    finished(searching(tmp_path, 2))
    assert set(logged(tmp_path, "begin").values()) == set(logged(tmp_path, "end").values()) == {1}
    assert results(tmp_path) == undisturbed


def wait_for_results(folder: Path, n: int, process: Search) -> None:
    deadline = time.monotonic() + 60
    while len(results(folder)) < min(n, BUDGET):
        if process.poll() is not None or time.monotonic() > deadline:
            return  # what the caller asserts then says what went wrong
        time.sleep(0.02)


def test_two_processes_share_one_study(
    tmp_path: Path, undisturbed: dict[int, tuple[str, float | None]]
) -> None:
    for process in [searching(tmp_path, 1) for _ in range(2)]:
        finished(process)
    assert set(logged(tmp_path, "begin").values()) == {1}
    assert results(tmp_path) == undisturbed


def test_the_command_shows_and_writes_what_happened(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "search",
        "nb201",
        "--train",
        f"{TRAINERS}:odd",
        "--strategy",
        "random",
        "--limit",
        "0.5",
        "--study",
        str(tmp_path / "study.db"),
        "--parallel",
        "2",
    ]
    main([*words, "--budget", "2"])
    main([*words, "--budget", "5", "--out", str(tmp_path / "out")])
    captured = capsys.readouterr()
    assert "going on with" in captured.out
    assert "5/5" in captured.err
    assert "failed: " in captured.err
    rows = (tmp_path / "out" / "trials.csv").read_text().splitlines()
    assert len(rows) == 6
    assert (tmp_path / "out" / "search.png").read_bytes().startswith(b"\x89PNG")
    assert "results, the best" in (tmp_path / "out" / "table.txt").read_text()
    with pytest.raises(SystemExit):
        main([*words, "--budget", "5", "--seed", "5"])
    assert "another option seed: 21 there, 5 asked for" in capsys.readouterr().err
