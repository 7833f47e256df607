"""One run of the protocol: which runs there are, what they share, and what their entries say."""

from __future__ import annotations

import dataclasses
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nasflow.prediction.pretrain
from nasflow.datasets import Dataset, load_dataset
from nasflow.encoders.registry import EncoderConfig
from nasflow.errors import ConfigError, UnknownNameError
from nasflow.experiments import protocol
from nasflow.experiments.protocol import do_pretraining, do_run, measures
from nasflow.experiments.records import RunRecord
from nasflow.experiments.runs import Run, plan
from nasflow.options.protocol import ProtocolConfig
from nasflow.options.surrogate import SurrogateConfig
from nasflow.options.training import FitConfig, PretrainConfig
from nasflow.prediction.fgp import FGP
from nasflow.statistics.metrics import kendall_tau, precision_at, rmse, spearman
from nasflow.statistics.splits import half_split

NAME = "nbgraph-proteins"
OPTIONS: dict[str, Any] = {
    "encoder": EncoderConfig(width=8),
    "surrogate": SurrogateConfig(k=4),
    "pretrain": PretrainConfig(epochs=2, decoder_width=8),
    "fit": FitConfig(epochs=2),
    "protocol": ProtocolConfig(ratio=0.03, n_validation=20, splits=(21, 2021), seeds=(1, 2)),
}


@pytest.fixture(scope="module")
def proteins() -> Dataset:
    return load_dataset(NAME)


def _plan(data: Dataset, *methods: str, metric: str = "test_perf", **changes: Any) -> list[Run]:
    """The runs of a small grid, with some options changed."""
    return plan(NAME, data, metric, methods, **{**OPTIONS, **changes})


def _one(data: Dataset, method: str, **changes: Any) -> Run:
    """The run of a method on one split with one seed."""
    chosen = replace(changes.pop("protocol", OPTIONS["protocol"]), splits=(21,), seeds=(1,))
    return _plan(data, method, protocol=chosen, **changes)[0]


def _with(data: Dataset, **values: np.ndarray) -> Dataset:
    """The data set with other values of some metrics."""
    return dataclasses.replace(data, values={**data.values, **values})


# -- the plan --------------------------------------------------------------------------------------


def test_a_grid_is_methods_times_splits_times_seeds_and_the_floor_runs_once_a_split(
    proteins: Dataset,
) -> None:
    runs = _plan(proteins, "none", "flow", "gp")
    expected = list(itertools.product(("none", "flow"), (21, 2021), (1, 2)))
    expected += [("gp", 21, 1), ("gp", 2021, 1)]
    assert [(run.method, run.split, run.seed) for run in runs] == expected
    assert len({run.key for run in runs}) == 10


def test_pre_trained_weights_are_shared_between_splits_and_not_between_seeds(
    proteins: Dataset,
) -> None:
    runs = _plan(proteins, "flow")
    digests = [run.pretraining.digest() for run in runs if run.pretraining is not None]
    assert digests[0] == digests[2] != digests[1] == digests[3]
    other = _plan(proteins, "flow", fit=FitConfig(epochs=9), metric="latency")
    assert [run.pretraining.digest() for run in other if run.pretraining is not None] == digests
    assert all(run.pretraining is None for run in _plan(proteins, "none", "gp"))


def test_a_key_depends_on_all_that_a_result_depends_on_and_on_no_other_run(
    proteins: Dataset,
) -> None:
    run = _one(proteins, "flow")
    assert _plan(proteins, "flow", "none")[0].key == run.key
    changed = {
        "encoder": EncoderConfig(width=16),
        "surrogate": SurrogateConfig(k=5),
        "metric": "latency",
        "pretrain": replace(OPTIONS["pretrain"], lr=0.1),
        "fit": FitConfig(epochs=3),
        "protocol": replace(OPTIONS["protocol"], n_validation=30),
    }
    keys = {run.key}
    for name, value in changed.items():
        keys.add(_one(proteins, "flow", **{name: value}).key)
    assert len(keys) == 7
    edited = _with(proteins, test_perf=proteins.labels() + 1)
    assert _one(edited, "flow").key not in keys


def test_weights_of_tasks_and_proxies_go_to_the_methods_that_have_them(proteins: Dataset) -> None:
    pretrain = PretrainConfig(
        pretext="flow+proxy", proxies=("params",), weights={"flow": 0.3, "proxy": 0.7}
    )
    runs = _plan(proteins, "none", "flow", "proxy", "flow+proxy", pretrain=pretrain)
    options = {run.method: run.pretrain for run in runs}
    assert options["flow+proxy"].weights == {"flow": 0.3, "proxy": 0.7}
    assert options["flow"].weights == options["proxy"].weights == options["none"].weights == {}
    assert options["proxy"].proxies == options["flow+proxy"].proxies == ("params",)
    assert options["flow"].proxies == options["none"].proxies == ()
    for method, pretrain_options in options.items():
        assert pretrain_options.pretext == method


def test_names_that_do_not_exist_are_refused_before_any_run(proteins: Dataset) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown method 'folw' \(did you mean 'flow'\?\)"):
        _plan(proteins, "flow+folw")
    with pytest.raises(UnknownNameError, match=r"'test_pref' \(did you mean 'test_perf'\?\)"):
        _plan(proteins, "flow", metric="test_pref")
    for methods in ((), ("flow", "flow")):
        with pytest.raises(ConfigError, match="name each once, and at least one"):
            _plan(proteins, *methods)


# -- one run ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["none", "gp"])
@pytest.mark.parametrize("metric", ["test_perf", "latency"])
def test_an_entry_holds_the_metrics_of_the_test_rows(
    proteins: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, metric: str
) -> None:
    predictions = []
    monkeypatch.setattr(
        protocol, "measures", lambda p, *rest: predictions.append(p) or measures(p, *rest)
    )
    entry = do_run(_one(proteins, method, metric=metric), tmp_path)
    split = half_split(2021, 21, 0.03, 20, file_order=False)
    truth = proteins.labels(metric)[split.test]
    sign = -1 if metric == "latency" else 1
    best, last = predictions
    assert (entry["n_train"], entry["n_validation"], entry["n_test"]) == (30, 20, 990)
    for prefix, predicted in (("", best), ("last_", last)):
        assert entry[f"{prefix}tau"] == kendall_tau(predicted, truth)
        assert entry[f"{prefix}spearman"] == spearman(predicted, truth)
        assert entry[f"{prefix}rmse"] == rmse(predicted, truth)
        assert entry[f"{prefix}p5"] == precision_at(sign * predicted, sign * truth, 5)
        assert entry[f"{prefix}p1"] == precision_at(sign * predicted, sign * truth, 1)
    record = RunRecord.load(tmp_path, entry["key"])
    np.testing.assert_array_equal(record.rows, split.test)
    np.testing.assert_array_equal(record.predicted, best.astype(np.float32))
    np.testing.assert_array_equal(record.truth, truth.astype(np.float32))
    if method == "none":
        assert len(record.validation_tau) == 1 + 2  # before the first epoch, after each
        assert record.validation_tau.argmax() == entry["best_epoch"]
    if method == "gp":
        assert len(record.validation_tau) == 0
        np.testing.assert_array_equal(best, last)
        assert entry["tau"] > 0.1  # five deviations of a random order of 990 rows


def test_rows_that_were_never_measured_take_no_part(
    proteins: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = proteins.labels().copy()
    labels[::3] = np.nan
    gappy = _with(proteins, test_perf=labels)
    kept = np.flatnonzero(np.isfinite(labels))
    values = {name: column[kept] for name, column in proteins.values.items()}
    whole = dataclasses.replace(proteins, table=proteins.table[kept], values=values)
    entries = []
    for data in (gappy, whole):
        monkeypatch.setattr(protocol, "_dataset", lambda *_, data=data: data)
        entry = do_run(_one(data, "none"), tmp_path)
        del entry["key"], entry["fit_seconds"]
        entries.append(entry)
    assert entries[0] == entries[1]
    assert entries[0]["n_test"] == len(kept) - (len(kept) + 1) // 2 - 20


def test_without_validation_rows_the_last_epoch_is_the_result(
    proteins: Dataset, tmp_path: Path
) -> None:
    without = replace(OPTIONS["protocol"], n_validation=0)
    for method in ("none", "gp"):
        entry = do_run(_one(proteins, method, protocol=without), tmp_path)
        assert entry["n_validation"] == 0
        assert entry["tau"] == entry["last_tau"]
        assert entry["rmse"] == entry["last_rmse"]


def test_a_run_starts_from_the_pre_trained_weights_of_its_seed(
    proteins: Dataset, tmp_path: Path
) -> None:
    run = _one(proteins, "flow")
    assert run.pretraining is not None
    done = do_pretraining(run.pretraining, tmp_path)
    assert (done["key"], done["seed"]) == (run.pretraining.digest(), 1)
    (losses,) = done["task_losses"].values()
    assert list(done["task_losses"]) == ["flow"]
    assert len(losses) == 2
    assert losses[-1] == pytest.approx(done["loss"], rel=1e-5)  # one task: its loss is the whole
    (weights,) = (tmp_path / "pretrained").iterdir()
    assert weights.name == run.pretraining.path(tmp_path).name
    with_flow = do_run(run, tmp_path)
    without = do_run(_one(proteins, "none"), tmp_path)
    assert with_flow["tau"] != without["tau"]
    again = do_run(run, tmp_path)
    assert {**again, "fit_seconds": 0} == {**with_flow, "fit_seconds": 0}


def test_a_pre_training_that_was_killed_goes_on_to_the_same_weights(
    proteins: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _one(proteins, "flow")
    assert run.pretraining is not None
    do_pretraining(run.pretraining, tmp_path / "whole")
    write, written = nasflow.prediction.pretrain.write_checkpoint, []

    def kill(*arguments: Any) -> None:
        write(*arguments)
        written.append(1)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(nasflow.prediction.pretrain, "write_checkpoint", kill)
        with pytest.raises(KeyboardInterrupt):
            do_pretraining(run.pretraining, tmp_path / "killed")
    monkeypatch.setattr(
        nasflow.prediction.pretrain, "write_checkpoint", lambda *a: written.append(1) or write(*a)
    )
    do_pretraining(run.pretraining, tmp_path / "killed")
    assert len(written) == 2  # each of the two epochs was trained once
    whole = do_run(run, tmp_path / "whole")
    killed = do_run(run, tmp_path / "killed")
    assert whole["rmse"] == killed["rmse"]


@pytest.mark.parametrize("method", ["graphcl", "arch2vec", "gmae"])
def test_a_rival_task_is_a_method_like_any_other(
    proteins: Dataset, tmp_path: Path, method: str
) -> None:
    run = _one(proteins, method)
    assert run.pretraining is not None
    assert do_pretraining(run.pretraining, tmp_path)["pretext"] == method
    assert np.isfinite(do_run(run, tmp_path)["tau"])


# -- proxies beside the embedding ------------------------------------------------------------------


def test_every_method_but_the_floor_reads_the_proxies_that_fitting_names(
    proteins: Dataset, tmp_path: Path
) -> None:
    fit = FitConfig(epochs=8, lr=1e-2, proxies=("params",))
    runs = _plan(proteins, "none", "flow", "gp", fit=fit)
    proxies = {run.method: run.fit.proxies for run in runs}
    assert proxies == {"none": ("params",), "flow": ("params",), "gp": ()}
    # the proxy is the label here: whoever reads it must do better
    with_it = do_run(_one(proteins, "none", metric="params", fit=fit), tmp_path)
    blind = replace(fit, proxies=())
    without = do_run(_one(proteins, "none", metric="params", fit=blind), tmp_path)
    assert with_it["tau"] > without["tau"]
    assert with_it["key"] != without["key"]
    shifted = _with(proteins, params=7 * proteins.labels("params") + 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(protocol, "_dataset", lambda *_: shifted)
        run = _one(proteins, "none", fit=fit)
        assert do_run(run, tmp_path)["tau"] == pytest.approx(do_run(run, tmp_path)["tau"])


def test_a_label_is_no_proxy(proteins: Dataset) -> None:
    message = r"proxy of nbgraph-proteins .* 'valid_perf'; legal: latency, params"
    with pytest.raises(UnknownNameError, match=message):
        _plan(proteins, "none", fit=FitConfig(proxies=("valid_perf",)))


# -- what test labels may reach --------------------------------------------------------------------


def test_labels_reach_no_pre_training_of_the_protocol(
    proteins: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _one(proteins, "flow")
    assert run.pretraining is not None
    shuffled = np.random.default_rng(0).permutation(proteins.labels())
    other = _with(proteins, test_perf=shuffled, valid_perf=shuffled)
    embeddings = []
    for name, data in (("one", proteins), ("other", other)):
        monkeypatch.setattr(protocol, "_dataset", lambda *_, data=data: data)
        do_pretraining(run.pretraining, tmp_path / name)
        predictor = FGP.load(run.pretraining.path(tmp_path / name))
        embeddings.append(predictor.embed(data.table[:50]))
    np.testing.assert_array_equal(*embeddings)


# -- what a key depends on -------------------------------------------------------------------------


def test_columns_that_a_run_does_not_use_and_the_name_of_the_file_change_no_key(
    proteins: Dataset,
) -> None:
    params = proteins.metrics["params"]
    grown = dataclasses.replace(
        proteins,
        metrics={**proteins.metrics, "new": replace(params, name="new")},
        values={
            **proteins.values,
            "new": proteins.labels("params"),
            "latency": proteins.labels("latency") + 1,
        },
    )
    pretrain = PretrainConfig(proxies=("params",))
    run = _one(proteins, "flow+proxy", pretrain=pretrain)
    same = _one(grown, "flow+proxy", pretrain=pretrain)
    moved = replace(run, dataset="elsewhere.npz")
    assert run.key == same.key == moved.key
    assert run.pretraining is not None
    assert same.pretraining is not None
    assert moved.pretraining is not None
    assert run.pretraining.digest() == same.pretraining.digest() == moved.pretraining.digest()
    other = _with(proteins, params=proteins.labels("params") + 1)
    assert _one(other, "flow+proxy", pretrain=pretrain).key != run.key
    assert _one(other, "flow").key == _one(proteins, "flow").key


def test_options_that_a_method_does_not_use_change_no_key(proteins: Dataset) -> None:
    changes: dict[str, Any] = {
        "surrogate": SurrogateConfig(k=9),
        "pretrain": PretrainConfig(
            proxies=("params",),
            task_options={"gmae": {"mask_share": 0.7}, "proxy": {"margin": 3.0}},
        ),
        "protocol": replace(OPTIONS["protocol"], pretrain_share=0.5, pretrain_on="training-half"),
    }
    for method in ("none", "gp"):
        plain = _one(proteins, method, pretrain=PretrainConfig())
        assert _one(proteins, method, **changes).key == plain.key
    other_gp = _one(proteins, "gp", encoder=EncoderConfig(width=9), fit=FitConfig(epochs=9))
    assert other_gp.key == _one(proteins, "gp").key
    graphcl = _one(proteins, "graphcl", surrogate=SurrogateConfig(k=9))
    gmae = _one(proteins, "gmae", surrogate=SurrogateConfig(k=9))
    assert graphcl.key == _one(proteins, "graphcl").key
    changed = replace(OPTIONS["pretrain"], task_options={"gmae": {"mask_share": 0.7}})
    assert _one(proteins, "graphcl", pretrain=changed).key == graphcl.key
    assert _one(proteins, "gmae", pretrain=changed).key != gmae.key


# -- pre-training on some rows, on given vectors; testing on another metric ------------------------


def _pretrained_on(monkeypatch: pytest.MonkeyPatch, run: Run, folder: Path) -> Any:
    """The table that the pre-training of `run` is given."""
    tables: list[Any] = []
    pretrain = FGP.pretrain

    def keep(self: FGP, table: Any, *rest: Any, **named: Any) -> Any:
        tables.append(table)
        return pretrain(self, table, *rest, **named)

    monkeypatch.setattr(FGP, "pretrain", keep)
    assert run.pretraining is not None
    do_pretraining(run.pretraining, folder)
    return tables[0]


def test_pre_training_sees_the_training_half_of_the_split_or_a_share_of_it(
    proteins: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = proteins.table.canonical_ids
    half = half_split(2021, 21, 0.03, 20, file_order=False).training_half
    for share in (1.0, 0.2):
        on_half = replace(OPTIONS["protocol"], pretrain_on="training-half", pretrain_share=share)
        table = _pretrained_on(monkeypatch, _one(proteins, "flow", protocol=on_half), tmp_path)
        rows = np.sort(half[: int(share * 1011)])
        np.testing.assert_array_equal(table.canonical_ids, ids[rows])
    everywhere = replace(OPTIONS["protocol"], pretrain_share=0.2)
    table = _pretrained_on(monkeypatch, _one(proteins, "flow", protocol=everywhere), tmp_path)
    rows = np.sort(np.random.RandomState(1).permutation(2021)[:404])
    np.testing.assert_array_equal(table.canonical_ids, ids[rows])


def test_pre_training_on_a_half_belongs_to_its_split_and_on_a_share_to_none(
    proteins: Dataset,
) -> None:
    def n_pretrainings(**changes: Any) -> int:
        runs = _plan(proteins, "flow", protocol=replace(OPTIONS["protocol"], **changes))
        return len({run.pretraining.digest() for run in runs if run.pretraining is not None})

    # two splits and two seeds
    assert n_pretrainings(pretrain_on="training-half") == 4
    assert n_pretrainings(pretrain_share=0.5) == 2


def test_another_metric_is_tested_and_sees_no_training(
    proteins: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = replace(OPTIONS["protocol"], test_metric="latency")
    measured: list[tuple[Any, ...]] = []
    monkeypatch.setattr(protocol, "measures", lambda *a: measured.append(a) or measures(*a))
    transferred = do_run(_one(proteins, "none", protocol=chosen), tmp_path)
    plain = do_run(_one(proteins, "none"), tmp_path)
    assert transferred["metric"] == "latency"
    assert transferred["best_epoch"] == plain["best_epoch"]
    # the same predictions, turned round: less latency is better
    (predicted, truth, maximise), _, (of_plain, _, _), _ = measured
    np.testing.assert_array_equal(predicted, -of_plain)
    test = half_split(2021, 21, 0.03, 20, file_order=False).test
    np.testing.assert_array_equal(truth, proteins.labels("latency")[test])
    assert not maximise
    labels = proteins.labels("latency").copy()
    labels[:5] = np.nan
    gappy = _with(proteins, latency=labels)
    monkeypatch.setattr(protocol, "_dataset", lambda *_: gappy)
    entry = do_run(_one(gappy, "none", protocol=chosen), tmp_path)
    # of five rows less, the training half takes three
    assert entry["n_test"] == transferred["n_test"] - 2


def test_vectors_are_the_embeddings_of_the_fitted_source(
    proteins: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = _one(proteins, "none")
    run = replace(_one(proteins, "vectors"), source=source)
    given: list[Any] = []

    def keep(self: FGP, table: Any, columns: Any, **_: Any) -> None:
        given.append(columns)
        raise ZeroDivisionError  # what is to be seen was seen

    monkeypatch.setattr(FGP, "pretrain", keep)
    assert run.pretraining is not None
    with pytest.raises(ZeroDivisionError):
        do_pretraining(run.pretraining, tmp_path)
    split = half_split(2021, 21, 0.03, 20, file_order=False)
    fitted = FGP(
        encoder=source.encoder,
        pretrain=source.pretrain,
        fit=source.fit,
        vocabulary=proteins.table.vocabulary,
    )
    fitted.fit(
        proteins.table[split.train],
        proteins.labels()[split.train],
        validation=(proteins.table[split.validation], proteins.labels()[split.validation]),
    )
    vectors = np.stack([given[0][f"vector.{i}"] for i in range(8)], axis=1)
    np.testing.assert_array_equal(vectors, fitted.embed(proteins.table))
    assert run.key != _one(proteins, "vectors").key
    other = replace(run, source=replace(source, split=2021)).pretraining
    assert other is not None
    assert run.pretraining.digest() != other.digest()
