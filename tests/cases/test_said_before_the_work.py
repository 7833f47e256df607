"""What was wrong with an option ended in a traceback in the midst of the work, or was said only
after it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import nasflow.prediction.predictor
from command_failures import failure
from nasflow import FitConfig, PretrainConfig, SurrogateConfig
from nasflow.errors import ConfigError, GraphError
from nasflow.options.protocol import ProtocolConfig
from nasflow.running.tasks import run_tasks
from nasflow.running.workers import Task
from nasflow.spaces import load_space

ABSTRACT = """
from nasflow.encoders.base import NodeEncoder
from nasflow.pretext.base import Pretext
from nasflow.search.strategies.base import Strategy


class Encoder(NodeEncoder):
    pass


class Task(Pretext):
    pass


class Blind(Strategy):
    pass
"""
EDGES = [("skip_connect", 0), ("skip_connect", 1)] * 4


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    Path("abstract.py").write_text(ABSTRACT)
    Path("space.yaml").write_text("ops: [a, b]\nn_nodes: 3\nedges: chain\n")
    rows = [{"ops": ["x"] * n, "edges": [[0, n - 1]], "accuracy": n} for n in range(2, 20)]
    Path("mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return "mine.jsonl"


@pytest.mark.parametrize(
    ("words", "name", "missing"),
    [
        (["pretrain", "mine.jsonl", "--encoder.name"], "Encoder", "nodes"),
        (["pretrain", "mine.jsonl", "--pretrain.pretext"], "Task", "loss"),
        (["search", "space.yaml", "--train", "echo {number}", "--strategy"], "Blind", "choose"),
    ],
)
def test_a_plug_in_that_lacks_a_method(
    words: list[str], name: str, missing: str, mine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = failure(capsys, *words, f"abstract.py:{name}")
    assert f"abstract.py:{name} has no {missing}: a" in line


def test_predictions_that_cannot_be_written(
    mine: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(*_: Any, **__: Any) -> None:
        raise AssertionError("the model was read already")

    monkeypatch.setattr(nasflow.prediction.predictor.Predictor, "load", load)
    line = failure(capsys, "predict", "--model", "x", "--archs", mine, "--out=.")
    assert ".: is a folder; name a file" in line


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="no /proc here")
def test_results_in_a_folder_that_takes_none_though_its_rights_allow(
    mine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "/proc/x"
    search = ["search", "space.yaml", "--train", "echo {number}", "--budget=1"]
    assert ": cannot be written: " in failure(capsys, *search, "--out", name)
    assert ": cannot be written: " in failure(capsys, *search, "--study", name)
    surrogate = ["surrogate", mine, "--metric=accuracy"]
    assert ": cannot be written: " in failure(capsys, *surrogate, "--picture", name)
    assert not Path("surrogates.npz").exists()


def test_an_empty_name(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "'': is a folder; name a file" in failure(capsys, "fit", mine, "--out", "")


@pytest.mark.parametrize("seed", ["-1", str(2**32)])
def test_a_seed_of_a_tuning(seed: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = failure(capsys, "tune", "nb201", "--seed", seed)
    assert f"--seed is {seed}; legal: a whole number from 0 to 4294967295" in line


def test_a_choice_among_rows_that_are_all_labelled(
    mine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    line = failure(capsys, "choose", mine, "--n=2", "--labelled", mine)
    assert "there is no row without a label" in line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--n=2", "choose", "x"], "--n=2 stands before the command; legal: nasflow choose ..."),
        (["data", "ifno", "x"], "unknown command 'data ifno' (did you mean 'data info'?)"),
        (["data", "simple"], "unknown command 'data simple'"),
    ],
)
def test_a_command_that_is_not_where_it_belongs(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert said in failure(capsys, *words)


@pytest.mark.parametrize("seed", ["-1", str(2**32), str(10**40)])
def test_a_seed_of_a_choice(seed: str, mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = failure(capsys, "choose", mine, "--n=2", "--seed", seed)
    assert f"seed is {seed}; legal: a whole number from 0 to 4294967295" in line


@pytest.mark.parametrize("study", ["", ".", "/"])
@pytest.mark.parametrize("more", [[], ["--out", "results"]])
def test_a_study_without_a_name(
    study: str, more: list[str], mine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["search", "space.yaml", "--train", "echo {number}", "--study", study, *more]
    assert f"--study is {study!r}, no name of a file" in failure(capsys, *words)


def test_a_study_without_a_name_that_is_looked_at(
    mine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "'' is a folder, not a file" in failure(capsys, "study", "")


def test_a_column_that_pre_training_is_to_rank_by(
    mine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", mine, "--metric=accuracy", "--methods=proxy", "--proxy=missing"]
    words += ["--ratio=0.5", "--n_validation=2"]
    assert "unknown proxy of mine" in failure(capsys, *words, "--jobs=1")


def test_a_device_without_numbers(mine: str, capsys: pytest.CaptureFixture[str]) -> None:
    line = failure(capsys, "pretrain", mine, "--device", "meta")
    assert "device 'meta' is not there" in line


@pytest.mark.parametrize(
    ("options", "name", "value", "legal"),
    [
        (ProtocolConfig, "splits", 2, "a list"),
        (ProtocolConfig, "seeds", None, "a list"),
        (PretrainConfig, "proxies", 3, "a list"),
        (FitConfig, "proxies", None, "a list"),
        (PretrainConfig, "weights", [1], "a dictionary"),
        (PretrainConfig, "task_options", "flow", "a dictionary"),
        (SurrogateConfig, "op_activations", ["relu"], "a dictionary"),
    ],
)
def test_one_thing_where_several_are_expected(
    options: Any, name: str, value: object, legal: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{name} is .*; legal: {legal}"):
        options(**{name: value})


@pytest.mark.parametrize(
    "bounds", [str(10**30), "2, 7", f"2, {10**30}", "2, 6, -1", f"{-(10**30)}"]
)
def test_a_genotype_that_joins_other_steps(bounds: str) -> None:
    text = f"Genotype(normal={EDGES}, normal_concat=range({bounds}), reduce={EDGES})"
    with pytest.raises(GraphError, match="normal_concat is .*; only cells that join all four"):
        load_space("darts").parse(text)
    load_space("darts").parse(text.replace(f"range({bounds})", "range(2, 6)"))


@pytest.mark.parametrize("n_workers", [1, 2])
@pytest.mark.parametrize(("after", "named"), [(["c"], "c"), (["b"], "b"), (["d"], "d")])
def test_a_task_that_would_wait_for_ever(n_workers: int, after: list[str], named: str) -> None:
    done: list[str] = []
    tasks = [
        Task("a", str, ()),
        Task("b", str, (), after=tuple(after)),
        Task("d", str, (), after=("b",)),
    ]
    with pytest.raises(ConfigError, match=f"the task 'b' waits for {named}, not in the list or"):
        run_tasks(tasks, n_workers, lambda task, _: done.append(task.name))
    assert done == []
