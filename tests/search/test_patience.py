"""When a search that finds nothing better stops: what counts, in which order, in whose words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nasflow.cli import main
from nasflow.graphs.architecture import Architecture
from nasflow.search import Known, Problem, SearchConfig, Study
from nasflow.search.patience import explain_patience, n_since_better
from nasflow.search.store import Store
from nasflow.search.trial import Trial
from search_spaces import CHAIN

N_STARTS = 4
FLAT = "sh -c 'echo {number} > last; echo 1'"
# the third training is the best, and ends long after those that began beside it
LATE = "sh -c 'if [ {number} = 2 ]; then sleep 3; echo 5; else echo 1; fi'"
FAILING = "sh -c 'if [ {number} -gt 1 ]; then exit 3; fi; echo 1'"
BROKEN = "sh -c 'exit {number}9'"


def n_of_b(architecture: Architecture) -> float:
    return float(architecture.ops.count("b"))


KNOWN = Known(functions={"b": n_of_b})


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text('{"ops": ["a", "b", "c"], "n_nodes": 4, "edges": "chain"}')
    Path("costs.py").write_text("def n_of_b(a):\n    return a.ops.count('b')\n")


def study(problem: Problem | None = None) -> Study:
    return Study(
        "mine.db", problem or Problem(CHAIN), SearchConfig(strategy="random", n_initial=N_STARTS)
    )


# -- what counts ----------------------------------------------------------------------------------


def some_trials(trials: list[Trial], rng: np.random.Generator) -> list[Trial]:
    """The trials with states, values and ends drawn at random; values and moments have ties."""
    drawn = []
    for trial in trials:
        state = rng.choice(["done", "done", "done", "failed", "asked", "planned", "forgotten"])
        value = float(rng.integers(6)) if state == "done" else None
        told = bool(rng.random() < 0.2)
        ended_at = None if told or state in ("asked", "planned") else float(rng.integers(12))
        drawn.append(
            replace(
                trial,
                state=str(state),  # type: ignore[arg-type]
                value=value,
                second=float(rng.integers(6)),
                origin="told" if told else "random",
                ended_at=ended_at,
            )
        )
    return drawn


def counted_slowly(problem: Problem, trials: list[Trial]) -> int:
    """`n_since_better` by looking at the whole front after each trial that ended."""
    finished = [trial for trial in trials if trial.state in ("done", "failed")]
    ends = []
    for place, trial in enumerate(finished):
        before = [t.ended_at for t in finished[:place] if t.ended_at is not None]
        ends.append(trial.ended_at if trial.ended_at is not None else max(before, default=-1.0))
    order = np.lexsort((np.arange(len(finished)), np.array(ends)))
    done: list[Trial] = []
    count = 0
    for trial in [finished[place] for place in order]:
        if trial.state == "done":
            done.append(trial)
            values = [float(t.value or 0.0) for t in done]
            seconds = [float(t.second or 0.0) if problem.second else 0.0 for t in done]
            points = list(zip(values, seconds, strict=True))
            if problem.front(values, seconds)[-1] and points[-1] not in points[:-1]:
                count = 0
                continue
        count += trial.number >= N_STARTS and trial.origin != "told"
    return count


@pytest.mark.parametrize(
    "problem",
    [
        Problem(CHAIN),
        Problem(CHAIN, maximise=False),
        Problem(CHAIN, second="b", known=KNOWN),
        Problem(CHAIN, maximise=False, second="b", known=KNOWN, second_maximise=True),
    ],
    ids=["more", "less", "two", "two turned round"],
)
def test_it_is_as_counted_slowly(problem: Problem) -> None:
    s = study(problem)
    asked = s.ask(16)
    rng = np.random.default_rng(3)
    counts = set()
    for n in [0, 1, 5, *[16] * 100]:
        trials = some_trials(asked[:n], rng)
        count = n_since_better(s, trials)
        assert count == counted_slowly(problem, trials)
        counts.add(count)
    assert len(counts) > 4


def test_what_ends_first_counts_first_whatever_its_number() -> None:
    s = study()
    trials = s.ask(8)
    for trial in trials[:3] + trials[4:]:
        s.tell(trial, 1.0)
    assert n_since_better(s) == 4
    s.tell(trials[3], 2.0)
    # nothing ended after it, though four have higher numbers
    assert n_since_better(s) == 0
    assert explain_patience(s, 1) == ""


def test_a_result_that_was_brought_along_is_to_be_beaten_and_is_no_training() -> None:
    s = study()
    asked = s.ask(5)
    for trial in asked:
        s.tell(trial, 1.0)
    assert n_since_better(s) == 1
    new = next(a for a in CHAIN.enumerate() if s.find(a) is None)
    s.tell(new, 9.0)
    assert n_since_better(s) == 0
    for trial in s.ask(2):
        s.tell(trial, 8.0)
    assert n_since_better(s) == 2
    assert explain_patience(s, 2) == "no better result for 2 trainings"
    assert explain_patience(s, 3) == ""


# -- a search that stops --------------------------------------------------------------------------


def search(train: str, *words: str) -> None:
    options = ["--strategy", "random", "--n_initial", "1", "--budget", "20"]
    main(["search", "space.yaml", "--train", train, *options, *words])


def finished() -> list[Trial]:
    return [trial for trial in Store("study.db").trials() if trial.finished]


def test_it_stops_and_says_so_and_goes_on_with_more_patience(
    capsys: pytest.CaptureFixture[str],
) -> None:
    search(FLAT, "--n_initial", "3", "--patience", "2")
    said = "5 trainings of a budget of 20: no better result for 2 trainings; with a larger"
    assert said in capsys.readouterr().out
    # the same again: those of the first run count
    search(FLAT, "--n_initial", "3", "--patience", "2")
    assert said in capsys.readouterr().out
    assert len(finished()) == 5
    search(FLAT, "--n_initial", "3", "--patience", "4")
    assert "7 trainings of a budget of 20: no better" in capsys.readouterr().out
    # a budget that is spent first is the reason, and needs no words
    search(FLAT, "--n_initial", "3", "--patience", "9", "--budget", "8")
    assert "of a budget" not in capsys.readouterr().out
    assert len(finished()) == 8


def test_what_is_under_way_ends_and_lets_it_go_on_if_it_is_better(
    capsys: pytest.CaptureFixture[str],
) -> None:
    search(LATE, "--parallel", "2", "--patience", "3")
    trials = finished()
    late = trials[2]
    assert late.value == 5.0
    ends = [trial.ended_at or 0.0 for trial in trials]
    # two had begun at once, one after the other beside the late one
    assert sum(end < (late.ended_at or 0.0) for end in ends) <= 4
    n_after = sum(end > (late.ended_at or 0.0) for end in ends)
    # of two at once the other one ends as well
    assert n_after in (3, 4)
    assert f"no better result for {n_after} trainings" in capsys.readouterr().out


def test_failures_count_and_where_there_is_no_result_it_is_no_success(
    capsys: pytest.CaptureFixture[str],
) -> None:
    search(FAILING, "--patience", "3")
    out = capsys.readouterr().out
    # the second one is as good as the first, and two failed
    assert "4 trainings of a budget of 20: no better result for 3 trainings" in out
    assert "2 failed" in out
    with pytest.raises(SystemExit) as end:
        search(BROKEN, "--patience", "2", "--give_up", "0", "--study", "broken.db")
    assert end.value.code != 0
    captured = capsys.readouterr()
    assert "3 trainings of a budget of 20: no result of 3 trainings" in captured.out
    assert "none of 3 trainings gave a result" in captured.err


def test_of_two_objectives_the_front_has_to_grow(capsys: pytest.CaptureFixture[str]) -> None:
    search(FLAT, "--patience", "6", "--second", "costs.py:n_of_b", "--second_maximise")
    assert "the Pareto front has not grown for 6 trainings" in capsys.readouterr().out
    trials = finished()
    # all values are the same: the front grows where there are more of b
    most = max(trial.second or 0.0 for trial in trials[:-6])
    assert all((trial.second or 0.0) <= most for trial in trials[-6:])


def test_a_space_that_is_used_up_is_the_reason_before_patience(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("space.yaml").write_text('{"ops": ["a", "b"], "n_nodes": 1, "edges": "chain"}')
    search(FLAT, "--patience", "1")
    out = capsys.readouterr().out
    assert "2 trainings of a budget of 20: the space has 2 elements, all trained" in out


def test_no_patience_at_all_is_refused_before_there_is_a_study(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        search(FLAT, "--patience", "0")
    assert "--patience is 0; legal: a whole number of at least 1" in capsys.readouterr().err
    assert not Path("study.db").exists()
