"""Trainings in worker processes: results, failures of every kind, limits, two processes, kills."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import search_trainers
from nasflow.cli import main
from nasflow.config import SearchConfig
from nasflow.errors import ConfigError
from nasflow.search import Problem, Study, run
from nasflow.search.store import Store
from nasflow.search.training import Training, check_train, outcome
from nasflow.spaces.nb201 import NB201

FULL = bool(os.environ.get("NASFLOW_FULL"))
TRAINERS = Path(search_trainers.__file__)
SPACE = NB201()


def study(path: Path, strategy: str = "random", window: int | None = None) -> Study:
    return Study(path / "study.db", Problem(SPACE), SearchConfig(strategy=strategy, n_initial=4), window=window)


def attempt(train: object, cell: str = "conv3x3", limit: float = 20.0) -> tuple[float | None, str | None]:
    architecture = SPACE.from_tuple([cell, *["none"] * 5])
    return outcome(Training("", 7, architecture, SPACE.format(architecture), train, limit, ""))  # type: ignore[arg-type]


@pytest.mark.parametrize(("cell", "reason"), [
    ("none", r"raised ZeroDivisionError: on purpose \(search_trainers.py, line \d+\); its output ended: about to fail"),
    ("skip", "returned '91.3 %', no number"),
    ("conv1x1", "returned nan"),
    ("avgpool3x3", "took longer than 0.3 s"),
])
def test_an_odd_function_is_a_failure_with_a_reason(cell: str, reason: str) -> None:
    value, seen = attempt(search_trainers.odd, cell, 0.3)
    assert value is None
    assert re.fullmatch(reason, seen or ""), seen


def test_values_that_are_no_numbers() -> None:
    for result, words in [(None, "returned None"), (True, "returned True"), ([1.0], "no number"),
                          (float("inf"), "returned inf"), (b"1", "no number")]:
        value, reason = attempt(lambda _, result=result: result)
        assert value is None
        assert words in str(reason)
    assert attempt(lambda _: np.float32(0.5)) == (0.5, None)
    assert attempt(search_trainers.exits)[1] is not None


def command(code: str) -> str:
    return f"{sys.executable} -c '{code}' {{arch_json}} {{arch}} {{number}}"


def test_the_last_number_that_a_command_prints_counts() -> None:
    assert attempt(command("print(1); print(2.5); print(\"done\")")) == (2.5, None)
    code = ("import json, sys; n = len(json.loads(sys.argv[1])[\"ops\"]); "
            "print(n + sys.argv[2].count(\"~\") + int(sys.argv[3]))")
    assert attempt(command(code)) == (8 + 6 + 7, None)


@pytest.mark.parametrize(("code", "reason"), [
    ("print(\"accuracy 3\")", "printed no line that is a number; its output ended: accuracy 3"),
    ("print(float(\"nan\"))", "the command printed nan; its output ended: nan"),
    ("print(3); raise SystemExit(4)", "ended with exit code 4; its output ended: 3"),
    ("import sys; sys.stderr.write(\"no memory\"); sys.exit(1)", "exit code 1; its output ended: no memory"),
    ("import os; os.kill(os.getpid(), 9)", "was ended by signal 9"),
    ("import time; time.sleep(60)", "took longer than 1 s"),
])
def test_an_odd_command_is_a_failure_with_the_tail_of_its_output(code: str, reason: str) -> None:
    started = time.monotonic()
    value, seen = attempt(command(code), limit=1 if "sleep" in code else 20)
    assert value is None
    assert reason in str(seen)
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(("train", "words"), [
    ("python train.py", "does not say where the architecture goes"),
    ("nosuchprogram {arch_json}", "is no program that can be run"),
    ("", "the command is empty"),
    ("python 'train {arch_json}", "cannot be split into words"),
    ("nosuchmodule:train", "cannot be imported"),
    (f"{TRAINERS}:nothing", "cannot be imported"),
    (f"{TRAINERS}:WORTH", "no function"),
    (lambda _: 1.0, "at the top level of a module"),
])
def test_what_cannot_be_run_is_told_before_anything_is_asked_for(train: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_train(train)  # type: ignore[arg-type]


def test_a_search_goes_on_past_every_odd_result(tmp_path: Path) -> None:
    s = study(tmp_path)
    run(s, search_trainers.odd, 12, parallel=2, limit=0.5)
    trials = s.trials()
    assert [t.number for t in trials] == list(range(12))
    assert all(t.finished and t.starts == 1 for t in trials)
    good = [t for t in trials if t.architecture.ops[1] == "conv3x3"]
    assert 0 < len(good) < 12
    assert {t.number for t in trials if t.state == "done"} == {t.number for t in good}
    assert all(t.value == search_trainers.worth(t.architecture) for t in good)
    assert all(t.reason for t in trials if t.state == "failed")


def test_a_worker_that_dies_starts_its_training_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINING_LOG", str(tmp_path))
    s = study(tmp_path)
    run(s, f"{TRAINERS}:dies_once", 2, parallel=2)
    assert [(t.state, t.starts) for t in s.trials()] == [("done", 2)] * 2
    (tmp_path / "b").mkdir()
    s = study(tmp_path / "b")
    run(s, search_trainers.dies, 1)
    (trial,) = s.trials()
    assert (trial.state, trial.starts) == ("failed", 2)
    assert "cut off 2 times" in str(trial.reason)


def test_a_function_that_ends_its_process_without_an_error_is_noticed(tmp_path: Path) -> None:
    s = study(tmp_path)
    run(s, search_trainers.vanishes, 1)
    assert [(t.state, t.starts) for t in s.trials()] == [("failed", 2)]


def test_what_no_signal_interrupts_is_ended_all_the_same() -> None:
    code = ("import sys; from nasflow.search import training; import search_trainers as t\n"
            "training.GRACE_SECONDS = 0.2\n"
            "from nasflow.spaces.nb201 import NB201; a = NB201().parse('0')\n"
            "training.outcome(training.Training('', 0, a, '', t.stuck_in_c, 0.3, ''))")
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], env=ENV, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert time.monotonic() - started < 30


ENV = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TRAINERS.parent), *sys.path])}


def searching(folder: Path, budget: int, log: Path, *more: str) -> subprocess.Popen[bytes]:
    """`nasflow search` in a process group of its own."""
    words = ["search", "nb201", "--train", f"{TRAINERS}:logged", "--budget", str(budget), "--study",
             str(folder / "study.db"), "--strategy", "evolution", "--n_initial", "8", *more]
    return subprocess.Popen([sys.executable, "-m", "nasflow", *words], env={**ENV, "TRAINING_LOG": str(log)},
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)


def finished(process: subprocess.Popen[bytes]) -> str:
    out, _ = process.communicate(timeout=300)
    assert process.returncode == 0, out.decode()
    return out.decode()


def told(folder: Path) -> dict[int, tuple[str, float | None]]:
    return {t.number: (t.canonical_id, t.value) for t in Store(folder / "study.db").trials() if t.finished}


@pytest.mark.parametrize("whole_group", [False, True], ids=["the-search", "the-search-and-its-workers"])
def test_kills_lose_nothing_and_repeat_nothing(tmp_path: Path, whole_group: bool) -> None:
    """kill -9 at random moments: the final table is as without, and no training that was told ran twice."""
    budget, kills = (60, 20) if FULL else (12, 3)
    rng = np.random.default_rng(5)
    (tmp_path / "calm").mkdir()
    finished(searching(tmp_path / "calm", budget, tmp_path / "calm.log", "--parallel", "2"))
    expected = told(tmp_path / "calm")
    assert len(expected) == budget
    before: dict[int, tuple[str, float | None]] = {}
    for _ in range(kills):
        process = searching(tmp_path, budget, tmp_path / "log", "--parallel", "2")
        wait_for_results(tmp_path, len(before) + int(rng.integers(0, 3)), budget, process)
        time.sleep(float(rng.uniform(0, 0.2)))
        if whole_group:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        now = told(tmp_path)
        assert before.items() <= now.items()
        before = now
    finished(searching(tmp_path, budget, tmp_path / "log", "--parallel", "2"))
    lines = (tmp_path / "log").read_text().split("\n")
    ended = Counter(line.split()[1] for line in lines if line.startswith("end"))
    begun = Counter(line.split()[1] for line in lines if line.startswith("begin"))
    if whole_group:
        assert max(begun.values()) <= 2
        assert sum(n > 1 for n in begun.values()) <= 2 * kills
        # a training that was cut off twice counts as failed, and changes what comes after it
        assert told(tmp_path) == expected or any(value is None for _, value in told(tmp_path).values())
    else:  # trainings outlive the search that began them
        assert set(begun.values()) == set(ended.values()) == {1}
        assert told(tmp_path) == expected


def wait_for_results(folder: Path, n: int, budget: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if (folder / "study.db").exists() and len(told(folder)) >= min(n, budget):
            return
        time.sleep(0.02)


def test_two_processes_share_one_study(tmp_path: Path) -> None:
    pair = [searching(tmp_path, 16, tmp_path / "log", "--parallel", "1", "--window", "2") for _ in range(2)]
    for process in pair:
        finished(process)
    begun = Counter(line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("begin"))
    assert len(begun) == 16
    assert set(begun.values()) == {1}
    (tmp_path / "alone").mkdir()
    finished(searching(tmp_path / "alone", 16, tmp_path / "log2", "--parallel", "2"))
    assert told(tmp_path) == told(tmp_path / "alone")


def test_the_command_shows_and_writes_what_happened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["search", "nb201", "--train", f"{TRAINERS}:odd", "--strategy", "random", "--limit", "0.5", "--study",
             str(tmp_path / "study.db"), "--parallel", "2"]
    main([*words, "--budget", "4"])
    main([*words, "--budget", "8", "--out", str(tmp_path / "out")])
    captured = capsys.readouterr()
    assert "going on with" in captured.out
    assert "8/8" in captured.err
    assert "failed: " in captured.err
    rows = (tmp_path / "out" / "trials.csv").read_text().splitlines()
    assert len(rows) == 9
    assert (tmp_path / "out" / "search.png").read_bytes().startswith(b"\x89PNG")
    assert "results, the best" in (tmp_path / "out" / "table.txt").read_text()
    with pytest.raises(SystemExit):
        main([*words, "--budget", "8", "--seed", "5"])
    assert "another option seed: 21 there, 5 asked for" in capsys.readouterr().err
