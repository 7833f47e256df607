"""What a stranger adds in one file: encoder, task, measure, space, strategy, features, member.

The files are those of tests/plug_ins, copied into a folder of their own: nothing of the package
knows them, and each is named as file.py:Class, module:Class, as a class or object, or by the entry
point of a package that is installed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from nasflow import (
    Blend,
    EncoderConfig,
    FitConfig,
    Predictor,
    PretrainConfig,
    Problem,
    SearchConfig,
    Study,
    load_space,
)
from nasflow.cli import main
from nasflow.encoders import ENCODERS, Encoder
from nasflow.errors import CheckpointError, ConfigError, UnknownNameError
from nasflow.running.registry import Registry, load_place
from nasflow.search import run
from small import labels, table

TABLE = table(30)
LABELS = labels(TABLE)
TRAIN = "def train(architecture):\n    return len(set(architecture.ops))\n"
SOURCES = Path(__file__).parent / "plug_ins"


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with the stranger's files and some data, which is the current one."""
    for source in SOURCES.glob("*.py"):
        # a name of its own for each test, as for each stranger: modules live as long as the process
        shutil.copy(source, tmp_path / source.name)
    lines = []
    for row, graph in enumerate(TABLE):
        record: dict[str, Any] = graph.to_dict()
        if row < 25:
            record["accuracy"] = float(LABELS[row])
        lines.append(json.dumps(record) + "\n")
    (tmp_path / "mine.jsonl").write_text("".join(lines))
    monkeypatch.chdir(tmp_path)
    before_path, before_modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = before_path
    for name in set(sys.modules) - before_modules:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def nasflow(*words: str) -> None:
    main(list(words))


def failure(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    assert stop.value.code == 2
    return capsys.readouterr().err


# -- an encoder with an option -----------------------------------------------------------------


def test_an_encoder_of_ones_own_on_the_command_line(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        nasflow("pretrain", "--encoder.name", "sage.py:Sage", "--help")
    assert "--encoder.aggregate {mean,sum}" in capsys.readouterr().out
    small = ["--encoder.width", "8", "--encoder.n_layers", "1"]
    sage = ["--encoder.name", "sage.py:Sage", "--encoder.aggregate", "sum", *small]
    nasflow("pretrain", "mine.jsonl", *sage, "--pretrain.epochs", "1", "--out", "p.safetensors")
    class_of_it = ["--encoder", "sage.py:Sage"]
    nasflow(
        *["fit", "mine.jsonl", "--model", "p.safetensors", *class_of_it],
        *["--fit.epochs", "2", "--out", "f.safetensors"],
    )
    nasflow("predict", "--model", "f.safetensors", "--archs", "mine.jsonl", *class_of_it)
    assert len(capsys.readouterr().out.splitlines()) > 30
    # nothing is imported that only the file names
    told = failure(capsys, "predict", "--model", "f.safetensors", "--archs", "mine.jsonl")
    assert "needs the encoder 'sage.py:Sage', which is none of nasflow's" in told
    assert "--encoder file.py:Class" in told
    assert "did you mean 'encoder.aggregate'" in failure(
        capsys, "pretrain", "mine.jsonl", *sage, "--encoder.agregate", "sum"
    )
    nasflow(
        *["evaluate", "mine.jsonl", "--methods", "none,flow", *sage, "--pretrain.epochs", "1"],
        *["--fit.epochs", "1", "--splits", "[21]", "--seeds", "[1,2]", "--ratio", "0.5"],
        *["--n_validation", "3", "--jobs", "2", "--out", "evaluated"],
    )
    assert "flow - none" in capsys.readouterr().out


def test_an_encoder_of_ones_own_in_python(mine: Path, tmp_path: Path) -> None:
    sage = load_place("sage.py:Sage")
    by_class = Predictor(encoder=sage, fit=FitConfig(epochs=2))
    by_options = Predictor(
        encoder=EncoderConfig("sage.py:Sage", aggregate="mean"),  # type: ignore[call-arg]
        fit=FitConfig(epochs=2),
    )
    given = sage(TABLE.n_ops, sage.Config(width=8))
    by_object = clone(Predictor(encoder=given, fit=FitConfig(epochs=2)))
    predictions = [
        one.pretrain(TABLE[:20]).fit(TABLE, LABELS).predict(TABLE)
        for one in (by_class, by_options, by_object)
    ]
    assert np.array_equal(predictions[0], predictions[1])
    assert np.isfinite(predictions[2]).all()
    by_class.set_params(encoder=sage.Config(name=ENCODERS.name_of(sage)), encoder__aggregate="sum")
    by_class.fit(TABLE, LABELS).save(tmp_path / "model")
    loaded = Predictor.load(tmp_path / "model", encoder=sage)
    assert np.array_equal(loaded.predict(TABLE), by_class.predict(TABLE))
    with pytest.raises(ConfigError, match="aggregate is 'max'; legal: mean, sum"):
        EncoderConfig("sage.py:Sage", aggregate="max")  # type: ignore[call-arg]


def test_a_name_for_this_process() -> None:
    class Constant(Encoder):
        """The number of nodes, and nothing else."""

        def __init__(self, n_ops: int, config: EncoderConfig) -> None:
            import torch

            super().__init__(n_ops, config)
            self.scale = torch.nn.Linear(1, config.width)

        def forward(self, batch: Any) -> Any:
            return self.scale(batch.node_ptr.diff().float().unsqueeze(1))

    names: Registry[Any] = Registry("thing", "nobody.has", {"a": "math:pi"}, bool, "true")
    assert names.register("mine", 3) == 3
    assert names.names() == ["a", "mine"]
    with pytest.raises(ConfigError, match="the thing 'a' cannot be registered"):
        names.register("a", 3)
    with pytest.raises(ConfigError, match="mine is 0; a thing is true"):
        names.register("mine", 0)
    with pytest.raises(UnknownNameError, match=r"unknown thing 'b'; legal: a, mine"):
        names.find("b")
    ENCODERS.register("constant", Constant)
    assert Predictor(encoder="constant", fit=FitConfig(epochs=1)).fit(TABLE, LABELS).score(
        TABLE, LABELS
    ) == pytest.approx(0, abs=1)


# -- a task with an option ---------------------------------------------------------------------


def test_a_task_of_ones_own(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pretext = "flow+degree.py:Degree"
    with pytest.raises(SystemExit):
        nasflow("pretrain", "--pretrain.pretext", pretext, "--help")
    assert "--task.Degree.power POWER" in capsys.readouterr().out
    nasflow(
        *["pretrain", "mine.jsonl", "--pretrain.pretext", pretext, "--task.Degree.power", "2"],
        *["--encoder.width", "8", "--pretrain.epochs", "1", "--out", "p.safetensors"],
    )
    assert f"{pretext} on 30 architectures" in capsys.readouterr().out
    nasflow(
        *["evaluate", "mine.jsonl", "--methods", "degree.py:Degree", "--pretrain.epochs", "1"],
        *["--encoder.width", "8", "--fit.epochs", "1", "--splits", "[21]", "--seeds", "[1]"],
        *["--ratio", "0.5", "--n_validation", "3", "--jobs", "2", "--out", "evaluated"],
        *["--per_method", "{'degree.py:Degree': {task.degree.py:Degree.power: 2}}"],
    )
    assert "degree.py:Degree" in capsys.readouterr().out
    degree = load_place("degree.py:Degree")
    options = {"degree.py:Degree": degree.Config(power=2.0)}
    predictor = Predictor(
        encoder=EncoderConfig(width=8), pretrain=PretrainConfig(epochs=1, task_options=options)
    )
    predictor.pretrain(TABLE, tasks=["flow", degree])
    assert list(predictor.history_.tasks) == ["flow", "degree:Degree"]
    with pytest.raises(ConfigError, match="power is 0; legal: a number above 0"):
        degree.Config(power=0)


# -- a measure ---------------------------------------------------------------------------------


def test_a_measure_of_ones_own(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nasflow(
        *["proxies", "nb201", "--measures", "depth.py:MEASURE,params", "--sample", "6"],
        *["--jobs", "2", "--width", "4", "--out", "measured.npz"],
    )
    with np.load("measured.npz") as columns:
        n_layers = columns["value/n_layers"]
    assert (n_layers[np.isfinite(n_layers)] >= 1).all()


# -- a space -----------------------------------------------------------------------------------


def test_a_space_of_ones_own(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    space = load_space("chain.py:Chain")
    assert len(space.enumerate()) == 27
    predictor = Predictor(space=space, encoder="gin", fit=FitConfig(epochs=2))
    texts = ["conv>conv>mix", "pool>mix>conv", "mix>mix>mix"]
    assert predictor.fit(texts, [3.0, 1.0, 2.0]).predict(texts).shape == (3,)
    (mine / "train.py").write_text(
        "def train(architecture):\n    return len(set(architecture.ops))\n"
    )
    nasflow(
        *["search", "chain.py:Chain", "--train", "train.py:train", "--strategy", "random"],
        *["--budget", "5", "--study", "mine.db"],
    )
    assert "5 results" in capsys.readouterr().out


# -- a strategy with an option -----------------------------------------------------------------


def test_a_strategy_of_ones_own(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        nasflow("search", "chain.py:Chain", "--strategy", "greedy.py:Greedy", "--help")
    assert "--n_tries N_TRIES" in capsys.readouterr().out
    (mine / "train.py").write_text(
        "def train(architecture):\n    return len(set(architecture.ops))\n"
    )
    words = ["search", "chain.py:Chain", "--train", "train.py:train", "--budget", "6"]
    nasflow(*words, "--strategy", "greedy.py:Greedy", "--n_tries", "4", "--study", "mine.db")
    assert "6 results" in capsys.readouterr().out
    again = ["--strategy", "greedy.py:Greedy", "--study", "mine.db"]
    assert "another option n_tries: 4 there, 10 asked for" in failure(capsys, *words, *again)
    greedy = load_place("greedy.py:Greedy")
    problem = Problem(load_space("chain.py:Chain"))
    for i, strategy in enumerate(
        (greedy(greedy.Config(n_tries=3)), greedy, SearchConfig("greedy.py:Greedy", n_tries=3))  # type: ignore[call-arg]
    ):
        study = Study(mine / f"{i}.db", problem, strategy)
        run(study, "train.py:train", budget=5)
        assert [trial.origin for trial in study.trials()][:3] == ["random"] * 3
        assert "child" in [trial.origin for trial in study.trials()]


# -- names that lead nowhere, and packages -----------------------------------------------------


def test_a_place_that_leads_nowhere_is_named(
    mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pretrain = ["pretrain", "mine.jsonl", "--encoder.name"]
    assert "nowhere.py:Sage cannot be imported (FileNotFoundError" in failure(
        capsys, *pretrain, "nowhere.py:Sage"
    )
    assert "sage.py:Sgae cannot be imported (AttributeError" in failure(
        capsys, *pretrain, "sage.py:Sgae"
    )
    assert "an encoder is a subclass of nasflow.Encoder" in failure(
        capsys, *pretrain, "degree.py:Degree"
    )
    (mine / "broken.py").write_text("1/0\n")
    assert "broken.py:X cannot be imported (ZeroDivisionError: division by zero)" in failure(
        capsys, *pretrain, "broken.py:X"
    )
    (mine / "json.py").write_text((SOURCES / "sage.py").read_text())
    assert load_place("json.py:Sage").__module__ != "json"
    assert json.loads("[1]") == [1]


def test_an_installed_package_brings_names(mine: Path) -> None:
    """A package with entry points, as pip would have put it on the path."""
    site = mine / "site"
    (site / "graphsage-1.0.dist-info").mkdir(parents=True)
    shutil.copy(SOURCES / "sage.py", site / "graphsage.py")
    (site / "graphsage-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: graphsage\nVersion: 1.0\n"
    )
    (site / "graphsage-1.0.dist-info" / "entry_points.txt").write_text(
        "[nasflow.encoders]\nsage = graphsage:Sage\nbroken = graphsage:Nothing\n"
    )
    words = ["pretrain", "mine.jsonl", "--pretrain.epochs", "1", "--out", "p.safetensors"]
    small = ["--encoder.width", "8", "--encoder.n_layers", "1"]

    def command(*words: str, path: str = "") -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
        call = [sys.executable, "-m", "nasflow", *words]
        return subprocess.run(call, env=environment, capture_output=True, text=True, check=False)

    done = command(*words, "--encoder.name", "sage", *small, path=str(site))
    assert done.returncode == 0, done.stderr
    fit = ["fit", "mine.jsonl", "--model", "p.safetensors", "--fit.epochs", "1"]
    assert command(*fit, path=str(site)).returncode == 0  # found by its name again
    missing = command(*fit)
    assert missing.returncode == 2
    assert "needs the encoder 'sage', which is none of nasflow's" in missing.stderr
    assert "install the package that brings it" in missing.stderr
    broken = command(*words, "--encoder.name", "broken", path=str(site))
    assert "'broken' of the installed package graphsage cannot be imported" in broken.stderr


def test_a_file_of_somebody_else_imports_nothing(mine: Path) -> None:
    (mine / "evil.py").write_text((SOURCES / "sage.py").read_text() + "open('ran', 'w')\n")
    evil = load_place("evil.py:Sage")
    model = Predictor(encoder=evil(TABLE.n_ops, evil.Config(name="evil.py:Sage", width=8)))
    model.set_params(fit=FitConfig(epochs=1)).fit(TABLE, LABELS).save(mine / "gift")
    (mine / "ran").unlink()
    code = "from nasflow import Predictor; Predictor.load('gift')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert CheckpointError.__name__ in done.stderr
    assert not (mine / "ran").exists()


# -- a group of features, and a member of a blend that reads it ----------------------------------


def test_features_and_a_member_of_ones_own_join_a_blend(mine: Path) -> None:
    group, member = "size.py:Size", "size.py:Nearest"
    blend = Blend(["flow-gp", member], ["flow", "counts", group]).fit(TABLE[:20], LABELS[:20])
    assert set(blend.weights_) == {"flow-gp", member}
    assert np.isfinite(blend.predict(TABLE[20:])).all()
    alone = Blend([member], [group]).fit(TABLE[:20], LABELS[:20])
    assert alone.weights_ == {member: 1.0}
    nasflow("features", "mine.jsonl", "--groups", group, "--out", "size.csv")
    assert (mine / "size.csv").read_text().startswith("size.nodes,size.edges\n")
