"""Choosing options on the validation rows: the same trials for all, and no look at a test label."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import yaml

from nasflow.cli import main
from nasflow.errors import ConfigError, UnknownNameError
from nasflow.experiments import grid, protocol, settings, tuning
from nasflow.experiments.protocol import do_validation, fit_run, split_of
from nasflow.experiments.runs import plan
from nasflow.experiments.tuned import read_tuned
from nasflow.experiments.tuning import METHODS, Tuning, candidates, grid_of, methods_on, tune
from nasflow.prediction.fgp import FGP
from nasflow.running.journal import Journal
from tiny_space import dataset, use

SMALL = {
    "encoder.width": (8,),
    "fit.epochs": (1, 3),
    "fit.lr": (1e-3, 1e-2),
    "fit.weight_decay": (1e-6,),
}
DEFAULTS = {
    "proxy": "jacov",
    "ratio": 0.2,
    "n_validation": 10,
    "encoder.width": 8,
    "fit.epochs": 2,
    "pretrain.epochs": 1,
}


@pytest.fixture(autouse=True)
def _tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, tmp_path)
    monkeypatch.setattr(tuning, "_FIT", SMALL)
    monkeypatch.setattr(tuning, "_PRETRAIN", {"pretrain.epochs": (1,), "pretrain.lr": (1e-3, 1e-4)})
    monkeypatch.setattr(settings, "default_options", lambda _: DEFAULTS)


def test_every_method_gets_the_same_number_of_different_trials_the_first_as_it_is() -> None:
    for method in METHODS:
        trials = candidates(method, 4, seed=1)
        assert trials[0] == {}
        assert len({str(trial) for trial in trials}) == 4
        assert trials == candidates(method, 4, seed=1)
        for trial in trials:
            assert all(value in grid_of(method)[name] for name, value in trial.items())
    assert candidates("none", 4, seed=1) != candidates("none", 4, seed=2)
    assert len(candidates("none", 100, seed=1)) == 5  # there are no more
    assert "surrogate.k" in grid_of("flow")
    assert "surrogate.k" not in grid_of("proxy")
    assert "pretrain.weights" in grid_of("flow+proxy")


def test_the_best_on_the_validation_rows_is_chosen(tmp_path: Path) -> None:
    choice = Tuning("nb201", ("none", "flow"), trials=4, splits=(21, 2021))
    table = tune(choice, tmp_path / "out", 1, progress=False)
    entries = Journal(tmp_path / "out" / "runs.jsonl").entries().values()
    trials = [entry for entry in entries if entry["kind"] == "validation"]
    taus = [entry["validation_tau"] for entry in trials if entry["method"] == "none"]
    assert len(taus) == 8  # four trials on two splits
    means = np.array(taus).reshape(4, 2).mean(axis=1)
    best = int(means.argmax())
    chosen = read_tuned(tmp_path / "out" / "nb201.yaml")
    assert chosen["none"] == candidates("none", 4, 21)[best]
    assert f"| none | {best} | {100 * means[best]:.1f} |" in table
    text = (tmp_path / "out" / "nb201.yaml").read_text()
    assert f"# none: {100 * means[best]:.1f} in trial {best}, {100 * means[0]:.1f} with" in text
    assert "nasflow tune nb201 --methods none,flow --trials 4 --seed 21" in text


def test_a_trial_is_judged_at_the_epoch_that_its_validation_rows_choose(tmp_path: Path) -> None:
    setting = settings.SETTINGS["nb201"]
    stages = setting.stages().changed(
        {"fit.epochs": 12, "fit.lr": 0.2, "splits": (21,), "seeds": (1,)}
    )
    data = setting.dataset()
    run = plan(
        setting.source,
        data,
        setting.metric,
        ("none",),
        encoder=stages.encoder,
        surrogate=stages.surrogate,
        pretrain=stages.pretrain,
        fit=stages.fit,
        protocol=stages.protocol,
    )[0]
    split = split_of(data, run.metrics, 21, run.protocol)
    taus = fit_run(data, run, split, tmp_path).fitted_.validation_tau
    assert taus[-1] < max(taus)
    assert do_validation(run, tmp_path)["validation_tau"] == max(taus)


def test_no_test_row_is_predicted_and_no_test_label_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other test labels, and predictions and metrics that raise, change nothing."""
    choice = Tuning("nb201", ("none", "flow+proxy"), trials=2, splits=(2021,))
    first = tune(choice, tmp_path / "first", 1, progress=False)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("looked at test rows")

    data = dataset()
    labels = data.labels("cifar10_test").copy()
    options = settings.SETTINGS["nb201"].stages().protocol
    test = split_of(data, ("cifar10_test",), 2021, options).test
    assert len(test) == 50
    labels[test] = np.random.default_rng(5).normal(size=50)
    spoilt = dataclasses.replace(data, values={**data.values, "cifar10_test": labels})
    (tmp_path / "spoilt").mkdir()
    use(monkeypatch, tmp_path / "spoilt", spoilt)
    monkeypatch.setattr(settings, "default_options", lambda _: DEFAULTS)
    monkeypatch.setattr(protocol, "measures", refuse)
    monkeypatch.setattr(grid, "do_run", refuse)
    monkeypatch.setattr(FGP, "predict", refuse)
    assert tune(choice, tmp_path / "second", 1, progress=False) == first


def test_a_tuning_goes_on_and_its_choice_is_read_by_evaluate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["tune", "nb201", "--methods", "none,flow", "--trials", "2", "--jobs", "1"]
    words += ["--out", str(tmp_path / "out")]
    main(words)
    first = capsys.readouterr().out
    with monkeypatch.context() as patch:
        for name in ("do_validation", "do_pretraining"):
            patch.setattr(grid, name, None)
        main(words)
    assert capsys.readouterr().out == first
    config = tmp_path / "out" / "nb201.yaml"
    written = yaml.safe_load(config.read_text())["per_method"]
    written["gmae"] = {"pretrain.lr": 0.5}  # evaluated or not
    written["flow"] = {"pretrain.lr": 0.125, "fit.epochs": 1}
    config.write_text(yaml.safe_dump({"per_method": written}))
    options = (
        "--metric cifar10_test --methods none,flow --ratio 0.2 --n_validation 10 --splits [21]"
        " --seeds [21] --jobs 1 --encoder.width 8 --pretrain.epochs 1 --fit.epochs 1"
    )
    words = ["evaluate", str(tmp_path / "tiny.npz"), *options.split()]
    words += ["--out", str(tmp_path / "runs")]
    main([*words, "--config", str(config)])
    assert "per_method" in (tmp_path / "runs" / "manifest.json").read_text()
    main(words)
    entries = Journal(tmp_path / "runs" / "runs.jsonl").entries().values()
    methods = [entry["method"] for entry in entries if entry["kind"] == "run"]
    assert methods.count("flow") == 2  # one with the options of the file, one without
    assert "| flow |" in capsys.readouterr().out


def test_some_options_alone_can_be_tuned(tmp_path: Path) -> None:
    choice = Tuning("nb201", ("none", "flow"), trials=3, splits=(21,), only=("fit.",))
    names: set[str] = set()
    for trial in candidates("flow", 4, 1, choice.only):
        names |= trial.keys()
    assert names == set(SMALL) - {"encoder.width"}
    tune(choice, tmp_path / "out", 1, progress=False)
    kinds = [entry["kind"] for entry in Journal(tmp_path / "out" / "runs.jsonl").entries().values()]
    assert kinds.count("pretraining") == 1  # all trials of a method share it
    assert kinds.count("validation") == 6
    assert "--seed 21 --only fit." in (tmp_path / "out" / "nb201.yaml").read_text()
    # a method that has none of them is tried as it is, once
    assert candidates("none", 4, 1, ("pretrain.",)) == [{}]
    with pytest.raises(UnknownNameError, match="unknown option to tune 'fti.'"):
        Tuning("nb201", only=("fti.",))


def test_a_space_or_method_that_is_none_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="'nb102' .did you mean 'nb10"):
        Tuning("nb102")
    with pytest.raises(UnknownNameError, match="unknown method 'folw'"):
        Tuning("nb201", ("folw",))


def test_a_space_without_proxies_is_tuned_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert methods_on("nb201") == METHODS
    monkeypatch.setattr(settings, "default_options", lambda _: {"proxy": ""})
    assert methods_on("nbgraph") == ("none", "graphcl", "arch2vec", "gmae", "flow")
    assert Tuning("nbgraph").methods == methods_on("nbgraph")
    with pytest.raises(UnknownNameError, match="nb2o1.*nb201"):
        methods_on("nb2o1")


@pytest.mark.parametrize("method", ["features", "gp", "blend", "flow@all"])
def test_what_trains_on_the_validation_rows_or_has_no_encoder_is_not_tuned_on_them(
    method: str,
) -> None:
    with pytest.raises(ConfigError, match=f"the method {method} cannot be tuned"):
        Tuning("nb201", ("none", method))
