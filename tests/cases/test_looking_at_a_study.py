"""A study could be looked at, or a result taken back, only by the command that trains."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from pathlib import Path

import pytest

from nasflow.cli import main
from nasflow.search.store import Store

SCRIPT = """
import json, sys
ops = json.loads(sys.argv[1])["ops"]
print("epoch 1")
print("epoch 2")
if ops[1] == "attn":
    sys.exit("out of memory")
print(ops.count("conv"))
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("space.yaml").write_text('{"ops": ["conv", "attn"], "n_nodes": 2, "edges": "chain"}')
    Path("train.py").write_text(SCRIPT)
    search()


def search(*more: str) -> None:
    train = f"{sys.executable} train.py {{arch_json}}"
    words = ["search", "space.yaml", "--train", train, "--strategy", "random", "--budget", "4"]
    main([*words, "--give_up", "0", *more])


def study(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    main(["study", "study.db", *words])
    return capsys.readouterr().out


def number_of(state: str) -> int:
    return next(trial.number for trial in Store("study.db").trials() if trial.state == state)


def test_it_shows_the_best_and_the_tails_of_failures(capsys: pytest.CaptureFixture[str]) -> None:
    shown = study(capsys, "--top", "1", "--csv", "all.csv", "--out", "folder")
    assert "2 results, the best 1:" in shown
    assert "conv > conv" in shown
    assert "ended with exit code 1" in shown
    assert "  out of memory\n" in shown
    with Path("all.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4
    assert json.loads(Path("folder/best.json").read_text())["short"] == "conv > conv"
    assert '"ops"' not in study(capsys, "--space", "space.yaml")


def test_results_are_forgotten_and_corrected(capsys: pytest.CaptureFixture[str]) -> None:
    best = number_of("done")
    assert f"trial {best} is corrected to 7.5" in study(capsys, "--correct", str(best), "7.5")
    assert Store("study.db").trials()[best].value == 7.5
    shown = study(capsys, "--forget", str(best))
    assert "1 results" in shown
    assert "1 forgotten" in shown
    trial = Store("study.db").trials()[best]
    assert trial.state == "forgotten"
    assert "7.5" in trial.former


def test_failures_begin_anew_with_the_next_search(capsys: pytest.CaptureFixture[str]) -> None:
    assert "2 failed trainings will begin anew" in study(capsys, "--retry")
    Path("train.py").write_text("print(3)")
    search()
    trials = Store("study.db").trials()
    assert [trial.state for trial in trials] == ["done"] * 4
    assert sum("out of memory" in " ".join(trial.former) for trial in trials) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--forget", "9"], "has no trial 9; legal: 0 to 3"),
        (["--forget", "x"], "no number of a trial"),
        (["--correct", "0", "93%"], "the value is no number"),
        (["--correct", "0", "nan"], "is not finite"),
        (["--top", "0"], "--top is 0"),
        (["--csv", "folder"], "is a folder"),
    ],
)
def test_mistakes_are_one_line_and_change_nothing(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder").mkdir()
    before = Store("study.db").trials()
    with pytest.raises(SystemExit) as end:
        study(capsys, *words)
    assert end.value.code == 2
    assert message in capsys.readouterr().err
    assert Store("study.db").trials() == before


def test_what_is_no_study_is_said_and_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty.db").touch()
    sqlite3.connect("other.db").execute("CREATE TABLE mine (x)")
    for name in ("missing.db", "empty.db", "other.db", "space.yaml"):
        before = Path(name).read_bytes() if Path(name).exists() else None
        with pytest.raises(SystemExit) as end:
            main(["study", name])
        assert end.value.code == 2
        assert name in capsys.readouterr().err
        assert (Path(name).read_bytes() if Path(name).exists() else None) == before


def test_two_objectives_show_their_front(capsys: pytest.CaptureFixture[str]) -> None:
    Path("costs.py").write_text("def n(a): return a.ops.count('conv')")
    search("--second", "costs.py:n", "--study", "two.db")
    capsys.readouterr()
    main(["study", "two.db"])
    assert "on the Pareto front" in capsys.readouterr().out


def test_the_direction_of_the_second_objective_is_the_searchs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("costs.py").write_text("def n(a): return a.ops.count('conv')")
    search("--second", "costs.py:n", "--second_maximise", "--study", "two.db")
    capsys.readouterr()
    main(["study", "two.db"])
    assert "of costs.py:n more is better" in capsys.readouterr().out
